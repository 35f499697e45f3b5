//! `setup`, `policy init` and `trust` destroy nothing that is in notation's folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use aws_names::{PLUGIN_DESCRIPTION, PLUGIN_NAME};
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::local_signer::{LocalSigner, Profile};

const OTHER: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/other";

/// A user with a signing profile and a program that says it is the plugin.
struct User {
    signer: LocalSigner,
    profile: Profile,
    cli: Cli,
}

impl User {
    fn new() -> User {
        let signer = LocalSigner::start();
        let profile = signer.put_profile("kept");
        let cli = Cli::for_signer(&signer);
        let user = User { signer, profile, cli };
        user.write_plugin(&user.cli.home().join("plugin"), PLUGIN_DESCRIPTION, env!("CARGO_PKG_VERSION"));
        user
    }

    fn write_plugin(&self, path: &PathBuf, description: &str, version: &str) {
        let answer = json!({ "name": PLUGIN_NAME, "description": description, "version": version, "url": "u" });
        fs::write(path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.cli.home().join("config/notation")
    }

    fn policy(&self) -> PathBuf {
        self.folder().join("trustpolicy.json")
    }

    fn installed(&self) -> PathBuf {
        self.folder().join("plugins").join(PLUGIN_NAME).join(format!("notation-{PLUGIN_NAME}"))
    }

    /// Writes a policy with these statements.
    fn write_policy(&self, statements: &[Value]) -> Vec<u8> {
        let document = json!({ "version": "1.0", "trustPolicies": statements }).to_string();
        fs::create_dir_all(self.folder()).unwrap();
        fs::write(self.policy(), &document).unwrap();
        document.into_bytes()
    }

    fn statements(&self) -> Vec<Value> {
        let document: Value = serde_json::from_slice(&fs::read(self.policy()).unwrap()).unwrap();
        document["trustPolicies"].as_array().unwrap().clone()
    }

    /// Runs `setup` for the profile and the local signer's root.
    fn setup(&self, more: &[&str], code: i32) -> Value {
        let root = self.signer.root_certificate();
        let plugin = self.cli.home().join("plugin");
        let all = ["setup", "--offline", "--plugin", plugin.to_str().unwrap(), "--root", root.to_str().unwrap()];
        self.cli.json("setup", &[&all[..], &["--profile", &self.profile.arn], more].concat(), code)
    }
}

/// A statement for this scope that trusts certificates of ca:acme.
fn acme(name: &str, scope: &str) -> Value {
    json!({
        "name": name, "registryScopes": [scope], "trustStores": ["ca:acme"],
        "signatureVerification": { "level": "strict", "override": { "revocation": "log" } },
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"],
    })
}

/// The error messages of the items about the trust policy, and what was done.
fn said(results: &Value) -> String {
    let items = results["items"].as_array().unwrap().iter().filter(|item| item["part"] == "trust-policy");
    items.map(|item| format!("{}{}", item["message"], item["error"]["message"])).collect()
}

#[test]
fn setup_adds_a_statement_and_keeps_the_others() {
    let user = User::new();
    let own = acme("own", "registry.example.com/own");
    let before = user.write_policy(std::slice::from_ref(&own));
    let results = user.setup(&[], 2);
    assert!(said(&results).contains("added the statement \\\"aws-signer\\\""), "{results:#}");
    let statements = user.statements();
    assert_eq!((statements.len(), &statements[0]), (2, &own));
    assert_eq!(statements[1]["trustedIdentities"], json!([user.profile.arn]));
    assert_eq!(statements[1]["registryScopes"], json!(["*"]));
    assert_eq!(fs::read(user.folder().join("trustpolicy.json.bak")).unwrap(), before);

    // Again, and with --force: nothing more.
    let written = fs::read(user.policy()).unwrap();
    for more in [&[][..], &["--force"], &["--yes"]] {
        user.setup(more, 2);
        assert_eq!(fs::read(user.policy()).unwrap(), written, "{more:?}");
    }
    assert!(!user.folder().join("trustpolicy.json.bak.2").exists());
}

#[test]
fn setup_extends_the_statement_for_its_scope() {
    let user = User::new();
    user.write_policy(&[acme("mine", "*")]);
    user.setup(&[], 2);
    let mine = &user.statements()[0];
    assert_eq!(mine["trustStores"], json!(["ca:acme", "signingAuthority:local-signer"]));
    let identities = json!(["x509.subject: C=US, ST=WA, O=acme", user.profile.arn]);
    assert_eq!(mine["trustedIdentities"], identities);
    assert_eq!(mine["signatureVerification"]["override"], json!({ "revocation": "log" }));
    // A second profile and an alias join it.
    let alias = "arn:aws:signer:us-west-2:111122223333:/aliases/release";
    user.setup(&["--profile", OTHER, "--profile", alias], 2);
    assert_eq!(user.statements()[0]["trustedIdentities"].as_array().unwrap().len(), 4);
    assert_eq!(user.statements().len(), 1);
}

#[test]
fn setup_says_which_statement_is_in_the_way_and_changes_nothing() {
    let user = User::new();
    let mut skip =
        json!({ "name": "mine", "registryScopes": ["r.example/a"], "trustStores": [], "trustedIdentities": [] });
    skip["signatureVerification"] = json!({ "level": "skip" });
    let mut any = acme("mine", "r.example/a");
    any["trustedIdentities"] = json!(["*"]);
    let mut several = acme("mine", "r.example/a");
    several["registryScopes"] = json!(["r.example/a", "r.example/b"]);
    for (statement, why) in [(skip, "skips verification"), (any, "every identity"), (several, "applies to r.example/b")]
    {
        let before = user.write_policy(&[statement]);
        for more in [&[][..], &["--force"], &["--yes"]] {
            let results = user.setup(&[&["--scope", "r.example/a", "--scope", "r.example/new"], more].concat(), 2);
            let said = said(&results);
            assert!(said.contains(why) && said.contains("mine"), "{why}: {said}");
            assert_eq!(fs::read(user.policy()).unwrap(), before, "{why}");
        }
    }
    assert!(!user.folder().join("trustpolicy.json.bak").exists());
}

#[test]
fn a_policy_is_replaced_only_on_request_and_after_a_question() {
    let user = User::new();
    let before = user.write_policy(&[acme("first", "r.example/a"), acme("second", "*")]);
    let root = user.signer.root_certificate();
    let arguments = ["setup", "--offline", "--profile", &user.profile.arn, "--root", root.to_str().unwrap()];
    let asked = user.cli.run(&[&arguments[..], &["--replace-policy"]].concat()).exits_with(2);
    asked.says("\"first\" for r.example/a").says("\"second\" for all artifacts").says("Pass --yes");
    assert_eq!(fs::read(user.policy()).unwrap(), before);
    assert!(!user.installed().exists(), "nothing is done before the answer");

    user.setup(&["--replace-policy", "--yes"], 0);
    assert_eq!(user.statements().len(), 1);
    assert_eq!(fs::read(user.folder().join("trustpolicy.json.bak")).unwrap(), before);
    // The same policy again is no change.
    user.setup(&["--replace-policy"], 0);
}

#[test]
fn a_broken_policy_is_kept_until_it_is_replaced() {
    let user = User::new();
    user.write_policy(&[json!({ "name": "x" })]);
    let before = fs::read(user.policy()).unwrap();
    let results = user.setup(&["--force"], 2);
    assert!(said(&results).contains("at least one"), "{results:#}");
    assert_eq!(fs::read(user.policy()).unwrap(), before);
    user.setup(&["--replace-policy", "--yes"], 0);
    assert_eq!(fs::read(user.folder().join("trustpolicy.json.bak")).unwrap(), before);
}

#[test]
fn another_plugin_is_replaced_only_on_request_and_kept() {
    let user = User::new();
    fs::create_dir_all(user.installed().parent().unwrap()).unwrap();
    user.write_plugin(&user.installed(), "AWS Signer plugin for Notation", "1.0.2350");
    let before = fs::read(user.installed()).unwrap();
    user.setup(&["--replace-policy", "--yes"], 2);
    assert_eq!(fs::read(user.installed()).unwrap(), before, "--replace-policy leaves the plugin");
    let plugin = user.cli.home().join("plugin");
    let asked = ["setup", "--offline", "--plugin", plugin.to_str().unwrap(), "--replace-plugin"];
    user.cli.run(&asked).exits_with(2).says("version 1.0.2350").says("Pass --yes");
    assert_eq!(fs::read(user.installed()).unwrap(), before);

    let policy = fs::read(user.policy()).unwrap();
    user.setup(&["--replace-plugin", "--yes"], 0);
    assert_ne!(fs::read(user.installed()).unwrap(), before);
    assert_eq!(fs::read(user.policy()).unwrap(), policy, "--replace-plugin leaves the policy");
    let backup = user.installed().with_file_name(format!("notation-{PLUGIN_NAME}.bak"));
    assert_eq!(fs::read(backup).unwrap(), before);
}

#[test]
fn an_unwritable_folder_is_named() {
    let user = User::new();
    fs::write(user.cli.home().join("file"), "").unwrap();
    let plugin = user.cli.home().join("plugin");
    let root = user.signer.root_certificate();
    for more in [
        &["setup", "--offline", "--plugin", plugin.to_str().unwrap()][..],
        &["setup", "--offline", "--profile", OTHER, "--root", root.to_str().unwrap()],
        &["policy", "init", "--profile", OTHER],
        &["trust", "add", "--type", "ca", "--store", "acme", root.to_str().unwrap()],
    ] {
        let mut command = user.cli.command(more);
        command.env("XDG_CONFIG_HOME", user.cli.home().join("file/config"));
        let shown = crate::support::process::run(&mut command, std::time::Duration::from_secs(60)).exits_with(2);
        let shown = shown.says("XDG_CONFIG_HOME").says("is not a folder");
        assert!(!shown.stdout.contains("cargo build") && !shown.stderr.contains("cargo build"), "{shown}");
        assert!(shown.stdout.matches("correct HOME").count() <= 1, "advice is not repeated: {shown}");
    }
}

#[test]
fn replaced_and_removed_certificates_and_policies_are_kept() {
    let user = User::new();
    let cli = &user.cli;
    cli.run(&["policy", "init", "--profile", OTHER]).succeeded();
    let before = fs::read(user.policy()).unwrap();
    cli.run(&["policy", "init", "--profile", &user.profile.arn]).exits_with(2).says("already exists").says("setup");
    cli.run(&["policy", "init", "--profile", &user.profile.arn, "--force"]).succeeded().says("trustpolicy.json.bak");
    assert_eq!(fs::read(user.folder().join("trustpolicy.json.bak")).unwrap(), before);

    let policy = user.policy();
    let forced = ["policy", "init", policy.to_str().unwrap(), "--profile", OTHER, "--name", "new", "--force"];
    let before = fs::read(user.policy()).unwrap();
    cli.run(&forced).succeeded().says("trustpolicy.json.bak.2");
    assert_eq!(fs::read(user.folder().join("trustpolicy.json.bak.2")).unwrap(), before);
    let forced = ["policy", "init", "--profile", OTHER, "--force"];
    cli.run(&forced).succeeded().says("replaces the statement \"new\"");

    let first = fs::read(user.signer.root_certificate()).unwrap();
    let file = cli.home().join("root.pem");
    fs::write(&file, &first).unwrap();
    let add = ["trust", "add", "--type", "ca", "--store", "acme", file.to_str().unwrap()];
    cli.run(&add).succeeded();
    let other = LocalSigner::start();
    other.put_profile("second");
    fs::copy(other.root_certificate(), &file).unwrap();
    cli.run(&add).exits_with(2).says("--force");
    cli.run(&[&add[..], &["--force"]].concat()).succeeded().says("truststore.bak");
    let kept = user.folder().join("truststore.bak/ca/acme/root.pem.bak");
    assert_eq!(fs::read(&kept).unwrap(), first);
    let listed = cli.json("trust-list", &["trust", "list", "--type", "ca"], 0);
    assert_eq!(listed["files"].as_array().unwrap().len(), 1, "the backup is not trusted");

    cli.run(&["trust", "remove", "root.pem", "--yes"]).succeeded().says("root.pem.bak.2");
    let removed = fs::read(user.folder().join("truststore.bak/ca/acme/root.pem.bak.2")).unwrap();
    assert_eq!(removed, fs::read(&file).unwrap());
}
