//! The running service: what it is made of, how it starts, reloads and stops.
//!
//! | File | What it has |
//! |---|---|
//! | `build` | from a configuration to a decider, as a whole or not at all |
//! | `opener` | whose credentials open a repository: registries and Kubernetes together |
//! | `callers` | which users may call the adapter for Kyverno |
//! | `scanning` | the service's own scan of running Pods |
//! | `observe` | what happens, for metrics and the log |
//! | `reload` | when the configuration and its files are read again |

mod build;
mod callers;
mod observe;
mod opener;
mod reload;
mod scanning;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_signer::SignerConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::build::{BuildError, Builder};
use self::observe::{Health, Observed};
use self::reload::Reloader;
use crate::config::{self, Config, ConfigError};
use crate::decision::Decider;
use crate::log::{Field, Log};
use crate::metrics::Metrics;
use crate::server::{self, BindError, Bound, Listeners, Live, OwnAuthority, OwnCaError, Tls, TlsError, Transport};
use crate::status::Status;
use crate::trace::Traces;

/// The time for the log to be written at the end, and before it for the last spans of traces.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How a service is started.
#[derive(Debug)]
pub struct Options {
    /// The configuration file.
    pub config: PathBuf,
    /// The folder for the service's own certificate authority.
    pub state: PathBuf,
    /// The names that clients use for the service, for its own certificate.
    pub names: Vec<String>,
    /// How AWS Signer is called, beside what the configuration says.
    pub signer: SignerConfig,
    /// The version, for metrics.
    pub version: String,
    /// Where log lines go. Their level is that of the configuration unless `level` is given.
    pub log: Log,
    /// The level of the log in place of the configuration's.
    pub level: Option<config::LogLevel>,
}

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something that the configuration names.
    #[error(transparent)]
    Build(Box<BuildError>),
    /// An address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The own certificate authority.
    #[error(transparent)]
    OwnCa(#[from] OwnCaError),
    /// The system.
    #[error("cannot find out at which address the service listens: {0}")]
    Address(#[source] std::io::Error),
}

impl From<BuildError> for StartError {
    fn from(why: BuildError) -> Self {
        Self::Build(Box::new(why))
    }
}

/// A service that answers.
#[derive(Debug)]
pub struct Service {
    bound: Bound,
    ca_bundle: Option<String>,
    is_encrypted: bool,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    reloader: Arc<Reloader>,
    log: Log,
    traces: Traces,
}

impl Service {
    /// Reads the configuration and starts to serve, in tasks of the current runtime.
    ///
    /// # Errors
    /// Returns [`StartError`] if the configuration or a file that it names cannot be used, or an address is taken.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        // Files that change while they are read are read again.
        let before = reload::stamps(&options.config, Vec::new()).await;
        let config = Config::load(&options.config)?;
        let mut read = reload::stamps_of(&options.config, &config).await;
        read.pop();
        read.extend(before);
        let log = options.log;
        log.set_level(options.level.unwrap_or(config.log.level));
        let rules: Vec<&str> = config.rules.iter().map(|rule| rule.name.as_str()).collect();
        let metrics = Metrics::new(&options.version, &rules);
        let mut builder = Builder::new(metrics.clone(), log.clone(), options.signer);
        let snapshot = builder.build(&config).await?;
        let listeners = Listeners::bind(&config.server).await?;
        let bound = listeners.bound().map_err(StartError::Address)?;
        let names = options.names;
        let keeper = match &config.server.tls {
            config::Tls::SelfManaged(settings) => Some(builder.self_managed(settings, names.clone()).await?),
            _ => None,
        };
        let tls = tls(&config, bound.adapters, &options.state, names)?;
        let (stop, stopped) = watch::channel(false);
        let transport = match &tls {
            None => Transport::Plain,
            Some(tls) => Transport::Tls(Arc::clone(tls)),
        };
        let ca_bundle = tls.as_ref().and_then(|tls| tls.ca_bundle_pem());
        let is_encrypted = tls.is_some();
        if let Some(tls) = &tls {
            if let Some(expires) = tls.expires() {
                metrics.certificate_expiry(expires.into());
            }
            tokio::spawn(Arc::clone(tls).keep_current(stopped.clone()));
        }
        let keeping = keeper.zip(tls.clone()).map(|(keeper, tls)| tokio::spawn(keeper.run(tls, stopped.clone())));
        metrics.reload(true);
        for warning in config.warnings() {
            log.warn(&warning.to_string(), &[]);
        }
        let live: Arc<Live<Decider>> = Arc::new(Live::new(snapshot));
        let status = Arc::new(Status::new(&options.config, &config, metrics.clone()));
        let health =
            Health::new(metrics.clone(), builder.readiness(), tls.clone(), stopped.clone(), Arc::clone(&status));
        let health = Arc::new(health);
        let telling = scanning::Telling { metrics: metrics.clone(), log: log.clone(), status: Arc::clone(&status) };
        let scanning = scanning::run(builder.scanning(), Arc::clone(&live), telling, stopped.clone());
        let traces = builder.traces();
        let observed = Arc::new(Observed::new(metrics, log.clone(), Arc::clone(&status), traces.clone()));
        let reloader =
            Reloader::new(options.config, (config, read), options.level, builder, Arc::clone(&live), tls, status);
        let reloader = Arc::new(reloader);
        let serving = {
            let reloader = Arc::clone(&reloader);
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let watching = tokio::spawn(reloader.watch(stopped.clone()));
                let scanning = tokio::spawn(scanning);
                server::serve(listeners, transport, live, observed, health, stopped).await;
                if let Some(keeping) = keeping {
                    // It gives the Lease up.
                    let _ = keeping.await;
                }
                watching.abort();
                scanning.abort();
            })
        };
        let address = bound.adapters.to_string();
        let operations = bound.operations.to_string();
        let fields = [("address", Field::from(&*address)), ("operations", Field::from(&*operations))];
        log.info("serving", &fields);
        Ok(Self { bound, ca_bundle, is_encrypted, stop, serving, reloader, log, traces })
    }

    /// The address of the adapters.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.bound.adapters
    }

    /// The address of probes and metrics.
    #[must_use]
    pub fn operations(&self) -> SocketAddr {
        self.bound.operations
    }

    /// Whether adapters are served with TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The authorities that clients should trust, as the `caBundle` of webhook configurations: PEM in base64. `None`
    /// unless the certificate is of the service's own authority.
    #[must_use]
    pub fn ca_bundle(&self) -> Option<String> {
        self.ca_bundle.as_ref().map(|bundle| STANDARD.encode(bundle))
    }

    /// Reads the configuration again. The log and the metrics have the result.
    pub async fn reload(&self) {
        self.reloader.reload().await;
    }

    /// Stops: running requests have 20 s.
    pub async fn shutdown(self) {
        // An error means that the service has ended already.
        let _ = self.stop.send(true);
        let _ = self.serving.await;
        self.traces.close(LAST_LINES).await;
        self.log.info("stopped", &[]);
        let log = self.log;
        // Lines that cannot be written by then are lost.
        let _ = tokio::task::spawn_blocking(move || log.close(LAST_LINES)).await;
    }
}

fn tls(config: &Config, address: SocketAddr, state: &Path, names: Vec<String>) -> Result<Option<Arc<Tls>>, StartError> {
    Ok(match &config.server.tls {
        config::Tls::Plain => None,
        config::Tls::Files(files) => Some(Arc::new(Tls::from_files(files)?)),
        config::Tls::Own => {
            let authority = OwnAuthority::new(state, address.ip(), names)?;
            Some(Arc::new(Tls::own(authority)?))
        }
        config::Tls::SelfManaged(_) => {
            // The names are checked; the folder is not used.
            OwnAuthority::new(state, address.ip(), names)?;
            Some(Arc::new(Tls::shared()))
        }
    })
}
