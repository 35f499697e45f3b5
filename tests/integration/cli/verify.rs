//! `notation-aws-signer verify`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::image_stores::ImageStores;
use crate::support::cli::Cli;
use crate::support::process::free_port;
use crate::support::{self, World};

/// The `verify` command with these profiles trusted under the local signer's root.
fn verify(world: &World, references: &[&str], profiles: &[&str], more: &[&str]) -> Vec<String> {
    let root = world.signer.root_certificate();
    let start = ["verify", "--root", root.to_str().unwrap()];
    let trusted = [&["--trusted-profile"], profiles].concat();
    [&start[..], references, more, &trusted].concat().into_iter().map(str::to_owned).collect()
}

fn run(cli: &Cli, command: &[String]) -> crate::support::process::Finished {
    cli.run(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn json_of(cli: &Cli, command: &[String], code: i32) -> Value {
    cli.json("verify", &command.iter().map(String::as_str).collect::<Vec<_>>(), code)
}

/// The check of an artifact's first signature.
fn check<'a>(artifact: &'a Value, name: &str) -> &'a Value {
    let checks = artifact["signatures"][0]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {artifact:#}"))
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn verifies_with_only_a_trusted_profile_in_every_store() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    for stored in &stores.images {
        let reference = stored.reference.as_str();
        cli.run(&["sign", reference, "--profile", &world.profile.arn, "-m", "build=7"]).succeeded();
        let version = format!("{}/{}", world.profile.arn, world.profile.version);
        for trusted in [&world.profile.arn, &version] {
            let command = verify(&world, &[reference], &[trusted], &["-m", "build=7"]);
            let results = json_of(&cli, &command, 0);
            let artifact = &results["artifacts"][0];
            assert_eq!((&results["status"], &artifact["outcome"]), (&"done".into(), &"verified".into()));
            let signed = &artifact["signatures"][0];
            assert_eq!((&signed["profileVersion"], &signed["userMetadata"]["build"]), (&json!(version), &json!("7")));
        }
        let shown = run(&cli, &verify(&world, &[reference], &[&world.profile.arn], &["-v"])).succeeded();
        let pinned = format!("{}@{}", reference.strip_suffix(":v1").unwrap(), stored.image.digest);
        assert!(shown.stdout.starts_with(&format!("{pinned} verified\n")), "{shown}");
        assert!(shown.stderr.contains("resolved"), "{shown}");
        for name in ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"] {
            assert!(shown.stdout.contains(&format!("    ok      {name} ")), "{name}: {shown}");
        }
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn accepts_references_after_the_arns() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("order");
    let root = world.signer.root_certificate();
    let command = ["verify", "--trusted-profile", &world.profile.arn, &image, "--root", root.to_str().unwrap()];
    cli.run(&command).succeeded();
    cli.run(&["verify", "--trusted-profile", &world.profile.arn]).exits_with(2).says("no artifact is given");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn rejects_an_empty_trusted_profile() {
    let world = World::start();
    let image = world.push_signed("an empty variable");
    world.notation.import_policy("strict", &world.profile.arn);
    let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    cli.run(&["verify", &image, "--require", "1"]).succeeded();
    // As `--trusted-profile $PROFILE IMAGE` with an empty variable: must not fall back to notation's policy.
    cli.run(&["verify", "--trusted-profile", &image]).exits_with(2).says("--trusted-profile is given without the ARN");
    cli.run(&["verify", "--trusted-profile", "", &image]).exits_with(2);
    cli.run(&["verify", "--require", "1", "--from", &image]).exits_with(2).says("--from is given without the ARN");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_the_job_of_a_revoked_signature() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("revoked");
    let job = world.notation.signature(&image).job().to_owned();
    world.signer.revoke_signature(&job);
    let command = verify(&world, &[&image], &[&world.profile.arn], &[]);
    let results = json_of(&cli, &command, 1);
    let revoked = &check(&results["artifacts"][0], "revocation")["revoked"];
    assert_eq!(*revoked, json!([{ "kind": "signature", "name": job }]));
    run(&cli, &command).exits_with(1).says(&job).says("failed  revocation").says("-> Do not deploy");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_unsigned_images_and_untrusted_profiles_with_advice() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let other = world.signer.put_profile("other");
    let unsigned = world.push("unsigned");
    let command = verify(&world, &[&unsigned], &[&world.profile.arn], &[]);
    run(&cli, &command)
        .exits_with(1)
        .says("there is no signature")
        .says("-> Sign the artifact with `notation-aws-signer sign`");
    let image = world.push_signed("of another profile");
    let command = verify(&world, &[&image], &[&other.arn], &[]);
    run(&cli, &command)
        .exits_with(1)
        .says("failed  authenticity")
        .says(&format!("pass --trusted-profile {}", world.profile.arn));
    assert_eq!(json_of(&cli, &command, 1)["artifacts"][0]["outcome"], "refused");
    // By default only AWS's roots are trusted.
    cli.run(&["verify", &image, "--trusted-profile", &world.profile.arn])
        .exits_with(1)
        .says("no certificate of the chain");
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn refuses_altered_envelopes_and_those_of_other_artifacts() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    let stored = &stores.images[0];
    let other = &stores.images[stores.images.len() - 1];
    let file = stores.file("sig");
    let sign = ["sign", &other.reference, "--profile", &world.profile.arn, "--detach", file.to_str().unwrap()];
    cli.run(&sign).succeeded();
    let envelope = std::fs::read(&file).unwrap();
    stored.put_envelope(&envelope);
    let command = verify(&world, &[&stored.reference], &[&world.profile.arn], &[]);
    run(&cli, &command).exits_with(1).says("failed  integrity").says("not for this artifact");
    let mut altered: Value = serde_json::from_slice(&envelope).unwrap();
    altered["payload"] = "e30".into();
    other.put_envelope(altered.to_string().as_bytes());
    let command = verify(&world, &[&other.reference], &[&world.profile.arn], &[]);
    run(&cli, &command).exits_with(1).says("failed  integrity").says("the signature does not verify");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn distinguishes_undetermined_refused_and_missing() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("unknown");
    let arn = world.profile.arn.clone();
    let missing = format!("{}/team/app:nowhere", world.registry.address());
    let down = format!("127.0.0.1:{}/team/app:v1", free_port());
    let command = verify(&world, &[&missing], &[&arn], &[]);
    assert_eq!(json_of(&cli, &command, 2)["artifacts"][0]["outcome"], "misconfigured");
    let command = verify(&world, &[&down], &[&arn], &["--registry-timeout", "1"]);
    assert_eq!(json_of(&cli, &command, 3)["artifacts"][0]["outcome"], "undetermined");
    let no_service = ["--aws-signer-endpoint-url", "http://127.0.0.1:9", "--aws-signer-timeout", "3"];
    let command = verify(&world, &[&image], &[&arn], &no_service);
    let results = json_of(&cli, &command, 3);
    assert_eq!(results["artifacts"][0]["outcome"], "undetermined");
    assert_eq!(check(&results["artifacts"][0], "revocation")["outcome"], "unknown");
    run(&cli, &command).exits_with(3).says("unknown revocation");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn permanent_errors_exit_with_2_and_name_the_setting() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("signed");
    let ini = std::fs::read_to_string(world.signer.credentials_file()).unwrap();
    let id =
        ini.lines().find_map(|line| line.strip_prefix("aws_access_key_id")).unwrap().trim_start_matches([' ', '=']);
    std::fs::write(cli.home().join("app"), "content").unwrap();
    let arn = world.profile.arn.as_str();
    let verify = verify(&world, &[&image], &[arn], &[]);
    let verify: Vec<&str> = verify.iter().map(String::as_str).collect();
    let commands = [&verify[..], &["sign", &image, "--profile", arn], &["blob", "sign", "app", "--profile", arn]];
    type Change = fn(&mut std::process::Command, &str);
    let cases: [(&str, Change, &str); 4] = [
        (
            "wrong secret",
            |cli, id| _ = cli.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", "x"),
            "InvalidSig",
        ),
        ("wrong id", |cli, _| _ = cli.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x"), "Unrecognized"),
        ("none", |cli, _| _ = cli.env_remove("AWS_SHARED_CREDENTIALS_FILE"), "there are no AWS credentials"),
        ("empty endpoint", |cli, _| _ = cli.env("AWS_ENDPOINT_URL_SIGNER", ""), "AWS_ENDPOINT_URL_SIGNER"),
    ];
    for command in commands {
        for (case, change, words) in &cases {
            let mut process = cli.command(command);
            change(&mut process, id);
            let finished =
                support::process::run(&mut process, std::time::Duration::from_secs(60)).exits_with(2).says(words);
            assert!(!finished.stdout.contains("again"), "{case}: {finished}");
        }
    }
    let elsewhere = [&verify[..], &["--aws-region", "us-gov-west-1"]].concat();
    let results = cli.json("verify", &elsewhere, 2);
    assert_eq!(
        (&results["status"], &results["artifacts"][0]["outcome"]),
        (&json!("misconfigured"), &json!("misconfigured"))
    );
    let check = check(&results["artifacts"][0], "revocation");
    assert!(check["error"]["message"].as_str().unwrap().contains("aws-region"), "{results:#}");
    // A level that only logs revocation still accepts.
    world.notation.import_policy("permissive", arn);
    let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    let mut process = cli.command(&["verify", &image]);
    process.env_remove("AWS_SHARED_CREDENTIALS_FILE");
    support::process::run(&mut process, std::time::Duration::from_secs(60)).succeeded().says("warning revocation");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_each_artifact_and_exits_with_the_worst_result() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let good = world.push_signed("good");
    let unsigned = world.push("unsigned");
    let missing = format!("{}/team/app:nowhere", world.registry.address());
    let outcomes = |references: &[&str], code| {
        let results = json_of(&cli, &verify(&world, references, &[&world.profile.arn], &[]), code);
        let artifacts = results["artifacts"].as_array().unwrap();
        artifacts.iter().map(|artifact| artifact["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&[&good, &missing, &good], 2), ["verified", "misconfigured", "verified"]);
    assert_eq!(outcomes(&[&missing, &unsigned, &good], 1), ["misconfigured", "refused", "verified"]);
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn verifies_an_index_alone_or_recursively() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    for stored in &stores.images {
        let (index, pinned) = stored.put_index();
        let image = format!("{}@{}", index.strip_suffix(":multi").unwrap(), stored.image.digest);
        cli.run(&["sign", &index, "--profile", &world.profile.arn]).succeeded();
        let verify = |more: &[&str], code| {
            let results = json_of(&cli, &verify(&world, &[&index], &[&world.profile.arn], more), code);
            let artifacts = results["artifacts"].as_array().unwrap();
            let name = |artifact: &Value| format!("{} {}", artifact["artifact"], artifact["outcome"]).replace('"', "");
            artifacts.iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(verify(&[], 0), [format!("{pinned} verified")]);
        assert_eq!(verify(&["--recursive"], 1), [format!("{image} refused"), format!("{pinned} verified")]);
        cli.run(&["sign", &image, "--profile", &world.profile.arn]).succeeded();
        assert_eq!(verify(&["--recursive"], 0), [format!("{image} verified"), format!("{pinned} verified")]);
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn requires_metadata() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("with metadata");
    cli.run(&["sign", &image, "--profile", &world.profile.arn, "-m", "build=7"]).succeeded();
    let with = |pair: &str, code| {
        run(&cli, &verify(&world, &[&image], &[&world.profile.arn], &["-v", "-m", pair])).exits_with(code)
    };
    with("build=7", 0).says("build=7");
    with("build=8", 1).says("\"8\" is required");
    with("commit=1", 1)
        .says("was not signed")
        .says("failed  userMetadata")
        .says("    job")
        .says("-> Sign the artifact again");
    let refused = json_of(&cli, &verify(&world, &[&image], &[&world.profile.arn], &["-m", "build=8"]), 1);
    let artifact = &refused["artifacts"][0];
    assert_eq!(check(artifact, "integrity")["outcome"], "ok");
    assert_eq!(check(artifact, "userMetadata")["outcome"], "failed");
    assert!(artifact["signatures"][0]["job"].is_string(), "{artifact:#}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn requires_signatures_of_several_profiles() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed twice");
    let first = world.profile.arn.as_str();
    let second = &*world.signer.put_profile("second").arn;
    let sign = |profile: &str| drop(cli.run(&["sign", &image, "--profile", profile]).succeeded());
    let both = |more: &[&str], code| run(&cli, &verify(&world, &[&image], &[first, second], more)).exits_with(code);
    sign(first);
    sign(first);
    both(&[], 0);
    both(&["--require", "2"], 1).says("refused").says(&format!("missing: {second}"));
    sign(second);
    let met = json_of(&cli, &verify(&world, &[&image], &[first, second], &["--require", "2"]), 0);
    assert_eq!(met["artifacts"][0]["requirement"]["met"], true);
    both(&["--require", "2", "--from", first, second], 0);
    both(&["--require", "2", "--from", first], 2).says("2 signers are required, but only one signing profile counts");
    both(&["--require", "3"], 2);
    run(&cli, &verify(&world, &[&image], &[first], &["--require", "2", "--from", first, second])).exits_with(1);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn uses_notations_policy_by_default() {
    let world = World::start();
    let image = world.push("signed with a key");
    world.notation.run(&["cert", "generate-test", "example.com"]).succeeded();
    world.notation.sign_with_key(&image, "example.com").succeeded();
    let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    for (organization, is_trusted) in [("Notary", true), ("Other", false)] {
        let identity = format!("x509.subject: C=US, ST=WA, O={organization}");
        world.notation.import_policy_for("strict", &["ca:example.com"], &identity);
        assert_eq!(world.verify(&image).is_success(), is_trusted);
        cli.run(&["verify", &image]).exits_with(i32::from(!is_trusted));
    }
    let aws = world.push_signed("signed by the signer");
    world.notation.import_policy("strict", &world.profile.arn);
    world.verify(&aws).succeeded();
    cli.run(&["verify", &aws]).succeeded();
    world.notation.import_policy_for("strict", &["signingAuthority:nowhere"], &world.profile.arn);
    world.verify(&aws).failed();
    cli.run(&["verify", &aws]).exits_with(2).says("a trust store cannot be read");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn shows_a_logged_check_as_a_warning() {
    let mut world = World::start();
    let image = world.push_signed("service down");
    world.notation.import_policy("permissive", &world.profile.arn);
    world.signer.stop();
    let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    world.verify(&image).succeeded();
    let results = cli.json("verify", &["verify", &image, "--aws-signer-timeout", "2"], 0);
    assert_eq!(check(&results["artifacts"][0], "revocation")["outcome"], "warning");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn fails_without_an_applicable_policy() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("no policy");
    cli.run(&["verify", &image]).exits_with(2).says("there is no trust policy").says("--trusted-profile");
    let stores = ImageStores::layout();
    let layout = stores.images[0].reference.as_str();
    cli.run(&["sign", layout, "--profile", &world.profile.arn]).succeeded();
    let file = cli.home().join("policy.json");
    let repository = format!("{}/team/app", world.registry.address());
    let write = |scope: &str| std::fs::write(&file, policy(scope, "strict", &world.profile.arn)).unwrap();
    let config = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    let with_policy = |reference: &str, more: &[&str], code| {
        let command = ["verify", reference, "--policy", file.to_str().unwrap()];
        config.run(&[&command[..], more].concat()).exits_with(code)
    };
    write("registry.example.com/other");
    with_policy(&image, &[], 2).says("no trust policy applies to artifacts of");
    with_policy(layout, &[], 2).says("--scope");
    with_policy(layout, &["--scope", "registry.example.com/other"], 0);
    with_policy(layout, &["--scope", "registry.example.com/third"], 2);
    with_policy(&image, &["--scope", "registry.example.com/other"], 2).says("--scope is for OCI image layouts");
    write(&repository);
    with_policy(&image, &[], 0);
    write("*");
    with_policy(layout, &[], 0);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    with_policy(&image, &[], 2).says("chmod o-w");
    std::fs::write(&file, "{}").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    with_policy(&image, &[], 2).says("policy.json");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn never_reports_skipped_artifacts_as_verified() {
    let world = World::start();
    let image = world.push("skipped");
    let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
    let file = cli.home().join("policy.json");
    let repository = image.split('@').next().unwrap();
    std::fs::write(&file, policy(repository, "skip", &world.profile.arn)).unwrap();
    let command = ["verify", &image, "--policy", file.to_str().unwrap()];
    let shown = cli.run(&command).succeeded().says("the trust policy \"test\" skips verification");
    assert!(shown.stdout.starts_with(&format!("{image} skipped\n")), "{shown}");
    assert_eq!(cli.json("verify", &command, 0)["artifacts"][0]["outcome"], "skipped");
    cli.run(&[&command[..], &["--require", "1"]].concat()).exits_with(1).says("skips verification");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reads_plugin_settings_as_notation_does() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("configured");
    let closed = format!("aws-signer-endpoint-url=http://127.0.0.1:{}", free_port());
    let more = ["--plugin-config", &closed, "--plugin-config", "aws-signer-timeout=2"];
    run(&cli, &verify(&world, &[&image], &[&world.profile.arn], &more)).exits_with(3);
}

fn policy(scope: &str, level: &str, identity: &str) -> String {
    let mut policy = json!({ "name": "test", "registryScopes": [scope], "signatureVerification": { "level": level } });
    if level != "skip" {
        policy["trustStores"] = json!(["signingAuthority:local"]);
        policy["trustedIdentities"] = json!([identity]);
    }
    json!({ "version": "1.0", "trustPolicies": [policy] }).to_string()
}
