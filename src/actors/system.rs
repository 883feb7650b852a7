//! The threads that actors live on, all driven by the one tokio runtime of the process.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, System};
use actix_rt::ArbiterHandle;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::supervisor::PoolSupervisor;

/// An arbiter that runs nothing for so long is frozen: handlers only start tasks.
const PROBE_DEADLINE: Duration = Duration::from_millis(500);

/// How many arbiters at most. They only pass messages; verifications run on the runtime's threads.
const MAX_ARBITERS: usize = 4;

/// Why actors could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFault {
    /// The system refused a thread.
    #[error("cannot start a thread for {what}: {source}")]
    Thread {
        /// What for.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A thread ended before it was of use.
    #[error("the thread for {0} ended while it was starting")]
    Ended(&'static str),
}

/// The actor system: a thread for the supervisor and some arbiters for everybody else.
///
/// Lives as long as the process; several sets of actors may share it.
pub struct ActorSystem {
    runtime: &'static Runtime,
    system: System,
    arbiters: Box<[ArcSwap<ArbiterHandle>]>,
    renewing: Mutex<()>,
    supervisor: Addr<PoolSupervisor>,
}

impl ActorSystem {
    /// Starts the system on threads of its own. `runtime` is multi-threaded and drives everything.
    ///
    /// It is borrowed for ever because actor threads end only with the process.
    pub fn start(runtime: &'static Runtime) -> Result<Arc<Self>, StartFault> {
        const WHAT: &str = "the actor system";
        let (ready, started) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("actors".to_owned())
            .spawn(move || {
                let runner = System::with_tokio_rt(|| runtime);
                if ready.send(System::current()).is_err() {
                    return;
                }
                if let Err(error) = runner.run() {
                    tracing::error!(%error, "the actor system ended");
                }
            })
            .map_err(|source| StartFault::Thread { what: WHAT, source })?;
        let system = started.recv().map_err(|_| StartFault::Ended(WHAT))?;
        let count = thread::available_parallelism().map_or(2, usize::from).clamp(2, MAX_ARBITERS);
        let mut arbiters = Vec::with_capacity(count);
        for _ in 0..count {
            arbiters.push(ArcSwap::from_pointee(new_arbiter(&system, runtime)?));
        }
        let supervisor =
            PoolSupervisor::start_in_arbiter(system.arbiter(), |_| PoolSupervisor::default());
        Ok(Arc::new(Self {
            runtime,
            arbiters: arbiters.into_boxed_slice(),
            renewing: Mutex::new(()),
            supervisor,
            system,
        }))
    }

    /// How many arbiters there are.
    pub(super) fn arbiters(&self) -> usize {
        self.arbiters.len()
    }

    /// The arbiter of a slot, replaced by a new one if it is dead or frozen.
    ///
    /// Blocks for up to [`PROBE_DEADLINE`]: call it where blocking is allowed.
    pub(super) fn live_arbiter(&self, slot: usize) -> Result<ArbiterHandle, StartFault> {
        const WHAT: &str = "an arbiter";
        let seat = self.arbiters.get(slot % self.arbiters.len()).ok_or(StartFault::Ended(WHAT))?;
        // One at a time: the second finds the arbiter that the first one made.
        let _renewing = self.renewing.lock();
        let arbiter = seat.load_full();
        if answers(&arbiter) {
            return Ok(ArbiterHandle::clone(&arbiter));
        }
        let fresh = new_arbiter(&self.system, self.runtime)?;
        seat.store(Arc::new(fresh.clone()));
        // It ends when it thaws. A dead one cannot be told anything, and need not be.
        arbiter.stop();
        Ok(fresh)
    }

    /// The arbiter that nothing but supervision and the queues of crypto workers live on.
    pub(super) fn quiet_arbiter(&self) -> &ArbiterHandle {
        self.system.arbiter()
    }

    pub(super) fn supervisor(&self) -> &Addr<PoolSupervisor> {
        &self.supervisor
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystem")
            .field("arbiters", &self.arbiters.len())
            .finish_non_exhaustive()
    }
}

fn answers(arbiter: &ArbiterHandle) -> bool {
    let (answer, answered) = mpsc::sync_channel(1);
    let sent = arbiter.spawn_fn(move || {
        answer.try_send(()).ok();
    });
    sent && answered.recv_timeout(PROBE_DEADLINE).is_ok()
}

/// Starts an arbiter from a thread of its own, because the one that starts it must belong to the
/// system, which would mark a thread of the caller for ever.
fn new_arbiter(system: &System, runtime: &'static Runtime) -> Result<ArbiterHandle, StartFault> {
    const WHAT: &str = "an arbiter";
    let system = system.clone();
    thread::Builder::new()
        .name("arbiter-start".to_owned())
        .spawn(move || {
            System::set_current(system);
            Arbiter::try_with_tokio_rt(move || Ok(runtime)).map(|arbiter| arbiter.handle())
        })
        .map_err(|source| StartFault::Thread { what: WHAT, source })?
        .join()
        .map_err(|_| StartFault::Ended(WHAT))?
        .map_err(|source| StartFault::Thread { what: WHAT, source })
}
