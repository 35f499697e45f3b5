//! `notation-aws-signer admission serve`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use admission::config::{LogLevel, placed};
use admission::log::Log;
use admission::service::{Options, Service};
use aws_signer::SignerConfig;
use clap::ValueEnum;
use notary::ReasonCode;
use notary::text::printable_lines;
use tokio::signal::unix::{SignalKind, signal};

use crate::output::exit::CliError;

/// Start the service; it runs until it gets SIGTERM or is interrupted (Ctrl-C).
///
/// Prints the addresses and, unless the configuration names a certificate, the caBundle for webhook configurations. The
/// log is on standard error, one JSON object a line, one line a decision.
///
/// The configuration, and the certificates, policies and credentials that it names, are read again when they change,
/// and at SIGHUP. A configuration that cannot be used as a whole is reported, and the earlier one stays in force.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Serve on the addresses of the configuration (8443, and 8080 for probes):
    notation-aws-signer admission serve --config admission.yaml

  Ask whether an image may run, with server.adapters: [verify]:
    curl --cacert ca.pem https://localhost:8443/v1/verify \\
      -H 'Content-Type: application/json' -d '{\"images\": [\"nginx:1.27\"]}'

Exit codes: 0 the service was stopped; 2 the configuration must be corrected, or an address is taken.")]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The folder for the service's own certificate authority, which is used if the configuration names no certificate
    /// [default: $STATE_DIRECTORY, otherwise ~/.local/state/notation-aws-signer/admission]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// A name that clients use for the service, for the certificate of its own authority, such as
    /// admission.notation-system.svc; can be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,

    /// The least severe lines of the log, instead of log.level of the configuration; decisions are info
    #[arg(long, value_name = "LEVEL")]
    log: Option<Level>,
}

/// The levels of the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    // Before the start, so that a signal during the start also leads to an orderly shutdown.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::file)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::file)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(CliError::file)?;
    let level = args.log.map(LogLevel::from);
    let log = Log::to_standard_error(level.unwrap_or(LogLevel::Info)).map_err(CliError::file)?;
    log.collect_events();
    let state = args.state.or_else(state_folder).ok_or_else(|| {
        CliError::configuration(
            "there is no folder for the certificate authority: neither STATE_DIRECTORY nor HOME is set",
        )
        .with_advice("Pass --state DIR.")
    })?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let file = args.config.clone();
    let options = Options { config: args.config, state, names: args.names, signer: signer()?, version, log, level };
    let service = Service::start(options).await.map_err(|why| configuration(&file, &why))?;
    // One write; without a reader the service is useful, too.
    let _ = std::io::stdout().write_all(printable_lines(&instructions(&service)).as_bytes());
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hang_up.recv() => service.reload().await,
        }
    }
    service.shutdown().await;
    Ok(())
}

/// How AWS is called, as the environment says.
pub(super) fn signer() -> Result<SignerConfig, CliError> {
    SignerConfig::of_process(&BTreeMap::new()).map_err(CliError::configuration)
}

/// Something that the user has to correct in the configuration, or in a file that it names, with the place in the
/// configuration.
pub(super) fn configuration(file: &Path, why: &impl Display) -> CliError {
    let why = why.to_string();
    CliError::new(ReasonCode::Configuration, placed(file, &why).unwrap_or(why))
}

/// systemd's folder for the service, or the user's for state.
fn state_folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("STATE_DIRECTORY") {
        return Some(folder);
    }
    let state = variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("notation-aws-signer/admission"))
}

fn instructions(service: &Service) -> String {
    let scheme = if service.is_encrypted() { "https" } else { "http" };
    let mut text = format!("Adapters: {scheme}://{}\n", service.address());
    text.push_str(&format!("Probes and metrics: http://{}\n", service.operations()));
    if let Some(bundle) = service.ca_bundle() {
        text.push_str(&format!("caBundle: {bundle}\n"));
    }
    text
}
