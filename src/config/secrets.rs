//! Registry logins: `secret.yaml` and `.dockerconfigjson` folders below the secrets directory.

use std::path::PathBuf;

/// The secrets directory.
#[derive(Debug, Clone)]
pub struct Secrets {
    dir: PathBuf,
}

/// Logins of one validator, looked up by host and path prefix. `Debug` prints no secret.
#[derive(Debug, Clone, Default)]
pub struct Credentials {}

/// A user and a password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub password: secrecy::SecretString,
}

impl Secrets {
    /// The directory that holds one folder per secret.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Reads the secret `name` (contract 1.2: the first of `secret.yaml`, `.dockerconfigjson`).
    ///
    /// # Errors
    /// One sentence without any part of the secret.
    pub fn read(&self, name: &str) -> Result<Credentials, String> {
        todo!()
    }
}

impl Credentials {
    /// The login for `host/path`: the host must be equal, the path of the entry a prefix by whole
    /// components; the longest wins.
    pub fn lookup(&self, host: &str, path: &str) -> Option<&Login> {
        todo!()
    }

    /// Tells whether there is no login at all.
    pub fn is_empty(&self) -> bool {
        todo!()
    }
}
