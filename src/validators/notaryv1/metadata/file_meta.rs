//! What one file says of another: how long it is, and which hashes it has.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::Malformed;
use crate::image::Digest;

/// How long a file is, and which hashes it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::validators::notaryv1) struct FileMeta {
    /// SHA-256: also the name by which it is fetched.
    pub(in crate::validators::notaryv1) sha256: Digest,
    /// SHA-512, where it is listed.
    sha512: Option<[u8; 64]>,
    /// Bytes.
    pub(in crate::validators::notaryv1) length: usize,
}

/// In which way a file is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::validators::notaryv1) enum Mismatch {
    /// So many bytes were expected.
    Length(usize),
    /// A hash differs.
    Hash,
}

#[derive(Debug, Deserialize)]
pub(super) struct WrittenMeta<'a> {
    #[serde(borrow)]
    hashes: WrittenHashes<'a>,
    length: u64,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WrittenHashes<'a> {
    #[serde(borrow)]
    sha256: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sha512: Option<Cow<'a, str>>,
}

impl WrittenMeta<'_> {
    pub(super) fn read(&self) -> Result<FileMeta, Malformed> {
        let sha512 = match self.hashes.sha512.as_deref().map(bytes::<64>) {
            None => None,
            Some(Some(hash)) => Some(hash),
            Some(None) => return Err(Malformed::new("a sha512 hash is not 64 bytes of base64")),
        };
        let sha256 = self.sha256().ok_or_else(|| Malformed::new("a sha256 hash is missing"))?;
        let length =
            usize::try_from(self.length).map_err(|_| Malformed::new("a length is too large"))?;
        Ok(FileMeta { sha256, sha512, length })
    }

    /// The SHA-256, where there is one.
    pub(super) fn sha256(&self) -> Option<Digest> {
        self.hashes.sha256.as_deref().and_then(bytes).map(Digest::from_bytes)
    }
}

impl FileMeta {
    /// Compares everything that is listed with a file whose SHA-256 is `digest`.
    pub(in crate::validators::notaryv1) fn check(
        &self,
        content: &[u8],
        sha256: Digest,
    ) -> Result<(), Mismatch> {
        if content.len() != self.length {
            return Err(Mismatch::Length(self.length));
        }
        let same_512 = self.sha512.is_none_or(|hash| digest(&SHA512, content).as_ref() == hash);
        if sha256 == self.sha256 && same_512 { Ok(()) } else { Err(Mismatch::Hash) }
    }
}

fn bytes<const N: usize>(base64: &str) -> Option<[u8; N]> {
    BASE64.decode(base64).ok()?.try_into().ok()
}
