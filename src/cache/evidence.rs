//! Bytes by their digest. (owner: validators)
use bytes::Bytes;

use crate::config;
use crate::image::Digest;

/// Manifests and blobs by the digest of their bytes. An entry is checked before it is put in, so it is its own proof.
#[derive(Debug)]
pub struct Evidence {}

impl Evidence {
    pub(super) fn new(_settings: &config::Cache) -> Self {
        todo!()
    }

    /// The bytes with this digest.
    pub fn get(&self, digest: Digest) -> Option<Bytes> {
        todo!()
    }

    /// Keeps bytes under the digest that is computed here.
    pub fn put(&self, bytes: Bytes) -> Digest {
        todo!()
    }
}
