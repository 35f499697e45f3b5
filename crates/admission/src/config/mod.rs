//! The configuration file of the admission service: its members and their defaults. The text form is YAML, read by
//! `members`; `docs/admission-config.schema.json` describes it for editors.
//!
//! Relative paths are relative to the folder of the file. Files that it names are read when it is put in force, and not
//! here.
//!
//! `load` reads the file, `places` finds the place in it that a later error is about, `members/` its sections, each
//! into the types of the file of its name here; `defaults` has what is left out.

mod aws;
mod cache;
mod defaults;
mod kubernetes;
mod load;
mod members;
mod operation;
mod pattern;
mod places;
mod policies;
mod registries;
mod server;
#[cfg(test)]
mod tests;
mod warnings;
mod words;

use std::collections::BTreeMap;

pub use self::aws::{Aws, PartitionSettings, RevocationSettings};
pub use self::cache::{Cache, Redis};
pub use self::kubernetes::{ExtraTemplate, Kubernetes, Pin, PinAs, PullSecrets, Tags, Updates};
pub(crate) use self::load::folder_of;
pub use self::load::{ConfigError, MAX_SIZE, SCHEMA};
pub use self::operation::{Kyverno, Log, LogLevel, Otlp, Scan};
pub use self::pattern::{HostPattern, ImagePattern, NamespacePattern, PatternError};
pub use self::places::placed;
pub use self::policies::{Enforcement, Policy, Rule, RuleAction, Trust};
pub use self::registries::{RegistryCredentials, RegistrySettings};
pub use self::server::{Adapter, Limits, SelfManaged, Server, Tls, TlsFiles};
pub use self::warnings::ConfigWarning;

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
