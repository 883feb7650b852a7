//! Manifests as bytes with their digest, and the parts of an image manifest that we read.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use crate::image::Digest;

/// What we tell registries that we read. Docker's signed schema 1 is left out on purpose: its
/// digest is not that of its bytes.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The kind of a manifest, as `application/vnd.oci.image.index.v1+json`.
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
    #[serde(default, deserialize_with = "null_is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The blob itself, base64, where the registry embeds it.
    #[serde(default)]
    pub data: Option<String>,
}

/// Why bytes are no image manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableManifest {
    /// No JSON, or not of the shape of a manifest.
    #[error("no image manifest: {0}")]
    Shape(String),
    /// Docker's schema 1.
    #[error(
        "a Docker schema 1 manifest, which is not supported: push the image again with a current tool"
    )]
    Schema1,
    /// A list of manifests where one was wanted.
    #[error("an image index where an image manifest was wanted")]
    Index,
}

impl ImageManifest {
    /// Reads an image manifest.
    ///
    /// The number of layers is left to the caller to bound (`limits.candidates`); the bytes were
    /// bounded when they were fetched.
    ///
    /// # Errors
    /// [`UnreadableManifest`] says what the bytes are instead.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableManifest> {
        let shape = |fault: serde_json::Error| UnreadableManifest::Shape(position_of(&fault));
        let head: Head = serde_json::from_slice(bytes).map_err(shape)?;
        if head.is_schema_1() {
            return Err(UnreadableManifest::Schema1);
        }
        if head.manifests.is_some() {
            return Err(UnreadableManifest::Index);
        }
        serde_json::from_slice(bytes).map_err(shape)
    }
}

/// The fields that tell manifests apart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(default)]
    schema_version: Option<u64>,
    /// What the manifest says that it is.
    #[serde(default)]
    pub(super) media_type: Option<String>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
}

impl Head {
    /// Docker's schema 1, signed or not.
    pub(super) fn is_schema_1(&self) -> bool {
        self.schema_version == Some(1) || self.media_type.as_deref().is_some_and(is_schema_1)
    }
}

/// Tells whether a media type is Docker's schema 1, signed or not.
pub(super) fn is_schema_1(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.docker.distribution.manifest.v1+")
}

/// Where the JSON is wrong, without a word of it: a registry's text never reaches our messages.
pub(super) fn position_of(fault: &serde_json::Error) -> String {
    let kind = match fault.classify() {
        serde_json::error::Category::Data => "unexpected type",
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "invalid JSON",
    };
    format!("{kind} at line {} column {}", fault.line(), fault.column())
}

/// Go writes a nil map as `null`.
fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_layers_with_and_without_annotations() {
        let manifest = ImageManifest::parse(
            br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                "config":{"digest":"x","size":0},"layers":[
                {"mediaType":"a/b","digest":"sha256:00","size":3,"annotations":{"k":"v"},"data":"eA=="},
                {"digest":"md5:nonsense","size":0,"annotations":null}]}"#,
        )
        .unwrap();
        assert_eq!(manifest.layers.len(), 2);
        assert_eq!(manifest.layers[0].annotations["k"], "v");
        assert_eq!(manifest.layers[0].data.as_deref(), Some("eA=="));
        assert!(manifest.layers[1].annotations.is_empty());
    }

    #[test]
    fn says_what_the_bytes_are_instead() {
        use UnreadableManifest::{Index, Schema1, Shape};
        for (bytes, want) in [
            (r#"{"schemaVersion":1,"fsLayers":[]}"#, Schema1),
            (
                r#"{"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws"}"#,
                Schema1,
            ),
            (r#"{"schemaVersion":2,"manifests":[]}"#, Index),
            ("<html>", Shape("invalid JSON at line 1 column 1".into())),
            ("{", Shape("ends too early at line 1 column 1".into())),
            (r#"{"layers":7}"#, Shape("unexpected type at line 1 column 11".into())),
            (
                r#"{"layers":[{"digest":"x","size":-1}]}"#,
                Shape("unexpected type at line 1 column 34".into()),
            ),
        ] {
            assert_eq!(ImageManifest::parse(bytes.as_bytes()).unwrap_err(), want, "{bytes}");
        }
    }
}
