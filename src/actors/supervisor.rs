//! Watches over everything that can die: pings in rounds, and at once when somebody found a corpse.
//!
//! actix's own supervisor does not restart an actor whose handler panicked, so we replace actors
//! ourselves. What a check does is known to [`Supervised`]; here is only when.

use std::fmt::Debug;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler};
use async_trait::async_trait;

use super::messages::{Heal, Watch};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);

/// Something that can find and replace its own dead.
#[async_trait]
pub(super) trait Supervised: Debug + Send + Sync {
    /// Pings every worker and replaces those that are dead or frozen.
    async fn check(self: Arc<Self>);
}

/// The actor that keeps the rounds. Its handlers only start tasks, so that no check can harm it.
#[derive(Debug, Default)]
pub(super) struct PoolSupervisor {
    watched: Vec<Weak<dyn Supervised>>,
}

impl Actor for PoolSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(ROUND, |supervisor, _| supervisor.round());
    }
}

impl PoolSupervisor {
    fn round(&mut self) {
        self.watched.retain(|weak| match weak.upgrade() {
            Some(pool) => {
                check(pool);
                true
            }
            None => false,
        });
    }
}

impl Handler<Watch> for PoolSupervisor {
    type Result = ();

    fn handle(&mut self, Watch(pool): Watch, _: &mut Self::Context) {
        self.watched.push(pool);
    }
}

impl Handler<Heal> for PoolSupervisor {
    type Result = ();

    fn handle(&mut self, Heal(pool): Heal, _: &mut Self::Context) {
        if let Some(pool) = pool.upgrade() {
            check(pool);
        }
    }
}

fn check(pool: Arc<dyn Supervised>) {
    drop(tokio::spawn(pool.check()));
}
