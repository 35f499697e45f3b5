//! The local signer: a service compatible with AWS Signer that runs on this machine and needs no AWS account.
//!
//! ```
//! use local_signer::{LocalSigner, Options};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("signer");
//! let signer = LocalSigner::start(Options::new(&folder)).await?;
//! // Pass this endpoint and these credentials to an AWS SDK, and trust this root certificate.
//! println!("{} {:?}", signer.endpoint_url(), signer.root_certificate());
//! signer.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A test starts one of its own with [`TestSigner`], which has a temporary folder and a free port, and is ready in
//! milliseconds:
//!
//! ```
//! use local_signer::TestSigner;
//! use local_signer::clock::Clock;
//! use local_signer::config::Config;
//! use local_signer::principals::NewPrincipal;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Signatures of 2024: those that are valid for a year have expired.
//! let clock = Clock::starting_at(time::macros::datetime!(2024-01-01 00:00:00 UTC))?;
//! // A user who may only read, and a service that is often busy.
//! let policy = br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "signer:Get*", "Resource": "*"}}"#;
//! let reader = NewPrincipal::user("reader".parse()?).with_policy("read", policy);
//! let config = b"version: 1\nfaults: [{operation: SignPayload, error: TooManyRequestsException, rate: 0.5}]\n";
//! let config = Config::parse(config, std::path::Path::new("/"))?;
//! let signer = TestSigner::builder().clock(clock).principal(reader).config(config).start().await?;
//! // For an AWS SDK in this process: the endpoint, and the keys of the root or of the user.
//! let (endpoint, root, reader) = (signer.endpoint_url(), signer.credentials(), signer.credentials_of("reader"));
//! println!("{endpoint} {} {:?}", root.access_key_id(), reader);
//! // For the aws CLI, Terraform or a program of yours: the environment.
//! let mut command = std::process::Command::new("aws");
//! command.args(["signer", "list-signing-platforms"]).envs(signer.environment());
//! // From now on, no call fails on purpose.
//! signer.set_faults(Vec::new());
//! signer.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A request passes `server` and the steps of `pipeline` to one of the [`operations`].
//!
//! | Module | What it has |
//! |---|---|
//! | `server`, `strangers` | Connections: limits on number, time and size |
//! | `pipeline` | The steps of a request: read, authenticate, route, authorize, validate, run, answer |
//! | [`model`] | The API's model as data: parameters, shapes, constraints |
//! | [`auth`], [`credentials`] | Signature Version 4, and access keys |
//! | [`principals`] | Users and roles with their access keys and policies |
//! | [`iam`], `authorization` | Who may do what: policies, and the permissions of signing profiles |
//! | [`caller`] | Who makes a request |
//! | [`console`] | The pages for people |
//! | [`operations`] | The table of the operations of AWS Signer, one file each |
//! | [`platforms`] | The table of the signing platforms |
//! | [`profile_policy`] | The cross-account permissions of a profile |
//! | [`page_tokens`] | The `nextToken` of lists |
//! | [`store`] | Profiles, permissions, jobs and revocations in SQLite |
//! | [`jobs`], [`buckets`] | Signing jobs in the background, and where they read and write |
//! | [`certificates`] | Signing material of device platforms |
//! | [`ca`], [`validity`] | The certificate authority, and how long signatures are valid |
//! | [`clock`] | The signing clock |
//! | [`TestSigner`] | A signer for one test |
//! | [`directory`] | The folder of the state, locked by one process |
//! | [`snapshot`] | The whole state in one file, and back |
//! | [`config`], [`controls`] | The configuration file, and everything that follows from it |
//! | [`quotas`], [`faults`] | Which calls are refused or fail, by configuration |
//! | [`events`], [`audit`] | Events about signing jobs, and the log of calls |
//! | [`lines`] | The files of both, written in order by threads of their own |
//! | [`metrics`], `monitoring` | What the service counts and measures, and the pages that show it |
//! | [`tls`], `cut` | Encrypted connections, and connections that break on purpose |
//! | [`error`] | AWS Signer's errors |

pub mod audit;
pub mod auth;
mod authorization;
pub mod buckets;
pub mod ca;
pub mod caller;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod console;
pub mod controls;
pub mod credentials;
mod cut;
pub mod directory;
pub mod error;
pub mod events;
pub mod faults;
pub mod iam;
pub mod jobs;
pub mod lines;
pub mod metrics;
pub mod model;
mod monitoring;
pub mod operations;
pub mod page_tokens;
mod pipeline;
pub mod platforms;
pub mod principals;
pub mod profile_policy;
pub mod quotas;
mod server;
pub mod snapshot;
pub mod store;
mod strangers;
mod test_signer;
pub mod tls;
pub mod validity;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use aws_names::AccountId;
use s3::S3;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use self::buckets::Buckets;
use self::ca::{CaError, CertificateAuthority};
use self::certificates::Certificates;
use self::clock::Clock;
use self::config::ConfigSource;
use self::console::Console;
use self::controls::{Controls, ControlsError};
use self::credentials::{Credentials, CredentialsError};
use self::directory::{Directory, DirectoryError, at};
use self::jobs::JobQueue;
use self::monitoring::Monitoring;
use self::operations::Service;
use self::page_tokens::PageTokens;
use self::pipeline::{Endpoint, router};
use self::principals::{Principals, PrincipalsError};
use self::store::{Store, StoreError};
pub use self::test_signer::{TestSigner, TestSignerBuilder, TestSignerError};

/// Why a local signer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The access keys cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The users and roles cannot be used.
    #[error(transparent)]
    Principals(#[from] PrincipalsError),
    /// The configuration cannot be put in force.
    #[error(transparent)]
    Controls(#[from] ControlsError),
    /// The certificate authority cannot be used.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Binding the address failed.
    #[error("cannot listen on {address}: {source}; pass another port with --listen, or port 0 for any free one")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The async runtime shut down during the start.
    #[error("the async runtime shut down during the start")]
    Runtime,
}

/// The options of a local signer.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of its state; created if it does not exist.
    pub dir: PathBuf,
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The account id of its profiles and jobs.
    pub account: AccountId,
    /// The signing clock.
    pub clock: Clock,
    /// The access keys of the account's root. `None` uses the profile `default` of `DIR/credentials`, generated at the
    /// first start.
    pub credentials: Option<Credentials>,
    /// How long a signing job may take.
    pub job_budget: Duration,
    /// The configuration; `config.yaml` in `dir`, if it exists, unless something else is given.
    pub config: ConfigSource,
}

impl Options {
    /// The defaults: state in `dir`, a free port on localhost, the real time and generated access keys.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: AccountId::EXAMPLE,
            clock: Clock::system(),
            credentials: None,
            job_budget: Duration::from_secs(300),
            config: ConfigSource::default(),
        }
    }
}

/// A running local signer. Dropping it stops it; [`LocalSigner::shutdown`] also waits until it has stopped.
#[derive(Debug)]
pub struct LocalSigner {
    address: SocketAddr,
    principals: Principals,
    credentials_file: Option<PathBuf>,
    root_certificate: PathBuf,
    console: Arc<Console>,
    directory: PathBuf,
    config: ConfigSource,
    controls: Arc<Controls>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl LocalSigner {
    /// Opens the directory and starts serving, in tasks of the current runtime.
    ///
    /// # Errors
    /// Returns [`StartError`] if the options are invalid, the directory or its files cannot be used, or the address is
    /// taken.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listen = options.listen;
        let config = options.config.clone();
        let budget = options.job_budget;
        let opened = spawn_blocking(move || open(options)).await.map_err(|_| StartError::Runtime)??;
        let Opened { directory, controls, store, ca, clock, certificates, buckets, principals, credentials_file } =
            opened;
        let page_tokens = page_tokens(&store).await?;
        let jobs = JobQueue::default();
        let controls_of_service = Arc::clone(&controls);
        let service =
            Service { store, ca, clock, page_tokens, certificates, buckets, jobs, controls: controls_of_service };
        let service = Arc::new(service);
        let account = principals.root().identity().account().clone();
        let console = Arc::new(Console::new(Arc::clone(&service), account, listen.ip())?);
        let monitoring = Monitoring::default();
        let (ended, end) = oneshot::channel();
        let endpoint = Endpoint {
            service: Arc::clone(&service),
            principals,
            monitoring,
            console: Arc::clone(&console),
            _ended: ended,
        };
        let error = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;

        let root_certificate = endpoint.service.ca.root_certificate();
        let principals = endpoint.principals.clone();
        let path = directory.path().to_owned();
        let (stop, stopped) = watch::channel(false);
        let serving = {
            let controls = Arc::clone(&controls);
            tokio::spawn(async move {
                let (tls, metrics) = (controls.tls.clone(), controls.metrics.clone());
                let jobs = tokio::spawn(jobs::serve(service, budget, stopped.clone()));
                server::serve(listener, router(Arc::new(endpoint)), tls, metrics, stopped).await;
                // A panic of the workers was reported when it happened.
                let _ = jobs.await;
                // Requests whose clients closed their connections.
                if tokio::time::timeout(server::SHUTDOWN_TIMEOUT, end).await.is_err() {
                    tracing::warn!("some requests did not finish in time");
                }
                controls.stop().await;
                // Release the lock last: requests and jobs use the directory until here.
                drop(directory);
            })
        };
        let directory = path;
        Ok(Self {
            address,
            principals,
            credentials_file,
            root_certificate,
            console,
            directory,
            config,
            controls,
            stop,
            serving,
        })
    }

    /// The address it listens on, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint URL for an AWS SDK.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("{}://{}", if self.is_encrypted() { "https" } else { "http" }, self.address)
    }

    /// Whether new connections use TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.controls.tls.current().is_some()
    }

    /// The configuration in force, and what follows from it.
    #[must_use]
    pub fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Loads the configuration again, and puts it in force as a whole. The log has the result as well.
    ///
    /// # Errors
    /// Returns [`ControlsError`] if the configuration is invalid or its files cannot be used; the one before stays in
    /// force.
    pub async fn reload(&self) -> Result<(), ControlsError> {
        let (config, directory, controls) = (self.config.clone(), self.directory.clone(), Arc::clone(&self.controls));
        let reloaded = spawn_blocking(move || controls.replace(config.load(&directory)?));
        // The task is not aborted; if it panicked, nothing was replaced.
        let reloaded = reloaded.await.unwrap_or(Err(ControlsError::Runtime));
        self.controls.metrics.reload(reloaded.is_ok());
        match &reloaded {
            Ok(()) => tracing::info!("the configuration was loaded again"),
            Err(error) => tracing::error!("the configuration before stays in force: {error}"),
        }
        reloaded
    }

    /// The access keys of the account's root.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        self.principals.root().credentials()
    }

    /// The users and roles that it accepts, beside the account's root. They can be added and removed while it runs.
    #[must_use]
    pub fn principals(&self) -> &Principals {
        &self.principals
    }

    /// The AWS shared credentials file with the access keys of the root; `None` if [`Options`] had access keys.
    #[must_use]
    pub fn credentials_file(&self) -> Option<&Path> {
        self.credentials_file.as_deref()
    }

    /// The PEM file with the root certificate, for a notation trust store of the type `signingAuthority`.
    #[must_use]
    pub fn root_certificate(&self) -> &Path {
        &self.root_certificate
    }

    /// The pages for people.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Stops accepting requests and waits for the running ones, at most 10 seconds, and for events and audit records,
    /// at most 5 seconds.
    pub async fn shutdown(self) {
        // An error means that the task has already ended.
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}

struct Opened {
    directory: Directory,
    controls: Arc<Controls>,
    store: Store,
    ca: CertificateAuthority,
    clock: Clock,
    certificates: Certificates,
    buckets: Buckets,
    principals: Principals,
    credentials_file: Option<PathBuf>,
}

/// The page tokens with the key of the store, so that they stay valid after a restart.
async fn page_tokens(store: &Store) -> Result<PageTokens, StartError> {
    let mut key = vec![0; page_tokens::KEY_LENGTH];
    rand::fill(&mut key).map_err(|_| CaError::Random)?;
    let key = store.setting("page-token-key", key).await?;
    PageTokens::new(&key).ok_or_else(|| StoreError::Damaged("page-token-key".to_owned()).into())
}

fn open(options: Options) -> Result<Opened, StartError> {
    let directory = Directory::open(&options.dir)?;
    let path = directory.path();
    let controls = Arc::new(Controls::start(options.config.load(path).map_err(ControlsError::from)?)?);
    let (credentials, credentials_file) = match options.credentials {
        Some(credentials) => (credentials, None),
        None => {
            let file = path.join("credentials");
            (Credentials::load_or_create(&file)?, Some(file))
        }
    };
    let principals = Principals::open(path, options.account, credentials)?;
    let ca = CertificateAuthority::open(&path.join("ca"))?;
    let metrics = controls.metrics.clone();
    let store = Store::open_observed(&path.join("signer.db"), move |duration| metrics.commit(duration))?;
    let certificates = Certificates::of(path);
    let temporary = path.join("jobs");
    let buckets = Buckets::new(controls.settings.clone(), S3::of_process(), temporary.clone());
    let buckets = buckets.map_err(at(&temporary))?;
    let clock = options.clock;
    Ok(Opened { directory, controls, store, ca, clock, certificates, buckets, principals, credentials_file })
}
