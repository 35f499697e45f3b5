//! What applies where the configuration says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::{
    Adapter, Aws, Cache, Config, Kubernetes, Kyverno, Limits, Log, LogLevel, Pin, PinAs, Policy, PullSecrets,
    RevocationSettings, Rule, Scan, Server, Tags, Tls, Trust, Updates,
};

impl Config {
    /// A configuration with these policies and rules, and the default of everything else.
    #[must_use]
    pub fn minimal(policies: BTreeMap<String, Policy>, rules: Vec<Rule>) -> Self {
        Self {
            server: Server::default(),
            policies,
            rules,
            registries: Vec::new(),
            kubernetes: Kubernetes::default(),
            aws: Aws::default(),
            cache: Cache::default(),
            kyverno: Kyverno::default(),
            scan: Scan::default(),
            log: Log::default(),
            otlp: None,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        let all = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        Self {
            listen: all(8443),
            operations: all(8080),
            socket: None,
            tls: Tls::Own,
            adapters: BTreeSet::from([Adapter::Kubernetes]),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            images: 512,
            concurrent: 256,
            queue: 1024,
            deadline: Duration::from_secs(8),
            margin: Duration::from_millis(500),
            connection_age: Duration::from_secs(5 * 60),
        }
    }
}

impl Policy {
    /// The default number of signatures of an artifact that are looked at.
    pub const MAX_SIGNATURES: usize = 100;

    /// A policy that requires one signature of a trusted signer.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust, user_metadata: BTreeMap::new(), max_signatures: Self::MAX_SIGNATURES, require: NonZeroUsize::MIN }
    }
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self {
            pull_secrets: PullSecrets::PodAndServiceAccount,
            pin: Pin::Pods,
            pin_as: PinAs::Digest,
            tags: Tags::Allow,
            updates: Updates::Changed,
            extra_templates: Vec::new(),
        }
    }
}

impl Default for RevocationSettings {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(5 * 60),
            rate: NonZeroU32::MIN.saturating_add(19),
            replicas: NonZeroU32::MIN,
            stale_for: Duration::ZERO,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            tag: Duration::from_secs(5),
            signatures: Duration::from_secs(60),
            unsigned: Duration::from_secs(5),
            entries: 100_000,
            memory: 64 << 20,
            redis: None,
        }
    }
}

/// Kyverno's own names, as its chart sets them.
impl Default for Kyverno {
    fn default() -> Self {
        let user = |name| format!("system:serviceaccount:kyverno:kyverno-{name}-controller");
        Self {
            token_review: true,
            audiences: vec!["kyverno-svc.kyverno.io".to_owned(), String::new()],
            allowed_users: vec![user("admission"), user("reports")],
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}
