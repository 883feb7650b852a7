//! The two forms of a secret file, and how their registries are spelled.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Entry, Login};
use crate::config::access;

/// Nesting and nodes of `secret.yaml`, which has three keys.
const MAX_DEPTH: usize = 4;
const MAX_NODES: usize = 64;
/// Logins of one secret.
const MAX_ENTRIES: usize = 1_000;

type Parse = fn(&str) -> Result<Vec<Entry>, String>;

/// The files in the order in which they are looked for.
pub(super) const FORMATS: [(&str, Parse); 2] =
    [("secret.yaml", secret_yaml), (".dockerconfigjson", docker_config)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretYaml {
    username: String,
    password: String,
    registry: Option<String>,
}

fn secret_yaml(text: &str) -> Result<Vec<Entry>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES, max_documents: 1 },
        with_snippet: false,
    };
    let secret: SecretYaml =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            format!("must hold `username`, `password` and at most `registry` (line {line})")
        })?;
    // Without a registry the login is kept, for no host: nothing tells where it may be sent.
    let (host, path) = match &secret.registry {
        Some(registry) => normalised(registry).ok_or("unable to parse registry")?,
        None => (String::new(), String::new()),
    };
    let password = SecretString::from(secret.password);
    Ok(vec![Entry { host, path, login: Login { username: secret.username, password } }])
}

#[derive(Deserialize)]
struct DockerConfig {
    auths: BTreeMap<String, DockerAuth>,
}

#[derive(Deserialize)]
struct DockerAuth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

fn docker_config(text: &str) -> Result<Vec<Entry>, String> {
    let config: DockerConfig = serde_json::from_str(text).map_err(|error| {
        format!(
            "is no Docker configuration with `auths` (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    if config.auths.len() > MAX_ENTRIES {
        return Err(format!("holds more than {MAX_ENTRIES} registries"));
    }
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for (index, (key, auth)) in config.auths.iter().enumerate() {
        let number = index + 1;
        let (host, path) =
            normalised(key).ok_or_else(|| format!("entry {number}: unable to parse registry"))?;
        if !seen.insert((host.clone(), path.clone())) {
            return Err(format!("entry {number}: another entry is for the same registry"));
        }
        let login = login(auth).map_err(|why| format!("entry {number}: {why}"))?;
        entries.push(Entry { host, path, login });
    }
    Ok(entries)
}

fn login(auth: &DockerAuth) -> Result<Login, &'static str> {
    // As Docker does: a non-empty `auth` wins over the two fields.
    if let Some(encoded) = auth.auth.as_deref().filter(|encoded| !encoded.is_empty()) {
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| "`auth` is no base64")?;
        let text = std::str::from_utf8(&bytes).map_err(|_| "`auth` is no text")?;
        let (user, password) = text.split_once(':').ok_or("`auth` is not `user:password`")?;
        return Ok(Login { username: user.to_owned(), password: password.into() });
    }
    match (&auth.username, &auth.password) {
        (Some(user), Some(password)) => {
            Ok(Login { username: user.clone(), password: password.as_str().into() })
        }
        _ => Err("it has neither `auth` nor `username` and `password`"),
    }
}

/// Host and path of a registry as a secret spells it: without scheme, without the `/v1/` of Docker
/// Hub, without a slash at the end, the host in lower case. `docker.io` stays `docker.io`: the key of
/// Docker Hub is `https://index.docker.io/v1/`.
fn normalised(registry: &str) -> Option<(String, String)> {
    let text = registry.trim();
    let text = ["https://", "http://"].iter().find_map(|s| text.strip_prefix(s)).unwrap_or(text);
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let is_hub = host.eq_ignore_ascii_case("docker.io") || ends_with_hub(host);
    let path = path.trim_end_matches('/');
    let path = match path.strip_prefix("v1") {
        Some(rest) if is_hub && (rest.is_empty() || rest.starts_with('/')) => rest,
        _ => path,
    };
    let host = if host.eq_ignore_ascii_case("docker.io") {
        "docker.io".to_owned()
    } else {
        access::host(host)?
    };
    Some((host, path.trim_matches('/').to_owned()))
}

fn ends_with_hub(host: &str) -> bool {
    host.to_ascii_lowercase().ends_with(".docker.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_normalised() {
        for (text, expected) in [
            ("https://index.docker.io/v1/", Some(("index.docker.io", ""))),
            ("index.docker.io/v1", Some(("index.docker.io", ""))),
            ("https://index.docker.io/v1/access-token", Some(("index.docker.io", "access-token"))),
            ("docker.io", Some(("docker.io", ""))),
            ("https://Docker.io/v1/", Some(("docker.io", ""))),
            ("Reg.Example:443/", Some(("reg.example", ""))),
            ("http://reg.example:5000/team/app/", Some(("reg.example:5000", "team/app"))),
            ("reg.example/v1", Some(("reg.example", "v1"))),
            ("index.docker.io/v10", Some(("index.docker.io", "v10"))),
            ("", None),
            ("ftp://reg.example", None),
            ("reg.example:x", None),
            ("user:password@reg.example", None),
        ] {
            let expected = expected.map(|(host, path)| (host.to_owned(), path.to_owned()));
            assert_eq!(normalised(text), expected, "{text:?}");
        }
    }
}
