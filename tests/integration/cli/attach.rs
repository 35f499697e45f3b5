//! `notation-aws-signer attach`.

use std::path::{Path, PathBuf};

use super::places::Places;
use crate::support::World;
use crate::support::cli::Cli;

/// Signs the image and keeps the envelope in a file.
fn detached(world: &World, cli: &Cli, reference: &str, file: &str) -> PathBuf {
    let file = cli.home().join(file);
    let sign = ["sign", reference, "--profile", &world.profile.arn, "--detach", file.to_str().unwrap(), "--force"];
    cli.run(&sign).succeeded();
    file
}

fn attach<'a>(reference: &'a str, file: &'a Path) -> Vec<&'a str> {
    vec!["attach", reference, "--signature", file.to_str().unwrap()]
}

#[test]
fn a_detached_signature_is_attached_once_in_every_kind_of_place_and_verifies() {
    let Some(world) = World::start() else { return };
    let (cli, places) = (Cli::for_signer(&world.signer), Places::of(&world));
    let root = world.signer.root_certificate();
    for place in &places.places {
        let file = detached(&world, &cli, &place.reference, "app.sig");
        assert!(place.signatures().is_empty());
        let mut command = attach(&place.reference, &file);
        command.extend(["--annotation", "pipeline=7"]);
        let first = cli.json("attach", &command, 0);
        assert_eq!(first["outcome"], "attached", "{first:#}");
        let again = cli.json("attach", &attach(&place.reference, &file), 0);
        assert_eq!((&again["outcome"], &again["signature"]), (&"already-attached".into(), &first["signature"]));
        cli.run(&attach(&place.reference, &file)).succeeded().says("already attached");
        let signatures = place.signatures();
        let [manifest] = &signatures[..] else { panic!("{signatures:?}") };
        assert_eq!(manifest.annotations["pipeline"], "7");
        assert!(manifest.annotations.contains_key("io.cncf.notary.x509chain.thumbprint#S256"));
        let trusted = ["--trusted-profile", &world.profile.arn, "--root", root.to_str().unwrap()];
        cli.run(&[&["verify", &place.reference][..], &trusted].concat()).succeeded();
        if !place.reference.starts_with("oci:") {
            world.verify(&place.reference).succeeded().says("Successfully verified signature");
        }
    }
}

#[test]
fn what_is_not_a_signature_of_the_artifact_is_refused_and_nothing_is_written() {
    let Some(world) = World::start() else { return };
    let (cli, places) = (Cli::for_signer(&world.signer), Places::of(&world));
    let (place, other) = (&places.places[0], &places.places[places.places.len() - 1]);
    let others = detached(&world, &cli, &other.reference, "other.sig");
    cli.run(&attach(&place.reference, &others)).exits_with(1).says(other.image.digest.as_str());
    let own = detached(&world, &cli, &place.reference, "own.sig");
    let envelope = std::fs::read_to_string(&own).unwrap();
    let write = |name: &str, content: &[u8]| {
        let file = cli.home().join(name);
        std::fs::write(&file, content).unwrap();
        file
    };
    let value: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    let mut swapped: serde_json::Value = serde_json::from_slice(&std::fs::read(&others).unwrap()).unwrap();
    swapped["payload"] = value["payload"].clone();
    let swapped = write("swapped.sig", swapped.to_string().as_bytes());
    cli.run(&attach(&place.reference, &swapped)).exits_with(1).says("the signature does not verify");
    let garbage = write("garbage.sig", b"{}");
    cli.run(&attach(&place.reference, &garbage)).exits_with(1).says("not a signature envelope");
    let huge = write("huge.sig", &vec![b' '; 10 * 1024 * 1024 + 1]);
    cli.run(&attach(&place.reference, &huge)).exits_with(1).says("is not a signature envelope");
    cli.run(&attach(&place.reference, Path::new("/nowhere"))).exits_with(2).says("--signature /nowhere");
    let mut reserved = attach(&place.reference, &own);
    reserved.extend(["--annotation", "io.cncf.notary.x509chain.thumbprint#S256=[]"]);
    cli.run(&reserved).exits_with(2).says("belongs to the Notary Project");
    assert!(place.signatures().is_empty());
}
