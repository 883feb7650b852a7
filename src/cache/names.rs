//! What a mutable name means now: tag → digest, for seconds.
//!
//! Never shared between validators: another login may see another registry.

use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;

use super::key::{Key, with_key};
use super::{Hasher, is_alive, later, weight};
use crate::config;
use crate::image::{Digest, RepositoryName};

/// Whose view of the registries: one validator with its way of reaching them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(pub [u8; 32]);

/// A name that somebody else may move.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// Whose view.
    pub scope: &'a Scope,
    /// Registry and repository.
    pub repository: &'a RepositoryName,
    /// The tag.
    pub tag: &'a str,
}

/// Tag → digest, bounded by bytes and by `cache.nameMaxAge`.
#[derive(Debug)]
pub struct Names {
    entries: Cache<Key, Meaning, Hasher>,
    max_age: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Meaning {
    digest: Digest,
    learnt_at: Timestamp,
}

impl Names {
    pub(super) fn new(settings: &config::Cache) -> Self {
        let entries = Cache::builder()
            .max_capacity(settings.name_bytes)
            .weigher(|key: &Key, _: &Meaning| weight(key.len() + size_of::<Meaning>()))
            .build_with_hasher(Hasher::default());
        Self { entries, max_age: settings.name_max_age }
    }

    /// What the name meant less than `cache.nameMaxAge` ago.
    pub fn get(&self, name: &Name<'_>, now: Timestamp) -> Option<Digest> {
        if self.max_age.is_zero() {
            return None;
        }
        let meaning = name.with_key(|key| self.entries.get(key))?;
        is_alive(meaning.learnt_at, later(meaning.learnt_at, self.max_age), now)
            .then_some(meaning.digest)
    }

    /// Tells whether more than half of the name's life is over: who asks for it often may ask the
    /// one who knows before nobody may wait any more.
    pub fn is_old(&self, name: &Name<'_>, now: Timestamp) -> bool {
        let meaning = name.with_key(|key| self.entries.get(key));
        meaning.is_some_and(|meaning| later(meaning.learnt_at, self.max_age / 2) <= now)
    }

    /// Keeps what a registry said at `now`.
    pub fn put(&self, name: &Name<'_>, digest: Digest, now: Timestamp) {
        if !self.max_age.is_zero() {
            let meaning = Meaning { digest, learnt_at: now };
            name.with_key(|key| self.entries.insert(key.into(), meaning));
        }
    }

    /// Forgets a name that a registry says is gone.
    pub fn forget(&self, name: &Name<'_>) {
        name.with_key(|key| self.entries.invalidate(key));
    }
}

impl Name<'_> {
    fn with_key<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        let texts = [self.repository.registry(), self.repository.path(), self.tag];
        with_key(&[&self.scope.0], &texts, look)
    }
}

#[cfg(test)]
mod tests;
