//! What the configuration in force says, and how its last reload ended.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::config::{Config, RuleAction};

/// The configuration in force.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub at: SystemTime,
    /// When and why a later one was not put in force.
    pub failure: Option<(SystemTime, String)>,
    pub rules: Vec<LoadedRule>,
    pub adapters: Vec<&'static str>,
    /// The replicas that share the quota, by the configuration.
    pub replicas: u32,
    /// The calls a second of all replicas together.
    pub rate: u32,
    /// Whether replicas share a cache.
    pub is_shared: bool,
    pub revocation: Duration,
    pub stale_for: Duration,
    /// The time between scans.
    pub scan: Option<Duration>,
}

/// A rule, for people.
#[derive(Debug, Clone)]
pub(super) struct LoadedRule {
    pub name: String,
    pub namespaces: Option<Vec<String>>,
    pub labels: Option<BTreeMap<String, String>>,
    pub images: Option<Vec<String>>,
    pub action: &'static str,
    pub policy: Option<String>,
}

impl Loaded {
    pub fn new(config: &Config, at: SystemTime) -> Self {
        let revocation = &config.aws.revocation;
        let rules = config.rules.iter().map(|rule| {
            let policy = match &rule.action {
                RuleAction::Exempt => None,
                RuleAction::Verify { policy, .. } => Some(policy.clone()),
            };
            LoadedRule {
                name: rule.name.clone(),
                namespaces: rule.namespaces.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
                labels: rule.namespace_labels.clone(),
                images: rule.images.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
                action: rule.action.as_str(),
                policy,
            }
        });
        Self {
            at,
            failure: None,
            rules: rules.collect(),
            adapters: config.server.adapters.iter().map(|adapter| adapter.as_str()).collect(),
            replicas: revocation.replicas.get(),
            rate: revocation.rate.get(),
            is_shared: config.cache.redis.is_some(),
            revocation: revocation.ttl,
            stale_for: revocation.stale_for,
            scan: config.scan.interval,
        }
    }

    pub fn fail(&mut self, why: &str, now: SystemTime) {
        self.failure = Some((now, why.to_owned()));
    }
}
