//! The tool as the image verifier of a real containerd.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::commands::eventually;
use super::{Admission, PLAIN, Site};
use crate::support::containerd::Containerd;
use crate::support::process::Finished;
use crate::support::{peers, programs};

/// A folder of image verifiers with the link that `setup containerd` makes.
fn verifiers(site: &Site) -> PathBuf {
    let folder = site.cli.home().join("verifiers");
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("notation-image-verifier");
    if !link.exists() {
        symlink(programs::tool(), link).unwrap();
    }
    folder
}

fn containerd(site: &Site, config: &Path) -> Containerd {
    let mut like = site.cli.command(&[]);
    like.env("NOTATION_AWS_SIGNER_ADMISSION_CONFIG", config);
    Containerd::start(&peers(), &verifiers(site), &like)
}

/// Pulls an image, which is blocked with a reason: a verifier that takes longer than containerd waits has none.
#[track_caller]
fn blocked(containerd: &Containerd, image: &str) -> Finished {
    containerd.pull(image).failed().says("notation-image-verifier rejected image")
}

#[test]
#[ignore = "needs root, containerd and olareg: scripts/test"]
fn containerd_pulls_what_is_signed_and_shows_why_it_blocks_the_rest() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let other = site.push("other");
    site.sign(&other, &site.other);
    let index = site.registry.push_index("team/app", "index", "index");
    site.sign(&index, &site.release);
    let revoked = site.push("revoked");
    let job = site.sign(&revoked, &site.release);
    site.signer.revoke_signature(&job);
    let moved = site.push_signed("moved");
    let config = site.write_config(&site.config("", ""));
    let containerd = containerd(&site, &config);

    containerd.pull(&signed).succeeded();
    containerd.pull(&index).succeeded();
    containerd.pull(&moved).succeeded();
    let blocked = |image: &str| blocked(&containerd, image);
    blocked(&unsigned).says("the image has no signature").says("rule \"rest\"");
    blocked(&other).says("authenticity").says(&site.other.arn);
    blocked(&revoked).says("revo").says(&site.release.arn);
    // The tag leads to another image now. What was verified before does not count for it.
    site.registry.push_tagged("team/app", "another image", "moved");
    blocked(&moved).says("the image has no signature");

    // With its own configuration gone, nothing is pulled.
    std::fs::remove_file(&config).unwrap();
    let signed_again = site.registry.push_tagged("team/other", "x", "1");
    blocked(&signed_again).says("the configuration cannot be used");
}

#[test]
#[ignore = "needs root, containerd and olareg: scripts/test"]
fn the_verifier_asks_the_service_and_works_without_it() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let socket = site.cli.home().join("admission.sock");
    let server = PLAIN.replace("plain: true,", &format!("plain: true, socket: \"{}\",", socket.display()));
    let service = Admission::start(&site, &site.config("", &server), &[]);
    eventually("the socket is there", || socket.exists());
    let containerd = containerd(&site, &site.cli.home().join("admission.yaml"));
    containerd.pull(&signed).succeeded();
    blocked(&containerd, &unsigned).says("the image has no signature");
    let asked = || service.log().lines().filter(|line| line.contains("\"adapter\":\"verify\"")).count();
    eventually("the service was asked about both", || asked() == 2);
    drop(service);
    let fresh = site.registry.push_tagged("team/app", "fresh", "fresh");
    site.sign(&fresh, &site.release);
    containerd.pull(&fresh).succeeded();
    blocked(&containerd, &unsigned).says("the image has no signature");
}

/// A digest that no image has.
const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

#[test]
fn what_is_not_a_question_of_containerd_is_blocked_with_a_reason() {
    use std::io::Write as _;
    use std::process::Stdio;
    let home = tempfile::tempdir().unwrap();
    let link = home.path().join("notation-image-verifier");
    symlink(programs::tool(), &link).unwrap();
    let config = home.path().join("admission.yaml");
    let run = |program: &Path, first: &[&str], name: &str, media_type: &str, input: &str| {
        let mut command = std::process::Command::new(program);
        command.args(first).args(["-name", name, "-digest", DIGEST, "-stdin-media-type", media_type]);
        command.env_clear().env("HOME", home.path()).env("NOTATION_AWS_SIGNER_ADMISSION_CONFIG", &config);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // A program that has answered already does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        (output.status.code(), text)
    };
    const TYPE: &str = "application/vnd.oci.descriptor.v1+json";
    let own = json!({ "digest": DIGEST }).to_string();
    let tool = programs::tool();
    for (first, name, media_type, input, expected) in [
        (&[][..], "a/b:1", "application/json", own.as_str(), "media type"),
        (&[], "a/b:1", TYPE, "{\"digest\": \"sha256:00\"}", "standard input has the digest"),
        (&[], "a/b:1", TYPE, "", "malformed"),
        (&[], "a/B:1", TYPE, &own, "a/B:1"),
        (&["-skip"], "a/b:1", TYPE, &own, "the argument"),
        (&[], "a/b:1", TYPE, &own, "the configuration cannot be used"),
    ] {
        let (code, text) = run(&link, first, name, media_type, input);
        assert!(code == Some(1) && text.contains(expected), "{code:?} {text}");
    }
    std::fs::write(&config, "version: 1\npolicies: {p: {trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\nrules: [{images: [\"docker.io/free/*\"], action: exempt}, {policy: p, action: enforce}]\n").unwrap();
    for (program, first) in [(&link, &[][..]), (&tool, &[]), (&tool, &["admission", "verify-image"])] {
        let (code, text) = run(program, first, "free/image:1", TYPE, &own);
        assert_eq!(
            (code, text.as_str()),
            (Some(0), &*format!("docker.io/free/image@{DIGEST}: exempt; rule \"rule 1\"\n"))
        );
    }
}

/// The items of `setup containerd --check` that are not right: what they are about, and their outcomes.
fn check(site: &Site, config: &Path, code: i32) -> Vec<(String, String)> {
    let containerd = peers().join("containerd");
    let report = site.cli.json(
        "setup",
        &[
            "setup",
            "containerd",
            "--check",
            "--containerd",
            containerd.to_str().unwrap(),
            "--containerd-config",
            config.to_str().unwrap(),
            "--config",
            site.cli.home().join("admission.yaml").to_str().unwrap(),
        ],
        code,
    );
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = report["items"].as_array().unwrap().iter().filter(|item| item["outcome"] != "ok");
    items.map(|item| (text(&item["name"]), text(&item["outcome"]))).collect()
}

#[test]
#[ignore = "needs containerd and olareg: scripts/test"]
fn setup_finds_each_setting_with_which_containerd_does_not_verify() {
    let site = Site::start();
    site.write_config(&site.config("", ""));
    let config = site.cli.home().join("config.toml");
    let bin_dir = verifiers(&site);
    let bindir = format!(
        "[plugins.\"io.containerd.image-verifier.v1.bindir\"]\n  bin_dir = \"{}\"\n  max_verifiers = 10\n",
        bin_dir.display()
    );
    let images = "[plugins.\"io.containerd.cri.v1.images\"]\n";
    let registry = "[plugins.\"io.containerd.cri.v1.images\".registry";
    let write = |bindir: &str, more: &str| std::fs::write(&config, format!("version = 3\n{bindir}{more}")).unwrap();
    let failed = || -> Vec<String> {
        let found = check(&site, &config, 2);
        found.into_iter().filter(|(_, outcome)| outcome == "failed").map(|(name, _)| name).collect()
    };
    write(&bindir, "");
    let found = check(&site, &config, 0);
    assert!(found.iter().all(|(_, outcome)| outcome == "warning"), "{found:?}");
    for (setting, lines) in [
        ("disable_snapshot_annotations", format!("{images}  disable_snapshot_annotations = false\n")),
        ("discard_unpacked_layers", format!("{images}  discard_unpacked_layers = true\n")),
        (
            "registry.mirrors",
            format!("{registry}.mirrors.\"docker.io\"]\n  endpoint = [\"https://mirror.example.com\"]\n"),
        ),
        ("registry.configs", format!("{registry}.configs.\"a\".auth]\n  username = \"u\"\n")),
        ("registry.auths", format!("{registry}.auths.\"a\"]\n  username = \"u\"\n")),
        ("max_concurrent_downloads", format!("{images}  max_concurrent_downloads = 5\n")),
        ("image_pull_with_sync_fs", format!("{images}  image_pull_with_sync_fs = true\n")),
        ("use_local_image_pull", format!("{images}  use_local_image_pull = true\n")),
    ] {
        write(&bindir, &lines);
        assert_eq!(failed(), [setting]);
    }
    write(&bindir.replace("max_verifiers = 10", "max_verifiers = 0"), "");
    assert_eq!(failed(), ["max_verifiers"]);
    write("disabled_plugins = [\"io.containerd.image-verifier.v1.bindir\"]\n", &bindir);
    assert_eq!(failed(), ["disabled_plugins"]);
    write(&bindir.replace(&*bin_dir.display().to_string(), ""), "");
    assert!(failed().contains(&"bin_dir".to_owned()));
    // Older configurations are read as containerd reads them.
    let old = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  max_concurrent_downloads = 5\n";
    std::fs::write(&config, format!("{old}{bindir}")).unwrap();
    assert_eq!(failed(), ["max_concurrent_downloads"]);
    std::fs::remove_file(bin_dir.join("notation-image-verifier")).unwrap();
    write(&bindir, "");
    assert_eq!(failed(), [bin_dir.join("notation-image-verifier").display().to_string()]);
}

#[test]
#[ignore = "needs containerd and olareg: scripts/test"]
fn setup_links_the_verifier_and_writes_the_drop_in() {
    let site = Site::start();
    site.write_config(&site.config("", ""));
    let folder = site.cli.home().join("etc/containerd");
    std::fs::create_dir_all(&folder).unwrap();
    let bin_dir = site.cli.home().join("opt/bin");
    let config = folder.join("config.toml");
    let text = format!(
        "version = 3\nimports = [\"{}/conf.d/*.toml\"]\n[plugins.\"io.containerd.image-verifier.v1.bindir\"]\n  bin_dir = \"{}\"\n",
        folder.display(),
        bin_dir.display()
    );
    std::fs::write(&config, text).unwrap();
    let containerd = peers().join("containerd");
    let arguments = [
        "setup",
        "containerd",
        "--containerd",
        containerd.to_str().unwrap(),
        "--containerd-config",
        config.to_str().unwrap(),
        "--config",
        "admission.yaml",
    ];
    for changes in [2, 0] {
        let report = site.cli.json("setup", &arguments, 0);
        let changed = report["items"].as_array().unwrap().iter().filter(|item| item["outcome"] == "changed").count();
        assert_eq!(changed, changes, "{report}");
    }
    let link = bin_dir.join("notation-image-verifier");
    assert_eq!(std::fs::canonicalize(&link).unwrap(), std::fs::canonicalize(programs::tool()).unwrap());
    let drop_in = std::fs::read_to_string(folder.join("conf.d/notation-aws-signer.toml")).unwrap();
    assert!(drop_in.contains("per_verifier_timeout = \"10s\""), "{drop_in}");
    let found = check(&site, &config, 0);
    assert!(found.iter().all(|(_, outcome)| outcome == "warning"), "{found:?}");
}
