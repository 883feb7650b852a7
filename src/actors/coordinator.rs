//! Gathers the verdicts of one request under its deadline.
//!
//! Several instances, chosen without a router. A request that caches can answer never comes here.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use actix_rt::ArbiterHandle;
use tokio::time::{Instant, timeout_at};

use super::messages::{Gather, Ping};
use super::pool::ValidatorPool;
use super::{Work, internal_fault, timed_out};
use crate::flights::Flight;
use crate::validators::Verdict;

/// The pools by the name of their validator.
pub(super) type Pools = BTreeMap<Arc<str>, Arc<ValidatorPool>>;

/// The actor that serves one request with one message.
#[derive(Debug)]
pub(super) struct Coordinator {
    pools: Arc<Pools>,
}

impl Coordinator {
    /// Starts a coordinator on an arbiter.
    pub(super) fn launch(arbiter: &ArbiterHandle, pools: &Arc<Pools>) -> Addr<Self> {
        let coordinator = Self { pools: Arc::clone(pools) };
        Self::start_in_arbiter(arbiter, move |_| coordinator)
    }
}

impl Actor for Coordinator {
    type Context = Context<Self>;
}

impl Handler<Gather> for Coordinator {
    type Result = ResponseFuture<Vec<Verdict>>;

    fn handle(&mut self, message: Gather, _: &mut Self::Context) -> Self::Result {
        let pools = Arc::clone(&self.pools);
        let count = message.work.len();
        let task = tokio::spawn(gather(pools, message));
        Box::pin(async move {
            task.await.unwrap_or_else(|fault| {
                tracing::error!(panicked = fault.is_panic(), "gathering verdicts broke down");
                vec![Err(internal_fault()); count]
            })
        })
    }
}

impl Handler<Ping> for Coordinator {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Self::Context) {}
}

async fn gather(pools: Arc<Pools>, Gather { work, deadline }: Gather) -> Vec<Verdict> {
    let begun = Instant::now();
    let flights: Vec<_> = work.iter().map(|work| begin(&pools, work)).collect();
    let mut verdicts = Vec::with_capacity(flights.len());
    // All fly already, and one moment ends the wait for each: to wait for them in turn is enough.
    for flight in flights {
        let landed = timeout_at(deadline.instant(), flight.land()).await;
        verdicts.push(match landed {
            Ok(Some(verdict)) => verdict,
            // The leader ended without a word: it panicked.
            Ok(None) => Err(internal_fault()),
            Err(_late) => Err(timed_out(begun.elapsed())),
        });
    }
    verdicts
}

fn begin(pools: &Pools, work: &Work) -> Flight<Verdict> {
    if let Some(pool) = pools.get(&work.validator) {
        return pool.begin(work);
    }
    // Rules are bound to configured validators when the file is read.
    tracing::error!(validator = %work.validator, "a rule names a validator without a pool");
    Flight::landed(Err(internal_fault()))
}
