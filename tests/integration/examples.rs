//! The examples of this package and of the library, run as documented in them.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::process::{Finished, command, run};
use crate::support::{World, programs};

/// An example, which Cargo builds together with the tests.
struct Example(PathBuf);

impl Example {
    fn named(name: &str) -> Example {
        Example(programs::example(name))
    }

    /// Runs the example with the signing service's credentials and endpoint.
    #[track_caller]
    fn run(&self, world: &World, arguments: &[&str]) -> Finished {
        let home = tempfile::tempdir().unwrap();
        let mut example = command(&self.0, home.path());
        example.env("AWS_SHARED_CREDENTIALS_FILE", world.signer.credentials_file());
        example.env("AWS_ENDPOINT_URL_SIGNER", &world.signer.endpoint).args(arguments);
        run(&mut example, Duration::from_secs(60))
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn examples_sign_and_verify_an_image_until_revoked() {
    let world = World::start();
    let image = world.push("signed by the example");
    let sign = Example::named("sign-artifact");
    let verify = Example::named("verify");
    let root = world.signer.root_certificate().to_str().unwrap().to_owned();
    let check = || verify.run(&world, &[&image, &world.profile.arn, &root]);

    check().exits_with(1).says("it has no signature");
    sign.run(&world, &[&image, &world.profile.arn]).succeeded().says(&format!("signed    {image}"));
    check().succeeded().says("Verified");
    world.verify(&image).succeeded();
    // Without the root, only those of AWS Signer are trusted.
    verify.run(&world, &[&image, &world.profile.arn]).exits_with(1).says("NotVerified(Refused)").says("trust store");
    let signature = world.notation.signature(&image);
    world.signer.revoke_signature(signature.job());
    check().exits_with(1).says("NotVerified(Refused)").says(signature.job());
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn example_shows_what_a_signature_file_covers() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed into a file");
    cli.run(&["sign", &image, "--profile", &world.profile.arn, "--detach", "image.sig"]).succeeded();
    let envelope = cli.home().join("image.sig");
    let digest = image.split_once('@').unwrap().1;
    let verify = Example::named("verify-envelope");
    let shown = verify.run(&world, &[envelope.to_str().unwrap()]).succeeded();
    assert!(shown.stdout.contains(digest) && shown.stdout.contains(&world.profile.arn), "{shown}");

    let text = std::fs::read_to_string(&envelope).unwrap();
    std::fs::write(&envelope, text.replacen("\"payload\":\"e", "\"payload\":\"f", 1)).unwrap();
    verify.run(&world, &[envelope.to_str().unwrap()]).exits_with(1);
}
