//! `notation-aws-signer attach`.

use std::path::{Path, PathBuf};

use super::image_stores::ImageStores;
use crate::support::World;
use crate::support::cli::Cli;

/// Signs the image into a file.
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
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn attaches_a_detached_signature_once_in_every_store() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    let root = world.signer.root_certificate();
    for stored in &stores.images {
        let file = detached(&world, &cli, &stored.reference, "app.sig");
        assert!(stored.signatures().is_empty());
        let mut command = attach(&stored.reference, &file);
        command.extend(["--annotation", "pipeline=7"]);
        let first = cli.json("attach", &command, 0);
        assert_eq!(first["outcome"], "attached", "{first:#}");
        let again = cli.json("attach", &attach(&stored.reference, &file), 0);
        assert_eq!((&again["outcome"], &again["signature"]), (&"already-attached".into(), &first["signature"]));
        cli.run(&attach(&stored.reference, &file)).succeeded().says("already attached");
        let signatures = stored.signatures();
        let [manifest] = &signatures[..] else { panic!("{signatures:?}") };
        assert_eq!(manifest.annotations["pipeline"], "7");
        assert!(manifest.annotations.contains_key("io.cncf.notary.x509chain.thumbprint#S256"));
        let trusted = ["--trusted-profile", &world.profile.arn, "--root", root.to_str().unwrap()];
        cli.run(&[&["verify", &stored.reference][..], &trusted].concat()).succeeded();
        if !stored.reference.starts_with("oci:") {
            world.verify(&stored.reference).succeeded().says("Successfully verified signature");
        }
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn refuses_invalid_signatures_and_writes_nothing() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let stores = ImageStores::new(&world);
    let stored = &stores.images[0];
    let other = &stores.images[stores.images.len() - 1];
    let others = detached(&world, &cli, &other.reference, "other.sig");
    cli.run(&attach(&stored.reference, &others)).exits_with(1).says(other.image.digest.as_str());
    let own = detached(&world, &cli, &stored.reference, "own.sig");
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
    cli.run(&attach(&stored.reference, &swapped)).exits_with(1).says("the signature does not verify");
    let garbage = write("garbage.sig", b"{}");
    cli.run(&attach(&stored.reference, &garbage)).exits_with(1).says("not a signature envelope");
    let huge = write("huge.sig", &vec![b' '; 10 * 1024 * 1024 + 1]);
    cli.run(&attach(&stored.reference, &huge)).exits_with(1).says("is not a signature envelope");
    cli.run(&attach(&stored.reference, Path::new("/nowhere")))
        .exits_with(2)
        .says("--signature: /nowhere does not exist");
    let mut reserved = attach(&stored.reference, &own);
    reserved.extend(["--annotation", "io.cncf.notary.x509chain.thumbprint#S256=[]"]);
    cli.run(&reserved).exits_with(2).says("belongs to the Notary Project");
    assert!(stored.signatures().is_empty());
}
