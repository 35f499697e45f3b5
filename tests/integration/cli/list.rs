//! `notation-aws-signer list`.

use super::image_stores::ImageStores;
use crate::support::World;
use crate::support::cli::Cli;
use crate::support::process::free_port;

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn lists_what_notation_lists_in_every_store() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    for stored in &stores.images {
        let reference = stored.reference.as_str();
        let pinned = format!("{}@{}", reference.strip_suffix(":v1").unwrap(), stored.image.digest);
        cli.run(&["list", reference]).succeeded().says(&format!("{pinned} has no associated signature\n"));
        for _ in 0..3 {
            cli.run(&["sign", reference, "--profile", &world.profile.arn]).succeeded();
        }
        let ours = cli.run(&["ls", reference]).succeeded();
        let theirs = match reference.strip_prefix("oci:") {
            None => world.notation.run(&["list", "--insecure-registry", reference]),
            Some(layout) => world.notation.run(&["list", "--oci-layout", layout]),
        };
        let theirs = theirs.succeeded().stdout;
        // The order depends on the registry.
        let digests = |text: &str| {
            let words = text.split_whitespace().filter(|word| word.starts_with("sha256:"));
            let mut digests: Vec<String> = words.map(str::to_owned).collect();
            digests.sort();
            digests
        };
        assert_eq!(digests(&ours.stdout), digests(&theirs), "{ours}");
        assert!(ours.stdout.starts_with(&format!("{pinned}\nSIGNATURE ")), "{ours}");
        assert_eq!(ours.stdout.matches(&format!("  {}  ", world.profile.arn)).count(), 3, "{ours}");
        let results = cli.json("list", &["list", reference], 0);
        assert_eq!(results["signatures"].as_array().unwrap().len(), 3);
        assert_eq!(results["artifact"], pinned.as_str());
        assert_eq!(
            (&results["digest"], &results["reference"]),
            (&stored.image.digest.to_string().into(), &reference.into())
        );
        assert!(results["signatures"][0]["envelopeMediaType"] == "application/jose+json", "{results:#}");
        cli.run(&["list", reference, "--max-signatures", "2"]).exits_with(2).says("--max-signatures");
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn distinguishes_missing_artifacts_from_unreachable_registries() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    cli.run(&["list", &format!("{}/team/app:nowhere", world.registry.address())]).exits_with(2);
    let down = format!("127.0.0.1:{}/team/app:v1", free_port());
    cli.run(&["list", &down, "--registry-timeout", "1"]).exits_with(3);
    cli.run(&["list", "oci:nowhere"]).exits_with(2);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn distinguishes_plain_http_from_unreachable_registries() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("plain");
    // With --ca-file, TLS is used even for a registry on the loopback address.
    let root = world.signer.root_certificate();
    let list = ["list", &image, "--ca-file", root.to_str().unwrap()];
    cli.run(&list).exits_with(2).says("did not answer with TLS").says("--plain-http");
    cli.run(&[&list[..], &["--plain-http"]].concat()).succeeded();
}
