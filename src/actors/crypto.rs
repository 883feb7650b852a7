//! Heavy checks on threads of their own: certificate chains, P-384, RSA-4096, whole bundles.
//!
//! One thread for each core, each the only one of its arbiter, so that a ping tells of exactly one
//! thread. There are as many permits as threads: who must wait does so in the order of arrival.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use actix::{Actor, Handler, SyncArbiter, SyncContext};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::messages::{Check, Once, Ping};
use super::slots::{self, Slots};
use super::system::{ActorSystem, StartFault};
use crate::metrics::Metrics;
use crate::validators::CryptoRunner;

/// A check takes milliseconds; a thread that is busy for so long will not come back.
const PING_DEADLINE: Duration = Duration::from_secs(5);

/// Starting a thread takes microseconds; the arbiter that starts it does nothing else for long.
const START_DEADLINE: Duration = Duration::from_secs(5);

/// The crypto workers of the process.
///
/// Started before the configuration is read, because validators are given it then.
#[derive(Debug, Clone)]
pub struct CryptoPool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    workers: Arc<Slots<CryptoWorker>>,
    permits: Semaphore,
}

impl CryptoPool {
    /// Starts one worker for each core.
    pub fn start(system: &Arc<ActorSystem>, metrics: &Arc<Metrics>) -> Result<Self, StartFault> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::start_with(system, metrics, (threads, PING_DEADLINE))
    }

    pub(super) fn start_with(
        system: &Arc<ActorSystem>,
        metrics: &Arc<Metrics>,
        (threads, ping_deadline): (usize, Duration),
    ) -> Result<Self, StartFault> {
        let arbiter = system.quiet_arbiter().clone();
        let workers = Slots::start(
            slots::Settings {
                name: "<crypto>".into(),
                count: threads,
                ping_deadline,
                metrics: Arc::clone(metrics),
            },
            system,
            move |_| {
                let (ready, started) = mpsc::sync_channel(1);
                arbiter.spawn_fn(move || {
                    ready.send(SyncArbiter::start(1, || CryptoWorker)).ok();
                });
                started
                    .recv_timeout(START_DEADLINE)
                    .map_err(|_| StartFault::Ended("a crypto worker"))
            },
        )?;
        Ok(Self(Arc::new(Inner { workers, permits: Semaphore::new(threads.max(1)) })))
    }

    #[cfg(test)]
    pub(super) fn workers(&self) -> &Slots<CryptoWorker> {
        &self.0.workers
    }
}

impl CryptoRunner for CryptoPool {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        let pool = Arc::clone(&self.0);
        async move {
            // Never closed. Without a permit the work is dropped, which its caller sees.
            let Ok(_permit) = pool.permits.acquire().await else {
                return;
            };
            let work: Once = Arc::new(Mutex::new(Some(work)));
            if pool.workers.ask_least_busy(|| Check(Arc::clone(&work))).await.is_none() {
                tracing::error!("no crypto worker answered");
            }
        }
        .boxed()
    }
}

/// The actor around one thread.
#[derive(Debug)]
pub(super) struct CryptoWorker;

impl Actor for CryptoWorker {
    type Context = SyncContext<Self>;
}

impl Handler<Check> for CryptoWorker {
    type Result = ();

    fn handle(&mut self, Check(work): Check, _: &mut Self::Context) {
        let Some(work) = work.lock().take() else {
            return;
        };
        // A panic that left this handler would end the thread for good.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            tracing::error!("a heavy check broke down");
        }
    }
}

impl Handler<Ping> for CryptoWorker {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Self::Context) {}
}
