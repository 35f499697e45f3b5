//! The life of the own certificate authority.

use std::os::unix::fs::PermissionsExt as _;

use time::{Duration, OffsetDateTime};

use super::super::own_ca::Issued;
use super::super::*;

const DAY: Duration = Duration::DAY;

fn authority(folder: &tempfile::TempDir, names: &[&str]) -> OwnAuthority {
    let names = names.iter().map(|name| (*name).to_owned());
    OwnAuthority::new(folder.path().join("tls"), [0, 0, 0, 0].into(), names).unwrap()
}

fn count(issued: &Issued) -> usize {
    issued.ca_bundle.matches("BEGIN CERTIFICATE").count()
}

/// Whether a client with this bundle accepts the certificate for a name.
fn is_trusted(bundle: &str, issued: &Issued, name: &str, now: OffsetDateTime) -> bool {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let seconds = std::time::Duration::from_secs(now.unix_timestamp().try_into().unwrap());
    use rustls::client::danger::ServerCertVerifier as _;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(&issued.certificate, &[], &name, &[], UnixTime::since_unix_epoch(seconds)).is_ok()
}

#[test]
fn keys_are_readable_by_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    authority(&folder, &[]).certificate(OffsetDateTime::now_utc()).unwrap();
    for name in ["authority.pem", "certificate.pem"] {
        let path = folder.path().join("tls").join(name);
        assert!(std::fs::read_to_string(&path).unwrap().contains("PRIVATE KEY"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(folder.path().join("tls").metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_certificate_is_for_the_names_and_a_new_name_issues_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let now = OffsetDateTime::now_utc();
    let first = authority(&folder, &[]).certificate(now).unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert!(is_trusted(&first.ca_bundle, &first, name, now), "{name}");
    }
    let service = "Admission.notation-system.svc";
    assert!(!is_trusted(&first.ca_bundle, &first, service, now));
    let second = authority(&folder, &[service, "10.0.0.7"]).certificate(now).unwrap();
    assert_eq!(second.ca_bundle, first.ca_bundle);
    assert!(is_trusted(&first.ca_bundle, &second, service, now));
    assert!(is_trusted(&first.ca_bundle, &second, "10.0.0.7", now));
    assert!(!is_trusted(&first.ca_bundle, &second, "notation-system.svc", now));
    let third = authority(&folder, &[service, "10.0.0.7"]).certificate(now).unwrap();
    assert_eq!(third.certificate, second.certificate);
    for name in ["", "a b", "https://a", "a/b", "ä.example"] {
        let error = OwnAuthority::new(folder.path(), [127, 0, 0, 1].into(), [name.to_owned()]).unwrap_err();
        assert!(matches!(error, OwnCaError::Name(_)), "{name}: {error}");
    }
}

#[test]
fn the_certificate_is_renewed_after_two_thirds_of_its_life() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(&folder, &[]);
    let start = OffsetDateTime::now_utc();
    let first = authority.certificate(start).unwrap();
    let same = authority.certificate(start + 59 * DAY).unwrap();
    assert_eq!(same.certificate, first.certificate);
    let renewed = authority.certificate(start + 61 * DAY).unwrap();
    assert_ne!(renewed.certificate, first.certificate);
    assert_eq!(renewed.ca_bundle, first.ca_bundle);
    assert!(is_trusted(&first.ca_bundle, &renewed, "localhost", start + 150 * DAY));
}

#[test]
fn a_new_authority_is_published_before_it_signs_and_the_old_one_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(&folder, &[]);
    let start = OffsetDateTime::now_utc();
    let mut known = authority.certificate(start).unwrap().ca_bundle;
    let mut most = 0;
    // Two years, looked at twice a day. Clients have the bundle of the time before.
    for half in 1..1460 {
        let now = start + DAY / 2 * half;
        let issued = authority.certificate(now).unwrap();
        assert!(is_trusted(&known, &issued, "localhost", now), "{half}");
        most = most.max(count(&issued));
        known = issued.ca_bundle;
    }
    assert_eq!(most, 2);
    assert!(!folder.path().join("tls/authority-next.pem").exists());
}

#[test]
fn after_a_long_time_everything_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(&folder, &[]);
    let start = OffsetDateTime::now_utc();
    let first = authority.certificate(start).unwrap();
    let later = start + 1000 * DAY;
    let issued = authority.certificate(later).unwrap();
    assert!(is_trusted(&issued.ca_bundle, &issued, "localhost", later));
    assert_eq!(count(&issued), 1);
    assert_ne!(issued.ca_bundle, first.ca_bundle);
}

#[test]
fn a_broken_authority_is_reported_and_a_broken_certificate_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(&folder, &[]);
    let now = OffsetDateTime::now_utc();
    let first = authority.certificate(now).unwrap();
    let path = folder.path().join("tls/certificate.pem");
    std::fs::write(&path, "broken").unwrap();
    let second = authority.certificate(now).unwrap();
    assert_eq!(second.ca_bundle, first.ca_bundle);
    assert!(is_trusted(&first.ca_bundle, &second, "localhost", now));
    // A certificate with the key of another.
    let text = std::fs::read_to_string(&path).unwrap();
    let path = folder.path().join("tls/authority.pem");
    let own = std::fs::read_to_string(&path).unwrap();
    let end = own.find("-----BEGIN CERTIFICATE").unwrap();
    let begin = text.find("-----BEGIN CERTIFICATE").unwrap();
    std::fs::write(&path, format!("{}{}", &text[..begin], &own[end..])).unwrap();
    let error = authority.certificate(now).err().unwrap();
    assert!(matches!(error, OwnCaError::Unusable { .. }), "{error}");
    assert!(!error.to_string().contains("PRIVATE"));
}
