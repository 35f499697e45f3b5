#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::*;
use crate::decision::{Code, ImageDecision, Outcome, Why};
use crate::shared_cache::Rejection;

fn image(outcome: Outcome, code: Option<Code>, rule: Option<&str>) -> Decided {
    Decided::from(ImageDecision {
        image: "registry.example.com/private-name:1".into(),
        outcome,
        is_enforced: true,
        is_warned: false,
        rule: rule.map(Into::into),
        digest: None,
        name: None,
        signer: None,
        why: code.map(|code| Why { code, check: None, message: "a message".into() }.into()),
        is_cached: false,
        is_stale: outcome == Outcome::Verified,
    })
}

/// Metrics in which each kind of series has a value.
fn used() -> Metrics {
    let metrics = Metrics::new("2.0.0", &["system", "rest"]);
    let images =
        [image(Outcome::Verified, None, Some("rest")), image(Outcome::Refused, Some(Code::Unsigned), Some("rest"))];
    metrics.decided(Adapter::Kubernetes, Verdict::Refused, Duration::from_millis(3), &images);
    metrics.malformed(Adapter::Verify, Duration::from_micros(100));
    metrics.shed();
    metrics.stage(Stage::Resolve, Duration::from_millis(7));
    drop(metrics.time_stage(Stage::Verify));
    metrics.cache(CacheName::Tag, CacheResult::Hit);
    metrics.watch_cache(CacheName::Tag, || CacheSize { entries: 3, bytes: 400 });
    metrics.watch_cache(CacheName::Verdict, || CacheSize { entries: 1, bytes: 100 });
    metrics.upstream(Upstream::Registry, Operation::Resolve, ResponseCode::from_status(200), Duration::from_millis(7));
    metrics.upstream(Upstream::Signer, Operation::Revocation, ResponseCode::TIMEOUT, Duration::from_secs(7));
    metrics.quota_wait(Duration::from_millis(20));
    metrics.watch_quota(|| Some(12.5));
    metrics.redis_rejected(Rejection::Moved);
    metrics.redis_failed(RedisFailure::Timeout);
    let before = metrics.redis_client();
    metrics.redis_up(metrics.redis_client(), true);
    // One that is not in force any more.
    metrics.redis_up(before, false);
    metrics.reload(true);
    metrics.reload(false);
    metrics.certificate_expiry(SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_500));
    metrics
}

#[test]
fn writes_the_documented_names() {
    let text = used().encode();
    let names: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .map(|words| (words[0].to_owned(), words[1].to_owned()))
        .filter(|(name, _)| name.starts_with("notation_admission_"))
        .map(|(name, kind)| format!("{} {kind}", name.trim_start_matches("notation_admission_")))
        .collect();
    let expected = [
        "build_info gauge",
        "cache_bytes gauge",
        "cache_entries gauge",
        "cache_requests_total counter",
        "certificate_expiry_timestamp_seconds gauge",
        "config_last_reload_success_timestamp_seconds gauge",
        "config_reloads_total counter",
        "images_total counter",
        "inflight_requests gauge",
        "quota_tokens gauge",
        "quota_wait_seconds histogram",
        "redis_failures_total counter",
        "redis_rejected_total counter",
        "redis_up gauge",
        "request_duration_seconds histogram",
        "requests_total counter",
        "shed_requests_total counter",
        "stale_verdicts_total counter",
        "upstream_request_duration_seconds histogram",
        "upstream_requests_total counter",
        "verification_duration_seconds histogram",
    ];
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn writes_values_and_labels() {
    let metrics = used();
    let in_flight = metrics.in_flight();
    let text = metrics.encode();
    for line in [
        r#"requests_total{adapter="kubernetes",decision="refused"} 1"#,
        r#"requests_total{adapter="kubernetes",decision="allowed"} 0"#,
        r#"requests_total{adapter="verify",decision="malformed"} 1"#,
        r#"request_duration_seconds_bucket{le="0.0025",adapter="kubernetes"} 0"#,
        r#"request_duration_seconds_bucket{le="0.005",adapter="kubernetes"} 1"#,
        r#"request_duration_seconds_bucket{le="+Inf",adapter="kubernetes"} 1"#,
        r#"request_duration_seconds_count{adapter="kubernetes"} 1"#,
        r#"request_duration_seconds_sum{adapter="kubernetes"} 0.003"#,
        r#"images_total{outcome="verified",reason="",rule="rest"} 1"#,
        r#"images_total{outcome="refused",reason="unsigned",rule="rest"} 1"#,
        r#"verification_duration_seconds_count{stage="verify"} 1"#,
        r#"cache_requests_total{cache="tag",result="hit"} 1"#,
        r#"cache_entries{cache="tag"} 3"#,
        "cache_bytes 500",
        r#"upstream_requests_total{upstream="registry",operation="resolve",code="200"} 1"#,
        r#"upstream_requests_total{upstream="signer",operation="revocation",code="timeout"} 1"#,
        r#"upstream_request_duration_seconds_bucket{le="5",upstream="signer"} 0"#,
        "quota_wait_seconds_count 1",
        "quota_tokens 12.5",
        r#"cache_requests_total{cache="redis",result="shared"} 0"#,
        r#"redis_rejected_total{reason="moved"} 1"#,
        r#"redis_rejected_total{reason="forged"} 0"#,
        r#"redis_failures_total{reason="timeout"} 1"#,
        "redis_up 1",
        "inflight_requests 1",
        "shed_requests_total 1",
        "stale_verdicts_total 1",
        r#"config_reloads_total{result="success"} 1"#,
        r#"config_reloads_total{result="failure"} 1"#,
        "certificate_expiry_timestamp_seconds 1900000000.5",
        r#"build_info{version="2.0.0"} 1"#,
    ] {
        let line = format!("notation_admission_{line}");
        assert!(text.lines().any(|found| same(found, &line)), "{line} is missing in\n{text}");
    }
    drop(in_flight);
    assert!(metrics.encode().contains("\nnotation_admission_inflight_requests 0.0\n"));
}

/// Whether two lines are the same sample: the order of labels and the form of a number have no meaning.
fn same(found: &str, expected: &str) -> bool {
    let parts = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels: BTreeSet<_> = labels.trim_end_matches('}').split(',').map(str::to_owned).collect();
        Some((name.to_owned(), labels, value.parse::<f64>().ok()?))
    };
    parts(found).is_some() && parts(found) == parts(expected)
}

#[test]
fn every_metric_has_help_and_no_metric_names_an_image() {
    let text = used().encode();
    assert!(!text.contains("private-name") && !text.contains("# EOF"), "{text}");
    let described: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(described.contains(family) || described.contains(name), "{line}");
        assert!(seen.insert(line.rsplit_once(' ').unwrap().0), "{line} is there twice");
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        assert!(line.ends_with('.') && line.split(' ').count() > 2, "{line}");
    }
}

#[test]
fn text_of_the_configuration_is_escaped() {
    let metrics = Metrics::new("2.0.0", &[]);
    let images = [image(Outcome::Verified, None, Some("a\"b\\c\nd"))];
    metrics.decided(Adapter::Verify, Verdict::Allowed, Duration::ZERO, &images);
    let text = metrics.encode();
    assert!(text.contains(r#"rule="a\"b\\c\nd""#), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_described() {
    let text = used().encode();
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        assert!(value.is_some_and(|value| value.parse::<f64>().is_ok_and(|value| value >= 0.0)), "{name}\n{text}");
    }
}

#[test]
fn numbers_that_are_unknown_are_left_out() {
    let text = Metrics::new("2.0.0", &["a"]).encode();
    for name in ["quota_tokens", "certificate_expiry", "last_reload_success"] {
        assert!(!text.contains(name), "{name}\n{text}");
    }
}
