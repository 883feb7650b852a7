//! A signature manifest as candidates: what could be a signature, before anything is proven.
//!
//! Whoever may push to a repository writes these bytes. A layer that makes no sense is a bad
//! candidate, never a reason to refuse the others, and of endless layers only the first are read.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reasons::quoted;
use crate::image::Digest;
use crate::oci::Descriptor;

/// Annotation of the layer that holds the signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Bytes of a payload. cosign's have 250; annotations make them longer.
pub(super) const PAYLOAD_BYTES: usize = 64 * 1024;
/// Characters of a signature in base64. RSA-8192 needs 1368.
const SIGNATURE_CHARS: usize = 4096;

/// What a signature manifest offers.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates {
    /// In the order of the manifest. A bad one keeps its place, so that messages can count.
    pub(super) list: Vec<Result<Candidate, Flaw>>,
    /// There are more than are looked at (`limits.candidates`).
    pub(super) more: bool,
}

/// A signature that may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The digest of the payload.
    pub(super) payload: Digest,
    /// The payload itself, where the manifest embeds it; its digest is the one named.
    pub(super) embedded: Option<Bytes>,
    /// The signature over the payload.
    pub(super) signature: Vec<u8>,
}

/// Why a layer is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the layer is unreadable")]
    Layer,
    #[error("the layer has no signature (annotation `{SIGNATURE}`)")]
    NoSignature,
    #[error("the signature is not base64")]
    Base64,
    #[error("the signature is longer than {SIGNATURE_CHARS} characters")]
    LongSignature,
    #[error("the payload has no sha256 digest but `{0}`")]
    Digest(String),
    #[error("the payload of {0} bytes is longer than {PAYLOAD_BYTES}")]
    LongPayload(u64),
}

/// The manifest is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature manifest is unreadable (line {line}, column {column})")]
pub(super) struct Unreadable {
    line: usize,
    column: usize,
}

impl Candidates {
    /// Reads at most `cap` layers of a manifest.
    ///
    /// A manifest without layers, as an index, offers nothing.
    pub(super) fn parse(manifest: &[u8], cap: usize) -> Result<Self, Unreadable> {
        let unreadable =
            |error: serde_json::Error| Unreadable { line: error.line(), column: error.column() };
        let manifest: Manifest<'_> = serde_json::from_slice(manifest).map_err(unreadable)?;
        let Some(layers) = manifest.layers else {
            return Ok(Self::default());
        };
        let mut layers = serde_json::Deserializer::from_str(layers.get());
        FirstLayers { cap }.deserialize(&mut layers).map_err(unreadable)
    }
}

#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(borrow, default)]
    layers: Option<&'a RawValue>,
}

/// Reads the first layers and only skips the rest: 4 MiB of manifest can hold 100,000.
struct FirstLayers {
    cap: usize,
}

impl<'de> DeserializeSeed<'de> for FirstLayers {
    type Value = Candidates;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Candidates, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FirstLayers {
    type Value = Candidates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of layers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut layers: A) -> Result<Candidates, A::Error> {
        let mut candidates = Candidates::default();
        while candidates.list.len() < self.cap {
            let Some(layer) = layers.next_element::<&RawValue>()? else {
                return Ok(candidates);
            };
            candidates.list.push(candidate(layer));
        }
        while layers.next_element::<IgnoredAny>()?.is_some() {
            candidates.more = true;
        }
        Ok(candidates)
    }
}

fn candidate(layer: &RawValue) -> Result<Candidate, Flaw> {
    let layer: Descriptor = serde_json::from_str(layer.get()).map_err(|_| Flaw::Layer)?;
    let text = layer.annotations.get(SIGNATURE).ok_or(Flaw::NoSignature)?;
    if text.len() > SIGNATURE_CHARS {
        return Err(Flaw::LongSignature);
    }
    let signature = BASE64.decode(text.trim()).map_err(|_| Flaw::Base64)?;
    if signature.is_empty() {
        return Err(Flaw::NoSignature);
    }
    if usize::try_from(layer.size).map_or(true, |size| size > PAYLOAD_BYTES) {
        return Err(Flaw::LongPayload(layer.size));
    }
    let payload =
        Digest::from_str(&layer.digest).map_err(|_| Flaw::Digest(quoted(&layer.digest)))?;
    let embedded = layer.data.as_deref().and_then(|data| embedded(data, payload));
    Ok(Candidate { payload, embedded, signature })
}

/// What the manifest embeds, if it is what the digest says; anything else is fetched instead.
fn embedded(data: &str, digest: Digest) -> Option<Bytes> {
    if data.len() > PAYLOAD_BYTES.div_ceil(3) * 4 {
        return None;
    }
    let bytes = BASE64.decode(data).ok()?;
    (Digest::of(&bytes) == digest).then(|| bytes.into())
}

#[cfg(test)]
mod tests;
