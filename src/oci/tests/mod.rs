//! The client against a registry in this process, one misbehaviour at a time.

mod bounds;
mod guard;
mod logins;
mod outages;
mod plain;
mod proxy;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{Client, ClientSettings, Error, Manifest, Reference};
use crate::cli::demo::registry::{Options, Registry};
use crate::clock::Deadline;
use crate::config::{Credentials, Limits, RegistryAccess, Secrets, Timeouts};
use crate::image::{ImageRef, RepositoryName};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Settings for anonymous pulls; the registries may be on loopback and speak plain HTTP.
fn settings(registries: &[&Registry]) -> ClientSettings {
    let hosts: BTreeSet<String> = registries.iter().map(|registry| registry.host()).collect();
    let access = RegistryAccess { named: hosts.clone(), insecure: hosts, ..Default::default() };
    ClientSettings {
        validator: "test".into(),
        ca_pem: None,
        credentials: Credentials::default(),
        access: Arc::new(access),
        limits: Limits::default(),
        timeouts: Timeouts::default(),
        metrics: Arc::default(),
    }
}

fn client(registries: &[&Registry]) -> Client {
    Client::new(settings(registries)).unwrap()
}

/// Logins as a pull secret holds them.
fn logins(hosts: &[&str], user: &str, password: &str) -> Credentials {
    let auths: serde_json::Map<String, serde_json::Value> = hosts
        .iter()
        .map(|host| {
            let login = serde_json::json!({"username": user, "password": password});
            ((*host).to_owned(), login)
        })
        .collect();
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("pull")).unwrap();
    let text = serde_json::json!({"auths": auths}).to_string();
    std::fs::write(dir.path().join("pull/.dockerconfigjson"), text).unwrap();
    Secrets::new(dir.path().to_owned()).read("pull").unwrap()
}

async fn registry() -> Registry {
    Registry::start().await.unwrap()
}

async fn registry_with(access: crate::cli::demo::registry::Access) -> Registry {
    Registry::start_with(Options { access, ..Options::default() }).await.unwrap()
}

fn repository(host: &str, path: &str) -> RepositoryName {
    format!("{host}/{path}").parse::<ImageRef>().unwrap().repository().clone()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

async fn pull(client: &Client, registry: &Registry, path: &str) -> Result<Manifest, Error> {
    client.manifest(&repository(&registry.host(), path), Reference::Tag("1"), soon()).await
}
