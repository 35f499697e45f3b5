//! Client certificates: of a configured authority (RFC 5280), and with one of the configured names.

use std::sync::Arc;

use notary::x509::Certificate;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};

/// Accepts a certificate if the inner verifier accepts it and it has one of the names.
#[derive(Debug)]
pub(super) struct ClientNames {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl ClientNames {
    /// Without names, the inner verifier decides alone.
    pub(super) fn new(verifier: Arc<dyn ClientCertVerifier>, names: Vec<String>) -> Self {
        Self { verifier, names }
    }

    fn has_name(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = Certificate::from_der(certificate.to_vec()) else { return false };
        let common_name = common_name(&certificate);
        let dns_names = dns_names(&certificate);
        self.names.iter().any(|name| {
            common_name.as_ref() == Some(name) || dns_names.iter().any(|dns| dns.eq_ignore_ascii_case(name))
        })
    }
}

/// The common name. With several it is not clear which one its authority checked: then none counts.
fn common_name(certificate: &Certificate) -> Option<String> {
    let subject = certificate.subject_name();
    let count = subject.iter().filter(|attribute| attribute.oid == COMMON_NAME).count();
    match subject.common_name() {
        Ok(Some(DirectoryString::PrintableString(name))) if count == 1 => Some(name.to_string()),
        Ok(Some(DirectoryString::Utf8String(name))) if count == 1 => Some(name),
        _ => None,
    }
}

const COMMON_NAME: x509_cert::spki::ObjectIdentifier = x509_cert::spki::ObjectIdentifier::new_unwrap("2.5.4.3");

fn dns_names(certificate: &Certificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = certificate.fields().get_extension() else { return Vec::new() };
    let dns = |name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    };
    names.into_iter().filter_map(dns).collect()
}

impl ClientCertVerifier for ClientNames {
    // Regardless of the inner verifier: a client without a certificate is never let in.
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now)?;
        if self.names.is_empty() || self.has_name(end_entity) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
