//! Manifests and blobs by the digest of their bytes.
//!
//! The digest is computed when bytes are put in, so an entry is its own proof and never expires.
//! Which bytes are kept under pressure is decided by how often they are asked for: bytes that a
//! stranger makes us fetch once do not push out those that every rollout needs.

use bytes::Bytes;
use moka::sync::Cache;

use super::{Hasher, weight};
use crate::config;
use crate::image::Digest;

/// Bytes by their digest, bounded by bytes.
#[derive(Debug)]
pub struct Evidence {
    entries: Cache<Digest, Bytes, Hasher>,
}

impl Evidence {
    pub(super) fn new(settings: &config::Cache) -> Self {
        let entries = Cache::builder()
            .max_capacity(settings.evidence_bytes)
            .weigher(|_: &Digest, bytes: &Bytes| weight(size_of::<Digest>() + bytes.len()))
            .build_with_hasher(Hasher::default());
        Self { entries }
    }

    /// The bytes with this digest.
    pub fn get(&self, digest: Digest) -> Option<Bytes> {
        self.entries.get(&digest)
    }

    /// Keeps bytes under the digest that is computed here.
    ///
    /// They are copied: a slice would keep the whole answer alive that it was cut from, and the
    /// bound would count only the slice.
    pub fn put(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.entries.insert(digest, Bytes::copy_from_slice(bytes));
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(evidence_bytes: u64) -> Evidence {
        Evidence::new(&config::Cache { evidence_bytes, ..config::Cache::default() })
    }

    #[test]
    fn bytes_are_found_only_under_the_digest_that_was_computed_from_them() {
        let evidence = evidence(1 << 20);
        let digest = evidence.put(b"payload");

        assert_eq!(digest, Digest::of(b"payload"));
        assert_eq!(evidence.get(digest).as_deref(), Some(&b"payload"[..]));
        assert_eq!(evidence.get(Digest::of(b"other")), None);
    }

    #[test]
    fn evidence_is_bounded_by_bytes() {
        let evidence = evidence(64 * 1024);
        for number in 0_u32..1000 {
            let mut bytes = vec![0; 1024];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            evidence.put(&bytes);
        }
        evidence.entries.run_pending_tasks();

        assert!(evidence.entries.weighted_size() <= 64 * 1024);
        assert!(evidence.entries.entry_count() > 0);
    }

    #[test]
    fn bytes_larger_than_the_bound_are_not_kept() {
        let evidence = evidence(1024);
        let digest = evidence.put(&[7; 2048]);
        evidence.entries.run_pending_tasks();

        assert_eq!(evidence.get(digest), None);
    }
}
