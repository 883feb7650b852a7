//! A thin registry client: manifests, blobs and the files of a notary, every byte counted and hashed.
//!
//! Knows nothing of signatures. One client for each validator, so that credentials, CA, permits
//! and breakers of one never serve another.
//!
//! ```text
//! client    what is asked for; one flight for equal requests
//!   fetch       retries, the 401 that a challenge answers, redirects
//!     auth        which Authorization, for whom; tokens
//!     transport   one exchange: address guard, permit, breaker, time limit, byte limit, hash
//! ```

mod address;
mod auth;
mod body;
mod breaker;
mod cause;
mod challenge;
mod client;
mod error;
mod fetch;
mod flights;
mod hosts;
mod manifest;
mod origin;
mod redirect;
mod retry;
mod self_signed;
mod service;
mod target;
mod tls;
mod token;
mod transport;

#[cfg(test)]
mod tests;

pub use client::{Client, ClientSettings, File, Reference};
pub use error::{BuildFault, Error};
pub use manifest::{Descriptor, ImageManifest, Manifest, MediaType, UnreadableManifest};
pub use service::{Service, ServiceFault};
