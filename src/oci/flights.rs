//! Equal requests that are under way at the same time become one.

use std::hash::Hash;

use super::Error;
use super::origin::Origin;
use crate::clock::Deadline;
use crate::flights::Flights;

/// Joins the flight for `key`, or starts `work` as one, and waits for it until `deadline`.
///
/// # Errors
/// Those of the work; `Timeout` at the deadline; `Interrupted` if the work panicked.
pub(super) async fn share<K, T, F>(
    flights: &Flights<K, Result<T, Error>>,
    key: K,
    (host, deadline): (&Origin, Deadline),
    work: impl Fn() -> F,
) -> Result<T, Error>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    loop {
        let interrupted = || Error::Interrupted { host: host.to_string() };
        let flight = flights.board(key.clone(), &work).ok_or_else(interrupted)?;
        let led = flight.led();
        let Ok(landed) = tokio::time::timeout_at(deadline.instant(), flight.land()).await else {
            return Err(Error::Timeout { host: host.to_string() });
        };
        match landed {
            // It ended at the deadline of whoever began it; ours is later.
            Some(Err(Error::Timeout { .. })) if !led && !deadline.remaining().is_zero() => {}
            Some(result) => return result,
            None => return Err(interrupted()),
        }
    }
}
