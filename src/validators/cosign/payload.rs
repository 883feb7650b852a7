//! What a signed payload claims, and whether that is what the rule wants.
//!
//! Knows nothing of signatures: a claim counts only together with one over exactly these bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reasons::quoted;
use crate::image::{Digest, ImageRef, RepositoryName};

/// `critical.type` of cosign, and of the format that it took over.
const TYPES: [&str; 2] = ["cosign container image signature", "atomic container signature"];

/// What a payload must claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The image.
    pub(super) digest: Digest,
    /// Where it must have been signed (`dockerReference: repository`).
    pub(super) repository: Option<&'a RepositoryName>,
    /// What `optional` must hold (`annotations`).
    pub(super) annotations: &'a BTreeMap<String, String>,
}

/// Why a payload does not speak for the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the payload is no simple signing JSON (line {line}, column {column})")]
    Unreadable { line: usize, column: usize },
    #[error("the payload is of type `{0}`, not `{cosign}`", cosign = TYPES[0])]
    Type(String),
    #[error("the payload is for digest `{0}`, not for this image")]
    Digest(String),
    #[error("the payload is for repository `{found}`, not `{wanted}`")]
    Repository { found: String, wanted: RepositoryName },
    #[error("the payload lacks annotation `{0}`")]
    AnnotationMissing(String),
    #[error("annotation `{name}` of the payload is `{found}`, not `{wanted}`")]
    Annotation { name: String, found: String, wanted: String },
}

/// Checks that `payload` claims what is `wanted`. JSON that names a field twice is refused: two
/// readers could see two claims.
///
/// Spec: cosign `SIGNATURE_SPEC.md`, "Payloads"; contract of `docs/validators/cosign.md`.
pub(super) fn check(payload: &[u8], wanted: &Wanted<'_>) -> Result<(), Flaw> {
    let claim: Claim = serde_json::from_slice(payload)
        .map_err(|error| Flaw::Unreadable { line: error.line(), column: error.column() })?;
    let critical = &claim.critical;
    if !TYPES.contains(&&*critical.claim_type) {
        return Err(Flaw::Type(quoted(&critical.claim_type)));
    }
    let digest = &critical.image.docker_manifest_digest;
    if Digest::from_str(digest) != Ok(wanted.digest) {
        return Err(Flaw::Digest(quoted(digest)));
    }
    if let Some(repository) = wanted.repository {
        check_repository(&critical.identity.docker_reference, repository)?;
    }
    check_annotations(claim.optional.as_ref(), wanted.annotations)
}

/// The payload that cosign signs where no annotation is asked for. Where its digest is the one that
/// a layer names, the blob need not be fetched.
pub(super) fn usual(repository: &RepositoryName, digest: Digest) -> Vec<u8> {
    let claim = Claim {
        critical: Critical {
            identity: Identity { docker_reference: repository.to_string() },
            image: Image { docker_manifest_digest: digest.to_string() },
            claim_type: TYPES[0].to_owned(),
        },
        optional: None,
    };
    serde_json::to_vec(&claim).unwrap_or_default()
}

/// Compares what the two names mean: `docker.io/library/nginx` is `nginx`.
fn check_repository(reference: &str, wanted: &RepositoryName) -> Result<(), Flaw> {
    match ImageRef::from_str(reference) {
        Ok(found) if found.repository() == wanted => Ok(()),
        Ok(_) | Err(_) => {
            Err(Flaw::Repository { found: quoted(reference), wanted: wanted.clone() })
        }
    }
}

fn check_annotations(
    optional: Option<&Optional>,
    wanted: &BTreeMap<String, String>,
) -> Result<(), Flaw> {
    for (name, wanted) in wanted {
        let found = optional
            .and_then(|optional| optional.0.get(name))
            .ok_or_else(|| Flaw::AnnotationMissing(name.clone()))?;
        if found.as_str() != Some(wanted) {
            let found = found.as_str().map_or_else(|| quoted(&found.to_string()), quoted);
            return Err(Flaw::Annotation { name: name.clone(), found, wanted: wanted.clone() });
        }
    }
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    critical: Critical,
    #[serde(default)]
    optional: Option<Optional>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    claim_type: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Identity {
    #[serde(default, rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: String,
}

/// `optional`, each key once.
#[derive(Debug, Serialize)]
struct Optional(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Optional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachKeyOnce)
    }
}

struct EachKeyOnce;

impl<'de> Visitor<'de> for EachKeyOnce {
    type Value = Optional;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that names each key once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Optional, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if entries.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Optional(entries))
    }
}

#[cfg(test)]
mod tests;
