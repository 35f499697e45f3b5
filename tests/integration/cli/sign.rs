//! `notation-aws-signer sign`.

use crate::support::World;
use crate::support::cli::Cli;

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_verifies_an_attached_signature() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed by the tool");
    let sign = ["sign", &image, "--profile", &world.profile.arn, "--user-metadata", "build=7", "-v"];
    let signed = cli.run(&sign).succeeded();
    assert!(signed.stdout.starts_with(&format!("{image} signed\n")), "{signed}");
    world.verify(&image).succeeded().says("Successfully verified signature");
    let signature = world.notation.signature(&image);
    assert!(signed.stdout.contains(signature.job()), "{signed}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn signs_the_other_artifacts_when_one_is_missing() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let images: Vec<String> = (0..5).map(|n| world.push(&format!("image {n}"))).collect();
    let missing = format!("{}/team/app:nowhere", world.registry.address());
    let mut command = vec!["sign", "--profile", &world.profile.arn, &missing];
    command.extend(images.iter().map(String::as_str));
    let results = cli.json("sign", &command, 2);
    let outcome = |n: usize| results["artifacts"][n]["outcome"].as_str().unwrap();
    assert_eq!(outcome(0), "misconfigured");
    assert!((1..6).all(|n| outcome(n) == "signed"), "{results:#}");
    for image in &images {
        world.verify(image).succeeded();
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn skips_signed_artifacts_on_request_until_revoked() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed once");
    let root = world.signer.root_certificate();
    let sign = ["sign", &image, "--profile", &world.profile.arn, "--if-unsigned", "--root", root.to_str().unwrap()];
    let signed = || cli.json("sign", &sign, 0)["artifacts"][0].clone();
    let outcome = || signed()["outcome"].as_str().unwrap().to_owned();
    let first = signed();
    let again = signed();
    assert_eq!((&first["outcome"], &again["outcome"]), (&"signed".into(), &"already-signed".into()));
    assert_eq!(first["signature"], again["signature"]);
    world.signer.revoke_signature(world.notation.signature(&image).job());
    assert_eq!(outcome(), "signed");
    assert_eq!(world.notation.inspect(&image).len(), 2);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_and_ignores_signatures_under_another_root() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push_signed("signed");
    let sign = ["sign", &image, "--profile", &world.profile.arn, "--if-unsigned"];
    let results = cli.json("sign", &[&sign[..], &["--dry-run"]].concat(), 0);
    assert_eq!(
        (&results["artifacts"][0]["outcome"], &results["artifacts"][0]["ignored"]["signatures"]),
        (&"would-sign".into(), &1.into())
    );
    cli.run(&sign).succeeded().says("1 signature that names this profile was ignored").says("--root");
    let root = world.signer.root_certificate();
    let results = cli.json("sign", &[&sign[..], &["--root", root.to_str().unwrap()]].concat(), 0);
    assert!(results["artifacts"][0]["ignored"].is_null(), "{results:#}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn a_dry_run_does_not_sign_or_write() {
    let mut world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("not signed");
    world.signer.stop();
    let results = cli.json("sign", &["sign", &image, "--profile", &world.profile.arn, "--dry-run"], 0);
    assert_eq!(results["artifacts"][0]["outcome"], "would-sign");
    assert_eq!(results["artifacts"][0]["artifact"], image.as_str());
    world.verify(&image).failed().says("no signature is associated");
    let sign = ["sign", &image, "--profile", &world.profile.arn];
    cli.run(&sign).exits_with(3).says("SignPayload");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn rejects_reserved_metadata_names_before_any_request() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("not signed");
    let sign = ["sign", &image, "--profile", &world.profile.arn, "-m", "io.cncf.notary.verificationPlugin=mine"];
    cli.run(&sign).exits_with(2).says("belongs to the Notary Project");
    world.verify(&image).failed().says("no signature is associated");
}
