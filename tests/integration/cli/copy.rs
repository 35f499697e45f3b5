//! `notation-aws-signer copy` between registries of both kinds and a layout; both tools verify the copies.

use registry::Credentials;

use crate::support::World;
use crate::support::cli::Cli;
use crate::support::docker_registry::{DockerRegistry, USER};
use crate::support::images::{block_on, push_image, push_index, repository};

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn both_tools_verify_every_copy_of_a_signed_image() {
    let world = World::start();
    let docker = DockerRegistry::start();
    let cli = Cli::for_signer(&world.signer);
    let first = format!("{}/team/app:v1", world.registry.address());
    let store = repository(&format!("{}/team/app", world.registry.address()), Credentials::none());
    let image = block_on(push_image(&store, "travels", Some("v1")));
    cli.run(&["sign", &first, "--profile", &world.profile.arn]).succeeded();
    // notation names layouts by path, without `oci:`.
    let stations = [
        first,
        format!("{}/copies/app:v1", docker.address),
        "oci:./layout:v1".to_owned(),
        format!("{}/back/app:v1", world.registry.address()),
    ];
    for pair in stations.windows(2) {
        let results = cli.json("copy", &["copy", &pair[0], &pair[1]], 0);
        assert_eq!(results["digest"], image.digest.as_str());
        assert_eq!(results["signatures"].as_array().unwrap().len(), 1, "{results:#}");
    }
    let root = world.signer.root_certificate();
    let trust = ["--trusted-profile", &world.profile.arn, "--root", root.to_str().unwrap()];
    for station in &stations {
        let ours = cli.run(&[&["verify", station], trust.as_slice()].concat());
        ours.succeeded().says(image.digest.as_str());
    }
    for station in [&stations[0], &stations[1], &stations[3]] {
        world.verify(station).succeeded();
    }
    let layout = format!("{}@{}", cli.home().join("layout").display(), image.digest);
    let endpoint = format!("aws-signer-endpoint-url={}", world.signer.endpoint);
    let scope = ["verify", "--oci-layout", "--scope", "example.com/app", "--plugin-config", &endpoint, &layout];
    world.notation.run(&scope).succeeded();
    // A second copy changes nothing.
    let again = cli.json("copy", &["copy", &stations[0], &stations[1]], 0);
    assert_eq!(again["blobs"]["copied"], 0, "{again:#}");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn copies_an_index_with_the_signatures_of_its_images() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let name = format!("{}/team/multi", world.registry.address());
    let store = repository(&name, Credentials::none());
    let (index, images) = block_on(push_index(&store, "two platforms", "v1"));
    cli.run(&["sign", &format!("{name}:v1"), "--recursive", "--profile", &world.profile.arn]).succeeded();
    cli.run(&["copy", &format!("{name}:v1"), "oci:layout"]).succeeded().says("3");
    // The only artifact is the index; the images are parts of it.
    cli.run(&["list", "oci:layout"]).succeeded().says(index.digest.as_str());
    let target = format!("{}/copies/multi", world.registry.address());
    cli.run(&["copy", "oci:layout:v1", &format!("{target}:v2")]).succeeded();
    for digest in [&index.digest, &images[0].digest, &images[1].digest] {
        world.verify(&format!("{target}@{digest}")).succeeded();
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn sends_the_password_to_the_target_only() {
    let world = World::start();
    let docker = DockerRegistry::start_with_password();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("for a closed registry");
    let target = format!("{}/team/app:v1", docker.address);
    cli.run(&["copy", &image, &target]).exits_with(2).says("-> Log in");
    let with_password = |arguments: &[&str]| {
        std::fs::write(cli.home().join("password"), USER.1).unwrap();
        let mut command = cli.command(arguments);
        command.args(["--username", USER.0, "--password-stdin"]);
        command.stdin(std::fs::File::open(cli.home().join("password")).unwrap());
        crate::support::process::run(&mut command, std::time::Duration::from_secs(60))
    };
    with_password(&["copy", &image, &target]).succeeded();
    // Here the source requires the password and does not get it.
    with_password(&["copy", &target, "oci:layout"]).exits_with(2).says("-> Log in");
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn sends_the_environments_password_to_one_registry_only() {
    let world = World::start();
    let docker = DockerRegistry::start_with_password();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("for one of two registries");
    let closed = format!("{}/team/app:v1", docker.address);
    let open = format!("{}/team/copy:v1", world.registry.address());
    let with_password = |arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.envs([("NOTATION_USERNAME", USER.0), ("NOTATION_PASSWORD", USER.1)]);
        crate::support::process::run(&mut command, std::time::Duration::from_secs(60))
    };
    let mut half = cli.command(&["list", &image]);
    half.env("NOTATION_USERNAME", USER.0);
    let warned = crate::support::process::run(&mut half, std::time::Duration::from_secs(60)).succeeded();
    assert!(warned.stderr.contains("NOTATION_USERNAME is ignored because NOTATION_PASSWORD is not set"), "{warned}");
    with_password(&["copy", &image, &closed]).succeeded();
    with_password(&["copy", &closed, "oci:layout"]).succeeded();
    with_password(&["copy", &closed, &open]).exits_with(2).says("-> Log in");
    for command in [&["verify", &closed, &open, "--trusted-profile"][..], &["sign", &closed, &open, "--profile"]] {
        with_password(&[command, &[&world.profile.arn]].concat())
            .exits_with(2)
            .says("Run the command once for each registry");
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn rejects_missing_sources_and_foreign_target_digests() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("stays");
    let name = format!("{}/team/app", world.registry.address());
    cli.run(&["copy", &format!("{name}:nowhere"), "oci:layout"]).exits_with(2).says("404");
    let other = format!("{name}@sha256:{}", "0".repeat(64));
    cli.run(&["copy", &image, &other]).exits_with(2).says("Give a tag");
    cli.run(&["copy", &image, &image]).succeeded();
}
