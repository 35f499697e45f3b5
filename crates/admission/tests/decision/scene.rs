//! A decider with its registry, its source of revocation status and its clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use admission::cache::{Clock, Key, Progress};
use admission::config::Config;
use admission::decision::{
    Access, Code, Decided, Decider, Decision, Judge, JudgeSettings, Memory, Outcome, Parts, PullIdentity, Question,
    Revocations, Rules, Shared, Stores, load_policies,
};
use admission::frontends::Decide as _;
use admission::metrics::Metrics;
use aws_signer::{ClientPool, SignerConfig};
use limits::Deadline;
use notary::Descriptor;
use notary::envelope::SigningScheme;
use notary::reference::RepositoryName;
use notation::Failure;
use notation::revocation::BoxFuture;
use notation::verify::Verifier;
use registry::{ClientOptions, Credential, Credentials, RegistryClient, Secret, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::own_key::{OwnKey, SUBJECT};

use crate::registry::Registry;
use crate::source::Source;

/// Longer than anything in a test takes, on a slow machine.
pub const LONG: Duration = Duration::from_secs(60);

/// The policy `strict` with the defaults.
pub const STRICT: &str = "policies: {strict: {trustPolicy: strict.json, roots: [root.der]}}";
/// All images by the policy `strict`.
pub const ENFORCE: &str = "rules: [{name: all, policy: strict, action: enforce}]";

/// With whose credentials the images of a namespace are read.
#[derive(Debug, Clone, Default)]
pub struct Tenant {
    pub id: &'static str,
    pub password: Option<(&'static str, &'static str)>,
    pub hint: Option<&'static str>,
    /// In place of the registry.
    pub store: Option<Store>,
}

/// Opens repositories with the credentials of tenants, by namespace.
#[derive(Debug)]
pub struct Tenants {
    client: RegistryClient,
    tenants: Mutex<HashMap<Option<String>, Tenant>>,
    /// Whether credentials are known without asking.
    pub are_known: AtomicBool,
    pub panics: AtomicBool,
}

impl Tenants {
    fn new(time: Duration) -> Arc<Self> {
        let mut options = ClientOptions::default();
        (options.timeout, options.idle_timeout, options.backoff) = (time, time, Duration::from_millis(5));
        (options.lock_folder, options.notation_config) = (None, None);
        options.waits = Progress::waits();
        let client = RegistryClient::new(options, Credentials::none());
        let (tenants, panics) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { client, tenants, are_known: AtomicBool::new(true), panics })
    }

    pub fn put(&self, namespace: Option<&str>, tenant: Tenant) {
        self.tenants.lock().unwrap().insert(namespace.map(str::to_owned), tenant);
    }

    fn of(&self, repository: &RepositoryName, namespace: Option<&str>) -> Access {
        assert!(!self.panics.load(Ordering::Relaxed), "told to");
        let tenant = self.tenants.lock().unwrap().get(&namespace.map(str::to_owned)).cloned().unwrap_or_default();
        let client = match tenant.password {
            None => self.client.clone(),
            Some((username, password)) => {
                let (username, password) = (username.to_owned(), Secret::new(password));
                self.client.with_credentials(Credentials::given(Credential::Password { username, password }))
            }
        };
        let store = tenant.store.unwrap_or_else(|| Store::Remote(client.repository(repository).unwrap()));
        Access { id: Key::of("tenant").with(tenant.id).key(), store, hint: tenant.hint.map(Into::into) }
    }
}

impl Stores for Tenants {
    fn remembered(
        &self,
        repository: &RepositoryName,
        namespace: Option<&str>,
        _: &PullIdentity,
    ) -> Option<Arc<Access>> {
        let are_known = self.are_known.load(Ordering::Relaxed) && !self.panics.load(Ordering::Relaxed);
        are_known.then(|| Arc::new(self.of(repository, namespace)))
    }

    fn access<'a>(
        &'a self,
        repository: &'a RepositoryName,
        namespace: Option<&'a str>,
        _: &'a PullIdentity,
        _: Deadline,
    ) -> BoxFuture<'a, Result<Arc<Access>, Failure>> {
        Box::pin(async move { Ok(Arc::new(self.of(repository, namespace))) })
    }
}

pub struct Scene {
    pub registry: Registry,
    pub source: Arc<Source>,
    pub clock: Clock,
    pub memory: Arc<Memory>,
    pub metrics: Metrics,
    pub tenants: Arc<Tenants>,
    /// The key that `strict` trusts.
    pub key: OwnKey,
    pub folder: TempDir,
    /// The longest time for one image.
    time: Duration,
    pub decider: Decider,
}

/// One of several replicas.
pub struct Replica {
    pub decider: Decider,
    pub metrics: Metrics,
}

/// A trust policy document with one statement, for all repositories.
pub fn document(verification: &Value) -> String {
    let statement = json!({
        "name": "test", "registryScopes": ["*"], "signatureVerification": verification,
        "trustStores": ["ca:test"],
        "trustedIdentities": [SUBJECT, "x509.subject: C=US, ST=WA, O=Acme, CN=second"],
    });
    json!({ "version": "1.0", "trustPolicies": [statement] }).to_string()
}

/// A trust policy document that skips one repository.
pub fn skipping(repository: &str) -> String {
    let statement = json!({
        "name": "test", "registryScopes": [repository], "signatureVerification": { "level": "skip" },
    });
    json!({ "version": "1.0", "trustPolicies": [statement] }).to_string()
}

impl Scene {
    /// All images by the policy `strict`, with these members of the configuration.
    pub fn new(members: &str) -> Self {
        Self::with(&format!("{STRICT}\n{ENFORCE}\n{members}"), LONG)
    }

    /// With this configuration after `version: 1`, and this time for one image.
    pub fn with(config: &str, time: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = OwnKey::new(|_| ());
        std::fs::write(folder.path().join("root.der"), key.root().der()).unwrap();
        std::fs::write(folder.path().join("strict.json"), document(&json!({ "level": "strict" }))).unwrap();
        std::fs::write(folder.path().join("audit.json"), document(&json!({ "level": "audit" }))).unwrap();
        let registry = Registry::start();
        std::fs::write(folder.path().join("skip.json"), skipping(&registry.name("app"))).unwrap();
        let (source, clock, metrics, tenants) =
            (Source::new(), Clock::default(), Metrics::new("0", &[]), Tenants::new(time));
        let config = parse(config, &folder);
        let memory = Arc::new(Memory::with_clock(&config.cache, clock.clone()));
        let decider = decider(&config, &memory, &source, &tenants, &metrics, time, None);
        Self { registry, source, clock, memory, metrics, tenants, key, folder, time, decider }
    }

    /// Puts another configuration in force; what is remembered stays.
    pub fn reload(&mut self, config: &str) {
        let config = parse(config, &self.folder);
        self.decider = decider(&config, &self.memory, &self.source, &self.tenants, &self.metrics, self.time, None);
    }

    /// Another replica with this configuration, which remembers for itself and shares `shared`.
    pub fn replica(&self, config: &str, metrics: Metrics, shared: Option<Arc<dyn Shared>>) -> Replica {
        let config = parse(config, &self.folder);
        let memory = Arc::new(Memory::with_clock(&config.cache, self.clock.clone()));
        let decider = decider(&config, &memory, &self.source, &self.tenants, &metrics, self.time, shared);
        Replica { decider, metrics }
    }

    /// Pushes `app:v1` and signs it by the trusted key.
    pub fn signed(&self) -> Descriptor {
        let image = self.registry.push("app", "v1", "content");
        self.registry.attach(&image, &self.key.sign(&image, SigningScheme::X509));
        image
    }

    /// `HOST/app:v1`.
    pub fn app(&self) -> String {
        self.registry.name("app:v1")
    }

    pub fn by_digest(&self, image: &Descriptor) -> String {
        self.registry.name(&format!("app@{}", image.digest))
    }

    pub async fn ask_in(&self, namespace: Option<&str>, images: &[String], time: Duration) -> Decision {
        ask(&self.decider, namespace, images, time).await
    }

    pub async fn one(&self, image: &str) -> Decided {
        self.one_in(None, image).await
    }

    pub async fn one_in(&self, namespace: Option<&str>, image: &str) -> Decided {
        self.ask_in(namespace, &[image.to_owned()], LONG).await.images[0].clone()
    }

    /// As [`Self::one`], and then waits until no work is under way.
    pub async fn one_and_idle(&self, image: &str) -> Decided {
        let decision = self.one(image).await;
        self.idle().await;
        decision
    }

    /// Waits until no work is under way.
    pub async fn idle(&self) {
        let began = std::time::Instant::now();
        while self.memory.under_way() > 0 {
            assert!(began.elapsed() < LONG, "{} flights do not end", self.memory.under_way());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Waits until something is so.
#[track_caller]
pub fn until(mut is_so: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let began = std::time::Instant::now();
        while !is_so() {
            assert!(began.elapsed() < LONG, "{caller}: it does not come to that");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

pub async fn ask(decider: &Decider, namespace: Option<&str>, images: &[String], time: Duration) -> Decision {
    let question = Question {
        namespace: namespace.map(str::to_owned),
        images: images.to_vec(),
        pull: PullIdentity::default(),
        deadline: Deadline::new(time),
    };
    decider.decide(question).await
}

fn parse(config: &str, folder: &TempDir) -> Config {
    let config = format!("version: 1\n{config}\n");
    Config::parse(config.as_bytes(), folder.path()).unwrap_or_else(|why| panic!("{why}\n{config}"))
}

fn decider(
    config: &Config,
    memory: &Arc<Memory>,
    source: &Arc<Source>,
    tenants: &Arc<Tenants>,
    metrics: &Metrics,
    time: Duration,
    shared: Option<Arc<dyn Shared>>,
) -> Decider {
    let policies = load_policies(&config.policies).unwrap_or_else(|why| panic!("{why}"));
    let names: Vec<&str> = config.policies.keys().map(String::as_str).collect();
    let rules = Rules::new(&config.rules, &names);
    let clients = ClientPool::new(SignerConfig::default());
    let revocations = Revocations::new(
        Arc::clone(source),
        clients.clone(),
        memory.revocations(),
        &config.aws.revocation,
        time,
        metrics.clone(),
    )
    .sharing(shared);
    let settings = JudgeSettings {
        tag: config.cache.tag,
        signatures: config.cache.signatures,
        unsigned: config.cache.unsigned,
        stale_for: config.aws.revocation.stale_for,
        time,
    };
    let judge = Judge::new(Verifier::new(clients), revocations, Arc::clone(memory), settings, metrics.clone());
    let stores: Arc<dyn Stores> = Arc::<Tenants>::clone(tenants);
    Decider::new(Parts { rules, policies, stores, judge, labels: None })
}

/// The outcome and the kind of reason.
pub fn said(decision: &Decided) -> (Outcome, Option<Code>) {
    (decision.outcome, decision.why.as_ref().map(|why| why.code))
}

#[track_caller]
pub fn assert_verified(decision: &Decided) {
    assert!(decision.outcome == Outcome::Verified && !decision.is_stale, "{decision:?}");
}

#[track_caller]
pub fn assert_said(decision: &Decided, outcome: Outcome, code: Code) {
    assert_eq!(said(decision), (outcome, Some(code)), "{decision:?}");
}
