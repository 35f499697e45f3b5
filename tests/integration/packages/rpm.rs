//! The .rpm, read and installed with the real rpm.

use std::path::Path;

use super::{LIMIT, TOOL, as_root, dist, file_in, installed_programs_work, plugin_in, tool_in};
use crate::support::process::{Finished, run};

/// Runs rpm on the system in a folder.
fn rpm(root: &Path, arguments: &[&str]) -> Finished {
    let mut rpm = as_root("rpm", root);
    rpm.arg("--root").arg(root).args(arguments);
    run(&mut rpm, LIMIT)
}

fn query(query: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut rpm = as_root("rpm", home.path());
    rpm.args(["--query", "--package", query]).arg(file_in(&dist(), ".rpm"));
    run(&mut rpm, LIMIT).succeeded().stdout
}

#[test]
#[ignore = "needs the packages of scripts/package, and rpm: scripts/test"]
fn the_rpm_installs_programs_that_work_with_notation_after_setup() {
    let root = tempfile::tempdir().unwrap();
    let package = file_in(&dist(), ".rpm");
    // Debian's rpm refuses to install without its option, as Debian has another package manager.
    let force = if Path::new("/etc/debian_version").exists() { &["--force-debian"][..] } else { &[] };
    rpm(root.path(), &[force, &["--install", package.to_str().unwrap()]].concat()).succeeded();
    installed_programs_work(root.path());
    rpm(root.path(), &[force, &["--erase", TOOL]].concat()).succeeded();
    assert!(!tool_in(root.path()).exists() && !plugin_in(root.path()).exists());
}

#[test]
#[ignore = "needs the packages of scripts/package, and rpm: scripts/test"]
fn the_rpm_names_its_version_licence_and_files() {
    let format = "%{NAME} %{VERSION}-%{RELEASE} %{LICENSE} %{BUILDHOST}";
    assert_eq!(
        query(&format!("--queryformat={format}")),
        concat!("notation-aws-signer ", env!("CARGO_PKG_VERSION"), "-1 Apache-2.0 localhost")
    );
    let files = query("--list");
    for file in [
        "/usr/bin/notation-aws-signer",
        "/usr/libexec/notation/plugins/com.amazonaws.signer.notation.plugin",
        "/usr/share/man/man1/notation-aws-signer-sign.1.gz",
        "/usr/share/zsh/site-functions/_notation-aws-signer",
        "/usr/share/doc/notation-aws-signer/README",
        "/usr/share/licenses/notation-aws-signer/LICENSE",
    ] {
        assert!(files.lines().any(|line| line == file), "{file} is not in {files}");
    }
    // Folders that belong to the system would conflict with the packages that own them.
    assert!(!files.lines().any(|line| ["/usr", "/usr/bin", "/usr/share", "/usr/libexec"].contains(&line)), "{files}");
    let needs = query("--requires");
    assert!(needs.lines().all(|line| line.starts_with("rpmlib(")), "the programs are static: {needs}");
}
