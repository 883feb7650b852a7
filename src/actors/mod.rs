//! Actors move and bound work; they hold no verification logic and no caches. (owner: actors)
//!
//! | actor | what it does |
//! |---|---|
//! | `Coordinator` | gathers the verdicts of one request under its deadline |
//! | `Worker` | runs one verification as a task, so that a panic fails one job |
//! | `CryptoWorker` | runs heavy checks on a thread of its own |
//! | `PoolSupervisor` | pings workers, replaces dead or frozen ones |

mod coordinator;
mod crypto;
mod flights;
mod messages;
mod pool;
mod supervisor;
mod worker;

use std::sync::Arc;

use crate::clock::Deadline;
use crate::image::ImageRef;
use crate::validators::{CryptoRunner, Verdict, Verifier};

/// One distinct image that caches could not answer.
#[derive(Debug, Clone)]
pub struct Work {
    /// The name of the validator: chooses the pool.
    pub validator: Arc<str>,
    /// The validator bound to the rule.
    pub verifier: Arc<dyn Verifier>,
    /// The image.
    pub image: Arc<ImageRef>,
}

/// The actors of one process: coordinators, one pool for each validator, crypto workers.
#[derive(Debug)]
pub struct Actors {}

impl Actors {
    /// Verifies all `work`, each within its own job deadline, and gives the verdicts in its order, at `deadline`
    /// at the latest: what is not finished then is inconclusive (word `timeout`) and goes on as a job.
    pub async fn gather(&self, work: Vec<Work>, deadline: Deadline) -> Vec<Verdict> {
        todo!()
    }

    /// The crypto workers, for validators.
    pub fn crypto(&self) -> Arc<dyn CryptoRunner> {
        todo!()
    }
}
