//! The workers of one validator, and the bounds of its work.
//!
//! A plain struct, because a router actor would cost four times what a direct message does.
//! Mailboxes bound nothing here: a handler that returns a future frees its place at once. Permits
//! bound the jobs, and only the leader of a flight takes one.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::time::{timeout, timeout_at};

use super::messages::{JobLimits, Verify};
use super::permits::{Parties, Permits};
use super::slots::{self, Slots};
use super::system::{ActorSystem, StartFault};
use super::worker::Worker;
use super::{PING_DEADLINE, WORKERS_PER_VALIDATOR, Work, internal_fault};
use crate::clock::Deadline;
use crate::config::{Sections, Timeouts};
use crate::flights::{Flight, Flights};
use crate::metrics::{Metrics, PoolMetrics};
use crate::validators::{Fingerprint, Reason, Refusal, Verdict};

/// Flights under way for each permit: those with a permit and those that wait for one.
const FLIGHTS_PER_PERMIT: usize = 4;

/// When an overloaded caller may try again: permits come free by the second.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long before its end a job is told to end by itself, so that it can say what it waited for.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// What a flight is for: who judges, and the fully qualified name of the image.
type Key = (Fingerprint, String);

/// The pool of one validator.
#[derive(Debug)]
pub(super) struct ValidatorPool {
    validator: Arc<str>,
    workers: Arc<Slots<Worker>>,
    permits: Permits,
    flights: Flights<Key, Verdict>,
    timeouts: Timeouts,
    metrics: Arc<Metrics>,
    handles: PoolMetrics,
}

impl ValidatorPool {
    /// Starts the workers of one validator.
    pub(super) fn start(
        system: &Arc<ActorSystem>,
        validator: &Arc<str>,
        sections: &Sections,
        metrics: &Arc<Metrics>,
    ) -> Result<Arc<Self>, StartFault> {
        let handles = metrics.pool_handles(validator);
        let (arbiters, name, counted) =
            (Arc::clone(system), Arc::clone(validator), handles.clone());
        let workers = Slots::start(
            slots::Settings {
                name: Arc::clone(validator),
                count: WORKERS_PER_VALIDATOR,
                ping_deadline: PING_DEADLINE,
                metrics: Arc::clone(metrics),
            },
            system,
            move |slot| Ok(Worker::launch(&arbiters.live_arbiter(slot)?, &name, &counted)),
        )?;
        let jobs = sections.limits.jobs_per_validator.max(1);
        Ok(Arc::new(Self {
            validator: Arc::clone(validator),
            workers,
            permits: Permits::new(jobs),
            flights: Flights::at_most(jobs.saturating_mul(FLIGHTS_PER_PERMIT)),
            timeouts: sections.timeouts.clone(),
            metrics: Arc::clone(metrics),
            handles,
        }))
    }

    /// Begins a verification, or joins the one under way. It goes on whoever waits for it.
    pub(super) fn begin(self: &Arc<Self>, work: &Work) -> Flight<Verdict> {
        let key = (work.verifier.fingerprint(), work.image.name());
        let lead = || {
            let (pool, work) = (Arc::clone(self), work.clone());
            async move { pool.lead(work).await }
        };
        self.flights.board(key, lead).unwrap_or_else(|| Flight::landed(Err(self.overloaded())))
    }

    async fn lead(&self, Work { verifier, image, namespace, .. }: Work) -> Verdict {
        let limits = job_limits(self.timeouts.image);
        let wait = self.timeouts.permit.min(limits.ended.remaining());
        let parties = Parties { registry: image.repository().registry().into(), namespace };
        let Ok(_permit) = timeout(wait, self.permits.acquire(parties)).await else {
            return Err(self.overloaded());
        };
        let _job = UnderWay::count(&self.handles.jobs);
        let message =
            || Verify { verifier: Arc::clone(&verifier), image: Arc::clone(&image), limits };
        // A worker ends its job at `ended`; only a frozen one says nothing then.
        let patience = limits.ended.instant() + LAST_WORDS;
        if let Ok(Some(verdict)) = timeout_at(patience, self.workers.ask(message)).await {
            return verdict;
        }
        tracing::error!(validator = %self.validator, image = image.text(), "no worker answered");
        Err(internal_fault())
    }

    fn overloaded(&self) -> Refusal {
        self.metrics.shed(&self.validator);
        Refusal::Overloaded {
            reason: Reason::new(
                "overloaded",
                format!("validator `{}` has too many verifications under way", self.validator),
            ),
            retry_after: RETRY_AFTER,
        }
    }

    #[cfg(test)]
    pub(super) fn workers(&self) -> &Slots<Worker> {
        &self.workers
    }

    #[cfg(test)]
    pub(super) fn flights(&self) -> &Flights<Key, Verdict> {
        &self.flights
    }
}

/// The two ends of a job that may take `image`: 5 % before the end, at most [`LAST_WORDS`], it is
/// told to stop.
fn job_limits(image: Duration) -> JobLimits {
    JobLimits {
        told: Deadline::after(image.saturating_sub(LAST_WORDS.min(image / 20))),
        ended: Deadline::after(image),
    }
}

/// Counts a job for as long as it is under way.
struct UnderWay<'a>(&'a Gauge);

impl<'a> UnderWay<'a> {
    fn count(jobs: &'a Gauge) -> Self {
        jobs.inc();
        Self(jobs)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_job_is_told_to_end_shortly_before_it_is_ended() {
        for (image, told) in [(25_000, 24_750), (2_000, 1_900), (0, 0)] {
            let limits = job_limits(Duration::from_millis(image));
            assert_eq!(limits.told.remaining().as_millis(), told);
            assert_eq!(limits.ended.remaining().as_millis(), u128::from(image));
        }
    }
}
