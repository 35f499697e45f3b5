//! Where the programs are that the tests run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

const TOOL: &str = "notation-aws-signer";
const PLUGIN: &str = "notation-aws-signer-plugin";

/// The command line tool of this build.
#[track_caller]
pub fn tool() -> PathBuf {
    built(TOOL)
}

/// The packaged plugin if `NOTATION_AWS_SIGNER_PLUGIN` is set, else the plugin of this build.
#[track_caller]
pub fn plugin() -> PathBuf {
    std::env::var_os("NOTATION_AWS_SIGNER_PLUGIN").map_or_else(|| built(PLUGIN), PathBuf::from)
}

/// The example of this build with this name.
#[track_caller]
pub fn example(name: &str) -> PathBuf {
    built(&format!("examples/{name}"))
}

/// The folder with the programs that `scripts/peers` built: `notation`, `olareg`, `kube-apiserver` and others.
#[track_caller]
pub fn peers() -> PathBuf {
    let folder = std::env::var_os("NOTATION_AWS_SIGNER_PEERS").map(PathBuf::from);
    folder.expect("NOTATION_AWS_SIGNER_PEERS is not set: set it to $(scripts/peers), or run scripts/test")
}

/// The folder with the clients of AWS Signer that `scripts/clients` installed.
#[track_caller]
pub fn clients() -> PathBuf {
    let folder = std::env::var_os("NOTATION_AWS_SIGNER_CLIENTS").map(PathBuf::from);
    folder.expect("NOTATION_AWS_SIGNER_CLIENTS is not set: set it to $(scripts/clients), or run scripts/test")
}

/// The installed docker-registry.
#[track_caller]
pub fn docker_registry() -> PathBuf {
    installed("docker-registry").expect("docker-registry is not installed (Debian: apt-get install docker-registry)")
}

/// The installed etcd.
#[track_caller]
pub fn etcd() -> PathBuf {
    installed("etcd").expect("etcd is not installed (Debian: apt-get install etcd-server)")
}

fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The root of the source tree.
pub fn source_tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program that Cargo built for the tests. Cargo tells the tests of a program's own package its path; for other
/// packages it is beside the folder `deps` that has the tests.
#[track_caller]
fn built(name: &str) -> PathBuf {
    let told: Option<OsString> = std::env::var_os(format!("CARGO_BIN_EXE_{name}"));
    let beside = || std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join(name);
    let program = told.map_or_else(beside, PathBuf::from);
    assert!(program.is_file(), "{} is missing: run cargo build --workspace --examples first", program.display());
    program
}
