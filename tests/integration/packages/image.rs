//! The container image: read, signed and verified as a layout, and its programs run from its files.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{LIMIT, TOOL, as_root, dist, file_in, json, run_script};
use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::notation::{Notation, PLUGIN};
use crate::support::process::{Finished, command, run};

fn layout() -> PathBuf {
    file_in(&dist(), ".oci")
}

/// The JSON of a blob that a descriptor names.
fn blob(layout: &Path, descriptor: &Value) -> Value {
    json(&path_of(layout, descriptor))
}

fn path_of(layout: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    layout.join("blobs/sha256").join(digest)
}

/// The manifest of the image in the layout, and its configuration.
fn manifest_and_config(layout: &Path) -> (Value, Value) {
    let index = json(&layout.join("index.json"));
    let manifest = blob(layout, &index["manifests"][0]);
    let config = blob(layout, &manifest["config"]);
    (manifest, config)
}

/// The files of the image in a folder.
fn unpacked() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let layout = layout();
    for layer in manifest_and_config(&layout).0["layers"].as_array().unwrap() {
        let mut tar = as_root("tar", root.path());
        tar.arg("--numeric-owner").arg("-xpzf").arg(path_of(&layout, layer)).arg("-C").arg(root.path());
        run(&mut tar, LIMIT).succeeded();
    }
    root
}

/// Runs the image's program in the image, as the image's user.
fn run_in(root: &Path, arguments: &[&str]) -> Finished {
    let config = manifest_and_config(&layout()).1;
    run_program_in(root, config["config"]["Entrypoint"][0].as_str().unwrap(), arguments)
}

fn run_program_in(root: &Path, program: &str, arguments: &[&str]) -> Finished {
    let config = manifest_and_config(&layout()).1;
    // The image has no folder with chroot in its PATH.
    let mut chroot = as_root("/usr/sbin/chroot", root);
    chroot.arg(format!("--userspec={}", config["config"]["User"].as_str().unwrap())).arg(root);
    chroot.arg(program).args(arguments);
    chroot.env_clear().env("HOME", config["config"]["WorkingDir"].as_str().unwrap());
    for variable in config["config"]["Env"].as_array().unwrap() {
        let (name, value) = variable.as_str().unwrap().split_once('=').unwrap();
        chroot.env(name, value);
    }
    run(&mut chroot, LIMIT)
}

/// A copy of the layout that a test may change.
fn copy_of_layout(folder: &Path) -> PathBuf {
    let copy = folder.join("image.oci");
    run(command("cp", folder).arg("-r").arg(layout()).arg(&copy), LIMIT).succeeded();
    copy
}

#[test]
#[ignore = "needs the packages of scripts/package, and to run as root: scripts/test"]
fn the_image_runs_its_program_as_a_user_without_rights() {
    let root = unpacked();
    let version = run_in(root.path(), &["--version"]).succeeded();
    assert_eq!(version.stdout.trim(), format!("{TOOL} {}", env!("CARGO_PKG_VERSION")));
    // Signs, verifies and revokes, in a folder of its own.
    run_in(root.path(), &["demo"]).succeeded();
    run_in(root.path(), &["man", "--dir", "/home/nonroot/man"]).succeeded();
    run_in(root.path(), &["man", "--dir", "/usr/share/man"]).failed().says("Permission denied");
}

#[test]
#[ignore = "needs the packages of scripts/package, and to run as root: scripts/test"]
fn notation_finds_the_plugin_if_it_is_added_to_the_image() {
    let root = unpacked();
    let mut install = as_root("install", root.path());
    install.arg("-D").arg(crate::support::peers().join("notation")).arg(root.path().join("usr/local/bin/notation"));
    run(&mut install, LIMIT).succeeded();
    let listed = run_program_in(root.path(), "/usr/local/bin/notation", &["plugin", "ls"]).succeeded();
    assert!(
        listed.stdout.lines().any(|line| line.contains(PLUGIN) && line.contains("SIGNATURE_GENERATOR")),
        "{listed}"
    );
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_image_has_nothing_but_the_programs_users_and_certificate_authorities() {
    let layout = layout();
    let (manifest, config) = manifest_and_config(&layout);
    assert_eq!(config["config"]["User"], "65532:65532");
    let mut files = Vec::new();
    for layer in manifest["layers"].as_array().unwrap() {
        let mut tar = command("tar", &layout);
        let listed = run(tar.arg("--numeric-owner").arg("-tvzf").arg(path_of(&layout, layer)), LIMIT).succeeded();
        files.extend(listed.stdout.lines().map(str::to_owned));
    }
    let plugin = format!("usr/libexec/notation/plugins/{PLUGIN}/notation-{PLUGIN}");
    for file in &files {
        let name = file.rsplit(' ').next().unwrap();
        let expected = match name {
            "home/nonroot/" => "drwxr-xr-x 65532/65532 ",
            "root/" => "drwx------ 0/0 ",
            "tmp/" => "drwxrwxrwt 0/0 ",
            "usr/bin/notation-aws-signer" => "-rwxr-xr-x 0/0 ",
            _ if name == plugin => "-rwxr-xr-x 0/0 ",
            _ if name.ends_with('/') => "drwxr-xr-x 0/0 ",
            "etc/passwd" | "etc/group" | "etc/ssl/certs/ca-certificates.crt" => "-rw-r--r-- 0/0 ",
            _ if name.starts_with("usr/share/doc/notation-aws-signer/") => "-rw-r--r-- 0/0 ",
            _ => panic!("{name} should not be in the image: {files:#?}"),
        };
        assert!(file.starts_with(expected), "{file} should be {expected:?}");
    }
    assert!(files.iter().any(|file| file.ends_with(&plugin)), "{files:#?}");
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_certificate_authorities_of_the_image_are_certificates() {
    let root = unpacked();
    let bundle = std::fs::read_to_string(root.path().join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    let mut starts: Vec<_> = bundle.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
    starts.sort_unstable();
    starts.dedup();
    assert!(starts.len() > 50, "{}", starts.len());
    for pem in starts {
        let pem = format!("-----BEGIN CERTIFICATE-----{pem}");
        let der = crate::support::forge::der_of(&pem);
        notary::x509::Certificate::from_der(der).unwrap();
    }
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_tool_and_notation_read_sign_and_verify_the_image() {
    let signer = LocalSigner::start();
    let profile = signer.put_profile("release");
    let cli = Cli::for_signer(&signer);
    let copy = copy_of_layout(cli.home());
    let reference = format!("oci:{}:{}", copy.display(), env!("CARGO_PKG_VERSION"));
    cli.run(&["verify", &reference, "--trusted-profile", &profile.arn]).exits_with(1);
    cli.run(&["sign", &reference, "--profile", &profile.arn]).succeeded();
    let root = signer.root_certificate();
    cli.run(&["verify", &reference, "--trusted-profile", &profile.arn, "--root", root.to_str().unwrap()]).succeeded();

    let notation = Notation::new(&crate::support::peers(), &signer.credentials_file());
    notation.install_plugin("tar.gz");
    notation.add_trust_root(&root);
    notation.import_policy("strict", &profile.arn);
    let digest = json(&copy.join("index.json"))["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let image = format!("{}@{digest}", copy.display());
    notation.run(&["list", "--oci-layout", &image]).succeeded().says("application/vnd.cncf.notary.signature");
    let endpoint = format!("aws-signer-endpoint-url={}", signer.endpoint);
    let verify = ["verify", "--oci-layout", "--scope", "local/release", "--plugin-config", &endpoint, &image];
    notation.run(&verify).succeeded();
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn images_for_two_architectures_become_one_index_with_their_signatures() {
    let signer = LocalSigner::start();
    let profile = signer.put_profile("release");
    let root = signer.root_certificate();
    let cli = Cli::for_signer(&signer);
    let one = copy_of_layout(cli.home());
    cli.run(&["sign", &format!("oci:{}", one.display()), "--profile", &profile.arn]).succeeded();
    // The same image, as if it were built on another machine.
    let other = cli.home().join("other.oci");
    run(command("cp", cli.home()).arg("-r").arg(layout()).arg(&other), LIMIT).succeeded();
    let index = std::fs::read_to_string(other.join("index.json")).unwrap();
    let own = json(&other.join("index.json"))["manifests"][0]["platform"]["architecture"].as_str().unwrap().to_owned();
    std::fs::write(other.join("index.json"), index.replace(&own, "riscv64")).unwrap();

    let merged = cli.home().join("merged.oci");
    let [one, other, out] = [&one, &other, &merged].map(|path| path.to_str().unwrap());
    run_script("image", &["merge", "--out", out, one, other]).succeeded();
    let index = blob(&merged, &json(&merged.join("index.json"))["manifests"][0]);
    let architectures: Vec<_> =
        index["manifests"].as_array().unwrap().iter().map(|entry| entry["platform"]["architecture"].clone()).collect();
    assert_eq!(architectures, [own.as_str(), "riscv64"]);

    let reference = format!("oci:{out}:{}", env!("CARGO_PKG_VERSION"));
    let trusted = ["--trusted-profile", &profile.arn, "--root", root.to_str().unwrap()];
    cli.run(&[&["verify", &reference], &trusted[..]].concat()).exits_with(1);
    cli.run(&["sign", &reference, "--profile", &profile.arn]).succeeded();
    cli.run(&[&["verify", &reference, "--recursive"], &trusted[..]].concat()).succeeded();

    let again = cli.home().join("again.oci");
    let again = again.to_str().unwrap();
    run_script("image", &["merge", "--out", again, one, one]).exits_with(1).says("same architecture");
    run_script("image", &["merge", "--out", out, one]).exits_with(1).says("exists");
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn programs_that_need_a_dynamic_loader_get_into_no_image() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("image");
    let notices = home.path().join("notices");
    std::fs::write(&notices, "none").unwrap();
    let roots = home.path().join("roots.pem");
    std::fs::write(&roots, "-----BEGIN CERTIFICATE-----").unwrap();
    let write = |tool: &str, arch: &str| {
        let [out, notices, roots] = [&out, &notices, &roots].map(|path| path.to_str().unwrap());
        let paths = ["--out", out, "--notices", notices, "--roots", roots, "--tool", tool, "--plugin", tool];
        run_script("image", &[&["write", "--version", "2.0.0", "--arch", arch], &paths[..]].concat())
    };
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let other = if arch == "arm64" { "amd64" } else { "arm64" };
    write("/bin/sh", arch).exits_with(1).says("is not static");
    write("/bin/sh", other).exits_with(1).says("is not a program for");
    write("/etc/passwd", arch).exits_with(1).says("is not a program for");
    assert!(!out.exists());
}
