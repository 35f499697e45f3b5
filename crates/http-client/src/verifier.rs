//! Verifying TLS servers: by certificate authorities, and, as Go's programs do, by a server's own certificate where
//! that certificate itself is trusted. Such a certificate vouches for no other one.
//!
//! webpki accepts no certificate of a certificate authority from a server, and `openssl req -x509` makes every
//! self-signed certificate one.

use std::sync::Arc;

use connect::{Authorities, AuthoritiesError};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::der::Decode as _;
use x509_cert::der::oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_SERVER_AUTH};
use x509_cert::ext::pkix::ExtendedKeyUsage;

/// Verifies servers by the system's and the user's certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` if no authority is trusted.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates that may be a server's own: all that the user named, and those of the system that are not of
    /// authorities.
    own: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

/// Why there is no verifier.
#[derive(Debug)]
pub(super) enum VerifierError {
    /// No certificate is trusted.
    Authorities(AuthoritiesError),
    /// rustls rejects the authorities.
    Tls(String),
}

impl Verifier {
    /// A verifier that trusts the authorities among both, and servers whose certificate the user named.
    pub(super) fn new(
        system: Authorities,
        named: Authorities,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierError> {
        let own: Vec<_> = named.all().chain(system.others()).cloned().collect();
        let mut authorities = system;
        authorities.extend(named);
        let authorities = match authorities.into_issuing() {
            Ok(issuing) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(issuing);
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
                Some(verifier.build().map_err(|why| VerifierError::Tls(why.to_string()))?)
            }
            Err(_) if !own.is_empty() => None,
            Err(why) => return Err(VerifierError::Authorities(why)),
        };
        Ok(Self { authorities, own, provider })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.own.iter().any(|own| own.as_ref() == end_entity.as_ref()) {
            return verify_own(end_entity, server_name, now);
        }
        let authorities = self.authorities.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies a server by its own certificate, which the user trusts: its name, its validity and its purpose still count.
fn verify_own(own: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<ServerCertVerified, Error> {
    verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
    let certificate = x509_cert::Certificate::from_der(own).map_err(|_| CertificateError::BadEncoding)?;
    let fields = certificate.tbs_certificate();
    let validity = fields.validity();
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    let purposes = fields.get_extension::<ExtendedKeyUsage>().map_err(|_| CertificateError::BadEncoding)?;
    match purposes {
        Some((_, ExtendedKeyUsage(purposes)))
            if !purposes.contains(&ID_KP_SERVER_AUTH) && !purposes.contains(&ANY_EXTENDED_KEY_USAGE) =>
        {
            Err(CertificateError::InvalidPurpose.into())
        }
        _ => Ok(ServerCertVerified::assertion()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use connect::TlsFailure;
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};

    use super::*;

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut parameters = CertificateParams::new(vec!["registry.example".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
        // As `openssl req -x509` does.
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = KeyPair::generate().unwrap().public_key_pem();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name.get(40..80).unwrap());
        change(&mut parameters);
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    fn verify(
        named: &[&CertificateDer<'static>],
        server: &CertificateDer<'_>,
        name: &str,
        day: u64,
    ) -> Result<(), Error> {
        verify_among(Authorities::default(), authorities(named), server, name, day)
    }

    fn authorities(certificates: &[&CertificateDer<'static>]) -> Authorities {
        let mut all = Authorities::default();
        for certificate in certificates {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), certificate).unwrap();
            all.extend(Authorities::from_file(file.path()).unwrap());
        }
        all
    }

    fn verify_among(
        system: Authorities,
        named: Authorities,
        server: &CertificateDer<'_>,
        name: &str,
        day: u64,
    ) -> Result<(), Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new(system, named, provider).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs((20_454 + day) * 86_400));
        verifier.verify_server_cert(server, &[], &name.to_owned().try_into().unwrap(), &[], now).map(|_| ())
    }

    #[test]
    fn a_servers_own_certificate_is_trusted_if_the_user_names_it() {
        let (own, other) = (certificate(|_| ()), certificate(|_| ()));
        let no_authority = certificate(|parameters| parameters.is_ca = IsCa::NoCa);
        let for_servers =
            certificate(|parameters| parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
        let for_clients =
            certificate(|parameters| parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        for server in [&own, &no_authority, &for_servers] {
            assert_eq!(verify(&[&other, server], server, "registry.example", 10), Ok(()));
        }
        for (named, server, name, day, expected) in [
            (&own, &own, "other.example", 10, "not valid for name"),
            (&own, &own, "registry.example", 400, "Expired"),
            (&for_clients, &for_clients, "registry.example", 10, "InvalidPurpose"),
            (&other, &own, "registry.example", 10, "not trusted"),
            (&other, &no_authority, "registry.example", 10, "not trusted"),
        ] {
            let why = TlsFailure::of(&verify(&[named], server, name, day).unwrap_err()).unwrap();
            assert_eq!(why == TlsFailure::UnknownAuthority, expected == "not trusted", "{name} {day}: {why}");
            assert!(why.to_string().contains(expected), "{name} {day}: {why}");
        }
    }

    #[test]
    fn only_an_authority_vouches_for_other_certificates() {
        let ca = IsCa::Ca(BasicConstraints::Unconstrained);
        for (is_ca, usages, trusted) in [
            (ca, vec![], true),
            (ca, vec![KeyUsagePurpose::KeyCertSign], true),
            (ca, vec![KeyUsagePurpose::DigitalSignature], false),
            (IsCa::NoCa, vec![], false),
            (IsCa::ExplicitNoCa, vec![], false),
            (IsCa::ExplicitNoCa, vec![KeyUsagePurpose::KeyCertSign], false),
        ] {
            let mut parameters = CertificateParams::new(vec!["registry.example".to_owned()]).unwrap();
            parameters.is_ca = is_ca;
            parameters.key_usages = usages.clone();
            let key = KeyPair::generate().unwrap();
            let named: CertificateDer<'static> = parameters.self_signed(&key).unwrap().into();
            let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            server.not_before = rcgen::date_time_ymd(2026, 1, 1);
            server.not_after = rcgen::date_time_ymd(2027, 1, 1);
            let issuer = Issuer::new(parameters, key);
            let server = server.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().into();
            for (system, named) in
                [(Authorities::default(), authorities(&[&named])), (authorities(&[&named]), Authorities::default())]
            {
                let answer = verify_among(system, named, &server, "localhost", 10);
                assert_eq!(answer.is_ok(), trusted, "{is_ca:?} {usages:?}: {answer:?}");
                let why = answer.err().and_then(|why| TlsFailure::of(&why));
                assert!(trusted || why == Some(TlsFailure::UnknownAuthority), "{is_ca:?} {usages:?}: {why:?}");
            }
        }
    }

    #[test]
    fn a_servers_own_certificate_may_be_among_the_systems() {
        let server = certificate(|parameters| parameters.is_ca = IsCa::NoCa);
        let system = authorities(&[&server]);
        assert_eq!(verify_among(system, Authorities::default(), &server, "registry.example", 10), Ok(()));
    }
}
