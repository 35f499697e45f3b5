//! The .deb, installed with the real dpkg into a folder.

use std::path::Path;

use super::{LIMIT, TOOL, as_root, dist, file_in, installed_programs_work, plugin_in, tool_in};
use crate::support::notation::{Notation, PLUGIN};
use crate::support::process::{Finished, command, run};

/// Runs dpkg on the system in a folder.
fn dpkg(root: &Path, arguments: &[&str]) -> Finished {
    let mut dpkg = as_root("dpkg", root);
    dpkg.arg("--root").arg(root).args(["--force-not-root", "--force-script-chrootless"]).args(arguments);
    // dpkg expects these folders in its PATH.
    dpkg.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    run(&mut dpkg, LIMIT)
}

/// A folder with a package database without packages, and the .deb installed.
fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let database = root.path().join("var/lib/dpkg");
    for folder in ["info", "updates"] {
        std::fs::create_dir_all(database.join(folder)).unwrap();
    }
    std::fs::write(database.join("status"), "").unwrap();
    std::fs::create_dir_all(root.path().join("var/log")).unwrap();
    dpkg(root.path(), &["--install", file_in(&dist(), ".deb").to_str().unwrap()]).succeeded();
    root
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_deb_installs_programs_that_work_with_notation_after_setup() {
    let root = installed();
    dpkg(root.path(), &["--verify", TOOL]).succeeded();
    installed_programs_work(root.path());
    dpkg(root.path(), &["--purge", TOOL]).succeeded();
    assert!(!tool_in(root.path()).exists() && !plugin_in(root.path()).exists());
    assert!(!root.path().join("usr/libexec/notation").exists(), "its folders are removed, too");
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn notation_finds_the_packaged_plugin_in_the_system_folder() {
    let root = installed();
    let notation = Notation::new(&crate::support::peers(), Path::new("/nowhere"));
    let without = notation.run(&["plugin", "ls"]).succeeded();
    assert!(!without.stdout.contains(PLUGIN), "{without}");
    let mut listed = command(crate::support::peers().join("notation"), root.path());
    listed.args(["plugin", "ls"]).env("NOTATION_LIBEXEC", root.path().join("usr/libexec/notation"));
    run(&mut listed, LIMIT).succeeded().says(PLUGIN).says(env!("CARGO_PKG_VERSION"));
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_deb_has_what_debian_expects() {
    let root = installed();
    let doc = root.path().join("usr/share/doc").join(TOOL);
    let read = |name: &str| std::fs::read_to_string(doc.join(name)).unwrap();
    assert!(read("copyright").contains("/usr/share/common-licenses/Apache-2.0"));
    assert!(read("README.Debian").contains("notation-aws-signer setup"));
    for (name, content) in [
        ("changelog.gz", env!("CARGO_PKG_VERSION")),
        ("changelog.Debian.gz", concat!("notation-aws-signer (", env!("CARGO_PKG_VERSION"), "-1)")),
        ("third-party-licenses.gz", "aws-lc-rs"),
    ] {
        run(command("zcat", root.path()).arg(doc.join(name)), LIMIT).succeeded().says(content);
    }
    let man = root.path().join("usr/share/man/man1");
    for page in ["notation-aws-signer.1.gz", "notation-aws-signer-verify.1.gz", "notation-aws-signer-blob-sign.1.gz"] {
        run(command("zcat", root.path()).arg(man.join(page)), LIMIT).succeeded().says(".TH");
    }
    let bash = root.path().join("usr/share/bash-completion/completions/notation-aws-signer");
    run(command("bash", root.path()).arg("-n").arg(bash), LIMIT).succeeded();
    for other in ["fish/vendor_completions.d/notation-aws-signer.fish", "zsh/vendor-completions/_notation-aws-signer"] {
        assert!(root.path().join("usr/share").join(other).is_file(), "{other}");
    }

    let field = |name: &str| {
        let mut show = command("dpkg-deb", root.path());
        let shown = run(show.arg("--field").arg(file_in(&dist(), ".deb")).arg(name), LIMIT).succeeded();
        shown.stdout.trim().to_owned()
    };
    assert_eq!(field("Version"), concat!(env!("CARGO_PKG_VERSION"), "-1"));
    assert_eq!(field("Depends"), "", "the programs are static");
    assert!(field("Description").contains("notation-aws-signer setup"));
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_files_of_the_deb_belong_to_root_and_others_cannot_write_them() {
    let home = tempfile::tempdir().unwrap();
    let listed = run(command("dpkg-deb", home.path()).arg("--contents").arg(file_in(&dist(), ".deb")), LIMIT);
    let listed = listed.succeeded().stdout;
    assert!(listed.lines().count() > 40, "{listed}");
    for line in listed.lines() {
        let (mode, rest) = line.split_once(' ').unwrap();
        assert!(["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"].contains(&mode), "{line}");
        assert_eq!(mode == "-rwxr-xr-x", line.ends_with(&format!("bin/{TOOL}")) || line.ends_with(PLUGIN), "{line}");
        assert!(rest.starts_with("root/root "), "{line}");
    }
}
