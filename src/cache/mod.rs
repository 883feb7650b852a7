//! Four kinds of knowledge, kept apart (design: evidence, names, hints, verdicts).
//!
//! Only evidence is proof of itself; a verdict is compared with the [`Clock`](crate::clock::Clock)
//! at every hit; what could not be obtained is never kept.

mod evidence;
mod names;
mod verdicts;

pub use evidence::Evidence;
pub use names::Names;
pub use verdicts::{Subject, Verdicts};

use crate::config;

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
