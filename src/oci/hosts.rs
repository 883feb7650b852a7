//! What is kept for each host that we talk to: permits and a breaker.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Breaker, Opened, Pass};
use super::origin::Origin;
use crate::clock::Deadline;
use crate::config::{Limits, Timeouts};

/// Hosts remembered at the same time. A stranger chooses hosts; forgetting one costs its breaker.
const MAX_HOSTS: u64 = 1024;

/// A host that nobody asked for this long is forgotten.
const IDLE: Duration = Duration::from_mins(10);

/// The hosts of one client.
#[derive(Debug)]
pub(super) struct Hosts {
    known: moka::sync::Cache<Origin, Arc<Host>>,
    permits: usize,
    probe_after: Duration,
}

/// One host of one client.
#[derive(Debug)]
pub(super) struct Host {
    permits: Semaphore,
    breaker: Breaker,
}

/// The right to one exchange with a host.
#[derive(Debug)]
pub(super) struct Entry<'h> {
    /// To be told how it went.
    pub(super) pass: Pass<'h>,
    _permit: SemaphorePermit<'h>,
}

/// Why there is no right to an exchange.
#[derive(Debug)]
pub(super) enum Barred {
    /// The breaker is open.
    Breaker(Opened),
    /// No permit became free in time.
    Busy,
}

impl Hosts {
    /// No hosts yet.
    pub(super) fn new(limits: &Limits, timeouts: &Timeouts) -> Self {
        let known = moka::sync::Cache::builder().max_capacity(MAX_HOSTS).time_to_idle(IDLE).build();
        Self { known, permits: limits.requests_per_host, probe_after: timeouts.breaker_probe }
    }

    /// The host of an origin.
    pub(super) fn of(&self, origin: &Origin) -> Arc<Host> {
        self.known.get_with_by_ref(origin, || {
            Arc::new(Host {
                permits: Semaphore::new(self.permits),
                breaker: Breaker::new(self.probe_after),
            })
        })
    }
}

impl Host {
    /// Waits for a permit; refuses at once, before and after the wait, while the breaker is open.
    pub(super) async fn enter(&self, deadline: Deadline) -> Result<Entry<'_>, Barred> {
        self.breaker.look().map_err(Barred::Breaker)?;
        let permit = tokio::time::timeout_at(deadline.instant(), self.permits.acquire()).await;
        // The semaphore is never closed; if it were, "busy" would still refuse.
        let Ok(Ok(permit)) = permit else {
            return Err(Barred::Busy);
        };
        let pass = self.breaker.enter().map_err(Barred::Breaker)?;
        Ok(Entry { pass, _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(number: usize) -> Origin {
        Origin::of(&format!("https://host-{number}.test/").parse().unwrap()).unwrap()
    }

    fn hosts(permits: usize) -> Hosts {
        let limits = Limits { requests_per_host: permits, ..Limits::default() };
        Hosts::new(&limits, &Timeouts::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_is_waited_for_within_the_deadline() {
        let host = hosts(1).of(&origin(0));
        let entry = host.enter(Deadline::after(Duration::from_secs(1))).await.unwrap();
        let before = tokio::time::Instant::now();
        let barred = host.enter(Deadline::after(Duration::from_secs(3))).await.unwrap_err();
        assert!(matches!(barred, Barred::Busy));
        assert_eq!(before.elapsed(), Duration::from_secs(3));
        drop(entry);
        assert!(host.enter(Deadline::after(Duration::from_secs(1))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_host_does_not_take_the_permits_of_another() {
        let hosts = hosts(1);
        let (first, second) = (hosts.of(&origin(1)), hosts.of(&origin(2)));
        let deadline = Deadline::after(Duration::from_secs(1));
        let _held = first.enter(deadline).await.unwrap();
        assert!(second.enter(deadline).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_permit_of_a_host_that_fails_meanwhile_is_refused() {
        let host = hosts(1).of(&origin(0));
        let deadline = Deadline::after(Duration::from_secs(9));
        let entry = host.enter(deadline).await.unwrap();
        let waiting = host.enter(deadline);
        let failing = async {
            let entry = entry;
            for _ in 1..super::super::breaker::FAILURES_TO_OPEN {
                host.breaker.enter().unwrap().failed("reset");
            }
            entry.pass.failed("reset");
        };
        let (barred, ()) = tokio::join!(waiting, failing);
        assert!(matches!(barred, Err(Barred::Breaker(_))));
    }

    #[test]
    fn the_number_of_hosts_is_bounded() {
        let hosts = hosts(1);
        for number in 0..3000 {
            hosts.of(&origin(number));
        }
        hosts.known.run_pending_tasks();
        assert!(hosts.known.entry_count() <= MAX_HOSTS);
    }
}
