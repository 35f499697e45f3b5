//! Tells the program its commit and its target, for `notation-aws-signer version`.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Where `git archive` and the archives of code hosts write the commit: see `.gitattributes`.
const ARCHIVED: &str = "src/commands/version/commit.txt";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ARCHIVED}");
    println!("cargo:rerun-if-env-changed=NOTATION_AWS_SIGNER_COMMIT");
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let commit = given().or_else(|| archived(&folder)).or_else(|| checked_out(&folder)).unwrap_or_default();
    println!("cargo:rustc-env=BUILD_COMMIT={commit}");
    println!("cargo:rustc-env=BUILD_TARGET={}", env::var("TARGET").unwrap_or_default());
}

/// The commit that the caller names, for builds of a tree without git.
fn given() -> Option<String> {
    env::var("NOTATION_AWS_SIGNER_COMMIT").ok().and_then(|text| commit(&text))
}

/// The commit of an archive.
fn archived(folder: &str) -> Option<String> {
    fs::read_to_string(Path::new(folder).join(ARCHIVED)).ok().and_then(|text| commit(&text))
}

/// The commit of the git checkout whose root is this folder. An archive that was unpacked in a checkout of something
/// else is not of that one's commit.
fn checked_out(folder: &str) -> Option<String> {
    let root = fs::canonicalize(git(folder, &["rev-parse", "--show-toplevel"])?).ok()?;
    if root != fs::canonicalize(folder).ok()? {
        return None;
    }
    // Every new commit changes the log of HEAD.
    for file in ["HEAD", "logs/HEAD"] {
        let path = Path::new(folder).join(git(folder, &["rev-parse", "--git-path", file])?);
        if path.exists() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    commit(&git(folder, &["rev-parse", "HEAD"])?)
}

fn git(folder: &str, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // Git sets these for hooks and aliases; they would name another repository.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    let output = git.arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    Some(String::from_utf8(text).ok()?.trim().to_owned())
}

/// A full commit id.
fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then(|| text.to_ascii_lowercase())
}
