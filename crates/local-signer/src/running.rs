//! A running local signer: what it opens, what runs, and how it stops.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::rand;
use limits::MemoryBudget;
use s3::S3;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::buckets::Buckets;
use crate::ca::{CaError, CertificateAuthority};
use crate::certificates::Certificates;
use crate::clock::Clock;
use crate::config::ConfigSource;
use crate::console::Console;
use crate::controls::{Controls, ControlsError};
use crate::credentials::Credentials;
use crate::directory::{Directory, at};
use crate::jobs::{self, JobQueue};
use crate::monitoring::Monitoring;
use crate::operations::Service;
use crate::options::{Options, StartError};
use crate::page_tokens::{self, PageTokens};
use crate::pipeline::{BODY_MEMORY, Endpoint, router};
use crate::principals::Principals;
use crate::server;
use crate::store::{Store, StoreError};

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
            bodies: MemoryBudget::new(BODY_MEMORY),
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
