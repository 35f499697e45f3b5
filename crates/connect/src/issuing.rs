//! Which certificates may issue others. webpki trusts every certificate that it is given as that of an authority.

use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

/// Whether certificates that this one's key has signed count: RFC 5280, 4.2.1.9 and 4.2.1.3. Certificates older than
/// version 3 have no extensions to say so; as in Go's programs they may.
///
/// A certificate that cannot be parsed may not.
pub(super) fn may_issue(certificate: &CertificateDer<'_>) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else { return false };
    let fields = certificate.tbs_certificate();
    let is_authority = match fields.get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) => constraints.ca,
        Ok(None) => fields.version() != Version::V3,
        Err(_) => false,
    };
    let may_sign = match fields.get_extension::<KeyUsage>() {
        Ok(usage) => usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
        Err(_) => false,
    };
    is_authority && may_sign
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

    use super::*;

    #[test]
    fn only_the_certificate_of_an_authority_may_issue_others() {
        let authority = IsCa::Ca(BasicConstraints::Unconstrained);
        for (is_ca, usages, expected) in [
            (authority, vec![], true),
            (authority, vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign], true),
            (IsCa::Ca(BasicConstraints::Constrained(0)), vec![], true),
            (authority, vec![KeyUsagePurpose::DigitalSignature], false),
            (IsCa::NoCa, vec![], false),
            (IsCa::ExplicitNoCa, vec![], false),
            (IsCa::ExplicitNoCa, vec![KeyUsagePurpose::KeyCertSign], false),
        ] {
            let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            parameters.is_ca = is_ca;
            parameters.key_usages = usages.clone();
            let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
            assert_eq!(may_issue(certificate.der()), expected, "{is_ca:?} {usages:?}");
        }
        assert!(!may_issue(&CertificateDer::from_slice(b"\x30\x00")));
    }

    /// A certificate of version 1 has no version field: the first element of its fields is the serial number.
    #[test]
    fn a_certificate_of_version_1_may_issue_others() {
        use rustls_pki_types::pem::PemObject as _;
        let certificate = CertificateDer::from_pem_slice(VERSION_1.as_bytes()).unwrap();
        assert!(may_issue(&certificate));
        rustls::RootCertStore::empty().add(certificate).unwrap();
    }

    /// `openssl x509 -req` without extensions.
    const VERSION_1: &str = "\
        -----BEGIN CERTIFICATE-----\n\
        MIIBFjCBvQIUacVuEMPu44vgHUa0SNtoYdgKb28wCgYIKoZIzj0EAwIwDTELMAkG\n\
        A1UEAwwCdjEwIBcNMjYxMTI3MTcyMzAxWhgPMjEyNjExMDMxNzIzMDFaMA0xCzAJ\n\
        BgNVBAMMAnYxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhT/hBGMztU/r0xji\n\
        nIj8UjgoNF3oEJBwZxTuZZ3VFAzcux0kb7UL992JKlbiabYanXm2qug/LKBOSskq\n\
        IyUG5TAKBggqhkjOPQQDAgNIADBFAiAxTn4NwvtP7lbwclRzvH2fDqJls4NkH1TT\n\
        R96YaFBO7AIhAMyXcftrVpi4SndzS6zrsU1Dfd33UJv1ESS9SgGsEIyw\n\
        -----END CERTIFICATE-----\n\
    ";

    /// No certificate of this machine is left out because it cannot be parsed.
    #[test]
    fn parses_the_certificates_of_the_system() {
        for certificate in rustls_native_certs::load_native_certs().certs {
            assert!(Certificate::from_der(&certificate).is_ok(), "{certificate:?}");
        }
    }
}
