//! The HTTP layer: listeners, TLS, limits and deadlines around the engine.
//!
//! Decides nothing about images. What it refuses itself are requests that cannot be a review:
//! wrong method, content type, size. It never admits, also when the engine breaks down.

mod bodies;
mod certificates;
mod connection;
mod probes;
mod router;
mod server;
#[cfg(test)]
mod tests;
mod tls;
mod webhook;

pub use bodies::Bodies;
pub use certificates::Certificates;
pub use probes::Readiness;
pub use router::{RequestLimits, Service};
pub use server::{BindFault, Bound, Server, shutdown_signal};
pub use tls::TlsFault;
pub use webhook::Review;
