//! What was judged, compared with the clock at every hit.
//!
//! Keeps *verified* and *rejected*. What could not be obtained or was refused for lack of room is
//! never kept: it says nothing about the image.

use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;

use super::key::{Key, with_key};
use super::{Hasher, is_alive, later, weight};
use crate::config;
use crate::image::{Digest, RepositoryName};
use crate::validators::{Fingerprint, NO_SIGNATURE, Refusal, Verdict};

/// "No signature" is what a picture shows that was taken between the push of an image and the push
/// of its signature: it must not outlive the pause between the two by much.
const NO_SIGNATURE_MAX_AGE: Duration = Duration::from_secs(30);

/// What a verdict is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Who judged, by which options and trust roots.
    pub fingerprint: &'a Fingerprint,
    /// The image.
    pub digest: Digest,
    /// The tag, where the validator judges tags.
    pub tag: Option<&'a str>,
    /// Where it was found.
    pub repository: &'a RepositoryName,
}

/// Verified and rejected verdicts, bounded by bytes.
#[derive(Debug)]
pub struct Verdicts {
    entries: Cache<Key, Kept, Hasher>,
    /// The longest life of *verified*; zero turns all of it off.
    verified_max_age: Duration,
    /// The longest life of *rejected*; zero keeps none.
    rejected_max_age: Duration,
}

#[derive(Debug, Clone)]
struct Kept {
    verdict: Verdict,
    judged_at: Timestamp,
    valid_until: Timestamp,
}

impl Verdicts {
    pub(super) fn new(settings: &config::Cache) -> Self {
        let entries = Cache::builder()
            .max_capacity(settings.verdict_bytes)
            .weigher(|key: &Key, kept: &Kept| weight(key.len() + kept.bytes()))
            .build_with_hasher(Hasher::default());
        let on = !settings.name_max_age.is_zero();
        let age = |on: bool, wanted| if on { wanted } else { Duration::ZERO };
        let rejected = settings.name_max_age.min(settings.verdict_max_age);
        Self {
            entries,
            verified_max_age: age(on, settings.verdict_max_age),
            rejected_max_age: age(on && settings.rejected, rejected),
        }
    }

    /// The verdict, if it is valid at `now`.
    pub fn get(&self, subject: &Subject<'_>, now: Timestamp) -> Option<Verdict> {
        let kept = subject.with_key(|key| self.entries.get(key))?;
        is_alive(kept.judged_at, kept.valid_until, now).then_some(kept.verdict)
    }

    /// Keeps a verdict that was reached at `now`, if it is of a kind that may be kept.
    pub fn put(&self, subject: &Subject<'_>, verdict: &Verdict, now: Timestamp) {
        if let Some(kept) = self.kept(verdict, now)
            && kept.judged_at < kept.valid_until
        {
            subject.with_key(|key| self.entries.insert(key.into(), kept));
        }
    }

    fn kept(&self, verdict: &Verdict, now: Timestamp) -> Option<Kept> {
        let (judged_at, valid_until) = match verdict {
            Ok(verified) => {
                let cap = later(verified.judged_at(), self.verified_max_age);
                (verified.judged_at(), verified.valid_until().min(cap))
            }
            Err(Refusal::Rejected(reason)) if reason.word == NO_SIGNATURE => {
                (now, later(now, self.rejected_max_age.min(NO_SIGNATURE_MAX_AGE)))
            }
            Err(Refusal::Rejected(_)) => (now, later(now, self.rejected_max_age)),
            Err(Refusal::Inconclusive(_) | Refusal::Overloaded { .. }) => return None,
        };
        Some(Kept { verdict: verdict.clone(), judged_at, valid_until })
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        let text = self.verdict.as_ref().map_or_else(|refusal| refusal.reason().text.len(), |_| 0);
        size_of::<Self>() + text
    }
}

impl Subject<'_> {
    /// `fingerprint ‖ digest ‖ whether a tag counts ‖ tag ‖ registry ‖ repository`.
    fn with_key<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        let fixed: [&[u8]; 3] =
            [&self.fingerprint.0, self.digest.as_bytes(), &[u8::from(self.tag.is_some())]];
        let texts =
            [self.tag.unwrap_or_default(), self.repository.registry(), self.repository.path()];
        with_key(&fixed, &texts, look)
    }
}

#[cfg(test)]
mod tests;
