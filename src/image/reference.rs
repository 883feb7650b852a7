//! Image references, parsed once at the edge.
//!
//! The text that was written is kept, because a registry, a tag *and* a digest may all be in it
//! and each is used by somebody: patterns match the name, registries want the tag, pins the digest.

use std::fmt;
use std::str::FromStr;

use super::Digest;

/// The registry that is meant when none is written.
pub const DOCKER_HUB: &str = "index.docker.io";

/// An image reference as it was written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageRef {
    text: Box<str>,
    repository: RepositoryName,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// A repository with its registry: `index.docker.io/library/nginx`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName {
    registry: Box<str>,
    path: Box<str>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// To be completed by the owner of this file.
    #[error("invalid image reference `{text}`: {why}")]
    Invalid { text: Box<str>, why: &'static str },
}

impl ImageRef {
    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Registry and repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag that is meant: the one written, or `latest` where neither tag nor digest is.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that is written.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The fully qualified name, `registry/repository[:tag][@digest]`.
    pub fn name(&self) -> String {
        todo!()
    }

    /// The qualified name pinned to `digest`; the tag stays.
    pub fn pinned(&self, digest: Digest) -> String {
        todo!()
    }
}

impl RepositoryName {
    /// The registry's host and port in lower case; Docker Hub is `index.docker.io`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path inside the registry, as `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for ImageRef {
    type Err = ParseFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        todo!()
    }
}
