#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::operations::OPERATIONS;

fn parsed(text: &str) -> Config {
    Config::parse(text.as_bytes(), Path::new("/srv")).unwrap()
}

fn refused(text: &str) -> String {
    Config::parse(text.as_bytes(), Path::new("/srv")).unwrap_err().to_string()
}

/// The quota of an operation with the class of its row.
fn quota(config: &Config, name: &str) -> u32 {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
    config.quotas.of(name, operation.quota)
}

#[test]
fn reads_every_member() {
    let config = parsed(
        r#"version: 1
quotas: {enabled: true, default: 30, StartSigningJob: 7, SignPayload: 100}
buckets: {unsigned: /data/unsigned, signed: signed}
events: {file: events.jsonl, webhook: "http://127.0.0.1:9000/events"}
audit: {file: cloudtrail.jsonl}
faults:
  - {operation: GetRevocationStatus, error: ThrottlingException, rate: 0.2}
  - {operation: "*", delay: 200ms, rate: 0.1, seed: 3}
  - {operation: SignPayload, cut: true, rate: 0.01}
  - {operation: SignPayload, cut: answer, delay: 1s}
tls: {certificate: c.pem, key: k.pem}
console: {enabled: false}
monitoring: {remote: true}
"#,
    );
    assert!(config.quotas.enabled);
    assert_eq!(["StartSigningJob", "SignPayload", "TagResource"].map(|name| quota(&config, name)), [7, 100, 30]);
    assert_eq!(config.buckets["unsigned"], Path::new("/data/unsigned"));
    assert_eq!(config.buckets["signed"], Path::new("/srv/signed"));
    assert_eq!(config.events.file.as_deref(), Some(Path::new("/srv/events.jsonl")));
    assert_eq!(config.events.webhook.unwrap().as_str(), "http://127.0.0.1:9000/events");
    assert_eq!(config.audit.as_deref(), Some(Path::new("/srv/cloudtrail.jsonl")));
    let outcomes: Vec<_> = config.faults.iter().map(|rule| (rule.operation, rule.rate, rule.outcome)).collect();
    let throttling = faults::InjectedError::of(None, "ThrottlingException").unwrap();
    assert_eq!(
        outcomes,
        [
            (Some("GetRevocationStatus"), 0.2, Some(faults::Outcome::Error(throttling))),
            (None, 0.1, None),
            (Some("SignPayload"), 0.01, Some(faults::Outcome::Cut)),
            (Some("SignPayload"), 1.0, Some(faults::Outcome::CutAnswer)),
        ]
    );
    assert_eq!(config.faults[1].delay.as_millis(), 200);
    assert_eq!(config.faults[1].seed, Some(3));
    assert_eq!(config.tls.unwrap().key, Path::new("/srv/k.pem"));
    assert!(!config.console.enabled && config.monitoring.remote);
}

#[test]
fn a_file_with_only_a_version_has_the_defaults() {
    let config = parsed("version: 1");
    assert_eq!(config, Config::default());
    assert!(!config.quotas.enabled && config.console.enabled && !config.monitoring.remote);
    assert_eq!((quota(&config, "StartSigningJob"), quota(&config, "SignPayload")), (5, 25));
}

#[test]
fn mistakes_are_named_with_line_and_column() {
    for (text, expected) in [
        ("quotas: {enabled: true}", "line 1, column 1: the member \"version\" is missing"),
        ("version: 2", "line 1, column 10: version: expected a whole number from 1 to 1, found the number 2"),
        ("version: 1\nquota: {}", "line 2, column 1: unknown member \"quota\"; the members here are version, quotas, "),
        ("version: 1\nquotas: {default: 3}", "line 2, column 9: quotas: the member \"enabled\" is missing"),
        (
            "version: 1\nquotas: {enabled: yes}",
            "line 2, column 19: quotas.enabled: expected true or false, found \"yes\"",
        ),
        (
            "version: 1\nquotas: {enabled: true, default: 0}",
            "line 2, column 34: quotas.default: expected a whole number",
        ),
        (
            "version: 1\nquotas: {enabled: true, SignPayloads: 1}",
            "line 2, column 25: quotas.SignPayloads: unknown member",
        ),
        ("version: 1\nbuckets: {Unsigned: /a}", "line 2, column 11: buckets.Unsigned: invalid name of a bucket"),
        (
            "version: 1\nbuckets: {unsigned: 7}",
            "line 2, column 21: buckets.unsigned: expected text, found the number 7",
        ),
        ("version: 1\nevents: {}", "line 2, column 9: events: expected file, webhook or both"),
        ("version: 1\nevents: {webhook: 'ftp://a/b'}", "line 2, column 19: events.webhook: expected a URL"),
        ("version: 1\naudit: cloudtrail.jsonl", "line 2, column 8: audit: expected members"),
        ("version: 1\nfaults: [{error: ThrottlingException}]", "faults[0]: the member \"operation\" is missing"),
        (
            "version: 1\nfaults: [{operation: Sign, delay: 1s}]",
            "line 2, column 22: faults[0].operation: expected an operation",
        ),
        ("version: 1\nfaults: [{operation: SignPayload}]", "faults[0]: expected error, delay or cut"),
        (
            "version: 1\nfaults: [{operation: SignPayload, cut: false}]",
            "line 2, column 40: faults[0].cut: expected one of",
        ),
        (
            "version: 1\nfaults: [{operation: SignPayload, cut: true, error: ThrottlingException}]",
            "error and cut exclude each other",
        ),
        (
            "version: 1\nfaults: [{operation: SignPayload, error: ConflictException}]",
            "line 2, column 42: faults[0].error: SignPayload does not answer this error; use one of ",
        ),
        (
            "version: 1\nfaults: [{operation: '*', delay: 1s, rate: 1.5}]",
            "faults[0].rate: expected a number from 0 to 1",
        ),
        ("version: 1\ntls: {certificate: c.pem}", "line 2, column 6: tls: the member \"key\" is missing"),
        ("version: 1\nconsole: {enabled: true, port: 1}", "line 2, column 26: console: unknown member \"port\""),
    ] {
        let problem = refused(text);
        assert!(problem.contains(expected), "{text}\n  {problem}\n  {expected}");
    }
}

#[test]
fn errors_do_not_repeat_a_webhook_which_may_contain_a_secret() {
    for url in ["http://user:hunter2@[/", "ftp://user:hunter2@a/", "user:hunter2"] {
        let problem = refused(&format!("version: 1\nevents: {{webhook: {url:?}}}"));
        assert!(problem.contains("expected a URL") && !problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn a_directory_without_a_file_has_the_defaults_and_other_files_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ConfigSource::Directory.load(folder.path()).unwrap(), Config::default());
    assert!(ConfigSource::File(folder.path().join("missing.yaml")).load(folder.path()).is_err());
    let path = folder.path().join(FILE_NAME);
    std::fs::write(&path, "version: 1\naudit: {file: a.jsonl}\nx: 1").unwrap();
    let problem = ConfigSource::Directory.load(folder.path()).unwrap_err().to_string();
    assert!(problem.starts_with(&format!("{}, line 3, column 1: unknown member \"x\"", path.display())), "{problem}");
    std::fs::write(&path, "version: 1\naudit: {file: a.jsonl}").unwrap();
    let config = ConfigSource::Directory.load(folder.path()).unwrap();
    assert_eq!(config.audit.unwrap(), folder.path().join("a.jsonl"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(ConfigSource::Directory.load(folder.path()), Err(ConfigError::File(_))));
}
