//! Clients of AWS Signer against the local signer: the suites of `tests/clients/python` with boto3 and the aws CLI, and
//! the snippets of `docs/local-signer.md` in each language.
//!
//! To run them: `NOTATION_AWS_SIGNER_CLIENTS=$(scripts/clients) cargo test api_clients -- --include-ignored`.

mod containers;
mod page;
mod suites;

use std::path::Path;
use std::process::Command;

use crate::support::process::command;

/// Python with the packages of `scripts/clients`. Byte code is written nowhere, so that the source tree stays clean.
fn python(clients: &Path, home: &Path) -> Command {
    let mut python = command("python3", home);
    python.env("PYTHONPATH", clients.join("python")).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
    python
}
