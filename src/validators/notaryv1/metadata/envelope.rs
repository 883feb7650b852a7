//! What surrounds all metadata: the part that is signed, and signatures over it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Malformed;
use super::canonical::canonical;
use super::key::KeyId;

/// Signatures of one file. A role has few keys, and each signs once.
pub(super) const MAX_SIGNATURES: usize = 64;

/// A file, taken apart.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Envelope<'a> {
    /// The canonical form of `signed`: the message of all signatures, and all that is read later.
    signed: Cow<'a, [u8]>,
    signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug)]
pub(super) struct Signature {
    /// Whose it is said to be.
    pub(super) key: KeyId,
    /// In lower case.
    pub(super) method: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    signed: &'a RawValue,
    #[serde(borrow)]
    signatures: Vec<WrittenSignature<'a>>,
}

#[derive(Deserialize)]
struct WrittenSignature<'a> {
    #[serde(borrow)]
    keyid: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

impl<'a> Envelope<'a> {
    /// Takes a file apart. A signature that makes no sense is left out: it counts for nobody.
    pub(in crate::validators::notaryv1) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let written: Written<'a> = serde_json::from_slice(bytes)?;
        if written.signatures.len() > MAX_SIGNATURES {
            return Err(Malformed::new(format!("it has more than {MAX_SIGNATURES} signatures")));
        }
        let signed = canonical(written.signed)?;
        let signatures = written.signatures.iter().filter_map(WrittenSignature::read).collect();
        Ok(Self { signed, signatures })
    }

    /// The bytes that were signed, and all that may be read.
    pub(in crate::validators::notaryv1) fn signed(&self) -> &[u8] {
        &self.signed
    }

    pub(super) fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

impl WrittenSignature<'_> {
    fn read(&self) -> Option<Signature> {
        Some(Signature {
            key: KeyId::from_hex(&self.keyid)?,
            method: self.method.to_ascii_lowercase(),
            bytes: BASE64.decode(&*self.sig).ok()?,
        })
    }
}
