//! From a configuration to a decider: as a whole, or not at all.

use std::sync::Arc;
use std::time::Duration;

use aws_names::RoleArn;
use aws_signer::{ClientPool, ConfigError, SignerConfig};
use limits::MemoryBudget;
use notation::revocation::RevocationSources;
use notation::verify::Verifier;

use super::callers::Callers;
use super::opener::Opener;
use super::scanning::{ScanSettings, Scanning};
use crate::cache::{Clock, Progress};
use crate::cluster::{Cluster, ClusterError, NamespaceLabels, TokenReviews};
use crate::config::{Adapter, Config, PullSecrets, RegistryCredentials};
use crate::decision::{
    Decider, Judge, JudgeSettings, Memory, Parts, PolicyError, Revocations, Rules, Shared, load_policies,
};
use crate::ecs::Ecs;
use crate::frontends::{Deployments, Services, TokenReview, Waiting};
use crate::log::{Field, Log};
use crate::metrics::Metrics;
use crate::registries::{self, Registries, RegistriesError};
use crate::self_managed::{self, SelfManaged};
use crate::server::{Snapshot, Tls, TlsError};
use crate::shared_cache::{Settings, SettingsError, SharedCache};
use crate::trace::{OtlpError, Traces};

/// The memory for what registries send, beyond 64 KiB of each answer.
const ANSWERS: usize = 16 * 1024 * 1024;

/// How long a new configuration waits for its shared cache to be connected. Then it is in force without.
const CONNECTED: Duration = Duration::from_millis(500);

/// Why a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A policy, or a file that it names.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An entry of `registries`, or a file that it names.
    #[error(transparent)]
    Registries(#[from] RegistriesError),
    /// A partition of AWS.
    #[error(transparent)]
    Aws(#[from] ConfigError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The shared cache, or a file for it.
    #[error(transparent)]
    SharedCache(#[from] SettingsError),
    /// The collector of traces.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    /// Kubernetes is needed and cannot be reached.
    #[error("{0}; a rule with namespaceSelector, or registries[].credentials.secret, needs access to Kubernetes")]
    Cluster(#[source] ClusterError),
    /// Kubernetes is needed for the tokens of callers, and cannot be reached.
    #[error("{0}; the adapter kyverno needs access to Kubernetes, unless kyverno.tokenReview is false")]
    Tokens(#[source] ClusterError),
    /// Kubernetes is needed for the scan, and cannot be reached.
    #[error("{0}; scan.interval needs access to Kubernetes")]
    Scan(#[source] ClusterError),
    /// Kubernetes is needed for the certificate, and cannot be reached.
    #[error("{0}; server.tls.selfManaged needs access to Kubernetes")]
    SelfManaged(#[source] ClusterError),
}

/// Makes deciders. What is remembered, and the access to Kubernetes, outlive configurations.
#[derive(Debug)]
pub struct Builder {
    metrics: Metrics,
    log: Log,
    signer: SignerConfig,
    cluster: Option<Cluster>,
    labels: Option<Arc<NamespaceLabels>>,
    /// The memory, and the settings that it was made for.
    memory: Option<(crate::config::Cache, Arc<Memory>)>,
    /// The shared cache of the configuration in force.
    shared: Option<Arc<SharedCache>>,
    is_labels_needed: Arc<std::sync::RwLock<Option<Arc<NamespaceLabels>>>>,
    /// Since when deployments wait.
    waiting: Arc<Waiting>,
    scanning: Scanning,
    traces: Traces,
}

/// Whether what the service needs is there.
#[derive(Debug, Clone)]
pub struct Readiness {
    labels: Arc<std::sync::RwLock<Option<Arc<NamespaceLabels>>>>,
}

impl Readiness {
    /// What is missing.
    ///
    /// # Errors
    /// Returns it in a sentence.
    pub fn check(&self) -> Result<(), String> {
        let labels = self.labels.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*labels {
            Some(labels) if !labels.is_synced() => {
                Err("the labels of namespaces are not known: the Kubernetes API server has not answered".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Builder {
    /// A builder that has made nothing.
    #[must_use]
    pub fn new(metrics: Metrics, log: Log, signer: SignerConfig) -> Self {
        let (is_labels_needed, waiting, scanning, traces) = Default::default();
        let (cluster, labels, memory, shared) = (None, None, None, None);
        Self { metrics, log, signer, cluster, labels, memory, shared, is_labels_needed, waiting, scanning, traces }
    }

    /// Uses this access to Kubernetes.
    #[must_use]
    pub fn with_cluster(self, cluster: Cluster) -> Self {
        Self { cluster: Some(cluster), ..self }
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Whether what the configuration in force needs is there.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness { labels: Arc::clone(&self.is_labels_needed) }
    }

    /// Puts a configuration together. Nothing changes if it fails.
    ///
    /// # Errors
    /// Returns [`BuildError`] for the first thing that cannot be used.
    pub async fn build(&mut self, config: &Config) -> Result<Snapshot<Decider>, BuildError> {
        let services = self.services(config).await?;
        let scan = self.scan(config).await?;
        let collector = Traces::prepare(config.otlp.as_ref())?;
        let snapshot = self.without_services(config).await?.with_services(services);
        self.scanning.set(scan);
        self.traces.set(collector, &self.metrics, &self.log);
        Ok(snapshot)
    }

    /// As [`Self::build`], without what some adapters ask before they can decide: they do not answer.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub async fn without_services(&mut self, config: &Config) -> Result<Snapshot<Decider>, BuildError> {
        let decider = self.decider(config).await?;
        let rules: Vec<&str> = config.rules.iter().map(|rule| rule.name.as_str()).collect();
        self.metrics.rules(&rules);
        let server = &config.server;
        Ok(Snapshot::new(server.adapters.clone(), config.kubernetes.clone(), server.limits, decider))
    }

    /// What the adapters of a configuration ask before they can decide.
    async fn services(&mut self, config: &Config) -> Result<Services, BuildError> {
        let is_on = |adapter| config.server.adapters.contains(&adapter);
        let kyverno = &config.kyverno;
        let tokens = match kyverno.token_review {
            _ if !is_on(Adapter::Kyverno) => TokenReview::Missing,
            false => TokenReview::Off,
            true => {
                let cluster = self.connected().await.map_err(BuildError::Tokens)?;
                let reviews = TokenReviews::new(cluster, &kyverno.audiences);
                TokenReview::On(Arc::new(Callers::new(reviews, &kyverno.allowed_users)))
            }
        };
        let mut deployments: Option<Arc<dyn Deployments>> = None;
        if is_on(Adapter::Ecs) {
            deployments = Some(Arc::new(Ecs::new(self.metrics.clone())));
        }
        Ok(Services { tokens, deployments, waiting: Arc::clone(&self.waiting) })
    }

    /// How running Pods are scanned, if they are.
    async fn scan(&mut self, config: &Config) -> Result<Option<ScanSettings>, BuildError> {
        let Some(interval) = config.scan.interval else { return Ok(None) };
        let cluster = self.connected().await.map_err(BuildError::Scan)?;
        Ok(Some(ScanSettings { cluster, interval, reports: config.scan.reports }))
    }

    /// How running Pods are scanned by the configuration in force.
    pub(super) fn scanning(&self) -> Scanning {
        self.scanning.clone()
    }

    /// Where traces go by the configuration in force.
    pub(super) fn traces(&self) -> Traces {
        self.traces.clone()
    }

    /// What keeps the certificate that these settings describe.
    pub(super) async fn self_managed(
        &mut self,
        settings: &crate::config::SelfManaged,
        names: Vec<String>,
    ) -> Result<SelfManaged, BuildError> {
        let cluster = self.connected().await.map_err(BuildError::SelfManaged)?;
        Ok(SelfManaged::new(cluster, settings, names, self_managed::identity(), Clock::default(), self.log.clone()))
    }

    /// Access to Kubernetes, which is kept.
    async fn connected(&mut self) -> Result<Cluster, ClusterError> {
        if let Some(cluster) = &self.cluster {
            return Ok(cluster.clone());
        }
        let cluster = Cluster::connect(Some(self.metrics.clone())).await?;
        self.cluster = Some(cluster.clone());
        Ok(cluster)
    }

    /// Reads all files that a configuration names, and asks nothing.
    ///
    /// # Errors
    /// Returns [`BuildError`] for the first thing that cannot be used.
    pub fn check(&self, config: &Config) -> Result<(), BuildError> {
        load_policies(&config.policies)?;
        let options = registries::Options::new(config.server.limits.deadline, MemoryBudget::new(ANSWERS));
        Registries::new(&config.registries, &options)?;
        self.signer_config(config)?;
        Traces::prepare(config.otlp.as_ref())?;
        if let crate::config::Tls::Files(files) = &config.server.tls {
            Tls::from_files(files)?;
        }
        if let Some(redis) = &config.cache.redis {
            Settings::read(redis)?;
        }
        Ok(())
    }

    /// The decider of a configuration.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub async fn decider(&mut self, config: &Config) -> Result<Decider, BuildError> {
        let policies = load_policies(&config.policies)?;
        let time = config.server.limits.deadline;
        let answers = MemoryBudget::new(ANSWERS);
        let registries = Registries::new(&config.registries, &registries::Options::new(time, answers))?;
        let names: Vec<&str> = config.policies.keys().map(String::as_str).collect();
        let rules = Rules::new(&config.rules, &names);
        let clients = ClientPool::new(self.signer_config(config)?);
        let redis = config.cache.redis.as_ref().map(Settings::read).transpose()?;
        let cluster = self.cluster(config, rules.need_labels()).await?;
        let memory = self.memory(config);
        let revocations = Revocations::new(
            RevocationSources::new(clients.clone()),
            clients.clone(),
            memory.revocations(),
            &config.aws.revocation,
            time,
            self.metrics.clone(),
        );
        let revocations = revocations.sharing(self.shared_cache(redis).await);
        let settings = JudgeSettings {
            tag: config.cache.tag,
            signatures: config.cache.signatures,
            unsigned: config.cache.unsigned,
            stale_for: config.aws.revocation.stale_for,
            time,
        };
        let verifier = Verifier::new(clients);
        let judge = Judge::new(verifier, revocations, Arc::clone(&memory), settings, self.metrics.clone());
        let labels = self.labels(cluster.as_ref(), rules.need_labels());
        let stores = Opener::new(registries, cluster, config.kubernetes.pull_secrets);
        Ok(Decider::new(Parts { rules, policies, stores: Arc::new(stores), judge, labels }))
    }

    fn signer_config(&self, config: &Config) -> Result<SignerConfig, BuildError> {
        let mut signer = self.signer.clone().with_waits(Progress::waits());
        for (partition, settings) in &config.aws.partitions {
            if let Some(region) = &settings.region {
                signer = signer.with_region(partition, format!("aws.partitions.{partition}.region"), region)?;
            }
            if let Some(role) = &settings.role {
                let role: &RoleArn = role;
                signer = signer.with_role(partition, format!("aws.partitions.{partition}.roleArn"), role.clone())?;
            }
        }
        Ok(signer)
    }

    /// Access to Kubernetes, if something needs it. Pull secrets do without, with a warning: outside a cluster there
    /// are none.
    async fn cluster(&mut self, config: &Config, needs_labels: bool) -> Result<Option<Cluster>, BuildError> {
        let names_secret = |entry: &crate::config::RegistrySettings| {
            matches!(entry.credentials, Some(RegistryCredentials::Secret { .. }))
        };
        let is_needed = needs_labels || config.registries.iter().any(names_secret);
        // Scans have access already, and ask with the pull secrets of Pods as the webhooks do.
        let is_wanted = config.kubernetes.pull_secrets != PullSecrets::None
            && (self.cluster.is_some() || config.server.adapters.contains(&Adapter::Kubernetes));
        if !is_needed && !is_wanted {
            return Ok(None);
        }
        match self.connected().await {
            Ok(cluster) => Ok(Some(cluster)),
            Err(why) if is_needed => Err(BuildError::Cluster(why)),
            Err(why) => {
                let why = why.to_string();
                self.log.warn("pull secrets of Pods are not used", &[("reason", Field::from(&*why))]);
                Ok(None)
            }
        }
    }

    fn labels(&mut self, cluster: Option<&Cluster>, is_needed: bool) -> Option<Arc<NamespaceLabels>> {
        match cluster.filter(|_| is_needed) {
            None => self.labels = None,
            Some(cluster) => {
                let start = || Arc::new(NamespaceLabels::start(cluster));
                self.labels = Some(self.labels.take().unwrap_or_else(start));
            }
        }
        let mut needed = self.is_labels_needed.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        needed.clone_from(&self.labels);
        self.labels.clone()
    }

    /// The memory. It is kept as long as its settings stay the same: its keys hold what else a verdict depends on.
    fn memory(&mut self, config: &Config) -> Arc<Memory> {
        let settings = crate::config::Cache { redis: None, ..config.cache.clone() };
        if let Some((_, memory)) = self.memory.as_ref().filter(|(cache, _)| *cache == settings) {
            return Arc::clone(memory);
        }
        let memory = Arc::new(Memory::new(&settings));
        memory.watch(&self.metrics);
        self.memory = Some((settings, Arc::clone(&memory)));
        memory
    }

    /// The shared cache. Its connection is kept as long as its settings and the content of its files stay the same.
    async fn shared_cache(&mut self, settings: Option<Settings>) -> Option<Arc<dyn Shared>> {
        let Some(settings) = settings else {
            self.shared = None;
            self.metrics.redis_off();
            return None;
        };
        let shared = match self.shared.take().filter(|shared| *shared.settings() == settings) {
            Some(shared) => shared,
            None => {
                let shared = SharedCache::new(settings, Clock::default(), self.metrics.clone(), self.log.clone());
                shared.connected(CONNECTED).await;
                Arc::new(shared)
            }
        };
        self.shared = Some(Arc::clone(&shared));
        Some(shared)
    }
}

/// The time between two looks at the files of the configuration.
pub(super) const LOOK: Duration = Duration::from_secs(2);
