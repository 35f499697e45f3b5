//! Signatures of files by keys and plugins, and how long signatures are valid.

use std::fs;

use notary::envelope::EnvelopeFormat;
use serde_json::{Value, json};
use testing::key::Kind;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::plugins::{install_envelope_plugin, install_raw_plugin};
use super::{Scene, words};
use crate::support::notation::Notation;

const CONTENT: &[u8] = b"a release archive";
const KEY: [&str; 4] = ["--key", "key.pem", "--certificate-chain", "chain.pem"];
const PLUGIN: [&str; 6] = ["--plugin", "raw", "--id", "k1", "--plugin-config", "a=b"];

/// How long the signature is valid after it was made.
fn validity(signature: &Value) -> Duration {
    let time = |name: &str| OffsetDateTime::parse(signature[name].as_str().unwrap(), &Rfc3339).unwrap();
    time("expiry") - time("signingTime")
}

/// A scene with the file `app`, and a policy for files.
fn scene(kind: Kind, format: EnvelopeFormat, validity: Duration) -> Scene {
    let scene = Scene::new(kind, validity).in_format(format);
    fs::write(scene.cli.home().join("app"), CONTENT).unwrap();
    trust_files(&scene, "strict", &["ca:own"]);
    scene
}

fn trust_files(scene: &Scene, level: &str, stores: &[&str]) {
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "files", "globalPolicy": true, "signatureVerification": { "level": level },
        "trustStores": stores, "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Acme"],
    }]});
    fs::write(scene.config().join("trustpolicy.blob.json"), policy.to_string()).unwrap();
}

fn sign_file(scene: &Scene, signer: &[&str], more: &[&str]) -> Value {
    let format = ["--signature-format", scene.format.name(), "--media-type", "text/plain", "--force"];
    scene.cli.json("blob-sign", &[&["blob", "sign", "app"], signer, &format, more].concat(), 0)
}

#[test]
fn a_key_signs_files_with_the_hash_that_it_requires() {
    for (kind, hash) in
        [(Kind::P256, "sha256"), (Kind::P384, "sha384"), (Kind::P521, "sha512"), (Kind::Rsa3072, "sha384")]
    {
        for format in EnvelopeFormat::ALL {
            let scene = scene(kind, format, Duration::days(2));
            let signed = sign_file(&scene, &KEY, &["-m", "build=7"]);
            assert!(signed["digest"].as_str().unwrap().starts_with(hash), "{signed:#}");
            let signature = &signed["signature"];
            assert_eq!(signature["file"], format!("app.{}.sig", format.name()), "{signed:#}");
            assert_eq!((signature.get("profile"), signature.get("expiry")), (None, None), "{signed:#}");
            let verify = ["blob", "verify", "app", "--media-type", "text/plain", "--user-metadata", "build=7"];
            scene.cli.json("blob-verify", &verify, 0);
            fs::write(scene.cli.home().join("app"), "another").unwrap();
            scene.cli.run(&verify).exits_with(1).says("failed  integrity");
        }
    }
}

#[test]
fn a_timestamp_keeps_the_signature_of_a_file_valid() {
    for format in EnvelopeFormat::ALL {
        let scene = scene(Kind::P256, format, Duration::seconds(8));
        let stamp = scene.stamp_options();
        let signed = sign_file(&scene, &KEY, &stamp.each_ref().map(String::as_str));
        assert_eq!(signed["signature"]["timestamp"]["certificates"][0]["subject"], "CN=tsa", "{signed:#}");
        trust_files(&scene, "strict", &["ca:own", "tsa:own"]);
        scene.cli.json("blob-verify", &["blob", "verify", "app"], 0);
        scene.wait_for_expiry();
        scene.cli.json("blob-verify", &["blob", "verify", "app"], 0);
        trust_files(&scene, "strict", &["ca:own"]);
        scene.cli.run(&["blob", "verify", "app"]).exits_with(1).says("is valid from");
    }
}

/// `timestamp` is for artifacts.
#[test]
fn a_file_without_timestamp_is_signed_again() {
    let scene = scene(Kind::P256, EnvelopeFormat::Jws, Duration::days(2));
    sign_file(&scene, &KEY, &[]);
    trust_files(&scene, "strict", &["ca:own", "tsa:own"]);
    let refused = scene.cli.json("blob-verify", &["blob", "verify", "app"], 1);
    let advice = refused["error"]["advice"].as_str().unwrap();
    assert!(advice.contains("blob sign FILE") && !refused.to_string().contains(" REF"), "{refused:#}");
    scene.cli.run(&["blob", "verify", "app"]).exits_with(1).says("blob sign FILE --force --timestamp-url URL");
}

#[test]
fn signatures_expire_when_they_should() {
    for format in EnvelopeFormat::ALL {
        let scene = scene(Kind::P256, format, Duration::days(2));
        let signed = sign_file(&scene, &KEY, &["--expiry", "1d12h"]);
        assert_eq!(validity(&signed["signature"]), Duration::hours(36), "{signed:#}");
        let image = scene.image("image");
        let signed = scene.cli.json("sign", &words(&scene.sign(&image, &["--expiry", "2s"])), 0);
        let signature = &signed["artifacts"][0]["signature"];
        assert_eq!(validity(signature), Duration::seconds(2), "{signed:#}");
        std::thread::sleep(std::time::Duration::from_secs(3));
        scene.trust(&scene.config(), &json!({ "level": "strict" }), &["ca:own"]);
        scene.cli.run(&scene.verify(&image)).exits_with(1).says("failed  expiry");
        for (expiry, says) in [
            ("-1h", "must not be negative"),
            ("1.5s", "whole seconds"),
            ("1w", "expected a time"),
            ("9999999d", "after the year 9999"),
        ] {
            scene.cli.run(&words(&scene.sign(&image, &["--expiry", expiry]))).exits_with(2).says(says);
        }
        let signed = sign_file(&scene, &KEY, &["--expiry", "1.5h"]);
        assert_eq!(validity(&signed["signature"]), Duration::minutes(90), "{signed:#}");
        let signed = sign_file(&scene, &KEY, &["--expiry", "0h"]);
        assert!(signed["signature"].get("expiry").is_none(), "{signed:#}");
        let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod";
        for command in [
            &["sign", &image, "--profile", profile, "-e", "1h"][..],
            &["blob", "sign", "app", "--profile", profile, "-e", "1h", "--force"],
        ] {
            scene.cli.run(command).exits_with(2).says("the signing profile decides").says("Remove --expiry");
        }
    }
}

#[test]
fn a_chain_that_is_incomplete_or_out_of_order_is_explained() {
    let scene = scene(Kind::P256, EnvelopeFormat::Jws, Duration::days(2));
    let file = scene.cli.home().join("chain.pem");
    let chain = fs::read_to_string(&file).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let certificates: Vec<&str> = chain.split_inclusive(end).collect();
    let [leaf, .., root] = certificates[..] else { panic!("{chain}") };
    for (chain, says) in [
        (leaf.to_owned(), "the certificate chain is incomplete"),
        ([root, leaf].concat(), "does not belong to the first certificate"),
        ([leaf, root, root].concat(), "is self-signed, but only the last one may be"),
    ] {
        fs::write(&file, chain).unwrap();
        let refused = scene.cli.run(&[&["blob", "sign", "app"][..], &KEY].concat()).exits_with(2);
        refused.says(says).says("up to the self-signed root");
    }
}

#[test]
fn files_need_one_signer() {
    let scene = scene(Kind::P256, EnvelopeFormat::Jws, Duration::days(2));
    scene.cli.run(&["blob", "sign", "app"]).exits_with(2).says("--profile");
    scene.cli.run(&["blob", "sign", "app", "--key", "key.pem"]).exits_with(2).says("--certificate-chain");
    scene.cli.run(&[&["blob", "sign", "app", "--profile", "a"][..], &KEY].concat()).exits_with(2);
    let cose = ["blob", "sign", "app", "--profile", "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod"];
    let cose = [&cose[..], &["--signature-format", "cose"]].concat();
    scene.cli.run(&cose).exits_with(2).says("AWS Signer makes no signatures in the format COSE");
    scene
        .cli
        .run(&[&["blob", "sign", "app", "--media-type", "text"][..], &KEY].concat())
        .exits_with(2)
        .says("media type");
    assert!(!scene.cli.home().join("app.jws.sig").exists());
}

#[test]
#[ignore = "needs openssl: scripts/test"]
fn plugins_sign_files_and_set_the_expiry() {
    for format in EnvelopeFormat::ALL {
        let scene = scene(Kind::Rsa2048, format, Duration::days(2));
        install_raw_plugin(&scene, ":");
        let signed = sign_file(&scene, &PLUGIN, &["--expiry", "12h"]);
        assert!(signed["digest"].as_str().unwrap().starts_with("sha256:"), "{signed:#}");
        assert_eq!(validity(&signed["signature"]), Duration::hours(12), "{signed:#}");
        let commands = fs::read_to_string(scene.cli.home().join("commands")).unwrap();
        assert_eq!(commands, "get-plugin-metadata\ndescribe-key\ngenerate-signature\n");
        scene.cli.json("blob-verify", &["blob", "verify", "app"], 0);
        install_raw_plugin(&scene, "signature=AAAA");
        let wrong = [&["blob", "sign", "app", "--force"][..], &PLUGIN].concat();
        scene.cli.run(&wrong).failed().says("does not verify");
    }
}

#[test]
fn envelopes_of_plugins_must_expire_as_requested() {
    for format in EnvelopeFormat::ALL {
        let scene = scene(Kind::P256, format, Duration::days(2));
        let image = scene.image("image");
        let sign = ["sign", &image, "--plugin", "whole", "--id", "k1", "--signature-format", format.name()];
        for (made, says) in [(None, "it does not expire"), (Some("2h"), "it expires at"), (Some("1h"), "")] {
            let file = ["--detach", "made.sig", "--force"];
            let expiry = made.map(|time| ["--expiry", time]);
            let expiry = expiry.as_ref().map_or(&[][..], |words| words);
            scene.cli.run(&words(&scene.sign(&image, &[&file[..], expiry].concat()))).succeeded();
            install_envelope_plugin(&scene, format, format, "made.sig");
            let finished = scene.cli.run(&[&sign[..], &["--expiry", "1h"]].concat());
            match made {
                Some("1h") => drop(finished.succeeded()),
                _ => drop(finished.exits_with(2).says(says).says("requested to be valid for 1h")),
            }
            // Without a request, any expiry will do.
            scene.cli.run(&sign).succeeded();
        }
        let file = ["blob", "sign", "app", "--plugin", "whole", "--id", "k1"];
        scene.cli.run(&file).exits_with(2).says("it cannot sign files: this requires SIGNATURE_GENERATOR.RAW");
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_go_verifies_signed_files_in_both_formats() {
    for format in EnvelopeFormat::ALL {
        let scene = scene(Kind::P384, format, Duration::days(2));
        sign_file(&scene, &KEY, &["--expiry", "12h"]);
        let notation = Notation::new(&crate::support::peers(), &scene.cli.home().join("credentials"));
        scene.trust(&notation.config_folder(), &json!({ "level": "strict" }), &["ca:own"]);
        let path = |name: &str| scene.cli.home().join(name).to_str().unwrap().to_owned();
        let signature = path(&format!("app.{}.sig", format.name()));
        let verify = ["verify", "--blob", &path("app"), "--signature", &signature, "--media-type", "text/plain"];
        notation.run_blob_driver(&verify).succeeded();
        fs::write(scene.cli.home().join("app"), "another").unwrap();
        notation.run_blob_driver(&verify).failed();

        // And the other way round, with a key of theirs.
        let theirs = path(&format!("theirs.{}.sig", format.name()));
        let sign = ["sign", "--blob", &path("app"), "--signature", &theirs, "--certificate", &path("theirs.pem")];
        notation.run_blob_driver(&[&sign[..], &["--media-type", "text/plain", "--key", "p256"]].concat()).succeeded();
        fs::copy(path("theirs.pem"), scene.config().join("truststore/x509/ca/own/root.pem")).unwrap();
        let policy = json!({ "version": "1.0", "trustPolicies": [{
            "name": "files", "globalPolicy": true, "signatureVerification": { "level": "strict" },
            "trustStores": ["ca:own"], "trustedIdentities": ["*"],
        }]});
        fs::write(scene.config().join("trustpolicy.blob.json"), policy.to_string()).unwrap();
        scene.cli.json("blob-verify", &["blob", "verify", "app", "--signature", &theirs], 0);
    }
}
