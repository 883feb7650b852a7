//! What tests of validators share.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{CryptoRunner, Runtime};
use crate::cache::Caches;
use crate::clock::ManualClock;
use crate::config::{self, Fields, LoadContext, Node, Problems, RegistryAccess, Secrets, Sections};
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

/// Reads `yaml` as the fields of a validator called `sigs`, and gives what is wrong with them.
pub(super) fn read<T>(
    yaml: &str,
    read: impl FnOnce(&mut Fields<'_>, &LoadContext<'_>) -> T,
) -> (T, Vec<String>) {
    let node: Node = serde_saphyr::from_str(yaml).unwrap();
    let problems = Problems::default();
    let mut fields = Fields::of(&node, "the validator", &problems).unwrap();
    let (sections, access) = (Sections::default(), Arc::new(RegistryAccess::default()));
    let value = read(
        &mut fields,
        &LoadContext {
            name: "sigs",
            sections: &sections,
            access: &access,
            secrets: &Secrets::new(PathBuf::from("/nowhere")),
            runtime: &runtime(),
        },
    );
    fields.finish();
    let problems = problems.into_sorted().into_iter();
    (value, problems.map(|problem| problem.what).collect())
}
