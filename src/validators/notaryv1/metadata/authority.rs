//! Who may speak for a role: keys, and how many of them must agree.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Malformed;
use super::envelope::Envelope;
use super::key::{KeyId, TufKey, WrittenKey};
use crate::image::Digest;
use crate::validators::fingerprint::Parts;
use crate::validators::notaryv1::role::Role;

/// Keys of one role. Real ones have a handful.
const MAX_KEYS: usize = 64;

/// The keys of a file by the names that it gives them.
pub(super) type WrittenKeys = BTreeMap<Box<str>, WrittenKey>;

/// A role's keys as metadata writes them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RoleKeys {
    pub(super) keyids: Vec<Box<str>>,
    pub(super) threshold: u64,
}

/// Who may speak for a role.
#[derive(Debug)]
pub(in crate::validators::notaryv1) struct Authority {
    threshold: usize,
    keys: Vec<TufKey>,
    fingerprint: Digest,
}

/// The distinct keys that are proven to have signed a file, by the hash of their content, and whom
/// their certificates name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::validators::notaryv1) struct Signers(BTreeMap<Digest, BTreeSet<Box<str>>>);

/// Too few have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{signed} of {threshold} needed signatures")]
pub(in crate::validators::notaryv1) struct TooFew {
    signed: usize,
    threshold: usize,
}

impl RoleKeys {
    /// The authority of `role`, whose keys are looked up in `keys`.
    ///
    /// A key whose name is not the one that its content has is refused: another file could mean
    /// another key by that name. A key of a kind that we do not know can count for nobody.
    pub(super) fn authority(
        &self,
        role: &Role,
        keys: &WrittenKeys,
    ) -> Result<Authority, Malformed> {
        let malformed = |why: &str| Err(Malformed::new(format!("the {role} role {why}")));
        let Some(threshold) = usize::try_from(self.threshold).ok().filter(|at| *at > 0) else {
            return malformed("has no threshold of at least 1");
        };
        let names: BTreeSet<&str> = self.keyids.iter().map(|name| &**name).collect();
        if names.len() > MAX_KEYS {
            return malformed("has more than 64 keys");
        }
        let mut parts = Parts::default();
        parts.add(role.to_string()).add(threshold.to_be_bytes());
        let mut known = Vec::with_capacity(names.len());
        for name in names {
            let Some(written) = keys.get(name) else {
                return malformed("names a key that is not there");
            };
            let id = written.id()?;
            if KeyId::from_hex(name) != Some(id) {
                return malformed("names a key by another name than its content has");
            }
            parts.add(name);
            known.extend(written.parse(id));
        }
        Ok(Authority { threshold, keys: known, fingerprint: Digest::from_bytes(parts.hash().0) })
    }
}

impl Authority {
    /// Equal for two authorities exactly if they are of the same role, keys and threshold.
    pub(in crate::validators::notaryv1) fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The keys that have signed `envelope`, if they are enough.
    ///
    /// Keys are counted by their content: neither a key that signed twice nor one that stands
    /// there in two forms, bare and as a certificate, counts twice.
    pub(in crate::validators::notaryv1) fn approve(
        &self,
        envelope: &Envelope<'_>,
    ) -> Result<Signers, TooFew> {
        let mut signers = Signers::default();
        for signature in envelope.signatures() {
            let key = self.keys.iter().find(|key| key.id == signature.key);
            if let Some(key) = key
                && !signers.knows(key)
                && key.signed(&signature.method, envelope.signed(), &signature.bytes)
            {
                signers.add(key);
            }
        }
        let signed = signers.0.len();
        if signed >= self.threshold {
            Ok(signers)
        } else {
            Err(TooFew { signed, threshold: self.threshold })
        }
    }
}

impl Signers {
    /// Tells whether the key with this content is one of them.
    pub(in crate::validators::notaryv1) fn contains(&self, content_hash: Digest) -> bool {
        self.0.contains_key(&content_hash)
    }

    /// Whom the certificates of the signers name.
    pub(in crate::validators::notaryv1) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(|name| &**name)
    }

    fn knows(&self, key: &TufKey) -> bool {
        let names = self.0.get(&key.content_hash());
        names.is_some_and(|names| key.name.as_ref().is_none_or(|name| names.contains(name)))
    }

    fn add(&mut self, key: &TufKey) {
        self.0.entry(key.content_hash()).or_default().extend(key.name.clone());
    }
}
