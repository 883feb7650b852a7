//! TLS 1.2 and 1.3 for the webhooks, and which clients may ask for reviews.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use super::certificates::{Certificates, certificates};

/// Why TLS cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// A file cannot be read.
    #[error(
        "cannot read the {what} `{}`: {why}; check `server` in the configuration, or try --self-signed",
        path.display()
    )]
    Unreadable {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No certificate in a file.
    #[error("no certificate in `{}`: want PEM, `-----BEGIN CERTIFICATE-----`", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// No private key in a file.
    #[error("no private key in `{}`: want PEM, `-----BEGIN PRIVATE KEY-----`", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key are not of one pair.
    #[error(
        "the key `{}` does not belong to the certificate `{}`: write both from one issue, the server's own certificate first",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Certificate or key cannot be used.
    #[error("cannot serve `{}` with the key `{}`: {why}", certificate.display(), key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        why: String,
    },
    /// The CA of clients cannot be used.
    #[error("cannot use `{}` as CA of clients (`server.clientCA`): {why}", path.display())]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No self-signed certificate could be made.
    #[error("cannot make a self-signed certificate: {why}")]
    SelfSigned {
        /// Why.
        why: String,
    },
    /// The crypto provider does not know our protocol versions.
    #[error("cannot set up TLS: {why}")]
    Setup {
        /// Why.
        why: String,
    },
}

impl TlsFault {
    pub(super) fn unreadable(what: &'static str, path: &Path, why: &io::Error) -> Self {
        Self::Unreadable { what, path: path.to_owned(), why: why.to_string() }
    }
}

/// The server's side of TLS. HTTP/1.1 is offered beside HTTP/2 because API servers speak it.
pub(super) fn server_config(
    served: &Arc<Certificates>,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, TlsFault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|why| TlsFault::Setup { why: why.to_string() })?;
    let builder = match client_ca {
        Some(path) => builder.with_client_cert_verifier(client_verifier(path)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(served.clone());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Verifies the certificate of a client that shows one. A client that shows none may connect,
/// because the kubelet's probes have none; the router keeps it from reviews.
fn client_verifier(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsFault> {
    let pem = std::fs::read(path).map_err(|why| TlsFault::unreadable("client CA", path, &why))?;
    let unusable = |why: String| TlsFault::ClientCa { path: path.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for root in certificates(&pem, path)? {
        roots.add(root).map_err(|why| unusable(why.to_string()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|why| unusable(why.to_string()))
}
