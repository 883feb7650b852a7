//! Actors move and bound work; they hold no verification logic and no caches.
//!
//! | actor | what it does |
//! |---|---|
//! | `Coordinator` | gathers the verdicts of one request under its deadline |
//! | `Worker` | runs one verification as a task, so that a panic fails one job |
//! | `CryptoWorker` | runs heavy checks on a thread of its own |
//! | `PoolSupervisor` | pings the others, replaces dead or frozen ones |
//!
//! One request travels `Actors::gather` → `Coordinator` → `ValidatorPool` → flight → permit →
//! `Worker` → job. Whoever asks waits with a deadline of their own; the job has its own, and ends
//! whether or not somebody still waits, so that a retry finds its result.

mod backoff;
mod coordinator;
mod crypto;
mod messages;
mod permits;
mod pool;
mod slots;
mod supervisor;
mod system;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::time::Duration;

pub use crypto::CryptoPool;
pub use system::{ActorSystem, StartFault};

use crate::clock::Deadline;
use crate::config::{ConfiguredValidator, Sections};
use crate::image::ImageRef;
use crate::metrics::Metrics;
use crate::validators::{CryptoRunner, Refusal, Verdict, Verifier};
use coordinator::{Coordinator, Pools};
use messages::Gather;
use pool::ValidatorPool;
use slots::Slots;

/// Workers of one validator. They only start jobs, which run on all threads; two, so that one may
/// be replaced while the other works.
const WORKERS_PER_VALIDATOR: usize = 2;

/// A coordinator or worker that does not answer a ping for so long is frozen: their handlers only
/// start tasks.
const PING_DEADLINE: Duration = Duration::from_secs(2);

/// How long after the deadline a coordinator's answer is still awaited: it speaks at the deadline,
/// and what was verified by then must not be lost on the way back. Within the reserve that the
/// deadline of a request leaves (500 ms at least).
const RETURN_HOP: Duration = Duration::from_millis(100);

/// One distinct image that caches could not answer.
#[derive(Debug, Clone)]
pub struct Work {
    /// The name of the validator: chooses the pool.
    pub validator: Arc<str>,
    /// The validator bound to the rule.
    pub verifier: Arc<dyn Verifier>,
    /// The image.
    pub image: Arc<ImageRef>,
    /// The namespace that asks, empty for none: permits are shared fairly between namespaces.
    pub namespace: Arc<str>,
}

/// The actors of one process: coordinators, one pool for each validator, crypto workers.
#[derive(Debug)]
pub struct Actors {
    coordinators: Arc<Slots<Coordinator>>,
    crypto: Arc<CryptoPool>,
}

impl Actors {
    /// Starts the coordinators and one pool for each configured validator.
    ///
    /// Dropping the result ends them; jobs that run go on to their end.
    pub fn start(
        system: &Arc<ActorSystem>,
        crypto: Arc<CryptoPool>,
        validators: &[ConfiguredValidator],
        sections: &Sections,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartFault> {
        let mut pools = Pools::new();
        for validator in validators {
            let name = Arc::clone(&validator.name);
            let pool = ValidatorPool::start(system, &name, sections, metrics)?;
            pools.insert(name, pool);
        }
        let coordinators = start_coordinators(system, pools, metrics)?;
        Ok(Self { coordinators, crypto })
    }

    /// Verifies all `work`, each within its own job deadline, and gives the verdicts in its order,
    /// at `deadline` at the latest: what is not finished then is inconclusive (word `timeout`) and
    /// goes on as a job.
    ///
    /// Equal pieces of work, here or in other requests, share one verification.
    pub async fn gather(&self, work: Vec<Work>, deadline: Deadline) -> Vec<Verdict> {
        let count = work.len();
        let work: Arc<[Work]> = work.into();
        let begun = tokio::time::Instant::now();
        let asked = self.coordinators.ask(|| Gather { work: Arc::clone(&work), deadline });
        let missing = match tokio::time::timeout_at(deadline.instant() + RETURN_HOP, asked).await {
            Ok(Some(verdicts)) if verdicts.len() == count => return verdicts,
            Ok(_) => internal_fault(),
            Err(_) => timed_out(begun.elapsed()),
        };
        vec![Err(missing); count]
    }

    /// The crypto workers, for validators.
    pub fn crypto(&self) -> Arc<dyn CryptoRunner> {
        self.crypto.clone()
    }
}

fn start_coordinators(
    system: &Arc<ActorSystem>,
    pools: Pools,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Slots<Coordinator>>, StartFault> {
    let (arbiters, pools) = (Arc::clone(system), Arc::new(pools));
    Slots::start(
        slots::Settings {
            name: "<coordinators>".into(),
            count: system.arbiters(),
            ping_deadline: PING_DEADLINE,
            metrics: Arc::clone(metrics),
        },
        system,
        move |slot| Ok(Coordinator::launch(&arbiters.live_arbiter(slot)?, &pools)),
    )
}

/// What is said of an image whose verification broke down on our side. The log has the details.
fn internal_fault() -> Refusal {
    Refusal::inconclusive(
        "internal-fault",
        "the verification broke down inside Connaisseur; its log says more",
    )
}

/// What is said of an image that was not judged in time.
fn timed_out(after: Duration) -> Refusal {
    Refusal::inconclusive(
        "timeout",
        format!(
            "not verified within {:.1} s; the verification goes on, so that a retry may find its result",
            after.as_secs_f64()
        ),
    )
}
