//! Public keys. (owner: validators)

/// A public key: ECDSA P-256/P-384/P-521, Ed25519 or RSA.
#[derive(Debug, Clone)]
pub struct PublicKey {}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {}
