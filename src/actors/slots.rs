//! Places for actors of one kind: chooses whom to ask, and replaces who does not answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::messages::{Heal, Ping, Watch};
use super::supervisor::{PoolSupervisor, Supervised};
use super::system::{ActorSystem, StartFault};
use crate::metrics::Metrics;

/// How often a message is handed over. A second actor is asked if the first one died with it; a
/// message that kills two is not given to a third.
const ATTEMPTS: usize = 2;

/// How long a message waits for a replacement where every actor is dead.
const HEALING: Duration = Duration::from_millis(250);

/// What slots are made of.
#[derive(Debug)]
pub(super) struct Settings {
    /// For logs and metrics.
    pub(super) name: Arc<str>,
    /// How many actors.
    pub(super) count: usize,
    /// An actor that does not answer a ping for so long is frozen.
    pub(super) ping_deadline: Duration,
    /// Counters.
    pub(super) metrics: Arc<Metrics>,
}

type Launch<A> = dyn Fn(usize) -> Result<Addr<A>, StartFault> + Send + Sync;
type Choose<A> = fn(&Slots<A>) -> Option<Arc<Seat<A>>>;

/// A fixed number of actors of one kind, each in a place where it can be replaced.
pub(super) struct Slots<A: Actor> {
    settings: Settings,
    places: Box<[Slot<A>]>,
    launch: Box<Launch<A>>,
    turn: AtomicUsize,
    healed: Notify,
    supervisor: Addr<PoolSupervisor>,
    this: Weak<dyn Supervised>,
}

struct Slot<A: Actor> {
    seat: ArcSwap<Seat<A>>,
    backoff: Mutex<Backoff>,
}

struct Seat<A: Actor> {
    addr: Addr<A>,
    asked: AtomicUsize,
    replaced: CancellationToken,
}

impl<A> Slots<A>
where
    A: Actor + Handler<Ping>,
    A::Context: ToEnvelope<A, Ping>,
{
    /// Fills every slot and has the system's supervisor watch over them.
    ///
    /// `launch` starts the actor of a slot; it may block.
    pub(super) fn start(
        settings: Settings,
        system: &ActorSystem,
        launch: impl Fn(usize) -> Result<Addr<A>, StartFault> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StartFault> {
        let places = (0..settings.count.max(1))
            .map(|index| launch(index).map(Slot::new))
            .collect::<Result<Box<[_]>, _>>()?;
        let this = Arc::new_cyclic(|weak: &Weak<Self>| {
            let this: Weak<dyn Supervised> = weak.clone();
            Self {
                settings,
                places,
                launch: Box::new(launch),
                turn: AtomicUsize::new(0),
                healed: Notify::new(),
                supervisor: system.supervisor().clone(),
                this,
            }
        });
        this.supervisor.do_send(Watch(Weak::clone(&this.this)));
        Ok(this)
    }

    /// Asks the less busy of two actors; another one if the first dies or is replaced meanwhile.
    ///
    /// `None` if no actor was left to ask. `message` may be made more than once.
    pub(super) async fn ask<M>(&self, message: impl Fn() -> M) -> Option<M::Result>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.ask_with(Self::less_busy_of_two, message).await
    }

    /// As [`Self::ask`], but asks the least busy of all.
    pub(super) async fn ask_least_busy<M>(&self, message: impl Fn() -> M) -> Option<M::Result>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.ask_with(Self::least_busy, message).await
    }

    async fn ask_with<M>(&self, choose: Choose<A>, message: impl Fn() -> M) -> Option<M::Result>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        for _ in 0..ATTEMPTS {
            let Some(seat) = self.living(choose).await else {
                continue;
            };
            let _asked = Asked::count(&seat);
            tokio::select! {
                answer = seat.addr.send(message()) => match answer {
                    Ok(answer) => return Some(answer),
                    Err(_) => self.supervisor.do_send(Heal(Weak::clone(&self.this))),
                },
                () = seat.replaced.cancelled() => {}
            }
        }
        None
    }

    /// A living actor, for which a moment is waited if there is none.
    async fn living(&self, choose: Choose<A>) -> Option<Arc<Seat<A>>> {
        let healed = self.healed.notified();
        tokio::pin!(healed);
        healed.as_mut().enable();
        if let Some(seat) = choose(self) {
            return Some(seat);
        }
        self.supervisor.do_send(Heal(Weak::clone(&self.this)));
        // Healed or not: what counts is whom we find afterwards.
        drop(timeout(HEALING, healed).await);
        choose(self)
    }

    fn less_busy_of_two(&self) -> Option<Arc<Seat<A>>> {
        let turn = scatter(self.turn.fetch_add(1, Ordering::Relaxed));
        let count = self.places.len();
        let one = self.places.get(turn % count)?.seat.load_full();
        let other = self.places.get((turn / count) % count)?.seat.load_full();
        let chosen = if other.load() < one.load() { other } else { one };
        if chosen.lives() { Some(chosen) } else { self.least_busy() }
    }

    fn least_busy(&self) -> Option<Arc<Seat<A>>> {
        self.places
            .iter()
            .map(|slot| slot.seat.load_full())
            .filter(|seat| seat.lives())
            .min_by_key(|seat| seat.load())
    }

    async fn check_slot(self: &Arc<Self>, index: usize, slot: &Slot<A>) {
        // Somebody is at it already; the next round comes.
        let Ok(mut backoff) = slot.backoff.try_lock() else {
            return;
        };
        let seat = slot.seat.load_full();
        let cause = match timeout(self.settings.ping_deadline, seat.addr.send(Ping)).await {
            Ok(Ok(())) => return backoff.found_alive(),
            Ok(Err(_)) => "dead",
            Err(_) => "frozen",
        };
        if !backoff.may_replace() {
            return;
        }
        let this = Arc::clone(self);
        let launched = tokio::task::spawn_blocking(move || (this.launch)(index)).await;
        backoff.replaced();
        match launched {
            Ok(Ok(addr)) => slot.seat.store(Arc::new(Seat::new(addr))),
            Ok(Err(error)) => {
                tracing::error!(%error, pool = %self.settings.name, cause, "cannot replace a worker");
                return;
            }
            Err(fault) => {
                tracing::error!(%fault, pool = %self.settings.name, "starting a worker broke down");
                return;
            }
        }
        self.settings.metrics.worker_replaced(&self.settings.name, cause);
        tracing::warn!(pool = %self.settings.name, cause, "worker replaced");
        // Who still waits for the old one asks the new one.
        seat.replaced.cancel();
        self.healed.notify_waiters();
    }

    #[cfg(test)]
    pub(super) fn addresses(&self) -> Vec<Addr<A>> {
        self.places.iter().map(|slot| slot.seat.load().addr.clone()).collect()
    }
}

#[async_trait]
impl<A> Supervised for Slots<A>
where
    A: Actor + Handler<Ping>,
    A::Context: ToEnvelope<A, Ping>,
{
    async fn check(self: Arc<Self>) {
        let slots = self.places.iter().enumerate();
        join_all(slots.map(|(index, slot)| self.check_slot(index, slot))).await;
    }
}

impl<A: Actor> fmt::Debug for Slots<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<A: Actor> Slot<A> {
    fn new(addr: Addr<A>) -> Self {
        Self { seat: ArcSwap::from_pointee(Seat::new(addr)), backoff: Mutex::default() }
    }
}

impl<A: Actor> Seat<A> {
    fn new(addr: Addr<A>) -> Self {
        Self { addr, asked: AtomicUsize::new(0), replaced: CancellationToken::new() }
    }

    fn load(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn lives(&self) -> bool {
        self.addr.connected()
    }
}

/// Counts a question for as long as it is open.
struct Asked<'a, A: Actor>(&'a Seat<A>);

impl<'a, A: Actor> Asked<'a, A> {
    fn count(seat: &'a Seat<A>) -> Self {
        seat.asked.fetch_add(1, Ordering::Relaxed);
        Self(seat)
    }
}

impl<A: Actor> Drop for Asked<'_, A> {
    fn drop(&mut self) {
        self.0.asked.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Spreads consecutive numbers over all bits (the finaliser of splitmix64), which is random enough
/// for choosing two actors.
fn scatter(turn: usize) -> usize {
    let mut bits = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ (bits >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_choose_every_pair_of_slots() {
        let mut pairs = std::collections::BTreeSet::new();
        for turn in 0..200 {
            let bits = scatter(turn);
            pairs.insert((bits % 3, (bits / 3) % 3));
        }
        assert_eq!(pairs.len(), 9);
    }
}
