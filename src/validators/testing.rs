//! What tests of validators share.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{CryptoRunner, Runtime};
use crate::cache::Caches;
use crate::clock::ManualClock;
use crate::config;
use crate::metrics::Metrics;

/// Runs heavy work where it is.
#[derive(Debug)]
struct InPlace;

impl CryptoRunner for InPlace {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        async {}.boxed()
    }
}

/// A runtime with default caches, whose clock stands at the epoch.
pub(super) fn runtime() -> Runtime {
    Runtime {
        clock: Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
        caches: Arc::new(Caches::new(&config::Cache::default())),
        crypto: Arc::new(InPlace),
        metrics: Arc::new(Metrics::default()),
    }
}
