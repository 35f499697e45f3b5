//! The sections `kyverno`, `scan`, `log` and `otlp`.

use std::path::PathBuf;
use std::time::Duration;

/// The adapter for Kyverno.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kyverno {
    /// Whether callers' tokens are reviewed. Default: true.
    pub token_review: bool,
    /// The audiences of tokens; empty text is the API server's own.
    pub audiences: Vec<String>,
    /// The users that may call.
    pub allowed_users: Vec<String>,
}

/// The scan of running Pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// The time between scans; `None` scans never.
    pub interval: Option<Duration>,
    /// Whether PolicyReport objects are written.
    pub reports: bool,
}

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least severe lines that are written. Decisions are `info`.
    pub level: LogLevel,
}

/// How severe a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something may not work.
    Warn,
    /// Decisions, and what the service does.
    Info,
    /// Each step.
    Debug,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// The address of the collector, which speaks OTLP by gRPC: a URL without a path.
    pub endpoint: String,
    /// A PEM file with certificates to trust in addition to those of the system.
    pub ca: Option<PathBuf>,
}
