//! Equal requests that are under way at the same time become one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::Instrument as _;

use super::Error;
use super::origin::Origin;
use crate::clock::Deadline;

/// Work under way, by what it is for.
///
/// Bounded by the number of callers: an entry lives as long as its work does.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    under_way: Arc<Mutex<UnderWay<K, V>>>,
}

type UnderWay<K, V> = HashMap<K, watch::Receiver<Option<V>>>;

/// How a flight ended.
#[derive(Debug, PartialEq, Eq)]
enum Landed<V> {
    /// We began it.
    Led(V),
    /// It was under way already.
    Joined(V),
    /// It ended without a result: it panicked, or the runtime is stopping.
    Crashed,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Arc::default() }
    }
}

impl<K, T> Flights<K, Result<T, Error>>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Joins the flight for `key`, or starts `work` as one, and waits for it until `deadline`.
    ///
    /// # Errors
    /// Those of the work; `Timeout` at the deadline; `Interrupted` if the work panicked.
    pub(super) async fn share<F>(
        &self,
        key: K,
        host: &Origin,
        deadline: Deadline,
        work: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        loop {
            let flight = self.join(key.clone(), &work);
            let Ok(landed) = tokio::time::timeout_at(deadline.instant(), flight).await else {
                return Err(Error::Timeout { host: host.to_string() });
            };
            match landed {
                // It ended at the deadline of whoever began it; ours is later.
                Landed::Joined(Err(Error::Timeout { .. })) if !deadline.remaining().is_zero() => {}
                Landed::Led(result) | Landed::Joined(result) => return result,
                Landed::Crashed => {
                    return Err(Error::Interrupted { host: host.to_string() });
                }
            }
        }
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Joins the flight for `key`, or starts `work` as one.
    ///
    /// The work is a task of its own: a caller that goes away, the first included, stops nobody
    /// else's.
    async fn join<F>(&self, key: K, work: impl FnOnce() -> F) -> Landed<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let (mut result, led) = self.board(key, work);
        let value = match result.wait_for(Option::is_some).await {
            Ok(value) => value.clone(),
            Err(_gone) => None,
        };
        match value {
            Some(value) if led => Landed::Led(value),
            Some(value) => Landed::Joined(value),
            None => Landed::Crashed,
        }
    }

    fn board<F>(&self, key: K, work: impl FnOnce() -> F) -> (watch::Receiver<Option<V>>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = self.under_way.lock();
        if let Some(result) = under_way.get(&key) {
            return (result.clone(), false);
        }
        let (sender, result) = watch::channel(None);
        under_way.insert(key.clone(), result.clone());
        drop(under_way);
        let entry = EntryGuard { key, under_way: Arc::clone(&self.under_way) };
        let work = work();
        let task = async move {
            let value = work.await;
            // First out of the map: who comes after the result was made starts anew.
            drop(entry);
            sender.send_replace(Some(value));
        };
        tokio::spawn(task.in_current_span());
        (result, true)
    }
}

/// Takes the entry out of the map, also when the work panics or is cancelled.
struct EntryGuard<K: Eq + Hash, V> {
    key: K,
    under_way: Arc<Mutex<UnderWay<K, V>>>,
}

impl<K: Eq + Hash, V> Drop for EntryGuard<K, V> {
    fn drop(&mut self) {
        self.under_way.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    async fn slow(value: u32) -> u32 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        value
    }

    #[tokio::test(start_paused = true)]
    async fn callers_at_the_same_time_share_one_flight() {
        let flights = Flights::<&str, u32>::default();
        let started = AtomicUsize::new(0);
        let callers = (0..50).map(|_| {
            flights.join("key", || {
                started.fetch_add(1, Ordering::Relaxed);
                slow(7)
            })
        });
        let landed = futures_util::future::join_all(callers).await;
        assert_eq!(started.load(Ordering::Relaxed), 1);
        assert_eq!(landed.iter().filter(|landed| **landed == Landed::Led(7)).count(), 1);
        assert_eq!(landed.iter().filter(|landed| **landed == Landed::Joined(7)).count(), 49);
        assert!(flights.under_way.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_caller_starts_anew() {
        let flights = Flights::<&str, u32>::default();
        assert_eq!(flights.join("key", || slow(1)).await, Landed::Led(1));
        assert_eq!(flights.join("key", || slow(2)).await, Landed::Led(2));
    }

    #[tokio::test(start_paused = true)]
    async fn different_keys_do_not_wait_for_each_other() {
        let flights = Flights::<&str, u32>::default();
        let both = tokio::join!(flights.join("a", || slow(1)), flights.join("b", || slow(2)));
        assert_eq!(both, (Landed::Led(1), Landed::Led(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_goes_away_does_not_stop_the_others() {
        let flights = Flights::<&str, u32>::default();
        let leader = flights.join("key", || slow(7));
        let impatient = tokio::time::timeout(Duration::from_millis(10), leader);
        let (gone, follower) = tokio::join!(impatient, flights.join("key", || slow(8)));
        assert!(gone.is_err());
        assert_eq!(follower, Landed::Joined(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_one_flight_and_no_later_one() {
        let flights = Flights::<&str, u32>::default();
        let crash = || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            panic!("injected")
        };
        let both = tokio::join!(flights.join("key", crash), flights.join("key", || slow(8)));
        assert_eq!(both, (Landed::Crashed, Landed::Crashed));
        assert_eq!(flights.join("key", || slow(9)).await, Landed::Led(9));
    }
}
