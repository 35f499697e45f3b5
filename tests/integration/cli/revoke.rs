//! `notation-aws-signer revoke`.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::cli::Cli;
use crate::support::process::{command, run};
use crate::support::{World, test_env};

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_refuses_a_revoked_image_and_names_the_job() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("malicious");
    let other = world.push_signed("harmless");
    let root = world.signer.root_certificate();
    let job = world.notation.signature(&image).job().to_owned();
    let revoke = ["revoke", "signature", &image, "--root", root.to_str().unwrap(), "--reason", "ships a backdoor"];

    cli.run(&revoke)
        .exits_with(2)
        .says(&job)
        .says("nothing was done")
        .says("Pass --yes to revoke this signature, which");
    let unsigned = world.push("never signed");
    let none = cli.run(&["revoke", "signature", &unsigned, "--reason", "x", "--yes"]).exits_with(2);
    assert!(none.stderr.contains("has no signature of AWS Signer") && !none.stderr.contains("Signatures of"), "{none}");
    world.verify(&image).succeeded();

    let results = cli.json("revoke-signature", &[&revoke[..], &["--yes"]].concat(), 0);
    assert_eq!(results["revocations"][0]["job"], job.as_str());
    assert_eq!(results["revocations"][0]["outcome"], "revoked");
    world.verify(&image).failed().says("Revoked according to AWS Signer").says(&job);
    world.verify(&other).succeeded();
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn revokes_only_the_named_signatures() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("signed twice");
    let sign = ["sign", &image, "--profile", &world.profile.arn];
    let second = cli.json("sign", &sign, 0)["artifacts"][0]["signature"]["digest"].as_str().unwrap().to_owned();
    let root = world.signer.root_certificate();
    let revoke = ["revoke", "signature", &image, "--root", root.to_str().unwrap(), "--reason", "wrong", "--yes"];
    let results = cli.json("revoke-signature", &[&revoke[..], &["--signature", &second]].concat(), 0);
    assert_eq!(results["revocations"].as_array().unwrap().len(), 1);
    assert_eq!(results["revocations"][0]["signature"]["digest"], second.as_str());
    world.verify(&image).succeeded();
    let results = cli.json("revoke-signature", &revoke, 0);
    assert_eq!(results["revocations"].as_array().unwrap().len(), 2);
    world.verify(&image).failed();
    let unknown = format!("sha256:{}", "0".repeat(64));
    cli.run(&[&revoke[..], &["--signature", &unknown]].concat()).exits_with(2).says("no such signature");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn does_not_revoke_jobs_of_untrusted_signatures() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("by another root");
    // By default the local signer's root is not trusted.
    let revoke = ["revoke", "signature", &image, "--reason", "wrong", "--yes"];
    cli.run(&revoke).exits_with(2).says("pass it with --root").says("no signature of AWS Signer");
    world.verify(&image).succeeded();

    world.notation.run(&["cert", "generate-test", "own.example.com"]).succeeded();
    let own = world.push("signed by a key of one's own");
    world.notation.sign_with_key(&own, "own.example.com").succeeded();
    let revoke = ["revoke", "signature", &own, "--reason", "wrong", "--yes"];
    cli.run(&revoke).exits_with(2).says("AWS Signer did not sign it");
}

#[tokio::test(flavor = "multi_thread")]
async fn does_not_revoke_a_signature_moved_from_another_artifact() {
    let env = test_env::TestEnv::new().await;
    test_env::add_image(&env.layout, "v2");
    let own = env.sign_and_attach().await;
    let moved = env.sign("v2").await;
    env.attach(&moved.signature.envelope);
    let mut cli = command(env!("CARGO_BIN_EXE_notation-aws-signer"), env.folder());
    cli.env("AWS_ENDPOINT_URL_SIGNER", env.signer.endpoint_url());
    cli.env("AWS_SHARED_CREDENTIALS_FILE", env.signer.credentials_file().unwrap());
    let image = format!("oci:{}:v1", env.layout.path().display());
    cli.args(["revoke", "signature", &image, "--reason", "x", "--yes", "--root"]).arg(env.signer.root_certificate());
    let shown = run(&mut cli, Duration::from_secs(60)).exits_with(0).says("not this artifact");
    assert!(shown.stdout.contains(&own.signature.signer.job.to_string()), "{shown}");
    assert!(!shown.stdout.contains(&moved.signature.signer.job.to_string()), "{shown}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn revokes_a_job_by_arn_or_by_id_and_region() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    for by_id in [false, true] {
        let image = world.push_signed(&format!("by id: {by_id}"));
        let job = world.notation.signature(&image).job().to_owned();
        let name = if by_id { job.rsplit('/').next().unwrap() } else { &job };
        let revoke = ["revoke", "signature", "--job-id", name, "--reason", "key leaked", "--yes"];
        if by_id {
            cli.run(&revoke).exits_with(2).says("--aws-region");
        }
        let region: &[&str] = if by_id { &["--aws-region", "us-west-2"] } else { &[] };
        cli.json("revoke-signature", &[&revoke, region].concat(), 0);
        world.verify(&image).failed().says(&job);
    }
    let unknown = "arn:aws:signer:us-west-2:111122223333:/signing-jobs/00000000-0000-0000-0000-000000000000";
    let revoke = ["revoke", "signature", "--job-id", unknown, "--reason", "x", "--yes"];
    let results = cli.json("revoke-signature", &revoke, 2);
    assert!(
        results["revocations"][0]["error"]["message"].as_str().unwrap().contains("could not be found"),
        "{results:#}"
    );
    cli.run(&["revoke", "signature", "--reason", "x"]).exits_with(2);
    cli.run(&["revoke", "signature", "--job-id", unknown, "--reason", ""]).exits_with(2).says("say why");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_an_unknown_outcome_without_an_answer() {
    let mut world = World::start();
    let cli = Cli::for_signer(&world.signer);
    world.signer.stop();
    let job = "arn:aws:signer:us-west-2:111122223333:/signing-jobs/00000000-0000-0000-0000-000000000000";
    let revoke = ["revoke", "signature", "--job-id", job, "--reason", "x", "--yes", "--aws-signer-timeout", "5"];
    cli.run(&revoke).exits_with(3).says("RevokeSignature");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn revokes_a_profile_from_a_past_time_only() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("by a stolen profile");
    let time = |offset: i64| {
        let time = OffsetDateTime::now_utc() + time::Duration::hours(offset);
        time.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap()
    };
    let past = time(-1);
    let future = time(1);
    let arn = &world.profile.arn;
    let version = &world.profile.version;
    let revoke = |time: &str, more: &[&str]| {
        let revoke = ["revoke", "profile", arn, "--version", version, "--effective-time", time, "--reason", "stolen"];
        revoke.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let tool = |words: &[String]| cli.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    tool(&revoke(&future, &["--yes"])).exits_with(2).says("in the future");
    tool(&revoke("yesterday", &["--yes"])).exits_with(2).says("2026-01-31T12:00:00Z");
    tool(&revoke(&past, &[])).exits_with(2).says(&format!("{arn}/{version}")).says("nothing was done");
    world.verify(&image).succeeded();
    let words = revoke(&past, &["--yes"]);
    let results = cli.json("revoke-profile", &words.iter().map(String::as_str).collect::<Vec<_>>(), 0);
    assert_eq!(results["effectiveTime"], past.as_str());
    world.verify(&image).failed().says("Revoked according to AWS Signer").says(arn);
    let setup = cli.json("setup", &["setup", "--check", "--profile", arn], 2);
    assert!(setup.to_string().contains("its status is"), "{setup:#}");
}
