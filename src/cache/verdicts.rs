//! What was judged. (owner: validators)
use crate::config;

/// What a verdict is about.
#[derive(Debug)]
pub struct Subject {}

/// Verified and rejected verdicts, compared with the clock at every hit.
#[derive(Debug)]
pub struct Verdicts {}

impl Verdicts {
    pub(super) fn new(_settings: &config::Cache) -> Self {
        todo!()
    }
}
