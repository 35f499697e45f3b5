//! What an operator controls, and what the service reports: the configuration in force with everything that follows
//! from it. A reload takes effect as a whole, or not at all.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;

use crate::audit::{Audit, AuditError};
use crate::config::{Config, ConfigError, Settings};
use crate::events::{Events, EventsError, OpenTargets};
use crate::faults::Faults;
use crate::lines::Target;
use crate::metrics::{Metrics, Readings};
use crate::quotas::Quotas;
use crate::tls::{self, Tls, TlsError};

/// How long events and audit records may take to be delivered at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Why a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum ControlsError {
    /// The file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate of the service cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The targets of events cannot be used.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The audit log cannot be used.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A reload would end the encryption of a running service.
    #[error(
        "the configuration has no tls any more: clients would send their requests unencrypted; restart the service to \
         serve without TLS"
    )]
    TlsRemoved,
    /// The async runtime shut down meanwhile.
    #[error("the async runtime shut down meanwhile")]
    Runtime,
}

/// The configuration in force and what follows from it.
#[derive(Debug)]
pub struct Controls {
    /// The configuration.
    pub settings: Settings,
    /// Counts calls against the quotas.
    pub quotas: Quotas,
    /// Decides which calls have faults on purpose.
    pub faults: Faults,
    /// Publishes events about signing jobs.
    pub events: Events,
    /// Writes the audit log.
    pub audit: Audit,
    /// Counts and measures.
    pub metrics: Metrics,
    /// The certificate of the service.
    pub tls: Tls,
}

/// The files that a configuration names, opened before it is in force.
struct Prepared {
    tls: Option<Arc<ServerConfig>>,
    events: OpenTargets,
    audit: Option<Target>,
}

impl Prepared {
    fn open(config: &Config) -> Result<Self, ControlsError> {
        Ok(Self {
            tls: config.tls.as_ref().map(tls::load).transpose()?,
            events: OpenTargets::open(&config.events)?,
            audit: Audit::open(config.audit.as_deref())?,
        })
    }
}

impl Controls {
    /// Puts `config` in force: opens its files, and starts the threads and tasks that write them. It blocks, and must
    /// be called in a runtime.
    ///
    /// # Errors
    /// Returns [`ControlsError`] if a file cannot be used.
    pub fn start(config: Config) -> Result<Self, ControlsError> {
        let prepared = Prepared::open(&config)?;
        Ok(Self {
            quotas: Quotas::new(config.quotas.clone()),
            faults: Faults::new(config.faults.clone()),
            events: Events::start(prepared.events)?,
            audit: Audit::start(prepared.audit)?,
            metrics: Metrics::new(),
            tls: Tls::new(prepared.tls),
            settings: Settings::new(config),
        })
    }

    /// Checks that `config` can be put in force, as far as that is possible without creating files.
    ///
    /// # Errors
    /// Returns [`ControlsError`] if the certificate cannot be used, or the folder of a file does not exist.
    pub fn check(config: &Config) -> Result<(), ControlsError> {
        config.tls.as_ref().map(tls::load).transpose()?;
        let missing = |path: &&PathBuf| path.parent().is_none_or(|folder| !folder.is_dir());
        let source = || io::Error::from(io::ErrorKind::NotFound);
        if let Some(path) = config.events.file.as_ref().filter(missing) {
            return Err(EventsError::File { path: path.clone(), source: source() }.into());
        }
        if let Some(path) = config.audit.as_ref().filter(missing) {
            return Err(AuditError { path: path.clone(), source: source() }.into());
        }
        Ok(())
    }

    /// Puts another configuration in force. Files for events and the audit log are opened again, also those with the
    /// same names, so that they can be rotated. It blocks.
    ///
    /// # Errors
    /// Returns [`ControlsError`] if a file cannot be used, or if TLS would end; the configuration before then stays in
    /// force.
    pub fn replace(&self, config: Config) -> Result<(), ControlsError> {
        if self.tls.current().is_some() && config.tls.is_none() {
            return Err(ControlsError::TlsRemoved);
        }
        let prepared = Prepared::open(&config)?;
        if self.audit.is_active() && prepared.audit.is_none() {
            tracing::warn!("the audit log ends: the configuration has no audit any more");
        }
        self.quotas.set(config.quotas.clone());
        self.faults.set(config.faults.clone());
        self.events.set_targets(prepared.events);
        self.audit.set_target(prepared.audit);
        self.tls.replace(prepared.tls);
        self.settings.replace(config);
        Ok(())
    }

    /// The metrics as text; `jobs` has the number of signing jobs in each status.
    #[must_use]
    pub fn metrics_text(&self, jobs: Vec<(&'static str, u64)>) -> String {
        let (audit, file, webhook) = (self.audit.lines(), self.events.file(), self.events.webhook());
        self.metrics.text(&Readings {
            jobs,
            waiting: vec![("audit", audit.waiting()), ("events", file.waiting()), ("webhook", webhook.waiting())],
            lost: vec![("audit", audit.lost()), ("events", file.lost()), ("webhook", webhook.failed())],
        })
    }

    /// Delivers what waits in the queues, for a bounded time, and stops.
    pub async fn stop(&self) {
        tokio::join!(self.events.stop(DRAIN), self.audit.stop(DRAIN));
    }
}
