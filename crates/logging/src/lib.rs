//! Logging: off unless `NOTATION_AWS_SIGNER_LOG` is set to a level. Structured lines, never on standard output.
//!
//! Only this project's own events are logged: those of the AWS SDK may contain headers. Payloads are logged as digests.
//!
//! ```
//! // At the start of a program; without the variable, nothing is logged.
//! logging::init()?;
//! # Ok::<(), logging::LogError>(())
//! ```
//!
//! | Function | For |
//! |---|---|
//! | [`init`] | the plugin: what the environment asks for |
//! | [`init_for_terminal`] | the tool: also `-v` and `-vv`, as lines for people |

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;

/// A log file of this size is renamed to `NAME.1`, which replaces an older one.
const MAX_LOG: u64 = 10 * 1024 * 1024;

/// Why logging was not started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is unknown.
    #[error("NOTATION_AWS_SIGNER_LOG has the unknown level {0:?}; use error, warn, info, debug or trace")]
    Level(String),
    /// The file cannot be written.
    #[error(
        "the log file {} cannot be written: {why}; set NOTATION_AWS_SIGNER_LOG_FILE to another path or to stderr",
        path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// No place for the file is known.
    #[error(
        "there is no place for the log file, because neither XDG_STATE_HOME nor HOME is set; set \
         NOTATION_AWS_SIGNER_LOG_FILE to a path or to stderr"
    )]
    NoFolder,
}

/// Starts logging as configured in the environment: `NOTATION_AWS_SIGNER_LOG` is `error`, `warn`, `info`, `debug` or
/// `trace`; `NOTATION_AWS_SIGNER_LOG_FILE` is a path or `stderr`, by default `notation-aws-signer/plugin.log` under
/// `$XDG_STATE_HOME` or `~/.local/state`. If the file cannot be written, nothing is logged: logging must neither stop a
/// command nor write to the standard error of the plugin protocol.
///
/// # Errors
/// Returns [`LogError`] if the level is unknown or the file cannot be written. The caller may ignore it.
pub fn init() -> Result<(), LogError> {
    let wanted = std::env::var("NOTATION_AWS_SIGNER_LOG").unwrap_or_default();
    if wanted.is_empty() || wanted.eq_ignore_ascii_case("off") {
        return Ok(());
    }
    let level = Level::from_str(&wanted).map_err(|_| LogError::Level(wanted))?;
    let target = std::env::var("NOTATION_AWS_SIGNER_LOG_FILE").ok().filter(|t| !t.is_empty());
    if target.as_deref() == Some("stderr") {
        start(level, io::stderr);
    } else {
        start(level, open(target.map(PathBuf::from))?);
    }
    Ok(())
}

/// Starts logging of the command line tool: readable lines to `write`, one at a time, if a level is given, otherwise as
/// [`init`] does.
///
/// # Errors
/// Returns [`LogError`] as [`init`] does.
pub fn init_for_terminal(
    level: Option<Level>,
    write: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> Result<(), LogError> {
    let Some(level) = level else { return init() };
    let own = own_targets(level);
    // The tool itself shows the checks; each request of a verification is in the log all the same.
    let own = if level == Level::INFO { own.with_target("notation::verify", Level::WARN) } else { own };
    let lines = move || Lines(write.clone());
    let lines = layer().with_writer(lines).with_ansi(false).with_target(false).without_time().with_filter(own);
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
    Ok(())
}

/// Takes whole events, as the formatter writes them.
struct Lines<W: Fn(&str)>(W);

impl<W: Fn(&str)> io::Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        (self.0)(String::from_utf8_lossy(event).trim());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The crates of this workspace: what they depend on may log secrets. `notation` is also the start of the programs'
/// names.
const OWN: [&str; 8] =
    ["aws_names", "aws_signer", "http_client", "local_signer", "notary", "notation", "plugin", "registry"];

fn own_targets(level: Level) -> Targets {
    Targets::new().with_targets(OWN.map(|name| (name, level)))
}

fn start(level: Level, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let own = own_targets(level);
    let lines = layer().json().flatten_event(true).with_writer(writer).with_filter(own);
    // Fails only if a subscriber is set already, which then stays.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
}

fn open(path: Option<PathBuf>) -> Result<File, LogError> {
    let failed = |path: &Path, why: &io::Error| LogError::File { path: path.to_owned(), why: reason(path, why) };
    let path = match path {
        Some(path) => path,
        None => {
            let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
            let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
            let folder = state.ok_or(LogError::NoFolder)?.join("notation-aws-signer");
            files::create_folders(&folder, 0o700).map_err(|why| failed(&folder, &why))?;
            folder.join("plugin.log")
        }
    };
    files::open_to_append(&path, MAX_LOG).map_err(|why| failed(&path, &why))
}

/// Why the file cannot be opened. The system has no words for what is not followed.
fn reason(path: &Path, why: &io::Error) -> String {
    if why.kind() != io::ErrorKind::AlreadyExists {
        return why.to_string();
    }
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() && !path.exists() => "it is a symbolic link to nothing",
        _ => "it is not a regular file",
    }
    .to_owned()
}
