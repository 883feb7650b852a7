//! An OCI registry in memory, on loopback: for the demo, and a peer in tests.
//!
//! It serves what the pull side of the distribution specification has, and the trust data that a
//! notary has; it asks for logins, logs what it was asked, and misbehaves on demand. It cannot be
//! pushed to over the network.

mod access;
mod faults;
mod http;
mod store;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use access::Access;
pub use faults::{Effect, Fault};

use crate::image::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How a registry is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1; any free one if 0.
    pub port: u16,
    /// Speak TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Who may pull.
    pub access: Access,
    /// How long every answer takes.
    pub latency: Duration,
    /// Serve the referrers API; otherwise it is 404.
    pub referrers: bool,
}

/// A running registry; it stops when this is dropped.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    /// Where we are: realms need it.
    base: String,
    latency: Duration,
    referrers: bool,
    store: store::Store,
    faults: faults::Faults,
    access: access::Gate,
    log: parking_lot::Mutex<Vec<Logged>>,
    connections: AtomicUsize,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its method.
    pub method: String,
    /// The version of HTTP.
    pub version: hyper::Version,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
}

impl Registry {
    /// Starts an open registry on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a registry.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            base: format!("{scheme}://{address}"),
            latency: options.latency,
            referrers: options.referrers,
            store: store::Store::default(),
            faults: faults::Faults::default(),
            access: access::Gate::new(options.access),
            log: parking_lot::Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        tokio::spawn(http::serve(listener, options.tls, Arc::clone(&shared), stop.clone()));
        Ok(Self { address, shared, _stop: stop.drop_guard() })
    }

    /// Host and port, as they stand in image references.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Scheme, host and port.
    pub fn url(&self) -> &str {
        &self.shared.base
    }

    /// Keeps a manifest under its digest, and under `tag` if there is one.
    pub fn push_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        self.shared.store.put_manifest(repository, tag, media_type, bytes.into())
    }

    /// Keeps a blob, for every repository.
    pub fn push_blob(&self, bytes: impl Into<Bytes>) -> Digest {
        self.shared.store.put_blob(bytes.into())
    }

    /// Makes and keeps a small image that no other name has.
    pub fn push_image(&self, repository: &str, tag: &str) -> Digest {
        let layer = Bytes::from(format!("the files of {repository}:{tag}\n"));
        let layer_size = layer.len();
        let layer = self.push_blob(layer);
        let config = json!({
            "architecture": "amd64", "os": "linux", "author": format!("{repository}:{tag}"),
            "rootfs": {"type": "layers", "diff_ids": [layer.to_string()]},
        });
        let config = config.to_string();
        let config_size = config.len();
        let config = self.push_blob(config);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config.to_string(), "size": config_size,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer.to_string(), "size": layer_size,
            }],
        });
        self.push_manifest(repository, Some(tag), MANIFEST, manifest.to_string())
    }

    /// Forgets a tag or a manifest (by the text of its digest).
    pub fn remove(&self, repository: &str, reference: &str) {
        self.shared.store.remove(repository, reference);
    }

    /// Keeps a file of the trust data of the repository `gun`, as `timestamp.json`.
    pub fn push_trust_data(&self, gun: &str, file: &str, bytes: impl Into<Bytes>) {
        self.shared.store.put_trust_data(gun, file, bytes.into());
    }

    /// Forgets a file of the trust data of the repository `gun`.
    pub fn remove_trust_data(&self, gun: &str, file: &str) {
        self.shared.store.remove_trust_data(gun, file);
    }

    /// Misbehaves from now on. Earlier faults that still apply come first.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Behaves again.
    pub fn heal(&self) {
        self.shared.faults.clear();
    }

    /// Makes every token that was given out invalid.
    pub fn revoke_tokens(&self) {
        self.shared.access.revoke();
    }

    /// Every request since the start or [`Self::clear_log`], in their order.
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.log.lock().clone()
    }

    /// How many requests had a path that starts with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.shared.log.lock().iter().filter(|logged| logged.path.starts_with(prefix)).count()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.log.lock().clear();
    }
}
