//! The line that a request takes: decode, skip, ask the caches, gather the misses, decide, answer.
//!
//! The same engine serves the webhook, `connaisseur verify` and the demo.

use std::sync::Arc;

use bytes::Bytes;

use crate::actors::Actors;
use crate::clock::Deadline;
use crate::config::Config;
use crate::image::ImageRef;
use crate::validators::{Runtime, Verdict};

/// Which webhook asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// `/mutate`: pins.
    Mutate,
    /// `/validate`: judges the final object.
    Validate,
}

/// What goes back to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status: 200 with a decision whenever a uid could be read.
    pub status: u16,
    /// The body: an `AdmissionReview` at 200, one sentence otherwise.
    pub body: Bytes,
}

/// Everything that a request needs, ready to act.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    runtime: Runtime,
    actors: Arc<Actors>,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(config: Config, runtime: Runtime, actors: Arc<Actors>) -> Self {
        Self { config, runtime, actors }
    }

    /// Answers one request. `deadline` is when the answer must be on its way.
    pub async fn review(&self, webhook: Webhook, body: &[u8], deadline: Deadline) -> Reply {
        todo!()
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Verifies one image as a request would, for the command line.
    pub async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Option<Verdict> {
        todo!()
    }
}
