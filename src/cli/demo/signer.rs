//! Signs images in the classic cosign layout, for the demo and for tests.
//!
//! Knows nothing of the verifier: the layout is written down a second time here, so that a mistake
//! in one of the two shows. Keys live in memory and end with the process.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::image::Digest;

/// The kinds of key that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChoice {
    /// ECDSA on P-256, as `cosign generate-key-pair` makes.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA with 2048 bits, PKCS#1 v1.5.
    Rsa2048,
    /// RSA with 3072 bits, PKCS#1 v1.5.
    Rsa3072,
}

/// The crypto backend refused; it does not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the crypto backend could not make a key or a signature")]
pub struct SignFault;

/// A private key with its public half.
#[derive(Debug)]
pub struct Signer {
    key: PrivateKey,
    public_pem: String,
}

#[derive(Debug)]
enum PrivateKey {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// One signed payload: what becomes one layer of a signature manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPayload {
    /// The payload, byte for byte.
    pub payload: Bytes,
    /// The signature over it.
    pub signature: Vec<u8>,
}

/// What to push: blobs first, then `manifest` under `tag`.
#[derive(Debug, Clone)]
pub struct SignatureArtifact {
    /// `sha256-<hex>.sig` of the image.
    pub tag: String,
    /// The manifest.
    pub manifest: Bytes,
    /// Config and payloads by digest.
    pub blobs: BTreeMap<Digest, Bytes>,
}

impl Signer {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn generate(choice: KeyChoice) -> Result<Self, SignFault> {
        match choice {
            KeyChoice::EcdsaP256 => Self::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyChoice::EcdsaP384 => Self::ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyChoice::EcdsaP521 => Self::ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            KeyChoice::Ed25519 => {
                let key = Ed25519KeyPair::generate()?;
                let public_pem = pem(key.public_key().as_der()?.as_ref());
                Ok(Self { key: PrivateKey::Ed25519(key), public_pem })
            }
            KeyChoice::Rsa2048 => Self::rsa(KeySize::Rsa2048),
            KeyChoice::Rsa3072 => Self::rsa(KeySize::Rsa3072),
        }
    }

    /// The public key as a `PUBLIC KEY` PEM block.
    pub fn public_key_pem(&self) -> &str {
        &self.public_pem
    }

    /// Signs the claim that `image` belongs to the repository `docker_reference`.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn sign(&self, docker_reference: &str, image: Digest) -> Result<SignedPayload, SignFault> {
        self.sign_payload(payload(docker_reference, image, &BTreeMap::new()))
    }

    /// Signs any bytes as a payload.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn sign_payload(&self, payload: Bytes) -> Result<SignedPayload, SignFault> {
        Ok(SignedPayload { signature: self.sign_bytes(&payload)?, payload })
    }

    /// Signs bytes.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, SignFault> {
        let random = SystemRandom::new();
        Ok(match &self.key {
            PrivateKey::Ecdsa(key) => key.sign(&random, message)?.as_ref().to_vec(),
            PrivateKey::Ed25519(key) => key.try_sign(message)?.as_ref().to_vec(),
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
        })
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Result<Self, SignFault> {
        let key = EcdsaKeyPair::generate(algorithm)?;
        let public_pem = pem(key.public_key().as_der()?.as_ref());
        Ok(Self { key: PrivateKey::Ecdsa(key), public_pem })
    }

    fn rsa(size: KeySize) -> Result<Self, SignFault> {
        let key = RsaKeyPair::generate(size)?;
        let public_pem = pem(key.public_key().as_der()?.as_ref());
        Ok(Self { key: PrivateKey::Rsa(Box::new(key)), public_pem })
    }
}

impl SignedPayload {
    /// The same with one bit of the signature flipped: a tampered signature.
    #[must_use]
    pub fn with_flipped_bit(mut self) -> Self {
        if let Some(last) = self.signature.last_mut() {
            *last ^= 1;
        }
        self
    }

    /// The same signature over another payload: a tampered claim.
    #[must_use]
    pub fn with_payload(mut self, payload: Bytes) -> Self {
        self.payload = payload;
        self
    }
}

impl From<Unspecified> for SignFault {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// The payload that cosign signs: the claim that `image` belongs to the repository
/// `docker_reference`, with annotations in `optional`.
pub fn payload(
    docker_reference: &str,
    image: Digest,
    annotations: &BTreeMap<String, String>,
) -> Bytes {
    let optional = if annotations.is_empty() { Value::Null } else { json!(annotations) };
    // serde_json sorts the keys, which is the order in which cosign writes them.
    let claim = json!({
        "critical": {
            "identity": {"docker-reference": docker_reference},
            "image": {"docker-manifest-digest": image.to_string()},
            "type": "cosign container image signature",
        },
        "optional": optional,
    });
    claim.to_string().into()
}

/// What to push so that `image` is signed: one layer for each of `payloads`, in this order.
///
/// Spec: cosign `SIGNATURE_SPEC.md`, "Storage".
pub fn artifact(image: Digest, payloads: &[SignedPayload]) -> SignatureArtifact {
    let mut blobs = BTreeMap::new();
    let mut layers = Vec::with_capacity(payloads.len());
    let mut diff_ids = Vec::with_capacity(payloads.len());
    for signed in payloads {
        let digest = Digest::of(&signed.payload);
        blobs.insert(digest, signed.payload.clone());
        diff_ids.push(digest.to_string());
        layers.push(json!({
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "size": signed.payload.len(),
            "digest": digest.to_string(),
            "annotations": {"dev.cosignproject.cosign/signature": BASE64.encode(&signed.signature)},
        }));
    }
    let config = Bytes::from(
        json!({
            "architecture": "", "os": "", "created": "0001-01-01T00:00:00Z", "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        })
        .to_string(),
    );
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "size": config.len(),
            "digest": Digest::of(&config).to_string(),
        },
        "layers": layers,
    });
    blobs.insert(Digest::of(&config), config);
    SignatureArtifact {
        tag: format!("sha256-{}.sig", image.hex()),
        manifest: manifest.to_string().into(),
        blobs,
    }
}

/// A `PUBLIC KEY` block.
pub(super) fn pem(der: &[u8]) -> String {
    let body = BASE64.encode(der);
    let mut out = String::from("-----BEGIN PUBLIC KEY-----\n");
    for (index, char) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            out.push('\n');
        }
        out.push(char);
    }
    out.push_str("\n-----END PUBLIC KEY-----\n");
    out
}
