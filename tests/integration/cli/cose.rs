//! Signatures in the COSE format in every kind of store: the tool and the real notation verify each other's.

use std::path::Path;

use notary::envelope::{EnvelopeFormat, SigningScheme};
use notation::blob::{describe, digest_algorithm};
use serde_json::Value;

use super::image_stores::{ImageStores, StoredImage};
use crate::support::cli::Cli;
use crate::support::notation::Notation;
use crate::support::own_key::{OwnKey, SUBJECT};
use crate::support::process::Finished;
use crate::support::registry::Registry;

/// The real notation, and the tool with its trust policy and trust stores. No signing service runs.
struct Users {
    notation: Notation,
    cli: Cli,
    registry: Registry,
}

impl Users {
    fn start() -> Users {
        let peers = crate::support::peers();
        let notation = Notation::new(&peers, Path::new("/nonexistent"));
        let cli = Cli::at("http://127.0.0.1:9").with_config_of(&notation);
        Users { notation, cli, registry: Registry::start(&peers) }
    }

    /// Trusts this key.
    fn trust(&self, key: &OwnKey) {
        let root = self.cli.home().join("root.crt");
        std::fs::write(&root, key.root().der()).unwrap();
        self.notation.run(&["cert", "add", "--type", "ca", "--store", "own", root.to_str().unwrap()]).succeeded();
        self.notation.import_policy_for("strict", &["ca:own"], SUBJECT);
    }

    /// Runs a command of notation on the image.
    fn notation(&self, command: &[&str], stored: &StoredImage) -> Finished {
        stored.with_notation(&self.notation, command)
    }

    /// Runs `verify` of the tool under notation's policy.
    fn verify(&self, stored: &StoredImage) -> Finished {
        let scope: &[&str] = if stored.reference.starts_with("oci:") { &["--scope", "local/a"] } else { &[] };
        self.cli.run(&[&["verify", &stored.reference], scope].concat())
    }

    /// A value of the only signature that a command of the tool shows.
    fn shown(&self, command: &str, stored: &StoredImage) -> Value {
        let results = self.cli.json(command, &[command, &stored.reference], 0);
        let signatures = results["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 1, "{results:#}");
        signatures[0].clone()
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn notation_verifies_attached_signatures_in_both_formats_in_every_store() {
    let key = OwnKey::new(|_| ());
    for format in EnvelopeFormat::ALL {
        let users = Users::start();
        users.trust(&key);
        let stores = ImageStores::beside(&users.registry);
        for stored in &stores.images {
            let file = users.cli.home().join("app.sig");
            std::fs::write(&file, key.sign_in(format, &stored.image, SigningScheme::X509)).unwrap();
            let attach = ["attach", &stored.reference, "--signature", file.to_str().unwrap()];
            let attached = users.cli.json("attach", &attach, 0);
            assert_eq!(attached["signature"]["envelopeMediaType"], format.media_type());
            assert_eq!(users.cli.json("attach", &attach, 0)["outcome"], "already-attached");
            users.verify(stored).succeeded();
            let theirs = users.notation(&["verify", "--verbose"], stored).succeeded();
            assert!(theirs.stdout.contains("Successfully verified signature"), "{theirs}");
            for command in ["list", "inspect"] {
                assert_eq!(users.shown(command, stored)["envelopeMediaType"], format.media_type(), "{command}");
            }
        }
    }
}

/// What both programs show of a signature.
fn is_the_same(ours: &Value, theirs: &Value) {
    assert_eq!((&ours["digest"], &ours["envelopeMediaType"]), (&theirs["digest"], &theirs["mediaType"]));
    for fact in ["signatureAlgorithm", "signedAttributes", "signedArtifact"] {
        assert_eq!(ours[fact], theirs[fact], "{fact}");
    }
    assert_eq!(ours["userMetadata"], theirs["userDefinedAttributes"]);
    assert_eq!(ours["unsignedAttributes"]["signingAgent"], theirs["unsignedAttributes"]["signingAgent"]);
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn verifies_inspects_and_copies_notations_cose_signatures_in_every_store() {
    const NAME: &str = "example.com";
    let users = Users::start();
    users.notation.run(&["cert", "generate-test", NAME]).succeeded();
    users.notation.import_policy_for(
        "strict",
        &["ca:example.com"],
        "x509.subject: C=US, ST=WA, O=Notary, CN=example.com",
    );
    let stores = ImageStores::beside(&users.registry);
    for stored in &stores.images {
        let is_olareg = stored.reference.starts_with(&users.registry.address().to_string());
        let referrers: &[&str] = if is_olareg { &["--force-referrers-tag=false"] } else { &[] };
        let sign =
            [&["sign", "--key", NAME, "--signature-format", "cose", "-m", "build=7", "--expiry", "24h"], referrers];
        users.notation(&sign.concat(), stored).succeeded();
        users.notation(&["verify"], stored).succeeded();
        users.verify(stored).succeeded();

        let ours = users.shown("inspect", stored);
        assert_eq!(ours["envelopeMediaType"], "application/cose");
        // notation inspects no layouts.
        if !stored.reference.starts_with("oci:") {
            let theirs = users.notation(&["inspect", "-o", "json"], stored).succeeded();
            let theirs: Value = serde_json::from_str(&theirs.stdout).unwrap();
            is_the_same(&ours, &theirs["Signatures"][0]);
        }
        assert_eq!(users.shown("list", stored)["envelopeMediaType"], "application/cose");

        let folder = users.cli.home().join(format!("copy-{}", stored.image.digest.as_str().replace(':', "-")));
        let copy = format!("oci:{}:v1", folder.display());
        users.cli.run(&["copy", &stored.reference, &copy]).succeeded();
        users.cli.run(&["verify", &copy, "--scope", "local/a"]).succeeded();
        let copied = format!("{}@{}", folder.display(), stored.image.digest);
        let verify = ["verify", "--oci-layout", "--scope", "local/a", &copied];
        users.notation.run(&verify).succeeded();
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn verifies_a_file_with_a_signature_in_either_format() {
    const CONTENT: &[u8] = b"a release archive";
    let users = Users::start();
    let key = OwnKey::new(|_| ());
    users.trust(&key);
    let home = users.cli.home();
    std::fs::write(home.join("app"), CONTENT).unwrap();
    let policy = serde_json::json!({ "version": "1.0", "trustPolicies": [{
        "name": "blobs", "globalPolicy": true, "signatureVerification": { "level": "strict" },
        "trustStores": ["ca:own"], "trustedIdentities": [SUBJECT],
    }]});
    std::fs::write(home.join("policy.json"), policy.to_string()).unwrap();
    let verify = |more: &[&str]| users.cli.run(&[&["blob", "verify", "app", "--policy", "policy.json"], more].concat());
    let probe = key.sign_in(
        EnvelopeFormat::Cose,
        &describe(CONTENT, "a/b", notary::DigestAlgorithm::Sha256).unwrap(),
        SigningScheme::X509,
    );
    let chain = notary::envelope::Envelope::parse(EnvelopeFormat::Cose, &probe).unwrap().chain;
    let blob = describe(CONTENT, "text/plain", digest_algorithm(&chain).unwrap()).unwrap();
    let write =
        |name: &str, format| std::fs::write(home.join(name), key.sign_in(format, &blob, SigningScheme::X509)).unwrap();

    verify(&[]).exits_with(2).says("neither app.jws.sig nor app.cose.sig exists").says("--signature");
    write("app.cose.sig", EnvelopeFormat::Cose);
    verify(&["--media-type", "text/plain"]).succeeded();
    verify(&["--media-type", "text/html"]).exits_with(1);
    write("app.jws.sig", EnvelopeFormat::Jws);
    verify(&[]).exits_with(2).says("both app.jws.sig and app.cose.sig exist").says("--signature");
    for (file, media_type) in [("app.jws.sig", "application/jose+json"), ("app.cose.sig", "application/cose")] {
        let command = ["blob", "verify", "app", "--policy", "policy.json", "--signature", file];
        let results = users.cli.json("blob-verify", &command, 0);
        assert_eq!(results["signature"]["envelopeMediaType"], media_type, "{results:#}");
    }
    std::fs::write(home.join("app"), "another").unwrap();
    verify(&["--signature", "app.cose.sig"]).exits_with(1).says("failed  integrity");
}
