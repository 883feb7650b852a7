//! Connaisseur verifies the signatures of every container image that a Kubernetes cluster is asked
//! to run, pins tags to the digests that were verified, and admits or denies.
//!
//! The line that a request takes, left to right (`ARCHITECTURE.md` walks it):
//!
//! ```text
//! http → admission (decode, skips) → policy → cache → actors → validators → oci
//!                         answer, patch ← admission (decision) ←─┘
//! ```
//!
//! `image`, `policy`, `admission` and every `judge` are pure: no I/O, no clock of their own.

pub mod actors;
pub mod admission;
pub mod app;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
mod flights;
pub mod http;
pub mod image;
pub mod metrics;
pub mod oci;
pub mod policy;
pub mod telemetry;
pub mod trust;
pub mod validators;
