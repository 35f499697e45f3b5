//! A whole release: reproducible, with checksums, and signed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::{LIMIT, dist, file_in, json, script};
use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, command, run};

/// Runs `scripts/package`.
fn package(out: &Path, arguments: &[&str], more: impl FnOnce(&mut Command)) -> Finished {
    let mut package = script("package", &[&["--out", out.to_str().unwrap()], arguments].concat());
    more(&mut package);
    run(&mut package, LIMIT)
}

/// All files below a folder with their content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
#[ignore = "needs the release programs and the tools of scripts/package: scripts/test"]
fn two_releases_of_the_same_programs_are_equal_byte_for_byte() {
    let home = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| home.path().join(name));
    package(&one, &[], |_| ()).succeeded();
    // Signatures of an earlier release do not stay beside the files of a new one.
    std::fs::create_dir(&other).unwrap();
    for file in [file_in(&one, ".deb"), one.join("SHA256SUMS")] {
        let name = file.file_name().unwrap().to_str().unwrap();
        std::fs::write(other.join(format!("{name}.jws.sig")), "of another release").unwrap();
    }
    // Another user has another time zone, language and umask, and the files are not of this second.
    let mut again = Command::new("bash");
    again.args(["-c", r#"umask 077 && exec "$@""#, "bash"]);
    let inner = script("package", &["--out", other.to_str().unwrap()]);
    again.arg(inner.get_program()).args(inner.get_args());
    again.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    again.env("TZ", "Pacific/Auckland").env("LANG", "de_DE.UTF-8");
    run(&mut again, LIMIT).succeeded();

    let [one, other] = [&one, &other].map(|folder| files(folder));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let different: Vec<_> =
        one.iter().filter(|(name, content)| other[*name] != **content).map(|(name, _)| name).collect();
    assert!(different.is_empty(), "{different:?}");
}

#[test]
#[ignore = "needs the release programs and the tools of scripts/package: scripts/test"]
fn a_release_is_signed_with_the_given_profile() {
    let signer = LocalSigner::start();
    let profile = signer.put_profile("release");
    let cli = Cli::for_signer(&signer);
    let out = cli.home().join("dist");
    let as_signer = |package: &mut Command| {
        package.env("AWS_ENDPOINT_URL_SIGNER", &signer.endpoint).env("AWS_EC2_METADATA_DISABLED", "true");
        package.env("AWS_SHARED_CREDENTIALS_FILE", signer.credentials_file());
    };
    package(&out, &["--profile", &profile.arn], as_signer).succeeded();

    let root = signer.root_certificate();
    let trusted = ["--trusted-profile", &profile.arn, "--root", root.to_str().unwrap()];
    let image = format!("oci:{}", file_in(&out, ".oci").display());
    cli.run(&[&["verify", &image], &trusted[..]].concat()).succeeded();
    let mut signed = 0;
    for name in files(&out).into_keys().filter(|name| !name.contains('/') && !name.ends_with(".jws.sig")) {
        let file = out.join(&name);
        let signature = out.join(format!("{name}.jws.sig"));
        let [file, signature] = [&file, &signature].map(|path| path.to_str().unwrap());
        cli.run(&[&["blob", "verify", file, "--signature", signature], &trusted[..]].concat()).succeeded();
        signed += 1;
    }
    assert_eq!(signed, 13, "six files, their bills of materials, and SHA256SUMS");
    // The image as one file has its signature, too.
    let unpacked = cli.home().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let mut tar = command("tar", cli.home());
    run(tar.arg("-xf").arg(file_in(&out, ".oci.tar")).arg("-C").arg(&unpacked), LIMIT).succeeded();
    cli.run(&[&["verify", &format!("oci:{}", unpacked.display())], &trusted[..]].concat()).succeeded();

    // The release for all architectures has the files of each, and signatures of what is new.
    let merged = cli.home().join("merged");
    let [out, merged_text] = [&out, &merged].map(|path| path.to_str().unwrap());
    let mut merge = script("merge-release", &["--out", merged_text, "--profile", &profile.arn, out]);
    as_signer(&mut merge);
    run(&mut merge, LIMIT).succeeded();
    let image = format!("oci:{}", file_in(&merged, ".oci").display());
    cli.run(&[&["verify", &image], &trusted[..]].concat()).succeeded();
    let sums = merged.join("SHA256SUMS");
    cli.run(&[&["blob", "verify", sums.to_str().unwrap()], &trusted[..]].concat()).succeeded();
    run(command("sha256sum", &merged).args(["--check", "--strict", "SHA256SUMS"]), LIMIT).succeeded();
    std::fs::write(file_in(Path::new(out), ".deb"), "changed").unwrap();
    let again = cli.home().join("again");
    let mut merge = script("merge-release", &["--out", again.to_str().unwrap(), out]);
    run(&mut merge, LIMIT).exits_with(1).says("incomplete or was changed");
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_checksums_name_all_files_and_are_right() {
    let sums = dist().join("SHA256SUMS");
    run(command("sha256sum", &dist()).args(["--check", "--strict"]).arg(&sums), LIMIT).succeeded();
    let sums = std::fs::read_to_string(&sums).unwrap();
    let listed: Vec<_> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(listed.len(), 12, "{listed:?}");
    for ending in [".tar.gz", ".deb", ".rpm", ".oci.tar", ".deb.cdx.json"] {
        assert!(listed.contains(&file_in(&dist(), ending).file_name().unwrap().to_str().unwrap()), "{ending}");
    }
    assert!(json(&file_in(&dist(), ".oci").join("oci-layout"))["imageLayoutVersion"].is_string());
}

#[test]
fn scripts_of_a_release_refuse_arguments_that_they_do_not_know() {
    for (name, arguments) in [
        ("package", &["--sign"][..]),
        ("package", &["--profile"]),
        ("merge-release", &["--out", "/tmp"]),
        ("merge-release", &["dist"]),
        ("merge-release", &["--force", "--out", "x", "dist"]),
    ] {
        run(&mut script(name, arguments), LIMIT).exits_with(1).says(name);
    }
}

#[test]
fn with_ci_nothing_is_skipped_silently() {
    let home = tempfile::tempdir().unwrap();
    // A release folder without programs: what is missing is named, and what builds it.
    let mut package = script("package", &["--out", home.path().to_str().unwrap()]);
    run(package.env("CARGO_TARGET_DIR", home.path()), LIMIT).exits_with(1).says("run scripts/build");
}
