//! Faults are injected in each place where one can happen; time-outs are short, and nothing sleeps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::messages::Ping;
use super::messages::inject::{Freeze, Poison};
use super::worker::Worker;
use super::*;
use crate::config::{Limits, Timeouts};
use crate::validators::Fingerprint;
use actix::Handler;

/// Longer than anything here takes; a test that meets it has failed.
const FAR: Duration = Duration::from_secs(20);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
});

static SYSTEM: LazyLock<Arc<ActorSystem>> =
    LazyLock::new(|| ActorSystem::start(&RUNTIME).expect("an actor system"));

/// Does what a name of an image says.
#[derive(Debug)]
struct Peer {
    fingerprint: u8,
    calls: AtomicUsize,
    begun: Semaphore,
    go: Semaphore,
    ended: Semaphore,
}

impl Peer {
    fn new(fingerprint: u8) -> Arc<Self> {
        Arc::new(Self {
            fingerprint,
            calls: AtomicUsize::new(0),
            begun: Semaphore::new(0),
            go: Semaphore::new(0),
            ended: Semaphore::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn seen(semaphore: &Semaphore) {
        timeout(FAR, semaphore.acquire()).await.expect("in time").expect("open").forget();
    }
}

#[async_trait]
impl Verifier for Peer {
    fn recall(&self, _: &ImageRef, _: Timestamp) -> Option<Verdict> {
        None
    }

    async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Verdict {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.begun.add_permits(1);
        match image.repository().path() {
            "library/panics" => panic!("injected"),
            "library/waits" => self.go.acquire().await.expect("open").forget(),
            "library/hangs" => std::future::pending().await,
            "library/obeys" => {
                tokio::time::sleep_until(deadline.instant()).await;
                return Err(Refusal::inconclusive("obeyed", "ended by itself"));
            }
            _ => {}
        }
        self.ended.add_permits(1);
        Err(Refusal::rejected("unsigned", "for a test"))
    }

    fn meaning(&self) -> String {
        String::new()
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([self.fingerprint; 32])
    }
}

struct Rig {
    actors: Arc<Actors>,
    pool: Arc<ValidatorPool>,
    metrics: Arc<Metrics>,
}

impl Rig {
    fn new(change: impl FnOnce(&mut Limits, &mut Timeouts)) -> Self {
        Self::on(&SYSTEM, change)
    }

    fn on(system: &Arc<ActorSystem>, change: impl FnOnce(&mut Limits, &mut Timeouts)) -> Self {
        let metrics = Arc::new(Metrics::new());
        let mut sections = Sections::default();
        change(&mut sections.limits, &mut sections.timeouts);
        let crypto = CryptoPool::start(system, &metrics).expect("crypto workers");
        let pool = ValidatorPool::start(system, &"v".into(), &sections, &metrics).expect("a pool");
        let pools = Pools::from([("v".into(), Arc::clone(&pool))]);
        let coordinators = start_coordinators(system, pools, &metrics).expect("coordinators");
        let actors = Arc::new(Actors { coordinators, crypto: Arc::new(crypto) });
        Self { actors, pool, metrics }
    }

    async fn ask(&self, peer: &Arc<Peer>, images: &[&str]) -> Vec<Verdict> {
        self.ask_within(peer, images, FAR).await
    }

    async fn ask_within(
        &self,
        peer: &Arc<Peer>,
        images: &[&str],
        within: Duration,
    ) -> Vec<Verdict> {
        let work = images.iter().map(|image| work(peer, image)).collect();
        self.actors.gather(work, Deadline::after(within)).await
    }

    fn counted(&self, line: &str) -> bool {
        self.metrics.encode().lines().any(|found| found == line)
    }
}

fn work(peer: &Arc<Peer>, image: &str) -> Work {
    Work {
        validator: "v".into(),
        verifier: peer.clone(),
        image: Arc::new(image.parse().expect("a reference")),
        namespace: "ns".into(),
    }
}

fn words(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().map(|v| v.as_ref().expect_err("refused").reason().word).collect()
}

/// Waits until the condition holds, looking whenever something else had a chance to run.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < FAR, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn verdicts_come_in_the_order_of_the_work() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(1));
        let images = ["waits", "nginx", "nginx:2"];
        peer.go.add_permits(1);
        assert_eq!(words(&rig.ask(&peer, &images).await), ["unsigned"; 3]);
        assert_eq!(peer.calls(), 3);
        assert!(rig.ask(&peer, &[]).await.is_empty());
    });
}

#[test]
fn two_hundred_questions_for_one_image_verify_it_once() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(2));
        let flights: Vec<_> = (0..200).map(|_| rig.pool.begin(&work(&peer, "waits"))).collect();
        peer.go.add_permits(1);
        for flight in flights {
            assert_eq!(words(&[flight.land().await.unwrap()]), ["unsigned"]);
        }
        assert_eq!(peer.calls(), 1);
    });
}

#[test]
fn one_request_with_the_same_image_twice_verifies_it_once() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(3));
        peer.go.add_permits(1);
        assert_eq!(words(&rig.ask(&peer, &["waits", "waits"]).await), ["unsigned"; 2]);
        assert_eq!(peer.calls(), 1);
    });
}

#[test]
fn two_rules_that_judge_differently_do_not_share_a_verdict() {
    RUNTIME.block_on(async {
        let (rig, one, other) = (Rig::new(|_, _| {}), Peer::new(4), Peer::new(5));
        let work = vec![work(&one, "nginx"), work(&other, "nginx")];
        rig.actors.gather(work, Deadline::after(FAR)).await;
        assert_eq!((one.calls(), other.calls()), (1, 1));
    });
}

#[test]
fn a_panic_in_a_job_fails_that_job_only() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(6));
        let verdicts = rig.ask(&peer, &["nginx", "panics", "nginx:2"]).await;
        assert_eq!(words(&verdicts), ["unsigned", "internal-fault", "unsigned"]);
        let text = verdicts[1].as_ref().expect_err("refused").to_string();
        assert!(!text.contains("injected"), "{text}");
        assert!(rig.counted(r#"connaisseur_jobs{validator="v"} 0"#));
        assert!(!rig.metrics.encode().contains("connaisseur_worker_restarts_total"));
    });
}

#[test]
fn what_is_late_is_a_timeout_and_goes_on() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(7));
        let verdicts = rig.ask_within(&peer, &["nginx", "waits"], Duration::from_secs(1)).await;
        assert_eq!(words(&verdicts), ["unsigned", "timeout"]);
        let text = verdicts[1].as_ref().expect_err("refused").to_string();
        assert!(text.starts_with("inconclusive: not verified within 1."), "{text}");
        assert!(
            text.ends_with(" s; the verification goes on, so that a retry may find its result"),
            "{text}"
        );
        // The caller has left; the job ends all the same.
        Peer::seen(&peer.ended).await;
        peer.go.add_permits(1);
        Peer::seen(&peer.ended).await;
    });
}

#[test]
fn a_request_that_is_dropped_cancels_nothing() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Arc::new(Rig::new(|_, _| {})), Peer::new(8));
        let asking = {
            let (rig, peer) = (Arc::clone(&rig), Arc::clone(&peer));
            tokio::spawn(async move { rig.ask(&peer, &["waits"]).await })
        };
        Peer::seen(&peer.begun).await;
        asking.abort();
        assert!(asking.await.expect_err("aborted").is_cancelled());
        peer.go.add_permits(1);
        Peer::seen(&peer.ended).await;
    });
}

#[test]
fn a_verifier_may_end_by_itself_at_the_deadline_it_is_told() {
    RUNTIME.block_on(async {
        let short = |_: &mut Limits, t: &mut Timeouts| t.image = Duration::from_secs(2);
        let (rig, peer) = (Rig::new(short), Peer::new(9));
        assert_eq!(words(&rig.ask(&peer, &["obeys"]).await), ["obeyed"]);
    });
}

#[test]
fn a_verifier_that_does_not_end_is_ended() {
    RUNTIME.block_on(async {
        let short = |_: &mut Limits, t: &mut Timeouts| t.image = Duration::from_millis(200);
        let (rig, peer) = (Rig::new(short), Peer::new(10));
        let verdicts = rig.ask(&peer, &["hangs"]).await;
        assert_eq!(words(&verdicts), ["timeout"]);
        until("the flight ends", || rig.pool.flights().under_way() == 0).await;
    });
}

#[test]
fn a_full_pool_sheds_within_the_permit_timeout() {
    RUNTIME.block_on(async {
        let one = |l: &mut Limits, t: &mut Timeouts| {
            l.jobs_per_validator = 1;
            t.permit = Duration::from_millis(50);
        };
        let (rig, peer) = (Arc::new(Rig::new(one)), Peer::new(11));
        let first = {
            let (rig, peer) = (Arc::clone(&rig), Arc::clone(&peer));
            tokio::spawn(async move { rig.ask(&peer, &["waits"]).await })
        };
        Peer::seen(&peer.begun).await;
        let begun = Instant::now();
        let shed = rig.ask(&peer, &["nginx"]).await;
        assert!(begun.elapsed() >= Duration::from_millis(50), "a permit is waited for");
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(
            matches!(&shed[..], [Err(Refusal::Overloaded { retry_after, .. })]
                if *retry_after == Duration::from_secs(1)),
            "{shed:?}"
        );
        assert!(rig.counted(r#"connaisseur_sheds_total{validator="v"} 1"#));
        peer.go.add_permits(1);
        assert_eq!(words(&first.await.expect("an answer")), ["unsigned"]);
        assert_eq!(words(&rig.ask(&peer, &["nginx"]).await), ["unsigned"]);
    });
}

#[test]
fn flights_that_wait_for_permits_are_bounded_too() {
    RUNTIME.block_on(async {
        let one = |l: &mut Limits, _: &mut Timeouts| l.jobs_per_validator = 1;
        let (rig, peer) = (Rig::new(one), Peer::new(12));
        let names: Vec<_> = (0..6).map(|n| format!("waits:{n}")).collect();
        let flights: Vec<_> = names.iter().map(|name| rig.pool.begin(&work(&peer, name))).collect();
        assert_eq!(rig.pool.flights().under_way(), 4);
        peer.go.add_permits(6);
        let mut verdicts = Vec::new();
        for flight in flights {
            verdicts.push(flight.land().await.unwrap());
        }
        assert_eq!(words(&verdicts[4..]), ["overloaded"; 2]);
    });
}

#[test]
fn workers_whose_handler_panicked_are_replaced() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(13));
        for worker in rig.pool.workers().addresses() {
            assert!(worker.send(Poison).await.is_err());
        }
        assert_eq!(words(&rig.ask(&peer, &["nginx"]).await), ["unsigned"]);
        until("both are replaced", || {
            rig.counted(r#"connaisseur_worker_restarts_total{pool="v",cause="dead"} 2"#)
        })
        .await;
        for worker in rig.pool.workers().addresses() {
            worker.send(Ping).await.expect("alive");
        }
    });
}

#[test]
fn coordinators_whose_handler_panicked_are_replaced() {
    RUNTIME.block_on(async {
        let (rig, peer) = (Rig::new(|_, _| {}), Peer::new(14));
        let coordinators = rig.actors.coordinators.addresses();
        for coordinator in &coordinators {
            assert!(coordinator.send(Poison).await.is_err());
        }
        assert_eq!(words(&rig.ask(&peer, &["nginx"]).await), ["unsigned"]);
        let line = format!(
            r#"connaisseur_worker_restarts_total{{pool="<coordinators>",cause="dead"}} {}"#,
            coordinators.len()
        );
        until("all are replaced", || rig.counted(&line)).await;
    });
}

#[test]
fn frozen_workers_are_replaced_and_who_waited_for_them_is_served() {
    RUNTIME.block_on(async {
        // A system of its own: what is frozen is an arbiter, and others live on the shared ones.
        let system = ActorSystem::start(&RUNTIME).expect("an actor system");
        let (rig, peer) = (Rig::on(&system, |_, _| {}), Peer::new(15));
        let thaw: Vec<_> = rig
            .pool
            .workers()
            .addresses()
            .into_iter()
            .map(|worker| {
                let (thaw, frozen) = mpsc::channel();
                worker.do_send(Freeze(frozen));
                thaw
            })
            .collect();
        let begun = Instant::now();
        assert_eq!(words(&rig.ask(&peer, &["nginx"]).await), ["unsigned"]);
        assert!(begun.elapsed() < FAR);
        until("a worker is replaced", || {
            rig.metrics.encode().contains(r#"restarts_total{pool="v",cause="frozen"}"#)
        })
        .await;
        drop(thaw);
    });
}

#[test]
fn a_check_that_panics_ends_for_its_caller_and_harms_no_thread() {
    RUNTIME.block_on(async {
        let rig = Rig::new(|_, _| {});
        let crypto = rig.actors.crypto();
        crypto.run(Box::new(|| panic!("injected"))).await;
        let (done, seen) = mpsc::channel();
        crypto.run(Box::new(move || done.send(7).expect("a listener"))).await;
        assert_eq!(seen.try_recv(), Ok(7));
        assert!(!rig.metrics.encode().contains("connaisseur_worker_restarts_total"));
    });
}

#[test]
fn crypto_workers_that_died_are_replaced_and_checks_go_on() {
    RUNTIME.block_on(async {
        let metrics = Arc::new(Metrics::new());
        let crypto = CryptoPool::start_with(&SYSTEM, &metrics, (2, PING_DEADLINE)).expect("two");
        for worker in crypto.workers().addresses() {
            assert!(worker.send(Poison).await.is_err());
        }
        let two = r#"connaisseur_worker_restarts_total{pool="<crypto>",cause="dead"} 2"#;
        until("both are replaced", || metrics.encode().contains(two)).await;
        let (done, seen) = mpsc::channel();
        crypto.run(Box::new(move || done.send(7).expect("a listener"))).await;
        assert_eq!(seen.try_recv(), Ok(7));
    });
}

#[test]
fn a_check_that_never_ends_does_not_hold_up_the_others() {
    RUNTIME.block_on(async {
        let metrics = Arc::new(Metrics::new());
        let short = Duration::from_secs(1);
        let crypto = CryptoPool::start_with(&SYSTEM, &metrics, (1, short)).expect("one");
        let (thaw, frozen) = mpsc::channel::<()>();
        let stuck = crypto.run(Box::new(move || {
            frozen.recv().ok();
        }));
        timeout(FAR, stuck).await.expect("given up when its thread was replaced");
        assert!(
            metrics
                .encode()
                .contains(r#"connaisseur_worker_restarts_total{pool="<crypto>",cause="frozen"} 1"#)
        );
        let (done, seen) = mpsc::channel();
        crypto.run(Box::new(move || done.send(7).expect("a listener"))).await;
        assert_eq!(seen.try_recv(), Ok(7));
        drop(thaw);
    });
}

#[test]
fn checks_run_on_threads_of_their_own_one_for_each_permit() {
    RUNTIME.block_on(async {
        let metrics = Arc::new(Metrics::new());
        let crypto = CryptoPool::start_with(&SYSTEM, &metrics, (2, PING_DEADLINE)).expect("two");
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let wait = || {
            let barrier = Arc::clone(&barrier);
            crypto.run(Box::new(move || {
                barrier.wait();
            }))
        };
        // Each waits for the other: that both end proves that they ran at the same time.
        timeout(FAR, futures_util::future::join(wait(), wait())).await.expect("both at once");
    });
}

macro_rules! breakable {
    ($($actor:ty),*) => { $(
        impl Handler<Poison> for $actor {
            type Result = ();

            fn handle(&mut self, _: Poison, _: &mut Self::Context) {
                panic!("injected");
            }
        }

        impl Handler<Freeze> for $actor {
            type Result = ();

            fn handle(&mut self, Freeze(until): Freeze, _: &mut Self::Context) {
                until.recv().ok();
            }
        }
    )* };
}

breakable!(Worker, Coordinator, crypto::CryptoWorker);
