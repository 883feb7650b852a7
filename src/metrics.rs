//! Every metric, its name and its labels, in one struct. (owner: actors+http)

use std::time::Duration;

/// The metrics of one process.
#[derive(Debug, Default)]
pub struct Metrics {}

/// What became of one request to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryOutcome {
    /// An answer of 2xx.
    Ok,
    /// 404.
    NotFound,
    /// 401 or 403.
    Denied,
    /// 429.
    Throttled,
    /// Any other status, a connect error, a time-out, a broken answer.
    Failed,
}

/// Which cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheKind {
    /// Bytes by digest.
    Evidence,
    /// Tag → digest.
    Names,
    /// Verdicts.
    Verdicts,
}

impl Metrics {
    /// One request to a registry ended.
    pub fn registry_request(&self, validator: &str, outcome: RegistryOutcome, took: Duration) {}

    /// A cache was asked.
    pub fn cache_lookup(&self, cache: CacheKind, hit: bool) {}

    /// A job was refused because all permits of the validator's pool were taken.
    pub fn shed(&self, validator: &str) {}

    /// A worker was replaced, with the cause: `dead`, `frozen`.
    pub fn worker_replaced(&self, validator: &str, cause: &'static str) {}
}
