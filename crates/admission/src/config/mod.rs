//! The configuration file of the admission service: its members and their defaults. The text form is YAML, read by
//! `members`; `docs/admission-config.schema.json` describes it for editors.
//!
//! Relative paths are relative to the folder of the file. Files that it names are read when it is put in force, and not
//! here.

mod defaults;
mod load;
mod members;
mod pattern;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use aws_names::{Partition, Region, RoleArn, SignerArn};

pub use self::load::{ConfigError, MAX_SIZE, SCHEMA, Unavailable};
pub use self::pattern::{HostPattern, ImagePattern, NamespacePattern, PatternError};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Addresses, TLS, adapters and limits.
    pub server: Server,
    /// The policies by their names.
    pub policies: BTreeMap<String, Policy>,
    /// The rules: the first that matches an image decides.
    pub rules: Vec<Rule>,
    /// What is special about some registries: the first that matches a host counts.
    pub registries: Vec<RegistrySettings>,
    /// How Kubernetes objects are judged.
    pub kubernetes: Kubernetes,
    /// How AWS is called.
    pub aws: Aws,
    /// How long and how much is remembered.
    pub cache: Cache,
    /// The adapter for Kyverno.
    pub kyverno: Kyverno,
    /// The scan of running Pods.
    pub scan: Scan,
    /// The log.
    pub log: Log,
    /// Where traces go.
    pub otlp: Option<Otlp>,
}

/// Addresses, TLS, adapters and limits of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Where the adapters listen. Default: `0.0.0.0:8443`.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/healthz` and `/metrics` are served. Default: `0.0.0.0:8080`.
    pub operations: SocketAddr,
    /// A Unix socket for programs on the same machine.
    pub socket: Option<PathBuf>,
    /// How connections are encrypted.
    pub tls: Tls,
    /// The adapters that answer. Default: `kubernetes`.
    pub adapters: BTreeSet<Adapter>,
    /// The limits of requests.
    pub limits: Limits,
}

/// How connections to the adapters are encrypted.
#[derive(Debug, Clone, PartialEq)]
pub enum Tls {
    /// With a certificate of a certificate authority of its own, which is kept in the state folder. The default.
    Own,
    /// Not at all, on loopback addresses only: `server.plain`.
    Plain,
    /// With a certificate in files.
    Files(TlsFiles),
    /// With a certificate that is kept in a Secret and renewed there.
    SelfManaged {
        /// The Secret's name.
        secret: String,
        /// The DNS name of the Service.
        service: String,
        /// The webhook configurations whose `caBundle` is kept up to date.
        webhooks: Vec<String>,
    },
}

/// A certificate in PEM files, which are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by intermediate certificates.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authorities of client certificates; `None` asks for none.
    pub client_ca: Option<PathBuf>,
    /// The names that a client certificate may have (common name or DNS name); empty allows all.
    pub client_names: Vec<String>,
}

/// A translation of someone's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// Kubernetes: `/validate`, `/mutate`.
    Kubernetes,
    /// Gatekeeper's external data: `/gatekeeper/*`, `/ratify/gatekeeper/*`.
    Gatekeeper,
    /// Kyverno: `/checkimages`.
    Kyverno,
    /// Amazon ECS: `/ecs/lifecycle-hook`.
    Ecs,
    /// ImagePolicyWebhook: `/imagereview`.
    ImageReview,
    /// The plain form: `/v1/verify`.
    Verify,
}

/// The limits of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body in bytes. Default: 16 MiB.
    pub body: usize,
    /// The most images of a request. Default: 512.
    pub images: usize,
    /// How many requests are worked on at a time. Default: 256.
    pub concurrent: usize,
    /// How many more wait. Default: 1024.
    pub queue: usize,
    /// The longest time for an answer. Default: 8 s.
    pub deadline: Duration,
    /// How long before its caller gives up a request is answered. Default: 500 ms.
    pub margin: Duration,
    /// The age at which a connection is asked to end. Default: 5 min.
    pub connection_age: Duration,
}

/// Who must have signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The trusted signers.
    pub trust: Trust,
    /// The metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
    /// The most signatures of an artifact that are looked at. Default: 100.
    pub max_signatures: usize,
    /// How many different signers are required. Default: 1.
    pub require: NonZeroUsize,
}

/// The trusted signers of a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// A trust policy document of notation.
    Document {
        /// The file.
        path: PathBuf,
        /// PEM or DER files with roots that take the place of the trust stores; empty uses notation's folder.
        roots: Vec<PathBuf>,
    },
    /// These signing profiles of AWS Signer.
    Profiles {
        /// The profiles.
        profiles: Vec<SignerArn>,
        /// PEM or DER files with roots; empty uses those of AWS.
        roots: Vec<PathBuf>,
    },
}

/// What applies to some images.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name. Default: `rule N`, counted from 1.
    pub name: String,
    /// Patterns of namespaces, with `*`; `None` matches all, and requests without namespace.
    pub namespaces: Option<Vec<NamespacePattern>>,
    /// The labels that the namespace must have.
    pub namespace_labels: Option<BTreeMap<String, String>>,
    /// Patterns of `registry/repository`, with `*` and `**`; `None` matches all.
    pub images: Option<Vec<ImagePattern>>,
    /// What is done.
    pub action: RuleAction,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleAction {
    /// The images run unverified.
    Exempt,
    /// The images are verified.
    Verify {
        /// The name of the policy.
        policy: String,
        /// What happens when one is not verified.
        enforcement: Enforcement,
    },
}

/// What happens when an image is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// It does not run.
    Enforce,
    /// It runs, with a warning to the user.
    Warn,
    /// It runs, and the log has it.
    Audit,
}

/// What is special about the registries that match.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistrySettings {
    /// The pattern of hosts, with `*` and perhaps a port.
    pub host: HostPattern,
    /// `HOST[/PATH]` that is asked in its place.
    pub mirror: Option<String>,
    /// Whether it is asked without TLS.
    pub plain_http: bool,
    /// PEM files with certificates to trust in addition.
    pub ca: Option<PathBuf>,
    /// Its credentials.
    pub credentials: Option<RegistryCredentials>,
}

/// The credentials of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryCredentials {
    /// Amazon ECR's, by AWS credentials.
    Aws {
        /// The role that is assumed first.
        role: Option<RoleArn>,
    },
    /// A file in the form of Docker's `config.json`.
    File(PathBuf),
    /// A Secret of Kubernetes of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`.
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// How Kubernetes objects are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubernetes {
    /// Whose pull secrets are used. Default: those of the Pod and its service account.
    pub pull_secrets: PullSecrets,
    /// Which objects the mutating form changes. Default: Pods.
    pub pin: Pin,
    /// How a pinned image is written. Default: `digest`.
    pub pin_as: PinAs,
    /// What the validating form does with verified images that have only a tag. Default: allow, with a warning.
    pub tags: Tags,
    /// Which images of an update are judged. Default: those that changed.
    pub updates: Updates,
    /// Kinds with a Pod template, beside Kubernetes's own.
    pub extra_templates: Vec<ExtraTemplate>,
}

/// Whose pull secrets are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullSecrets {
    /// None.
    None,
    /// The Pod's.
    Pod,
    /// The Pod's, then its service account's.
    PodAndServiceAccount,
}

/// Which objects the mutating form changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Pods.
    Pods,
    /// Pods and all objects with Pod templates.
    All,
    /// None.
    None,
}

/// How a pinned image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinAs {
    /// `REPOSITORY@DIGEST`.
    Digest,
    /// `REPOSITORY:TAG@DIGEST`.
    TagAndDigest,
}

/// What the validating form does with verified images that have only a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// They run, with a warning.
    Allow,
    /// They do not run.
    Refuse,
}

/// Which images of an update are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// Those that the object did not have before.
    Changed,
    /// All.
    All,
}

/// A kind with a Pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraTemplate {
    /// Its API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The JSON pointer of the Pod template.
    pub pod_template: String,
}

/// How AWS is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aws {
    /// Roles and regions of partitions.
    pub partitions: BTreeMap<Partition, PartitionSettings>,
    /// Revocation checks by AWS Signer.
    pub revocation: RevocationSettings,
}

/// How a partition of AWS is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionSettings {
    /// The role that is assumed.
    pub role: Option<RoleArn>,
    /// The region that is asked about revocation, in place of the signature's.
    pub region: Option<Region>,
}

/// Revocation checks by AWS Signer.
#[derive(Debug, Clone, PartialEq)]
pub struct RevocationSettings {
    /// How long an answer is used. Default: 5 min.
    pub ttl: Duration,
    /// The calls per second of all replicas together. Default: 20.
    pub rate: NonZeroU32,
    /// The number of replicas that share the rate. Default: 1.
    pub replicas: NonZeroU32,
    /// How long a verified image stays so while revocation cannot be checked; zero refuses it at once.
    pub stale_for: Duration,
}

/// How long and how much is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// How long a tag's digest is used. Default: 5 s.
    pub tag: Duration,
    /// How long the list of an image's signatures is used. Default: 60 s.
    pub signatures: Duration,
    /// How long an image without signatures counts as such. Default: 5 s.
    pub unsigned: Duration,
    /// The most entries of each cache. Default: 100,000.
    pub entries: usize,
    /// The memory of all caches together, in bytes. Default: 64 MiB.
    pub memory: usize,
    /// The cache that replicas share.
    pub redis: Option<Redis>,
}

/// The cache that replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redis {
    /// Its URL.
    pub url: String,
    /// The file with the user name.
    pub username_file: Option<PathBuf>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// A PEM file with certificates to trust in addition.
    pub ca: Option<PathBuf>,
    /// The files with the keys that authenticate entries; the first signs.
    pub key_files: Vec<PathBuf>,
    /// How long an answer is waited for. Default: 50 ms.
    pub timeout: Duration,
}

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
    /// The URL of the collector.
    pub endpoint: String,
}
