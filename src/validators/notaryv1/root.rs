//! The root: signed by its own keys, for this repository, and reached from the keys that are pinned.
//!
//! Spec: TUF 1.0.34, 5.3; notary, `trustpinning/certs.go`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::evidence::{Answer, EvidenceName};
use super::metadata::{Content as _, Root};
use super::refusals;
use super::role::Role;
use super::signed::Signed;
use super::walk::{Halt, Walk, malformed};
use crate::image::Digest;
use crate::oci::File;
use crate::validators::Refusal;
use crate::validators::trust_roots::TrustRoot;

/// Earlier roots that are looked at. A root gets a new version whenever any key of the four roles
/// is rotated, so that this is decades of rotations.
pub(super) const MAX_EARLIER: u64 = 64;
/// Earlier roots asked for in one round.
pub(super) const PER_ROUND: u64 = 8;
/// Roots have one line of versions, whatever their keys are: each names those of the next.
const VERSIONS: Digest = Digest::from_bytes([0; 32]);
/// 5.3: the root. It is signed by its own keys, and by those that are pinned.
pub(super) fn trusted(walk: &mut Walk<'_>, file: &File) -> Result<Arc<Signed<Root>>, Halt> {
    let root = of_this_repository(walk, file)?;
    let unproven = unproven_by(&root, &walk.case.wants.roots);
    if !unproven.is_empty() {
        earlier(walk, file, &root, unproven)?;
    }
    walk.admit(&Role::Root, VERSIONS, &root.content)?;
    Ok(root)
}

/// One key signs the roots of many repositories, and no other part of the metadata names the
/// repository: without this, a notary could pass off the tags of one as those of another. The
/// certificate of a signer must name the repository, or a beginning of its name and `*`.
///
/// Spec: notary, `trustpinning/certs.go`: a root's leaf certificates have the common name of
/// the repository.
fn of_this_repository(walk: &Walk<'_>, file: &File) -> Result<Arc<Signed<Root>>, Refusal> {
    let gun = &*walk.case.gun;
    let covers = |name: &str| match name.strip_suffix('*') {
        Some(beginning) => gun.starts_with(beginning),
        None => name == gun,
    };
    let root = walk.case.files.open_root(file)?;
    if root.signers.names().any(covers) {
        Ok(root)
    } else {
        Err(refusals::wrong_repository(root.content.header().version, gun))
    }
}

/// 5.3.3 to 5.3.9, backwards: walks from `newest` to the roots before it, each of which must
/// have signed the one after it, until every pinned key has signed one.
///
/// The direction does not matter for what is proven, and going back asks for nothing where the
/// pinned key is still in use.
fn earlier(
    walk: &Walk<'_>,
    newest: &File,
    root: &Arc<Signed<Root>>,
    mut unproven: Vec<&TrustRoot>,
) -> Result<(), Halt> {
    let (mut later_file, mut later_version) = (newest, root.content.header().version);
    let oldest = later_version.saturating_sub(MAX_EARLIER).max(1);
    while let Some(pinned) = unproven.first() {
        let version = later_version - 1;
        if version < oldest {
            return Err(refusals::wrong_root_key(&pinned.name, oldest).into());
        }
        let answer = walk.evidence.root_version(version).ok_or_else(|| {
            let first = version.saturating_sub(PER_ROUND - 1).max(oldest);
            (first..=version).map(EvidenceName::RootVersion).collect::<BTreeSet<_>>()
        })?;
        let Answer::File(file) = answer else {
            return Err(refusals::wrong_root_key(&pinned.name, later_version).into());
        };
        let before = of_this_repository(walk, file)?;
        let authority = before.content.authority(&Role::Root).map_err(malformed(&Role::Root))?;
        let signed_by_it =
            walk.case.files.open::<Root>(&Role::Root, later_file, &authority).is_ok();
        if before.content.header().version != version || !signed_by_it {
            return Err(refusals::broken_root_chain(&pinned.name, version).into());
        }
        unproven = unproven_by(&before, unproven);
        (later_file, later_version) = (file, version);
    }
    Ok(())
}

/// The trust roots whose key has not signed `root`. Only keys that the root names for its own role
/// are signers.
fn unproven_by<'r>(
    root: &Signed<Root>,
    roots: impl IntoIterator<Item = &'r TrustRoot>,
) -> Vec<&'r TrustRoot> {
    let has_not_signed = |pinned: &&TrustRoot| !root.signers.contains(pinned.key.content_hash());
    roots.into_iter().filter(has_not_signed).collect()
}
