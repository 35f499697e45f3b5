//! `notation-aws-signer policy`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::notation::Notation;
use crate::support::peers;

const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo";

fn user() -> (LocalSigner, Notation, Cli) {
    let signer = LocalSigner::start();
    let notation = Notation::new(&peers(), &signer.credentials_file());
    let cli = Cli::for_signer(&signer).with_config_of(&notation);
    (signer, notation, cli)
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_shows_the_written_policy() {
    let (_signer, notation, cli) = user();
    cli.run(&["policy", "show"]).exits_with(2).says("policy init");
    let init = ["policy", "init", "--profile", PROFILE, "--scope", "registry.example.com/app", "--level", "permissive"];
    let results = cli.json("policy-init", &init, 0);
    assert_eq!(results["statement"]["signatureVerification"]["level"], "permissive");
    notation.run(&["policy", "show"]).succeeded().says(PROFILE).says("permissive");

    let shown = cli.json("policy-show", &["policy", "show", "registry.example.com/app:v1"], 0);
    assert_eq!(shown["statements"][0]["statement"], results["statement"]);
    assert!(shown["statements"][0]["trustStores"][0]["error"]["message"].as_str().unwrap().contains("does not exist"));
    cli.run(&["policy", "show", "registry.example.com/other:v1"]).exits_with(2).says("no trust policy applies");
    cli.run(&["policy", "show"]).exits_with(0).says("registry.example.com/app").says(PROFILE);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn shows_an_imported_policy() {
    let (_signer, notation, cli) = user();
    notation.import_policy_for("strict", &["ca:acme"], "x509.subject: C=US, ST=WA, O=acme");
    let shown = cli.json("policy-show", &["policy", "show"], 0);
    assert_eq!(shown["statements"][0]["statement"]["trustStores"], json!(["ca:acme"]));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn does_not_overwrite_a_policy_without_force() {
    let (_signer, notation, cli) = user();
    notation.import_policy_for("strict", &["ca:acme"], "x509.subject: C=US, ST=WA, O=acme");
    let file = notation.config_folder().join("trustpolicy.json");
    let before = std::fs::read(&file).unwrap();
    let init = ["policy", "init", "--profile", PROFILE];
    cli.run(&init).exits_with(2).says("already exists");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    cli.run(&[&init[..], &["--force"]].concat()).exits_with(0);
    assert_ne!(std::fs::read(&file).unwrap(), before);
    // The file `-` prints the same policy and writes nothing.
    let printed = cli.run(&["policy", "init", "-", "--profile", PROFILE]).succeeded();
    assert_eq!(printed.stdout.as_bytes(), std::fs::read(&file).unwrap());
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn writes_shows_and_checks_a_blob_policy() {
    let (_signer, notation, cli) = user();
    cli.run(&["setup", "--offline"]).exits_with(0);
    cli.json("policy-init", &["policy", "init", "--blob", "--profile", PROFILE], 0);
    assert!(notation.config_folder().join("trustpolicy.blob.json").is_file());
    let shown = cli.json("policy-show", &["policy", "show", "--blob"], 0);
    assert_eq!(shown["statements"][0]["statement"]["globalPolicy"], true);
    cli.json("policy-check", &["policy", "check"], 0);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn check_refuses_what_verify_refuses_and_names_each_file() {
    let (_signer, notation, cli) = user();
    for kind in [&[][..], &["--blob"]] {
        cli.run(&[&["policy", "init", "--profile", PROFILE], kind].concat()).exits_with(0);
    }
    // AWS's roots are missing, and both documents have a statement of the same name.
    let results = cli.json("policy-check", &["policy", "check"], 2);
    let of = |file: &str| {
        let path = notation.config_folder().join(file);
        results["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| found["document"] == path.to_str().unwrap())
            .count()
    };
    assert_eq!((of("trustpolicy.json"), of("trustpolicy.blob.json")), (1, 1), "{results:#}");
    cli.run(&["policy", "check"]).exits_with(2).says("trustpolicy.blob.json: \"");

    cli.run(&["setup", "--offline"]).exits_with(0);
    let file = notation.config_folder().join("trustpolicy.json");
    let check = |code| cli.json("policy-check", &["policy", "check", file.to_str().unwrap()], code);
    check(0);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let results = check(2);
    assert!(
        results["findings"][0]["error"]["message"].as_str().unwrap().contains("other users may write to"),
        "{results:#}"
    );
    let verify = ["verify", "--policy", file.to_str().unwrap(), "registry.example.com/a:v1"];
    cli.run(&verify).exits_with(2).says("other users may write to");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn check_lists_every_problem() {
    let (_signer, notation, cli) = user();
    let results = cli.json("policy-check", &["policy", "check"], 2);
    assert!(results["findings"][0]["error"]["message"].as_str().unwrap().contains("there is no trust policy"));
    cli.run(&["setup", "--offline"]).exits_with(0);
    let statement = |name: &str, scope: &str, stores: &[&str], identity: &str| {
        json!({
            "name": name, "registryScopes": [scope], "signatureVerification": { "level": "strict" },
            "trustStores": stores, "trustedIdentities": [identity],
        })
    };
    let aws = "signingAuthority:aws-signer-ts";
    let document = json!({ "version": "1.0", "trustPolicies": [
        statement("right", "registry.example.com/a", &[aws], PROFILE),
        statement("mistyped", "registry.example.com/b", &[aws], &PROFILE.replace("profiles", "profile")),
        statement("missing", "registry.example.com/c", &["signingAuthority:nowhere"], PROFILE),
        statement("subject", "registry.example.com/d", &[aws], "x509.subject: C=US, ST=WA, O=acme"),
    ]});
    let file = notation.config_folder().join("checked.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let results = cli.json("policy-check", &["policy", "check", file.to_str().unwrap()], 2);
    let findings = results["findings"].as_array().unwrap();
    let of = |name: &str| findings.iter().filter(|f| f["policy"] == name && f["outcome"] == "failed").count();
    assert_eq!([of("right"), of("mistyped"), of("missing"), of("subject")], [0, 2, 1, 1], "{results:#}");

    std::fs::write(&file, document.to_string().replace("\"name\":\"right\"", "\"name\":\"right\",\"overide\":{}"))
        .unwrap();
    cli.run(&["policy", "check", file.to_str().unwrap()]).exits_with(2).says("overide");
    std::fs::write(&file, document.to_string().replace("registryScopes", "registryScope")).unwrap();
    let misspelt = cli.run(&["policy", "check", file.to_str().unwrap()]).exits_with(2);
    misspelt.says("registryScope: unknown member");
}

#[test]
fn check_lists_the_problems_of_an_invalid_document_all_at_once() {
    let cli = Cli::for_signer(&LocalSigner::start());
    let statement = |name: &str, scope: &str, level: &str, store: &str| {
        json!({
            "name": name, "registryScopes": [scope], "signatureVerification": { "level": level },
            "trustStores": [store], "trustedIdentities": [PROFILE],
        })
    };
    let document = json!({ "version": "1.1", "trustPolicies": [
        statement("level", "registry.example.com/a", "strickt", "signingAuthority:aws-signer-ts"),
        statement("store", "registry.example.com/b", "strict", "aws-signer-ts"),
        statement("scope", "https://registry.example.com/c", "strict", "signingAuthority:aws-signer-ts"),
        statement("missing", "registry.example.com/d", "strict", "signingAuthority:nowhere"),
    ]});
    let file = cli.home().join("policy.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let results = cli.json("policy-check", &["policy", "check", file.to_str().unwrap()], 2);
    let findings = results["findings"].as_array().unwrap();
    for problem in ["unsupported version", "\"strickt\"", "\"aws-signer-ts\"", "https://registry", "nowhere"] {
        let says = |finding: &&serde_json::Value| finding["error"]["message"].as_str().unwrap().contains(problem);
        assert_eq!(findings.iter().filter(says).count(), 1, "{problem}: {results:#}");
    }
    // Also of statements with other problems.
    let missing = |finding: &&serde_json::Value| {
        finding["error"]["message"].as_str().unwrap().contains("signingAuthority:aws-signer-ts does not exist")
    };
    assert_eq!(findings.iter().filter(missing).count(), 2, "{results:#}");
    assert_eq!(findings.len(), 7, "{results:#}");
}
