//! The loop: rounds, failures, crypto workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::image::Digest;
use crate::validators::{CryptoRunner, Verdict, testing};

/// Runs the work, or loses it as a worker does that panics.
#[derive(Debug, Default)]
struct Crypto {
    runs: AtomicUsize,
    loses: bool,
}

impl CryptoRunner for Crypto {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        if !self.loses {
            work();
        }
        async {}.boxed()
    }
}

/// Wants to count to `wanted`.
struct Counter {
    wanted: usize,
    heavy: bool,
}

impl Judge for Counter {
    type Proven = Verified;
    type Name = usize;
    type Evidence = usize;

    fn judge(&self, evidence: &usize, now: Timestamp) -> Step<usize> {
        if *evidence < self.wanted {
            return Step::Needs(BTreeSet::from([*evidence]));
        }
        Step::Done(Ok(Verified::new(Digest::of(b"image"), now, now + Duration::from_secs(1))))
    }

    fn is_heavy(&self, _evidence: &usize) -> bool {
        self.heavy
    }

    fn max_rounds(&self) -> usize {
        3
    }
}

/// Counts up; fails at `fails_at`.
struct Source {
    fetched: AtomicUsize,
    fails_at: usize,
}

#[async_trait]
impl Fetch<Counter> for Source {
    async fn fetch(&self, names: BTreeSet<usize>, evidence: &mut usize) -> Result<(), Refusal> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        if names.contains(&self.fails_at) {
            return Err(Refusal::inconclusive("registry-timeout", "no answer"));
        }
        *evidence += 1;
        Ok(())
    }
}

async fn count(
    wanted: usize,
    heavy: bool,
    fails_at: usize,
    loses: bool,
) -> (Verdict, usize, usize) {
    let crypto = Arc::new(Crypto { loses, ..Crypto::default() });
    let runtime = Runtime { crypto: crypto.clone(), ..testing::runtime() };
    let source = Source { fetched: AtomicUsize::new(0), fails_at };
    let (verdict, _) = drive(&Arc::new(Counter { wanted, heavy }), &source, &runtime).await;
    if let Ok(verified) = &verdict {
        assert_eq!(verified.judged_at(), runtime.clock.now());
    }
    (verdict, source.fetched.into_inner(), crypto.runs.load(Ordering::Relaxed))
}

fn word(verdict: &Verdict) -> &'static str {
    verdict.as_ref().map_or_else(|refusal| refusal.reason().word, |_| "verified")
}

#[tokio::test]
async fn evidence_is_fetched_round_by_round_until_it_suffices() {
    for wanted in 0..=3 {
        let (verdict, fetched, heavy_runs) = count(wanted, false, usize::MAX, false).await;
        assert_eq!((word(&verdict), fetched, heavy_runs), ("verified", wanted, 0));
    }
}

#[tokio::test]
async fn evidence_that_asks_without_end_is_inconclusive() {
    let (verdict, fetched, _) = count(usize::MAX, false, usize::MAX, false).await;
    assert_eq!((word(&verdict), fetched), ("internal-fault", 3));
    assert!(matches!(verdict, Err(Refusal::Inconclusive(_))));
}

#[tokio::test]
async fn what_cannot_be_fetched_ends_the_loop() {
    let (verdict, fetched, _) = count(3, false, 1, false).await;
    assert_eq!((word(&verdict), fetched), ("registry-timeout", 2));
}

#[tokio::test]
async fn heavy_judging_goes_to_a_crypto_worker_each_time() {
    let (verdict, _, heavy_runs) = count(2, true, usize::MAX, false).await;
    assert_eq!((word(&verdict), heavy_runs), ("verified", 3));
}

#[tokio::test]
async fn a_crypto_worker_that_dies_makes_it_inconclusive() {
    let (verdict, _, _) = count(0, true, usize::MAX, true).await;
    assert_eq!(word(&verdict), "internal-fault");
    assert!(matches!(verdict, Err(Refusal::Inconclusive(_))));
}
