//! `notation-aws-signer trust`.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::notation::Notation;
use crate::support::peers;

fn user() -> (LocalSigner, Notation, Cli) {
    let signer = LocalSigner::start();
    let notation = Notation::new(&peers(), &signer.credentials_file());
    let cli = Cli::for_signer(&signer).with_config_of(&notation);
    (signer, notation, cli)
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_and_the_tool_list_each_others_certificates() {
    let (signer, notation, cli) = user();
    let root = signer.root_certificate();
    let add = ["trust", "add", "--type", "signingAuthority", "--store", "ours", root.to_str().unwrap()];
    let added = cli.json("trust-add", &add, 0);
    notation.run(&["cert", "ls"]).succeeded().says("signingAuthority").says("ours").says("root.pem");
    notation.add_trust_root(&root);
    notation.run(&["cert", "generate-test", "own.example.com"]).succeeded();

    let listed = cli.json("trust-list", &["trust", "list"], 0);
    let files = listed["files"].as_array().unwrap();
    let stores: Vec<_> = files.iter().map(|file| file["trustStore"].as_str().unwrap()).collect();
    assert_eq!(stores, ["ca:own.example.com", "signingAuthority:local", "signingAuthority:ours"]);
    let thumbprint = &added["files"][0]["certificates"][0]["thumbprint"];
    assert_eq!(&files[1]["certificates"][0]["thumbprint"], thumbprint);
    assert_eq!(&files[2]["certificates"][0]["thumbprint"], thumbprint);
    cli.run(&["trust", "list", "--type", "ca"]).succeeded().says("own.example.com").says("valid until");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn adds_a_certificate_once() {
    let (signer, _notation, cli) = user();
    let root = signer.root_certificate();
    let again = cli.home().join("again.pem");
    std::fs::copy(&root, &again).unwrap();
    let add = |file: &str, force: bool| {
        let add = ["trust", "add", "--type", "signingAuthority", "--store", "ours", file];
        cli.run(&[&add[..], if force { &["--force"] } else { &[] }].concat())
    };
    add(root.to_str().unwrap(), false).exits_with(0);
    for (file, force) in [(&root, false), (&again, false), (&again, true)] {
        add(file.to_str().unwrap(), force).exits_with(0).says("already present").says("ours/root.pem");
    }
    let add_again = ["trust", "add", "--type", "signingAuthority", "--store", "ours", again.to_str().unwrap()];
    let results = cli.json("trust-add", &add_again, 0);
    assert_eq!(
        (results["files"].as_array().unwrap().len(), &results["files"][0]["outcome"]),
        (1, &"already-present".into())
    );
    add(root.to_str().unwrap(), true).exits_with(0).says("added");
    assert_eq!(cli.json("trust-list", &["trust", "list"], 0)["files"].as_array().unwrap().len(), 1);
    // A file with one new certificate is not a duplicate.
    let more = cli.home().join("more.pem");
    std::fs::write(&more, std::fs::read_to_string(&root).unwrap() + &authority()).unwrap();
    add(more.to_str().unwrap(), false).exits_with(2).says("is already in the trust store signingAuthority:ours");
}

/// A CA certificate.
fn authority() -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

/// A leaf certificate issued by a CA.
fn leaf_of_an_authority() -> String {
    let key = KeyPair::generate().unwrap();
    let leaf_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let leaf = CertificateParams::new(vec!["leaf.example.com".to_owned()]).unwrap();
    leaf.signed_by(&leaf_key, &Issuer::new(authority, key)).unwrap().pem()
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn rejects_certificates_that_cannot_be_trust_anchors() {
    let (signer, _notation, cli) = user();
    let write = |name: &str, content: &[u8]| {
        let path = cli.home().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let root = std::fs::read(signer.root_certificate()).unwrap();
    let add = |kind: &str, store: &str, file: &str| cli.run(&["trust", "add", "-t", kind, "-s", store, file]);
    add("ca", "x", &write("leaf.pem", leaf_of_an_authority().as_bytes()))
        .exits_with(2)
        .says("neither a certificate authority nor self-signed");
    let text = write("text.pem", b"hello");
    add("ca", "x", &text).exits_with(2).says("no certificate in PEM or DER").says(&text);
    add("ca", "x", &write("a b.pem", &root)).exits_with(2).says("rename the file");
    add("ca", "x", &write(".hidden", &root)).exits_with(2).says("rename the file");
    add("ca", "../x", &write("root.pem", &root)).exits_with(2).says("no valid name");
    add("ca", "x", "/nowhere/root.pem").exits_with(2).says("/nowhere/root.pem");
    cli.json("trust-list", &["trust", "list"], 0);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn removes_a_certificate_by_thumbprint_or_name_after_confirmation() {
    let (signer, notation, cli) = user();
    let root = signer.root_certificate();
    let add = |store: &str| {
        let add = ["trust", "add", "--type", "signingAuthority", "--store", store, root.to_str().unwrap()];
        cli.json("trust-add", &add, 0)["files"][0]["certificates"][0]["thumbprint"].as_str().unwrap().to_owned()
    };
    let thumbprint = add("one");
    cli.run(&["trust", "remove", &thumbprint]).exits_with(2).says("nothing was done").says("--yes");
    notation.run(&["cert", "ls"]).succeeded().says("root.pem");
    add("two");
    cli.run(&["trust", "remove", &thumbprint, "--yes"]).exits_with(2).says("several trust stores");
    cli.json("trust-remove", &["trust", "remove", &thumbprint, "--store", "one", "--yes"], 0);
    cli.run(&["trust", "remove", "root.pem", "--yes"]).exits_with(0).says("removed");
    cli.run(&["trust", "remove", "root.pem", "--yes"]).exits_with(2).says("no trust store has");
    let listed = notation.run(&["cert", "ls"]).succeeded();
    assert!(!listed.stdout.contains("root.pem"), "{listed}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_a_file_that_makes_a_store_unusable() {
    let (_signer, notation, cli) = user();
    let store = notation.config_folder().join("truststore/x509/ca/acme");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join("README"), "not a certificate").unwrap();
    let listed = cli.json("trust-list", &["trust", "list"], 2);
    assert!(listed["files"][0]["error"]["message"].as_str().unwrap().contains("no certificate"), "{listed:#}");
    cli.run(&["trust", "remove", "README", "--yes"]).exits_with(0);
    cli.json("trust-list", &["trust", "list"], 0);
}
