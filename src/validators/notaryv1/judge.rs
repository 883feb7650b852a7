//! Judges a repository's trust data, in the order of the specification.
//!
//! Pure: what it lacks, it names, and is asked again. Each step believes only what the steps before
//! it have proven, so that only verified metadata can ask for the next file.
//!
//! Spec: TUF 1.0.34, 5 "Detailed client workflow", as notary 0.7 speaks it: names carry hashes
//! instead of versions, and roots are versioned by `<n>.root.json`.

use std::sync::Arc;

use jiff::Timestamp as Time;

use super::collection::{Collection, Newest};
use super::evidence::{Answer, Evidence, EvidenceName};
use super::metadata::{Content as _, FileMeta, Malformed, Root, Snapshot, Targets, Timestamp};
use super::role::{MAX_DEPTH, Role};
use super::signed::Signed;
use super::walk::{Case, Halt, Walk, malformed};
use super::{delegation, refusals, root};
use crate::oci::File;
use crate::validators::Refusal;
use crate::validators::drive::{Judge, Step};

/// Beyond this many bytes, reading and hashing holds up the threads that move bytes: about 1 ms.
const BYTES_INLINE: usize = 64 * 1024;

impl Judge for Case {
    type Proven = Collection;
    type Name = EvidenceName;
    type Evidence = Evidence;

    fn judge(&self, evidence: &Evidence, now: Time) -> Step<EvidenceName, Collection> {
        match collection(Walk::new(self, evidence, now)) {
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
        let roots = usize::try_from(root::MAX_EARLIER / root::PER_ROUND).unwrap_or(usize::MAX);
        4 + 2 * roots + MAX_DEPTH
    }
}

/// The steps, in their order.
fn collection(mut walk: Walk<'_>) -> Result<Collection, Halt> {
    let (root, timestamp) = walk.evidence.newest()?;
    let root_file = present(&walk, root, &Role::Root)?;
    let timestamp_file = present(&walk, timestamp, &Role::Timestamp)?;

    let mut newest = Newest { root: root_file.digest, timestamp: timestamp_file.digest };
    let mut root = root::trusted(&mut walk, root_file)?;
    let mut snapshot = snapshot_of(&mut walk, &root, timestamp_file)?;
    let vouched = listed(&snapshot, &Role::Root)?;
    if vouched.sha256 != newest.root {
        // The root was rotated between the answers for root and timestamp, or it is an old one.
        let version = root.content.header().version;
        let file = walk.file(&Role::Root, &vouched)?;
        root = root::trusted(&mut walk, file)?;
        newest.root = vouched.sha256;
        if root.content.header().version < version {
            let older = root.content.header().version;
            return Err(refusals::rollback(&Role::Root, version, older).into());
        }
        snapshot = snapshot_of(&mut walk, &root, timestamp_file)?;
    } else if let Err(mismatch) = vouched.check(&root_file.bytes, root_file.digest) {
        return Err(refusals::mismatch(&Role::Root, mismatch).into());
    }

    // 5.6: targets, by the hash that the snapshot lists.
    let vouched = listed(&snapshot, &Role::Targets)?;
    let authority = root.content.authority(&Role::Targets).map_err(malformed(&Role::Root))?;
    let file = walk.file(&Role::Targets, &vouched)?;
    let targets = walk.open::<Targets>(&Role::Targets, file, &authority)?;

    let searched = delegation::searched(&mut walk, &snapshot.content, targets)?;
    Ok(walk.finish(searched, newest))
}

fn present<'e>(walk: &Walk<'_>, answer: &'e Answer, role: &Role) -> Result<&'e File, Refusal> {
    match answer {
        Answer::File(file) => Ok(file),
        Answer::Missing => Err(refusals::no_trust_data(role, &walk.case.gun, &walk.case.notary)),
    }
}

/// 5.4 and 5.5: the timestamp, and the snapshot by the hash that it lists.
fn snapshot_of(
    walk: &mut Walk<'_>,
    root: &Signed<Root>,
    timestamp: &File,
) -> Result<Arc<Signed<Snapshot>>, Halt> {
    let authority_of = |role: &Role| root.content.authority(role).map_err(malformed(&Role::Root));
    let authority = authority_of(&Role::Timestamp)?;
    let timestamp = walk.open::<Timestamp>(&Role::Timestamp, timestamp, &authority)?;

    let authority = authority_of(&Role::Snapshot)?;
    let file = walk.file(&Role::Snapshot, &timestamp.content.snapshot)?;
    Ok(walk.open::<Snapshot>(&Role::Snapshot, file, &authority)?)
}

/// The file that the snapshot lists for one of the roles that every snapshot must list.
fn listed(snapshot: &Signed<Snapshot>, role: &Role) -> Result<FileMeta, Refusal> {
    snapshot.content.file(role).ok_or_else(|| {
        refusals::malformed(&Role::Snapshot, &Malformed::new(format!("it does not list {role}")))
    })
}
