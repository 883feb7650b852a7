//! The serving certificate: read from files, replaced while we run when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::tls::TlsFault;
use crate::image::Digest;
use crate::metrics::Metrics;

/// How often the files are read. Reading follows links, so that the swap of a mounted Secret's
/// `..data` is seen like any other change; no notice of the file system is needed, or missed.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The certificate that is served, and where it comes from.
#[derive(Debug)]
pub struct Certificates {
    current: ArcSwap<CertifiedKey>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Files { paths: Paths, seen: Mutex<Digest> },
    SelfSigned { pem: String },
}

#[derive(Debug, Clone)]
struct Paths {
    certificate: PathBuf,
    key: PathBuf,
}

/// What looking at the files gave.
#[derive(Debug)]
pub(super) enum Look {
    Same,
    Replaced,
    /// The old pair stays.
    Refused(TlsFault),
}

impl Certificates {
    /// Reads a certificate chain and its key from PEM files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsFault> {
        let paths = Paths { certificate: certificate.to_owned(), key: key.to_owned() };
        let bytes = PemPair {
            certificate: std::fs::read(certificate)
                .map_err(|why| TlsFault::unreadable("certificate", certificate, &why))?,
            key: std::fs::read(key).map_err(|why| TlsFault::unreadable("key", key, &why))?,
        };
        let pair = bytes.parse(&paths)?;
        let seen = Mutex::new(bytes.digest());
        let source = Source::Files { paths, seen };
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(pair), source }))
    }

    /// Makes a certificate for this machine that nobody signed, for trials: P-256, loopback names.
    pub fn self_signed() -> Result<Arc<Self>, TlsFault> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|why| TlsFault::SelfSigned { why: why.to_string() })?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
            .map_err(|why| TlsFault::SelfSigned { why: why.to_owned() })?;
        let provider = aws_lc_rs::default_provider();
        let pair = CertifiedKey::from_der(vec![made.cert.der().clone()], key, &provider)
            .map_err(|why| TlsFault::SelfSigned { why: why.to_string() })?;
        let source = Source::SelfSigned { pem: made.cert.pem() };
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(pair), source }))
    }

    /// The self-signed certificate as PEM, for clients that are to trust it.
    pub fn self_signed_pem(&self) -> Option<&str> {
        match &self.source {
            Source::SelfSigned { pem } => Some(pem),
            Source::Files { .. } => None,
        }
    }

    /// Looks at the files for ever, and serves a new pair as soon as it is good.
    pub(super) async fn watch(self: Arc<Self>, metrics: Arc<Metrics>) {
        let Source::Files { paths, .. } = &self.source else {
            return;
        };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look().await {
                Look::Same => {}
                Look::Replaced => {
                    metrics.certificate_reloaded(true);
                    tracing::info!(certificate = %paths.certificate.display(), "certificate replaced");
                }
                Look::Refused(error) => {
                    metrics.certificate_reloaded(false);
                    tracing::warn!(%error, "the old certificate stays");
                }
            }
        }
    }

    /// Reads the files once. A bad pair is reported once, and not again until its bytes change.
    pub(super) async fn look(&self) -> Look {
        let Source::Files { paths, seen } = &self.source else {
            return Look::Same;
        };
        let bytes = match PemPair::read(paths).await {
            Ok(bytes) => bytes,
            Err(fault) => {
                let nothing = Digest::of(fault.to_string().as_bytes());
                return if replace(seen, nothing) { Look::Refused(fault) } else { Look::Same };
            }
        };
        if !replace(seen, bytes.digest()) {
            return Look::Same;
        }
        match bytes.parse(paths) {
            Ok(pair) => {
                self.current.store(Arc::new(pair));
                Look::Replaced
            }
            Err(fault) => Look::Refused(fault),
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// Puts a new value; tells whether it is another one.
fn replace(seen: &Mutex<Digest>, new: Digest) -> bool {
    std::mem::replace(&mut *seen.lock(), new) != new
}

/// The bytes of both files.
struct PemPair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl PemPair {
    async fn read(Paths { certificate, key }: &Paths) -> Result<Self, TlsFault> {
        Ok(Self {
            certificate: tokio::fs::read(certificate)
                .await
                .map_err(|why| TlsFault::unreadable("certificate", certificate, &why))?,
            key: tokio::fs::read(key)
                .await
                .map_err(|why| TlsFault::unreadable("key", key, &why))?,
        })
    }

    /// Tells one pair from another. Only this is kept of the key's bytes.
    fn digest(&self) -> Digest {
        let both = [Digest::of(&self.certificate), Digest::of(&self.key)];
        Digest::of(both.map(|digest| *digest.as_bytes()).as_flattened())
    }

    fn parse(&self, paths: &Paths) -> Result<CertifiedKey, TlsFault> {
        let chain = certificates(&self.certificate, &paths.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsFault::NoKey { path: paths.key.clone() })?;
        let provider = aws_lc_rs::default_provider();
        let mismatch = Error::InconsistentKeys(InconsistentKeys::KeyMismatch);
        CertifiedKey::from_der(chain, key, &provider).map_err(|why| {
            let (certificate, key) = (paths.certificate.clone(), paths.key.clone());
            if why == mismatch {
                return TlsFault::Mismatch { certificate, key };
            }
            TlsFault::Unusable { certificate, key, why: why.to_string() }
        })
    }
}

/// The certificates of a PEM file, at least one.
pub(super) fn certificates(
    pem: &[u8],
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(TlsFault::NoCertificate { path: path.to_owned() }),
    }
}
