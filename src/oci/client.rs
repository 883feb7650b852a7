//! The client: what is asked for, in the words of the distribution specification.

use std::sync::Arc;

use bytes::Bytes;

use super::{BuildFault, Error, Manifest};
use crate::clock::Deadline;
use crate::config::{Credentials, Limits, RegistryAccess, Timeouts};
use crate::image::{Digest, RepositoryName};
use crate::metrics::Metrics;

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The validator it belongs to, for metrics.
    pub validator: Arc<str>,
    /// A CA that replaces the system's roots (`cert`).
    pub ca_pem: Option<String>,
    /// Logins of this validator.
    pub credentials: Credentials,
    /// Which registries are named, and which may be spoken to without TLS.
    pub access: Arc<RegistryAccess>,
    /// Byte and count limits.
    pub limits: Limits,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Tag or digest of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A tag.
    Tag(&'a str),
    /// A digest: the bytes are checked against it.
    Digest(Digest),
}

/// A registry client of one validator.
#[derive(Debug)]
pub struct Client {}

impl Client {
    /// Makes a client. Does no I/O.
    pub fn new(settings: ClientSettings) -> Result<Self, BuildFault> {
        todo!()
    }

    /// Fetches a manifest and hashes it.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: Reference<'_>,
        deadline: Deadline,
    ) -> Result<Manifest, Error> {
        todo!()
    }

    /// Fetches a blob of at most `limit` bytes and checks its digest.
    pub async fn blob(
        &self,
        repository: &RepositoryName,
        digest: Digest,
        limit: usize,
        deadline: Deadline,
    ) -> Result<Bytes, Error> {
        todo!()
    }
}
