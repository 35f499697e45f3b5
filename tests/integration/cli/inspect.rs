//! `notation-aws-signer inspect`.

use serde_json::Value;

use super::image_stores::ImageStores;
use crate::support::World;
use crate::support::cli::Cli;

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn shows_every_value_that_notation_inspect_shows() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("inspected");
    cli.run(&["sign", &image, "--profile", &world.profile.arn, "--user-metadata", "build=7"]).succeeded();
    world.notation.run(&["cert", "generate-test", "example.com"]).succeeded();
    world.notation.sign_with_key(&image, "example.com").succeeded();
    let theirs = world.notation.run(&["inspect", "-o", "json", "--insecure-registry", &image]).succeeded();
    let theirs: Value = serde_json::from_str(&theirs.stdout).unwrap();
    let ours = cli.json("inspect", &["inspect", &image], 0);
    let theirs = theirs["Signatures"].as_array().unwrap();
    let ours = ours["signatures"].as_array().unwrap();
    assert_eq!((theirs.len(), ours.len()), (2, 2));
    for theirs in theirs {
        let ours = ours.iter().find(|ours| ours["digest"] == theirs["digest"]).unwrap();
        assert_eq!(ours["envelopeMediaType"], theirs["mediaType"]);
        for fact in ["signatureAlgorithm", "signedAttributes", "signedArtifact"] {
            assert_eq!(ours[fact], theirs[fact], "{fact}");
        }
        // notation writes null for an empty list.
        let metadata = theirs["userDefinedAttributes"].as_object().cloned().unwrap_or_default();
        assert_eq!(ours["userMetadata"].as_object(), Some(&metadata));
        assert_eq!(ours["unsignedAttributes"]["signingAgent"], theirs["unsignedAttributes"]["signingAgent"]);
        assert_eq!(ours["integrity"]["outcome"], "ok");
        let ours = &ours["certificates"];
        let theirs = &theirs["certificates"];
        assert_eq!(ours.as_array().unwrap().len(), theirs.as_array().unwrap().len());
        for (ours, theirs) in ours.as_array().unwrap().iter().zip(theirs.as_array().unwrap()) {
            for (own, fact) in [
                ("thumbprint", "SHA256Fingerprint"),
                ("subject", "issuedTo"),
                ("issuer", "issuedBy"),
                ("notAfter", "expiry"),
            ] {
                assert_eq!(ours[own], theirs[fact], "{fact}");
            }
        }
    }
}

/// The lines of a tree up to their first colon, with the indentation.
fn skeleton(tree: &str) -> Vec<String> {
    let line = |line: &str| line.replace(['└', '├', '│', '─', '\u{a0}'], " ").split(": ").next().unwrap().to_owned();
    tree.lines().map(line).collect()
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn prints_notations_tree_with_additions_at_the_end() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("inspected");
    let theirs = skeleton(&world.notation.run(&["inspect", "--insecure-registry", &image]).succeeded().stdout);
    let ours = skeleton(&cli.run(&["inspect", &image]).succeeded().stdout);
    let (facts, beyond) = ours.split_at(ours.len() - 1);
    // notation's order of the attributes changes from run to run.
    let attributes = |lines: &[String]| {
        let indent = |line: &String| line.len() - line.trim_start().len();
        let at = lines.iter().position(|line| line.trim() == "signed attributes").unwrap();
        let count = lines[at + 1..].iter().take_while(|line| indent(line) > indent(&lines[at])).count();
        let mut lines = lines.to_vec();
        lines[at + 1..][..count].sort();
        lines
    };
    assert_eq!(attributes(facts), attributes(&theirs));
    assert!(beyond[0].trim().starts_with("integrity"), "{beyond:?}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn shows_revocation_on_request_without_a_verdict() {
    let mut world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("revoked");
    let command = ["inspect", &image, "--check-revocation"];
    let status = |code| cli.json("inspect", &command, code)["signatures"][0]["revocation"].clone();
    assert_eq!(status(0)["outcome"], "ok");
    let job = world.notation.signature(&image).job().to_owned();
    world.signer.revoke_signature(&job);
    let revoked = status(0);
    assert_eq!((&revoked["outcome"], &revoked["error"]["code"]), (&"failed".into(), &"revoked".into()));
    cli.run(&command).succeeded().says(&format!(
        "revocation: failed: revoked according to AWS Signer in us-west-2: the signature (signing job {job})"
    ));
    world.signer.stop();
    assert_eq!(status(3)["outcome"], "unknown");
    let unasked = cli.json("inspect", &["inspect", &image], 0);
    assert_eq!(unasked["signatures"][0]["revocation"], Value::Null);
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn shows_altered_and_invalid_signatures_beside_the_valid_one() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    let [stored, other, ..] = &stores.images[..] else { panic!("docker-registry is missing") };
    let detached = |reference: &str| {
        let file = stores.file("sig");
        let sign = ["sign", reference, "--profile", &world.profile.arn, "--detach", file.to_str().unwrap(), "--force"];
        cli.run(&sign).succeeded();
        std::fs::read(file).unwrap()
    };
    let own = detached(&stored.reference);
    let others = detached(&other.reference);
    let mut swapped: Value = serde_json::from_slice(&others).unwrap();
    swapped["payload"] = serde_json::from_slice::<Value>(&own).unwrap()["payload"].clone();
    for envelope in [&own[..], &others, swapped.to_string().as_bytes(), b"\x1b[2J no envelope"] {
        stored.put_envelope(envelope);
    }
    let results = cli.json("inspect", &["inspect", &stored.reference], 1);
    let mut found: Vec<String> = results["signatures"].as_array().unwrap().iter().map(outcome).collect();
    found.sort();
    assert_eq!(found[..3], ["failed", "failed", "ok"], "{found:?}");
    assert!(found[3].contains("malformed"), "{found:?}");
    let shown = cli.run(&["inspect", &stored.reference]).exits_with(1);
    assert!(!shown.stdout.contains('\x1b') && !shown.stdout.contains("verified"), "{shown}");
}

fn outcome(signature: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    text(&signature["error"]["message"]).or_else(|| text(&signature["integrity"]["outcome"])).unwrap()
}
