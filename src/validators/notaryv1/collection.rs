//! A repository's signed tags, proven: what is looked up in them is verified.
//!
//! Called as notary calls it, a trusted collection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp as Time;

use super::metadata::Targets;
use super::refusals;
use super::role::Role;
use super::signed::Signed;
use crate::image::{Digest, ImageRef};
use crate::validators::{Refusal, Verdict, Verified};

/// Versions of the metadata, by role and by whose signatures it must have: when a role's keys are
/// replaced, its versions begin anew, and what the old keys signed counts no more.
///
/// Spec: TUF 1.0.34, 5.3.11: replaced keys end what an attacker did with the old ones, a version
/// that he drove up included.
pub(super) type Versions = BTreeMap<(Role, Digest), u64>;

/// A repository's signed tags, as of one timestamp.
#[derive(Debug)]
pub(super) struct Collection {
    /// The roles that must list an image. Never empty.
    searched: Vec<Searched>,
    newest: Newest,
    /// Which versions it consists of.
    versions: Versions,
    judged_at: Time,
    /// The first expiry of all roles that it rests on, at most the life of a verdict.
    valid_until: Time,
}

/// The files by whose names everything else was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) root: Digest,
    /// Stands for the state of the whole repository.
    pub(super) timestamp: Digest,
}

/// A role whose word is asked for.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) role: Role,
    pub(super) targets: Arc<Signed<Targets>>,
    /// The prefixes that each delegation on the way to this role allows, from the top. A tag must
    /// have one of each.
    pub(super) paths: Vec<Box<[Box<str>]>>,
}

impl Collection {
    pub(super) fn new(
        searched: Vec<Searched>,
        (newest, versions): (Newest, Versions),
        judged_at: Time,
        valid_until: Time,
    ) -> Self {
        Self { searched, newest, versions, judged_at, valid_until }
    }

    pub(super) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The digests of the newest root and timestamp, which may be found by their names from now on.
    pub(super) fn newest(&self) -> Newest {
        self.newest
    }

    /// Tells whether it may be believed at `now`.
    pub(super) fn is_valid(&self, now: Time) -> bool {
        self.judged_at <= now && now < self.valid_until
    }

    /// The tags that it holds, of all roles together.
    pub(super) fn tags(&self) -> usize {
        self.searched.iter().map(|searched| searched.targets.content.tags()).sum()
    }

    /// The digest that every searched role vouches for.
    ///
    /// With a tag, the entry of that name counts; with a digest alone, any entry for it.
    pub(super) fn look_up(&self, image: &ImageRef) -> Verdict {
        let mut found = BTreeSet::new();
        for searched in &self.searched {
            found.insert(match (image.tag(), image.digest()) {
                (Some(tag), _) => searched.tag(tag)?,
                (None, Some(digest)) => searched.digest(digest)?,
                (None, None) => {
                    return Err(Refusal::inconclusive(
                        "internal-fault",
                        "an image has neither tag nor digest",
                    ));
                }
            });
        }
        let mut digests = found.iter().copied();
        let (Some(digest), None) = (digests.next(), digests.next()) else {
            return Err(refusals::digest_conflict(found.len(), image.text()));
        };
        match (image.tag(), image.digest()) {
            (Some(tag), Some(given)) if given != digest => {
                Err(refusals::digest_differs(tag, digest))
            }
            _ => Ok(Verified::new(digest, self.judged_at, self.valid_until)),
        }
    }
}

impl Searched {
    fn tag(&self, tag: &str) -> Result<Digest, Refusal> {
        let Some(digest) = self.targets.content.tag(tag) else {
            return Err(refusals::tag_not_in_targets(tag, &self.role));
        };
        if self.may_sign(tag) {
            Ok(digest)
        } else {
            Err(refusals::delegation_path(&self.role, tag))
        }
    }

    fn digest(&self, digest: Digest) -> Result<Digest, Refusal> {
        let mut tags = self.targets.content.tags_of(digest).peekable();
        let Some(first) = tags.peek().copied() else {
            return Err(refusals::digest_not_in_targets(digest, &self.role));
        };
        if tags.any(|tag| self.may_sign(tag)) {
            Ok(digest)
        } else {
            Err(refusals::delegation_path(&self.role, first))
        }
    }

    /// TUF 1.0.34, 5.6.7.2: a delegation is believed only inside its paths. Notary's are prefixes.
    fn may_sign(&self, tag: &str) -> bool {
        self.paths.iter().all(|prefixes| prefixes.iter().any(|prefix| tag.starts_with(&**prefix)))
    }
}
