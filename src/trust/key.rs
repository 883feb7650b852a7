//! Public keys, and the proof that one of them signed.
//!
//! Reads `PUBLIC KEY` PEM blocks and the DER in them, and nothing else; where a key comes from is
//! `reference.rs`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA256_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, VerificationAlgorithm,
};
use sigstore::crypto::CosignVerificationKey;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::image::Digest;

/// Shorter RSA keys can be factored by those who care.
const RSA_MIN_BITS: usize = 2048;
/// Longer ones cost more time than any signer needs, and the crypto backend stops here, too.
const RSA_MAX_BITS: usize = 8192;

/// A public key: ECDSA P-256/P-384/P-521, Ed25519 or RSA.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    hash: Digest,
    /// Any of these of one scheme may accept: one key, and the hashes that signers used with its kind.
    checks: Arc<[Check]>,
}

/// The key as one algorithm takes it.
type Check = (SignatureScheme, ParsedPublicKey);
/// An algorithm and the scheme that it belongs to.
type Algorithm = (SignatureScheme, &'static dyn VerificationAlgorithm);

/// How a signature was made, as far as its key leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// ECDSA, the signature as a DER sequence.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// RSA with PKCS#1 v1.5 padding and SHA-256.
    RsaPkcs1,
    /// RSA with PSS padding, SHA-256 and a salt of the same length.
    RsaPss,
}

/// The kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384, or SHA-256 as cosign did before 2.6.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512, or SHA-256 as cosign did before 2.6.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA with SHA-256.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// There is no PEM block.
    #[error("wrong format, provide a PEM encoded public key")]
    NotPem,
    /// Something follows the PEM block, as a second key.
    #[error("the public key contains extraneous characters after its end line")]
    Extraneous,
    /// A PEM block of another kind.
    #[error("error parsing public key: expected a `PUBLIC KEY` block, found `{0}`")]
    Label(Box<str>),
    /// Not a `SubjectPublicKeyInfo`, or of an algorithm that we do not know.
    #[error("error parsing public key: {0}")]
    NotSpki(Box<str>),
    /// RSA with a length that we refuse.
    #[error(
        "error parsing public key: RSA keys must have {RSA_MIN_BITS} to {RSA_MAX_BITS} bits, this one has {0}"
    )]
    RsaBits(usize),
}

/// Proof that a key signed a message: can only be had from [`PublicKey::verify`].
#[derive(Debug)]
#[must_use]
pub struct SignatureValid(());

/// The signature was not made with this key over this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify with this key")]
pub struct SignatureFault;

impl PublicKey {
    /// Reads one `PUBLIC KEY` PEM block (a `SubjectPublicKeyInfo`).
    ///
    /// Anything after the block is refused: a second key there would be ignored in silence.
    ///
    /// # Errors
    /// [`KeyFault`] says what the text is instead.
    pub fn from_pem(text: &str) -> Result<Self, KeyFault> {
        let block = single_block(text)?;
        let block =
            pem::parse(block).map_err(|error| KeyFault::NotSpki(error.to_string().into()))?;
        Self::from_spki(block.contents())
    }

    /// Reads a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`KeyFault`] says what the bytes are instead.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyFault> {
        use SignatureScheme::{Ecdsa, Ed25519};
        let key = CosignVerificationKey::try_from_der(der)
            .map_err(|error| KeyFault::NotSpki(error.to_string().into()))?;
        match &key {
            CosignVerificationKey::ECDSA_P256_SHA256_ASN1(spki) => {
                Self::ecdsa(KeyKind::EcdsaP256, spki, &[(Ecdsa, &ECDSA_P256_SHA256_ASN1)])
            }
            CosignVerificationKey::ECDSA_P384_SHA384_ASN1(spki) => Self::ecdsa(
                KeyKind::EcdsaP384,
                spki,
                &[(Ecdsa, &ECDSA_P384_SHA384_ASN1), (Ecdsa, &ECDSA_P384_SHA256_ASN1)],
            ),
            CosignVerificationKey::ECDSA_P521_SHA512_ASN1(spki) => Self::ecdsa(
                KeyKind::EcdsaP521,
                spki,
                &[(Ecdsa, &ECDSA_P521_SHA512_ASN1), (Ecdsa, &ECDSA_P521_SHA256_ASN1)],
            ),
            CosignVerificationKey::ED25519(spki) => {
                Self::checked(KeyKind::Ed25519, spki, &[(Ed25519, &ED25519)])
            }
            CosignVerificationKey::RSA_PKCS1_SHA256(spki)
            | CosignVerificationKey::RSA_PSS_SHA256(spki) => Self::rsa(spki),
        }
    }

    /// Verifies `signature` over `message` in the one scheme that cosign uses with keys of this kind.
    ///
    /// # Errors
    /// [`SignatureFault`], without a hint at what is wrong: there is none to give.
    pub fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<SignatureValid, SignatureFault> {
        self.verify_as(self.kind.usual_scheme(), message, signature)
    }

    /// Verifies `signature` over `message` in `scheme`; a scheme of another kind of key never accepts.
    ///
    /// # Errors
    /// [`SignatureFault`], without a hint at what is wrong: there is none to give.
    pub fn verify_as(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<SignatureValid, SignatureFault> {
        let mut of_scheme = self.checks.iter().filter(|(of, _)| *of == scheme);
        if of_scheme.any(|(_, key)| key.verify_sig(message, signature).is_ok()) {
            Ok(SignatureValid(()))
        } else {
            Err(SignatureFault)
        }
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SHA-256 of the DER `SubjectPublicKeyInfo`: equal for equal keys.
    pub fn content_hash(&self) -> Digest {
        self.hash
    }

    /// Tells whether one verification is long enough to hold up the threads that move bytes.
    pub fn is_heavy(&self) -> bool {
        match self.kind {
            KeyKind::EcdsaP256 | KeyKind::Ed25519 => false,
            KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => true,
            KeyKind::Rsa { bits } => bits > RSA_MIN_BITS,
        }
    }

    fn rsa(spki: &[u8]) -> Result<Self, KeyFault> {
        let bits =
            rsa_bits(spki).map_err(|_| KeyFault::NotSpki("the RSA key is not valid DER".into()))?;
        if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
            return Err(KeyFault::RsaBits(bits));
        }
        let algorithms: &[Algorithm] = &[
            (SignatureScheme::RsaPkcs1, &RSA_PKCS1_2048_8192_SHA256),
            (SignatureScheme::RsaPss, &RSA_PSS_2048_8192_SHA256),
        ];
        Self::checked(KeyKind::Rsa { bits }, spki, algorithms)
    }

    /// A compressed point is the same key in other bytes, so that one key could pass for two roots.
    fn ecdsa(kind: KeyKind, spki: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeyFault> {
        if kind.coordinate_bytes().is_some_and(|bytes| spki.len() <= 2 * bytes) {
            return Err(KeyFault::NotSpki("compressed points are not supported".into()));
        }
        Self::checked(kind, spki, algorithms)
    }

    fn checked(kind: KeyKind, spki: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeyFault> {
        let checks = algorithms
            .iter()
            .map(|&(scheme, algorithm)| Ok((scheme, ParsedPublicKey::new(algorithm, spki)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_: KeyRejected| {
                KeyFault::NotSpki("the key is not valid for its algorithm".into())
            })?;
        Ok(Self { kind, hash: Digest::of(spki), checks: checks.into() })
    }
}

impl KeyKind {
    /// Bytes of one coordinate of the curve; `None` where there is no curve with coordinates.
    pub fn coordinate_bytes(self) -> Option<usize> {
        match self {
            Self::EcdsaP256 => Some(32),
            Self::EcdsaP384 => Some(48),
            Self::EcdsaP521 => Some(66),
            Self::Ed25519 | Self::Rsa { .. } => None,
        }
    }

    fn usual_scheme(self) -> SignatureScheme {
        match self {
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => SignatureScheme::Ecdsa,
            Self::Ed25519 => SignatureScheme::Ed25519,
            Self::Rsa { .. } => SignatureScheme::RsaPkcs1,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kind", &self.kind)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// The length of the modulus, so that a short key is refused at load with its length, not at its
/// first use.
fn rsa_bits(spki: &[u8]) -> Result<usize, x509_cert::der::Error> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki)?;
    let mut key = SliceReader::new(spki.subject_public_key.raw_bytes())?;
    let modulus = key.sequence(|fields: &mut SliceReader<'_>| {
        let modulus = UintRef::decode(fields)?;
        UintRef::decode(fields)?;
        Ok::<_, x509_cert::der::Error>(modulus)
    })?;
    let unused = modulus.as_bytes().first().map_or(0, |byte| byte.leading_zeros());
    Ok((modulus.as_bytes().len() * 8).saturating_sub(usize::try_from(unused).unwrap_or(0)))
}

/// The one PEM block that `text` must consist of.
fn single_block(text: &str) -> Result<&str, KeyFault> {
    let text = text.trim();
    let after_begin = text.strip_prefix("-----BEGIN ").ok_or(KeyFault::NotPem)?;
    let (label, _) = after_begin.split_once("-----").ok_or(KeyFault::NotPem)?;
    let (_, rest) = text.split_once(&format!("-----END {label}-----")).ok_or(KeyFault::NotPem)?;
    if !rest.is_empty() {
        return Err(KeyFault::Extraneous);
    }
    if label != "PUBLIC KEY" {
        return Err(KeyFault::Label(label.into()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
