//! `notation-aws-signer admission check-config`.

use std::path::PathBuf;

use admission::config::{Config, LogLevel};
use admission::log::Log;
use admission::metrics::Metrics;
use admission::service::Builder;
use notary::text::printable;

use super::serve::{configuration, signer};
use crate::output::Output;
use crate::output::exit::CliError;

/// Check a configuration file and the files that it names.
///
/// Reads the trust policies, trust stores, roots, certificates and credential files that the configuration names. No
/// registry and no service is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Check a file before it is rolled out:
    notation-aws-signer admission check-config admission.yaml

Exit codes: 0 the configuration can be used; 2 the configuration, or a file that it names, must be corrected.")]
pub(super) struct Args {
    /// The configuration file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<(), CliError> {
    let config = Config::load(&args.file).map_err(CliError::configuration)?;
    let log = Log::to(LogLevel::Error, std::io::sink()).map_err(CliError::file)?;
    let builder = Builder::new(Metrics::new(env!("CARGO_PKG_VERSION"), &[]), log, signer()?);
    builder.check(&config).map_err(|why| configuration(&args.file, &why))?;
    for warning in config.warnings() {
        output.warning(warning);
    }
    output.text(format!("{} is valid", printable(&args.file.display().to_string())))
}
