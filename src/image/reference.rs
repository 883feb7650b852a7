//! Image references, parsed once at the edge.
//!
//! The text that was written is kept, because a registry, a tag *and* a digest may all be in it
//! and each is used by somebody: patterns match the name, registries want the tag, pins the digest.
//!
//! The reading is that of the kubelet and of `go-containerregistry` where they agree; what they
//! would read differently, or what could climb out of its path in a URL, is refused.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::host::{MAX_HOST_BYTES, host_key};
use super::{Digest, ParseDigestFault};

/// The registry that is meant when none is written.
pub const DOCKER_HUB: &str = "index.docker.io";
/// Where Docker Hub keeps images of one word.
const HUB_OFFICIAL: &str = "library/";

/// Longest path of a repository, `library/` included (`distribution/reference`).
const MAX_PATH_BYTES: usize = 255;
/// Longest tag (OCI distribution specification, "Pulling manifests").
const MAX_TAG_BYTES: usize = 128;
/// Longest reference: host `:65535` `/` path `:` tag `@sha256:` and 64 digits, 717 bytes.
const MAX_REFERENCE_BYTES: usize = MAX_HOST_BYTES + 6 + 1 + MAX_PATH_BYTES + 1 + MAX_TAG_BYTES + 72;
/// How much of a bad text an error shows.
const SHOWN_CHARS: usize = 128;

/// An image reference as it was written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageRef {
    text: Box<str>,
    repository: RepositoryName,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// A repository with its registry: `index.docker.io/library/nginx`.
///
/// Prints the registry as it was written, because container runtimes look up credentials by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName {
    registry: Box<str>,
    /// The registry's key where it differs from what was written.
    key: Option<Box<str>>,
    path: Box<str>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// Nothing was written.
    #[error("invalid image reference: it is empty")]
    Empty,
    /// Longer than any reference can be.
    #[error("invalid image reference `{text}`: it is longer than {MAX_REFERENCE_BYTES} bytes")]
    TooLong {
        /// The beginning of the text.
        text: Box<str>,
    },
    /// One part is not as it must be.
    #[error("invalid image reference `{text}`: {why}")]
    Invalid {
        /// What was written.
        text: Box<str>,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The part after `@` is no digest.
    #[error("invalid image reference `{text}`: {fault}")]
    Digest {
        /// What was written.
        text: Box<str>,
        /// What is wrong with the digest.
        fault: ParseDigestFault,
    },
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
        self.named(&self.repository.registry, self.digest)
    }

    /// The qualified name pinned to `digest`; the tag stays.
    pub fn pinned(&self, digest: Digest) -> String {
        self.named(&self.repository.registry, Some(digest))
    }

    /// The qualified name with the registry's key instead of its spelling: what patterns match.
    pub(crate) fn key_name(&self) -> String {
        self.named(self.repository.registry(), self.digest)
    }

    fn named(&self, registry: &str, digest: Option<Digest>) -> String {
        let mut out = String::with_capacity(registry.len() + self.repository.path.len() + 96);
        out.push_str(registry);
        out.push('/');
        out.push_str(&self.repository.path);
        if let Some(tag) = &self.tag {
            out.push(':');
            out.push_str(tag);
        }
        if let Some(digest) = digest {
            out.push_str("@sha256:");
            out.push_str(&digest.hex());
        }
        out
    }
}

impl RepositoryName {
    /// Takes a registry and a path, as `docker.io` and `nginx`.
    ///
    /// # Errors
    /// The registry is no `host[:port]`, or the path is not as the distribution specification wants it.
    pub fn new(registry: &str, path: &str) -> Result<Self, ParseFault> {
        Self::from_parts(registry, path)
            .map_err(|why| ParseFault::Invalid { text: shown(&format!("{registry}/{path}")), why })
    }

    /// The registry's host and port in lower case, without the port 443; Docker Hub is `index.docker.io`.
    pub fn registry(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.registry)
    }

    /// The path inside the registry, as `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn from_parts(registry: &str, path: &str) -> Result<Self, &'static str> {
        let key = host_key(registry)?;
        check_path(path)?;
        let hub = key == DOCKER_HUB;
        let path = if hub && !path.contains('/') {
            Cow::Owned(format!("{HUB_OFFICIAL}{path}"))
        } else {
            Cow::Borrowed(path)
        };
        if path.len() > MAX_PATH_BYTES {
            return Err("the repository is longer than 255 bytes");
        }
        let written = if hub { DOCKER_HUB } else { registry };
        Ok(Self {
            key: (key != written).then(|| key.as_ref().into()),
            registry: written.into(),
            path: path.into(),
        })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ImageRef {
    type Err = ParseFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseFault::Empty);
        }
        if text.len() > MAX_REFERENCE_BYTES {
            return Err(ParseFault::TooLong { text: shown(text) });
        }
        let invalid = |why| ParseFault::Invalid { text: shown(text), why };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("it has a space or another character that no reference has"));
        }
        let (name, digest) = match text.split_once('@') {
            None => (text, None),
            Some((name, digest)) => {
                let parsed = digest
                    .parse()
                    .map_err(|fault| ParseFault::Digest { text: shown(text), fault })?;
                (name, Some(parsed))
            }
        };
        let (base, tag) = split_tag(name);
        if let Some(tag) = tag {
            check_tag(tag).map_err(invalid)?;
        }
        let (registry, path) = split_registry(base);
        let repository = RepositoryName::from_parts(registry, path).map_err(invalid)?;
        let tag = tag.or(digest.is_none().then_some("latest")).map(Into::into);
        Ok(Self { text: text.into(), repository, tag, digest })
    }
}

/// Parts off what stands after the last colon, unless that colon belongs to a port.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((base, tag)) if !tag.contains('/') => (base, Some(tag)),
        _ => (name, None),
    }
}

/// The text before the first slash is a registry if it looks like a host.
fn split_registry(base: &str) -> (&str, &str) {
    match base.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => (DOCKER_HUB, base),
    }
}

fn check_tag(tag: &str) -> Result<(), &'static str> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = tag.bytes().next().ok_or("the tag is empty")?;
    if tag.len() > MAX_TAG_BYTES {
        return Err("the tag is longer than 128 bytes");
    }
    // A tag that is `..` would climb out of its path in the registry's URL.
    if !word(first) || !tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-')) {
        return Err(
            "a tag has only letters, digits, `_`, `.` and `-`, and begins with none of the last two",
        );
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if path.len() < 2 {
        return Err("the repository is shorter than two letters");
    }
    for part in path.split('/') {
        if !part.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-')) {
            return Err("a repository has only lower-case letters, digits, `_`, `.`, `-` and `/`");
        }
        let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().last()) else {
            return Err("a part of the repository is empty");
        };
        // `..` would climb out of its path in the registry's URL.
        if !plain(first) || !plain(last) || part.contains("..") {
            return Err(
                "each part of a repository begins and ends with a letter or digit and has no `..`",
            );
        }
    }
    Ok(())
}

/// The beginning of a text that a stranger wrote, fit to stand in a message.
fn shown(text: &str) -> Box<str> {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS)
        .map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter })
        .collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        out.push('…');
    }
    out.into()
}

#[cfg(test)]
mod tests;
