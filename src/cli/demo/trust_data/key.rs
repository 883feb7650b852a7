//! Keys as notary's metadata lists them, and the signatures that they make.

use std::sync::Arc;

use aws_lc_rs::digest::{Digest as Hash, SHA256, SHA384, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{CertificateParams, DnType, PKCS_RSA_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

use super::canonical;
use crate::cli::demo::signer::{KeyChoice, SignFault, pem};
use crate::image::Digest;

/// How an RSA key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaPadding {
    /// PSS with a salt of 32 bytes, as notary signs.
    Pss,
    /// PKCS#1 v1.5.
    Pkcs1,
}

/// A private key, and how metadata lists its public half.
///
/// Clones are the same key.
#[derive(Debug, Clone)]
pub struct TufSigner {
    key: Arc<PrivateKey>,
    padding: RsaPadding,
    key_type: &'static str,
    /// What stands in `keyval.public`.
    public: Arc<str>,
}

#[derive(Debug)]
enum PrivateKey {
    /// On P-256 or P-521, which the crypto backend can use with SHA-256.
    Ecdsa(EcdsaKeyPair),
    /// On P-384, which it signs SHA-384 with only.
    EcdsaP384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl TufSigner {
    /// Makes a fresh key, listed as it is: `ecdsa`, `ed25519` or `rsa`.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn generate(choice: KeyChoice) -> Result<Self, SignFault> {
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| EcdsaKeyPair::generate(algorithm);
        let key = match choice {
            KeyChoice::EcdsaP256 => PrivateKey::Ecdsa(ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            KeyChoice::EcdsaP384 => PrivateKey::EcdsaP384(ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING)?),
            KeyChoice::EcdsaP521 => PrivateKey::Ecdsa(ecdsa(&ECDSA_P521_SHA256_FIXED_SIGNING)?),
            KeyChoice::Ed25519 => PrivateKey::Ed25519(Ed25519KeyPair::generate()?),
            KeyChoice::Rsa2048 => PrivateKey::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            KeyChoice::Rsa3072 => PrivateKey::Rsa(RsaKeyPair::generate(KeySize::Rsa3072)?),
        };
        let (key_type, public) = match &key {
            PrivateKey::Ecdsa(_) | PrivateKey::EcdsaP384(_) => ("ecdsa", key.spki()?),
            PrivateKey::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
            PrivateKey::Rsa(_) => ("rsa", key.spki()?),
        };
        let public = BASE64.encode(public).into();
        Ok(Self { key: Arc::new(key), padding: RsaPadding::Pss, key_type, public })
    }

    /// The same key, listed as a certificate: `ecdsa-x509` or `rsa-x509`. Notary lists root keys so;
    /// the name in the certificate is that of the repository.
    ///
    /// Each call makes another certificate, and with it another key id.
    ///
    /// # Errors
    /// [`SignFault`] for Ed25519, which has no such form, and where the crypto backend refuses.
    pub fn certified(&self, name: &str) -> Result<Self, SignFault> {
        let key_type = match &*self.key {
            PrivateKey::Ecdsa(_) | PrivateKey::EcdsaP384(_) => "ecdsa-x509",
            PrivateKey::Rsa(_) => "rsa-x509",
            PrivateKey::Ed25519(_) => return Err(SignFault),
        };
        let pair = self.key.for_certificates()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let made = params.self_signed(&pair).map_err(|_| SignFault)?;
        Ok(Self { key_type, public: BASE64.encode(made.pem()).into(), ..self.clone() })
    }

    /// The same key with another padding; of no effect on keys that have none.
    #[must_use]
    pub fn with_padding(self, padding: RsaPadding) -> Self {
        Self { padding, ..self }
    }

    /// The id: a hash of [`Self::key_json`].
    pub fn key_id(&self) -> String {
        Digest::of(&canonical(&self.key_json())).hex()
    }

    /// The key as it stands in `keys`.
    pub fn key_json(&self) -> Value {
        json!({"keytype": self.key_type, "keyval": {"private": null, "public": &*self.public}})
    }

    /// The public key as a `PUBLIC KEY` PEM block: what a configuration pins.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn public_key_pem(&self) -> Result<String, SignFault> {
        Ok(pem(&self.key.spki()?))
    }

    /// Signs bytes, and names the method. Whatever the curve, the hash is SHA-256.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn sign(&self, message: &[u8]) -> Result<(&'static str, Vec<u8>), SignFault> {
        let random = SystemRandom::new();
        Ok(match &*self.key {
            PrivateKey::Ecdsa(key) => ("ecdsa", key.sign(&random, message)?.as_ref().to_vec()),
            PrivateKey::EcdsaP384(key) => {
                ("ecdsa", key.sign_digest(&widened(message)?)?.as_ref().to_vec())
            }
            PrivateKey::Ed25519(key) => ("eddsa", key.try_sign(message)?.as_ref().to_vec()),
            PrivateKey::Rsa(key) => {
                let (method, padding) = match self.padding {
                    RsaPadding::Pss => ("rsapss", &RSA_PSS_SHA256),
                    RsaPadding::Pkcs1 => ("rsapkcs1v15", &RSA_PKCS1_SHA256),
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature)?;
                (method, signature)
            }
        })
    }

    /// A signature over bytes as it stands in `signatures`.
    ///
    /// # Errors
    /// [`SignFault`] where the crypto backend refuses.
    pub fn signature(&self, message: &[u8]) -> Result<Value, SignFault> {
        let (method, signature) = self.sign(message)?;
        Ok(json!({"keyid": self.key_id(), "method": method, "sig": BASE64.encode(signature)}))
    }
}

impl PrivateKey {
    /// The DER `SubjectPublicKeyInfo`.
    fn spki(&self) -> Result<Vec<u8>, Unspecified> {
        let der = match self {
            Self::Ecdsa(key) | Self::EcdsaP384(key) => key.public_key().as_der()?,
            Self::Ed25519(key) => key.public_key().as_der()?,
            Self::Rsa(key) => key.public_key().as_der()?,
        };
        Ok(der.as_ref().to_vec())
    }

    fn for_certificates(&self) -> Result<rcgen::KeyPair, SignFault> {
        let made = match self {
            Self::Ecdsa(key) | Self::EcdsaP384(key) => {
                rcgen::KeyPair::try_from(key.to_pkcs8v1()?.as_ref())
            }
            Self::Ed25519(key) => rcgen::KeyPair::try_from(key.to_pkcs8v1()?.as_ref()),
            Self::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der()?;
                let der = PrivatePkcs8KeyDer::from(der.as_ref().to_vec());
                rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256)
            }
        };
        made.map_err(|_| SignFault)
    }
}

/// The SHA-256 of a message in the place of a SHA-384: with zeros before it, it is the same number.
fn widened(message: &[u8]) -> Result<Hash, Unspecified> {
    let mut wide = vec![0; SHA384.output_len() - SHA256.output_len()];
    wide.extend_from_slice(digest(&SHA256, message).as_ref());
    Hash::import_less_safe(&wide, &SHA384)
}
