//! A circuit breaker: a host that fails again and again is left alone for a moment.
//!
//! So one dead registry costs one connection attempt in each interval instead of the time and the
//! permits of every request.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Failures in a row that open the breaker: more than the tries of one request (see `retry`), so
/// that no single request can cut off a host for the others.
pub(super) const FAILURES_TO_OPEN: u32 = 5;

/// The breaker of one host.
#[derive(Debug)]
pub(super) struct Breaker {
    probe_after: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Requests pass; so many failed in a row.
    Closed { failures: u32 },
    /// No request passes until `until`, then one does.
    Open { until: Instant, last: String },
    /// One request is under way to find out.
    Probing { last: String },
}

/// What refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened {
    /// The last failure.
    pub(super) last: String,
    /// When the next request may try.
    pub(super) probe_in: Duration,
}

/// Permission for one exchange. Dropped without a word it counts as neither success nor failure,
/// and a probe that was dropped lets the next request probe.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass<'b> {
    breaker: &'b Breaker,
    is_probe: bool,
}

impl Breaker {
    /// A closed breaker that lets one request probe each `probe_after` once it is open.
    pub(super) fn new(probe_after: Duration) -> Self {
        Self { probe_after, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Tells whether a request could pass now, without taking the probe. Asked before the wait
    /// for a permit, so that nobody queues for a host that is known to be down.
    pub(super) fn look(&self) -> Result<(), Opened> {
        self.refusal(&self.state.lock())
    }

    /// Lets a request pass, as the probe if the breaker has been open for long enough.
    pub(super) fn enter(&self) -> Result<Pass<'_>, Opened> {
        let mut state = self.state.lock();
        self.refusal(&state)?;
        let is_probe = match &mut *state {
            State::Open { last, .. } => {
                let last = std::mem::take(last);
                *state = State::Probing { last };
                true
            }
            State::Closed { .. } | State::Probing { .. } => false,
        };
        Ok(Pass { breaker: self, is_probe })
    }

    fn refusal(&self, state: &State) -> Result<(), Opened> {
        let (last, probe_in) = match state {
            State::Closed { .. } => return Ok(()),
            State::Open { until, last } => (last, until.duration_since(Instant::now())),
            // The probe may take longer; the interval is then the best guess.
            State::Probing { last } => (last, self.probe_after),
        };
        if probe_in.is_zero() { Ok(()) } else { Err(Opened { last: last.clone(), probe_in }) }
    }
}

impl Pass<'_> {
    /// The host answered.
    pub(super) fn succeeded(mut self) {
        self.is_probe = false;
        *self.breaker.state.lock() = State::Closed { failures: 0 };
    }

    /// The host did not answer, or with 5xx.
    pub(super) fn failed(mut self, why: &str) {
        let was_probe = std::mem::take(&mut self.is_probe);
        let mut state = self.breaker.state.lock();
        let opens = match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                *failures >= FAILURES_TO_OPEN
            }
            State::Probing { .. } => was_probe,
            // A request that began before it opened: nothing new.
            State::Open { .. } => false,
        };
        if opens {
            *state = State::Open {
                until: Instant::now() + self.breaker.probe_after,
                last: why.to_owned(),
            };
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.is_probe {
            return;
        }
        let mut state = self.breaker.state.lock();
        if let State::Probing { last } = &mut *state {
            let last = std::mem::take(last);
            *state = State::Open { until: Instant::now(), last };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE_AFTER: Duration = Duration::from_secs(1);

    fn opened() -> Breaker {
        let breaker = Breaker::new(PROBE_AFTER);
        for _ in 0..FAILURES_TO_OPEN {
            breaker.enter().unwrap().failed("connection refused");
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_says_the_last() {
        let breaker = opened();
        let refused = breaker.enter().unwrap_err();
        assert_eq!(refused, Opened { last: "connection refused".into(), probe_in: PROBE_AFTER });
        assert_eq!(breaker.look(), Err(refused));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_in_between_starts_the_count_again() {
        let breaker = Breaker::new(PROBE_AFTER);
        for _ in 0..3 {
            for _ in 0..FAILURES_TO_OPEN - 1 {
                breaker.enter().unwrap().failed("reset");
            }
            breaker.enter().unwrap().succeeded();
        }
        assert_eq!(breaker.look(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn exactly_one_request_probes() {
        let breaker = opened();
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(breaker.enter().is_err());
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err());
        assert!(breaker.look().is_err());
        probe.succeeded();
        assert!(breaker.enter().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_for_another_interval() {
        let breaker = opened();
        tokio::time::advance(PROBE_AFTER).await;
        breaker.enter().unwrap().failed("timed out");
        let refused = breaker.enter().unwrap_err();
        assert_eq!(refused, Opened { last: "timed out".into(), probe_in: PROBE_AFTER });
        tokio::time::advance(PROBE_AFTER).await;
        assert!(breaker.enter().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_was_dropped_lets_the_next_one_probe() {
        let breaker = opened();
        tokio::time::advance(PROBE_AFTER).await;
        drop(breaker.enter().unwrap());
        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err());
        probe.succeeded();
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_do_not_prolong_it_and_late_successes_close_it() {
        let breaker = Breaker::new(PROBE_AFTER);
        let (late_failure, late_success) = (breaker.enter().unwrap(), breaker.enter().unwrap());
        for _ in 0..FAILURES_TO_OPEN {
            breaker.enter().unwrap().failed("reset");
        }
        tokio::time::advance(PROBE_AFTER / 2).await;
        late_failure.failed("reset");
        assert_eq!(breaker.look().unwrap_err().probe_in, PROBE_AFTER / 2);
        late_success.succeeded();
        assert_eq!(breaker.look(), Ok(()));
    }
}
