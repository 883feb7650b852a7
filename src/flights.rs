//! Equal work that is under way at the same time becomes one.
//!
//! The first caller's question becomes a task of its own, the flight; everybody waits for it to
//! land, and nobody's leaving ends it, the first caller's included.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::Instrument as _;

/// Work under way, by what it is for. An entry lives as long as its work does.
pub(crate) struct Flights<K, V> {
    under_way: Arc<Mutex<UnderWay<K, V>>>,
    limit: usize,
}

type UnderWay<K, V> = HashMap<K, watch::Receiver<Option<V>>>;

/// A seat on a flight.
#[derive(Debug, Clone)]
pub(crate) struct Flight<V> {
    landing: watch::Receiver<Option<V>>,
    led: bool,
}

/// Bounded by the number of callers only, for work that has a bound elsewhere.
impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Arc::default(), limit: usize::MAX }
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("under_way", &self.under_way.lock().len())
            .field("limit", &self.limit)
            .finish()
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// At most `limit` at the same time.
    pub(crate) fn at_most(limit: usize) -> Self {
        Self { under_way: Arc::default(), limit }
    }

    /// Boards the flight for `key`, which `lead` flies if none is under way.
    ///
    /// `None` when too many are under way.
    pub(crate) fn board<F>(&self, key: K, lead: impl FnOnce() -> F) -> Option<Flight<V>>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = self.under_way.lock();
        if let Some(landing) = under_way.get(&key) {
            return Some(Flight { landing: landing.clone(), led: false });
        }
        if under_way.len() >= self.limit {
            return None;
        }
        let (land, landing) = watch::channel(None);
        under_way.insert(key.clone(), landing.clone());
        drop(under_way);
        let entry = Entry { key, under_way: Arc::clone(&self.under_way) };
        let work = lead();
        let task = async move {
            let value = work.await;
            // First off the list: who comes after the result was made starts anew.
            drop(entry);
            land.send_replace(Some(value));
        };
        tokio::spawn(task.in_current_span());
        Some(Flight { landing, led: true })
    }

    /// Tells whether the flight for `key` is under way.
    pub(crate) fn is_under_way(&self, key: &K) -> bool {
        self.under_way.lock().contains_key(key)
    }

    #[cfg(test)]
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.lock().len()
    }
}

impl<V: Clone> Flight<V> {
    /// A flight that never took off, for an answer that is known already.
    pub(crate) fn landed(value: V) -> Self {
        Self { landing: watch::channel(Some(value)).1, led: true }
    }

    /// Whether it was begun for this seat.
    pub(crate) fn led(&self) -> bool {
        self.led
    }

    /// Waits for the result. `None`: it ended without one, by a panic or because the runtime stops.
    pub(crate) async fn land(mut self) -> Option<V> {
        self.landing.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
    }
}

/// Takes a flight off the list, also when its work panics or is cancelled.
struct Entry<K: Eq + Hash, V> {
    key: K,
    under_way: Arc<Mutex<UnderWay<K, V>>>,
}

impl<K: Eq + Hash, V> Drop for Entry<K, V> {
    fn drop(&mut self) {
        self.under_way.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    async fn slow(value: u32) -> u32 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        value
    }

    #[tokio::test(start_paused = true)]
    async fn callers_at_the_same_time_share_one_flight() {
        let flights = Flights::<&str, u32>::default();
        let started = AtomicUsize::new(0);
        let seats: Vec<_> = (0..200)
            .filter_map(|_| {
                flights.board("key", || {
                    started.fetch_add(1, Ordering::Relaxed);
                    slow(7)
                })
            })
            .collect();
        assert_eq!(seats.iter().filter(|seat| seat.led()).count(), 1);
        let landed = futures_util::future::join_all(seats.into_iter().map(Flight::land)).await;
        assert_eq!(landed, vec![Some(7); 200]);
        assert_eq!((started.load(Ordering::Relaxed), flights.under_way()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_caller_starts_anew() {
        let flights = Flights::<&str, u32>::default();
        assert_eq!(flights.board("key", || slow(1)).unwrap().land().await, Some(1));
        assert_eq!(flights.board("key", || slow(2)).unwrap().land().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn different_keys_do_not_wait_for_each_other() {
        let flights = Flights::<&str, u32>::default();
        let (a, b) = (flights.board("a", || slow(1)), flights.board("b", || slow(2)));
        assert_eq!(tokio::join!(a.unwrap().land(), b.unwrap().land()), (Some(1), Some(2)));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_does_not_end_the_flight() {
        let flights = Flights::<&str, u32>::at_most(8);
        let (go, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (leader_go, leader_ended) = (Arc::clone(&go), Arc::clone(&ended));
        drop(flights.board("a", || async move {
            leader_go.notified().await;
            leader_ended.notify_one();
            7
        }));
        go.notify_one();
        ended.notified().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_one_flight_and_no_later_one() {
        let flights = Flights::<&str, u32>::default();
        let crash = || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            panic!("injected")
        };
        let (first, second) = (flights.board("key", crash), flights.board("key", || slow(8)));
        assert_eq!(tokio::join!(first.unwrap().land(), second.unwrap().land()), (None, None));
        assert_eq!(flights.board("key", || slow(9)).unwrap().land().await, Some(9));
    }

    #[tokio::test]
    async fn more_flights_than_the_limit_are_refused_but_boarding_is_not() {
        let flights = Flights::<&str, u32>::at_most(1);
        let first = flights.board("a", std::future::pending::<u32>);
        assert!(first.is_some());
        assert!(flights.board("b", || slow(1)).is_none());
        assert!(flights.board("a", || slow(1)).is_some());
    }
}
