//! How soon an actor may be replaced again.

use std::time::Duration;

use tokio::time::Instant;

/// The wait before an actor is replaced again doubles from the one to the other.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// An actor that lived so long has earned that the wait begins anew.
const SETTLED: Duration = Duration::from_mins(1);

/// When an actor may be replaced again.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    replaced: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// The first replacement is at once, each further one waits twice as long as the one before.
    pub(super) fn may_replace(&self) -> bool {
        let (first, longest) = BACKOFF;
        let doublings = self.replaced.saturating_sub(1).min(16);
        let wait = first.saturating_mul(1 << doublings).min(longest);
        self.last.is_none_or(|last| last.elapsed() >= wait)
    }

    pub(super) fn replaced(&mut self) {
        self.replaced = self.replaced.saturating_add(1);
        self.last = Some(Instant::now());
    }

    pub(super) fn found_alive(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() >= SETTLED) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_wait_before_a_replacement_doubles_and_is_forgotten_after_a_quiet_minute() {
        let mut backoff = Backoff::default();
        assert!(backoff.may_replace());
        for wait in [100, 200, 400, 800] {
            backoff.replaced();
            tokio::time::advance(Duration::from_millis(wait - 1)).await;
            assert!(!backoff.may_replace(), "after {wait} ms less one");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(backoff.may_replace(), "after {wait} ms");
        }
        backoff.replaced = u32::MAX - 1;
        backoff.replaced();
        backoff.replaced();
        tokio::time::advance(Duration::from_millis(29_999)).await;
        assert!(!backoff.may_replace());
        backoff.found_alive();
        assert_eq!(backoff.replaced, u32::MAX);
        tokio::time::advance(Duration::from_secs(31)).await;
        backoff.found_alive();
        assert_eq!(backoff.replaced, 0);
    }
}
