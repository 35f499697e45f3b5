#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod messages;
mod page;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_names::{Partition, RoleArn};

use super::*;

const MINIMAL: &str = r#"version: 1
policies: {default: {trustedProfiles: ["arn:aws:signer:us-west-2:111122223333:/signing-profiles/release"]}}
rules: [{namespaces: [kube-system], action: exempt}, {policy: default, action: enforce}]
"#;
const FULL: &str = include_str!("full.yaml");

#[track_caller]
fn parsed(text: &str) -> Config {
    Config::parse(text.as_bytes(), Path::new("/srv")).unwrap_or_else(|why| panic!("{text}\n{why}"))
}

/// The minimal configuration with more members.
#[track_caller]
fn with(members: &str) -> Config {
    parsed(&format!("{MINIMAL}{members}"))
}

fn role(text: &str) -> Option<RoleArn> {
    Some(text.parse().unwrap())
}

#[test]
fn everything_but_policies_and_rules_has_a_default() {
    let config = parsed(MINIMAL);
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release".parse().unwrap();
    let policy = Policy::new(Trust::Profiles { profiles: vec![profile], roots: Vec::new() });
    let any = Rule {
        name: "rule 2".to_owned(),
        namespaces: None,
        namespace_labels: None,
        images: None,
        action: RuleAction::Verify { policy: "default".to_owned(), enforcement: Enforcement::Enforce },
    };
    let system = Rule {
        name: "rule 1".to_owned(),
        namespaces: Some(vec!["kube-system".parse().unwrap()]),
        action: RuleAction::Exempt,
        ..any.clone()
    };
    assert_eq!(config, Config::minimal(BTreeMap::from([("default".to_owned(), policy)]), vec![system, any]));
    assert!(config.files().is_empty());
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:8443");
    assert_eq!(config.server.operations.to_string(), "0.0.0.0:8080");
    assert_eq!(config.server.tls, Tls::Own);
    assert_eq!(config.server.adapters, BTreeSet::from([Adapter::Kubernetes]));
    assert_eq!(config.aws.revocation.stale_for, Duration::ZERO);
    assert_eq!(config.aws.revocation.rate.get(), 20);
}

#[test]
fn reads_every_member_of_the_full_example() {
    let config = parsed(FULL);
    assert_eq!(config.warnings(), []);
    // What is not the default.
    let path = |text: &str| PathBuf::from(text);
    let Tls::Files(tls) = &config.server.tls else { panic!("{:?}", config.server.tls) };
    assert_eq!((&tls.certificate, &tls.key), (&path("/tls/tls.crt"), &path("/tls/tls.key")));
    assert_eq!(tls.client_ca, Some(path("/tls/client-ca.crt")));
    assert_eq!(tls.client_names, ["gatekeeper-webhook"]);
    assert_eq!(config.server.socket, Some(path("/run/notation-aws-signer/admission.sock")));
    assert_eq!(config.server.adapters.len(), 6);
    assert_eq!(config.server.limits, Limits::default());
    assert_eq!(
        config.policies["default"].trust,
        Trust::Document { path: path("/etc/admission/trustpolicy.json"), roots: Vec::new() }
    );
    let team = &config.policies["team-a"];
    let Trust::Profiles { profiles, roots } = &team.trust else { panic!("{:?}", team.trust) };
    assert_eq!(profiles[0].to_string(), "arn:aws:signer:us-west-2:111122223333:/signing-profiles/team_a");
    assert_eq!(*roots, [path("/etc/admission/root.pem")]);
    assert_eq!(team.user_metadata["stage"], "prod");
    assert_eq!((team.require.get(), team.max_signatures), (1, 100));
    let rules: Vec<_> = config.rules.iter().map(|rule| (rule.name.as_str(), &rule.action)).collect();
    let verify = |policy: &str, enforcement| RuleAction::Verify { policy: policy.to_owned(), enforcement };
    assert_eq!(
        rules,
        [
            ("system", &RuleAction::Exempt),
            ("vendor", &RuleAction::Exempt),
            ("trial", &verify("default", Enforcement::Warn)),
            ("team-a", &verify("team-a", Enforcement::Enforce)),
            ("rest", &verify("default", Enforcement::Enforce)),
        ]
    );
    assert!(config.rules[2].namespaces.as_ref().unwrap()[0].matches("staging-1"));
    assert!(config.rules[1].images.as_ref().unwrap()[0].matches("registry.example.com/vendor/a"));
    assert_eq!(config.rules[3].namespace_labels.as_ref().unwrap()["team"], "a");
    assert_eq!(config.registries[0].mirror.as_deref(), Some("mirror.example.com/hub"));
    let assumed = role("arn:aws:iam::444455556666:role/ecr-read");
    assert_eq!(config.registries[1].credentials, Some(RegistryCredentials::Aws { role: assumed }));
    assert_eq!(config.registries[2].credentials, Some(RegistryCredentials::File(path("/secrets/config.json"))));
    assert_eq!(config.registries[2].ca, Some(path("/secrets/ca.pem")));
    assert_eq!(config.kubernetes.extra_templates[0].pod_template, "/spec/template");
    assert_eq!(
        config.aws.partitions[&Partition::AWS_US_GOV],
        PartitionSettings {
            role: role("arn:aws-us-gov:iam::444455556666:role/signer"),
            region: Some("us-gov-west-1".parse().unwrap())
        }
    );
    assert_eq!(
        config.aws.revocation,
        RevocationSettings { replicas: NonZeroU32::new(3).unwrap(), ..RevocationSettings::default() }
    );
    let redis = config.cache.redis.as_ref().unwrap();
    assert_eq!(redis.key_files, [path("/k/new"), path("/k/old")]);
    assert_eq!((redis.url.as_str(), redis.timeout), ("rediss://redis:6379/0", Duration::from_millis(50)));
    assert_eq!(config.cache, Cache { redis: Some(redis.clone()), ..Cache::default() });
    assert_eq!(config.kyverno, Kyverno::default());
    assert_eq!(config.scan, Scan { interval: Some(Duration::from_secs(3600)), reports: false });
    assert_eq!(config.log, Log::default());
    assert_eq!(config.otlp.unwrap().endpoint, "http://collector:4317");
}

#[test]
fn reads_what_the_full_example_has_not() {
    assert_eq!(with("server: {plain: true, listen: '127.0.0.1:0'}").server.tls, Tls::Plain);
    assert_eq!(with("server: {plain: true, listen: '[::1]:8443'}").server.tls, Tls::Plain);
    assert_eq!(with("server: {plain: false}").server.tls, Tls::Own);
    let own = with("server: {tls: {selfManaged: {secret: s, service: a.ns.svc, webhooks: [w]}}}");
    let webhooks = vec!["w".to_owned()];
    let expected = SelfManaged { secret: "s".to_owned(), service: "a.ns.svc".to_owned(), webhooks };
    assert_eq!((expected.service_name(), expected.namespace()), ("a", "ns"));
    assert_eq!(own.server.tls, Tls::SelfManaged(expected));
    // Free ports are never the same.
    assert_eq!(with("server: {listen: '127.0.0.1:0', operations: '127.0.0.1:0'}").server.operations.port(), 0);
    let limits = with("server: {limits: {body: 65536, queue: 0, deadline: 100ms, margin: 0s}}").server.limits;
    assert_eq!((limits.body, limits.queue, limits.deadline), (65536, 0, Duration::from_millis(100)));
    assert_eq!(with("cache: {memory: 1GiB}").cache.memory, 1 << 30);
    assert_eq!(with("cache: {memory: 1024KiB}").cache.memory, 1 << 20);
    let stale = with("aws: {revocation: {whenUnavailable: allow-stale, staleFor: 1h}}").aws.revocation;
    assert_eq!(stale.stale_for, Duration::from_secs(3600));
    let registry = with(
        "registries: [{host: 'localhost:5000', plainHttp: true, credentials: {secret: {namespace: n, name: s.t}}}]",
    )
    .registries
    .remove(0);
    assert!(registry.plain_http && registry.host.matches("localhost:5000") && !registry.host.matches("localhost"));
    let secret = RegistryCredentials::Secret { namespace: "n".to_owned(), name: "s.t".to_owned() };
    assert_eq!(registry.credentials, Some(secret));
    assert_eq!(with("kyverno: {audiences: ['']}").kyverno.audiences, [""]);
    let kubernetes =
        with("kubernetes: {pullSecrets: none, pin: all, pinAs: tag-and-digest, tags: refuse, updates: all}");
    assert_eq!(
        kubernetes.kubernetes,
        Kubernetes {
            pull_secrets: PullSecrets::None,
            pin: Pin::All,
            pin_as: PinAs::TagAndDigest,
            tags: Tags::Refuse,
            updates: Updates::All,
            extra_templates: Vec::new(),
        }
    );
    let labels = parsed(&MINIMAL.replace("namespaces: [kube-system]", "namespaceSelector: {matchLabels: {a.b/c: ''}}"));
    assert_eq!(labels.rules[0].namespace_labels.as_ref().unwrap()["a.b/c"], "");
}

/// The environment of a process is no place for what decides which images run.
#[test]
fn variables_are_not_expanded() {
    let config = with("registries: [{host: a.example, ca: '${HOME}/ca.pem'}]");
    assert_eq!(config.registries[0].ca.as_deref(), Some(Path::new("/srv/${HOME}/ca.pem")));
}

#[test]
fn names_all_files_that_it_needs() {
    let text = FULL.replace("registries:", "registries:\n  - {host: b.example, ca: sub/ca.pem}");
    let files: Vec<_> = parsed(&text).files().into_iter().map(|path| path.display().to_string()).collect();
    assert_eq!(
        files,
        [
            "/etc/admission/root.pem",
            "/etc/admission/trustpolicy.json",
            "/k/new",
            "/k/old",
            "/secrets/ca.pem",
            "/secrets/config.json",
            "/srv/f",
            "/srv/sub/ca.pem",
            "/tls/client-ca.crt",
            "/tls/tls.crt",
            "/tls/tls.key",
        ]
    );
}

#[test]
fn a_file_is_read_unless_other_users_can_change_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admission.yaml");
    std::fs::write(&path, format!("{MINIMAL}registries: [{{host: a.example, ca: ca.pem}}]\n")).unwrap();
    assert_eq!(Config::load(&path).unwrap().files(), [folder.path().join("ca.pem")]);
    // As Kubernetes mounts a ConfigMap.
    let link = folder.path().join("link.yaml");
    std::os::unix::fs::symlink("admission.yaml", &link).unwrap();
    Config::load(&link).unwrap();
    std::fs::write(&path, format!("{MINIMAL}log: {{level: trace}}\n")).unwrap();
    assert_eq!(
        Config::load(&path).unwrap_err().to_string(),
        format!("{}:4:14: log.level: expected one of error, warn, info, debug, found \"trace\"", path.display())
    );
    std::fs::write(&path, format!("{MINIMAL}{}", " ".repeat(256 * 1024))).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::File(files::FileError::TooLarge { .. }))));
    std::fs::write(&path, MINIMAL).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::File(files::FileError::Writable { .. }))));
    let missing = folder.path().join("missing.yaml");
    assert_eq!(Config::load(&missing).unwrap_err().to_string(), format!("{} does not exist", missing.display()));
}

/// Words of metrics and of the configuration are the same.
#[test]
fn adapters_and_actions_are_named_as_in_the_configuration() {
    assert!(words::ADAPTERS.iter().all(|(word, adapter)| *word == adapter.as_str()));
    for (word, enforcement) in words::ACTIONS {
        let action = match enforcement {
            None => RuleAction::Exempt,
            Some(enforcement) => RuleAction::Verify { policy: "p".to_owned(), enforcement },
        };
        assert_eq!(action.as_str(), word);
    }
}
