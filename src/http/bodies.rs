//! How much memory the bodies of all requests together may take.
//!
//! Each body has a limit of its own; without a common one, as many of them as there are connections
//! and streams could be held at the same time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::router::Refused;
use crate::clock::Deadline;

/// What one permit stands for: a semaphore counts to 2^61, but hands out 2^32 at once.
const UNIT: usize = 1024;

/// Room for bodies (`limits.bodiesBytes`).
#[derive(Debug)]
pub struct Bodies {
    room: Arc<Semaphore>,
    units: u32,
}

impl Bodies {
    /// Room for `bytes`, rounded up to whole KiB.
    pub fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = usize::try_from(units).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)), units }
    }

    /// Waits for room for a body of at most `bytes`; it is given back when the result is dropped.
    ///
    /// # Errors
    /// There was none until `deadline`.
    pub(super) async fn hold(
        &self,
        bytes: usize,
        deadline: Deadline,
    ) -> Result<OwnedSemaphorePermit, Refused> {
        // A single body larger than all room waits for all of it.
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        match timeout_at(deadline.instant(), room).await {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(_)) | Err(_) => Err(Refused::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_room_until_their_deadline() {
        let bodies = Bodies::new(8 * UNIT);
        let soon = || Deadline::after(Duration::from_secs(1));
        let first = bodies.hold(6 * UNIT, soon()).await.unwrap();
        assert_eq!(bodies.hold(3 * UNIT, soon()).await.unwrap_err(), Refused::Full);
        drop(bodies.hold(2 * UNIT, soon()).await.unwrap());
        drop(first);
        drop(bodies.hold(3 * UNIT, soon()).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_larger_than_all_room_takes_all_of_it() {
        let bodies = Bodies::new(8 * UNIT);
        let deadline = Deadline::after(Duration::from_secs(1));
        let held = bodies.hold(80 * UNIT, deadline).await.unwrap();
        assert_eq!(bodies.hold(1, deadline).await.unwrap_err(), Refused::Full);
        drop(held);
        drop(bodies.hold(1, Deadline::after(Duration::from_secs(1))).await.unwrap());
    }
}
