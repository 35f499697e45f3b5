#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::json;
use tempfile::TempDir;

use super::*;

struct Folder {
    notation: NotationFolder,
    _home: TempDir,
}

impl Folder {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Self { notation: NotationFolder::at(home.path().join("notation")), _home: home };
        folder.make("");
        folder
    }

    fn path(&self, path: &str) -> PathBuf {
        self.notation.root().join(path)
    }

    fn make(&self, path: &str) {
        let mut made = self.path("");
        fs::create_dir_all(&made).unwrap();
        for part in path.split('/') {
            made.push(part);
            fs::create_dir_all(&made).unwrap();
            self.mode(made.to_str().unwrap(), 0o700);
        }
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.make(folder);
        }
        fs::write(self.path(path), content).unwrap();
        self.mode(path, 0o600);
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    fn store(&self, name: &str) -> Result<usize, String> {
        let store = self.notation.trust_store(&name.parse().unwrap());
        store.map(|store| store.certificates().len()).map_err(|why| why.to_string())
    }

    fn policy(&self) -> Result<TrustPolicyDocument, String> {
        self.notation.trust_policy().map_err(|why| why.to_string())
    }
}

#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, String>, expected: &str) {
    let why = result.unwrap_err();
    assert!(why.contains(expected), "{why}");
}

fn policy(name: &str) -> String {
    let policy = json!({ "name": name, "registryScopes": ["r/a"], "signatureVerification": { "level": "skip" } });
    json!({ "version": "1.0", "trustPolicies": [policy] }).to_string()
}

fn root(name: &str) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params, KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap())
}

fn self_signed(is_ca: bool) -> rcgen::Certificate {
    let (mut params, key) = root("root");
    if !is_ca {
        params.is_ca = IsCa::ExplicitNoCa;
    }
    params.self_signed(&key).unwrap()
}

fn issued(is_ca: bool) -> rcgen::Certificate {
    let (issuer, issuer_key) = root("root");
    let (mut params, key) = root("issued");
    if !is_ca {
        params.is_ca = IsCa::ExplicitNoCa;
    }
    params.signed_by(&key, &Issuer::new(issuer, issuer_key)).unwrap()
}

#[test]
fn reads_either_policy_file_and_rejects_differing_ones() {
    let folder = Folder::new();
    refuses(folder.policy(), "there is no trust policy");
    folder.write("trustpolicy.oci.json", policy("a"));
    assert_eq!(folder.policy().unwrap().policies()[0].1.name(), "a");
    folder.write("trustpolicy.json", format!(" {}\n", policy("a")));
    folder.policy().unwrap();
    folder.write("trustpolicy.json", policy("b"));
    refuses(folder.policy(), "trustpolicy.oci.json differ");
    fs::remove_file(folder.path("trustpolicy.oci.json")).unwrap();
    assert_eq!(folder.policy().unwrap().policies()[0].1.name(), "b");
    folder.write("trustpolicy.oci.json", "{");
    refuses(folder.policy(), "trustpolicy.oci.json: trust policy document: not a valid JSON document");
    assert!(matches!(folder.notation.blob_trust_policy(), Err(FolderError::NoPolicy(_))));
    folder.write("trustpolicy.blob.json", policy("a").replace("\"registryScopes\":[\"r/a\"],", ""));
    assert_eq!(folder.notation.blob_trust_policy().unwrap().policies()[0].name(), "a");
}

#[test]
fn rejects_untrustworthy_policy_files() {
    let folder = Folder::new();
    folder.write("trustpolicy.json", policy("a"));
    folder.mode("trustpolicy.json", 0o602);
    refuses(folder.policy(), "other users may write to");
    for mode in [0o644, 0o664] {
        folder.mode("trustpolicy.json", mode);
        folder.policy().unwrap();
    }
    folder.mode("", 0o707);
    refuses(folder.policy(), "other users may write to");
    folder.mode("", 0o700);
    fs::rename(folder.path("trustpolicy.json"), folder.path("real.json")).unwrap();
    symlink("real.json", folder.path("trustpolicy.json")).unwrap();
    refuses(folder.policy(), "is a symbolic link");
    fs::remove_file(folder.path("trustpolicy.json")).unwrap();
    folder.make("trustpolicy.json");
    refuses(folder.policy(), "is a folder");
    fs::remove_dir(folder.path("trustpolicy.json")).unwrap();
    folder.write("trustpolicy.json", vec![b' '; MAX_DOCUMENT_SIZE + 1]);
    refuses(folder.policy(), "more than 1048576 bytes");
}

#[test]
fn reads_all_files_of_a_store_in_order() {
    let folder = Folder::new();
    let first = self_signed(true);
    let second = issued(true);
    let third = self_signed(false);
    folder.write("truststore/x509/ca/x/b.der", [second.der().as_ref(), first.der()].concat());
    folder.write("truststore/x509/ca/x/a.pem", format!("a comment\n{}", first.pem()));
    folder.write("truststore/x509/ca/x/c", third.pem() + &second.pem());
    let store = folder.notation.trust_store(&"ca:x".parse().unwrap()).unwrap();
    let expected = [&first, &second, &first, &third, &second].map(|c| c.der().to_vec());
    assert_eq!(store.certificates().iter().map(|c| c.der().to_vec()).collect::<Vec<_>>(), expected);
}

#[test]
fn rejects_missing_and_empty_stores() {
    let folder = Folder::new();
    refuses(folder.store("ca:x"), "the trust store ca:x does not exist: put its certificates into");
    folder.make("truststore/x509/ca/x");
    refuses(folder.store("ca:x"), "the trust store ca:x has no certificates");
    refuses(folder.store("signingAuthority:x"), "signingAuthority:x does not exist");
}

#[test]
fn accepts_only_authorities_and_self_signed_certificates() {
    let folder = Folder::new();
    for (is_ca, is_root, expected) in [
        (true, true, ["ca", "signingAuthority", "tsa"].as_slice()),
        (false, true, &["ca", "signingAuthority"]),
        (true, false, &["ca", "signingAuthority"]),
        (false, false, &[]),
    ] {
        let certificate = if is_root { self_signed(is_ca) } else { issued(is_ca) };
        for kind in ["ca", "signingAuthority", "tsa"] {
            folder.write(&format!("truststore/x509/{kind}/x/a.pem"), certificate.pem());
            let store = folder.store(&format!("{kind}:x"));
            assert_eq!(store.is_ok(), expected.contains(&kind), "{kind} {is_ca} {is_root}: {store:?}");
        }
    }
}

#[test]
fn tsa_roots_need_key_cert_sign() {
    let folder = Folder::new();
    for (usage, expected) in [(KeyUsagePurpose::KeyCertSign, true), (KeyUsagePurpose::CrlSign, false)] {
        let (mut params, key) = root("root");
        params.key_usages = vec![usage];
        folder.write("truststore/x509/tsa/x/a.pem", params.self_signed(&key).unwrap().pem());
        assert_eq!(folder.store("tsa:x").is_ok(), expected);
    }
}

#[test]
fn rejects_files_without_certificates() {
    let folder = Folder::new();
    let (_, key) = root("x");
    let pem = self_signed(true).pem();
    for content in [
        String::new(),
        "read me".to_owned(),
        key.serialize_pem(),
        format!("{pem}{}", key.serialize_pem()),
        pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        format!("{pem}-----BEGIN CERTIFICATE-----\n"),
        pem.replace("MII", "MIX"),
    ] {
        folder.write("truststore/x509/ca/x/a.pem", &content);
        refuses(folder.store("ca:x"), "holds no certificate in PEM or DER");
    }
    let mut der = self_signed(true).der().to_vec();
    der.push(0);
    folder.write("truststore/x509/ca/x/a.pem", der);
    refuses(folder.store("ca:x"), "holds no certificate in PEM or DER");
}

#[test]
fn rejects_untrustworthy_files_in_a_store() {
    let folder = Folder::new();
    let file = "truststore/x509/ca/x/a.pem";
    folder.write(file, self_signed(true).pem());
    for path in [file, "truststore/x509/ca/x", "truststore/x509/ca", "truststore/x509", "truststore", ""] {
        let closed = if path == file { 0o600 } else { 0o700 };
        folder.mode(path, closed | 0o002);
        refuses(folder.store("ca:x"), "other users may write to");
        folder.mode(path, closed | 0o020);
        assert_eq!(folder.store("ca:x"), Ok(1));
        folder.mode(path, closed);
    }
    assert_eq!(folder.store("ca:x"), Ok(1));
    symlink("x", folder.path("truststore/x509/ca/link")).unwrap();
    refuses(folder.store("ca:link"), "is a symbolic link; it must be a folder");
    symlink("a.pem", folder.path("truststore/x509/ca/x/b.pem")).unwrap();
    refuses(folder.store("ca:x"), "b.pem is a symbolic link; it must be a regular file");
    fs::remove_file(folder.path("truststore/x509/ca/x/b.pem")).unwrap();
    folder.make("truststore/x509/ca/x/sub");
    refuses(folder.store("ca:x"), "sub is a folder");
}

#[test]
fn limits_the_size_of_a_store() {
    let folder = Folder::new();
    folder.write("truststore/x509/ca/x/a.pem", vec![b' '; (1 << 20) + 1]);
    refuses(folder.store("ca:x"), "more than 1048576 bytes");
    for i in 0..1000 {
        folder.write(&format!("truststore/x509/ca/x/{i}"), "");
    }
    refuses(folder.store("ca:x"), "more than 1000 files");
}
