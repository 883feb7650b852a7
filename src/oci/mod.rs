//! A thin registry client: manifests and blobs, every byte counted and hashed.
//!
//! Knows nothing of signatures. One client for each validator, so that credentials, CA, permits
//! and breakers of one never serve another.

mod address;
mod auth;
mod breaker;
mod client;
mod error;
mod manifest;
mod transport;

pub use client::{Client, ClientSettings, Reference};
pub use error::{BuildFault, Error};
pub use manifest::{Descriptor, ImageManifest, Manifest, MediaType};
