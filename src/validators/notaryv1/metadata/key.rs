//! Keys as metadata writes them, and signatures in the forms that notary uses.
//!
//! Spec: TUF 1.0.34, 4.2; key types and methods: notary, `tuf/data/keys.go` and `types.go`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::der::Encode;
use x509_cert::der::asn1::UintRef;

use super::Malformed;
use crate::image::Digest;
use crate::trust::{PublicKey, SignatureScheme};

/// What comes before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, 4).
const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The name of a key: SHA-256 of its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId(Digest);

impl KeyId {
    pub(super) fn from_hex(hex: &str) -> Option<Self> {
        format!("sha256:{hex}").parse().ok().map(Self)
    }
}

/// A key as metadata writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WrittenKey {
    keytype: Box<str>,
    keyval: KeyValue,
}

#[derive(Debug, Clone, Deserialize)]
struct KeyValue {
    public: Box<str>,
}

/// A key that can verify.
#[derive(Debug, Clone)]
pub(super) struct TufKey {
    pub(super) id: KeyId,
    /// Whom its certificate names, where it is written as one.
    pub(super) name: Option<Box<str>>,
    key: PublicKey,
}

impl WrittenKey {
    /// The name that the key must have: the hash of its canonical form, `private` left out.
    pub(super) fn id(&self) -> Result<KeyId, Malformed> {
        let (keytype, public) = (&self.keytype, &self.keyval.public);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if !keytype.bytes().chain(public.bytes()).all(is_plain) {
            return Err(Malformed::new("a key is not written in base64"));
        }
        let form =
            format!(r#"{{"keytype":"{keytype}","keyval":{{"private":null,"public":"{public}"}}}}"#);
        Ok(KeyId(Digest::of(form.as_bytes())))
    }

    /// The key itself; `None` for a type that we do not know, or bytes that are no such key. It
    /// can then count for nobody.
    pub(super) fn parse(&self, id: KeyId) -> Option<TufKey> {
        let bytes = BASE64.decode(&*self.keyval.public).ok()?;
        let (spki, name) = match &*self.keytype {
            "ecdsa" | "rsa" => (bytes, None),
            "ecdsa-x509" | "rsa-x509" => of_certificate(&bytes)?,
            "ed25519" if bytes.len() == 32 => ([&ED25519_SPKI[..], &bytes].concat(), None),
            _ => return None,
        };
        let key = PublicKey::from_spki(&spki).ok()?;
        Some(TufKey { id, name, key })
    }
}

impl TufKey {
    /// Equal for equal keys, whatever form they are written in.
    pub(super) fn content_hash(&self) -> Digest {
        self.key.content_hash()
    }

    /// Tells whether this key made `signature` over `message`. A method that does not belong to
    /// the key, or that we do not know, never did.
    pub(super) fn signed(&self, method: &str, message: &[u8], signature: &[u8]) -> bool {
        let (scheme, signature) = match method {
            "ecdsa" => match self.ecdsa(signature) {
                Some(der) => (SignatureScheme::Ecdsa, Cow::Owned(der)),
                None => return false,
            },
            "eddsa" => (SignatureScheme::Ed25519, signature.into()),
            "rsapss" | "pycrypto-pkcs#1 pss" => (SignatureScheme::RsaPss, signature.into()),
            "rsapkcs1v15" => (SignatureScheme::RsaPkcs1, signature.into()),
            _ => return false,
        };
        self.key.verify_as(scheme, message, &signature).is_ok()
    }

    /// Notary writes ECDSA signatures as both numbers at their full length; our backend wants DER.
    fn ecdsa(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let coordinate = self.key.kind().coordinate_bytes()?;
        let (r, s) = signature.split_at_checked(coordinate)?;
        if s.len() != coordinate {
            return None;
        }
        [UintRef::new(r).ok()?, UintRef::new(s).ok()?].to_der().ok()
    }
}

/// The key and the common name of the first certificate of a PEM chain, which is the leaf. Nothing
/// else of it counts: the key is pinned by the configuration, or named by who was pinned.
fn of_certificate(pem: &[u8]) -> Option<(Vec<u8>, Option<Box<str>>)> {
    let chain = Certificate::load_pem_chain(pem).ok()?;
    let leaf = chain.first()?.tbs_certificate();
    let spki = leaf.subject_public_key_info().to_der().ok()?;
    let name = leaf.subject().common_name().ok().flatten();
    Some((spki, name.map(|name| name.value().into())))
}
