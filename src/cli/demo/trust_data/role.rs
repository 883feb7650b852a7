//! Whose signatures a role takes, and what its file says of it.

use jiff::Timestamp;

use super::TufSigner;

/// A role: whose signatures it takes, and what stands in its file.
#[derive(Debug, Clone)]
pub struct Role {
    /// The keys that count, as they are listed by the role above.
    pub keys: Vec<TufSigner>,
    /// Who signs; usually the keys.
    pub signers: Vec<TufSigner>,
    /// How many of the keys must have signed.
    pub threshold: u64,
    /// The version of the file.
    pub version: u64,
    /// When the file ends to be valid.
    pub expires: Timestamp,
}

/// A role below targets or below another delegation.
#[derive(Debug, Clone)]
pub struct Delegation {
    /// Keys, version and end.
    pub role: Role,
    /// Beginnings of the tags that it may list.
    pub paths: Vec<String>,
    /// Whether there is a file: only once somebody signed.
    pub published: bool,
}

impl Role {
    /// A role that `keys` sign, all of which are listed; one of them is enough.
    pub fn new(keys: Vec<TufSigner>, expires: Timestamp) -> Self {
        Self { signers: keys.clone(), keys, threshold: 1, version: 1, expires }
    }

    /// The ids of the keys.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.iter().map(TufSigner::key_id).collect()
    }

    /// Lists other keys, which sign from now on.
    pub fn set_keys(&mut self, keys: Vec<TufSigner>) {
        self.signers.clone_from(&keys);
        self.keys = keys;
    }
}
