//! `/ready`: whether the API server should send us reviews, and what is loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use hyper::StatusCode;

use super::router::{Answer, JSON, with_type};

/// Whether we are ready, and for what.
///
/// Ready needs a parsed configuration and a certificate only, and exists only with both; an outage
/// of a registry or of trust material must not take the webhook down with it.
#[derive(Debug)]
pub struct Readiness {
    draining: AtomicBool,
    loaded: ArcSwap<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    generation: u64,
    validators: Vec<Arc<str>>,
}

impl Readiness {
    /// Ready, with the validators of the first configuration.
    pub fn new(validators: Vec<Arc<str>>) -> Arc<Self> {
        Arc::new(Self {
            draining: AtomicBool::new(false),
            loaded: ArcSwap::from_pointee(Loaded { generation: 1, validators }),
        })
    }

    /// Another configuration is in force.
    pub fn reloaded(&self, validators: &[Arc<str>]) {
        self.loaded
            .rcu(|old| Loaded { generation: old.generation + 1, validators: validators.to_vec() });
    }

    /// No more requests, please.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// 200 while requests are wanted, 503 from the moment the process is told to end.
pub(super) fn ready(readiness: &Readiness) -> Answer {
    let ready = !readiness.draining();
    let loaded = readiness.loaded.load();
    let validators: Vec<&str> = loaded.validators.iter().map(AsRef::as_ref).collect();
    let body = serde_json::json!({
        "ready": ready,
        "config": loaded.generation,
        "validators": validators,
    });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_type(status, JSON, body.to_string().into())
}
