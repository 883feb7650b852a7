//! Proven collections, by the state that they prove: for the next tag of the same repository.
//!
//! A collection is found by the digest of its timestamp only, so that a repository that changed is
//! proven anew, and never believed longer than the first of its files.

use std::sync::Arc;

use jiff::Timestamp as Time;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::collection::Collection;
use crate::image::{Digest, RepositoryName};
use crate::validators::Fingerprint;
use crate::validators::fingerprint::Parts;

/// Bytes of all collections of one validator.
const MAX_BYTES: u64 = 2 * 1024 * 1024;
/// What a tag takes up: its name, a digest, and its place in a map.
const TAG_BYTES: usize = 100;
/// What a collection without tags takes up: maps with room for more, and the cache's own records.
const EMPTY_BYTES: usize = 4096;

/// The collections of one validator.
#[derive(Debug)]
pub(super) struct Collections(Cache<Fingerprint, Arc<Collection>>);

impl Default for Collections {
    fn default() -> Self {
        let bytes = |_: &Fingerprint, collection: &Arc<Collection>| {
            let bytes = collection.tags().saturating_mul(TAG_BYTES).saturating_add(EMPTY_BYTES);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        // The latest first: whoever asks for one tag of a new repository asks for the next at once.
        let cache = Cache::builder()
            .max_capacity(MAX_BYTES)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(bytes);
        Self(cache.build())
    }
}

impl Collections {
    /// What the rule with this fingerprint has proven of a repository whose timestamp is `state`.
    pub(super) fn get(
        &self,
        (rule, repository): (Fingerprint, &RepositoryName),
        state: Digest,
        now: Time,
    ) -> Option<Arc<Collection>> {
        self.0.get(&key(rule, repository, state)).filter(|collection| collection.is_valid(now))
    }

    /// Keeps what was proven.
    pub(super) fn put(
        &self,
        (rule, repository): (Fingerprint, &RepositoryName),
        collection: &Arc<Collection>,
    ) {
        let key = key(rule, repository, collection.newest().timestamp);
        self.0.insert(key, Arc::clone(collection));
    }
}

fn key(rule: Fingerprint, repository: &RepositoryName, state: Digest) -> Fingerprint {
    let mut parts = Parts::default();
    parts.add(rule.0).add(state.as_bytes()).add(repository.registry()).add(repository.path());
    parts.hash()
}
