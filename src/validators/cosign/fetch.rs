//! Fetches what the judge asks for: the signature manifest, payloads, whether the image is there.
//!
//! Judges nothing. Everything is taken from the caches first where the caller allows it, and every
//! byte carries the digest under which it was asked for.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream;

use super::Shared;
use super::candidates::{Candidates, PAYLOAD_BYTES};
use super::judge::{Case, Evidence, EvidenceName, Payload, Signatures};
use super::payload;
use crate::cache::Name;
use crate::clock::Deadline;
use crate::image::{Digest, RepositoryName};
use crate::metrics::CacheKind;
use crate::oci::{Error, Reference};
use crate::validators::Refusal;
use crate::validators::drive::{Fetch, Freshness};

/// Payloads fetched at the same time, so that one image does not take all permits of a host.
const PARALLEL: usize = 8;

/// Fetches for one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fetcher<'a> {
    pub(super) shared: &'a Shared,
    pub(super) repository: &'a RepositoryName,
    pub(super) freshness: Freshness,
    pub(super) deadline: Deadline,
}

/// What a tag names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolved {
    pub(super) digest: Digest,
    /// It comes from the cache of names.
    pub(super) remembered: bool,
}

impl Fetcher<'_> {
    /// What `tag` names; `None` if the registry says that there is no such tag.
    pub(super) async fn resolve(&self, tag: &str) -> Result<Option<Resolved>, Refusal> {
        if let Some(digest) = self.remembered(tag) {
            return Ok(Some(Resolved { digest, remembered: true }));
        }
        let digest = self.manifest_by_tag(tag).await?.map(|(digest, _)| digest);
        Ok(digest.map(|digest| Resolved { digest, remembered: false }))
    }

    /// What the cache of names holds, where that will do.
    fn remembered(&self, tag: &str) -> Option<Digest> {
        let runtime = &self.shared.runtime;
        match self.freshness {
            Freshness::Fresh => None,
            Freshness::Remembered => {
                let digest = runtime.caches.names.get(&self.name(tag), runtime.clock.now());
                runtime.metrics.cache_lookup(CacheKind::Names, digest.is_some());
                digest
            }
        }
    }

    /// Asks the registry, and remembers what it said of the tag.
    async fn manifest_by_tag(&self, tag: &str) -> Result<Option<(Digest, bytes::Bytes)>, Refusal> {
        let names = &self.shared.runtime.caches.names;
        let reference = Reference::Tag(tag);
        match self.shared.client.manifest(self.repository, reference, self.deadline).await {
            Ok(manifest) => {
                names.put(&self.name(tag), manifest.digest, self.shared.runtime.clock.now());
                Ok(Some((manifest.digest, manifest.bytes)))
            }
            Err(Error::NotFound { .. }) => {
                names.forget(&self.name(tag));
                Ok(None)
            }
            Err(error) => Err(Refusal::from(&error)),
        }
    }

    async fn signatures(&self, image: Digest, evidence: &mut Evidence) -> Result<(), Refusal> {
        let tag = super::signature_tag(image);
        let cached = self.remembered(&tag).and_then(|digest| self.evidence(digest));
        evidence.rests_on_name |= cached.is_some();
        let manifest = match cached {
            Some(bytes) => Some(bytes),
            None => self.manifest_by_tag(&tag).await?.map(|(_, bytes)| {
                self.shared.runtime.caches.evidence.put(&bytes);
                bytes
            }),
        };
        let Some(manifest) = manifest else {
            evidence.signatures = Some(Signatures::Absent);
            return Ok(());
        };
        match Candidates::parse(&manifest, self.shared.candidates) {
            Ok(candidates) => {
                self.take_known_payloads(image, &candidates, evidence);
                evidence.signatures = Some(Signatures::Present(candidates.into()));
            }
            Err(fault) => {
                evidence.signatures = Some(Signatures::Unreadable(fault.to_string()));
            }
        }
        Ok(())
    }

    /// Payloads that need no request: embedded in the manifest, or such as cosign always writes.
    fn take_known_payloads(&self, image: Digest, candidates: &Candidates, evidence: &mut Evidence) {
        let usual = bytes::Bytes::from(payload::usual(self.repository, image));
        let usual_digest = Digest::of(&usual);
        for candidate in candidates.list.iter().flatten() {
            let known = match &candidate.embedded {
                Some(bytes) => Some(bytes.clone()),
                None => (candidate.payload == usual_digest).then(|| usual.clone()),
            };
            if let Some(bytes) = known {
                evidence.payloads.insert(candidate.payload, Payload::Bytes(bytes));
            }
        }
    }

    async fn image_exists(&self, image: Digest) -> Result<bool, Refusal> {
        let reference = Reference::Digest(image);
        match self.shared.client.manifest(self.repository, reference, self.deadline).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(Refusal::from(&error)),
        }
    }

    async fn payload(&self, digest: Digest) -> (Digest, Payload) {
        if let Some(bytes) = self.evidence(digest) {
            return (digest, Payload::Bytes(bytes));
        }
        let client = &self.shared.client;
        let payload = match client.blob(self.repository, digest, PAYLOAD_BYTES, self.deadline).await
        {
            Ok(bytes) => {
                self.shared.runtime.caches.evidence.put(&bytes);
                Payload::Bytes(bytes)
            }
            Err(Error::NotFound { .. }) => Payload::Missing,
            Err(error) => Payload::Unobtained(Refusal::from(&error).reason().clone()),
        };
        (digest, payload)
    }

    fn evidence(&self, digest: Digest) -> Option<bytes::Bytes> {
        let runtime = &self.shared.runtime;
        let bytes = runtime.caches.evidence.get(digest);
        runtime.metrics.cache_lookup(CacheKind::Evidence, bytes.is_some());
        bytes
    }

    fn name<'t>(&'t self, tag: &'t str) -> Name<'t> {
        Name { scope: &self.shared.scope, repository: self.repository, tag }
    }
}

/// Fetches for one digest.
#[derive(Debug)]
pub(super) struct ForDigest<'a> {
    pub(super) fetcher: Fetcher<'a>,
    pub(super) image: Digest,
}

#[async_trait]
impl Fetch<Case> for ForDigest<'_> {
    async fn fetch(
        &self,
        names: BTreeSet<EvidenceName>,
        evidence: &mut Evidence,
    ) -> Result<(), Refusal> {
        let mut payloads = Vec::new();
        for name in names {
            match name {
                EvidenceName::Signatures => self.fetcher.signatures(self.image, evidence).await?,
                EvidenceName::Image => {
                    evidence.image_exists = Some(self.fetcher.image_exists(self.image).await?);
                }
                EvidenceName::Payload(digest) => payloads.push(self.fetcher.payload(digest)),
            }
        }
        let fetched: Vec<_> = stream::iter(payloads).buffer_unordered(PARALLEL).collect().await;
        evidence.payloads.extend(fetched);
        Ok(())
    }
}
