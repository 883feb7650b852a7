//! One verification for all who ask for the same verdict at the same time.
//!
//! The first caller's question becomes a task of its own, the flight; everybody waits for it to
//! land, and nobody's leaving ends it. Only the flight takes a permit.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::internal_fault;
use crate::validators::{Fingerprint, Verdict};

/// What is asked: who judges, and the fully qualified name of the image.
pub(super) type Key = (Fingerprint, String);

/// The flights under way.
#[derive(Debug)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<Key, Flight>>,
    limit: usize,
}

/// A seat on a flight.
#[derive(Debug, Clone)]
pub(super) struct Flight(watch::Receiver<Option<Verdict>>);

impl Flights {
    /// At most `limit` at the same time.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { under_way: Mutex::default(), limit })
    }

    /// Boards the flight for `key`, which `lead` flies if none is under way.
    ///
    /// `None` when too many are under way.
    pub(super) fn board<F>(self: &Arc<Self>, key: Key, lead: impl FnOnce() -> F) -> Option<Flight>
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let mut under_way = self.under_way.lock();
        if let Some(flight) = under_way.get(&key) {
            return Some(flight.clone());
        }
        if under_way.len() >= self.limit {
            return None;
        }
        let (land, landing) = watch::channel(None);
        let flight = Flight(landing);
        under_way.insert(key.clone(), flight.clone());
        drop(under_way);
        let entry = Entry { flights: Arc::clone(self), key };
        let leader = lead();
        tokio::spawn(async move {
            let _entry = entry;
            let verdict = leader.await;
            land.send_replace(Some(verdict));
        });
        Some(flight)
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.lock().len()
    }
}

impl Flight {
    /// A flight that never took off, for an answer that is known already.
    pub(super) fn landed(verdict: Verdict) -> Self {
        Self(watch::channel(Some(verdict)).1)
    }

    /// Waits for the verdict.
    pub(super) async fn verdict(mut self) -> Verdict {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(verdict)) => verdict.clone(),
            // The leader ended without a word: it panicked.
            Ok(None) | Err(_) => Err(internal_fault()),
        }
    }
}

/// Takes a flight off the list when it ends, also by a panic.
struct Entry {
    flights: Arc<Flights>,
    key: Key,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.flights.under_way.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::validators::Refusal;

    fn key(name: &str) -> Key {
        (Fingerprint([7; 32]), name.to_owned())
    }

    fn refused(word: &'static str) -> Verdict {
        Err(Refusal::rejected(word, "for a test"))
    }

    #[tokio::test]
    async fn everybody_who_asks_at_the_same_time_waits_for_one_leader() {
        let flights = Flights::new(8);
        let calls = Arc::new(AtomicUsize::new(0));
        let go = Arc::new(Notify::new());
        let boarded: Vec<_> = (0..200)
            .map(|_| {
                let (calls, go) = (Arc::clone(&calls), Arc::clone(&go));
                flights.board(key("a"), || async move {
                    calls.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    refused("unsigned")
                })
            })
            .collect();
        go.notify_one();
        for flight in boarded {
            assert_eq!(flight.expect("room").verdict().await, refused("unsigned"));
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test]
    async fn a_caller_that_leaves_does_not_end_the_flight() {
        let flights = Flights::new(8);
        let (go, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (leader_go, leader_ended) = (Arc::clone(&go), Arc::clone(&ended));
        drop(flights.board(key("a"), || async move {
            leader_go.notified().await;
            leader_ended.notify_one();
            refused("unsigned")
        }));
        go.notify_one();
        ended.notified().await;
    }

    #[tokio::test]
    async fn a_leader_that_panics_frees_its_callers_and_its_entry() {
        let flights = Flights::new(1);
        let flight = flights.board(key("a"), || async { panic!("injected") }).expect("room");
        let verdict = flight.verdict().await;
        assert_eq!(verdict, Err(internal_fault()));
        let again = flights.board(key("a"), || async { refused("unsigned") }).expect("room");
        assert_eq!(again.verdict().await, refused("unsigned"));
    }

    #[tokio::test]
    async fn more_flights_than_the_limit_are_refused_but_boarding_is_not() {
        let flights = Flights::new(1);
        let first = flights.board(key("a"), std::future::pending::<Verdict>);
        assert!(first.is_some());
        assert!(flights.board(key("b"), || async { refused("unsigned") }).is_none());
        assert!(flights.board(key("a"), || async { refused("unsigned") }).is_some());
    }
}
