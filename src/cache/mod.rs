//! Four kinds of knowledge, kept apart (design: evidence, names, hints, verdicts).
//!
//! Only evidence is proof of itself; a verdict is compared with the [`Clock`](crate::clock::Clock)
//! at every hit; what could not be obtained is never kept.

mod evidence;
mod key;
mod names;
mod verdicts;

use std::time::Duration;

use jiff::Timestamp;

pub use evidence::Evidence;
pub use names::{Name, Names, Scope};
pub use verdicts::{Subject, Verdicts};

use crate::config;

/// The hasher of all caches. Seeded for each process, because strangers choose the names of images.
type Hasher = foldhash::quality::RandomState;

/// What one entry costs besides its key and value: moka's node, its frequency and order records,
/// about 200 bytes, so that "bounded by bytes" stays true for small entries.
const ENTRY_BYTES: usize = 200;

/// The caches of one process.
#[derive(Debug)]
pub struct Caches {
    /// Bytes by their digest.
    pub evidence: Evidence,
    /// What a mutable name means now.
    pub names: Names,
    /// What was judged.
    pub verdicts: Verdicts,
}

impl Caches {
    /// Empty caches with the bounds of the configuration.
    pub fn new(settings: &config::Cache) -> Self {
        Self {
            evidence: Evidence::new(settings),
            names: Names::new(settings),
            verdicts: Verdicts::new(settings),
        }
    }
}

/// `by` after `now`; `now` itself where that cannot be expressed, so that nothing lives for ever.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(now)
}

/// The weight of an entry of so many bytes.
fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX)
}

/// Tells whether `now` lies in the life of something that was learnt at `since` and ends at
/// `until`. A clock that was set back makes it a miss: what was learnt in the future proves nothing.
fn is_alive(since: Timestamp, until: Timestamp, now: Timestamp) -> bool {
    since <= now && now < until
}
