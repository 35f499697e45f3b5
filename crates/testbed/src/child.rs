//! Tests that need a process of their own, to measure it or to change its environment.

use std::process::{Command, Output};

const CHILD: &str = "NOTATION_AWS_SIGNER_TEST_CHILD";

/// Whether this is the process that [`run_alone`] started.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test of this binary in a process of its own, whose environment has only the variables that tests read and
/// `environment`. `module` is the test's `module_path!()`. Returns the standard output.
pub fn run_alone(module: &str, test: &str, environment: &[(&str, &str)]) -> String {
    let module = module.split_once("::").unwrap().1;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("{module}::{test}"), "--nocapture", "--include-ignored"]).env_clear();
    let kept = ["PATH", "CI", "TMPDIR", "NOTATION_AWS_SIGNER_PEERS"];
    command.envs(kept.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    let Output { status, stdout, stderr } = command.env(CHILD, "1").envs(environment.iter().copied()).output().unwrap();
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success() && stdout.contains("1 passed"), "{stdout}{stderr}");
    stdout
}
