//! The kinds of validator, and what each must do.
//!
//! A new one is a folder, a row of [`TYPES`], an example in `config/examples` and a page in
//! `docs/validators`. Every validator has three rooms: *options* (parsed when the file is read),
//! *fetch* (talks to the world) and *judge* (pure).

pub mod cosign;
mod drive;
mod fingerprint;
mod notaryv1;
mod static_validator;
#[cfg(test)]
mod testing;
mod trust_roots;
mod unobtained;
mod verdict;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub use static_validator::Approval;
pub use verdict::{NO_SIGNATURE, Reason, Refusal, Verdict, Verified};

use crate::cache::Caches;
use crate::clock::{Clock, Deadline};
use crate::config::{Fields, LoadContext};
use crate::image::ImageRef;
use crate::metrics::Metrics;
use crate::policy::JudgedBy;

/// One row of the registry of validator types.
#[derive(Debug)]
pub struct ValidatorType {
    /// The word after `type:`.
    pub name: &'static str,
    /// One line for `connaisseur schema` and error messages.
    pub doc: &'static str,
    /// The JSON schema of the validator's own fields and of its `with:` options.
    pub schema: fn() -> TypeSchema,
    /// Reads the validator's own fields. Problems go to `fields`, each with its place; `None` then.
    pub parse: fn(&mut Fields<'_>, &LoadContext<'_>) -> Option<Arc<dyn Validator>>,
}

/// The JSON schemas of one type: `properties` of the validator entry and of `with:`.
#[derive(Debug, Clone)]
pub struct TypeSchema {
    /// Object schema of the validator's fields, without `name` and `type`.
    pub validator: serde_json::Value,
    /// Object schema of its rule options, without `mode` and `detectionMode`.
    pub with: serde_json::Value,
}

/// Every type that a configuration may name, in the order of the documentation.
pub const TYPES: &[ValidatorType] = &[static_validator::TYPE, notaryv1::TYPE, cosign::TYPE];

/// A configured validator: trust roots and places to look, before any rule uses it.
pub trait Validator: Debug + Send + Sync {
    /// Binds the `with:` options of one rule. Options of other types are left unread: the caller
    /// reports them. Problems go to `with`; `None` then.
    fn bind(&self, with: &mut Fields<'_>) -> Option<JudgedBy>;
}

/// A validator bound to the options of one rule.
#[async_trait]
pub trait Verifier: Debug + Send + Sync {
    /// The verdict that caches alone can give now, without waiting.
    fn recall(&self, image: &ImageRef, now: Timestamp) -> Option<Verdict>;

    /// Verifies one image, and remembers what may be remembered. Runs as a job under its own
    /// deadline (`timeouts.image`), never under a caller's.
    async fn verify(&self, image: &ImageRef, deadline: Deadline) -> Verdict;

    /// What it wants to see, in a few words for `connaisseur check`.
    fn meaning(&self) -> String;

    /// Equal for two verifiers exactly if they would give the same verdicts: validator, options
    /// and content hash of the trust material.
    fn fingerprint(&self) -> Fingerprint;
}

/// Identifies a rule's way of judging (see [`Verifier::fingerprint`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Runs checks that would hold up the threads that move bytes: chains, P-384, RSA-4096.
pub trait CryptoRunner: Debug + Send + Sync {
    /// Runs `work` on a crypto worker. The future ends when the work did, or when it panicked:
    /// callers learn their result through what `work` captured, and treat its absence as a fault.
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()>;
}

/// What every validator of one process shares.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Evidence, names and verdicts.
    pub caches: Arc<Caches>,
    /// Runs heavy checks.
    pub crypto: Arc<dyn CryptoRunner>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}
