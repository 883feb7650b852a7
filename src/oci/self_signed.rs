//! A server whose own certificate stands in `cert`.
//!
//! Whoever runs a registry or a notary by himself often has one certificate that signed itself. Most
//! tools mark it as a CA, and the usual check takes no CA for a server. Written down in the
//! configuration, exactly this certificate is trusted: for its names and in its time, like any other.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Takes the certificates of the configuration as CAs, and as those of servers.
#[derive(Debug)]
pub(super) struct ListedOrSigned {
    listed: Vec<CertificateDer<'static>>,
    signed: Arc<WebPkiServerVerifier>,
}

impl ListedOrSigned {
    /// `roots` are made of the certificates that are `listed`.
    pub(super) fn new(
        listed: Vec<CertificateDer<'static>>,
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let signed = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build()?;
        Ok(Self { listed, signed })
    }
}

impl ServerCertVerifier for ListedOrSigned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.listed.iter().any(|listed| listed == end_entity) {
            let signed = &self.signed;
            return signed.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        verify_time(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// RFC 5280, 4.1.2.5.
fn verify_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate().validity();
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate for `reg.test` that signed itself, valid in 2026.
    fn certificate(is_ca: bool) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["reg.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    fn at(year: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600 + 15_000_000))
    }

    fn verify(
        listed: &CertificateDer<'static>,
        shown: &CertificateDer<'static>,
        (name, now): (&str, UnixTime),
    ) -> Result<(), Error> {
        let mut roots = RootCertStore::empty();
        roots.add(listed.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = ListedOrSigned::new(vec![listed.clone()], roots, provider).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(shown, &[], &name, &[], now).map(drop)
    }

    #[test]
    fn a_certificate_that_signed_itself_is_trusted_where_it_is_listed() {
        for is_ca in [true, false] {
            let own = certificate(is_ca);
            assert_eq!(verify(&own, &own, ("reg.test", at(2026))), Ok(()), "CA: {is_ca}");
        }
    }

    #[test]
    fn only_for_its_names_in_its_time_and_no_other_certificate() {
        let own = certificate(true);
        for (shown, name, year) in [
            (&own, "other.test", 2026),
            (&own, "reg.test", 2025),
            (&own, "reg.test", 2027),
            (&certificate(true), "reg.test", 2026),
            (&certificate(false), "reg.test", 2026),
        ] {
            let verdict = verify(&own, shown, (name, at(year)));
            assert!(verdict.is_err(), "{name} in {year}");
        }
    }
}
