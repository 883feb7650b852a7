//! Judges a repository's trust data, in the order of the specification.
//!
//! Pure: what it lacks, it names, and is asked again. Each step believes only what the steps before
//! it have proven, so that only verified metadata can ask for the next file.
//!
//! Spec: TUF 1.0.34, 5 "Detailed client workflow", as notary 0.7 speaks it: names carry hashes
//! instead of versions, and roots are versioned by `<n>.root.json`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp as Time;

use super::collection::{Collection, Newest, Versions};
use super::evidence::{Answer, Evidence, EvidenceName};
use super::floors::Floors;
use super::metadata::{
    Authority, Content, FileMeta, Header, Malformed, Root, Snapshot, Targets, Timestamp,
};
use super::options::Wants;
use super::role::{MAX_DEPTH, Role};
use super::signed::{Signed, SignedFiles};
use super::{delegation, refusals};
use crate::cache::later;
use crate::image::Digest;
use crate::oci::File;
use crate::validators::Refusal;
use crate::validators::drive::{Judge, Step};
use crate::validators::trust_roots::TrustRoot;

/// Earlier roots that are looked at. A root gets a new version whenever any key of the four roles
/// is rotated, so that this is decades of rotations.
pub(super) const MAX_EARLIER_ROOTS: u64 = 64;
/// Earlier roots asked for in one round.
const ROOTS_PER_ROUND: u64 = 8;
/// Roots have one line of versions, whatever their keys are: each names those of the next.
const ROOT_VERSIONS: Digest = Digest::from_bytes([0; 32]);
/// Beyond this many bytes, reading and hashing holds up the threads that move bytes: about 1 ms.
const BYTES_INLINE: usize = 64 * 1024;

/// One repository under one rule.
#[derive(Debug)]
pub(super) struct Case {
    /// What the rule wants.
    pub(super) wants: Arc<Wants>,
    /// The name of the repository at the notary.
    pub(super) gun: Arc<str>,
    /// Where the notary is, for messages.
    pub(super) notary: Arc<str>,
    /// The versions below which nothing is believed.
    pub(super) floors: Floors,
    /// Opens files.
    pub(super) files: Arc<SignedFiles>,
    /// The longest life of a verdict.
    pub(super) lifetime: Duration,
}

/// Why a judgement ends before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// These are needed first.
    Needs(BTreeSet<EvidenceName>),
    /// It is decided.
    Refused(Refusal),
}

/// One walk through the evidence.
pub(super) struct Walk<'a> {
    pub(super) case: &'a Case,
    pub(super) evidence: &'a Evidence,
    now: Time,
    /// The first expiry so far.
    until: Time,
    versions: Versions,
}

impl From<BTreeSet<EvidenceName>> for Halt {
    fn from(names: BTreeSet<EvidenceName>) -> Self {
        Self::Needs(names)
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Judge for Case {
    type Proven = Collection;
    type Name = EvidenceName;
    type Evidence = Evidence;

    fn judge(&self, evidence: &Evidence, now: Time) -> Step<EvidenceName, Collection> {
        let until = later(now, self.lifetime);
        let walk = Walk { case: self, evidence, now, until, versions: Versions::new() };
        match walk.collection() {
            Ok(collection) => Step::Done(Ok(collection)),
            Err(Halt::Needs(names)) => Step::Needs(names),
            Err(Halt::Refused(refusal)) => Step::Done(Err(refusal)),
        }
    }

    fn is_heavy(&self, evidence: &Evidence) -> bool {
        evidence.bytes() > BYTES_INLINE || self.wants.roots.iter().any(|root| root.key.is_heavy())
    }

    /// The newest root and timestamp, the roots before it, the snapshot, the root that it names and
    /// those before that, targets, and every level of delegations.
    fn max_rounds(&self) -> usize {
        let roots = usize::try_from(MAX_EARLIER_ROOTS / ROOTS_PER_ROUND).unwrap_or(usize::MAX);
        4 + 2 * roots + MAX_DEPTH
    }
}

impl<'a> Walk<'a> {
    fn collection(mut self) -> Result<Collection, Halt> {
        let (root, timestamp) = self.evidence.newest()?;
        let root_file = self.present(root, &Role::Root)?;
        let timestamp_file = self.present(timestamp, &Role::Timestamp)?;

        let mut newest = Newest { root: root_file.digest, timestamp: timestamp_file.digest };
        let mut root = self.root(root_file)?;
        let mut snapshot = self.snapshot(&root, timestamp_file)?;
        let vouched = listed(&snapshot, &Role::Root)?;
        if vouched.sha256 != newest.root {
            // The root was rotated between the answers for root and timestamp, or it is an old one.
            let version = root.content.header().version;
            root = self.root(self.file(&Role::Root, &vouched)?)?;
            newest.root = vouched.sha256;
            if root.content.header().version < version {
                let older = root.content.header().version;
                return Err(refusals::rollback(&Role::Root, version, older).into());
            }
            snapshot = self.snapshot(&root, timestamp_file)?;
        } else if let Err(mismatch) = vouched.check(&root_file.bytes, root_file.digest) {
            return Err(refusals::mismatch(&Role::Root, mismatch).into());
        }

        // 5.6: targets, by the hash that the snapshot lists.
        let vouched = listed(&snapshot, &Role::Targets)?;
        let authority = root.content.authority(&Role::Targets).map_err(malformed(&Role::Root))?;
        let file = self.file(&Role::Targets, &vouched)?;
        let targets = self.open::<Targets>(&Role::Targets, file, &authority)?;

        let searched = delegation::searched(&mut self, &snapshot.content, targets)?;
        Ok(Collection::new(searched, (newest, self.versions), self.now, self.until))
    }

    fn present<'e>(&self, answer: &'e Answer, role: &Role) -> Result<&'e File, Refusal> {
        match answer {
            Answer::File(file) => Ok(file),
            Answer::Missing => {
                Err(refusals::no_trust_data(role, &self.case.gun, &self.case.notary))
            }
        }
    }

    /// 5.3: the root. It is signed by its own keys, and by those that are pinned.
    fn root(&mut self, file: &File) -> Result<Arc<Signed<Root>>, Halt> {
        let root = self.root_of_this_repository(file)?;
        let unproven = unproven_by(&root, &self.case.wants.roots);
        if !unproven.is_empty() {
            self.earlier_roots(file, &root, unproven)?;
        }
        self.admit(&Role::Root, ROOT_VERSIONS, &root.content)?;
        Ok(root)
    }

    /// One key signs the roots of many repositories, and no other part of the metadata names the
    /// repository: without this, a notary could pass off the tags of one as those of another. The
    /// certificate of a signer must name the repository, or a beginning of its name and `*`.
    ///
    /// Spec: notary, `trustpinning/certs.go`: a root's leaf certificates have the common name of
    /// the repository.
    fn root_of_this_repository(&self, file: &File) -> Result<Arc<Signed<Root>>, Refusal> {
        let gun = &*self.case.gun;
        let covers = |name: &str| match name.strip_suffix('*') {
            Some(beginning) => gun.starts_with(beginning),
            None => name == gun,
        };
        let root = self.case.files.open_root(file)?;
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
    fn earlier_roots(
        &self,
        newest: &File,
        root: &Arc<Signed<Root>>,
        mut unproven: Vec<&TrustRoot>,
    ) -> Result<(), Halt> {
        let (mut later_file, mut later_version) = (newest, root.content.header().version);
        let oldest = later_version.saturating_sub(MAX_EARLIER_ROOTS).max(1);
        while let Some(pinned) = unproven.first() {
            let version = later_version - 1;
            if version < oldest {
                return Err(refusals::wrong_root_key(&pinned.name, oldest).into());
            }
            let answer = self.evidence.root_version(version).ok_or_else(|| {
                let first = version.saturating_sub(ROOTS_PER_ROUND - 1).max(oldest);
                (first..=version).map(EvidenceName::RootVersion).collect::<BTreeSet<_>>()
            })?;
            let Answer::File(file) = answer else {
                return Err(refusals::wrong_root_key(&pinned.name, later_version).into());
            };
            let earlier = self.root_of_this_repository(file)?;
            let authority =
                earlier.content.authority(&Role::Root).map_err(malformed(&Role::Root))?;
            let signed_by_earlier =
                self.case.files.open::<Root>(&Role::Root, later_file, &authority).is_ok();
            if earlier.content.header().version != version || !signed_by_earlier {
                return Err(refusals::broken_root_chain(&pinned.name, version).into());
            }
            unproven = unproven_by(&earlier, unproven);
            (later_file, later_version) = (file, version);
        }
        Ok(())
    }

    /// 5.4 and 5.5: the timestamp, and the snapshot by the hash that it lists.
    fn snapshot(
        &mut self,
        root: &Signed<Root>,
        timestamp: &File,
    ) -> Result<Arc<Signed<Snapshot>>, Halt> {
        let authority_of =
            |role: &Role| root.content.authority(role).map_err(malformed(&Role::Root));
        let authority = authority_of(&Role::Timestamp)?;
        let timestamp = self.open::<Timestamp>(&Role::Timestamp, timestamp, &authority)?;

        let authority = authority_of(&Role::Snapshot)?;
        let file = self.file(&Role::Snapshot, &timestamp.content.snapshot)?;
        Ok(self.open::<Snapshot>(&Role::Snapshot, file, &authority)?)
    }

    /// A role's content: signed by its keys, not expired, and not older than what was seen.
    pub(super) fn open<C: Content>(
        &mut self,
        role: &Role,
        file: &File,
        authority: &Authority,
    ) -> Result<Arc<Signed<C>>, Refusal> {
        let signed = self.case.files.open::<C>(role, file, authority)?;
        self.admit(role, authority.fingerprint(), &signed.content)?;
        Ok(signed)
    }

    /// The file that verified metadata vouches for: every hash that is listed, and the length.
    pub(super) fn file(&self, role: &Role, vouched: &FileMeta) -> Result<&'a File, Halt> {
        let limit = super::file_limit(role);
        if vouched.length > limit {
            return Err(refusals::too_large(role, vouched.length, limit).into());
        }
        let file = self.evidence.file(role, vouched)?;
        match vouched.check(&file.bytes, file.digest) {
            Ok(()) => Ok(file),
            Err(mismatch) => Err(refusals::mismatch(role, mismatch).into()),
        }
    }

    /// Version and expiry: content that was signed once is not believed for ever.
    fn admit(&mut self, role: &Role, keys: Digest, content: &impl Content) -> Result<(), Refusal> {
        let Header { version, expires } = content.header();
        let key = (role.clone(), keys);
        let floor = self.case.floors.floor(&key);
        if version < floor {
            return Err(refusals::rollback(role, floor, version));
        }
        if expires <= self.now {
            return Err(refusals::expired(role, expires));
        }
        self.until = self.until.min(expires);
        self.versions.insert(key, version);
        Ok(())
    }
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

/// The file that the snapshot lists for one of the roles that every snapshot must list.
fn listed(snapshot: &Signed<Snapshot>, role: &Role) -> Result<FileMeta, Refusal> {
    snapshot.content.file(role).ok_or_else(|| {
        refusals::malformed(&Role::Snapshot, &Malformed::new(format!("it does not list {role}")))
    })
}

/// The refusal of a file whose content makes no sense.
pub(super) fn malformed(role: &Role) -> impl Fn(Malformed) -> Refusal {
    move |why| refusals::malformed(role, &why)
}
