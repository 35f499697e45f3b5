//! `notation-aws-signer list`.

use super::image_stores::ImageStores;
use crate::support::World;
use crate::support::cli::Cli;
use crate::support::process::free_port;

#[test]
fn the_list_is_that_of_notation_in_every_kind_of_place() {
    let Some(world) = World::start() else { return };
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::of(&world);
    for stored in &stores.images {
        let reference = stored.reference.as_str();
        let pinned = format!("{}@{}", reference.strip_suffix(":v1").unwrap(), stored.image.digest);
        cli.run(&["list", reference]).succeeded().says(&format!("{pinned} has no associated signature\n"));
        for _ in 0..3 {
            cli.run(&["sign", reference, "--profile", &world.profile.arn]).succeeded();
        }
        let ours = cli.run(&["ls", reference]).succeeded();
        let (theirs, expected) = match reference.strip_prefix("oci:") {
            None => (world.notation.run(&["list", "--insecure-registry", reference]), ours.stdout.clone()),
            Some(layout) => {
                let without_prefix = ours.stdout.strip_prefix("oci:").unwrap().to_owned();
                (world.notation.run(&["list", "--oci-layout", layout]), without_prefix)
            }
        };
        let theirs = theirs.succeeded().stdout;
        // Each registry lists in an order of its own; notation's last lines are then ours in another order.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.replace('└', "├")).collect();
            lines[2..].sort();
            lines
        };
        assert_eq!(sorted(&expected), sorted(&theirs), "{ours}");
        let results = cli.json("list", &["list", reference], 0);
        assert_eq!(results["signatures"].as_array().unwrap().len(), 3);
        assert_eq!(results["artifact"], pinned.as_str());
        cli.run(&["list", reference, "--max-signatures", "2"]).exits_with(1).says("--max-signatures");
    }
}

#[test]
fn what_is_not_there_and_who_does_not_answer_are_told_apart() {
    let Some(world) = World::start() else { return };
    let cli = Cli::for_signer(&world.signer);
    cli.run(&["list", &format!("{}/team/app:nowhere", world.registry.address())]).exits_with(2);
    let down = format!("127.0.0.1:{}/team/app:v1", free_port());
    cli.run(&["list", &down, "--registry-timeout", "1"]).exits_with(3);
    cli.run(&["list", "oci:nowhere"]).exits_with(2);
}

#[test]
fn a_registry_that_does_not_speak_tls_is_told_from_one_that_cannot_be_reached() {
    let Some(world) = World::start() else { return };
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("plain");
    // With authorities of one's own a registry of this machine is spoken to with TLS.
    let root = world.signer.root_certificate();
    let list = ["list", &image, "--ca-file", root.to_str().unwrap()];
    cli.run(&list).exits_with(2).says("does not speak TLS").says("--plain-http");
    cli.run(&[&list[..], &["--plain-http"]].concat()).succeeded();
}
