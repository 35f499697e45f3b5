//! `notation-aws-signer admission schema`.

use admission::config::SCHEMA;

use crate::output::Output;
use crate::output::exit::CliError;

/// Print the JSON Schema of the configuration.
///
/// Editors that know it complete and check the file while you write it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Let an editor with the YAML language server check the file:
    notation-aws-signer admission schema > admission.schema.json
    sed -i '1i # yaml-language-server: $schema=admission.schema.json' \\
      admission.yaml

Exit codes: 0 printed; 2 standard output cannot be written to.")]
pub(super) struct Args {}

pub(super) fn run() -> Result<(), CliError> {
    Output::content(SCHEMA.as_bytes())
}
