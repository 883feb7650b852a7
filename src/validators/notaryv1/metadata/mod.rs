//! The files of a notary as they are read. What is read here is not proven yet: only
//! [`super::signed`] hands out content, together with the proof of who signed it.

mod authority;
mod canonical;
mod envelope;
mod file_meta;
mod key;
mod root;
mod snapshot;
mod targets;
mod timestamp;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::Timestamp as Time;
use serde::Deserialize;

pub(super) use authority::{Authority, Signers, TooFew};
pub(super) use envelope::Envelope;
pub(super) use file_meta::{FileMeta, Mismatch};
pub(super) use root::Root;
pub(super) use snapshot::Snapshot;
pub(super) use targets::Targets;
pub(super) use timestamp::Timestamp;

use super::role::Role;

/// Why bytes are no metadata. Says nothing that a stranger wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(Cow<'static, str>);

impl Malformed {
    pub(super) fn new(why: impl Into<Cow<'static, str>>) -> Self {
        Self(why.into())
    }
}

/// Where the JSON is wrong, without its words.
impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::new(format!("not the JSON that is expected (line {line}, column {column})"))
    }
}

/// What every role's metadata begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Counts up with every change.
    pub(super) version: u64,
    /// From when on it must not be believed.
    pub(super) expires: Time,
}

#[derive(Deserialize)]
struct WrittenHeader<'a> {
    #[serde(rename = "_type", borrow)]
    kind: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    expires: Cow<'a, str>,
}

impl Header {
    /// Reads the header out of the bytes that were signed; `kind` is the word that `_type` must be.
    fn read(signed: &[u8], kind: &str) -> Result<Self, Malformed> {
        let written: WrittenHeader<'_> = serde_json::from_slice(signed)?;
        if written.kind != kind {
            return Err(Malformed::new(format!("its `_type` is not `{kind}`")));
        }
        if written.version == 0 {
            return Err(Malformed::new("its version is 0"));
        }
        let expires = written
            .expires
            .parse()
            .map_err(|_| Malformed::new("the time of its expiry is unreadable"))?;
        Ok(Self { version: written.version, expires })
    }
}

/// The content of one role's metadata.
pub(super) trait Content: Sized + Send + Sync + 'static {
    /// Reads the bytes that were signed.
    fn read(signed: &[u8], role: &Role) -> Result<Self, Malformed>;

    /// Version and expiry.
    fn header(&self) -> Header;
}
