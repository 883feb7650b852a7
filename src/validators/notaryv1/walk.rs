//! One walk through the evidence: what every step of the judgement does with a file.
//!
//! Pure. A step ends the walk with what it needs, or with a refusal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp as Time;

use super::collection::{Collection, Newest, Searched, Versions};
use super::evidence::{Evidence, EvidenceName};
use super::floors::Floors;
use super::metadata::{Authority, Content, FileMeta, Header, Malformed};
use super::options::Wants;
use super::refusals;
use super::role::Role;
use super::signed::{Signed, SignedFiles};
use crate::cache::later;
use crate::image::Digest;
use crate::oci::File;
use crate::validators::Refusal;

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
    /// The first expiry so far, at most the life of a verdict.
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

impl<'a> Walk<'a> {
    pub(super) fn new(case: &'a Case, evidence: &'a Evidence, now: Time) -> Self {
        let until = later(now, case.lifetime);
        Self { case, evidence, now, until, versions: Versions::new() }
    }

    /// What was proven, once every step was taken.
    pub(super) fn finish(self, searched: Vec<Searched>, newest: Newest) -> Collection {
        Collection::new(searched, (newest, self.versions), self.now, self.until)
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
    pub(super) fn admit(
        &mut self,
        role: &Role,
        keys: Digest,
        content: &impl Content,
    ) -> Result<(), Refusal> {
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

/// The refusal of a file whose content makes no sense.
pub(super) fn malformed(role: &Role) -> impl Fn(Malformed) -> Refusal {
    move |why| refusals::malformed(role, &why)
}
