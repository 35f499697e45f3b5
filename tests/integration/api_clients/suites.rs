//! The suites in Python, each with a local signer of its own.

use std::time::Duration;

use super::python;
use crate::support::process::run;
use crate::support::programs;

/// Runs suites by name, with the local signer of this build. No test may leave itself out.
#[track_caller]
fn suites(names: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let mut python = python(&programs::clients(), home.path());
    python.arg(programs::source_tree().join("tests/clients/python/suite")).args(names);
    python.env("NOTATION_AWS_SIGNER_TOOL", env!("CARGO_BIN_EXE_notation-aws-signer"));
    let finished = run(&mut python, Duration::from_secs(900)).succeeded();
    let skipped: Vec<&str> = finished.stdout.lines().filter(|line| line.starts_with("skipped: ")).collect();
    assert!(skipped.is_empty(), "{skipped:#?}");
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn boto3_gets_every_operation_and_documented_error() {
    suites(&["api"]);
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_aws_cli_gets_every_operation() {
    suites(&["test_cli"]);
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn generated_requests_get_the_answers_of_the_model() {
    suites(&["test_generated", "test_http"]);
}
