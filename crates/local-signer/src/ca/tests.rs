#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::MetadataExt as _;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use time::macros::datetime;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

fn authority() -> (tempfile::TempDir, CertificateAuthority) {
    let directory = tempfile::tempdir().unwrap();
    let authority = CertificateAuthority::open(&directory.path().join("ca")).unwrap();
    (directory, authority)
}

fn parsed(identity: &SigningIdentity) -> Vec<Certificate> {
    identity.chain().iter().map(|der| Certificate::from_der(der).unwrap()).collect()
}

fn public_key(certificate: &Certificate) -> Vec<u8> {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes().to_vec()
}

#[test]
fn issues_a_valid_chain() {
    let (_directory, authority) = authority();
    let chain = parsed(&authority.signing_identity(NOW).unwrap());
    assert_eq!(chain.len(), 3);
    for (position, certificate) in chain.iter().enumerate() {
        let issuer = &chain[(position + 1).min(2)];
        let tbs = certificate.tbs_certificate();
        assert_eq!(tbs.issuer().to_der().unwrap(), issuer.tbs_certificate().subject().to_der().unwrap());
        // ecdsa-with-SHA384
        assert_eq!(certificate.signature_algorithm().oid.to_string(), "1.2.840.10045.4.3.3");
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, public_key(issuer))
            .verify(&tbs.to_der().unwrap(), certificate.signature().raw_bytes())
            .unwrap();
    }
}

#[test]
fn certificates_have_the_required_extensions() {
    let (_directory, authority) = authority();
    let chain = parsed(&authority.signing_identity(NOW).unwrap());
    for (certificate, ca, path_length) in
        [(&chain[0], false, None), (&chain[1], true, Some(0)), (&chain[2], true, Some(1))]
    {
        let tbs = certificate.tbs_certificate();
        let (critical, constraints) = tbs.get_extension::<BasicConstraints>().unwrap().unwrap();
        assert_eq!((critical, constraints.ca, constraints.path_len_constraint), (true, ca, path_length));
        let (critical, usage) = tbs.get_extension::<KeyUsage>().unwrap().unwrap();
        assert!(critical);
        assert_eq!((usage.key_cert_sign(), usage.crl_sign(), usage.digital_signature()), (ca, ca, !ca));
        assert_eq!(usage.0.into_iter().count(), if ca { 2 } else { 1 });
        let extended = tbs.get_extension::<ExtendedKeyUsage>().unwrap();
        let purposes: Vec<String> = extended.iter().flat_map(|(_, usage)| &usage.0).map(ToString::to_string).collect();
        // id-kp-codeSigning
        assert_eq!(purposes, if ca { vec![] } else { vec!["1.3.6.1.5.5.7.3.3"] });
    }
}

#[test]
fn subjects_suit_trusted_identities_and_serials_are_positive() {
    let (_directory, authority) = authority();
    for certificate in parsed(&authority.signing_identity(NOW).unwrap()) {
        let tbs = certificate.tbs_certificate();
        let subject = tbs.subject().to_string();
        for attribute in ["C=XX", "ST=Local", "O=notation-aws-signer", "CN=notation-aws-signer local"] {
            assert!(subject.contains(attribute), "{subject}");
        }
        let serial = tbs.serial_number().as_bytes();
        assert_eq!((serial.len(), serial[0] & 0xc0), (16, 0x40));
    }
}

#[test]
fn leaves_are_valid_for_seven_days() {
    let (_directory, authority) = authority();
    let identity = authority.signing_identity(NOW).unwrap();
    assert_eq!((identity.not_before, identity.not_after), (NOW - Duration::days(1), NOW + Duration::days(6)));
}

#[test]
fn reuses_a_leaf_until_a_day_before_its_expiry() {
    let (_directory, authority) = authority();
    let first = authority.signing_identity(NOW).unwrap();
    let same = authority.signing_identity(NOW + Duration::days(5) - Duration::seconds(1)).unwrap();
    assert_eq!(first.chain(), same.chain());
    let later = authority.signing_identity(NOW + Duration::days(5)).unwrap();
    assert_ne!(first.chain()[0], later.chain()[0]);
    let years_ago = authority.signing_identity(datetime!(2012-01-01 00:00:00 UTC)).unwrap();
    assert!(years_ago.not_before < datetime!(2012-01-01 00:00:00 UTC));
    assert_eq!(first.chain()[1..], years_ago.chain()[1..]);
}

#[test]
fn the_leaf_verifies_signatures_of_the_key() {
    let (_directory, authority) = authority();
    let identity = authority.signing_identity(NOW).unwrap();
    let signature = identity.sign(b"message").unwrap();
    assert_eq!(signature.len(), 96);
    let leaf = &parsed(&identity)[0];
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, public_key(leaf)).verify(b"message", &signature).unwrap();
}

#[test]
fn reopening_keeps_authority_and_leaf() {
    let (directory, authority) = authority();
    let chain = authority.signing_identity(NOW).unwrap().chain().to_vec();
    drop(authority);
    let again = CertificateAuthority::open(&directory.path().join("ca")).unwrap();
    assert_eq!(again.signing_identity(NOW).unwrap().chain(), chain);
}

#[test]
fn files_are_private() {
    let (directory, authority) = authority();
    authority.signing_identity(NOW).unwrap();
    let ca = directory.path().join("ca");
    assert_eq!(ca.metadata().unwrap().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&ca).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["intermediate-key.pem", "intermediate.pem", "leaf-key.pem", "leaf.pem", "root-key.pem", "root.pem"]
    );
}

#[test]
fn rejects_and_keeps_a_damaged_authority() {
    let (directory, authority) = authority();
    drop(authority);
    let ca = directory.path().join("ca");
    let root = fs::read(ca.join("root.pem")).unwrap();
    fs::remove_file(ca.join("intermediate.pem")).unwrap();
    assert!(matches!(CertificateAuthority::open(&ca), Err(CaError::Directory(DirectoryError::Io { .. }))));
    fs::write(ca.join("intermediate.pem"), &root).unwrap();
    assert!(matches!(CertificateAuthority::open(&ca), Err(CaError::Damaged { .. })));
    fs::write(ca.join("intermediate.pem"), "no certificate").unwrap();
    assert!(matches!(CertificateAuthority::open(&ca), Err(CaError::Damaged { .. })));
    assert_eq!(fs::read(ca.join("root.pem")).unwrap(), root);
}

#[test]
fn replaces_a_damaged_leaf() {
    let (directory, authority) = authority();
    authority.signing_identity(NOW).unwrap();
    drop(authority);
    let ca = directory.path().join("ca");
    fs::write(ca.join("leaf.pem"), "half a le").unwrap();
    let again = CertificateAuthority::open(&ca).unwrap();
    assert_eq!(again.signing_identity(NOW).unwrap().chain().len(), 3);
}

#[test]
fn replaces_a_leaf_whose_key_is_another_one() {
    let (directory, authority) = authority();
    let first = authority.signing_identity(NOW).unwrap();
    drop(authority);
    let ca = directory.path().join("ca");
    // As after a crash between the new key and the new certificate.
    FileKeys.create(&ca, KeyName::Leaf).unwrap();
    let again = CertificateAuthority::open(&ca).unwrap();
    let second = again.signing_identity(NOW).unwrap();
    assert_ne!(first.chain()[0], second.chain()[0]);
    let signature = second.sign(b"message").unwrap();
    let leaf = &parsed(&second)[0];
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, public_key(leaf)).verify(b"message", &signature).unwrap();
}

/// Keys in memory, as another store would keep them outside the folder.
#[derive(Debug, Default)]
struct MemoryKeys(Mutex<std::collections::HashMap<KeyName, Arc<dyn PrivateKey>>>);

impl KeyStore for Arc<MemoryKeys> {
    fn create(&self, _: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError> {
        let elsewhere = tempfile::tempdir().unwrap();
        let key = FileKeys.create(elsewhere.path(), name)?;
        self.0.lock().unwrap().insert(name, Arc::clone(&key));
        Ok(key)
    }

    fn open(&self, _: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError> {
        self.0.lock().unwrap().get(&name).cloned().ok_or(CaError::Random)
    }
}

#[test]
fn another_key_store_can_hold_the_keys() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca");
    let keys = Arc::new(MemoryKeys::default());
    let open = || CertificateAuthority::open_with(&ca, Box::new(Arc::clone(&keys))).unwrap();
    let chain = open().signing_identity(NOW).unwrap().chain().to_vec();
    assert_eq!(open().signing_identity(NOW).unwrap().chain(), chain);
    let names = fs::read_dir(&ca).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("key")));
    assert!(CertificateAuthority::open(&ca).is_err(), "the key of the intermediate is elsewhere");
}

#[test]
fn starts_after_an_interrupted_creation() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("ca.new")).unwrap();
    fs::write(directory.path().join("ca.new/root.pem"), "half").unwrap();
    CertificateAuthority::open(&directory.path().join("ca")).unwrap();
    assert!(!directory.path().join("ca.new").exists());
}
