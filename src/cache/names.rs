//! What a mutable name means now. (owner: validators)
use crate::config;

/// Tag → digest, for seconds. Partitioned by validator.
#[derive(Debug)]
pub struct Names {}

impl Names {
    pub(super) fn new(_settings: &config::Cache) -> Self {
        todo!()
    }
}
