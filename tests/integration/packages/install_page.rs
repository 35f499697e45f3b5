//! Runs the commands of `docs/install.md`, in the order of the page.

use std::fs;

use super::{LIMIT, as_root, dist};
use crate::support::local_signer::LocalSigner;
use crate::support::process::run;
use crate::support::programs::source_tree;

/// Commands that act on the system act on folders instead, and each block has a configuration folder of its own.
const PRELUDE: &str = r#"
sudo() { "$@"; }
dpkg() { command dpkg --root="$PWD/debian" --force-not-root --force-script-chrootless "$@"; }
rpm() { command rpm --root="$PWD/fedora" ${FORCE:+"$FORCE"} "$@"; }
mkdir -p debian/var/lib/dpkg/info debian/var/lib/dpkg/updates debian/var/log fedora
touch debian/var/lib/dpkg/status
export PATH="$PWD/debian/usr/bin:$PEERS:$PATH:/usr/sbin:/sbin"
[ ! -e /etc/debian_version ] || FORCE=--force-debian
"#;

fn page() -> String {
    fs::read_to_string(source_tree().join("docs/install.md")).unwrap()
}

/// The blocks of commands, without those that need another product.
fn blocks(page: &str) -> Vec<&str> {
    page.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
#[ignore = "needs the packages of scripts/package, rpm, and to run as root: scripts/test"]
#[cfg(target_arch = "x86_64")]
fn every_command_of_the_page_about_installing_works() {
    let signer = LocalSigner::start();
    signer.put_profile("NotationProd");
    let home = tempfile::tempdir().unwrap();
    let page = page();
    let blocks = blocks(&page);
    assert!(blocks.len() > 6, "{blocks:?}");
    let mut script = PRELUDE.to_owned();
    for block in blocks {
        script.push_str("export XDG_CONFIG_HOME=\"$(mktemp -d)\"\n");
        for line in block.lines() {
            let line = if line.starts_with("RELEASE=https://") { "RELEASE=file://$DIST" } else { line };
            script.push_str(line);
            script.push('\n');
        }
    }
    let mut bash = as_root("bash", home.path());
    bash.args(["-euxo", "pipefail", "-c", &script]).env("DIST", dist()).env("PEERS", crate::support::peers());
    bash.env("AWS_ENDPOINT_URL_SIGNER", &signer.endpoint).env("AWS_SHARED_CREDENTIALS_FILE", signer.credentials_file());
    run(&mut bash, LIMIT).succeeded();
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_page_about_installing_names_the_files_of_a_release() {
    let page = page();
    let (architecture, of_rpm) = if cfg!(target_arch = "aarch64") { ("arm64", "aarch64") } else { ("amd64", "x86_64") };
    let mut files = 0;
    for file in fs::read_dir(dist()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if !name.contains(env!("CARGO_PKG_VERSION")) || name.ends_with(".cdx.json") || name.ends_with(".oci") {
            continue;
        }
        let general = name.replace(architecture, "ARCH").replace(of_rpm, "ARCH");
        let named = page.contains(&format!("`{general}`"));
        assert!(named || (general.ends_with(".zip") && page.contains("`.zip`")), "{general} is not on the page");
        files += 1;
    }
    assert_eq!(files, 6);
}
