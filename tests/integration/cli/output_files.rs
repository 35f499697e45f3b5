//! Output files of commands.

use std::fs;

use crate::support::World;
use crate::support::cli::Cli;

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn does_not_overwrite_files_without_force_or_devices_ever() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed");
    let sign = |more: &[&str]| cli.run(&[&["sign", &image, "--profile", &world.profile.arn], more].concat());
    let file = cli.home().join("app.sig");
    fs::write(&file, "mine").unwrap();
    sign(&["--detach", "app.sig"]).exits_with(2).says("app.sig already exists").says("--force");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    sign(&["--detach", "app.sig", "--force"]).succeeded().says("signature file");
    serde_json::from_slice::<serde_json::Value>(&fs::read(&file).unwrap()).unwrap();
    sign(&["--detach", "sub/app.sig"]).exits_with(2).says("sub/app.sig: the folder sub does not exist");
    sign(&["--detach", "."]).exits_with(2).says("name a file");
    sign(&["--force"]).exits_with(2).says("--detach");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn writes_only_the_envelope_to_standard_output() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("signed");
    let sign = |more: &[&str]| cli.run(&[&["sign", &image, "--profile", &world.profile.arn], more].concat());
    for name in ["-", "/dev/stdout"] {
        let signed = sign(&["--detach", name]).succeeded();
        let envelope: serde_json::Value = serde_json::from_str(&signed.stdout).unwrap();
        assert!(envelope["payload"].is_string(), "{signed}");
        assert!(signed.stderr.contains("signed"), "{signed}");
        sign(&["--detach", name, "--output", "json"]).exits_with(2).says("standard output");
    }
    fs::write(cli.home().join("app"), "content").unwrap();
    let blob = ["blob", "sign", "app", "--profile", &world.profile.arn, "--signature", "-"];
    let signed = cli.run(&blob).succeeded();
    serde_json::from_str::<serde_json::Value>(&signed.stdout).unwrap();
    let mut left: Vec<_> = fs::read_dir(cli.home()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name == "-" || name.to_string_lossy().contains("sig"));
    assert!(left.is_empty(), "{left:?}");
}
