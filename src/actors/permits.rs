//! Permits of one validator's jobs, shared fairly between registries and namespaces.
//!
//! With plain permits one registry that never answers, or one namespace that rolls out everything
//! at once, would hold all of them until its jobs time out. Here nobody gets the last ones: a party
//! may take one more only while it holds less than [`SHARE`] times what is free. One party alone
//! gets three quarters, two at once get three sevenths each, and whoever comes next finds some.
//!
//! Source: A. K. Choudhury and E. L. Hahne, "Dynamic queue length thresholds for shared-memory
//! packet switches", IEEE/ACM Transactions on Networking 6 (2), 1998.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a party may hold, as a multiple of what is free.
const SHARE: usize = 3;

/// The permits of one validator.
#[derive(Debug)]
pub(super) struct Permits {
    state: Mutex<State>,
    freed: Notify,
}

/// The parties that a job counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parties {
    /// Whose registry may be slow.
    pub(super) registry: Arc<str>,
    /// Who may ask for too much.
    pub(super) namespace: Arc<str>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Only parties that hold something: bounded by the permits.
    registries: HashMap<Arc<str>, usize>,
    namespaces: HashMap<Arc<str>, usize>,
}

/// The right to run one job; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit<'p> {
    permits: &'p Permits,
    parties: Parties,
}

impl Permits {
    pub(super) fn new(count: usize) -> Self {
        let state = State { free: count, registries: HashMap::new(), namespaces: HashMap::new() };
        Self { state: Mutex::new(state), freed: Notify::new() }
    }

    /// Waits until a job of these parties may run. Bound the wait: it may be for ever.
    pub(super) async fn acquire(&self, parties: Parties) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            if self.state.lock().take(&parties) {
                return Permit { permits: self, parties };
            }
            freed.await;
        }
    }
}

impl State {
    fn take(&mut self, parties: &Parties) -> bool {
        let most = self.free.saturating_mul(SHARE);
        let held = |by: &HashMap<Arc<str>, usize>, party| by.get(party).copied().unwrap_or(0);
        let fair = held(&self.registries, &parties.registry) < most
            && held(&self.namespaces, &parties.namespace) < most;
        if fair {
            self.free -= 1;
            *self.registries.entry(Arc::clone(&parties.registry)).or_default() += 1;
            *self.namespaces.entry(Arc::clone(&parties.namespace)).or_default() += 1;
        }
        fair
    }

    fn give_back(&mut self, parties: &Parties) {
        self.free += 1;
        give_back(&mut self.registries, &parties.registry);
        give_back(&mut self.namespaces, &parties.namespace);
    }
}

fn give_back(held: &mut HashMap<Arc<str>, usize>, party: &Arc<str>) {
    match held.get_mut(party) {
        Some(count) if *count > 1 => *count -= 1,
        Some(_) | None => {
            held.remove(party);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.permits.state.lock().give_back(&self.parties);
        // Who may run next depends on who they are: all look. They are bounded by the flights.
        self.permits.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::timeout;

    use super::*;

    fn of(registry: &str, namespace: &str) -> Parties {
        Parties { registry: registry.into(), namespace: namespace.into() }
    }

    /// Takes as many permits as there are at once.
    fn take_all<'p>(permits: &'p Permits, parties: &Parties) -> Vec<Permit<'p>> {
        std::iter::from_fn(|| permits.acquire(parties.clone()).now_or_never()).collect()
    }

    #[tokio::test]
    async fn one_registry_alone_gets_three_quarters_and_the_next_finds_some() {
        let permits = Permits::new(256);
        let hanging = take_all(&permits, &of("hanging.example", "a"));
        assert_eq!(hanging.len(), 192);
        let good = take_all(&permits, &of("good.example", "b"));
        assert_eq!(good.len(), 48);
        assert_eq!(take_all(&permits, &of("third.example", "c")).len(), 12);
    }

    #[tokio::test]
    async fn one_namespace_cannot_take_everything_by_naming_many_registries() {
        let permits = Permits::new(64);
        let mut held = Vec::new();
        for registry in 0..64 {
            held.extend(permits.acquire(of(&format!("r{registry}"), "greedy")).now_or_never());
        }
        assert_eq!(held.len(), 48);
        assert!(permits.acquire(of("r1", "modest")).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_single_permit_is_everybodys() {
        let permits = Permits::new(1);
        let one = permits.acquire(of("a", "a")).now_or_never().expect("free");
        assert!(permits.acquire(of("b", "b")).now_or_never().is_none());
        drop(one);
        assert!(permits.acquire(of("b", "b")).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken_and_nothing_is_kept_of_those_that_left() {
        let permits = Permits::new(4);
        let held = take_all(&permits, &of("a", "a"));
        let waiting = permits.acquire(of("a", "a"));
        let freeing = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(held);
        };
        let (permit, ()) = tokio::join!(timeout(Duration::from_secs(1), waiting), freeing);
        drop(permit.expect("woken"));
        let state = permits.state.lock();
        assert_eq!((state.free, state.registries.len(), state.namespaces.len()), (4, 0, 0));
    }
}
