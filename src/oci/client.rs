//! The client: what is asked for, in the words of the distribution specification.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

use super::fetch::{Fetcher, Want};
use super::flights::share;
use super::manifest::{ACCEPT, Head, is_schema_1};
use super::target::Target;
use super::transport::Answer;
use super::{BuildFault, Error, Manifest, MediaType, Service};
use crate::clock::Deadline;
use crate::config::{Credentials, Limits, RegistryAccess, Timeouts};
use crate::flights::Flights;
use crate::image::{Digest, RepositoryName};
use crate::metrics::Metrics;

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The validator it belongs to, for metrics.
    pub validator: Arc<str>,
    /// A CA that replaces the system's roots (`cert`), for every host that this client talks to:
    /// token servers and the targets of redirects, too.
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

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// A registry client of one validator.
///
/// Proxies come from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Behind one, names are resolved by
/// the proxy, so that only addresses that are written out can be refused here.
#[derive(Debug)]
pub struct Client {
    fetcher: Arc<Fetcher>,
    access: Arc<RegistryAccess>,
    manifest_bytes: usize,
    manifests: Flights<(Target, String), Result<Manifest, Error>>,
    blobs: Flights<(Target, Digest, usize), Result<Bytes, Error>>,
    files: Flights<(Target, String, usize), Result<File, Error>>,
}

/// Bytes, and the digest that was computed from them on their way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Bytes,
}

impl Client {
    /// Makes a client. Does no I/O, except that the first one in a process reads the system's root
    /// certificates.
    pub fn new(settings: ClientSettings) -> Result<Self, BuildFault> {
        Ok(Self {
            fetcher: Arc::new(Fetcher::new(&settings)?),
            access: settings.access,
            manifest_bytes: settings.limits.manifest_bytes,
            manifests: Flights::default(),
            blobs: Flights::default(),
            files: Flights::default(),
        })
    }

    /// Fetches a manifest and hashes it.
    ///
    /// The digest is that of the bytes, whatever the registry's headers say. Equal requests that
    /// are under way at the same time are one.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the registry says so; everything else means that nothing is known.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: Reference<'_>,
        deadline: Deadline,
    ) -> Result<Manifest, Error> {
        let target = Target::new(repository, &self.access)?;
        let text = reference.to_string();
        let expected = match reference {
            Reference::Tag(_) => None,
            Reference::Digest(digest) => Some(digest),
        };
        let limit = self.manifest_bytes;
        let key = (target.clone(), text.clone());
        share(&self.manifests, key, (&target.origin, deadline), || {
            let (fetcher, target, text) = (Arc::clone(&self.fetcher), target.clone(), text.clone());
            async move {
                let want = Want {
                    target: &target,
                    url: target.url("manifests", &text)?,
                    accept: ACCEPT,
                    limit,
                    what: format!("manifest {text} of {target}"),
                };
                let answer = fetcher.get(&want, deadline).await?;
                check_digest(&answer, expected, &target)?;
                let media_type = media_type(&answer, &target)?;
                Ok(Manifest { digest: answer.digest, media_type, bytes: answer.bytes })
            }
        })
        .await
    }

    /// Fetches a blob of at most `limit` bytes and checks its digest.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the registry says so; everything else means that nothing is known.
    pub async fn blob(
        &self,
        repository: &RepositoryName,
        digest: Digest,
        limit: usize,
        deadline: Deadline,
    ) -> Result<Bytes, Error> {
        let target = Target::new(repository, &self.access)?;
        share(&self.blobs, (target.clone(), digest, limit), (&target.origin, deadline), || {
            let (fetcher, target) = (Arc::clone(&self.fetcher), target.clone());
            async move {
                let want = Want {
                    target: &target,
                    url: target.url("blobs", &digest.to_string())?,
                    accept: "application/octet-stream, */*",
                    limit,
                    what: format!("blob {digest} of {target}"),
                };
                let answer = fetcher.get(&want, deadline).await?;
                check_digest(&answer, Some(digest), &target)?;
                Ok(answer.bytes)
            }
        })
        .await
    }

    /// Fetches `file` (at most `limit` bytes) of the trust data that a notary keeps for the
    /// repository `name`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the notary says so; everything else means that nothing is known.
    ///
    /// Spec: notary, "Notary Server API": `GET /v2/<GUN>/_trust/tuf/<file>`.
    pub async fn trust_data(
        &self,
        (notary, name): (&Service, &str),
        file: &str,
        limit: usize,
        deadline: Deadline,
    ) -> Result<File, Error> {
        let target = Target::at(notary, name);
        let key = (target.clone(), file.to_owned(), limit);
        share(&self.files, key, (&target.origin, deadline), || {
            let (fetcher, target) = (Arc::clone(&self.fetcher), target.clone());
            let file = file.to_owned();
            async move {
                let want = Want {
                    target: &target,
                    url: target.url("_trust/tuf", &file)?,
                    accept: "application/json",
                    limit,
                    what: format!("trust data {file} of {}", target.path()),
                };
                let answer = fetcher.get(&want, deadline).await?;
                Ok(File { digest: answer.digest, bytes: answer.bytes })
            }
        })
        .await
    }
}

fn check_digest(answer: &Answer, expected: Option<Digest>, target: &Target) -> Result<(), Error> {
    let actual = answer.digest;
    match expected {
        Some(expected) if expected != actual => {
            Err(Error::DigestMismatch { host: target.registry().to_owned(), expected, actual })
        }
        _ => Ok(()),
    }
}

/// The content type without its parameters, else what the manifest says of itself.
fn media_type(answer: &Answer, target: &Target) -> Result<Option<MediaType>, Error> {
    let malformed = |why: &str| {
        Err(Error::Malformed { host: target.registry().to_owned(), why: why.to_owned() })
    };
    let header = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let header = header.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let schema_1 = "a Docker schema 1 manifest, which is not supported: push the image again with a current tool";
    match header {
        // A login page or an error page with status 200.
        "text/html" => malformed("a web page instead of a manifest"),
        "" | "application/json" | "application/octet-stream" | "text/plain" => {
            let Ok(head) = serde_json::from_slice::<Head>(&answer.bytes) else {
                return malformed("no JSON instead of a manifest");
            };
            if head.is_schema_1() {
                return malformed(schema_1);
            }
            Ok(head.media_type.map(|text| MediaType(text.into())))
        }
        header if is_schema_1(header) => malformed(schema_1),
        header => Ok(Some(MediaType(header.into()))),
    }
}
