//! `notation-aws-signer setup`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::local_signer::{LocalSigner, Profile};
use crate::support::notation::{Notation, PLUGIN};
use crate::support::peers;
use crate::support::registry::Registry;

/// An empty home folder, and a signing profile of the local signer.
struct User {
    registry: Registry,
    signer: LocalSigner,
    profile: Profile,
    notation: Notation,
    cli: Cli,
}

impl User {
    fn new() -> User {
        let peers = peers();
        let signer = LocalSigner::start();
        let profile = signer.put_profile("setup");
        let notation = Notation::new(&peers, &signer.credentials_file());
        let cli = Cli::for_signer(&signer).with_config_of(&notation);
        User { registry: Registry::start(&peers), signer, profile, notation, cli }
    }

    /// `setup` with the local signer's root, the profile and more arguments.
    fn arguments<'a>(&'a self, root: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["setup", "--root", root, "--profile", &self.profile.arn], more].concat()
    }

    fn setup(&self, more: &[&str], code: i32) -> Value {
        let root = self.signer.root_certificate();
        self.cli.json("setup", &self.arguments(root.to_str().unwrap(), more), code)
    }

    fn plugin(&self) -> PathBuf {
        self.notation.config_folder().join("plugins").join(PLUGIN).join(format!("notation-{PLUGIN}"))
    }

    fn policy(&self) -> PathBuf {
        self.notation.config_folder().join("trustpolicy.json")
    }
}

/// The outcomes of the items of one part.
fn outcomes<'a>(results: &'a Value, part: &str) -> Vec<&'a str> {
    let items = results["items"].as_array().unwrap().iter().filter(|item| item["part"] == part);
    items.map(|item| item["outcome"].as_str().unwrap()).collect()
}

fn message<'a>(results: &'a Value, part: &str) -> &'a str {
    let items = results["items"].as_array().unwrap().iter().filter(|item| item["part"] == part);
    items.filter_map(|item| item["message"].as_str().or_else(|| item["error"]["message"].as_str())).next().unwrap()
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn after_setup_in_an_empty_home_notation_signs_and_verifies() {
    let user = User::new();
    let results = user.setup(&[], 0);
    for part in ["plugin", "trust-store", "trust-policy"] {
        assert_eq!(outcomes(&results, part), ["changed"], "{results:#}");
    }
    assert_eq!(outcomes(&results, "signing-profile"), ["ok"]);
    assert_eq!(outcomes(&results, "revocation-check"), ["ok"]);
    assert_eq!(fs::metadata(user.plugin()).unwrap().permissions().mode() & 0o777, 0o755);

    let image = user.registry.push_image("team/app", "set up");
    user.notation.sign(&image, &user.profile.arn, &user.signer.endpoint).succeeded();
    user.notation.verify(&image, &user.signer.endpoint).succeeded().says("Successfully verified signature");
    user.notation.run(&["cert", "ls"]).succeeded().says("signingAuthority").says("local-signer").says("root.pem");
    user.notation.run(&["policy", "show"]).succeeded().says(&user.profile.arn);
    user.notation.run(&["plugin", "ls"]).succeeded().says(env!("CARGO_PKG_VERSION"));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn setup_a_second_time_changes_nothing_and_check_agrees() {
    let user = User::new();
    user.setup(&[], 0);
    let written = |path: PathBuf| (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    let before = (written(user.plugin()), written(user.policy()));
    for more in [&[][..], &["--check"]] {
        let results = user.setup(more, 0);
        let all = results["items"].as_array().unwrap();
        assert!(all.iter().all(|item| item["outcome"] == "ok"), "{results:#}");
    }
    assert_eq!((written(user.plugin()), written(user.policy())), before);
    // Without arguments it checks the profiles that the policy trusts.
    for arguments in [&["setup"][..], &["setup", "--check"]] {
        let results = user.cli.json("setup", arguments, 0);
        assert_eq!(outcomes(&results, "signing-profile"), ["ok"], "{results:#}");
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn adds_the_aws_roots_to_the_documented_stores() {
    let user = User::new();
    let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline";
    let results =
        user.cli.json("setup", &["setup", "--offline", "--profile", arn, "--scope", "registry.example.com/app"], 0);
    assert_eq!(outcomes(&results, "trust-store"), ["changed", "changed"]);
    let listed = user.notation.run(&["cert", "ls"]).succeeded();
    listed.says("aws-signer-ts.pem").says("aws-us-gov-signer-ts.pem");
    let policy: Value = serde_json::from_slice(&fs::read(user.policy()).unwrap()).unwrap();
    let statement = &policy["trustPolicies"][0];
    assert_eq!(statement["trustStores"], serde_json::json!(["signingAuthority:aws-signer-ts"]));
    assert_eq!(statement["registryScopes"], serde_json::json!(["registry.example.com/app"]));
    assert_eq!(statement["signatureVerification"], serde_json::json!({ "level": "strict" }));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_verifies_by_a_policy_that_setup_has_extended() {
    let user = User::new();
    let other = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/other";
    user.cli.json("policy-init", &["policy", "init", "--profile", other, "--name", "mine"], 0);
    let results = user.setup(&["--check"], 2);
    let items = results["items"].as_array().unwrap();
    let statement = &items.iter().find(|item| item["part"] == "trust-policy").unwrap()["statement"];
    assert_eq!(statement["trustedIdentities"], serde_json::json!([other, user.profile.arn]));
    user.cli.run(&["setup", "--offline"]).exits_with(0);
    let results = user.setup(&[], 0);
    assert_eq!(outcomes(&results, "trust-policy"), ["changed"], "{results:#}");
    let policy: Value = serde_json::from_slice(&fs::read(user.policy()).unwrap()).unwrap();
    assert_eq!(policy["trustPolicies"][0], *statement);

    let image = user.registry.push_image("team/app", "extended");
    user.notation.sign(&image, &user.profile.arn, &user.signer.endpoint).succeeded();
    user.notation.verify(&image, &user.signer.endpoint).succeeded().says("Successfully verified signature");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn check_explains_what_is_missing_and_changes_nothing() {
    let mut user = User::new();
    let results = user.setup(&["--check"], 2);
    for (part, why) in
        [("plugin", "not installed"), ("trust-store", "does not exist"), ("trust-policy", "no trust policy")]
    {
        assert_eq!(outcomes(&results, part), ["failed"], "{results:#}");
        assert!(message(&results, part).contains(why), "{results:#}");
    }
    assert!(!user.notation.config_folder().exists());

    user.setup(&[], 0);
    user.signer.stop();
    let results = user.setup(&["--check"], 3);
    assert_eq!(outcomes(&results, "signing-profile"), ["unknown"]);
    assert!(message(&results, "signing-profile").contains("could not be reached"), "{results:#}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn distinguishes_a_missing_profile_from_missing_credentials() {
    let user = User::new();
    user.setup(&[], 0);
    let missing = user.profile.arn.replace("setup", "nowhere");
    let results = user.cli.json("setup", &["setup", "--check", "--profile", &missing], 2);
    assert!(message(&results, "signing-profile").contains("could not be found"), "{results:#}");

    let mut without = user.cli.command(&["setup", "--check"]);
    without.env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
    let shown = crate::support::process::run(&mut without, std::time::Duration::from_secs(60)).exits_with(2);
    shown.says("there are no AWS credentials");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn trusts_no_profile_that_does_not_exist() {
    let user = User::new();
    user.setup(&[], 0);
    let policy = || fs::read(user.notation.config_folder().join("trustpolicy.json")).unwrap();
    let before = policy();
    let missing = user.profile.arn.replace("setup", "nowhere");
    let root = user.signer.root_certificate();
    let arguments = ["setup", "--root", root.to_str().unwrap(), "--profile", &missing];
    let results = user.cli.json("setup", &arguments, 2);
    assert_eq!(outcomes(&results, "trust-policy"), ["failed"], "{results:#}");
    assert_eq!(policy(), before);
    user.cli.json("setup", &[&arguments[..], &["--offline"]].concat(), 0);
    assert_ne!(policy(), before);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn replaces_another_plugin_of_the_same_name_only_on_request() {
    let user = User::new();
    let plugin = user.plugin();
    fs::create_dir_all(plugin.parent().unwrap()).unwrap();
    let members =
        r#""version": "1.0.2350", "description": "AWS Signer plugin for Notation", "url": "https://example.org""#;
    let answer = format!(r#"{{"name": "{PLUGIN}", {members}}}"#);
    fs::write(&plugin, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    fs::set_permissions(&plugin, Permissions::from_mode(0o755)).unwrap();
    let before = fs::read(&plugin).unwrap();
    let results = user.setup(&[], 2);
    assert!(message(&results, "plugin").contains("another implementation"), "{results:#}");
    assert_eq!(fs::read(&plugin).unwrap(), before);
    let results = user.setup(&["--replace-plugin", "--yes"], 0);
    assert!(message(&results, "plugin").contains("in place of version 1.0.2350"), "{results:#}");
    user.notation.run(&["plugin", "ls"]).succeeded().says(env!("CARGO_PKG_VERSION"));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn does_not_install_a_file_that_is_not_a_plugin() {
    let user = User::new();
    let results = user.setup(&["--plugin", "/bin/true"], 2);
    assert!(message(&results, "plugin").contains("/bin/true is not a working plugin"), "{results:#}");
    assert!(!user.plugin().exists());
}

#[test]
fn suggests_the_correct_arn_for_a_mistyped_one() {
    let cli = Cli::for_signer(&LocalSigner::start());
    let right = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo";
    for wrong in [
        "arn:aws:signer:us-west-2:111122223333:/signing-profile/demo",
        "arn:aws:signer:us-west-2:111122223333:signing-profiles/demo",
        "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo/Ab12Cd34Ef",
        "arn:aws:signer:us-west-2:1111-2222-3333:/signing-profiles/demo",
        " arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo",
    ] {
        cli.run(&["setup", "--profile", wrong]).exits_with(2).says(right);
    }
    cli.run(&["setup", "--profile", "arn:aws:signer:111122223333:/signing-profiles/demo"])
        .exits_with(2)
        .says(":REGION:");
    cli.run(&["setup", "--profile", &right.replace("3333", "333")]).exits_with(2).says("12 digits");
    assert!(!cli.home().join("config").exists());
}
