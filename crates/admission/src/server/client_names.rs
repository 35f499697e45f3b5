//! Client certificates: of a configured authority (RFC 5280), and with one of the configured names.

use std::sync::Arc;
use std::time::Instant;

use notary::text::printable;
use notary::x509::Certificate;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{DirectoryString, GeneralName};

use crate::frontends::Seldom;

/// The most names of a certificate, and the most characters of them, in the log.
const MAX_LOGGED: (usize, usize) = (8, 200);

/// Accepts a certificate if the inner verifier accepts it and it has one of the names.
#[derive(Debug)]
pub(super) struct ClientNames {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
    /// Whose refusals were logged.
    told: Seldom,
}

impl ClientNames {
    /// Without names, the inner verifier decides alone.
    pub(super) fn new(verifier: Arc<dyn ClientCertVerifier>, names: Vec<String>) -> Self {
        Self { verifier, names, told: Seldom::default() }
    }

    fn has_name(&self, presented: &Presented) -> bool {
        self.names.iter().any(|name| {
            presented.common_name.as_ref() == Some(name)
                || presented.dns_names.iter().any(|dns| dns.eq_ignore_ascii_case(name))
        })
    }

    /// Logs that a certificate of a trusted authority is refused, once an hour for each.
    fn tell_of_names(&self, presented: &Presented) {
        let names = presented.shown();
        if self.told.is_due(&names, Instant::now()) {
            let advice = "add one of them, if the client may ask";
            match names.is_empty() {
                true => tracing::warn!(
                    "a client certificate was refused: it has no name, and server.tls.clientNames has some"
                ),
                false => tracing::warn!(
                    "a client certificate was refused: its names {names} are not in server.tls.clientNames; {advice}"
                ),
            }
        }
    }

    /// Logs that a certificate is refused for another reason, once an hour: anyone can make as many as they like.
    fn tell_of_others(&self, certificate: &CertificateDer<'_>, why: &Error) {
        // No names are shown so.
        const OTHERS: &str = "\n";
        if self.told.is_due(OTHERS, Instant::now()) {
            let names = Presented::of(certificate).shown();
            tracing::warn!(
                "a client certificate with the names {names:?} was refused: {}",
                printable(&why.to_string())
            );
        }
    }
}

/// The names of a certificate. The list is empty if the certificate cannot be read.
#[derive(Debug, Default)]
struct Presented {
    common_name: Option<String>,
    dns_names: Vec<String>,
}

impl Presented {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = Certificate::from_der(certificate.to_vec()) else { return Self::default() };
        Self { common_name: common_name(&certificate), dns_names: dns_names(&certificate) }
    }

    /// The names for the log: the client chose them.
    fn shown(&self) -> String {
        let (most, longest) = MAX_LOGGED;
        let names: Vec<&str> = self.common_name.iter().chain(&self.dns_names).take(most).map(String::as_str).collect();
        printable(&names.join(", ").chars().take(longest).collect::<String>())
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
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now);
        let verified = verified.inspect_err(|why| self.tell_of_others(end_entity, why))?;
        if self.names.is_empty() {
            return Ok(verified);
        }
        let presented = Presented::of(end_entity);
        if self.has_name(&presented) {
            Ok(verified)
        } else {
            self.tell_of_names(&presented);
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
