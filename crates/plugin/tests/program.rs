//! The program answers without a request, credentials or network what it is. The whole contract is tested in the tool's
//! package, with plugin-spec's vectors; this test makes `cargo test --workspace` build the program for them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Stdio};

fn plugin(argument: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notation-aws-signer-plugin"));
    let output = command.arg(argument).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn prints_its_name_and_version() {
    let version = plugin("--version");
    assert_eq!(version, format!("notation-com.amazonaws.signer.notation.plugin {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn answers_get_plugin_metadata() {
    let metadata: serde_json::Value = serde_json::from_str(&plugin("get-plugin-metadata")).unwrap();
    assert_eq!(metadata["name"], "com.amazonaws.signer.notation.plugin");
    assert_eq!(metadata["version"], env!("CARGO_PKG_VERSION"));
}
