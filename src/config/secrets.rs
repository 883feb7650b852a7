//! Registry logins: `secret.yaml` and `.dockerconfigjson` folders below the secrets directory.
//!
//! No error of this file holds any part of a secret: parsers quote what they read, so their
//! messages stay here.

mod formats;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use secrecy::SecretString;

/// Bytes of a secret file. A Kubernetes Secret holds 1 MiB at most.
const MAX_BYTES: usize = 1024 * 1024;

/// The secrets directory.
#[derive(Debug, Clone)]
pub struct Secrets {
    dir: PathBuf,
}

/// Logins of one validator, looked up by host and path prefix. `Debug` prints no secret.
#[derive(Clone, Default)]
pub struct Credentials {
    entries: Vec<Entry>,
}

/// A login and where it is meant for. An entry without a host is meant for no registry.
#[derive(Clone)]
struct Entry {
    host: String,
    path: String,
    login: Login,
}

/// A user and a password.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} entries)", self.entries.len())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
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
        let folder = self.folder(name)?;
        for (file, parse) in formats::FORMATS {
            let Some(text) = read_inside(&folder, file)
                .map_err(|why| format!("the secret `{name}`: `{file}` {why}"))?
            else {
                continue;
            };
            let entries =
                parse(&text).map_err(|why| format!("the secret `{name}`: `{file}` {why}"))?;
            return Ok(Credentials { entries });
        }
        Err(format!("no authentication file for secret `{name}`"))
    }

    /// The folder of a secret. It may be a link, but not out of the secrets directory.
    fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let mut components = Path::new(name).components();
        let (Some(Component::Normal(only)), None) = (components.next(), components.next()) else {
            return Err(format!("`{name}` is no name of a secret: it must be one folder"));
        };
        let missing =
            |_| format!("no authentication file for secret `{name}`: there is no such folder");
        let root = self.dir.canonicalize().map_err(missing)?;
        let folder = root.join(only).canonicalize().map_err(missing)?;
        if folder.starts_with(&root) && folder != root {
            Ok(folder)
        } else {
            Err(format!("the secret `{name}` leads out of the secrets directory"))
        }
    }
}

/// Reads `file`, `None` if there is none. A link may not leave `folder`; Kubernetes mounts a secret
/// as `secret.yaml -> ..data/secret.yaml` and `..data -> ..2026_…`, which both stay inside.
fn read_inside(folder: &Path, file: &str) -> Result<Option<String>, &'static str> {
    let written = folder.join(file);
    if written.symlink_metadata().is_err() {
        return Ok(None);
    }
    let path = written.canonicalize().map_err(|_| "is a link to nothing")?;
    if !path.starts_with(folder) {
        return Err("leads out of its folder");
    }
    let opened = File::open(&path).map_err(|_| "cannot be opened")?;
    if !opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err("is no file");
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|_| "cannot be read")?;
    if bytes.len() > MAX_BYTES {
        return Err("is larger than 1 MiB");
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "is not UTF-8 text")
}

impl Credentials {
    /// The login for `host/path`: the host must be equal, the path of the entry a prefix by whole
    /// components; the longest wins.
    pub fn lookup(&self, host: &str, path: &str) -> Option<&Login> {
        self.entries
            .iter()
            .filter(|entry| !entry.host.is_empty() && entry.host == host)
            .filter(|entry| {
                path.strip_prefix(&entry.path).is_some_and(|rest| {
                    entry.path.is_empty() || rest.is_empty() || rest.starts_with('/')
                })
            })
            .max_by_key(|entry| entry.path.len())
            .map(|entry| &entry.login)
    }

    /// The same logins, where one that names no registry is meant for `host`.
    #[must_use]
    pub fn meant_for(mut self, host: &str) -> Self {
        for entry in self.entries.iter_mut().filter(|entry| entry.host.is_empty()) {
            host.clone_into(&mut entry.host);
        }
        self
    }

    /// Tells whether there is no login at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
