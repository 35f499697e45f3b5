//! Trust stores: which folders are accepted.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use notation::NotationFolder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::World;

const WRITABLE: &str =
    "notation does not check who may write to a trust store; anyone who may can change what is trusted";
const FORMAT: &str = "\"the files are expected to contain certificate(s) in DER (binary) format or PEM format\"";

/// The certificates and key for the stores.
struct Parts {
    signer: String,
    signer_der: Vec<u8>,
    signer_key: String,
    intermediate: String,
    leaf: String,
}

fn issued(is_ca: IsCa) -> String {
    let mut root = CertificateParams::default();
    let mut params = CertificateParams::default();
    let key = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.is_ca = is_ca;
    params.signed_by(&key(), &Issuer::new(root, key())).unwrap().pem()
}

type Make = fn(&Path, &Parts);

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    mode(path, 0o600);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Changes to an empty store and their expected results.
const CASES: &[(&str, Make, Expected)] = &[
    ("nothing", |_, _| {}, Refused),
    ("no folder", |store, _| fs::remove_dir(store).unwrap(), Refused),
    (
        "a file in place of the folder",
        |store, parts| {
            fs::remove_dir(store).unwrap();
            write(store, &parts.signer);
        },
        Refused,
    ),
    ("PEM", |store, parts| write(&store.join("a.crt"), &parts.signer), Accepted),
    ("any ending", |store, parts| write(&store.join("a"), &parts.signer), Accepted),
    ("DER", |store, parts| write(&store.join("a.cer"), &parts.signer_der), Accepted),
    ("two in DER", |store, parts| write(&store.join("a.cer"), parts.signer_der.repeat(2)), Accepted),
    (
        "DER and a byte",
        |store, parts| write(&store.join("a.cer"), [parts.signer_der.as_slice(), &[0]].concat()),
        Refused,
    ),
    ("text before PEM", |store, parts| write(&store.join("a.pem"), format!("of x\n{}", parts.signer)), Accepted),
    ("text after PEM", |store, parts| write(&store.join("a.pem"), format!("{}of x\n", parts.signer)), Accepted),
    ("CRLF", |store, parts| write(&store.join("a.pem"), parts.signer.replace('\n', "\r\n")), Accepted),
    (
        "two in PEM",
        |store, parts| {
            write(&store.join("a.pem"), format!("{}{}", parts.intermediate, parts.signer));
        },
        Accepted,
    ),
    (
        "two files",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            write(&store.join("b.pem"), &parts.intermediate);
        },
        Accepted,
    ),
    ("an issued leaf", |store, parts| write(&store.join("a.pem"), &parts.leaf), Refused),
    (
        "an issued leaf beside",
        |store, parts| write(&store.join("a.pem"), format!("{}{}", parts.signer, parts.leaf)),
        Refused,
    ),
    ("only another authority", |store, parts| write(&store.join("a.pem"), &parts.intermediate), Accepted),
    ("an empty file", |store, _| write(&store.join("a.pem"), ""), Refused),
    (
        "a text beside",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            write(&store.join("README"), "read me");
        },
        Refused,
    ),
    (
        "a hidden file beside",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            write(&store.join(".hidden"), "");
        },
        Refused,
    ),
    (
        "a private key",
        |store, parts| write(&store.join("a.pem"), format!("{}{}", parts.signer, parts.signer_key)),
        Refused,
    ),
    (
        "a section cut short",
        |store, parts| {
            write(&store.join("a.pem"), format!("{}-----BEGIN CERTIFICATE-----\nMII", parts.signer));
        },
        OnlyNotationAccepts(FORMAT),
    ),
    (
        "a folder beside",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            fs::create_dir(store.join("sub")).unwrap();
        },
        Refused,
    ),
    (
        "a link to a file",
        |store, parts| {
            write(&store.join("../a.pem"), &parts.signer);
            symlink("../a.pem", store.join("a.pem")).unwrap();
        },
        Refused,
    ),
    (
        "a link to the folder",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            fs::rename(store, store.with_file_name("real")).unwrap();
            symlink("real", store).unwrap();
        },
        Refused,
    ),
    (
        "a file that all may write to",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            mode(&store.join("a.pem"), 0o666);
        },
        OnlyNotationAccepts(WRITABLE),
    ),
    (
        "a folder that the group may write to",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            mode(store, 0o770);
        },
        Accepted,
    ),
    (
        "a folder above that all may write to",
        |store, parts| {
            write(&store.join("a.pem"), &parts.signer);
            mode(store.parent().unwrap(), 0o777);
        },
        OnlyNotationAccepts(WRITABLE),
    ),
];

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn accepts_stores_like_notation_or_more_strictly() {
    let peers = crate::support::peers();
    let world = World::new(&peers);
    world.sign();
    let policy = r#"{"version":"1.0","trustPolicies":[{"name":"a","registryScopes":["*"],
        "signatureVerification":{"level":"strict"},"trustStores":["ca:x"],"trustedIdentities":["*"]}]}"#;
    world.import(policy.as_bytes()).unwrap();
    let config = world.config();
    let read = |file: &str| fs::read_to_string(config.join("localkeys").join(file)).unwrap();
    let stored = config.join("localkeys/signer.crt");
    let parts = Parts {
        signer: read("signer.crt"),
        signer_der: notation::trust_store::read_certificates(&stored).unwrap()[0].der().to_vec(),
        signer_key: read("signer.key"),
        intermediate: issued(IsCa::Ca(BasicConstraints::Unconstrained)),
        leaf: issued(IsCa::ExplicitNoCa),
    };
    let mut wrong = Vec::new();
    for (name, make, expected) in CASES {
        let _ = fs::remove_dir_all(config.join("truststore"));
        let mut folder = config.clone();
        for part in ["", "truststore", "x509", "ca", "x"] {
            folder.push(part);
            fs::create_dir_all(&folder).unwrap();
            mode(&folder, 0o700);
        }
        make(&folder, &parts);
        let ours = NotationFolder::at(&config).trust_store(&"ca:x".parse().unwrap());
        let said = world.verify("local/a");
        // notation accepted the store if it verified, or if it only did not find the signer in it.
        let untrusted = said.stderr.contains("does not contain any trusted certificate");
        let notation = if untrusted { Ok(()) } else { super::outcome(&said) };
        expected.check(&mut wrong, name, ours.map(|_| ()).map_err(|why| why.to_string()), notation);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
