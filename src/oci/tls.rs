//! Whom we believe to be a registry.

use std::sync::{Arc, LazyLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tracing::warn;

use super::BuildFault;
use super::self_signed::ListedOrSigned;

/// The roots of the system, read once: they take some 10 ms and 0.5 MiB, for each reading.
static SYSTEM_ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| Arc::new(system_roots()));

/// TLS that trusts the given certificates and nobody else, or the roots of the system.
pub(super) fn client_config(ca_pem: Option<&str>) -> Result<ClientConfig, BuildFault> {
    let client_fault = |fault: &dyn std::error::Error| BuildFault::Client(fault.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|fault| client_fault(&fault))?;
    let mut config = if let Some(pem) = ca_pem {
        let (listed, roots) = only(pem)?;
        let verifier =
            ListedOrSigned::new(listed, roots, provider).map_err(|fault| client_fault(&fault))?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_root_certificates(Arc::clone(&SYSTEM_ROOTS))
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a PEM text, and the same as roots.
fn only(pem: &str) -> Result<(Vec<CertificateDer<'static>>, RootCertStore), BuildFault> {
    let (mut listed, mut roots) = (Vec::new(), RootCertStore::empty());
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate =
            certificate.map_err(|fault| BuildFault::Certificate(fault.to_string()))?;
        roots
            .add(certificate.clone())
            .map_err(|fault| BuildFault::Certificate(fault.to_string()))?;
        listed.push(certificate);
    }
    if listed.is_empty() {
        return Err(BuildFault::Certificate("there is no PEM certificate in it".to_owned()));
    }
    Ok((listed, roots))
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for fault in &found.errors {
        warn!(%fault, "cannot read some of the system's root certificates");
    }
    let mut roots = RootCertStore::empty();
    let (_added, ignored) = roots.add_parsable_certificates(found.certs);
    if ignored > 0 {
        warn!(ignored, "some of the system's root certificates are unreadable");
    }
    if roots.is_empty() {
        warn!("the system has no root certificates: registries need `cert` in their validator");
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_must_be_a_pem_certificate() {
        for pem in [
            "",
            "nonsense",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        ] {
            let fault = client_config(Some(pem)).unwrap_err();
            assert!(matches!(fault, BuildFault::Certificate(_)), "{pem:?}: {fault}");
        }
    }

    #[test]
    fn several_certificates_are_all_trusted() {
        let pem: String = ["a", "b"]
            .map(|name| rcgen::generate_simple_self_signed([name.into()]).unwrap().cert.pem())
            .concat();
        assert_eq!(only(&pem).unwrap().1.len(), 2);
    }
}
