//! `notation-aws-signer version`.

use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::process::{command, run};
use crate::support::programs;

/// What git prints in the source tree, if that is a checkout.
fn git(arguments: &str) -> Option<String> {
    let mut bash = command("bash", &programs::source_tree());
    bash.args(["-o", "pipefail", "-c", &format!("git {arguments}")]).current_dir(programs::source_tree());
    let ended = run(&mut bash, Duration::from_secs(60));
    ended.is_success().then(|| ended.stdout.trim().to_owned())
}

#[test]
fn shows_version_commit_and_target() {
    let cli = Cli::for_signer(&LocalSigner::start());
    let shown = cli.json("version", &["version"], 0);
    assert_eq!(shown["version"], env!("CARGO_PKG_VERSION"));
    assert!(shown["target"].as_str().unwrap().contains('-'), "{shown}");
    let text = cli.run(&["version"]).succeeded();
    let commit = shown["commit"].as_str().unwrap_or("unknown");
    text.says(env!("CARGO_PKG_VERSION")).says(commit).says(shown["target"].as_str().unwrap());
}

#[test]
fn an_archive_of_a_commit_names_the_commit() {
    const FILE: &str = "src/commands/version/commit.txt";
    let Some(head) = git("rev-parse HEAD").filter(|_| git(&format!("cat-file -e HEAD:{FILE}")).is_some()) else {
        // The tests run in such an archive themselves.
        return;
    };
    assert_eq!(git(&format!("archive HEAD {FILE} .gitattributes | tar -xO {FILE}")), Some(head));
}
