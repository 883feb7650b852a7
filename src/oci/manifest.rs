//! Manifests as bytes with their digest, and the parts of an image manifest that we read.

use bytes::Bytes;
use serde::Deserialize;

use crate::image::Digest;

/// The kinds of manifest that registries serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType(pub Box<str>);

/// A manifest exactly as it was served, with the digest of these very bytes.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// SHA-256 of `bytes`, computed here.
    pub digest: Digest,
    /// The content type of the answer, else the manifest's own `mediaType`.
    pub media_type: Option<MediaType>,
    /// The bytes.
    pub bytes: Bytes,
}

/// An OCI image manifest, as far as signatures need it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// The layers in their order.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
}

/// A reference from a manifest to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the blob.
    #[serde(default)]
    pub media_type: String,
    /// Digest of the blob, unparsed: a bad one is fatal for its candidate only.
    pub digest: String,
    /// Bytes of the blob.
    pub size: u64,
    /// Annotations, as cosign's signature.
    #[serde(default)]
    pub annotations: std::collections::BTreeMap<String, String>,
    /// The blob itself, base64, where the registry embeds it.
    #[serde(default)]
    pub data: Option<String>,
}
