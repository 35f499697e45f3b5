//! The metrics as Prometheus and its own checker see them.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::commands::eventually;
use super::{Admission, PLAIN, Site, address};
use crate::support::http;
use crate::support::process::{Running, free_port};

#[test]
#[ignore = "needs olareg and promtool: scripts/test"]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let service = Admission::start(&site, &site.config("", PLAIN), &[]);
    for _ in 0..2 {
        service.verify(&[&signed, &unsigned, "localhost:1/app:1", "a/B"], Some("default"));
    }
    let (status, metrics) = service.page("/metrics");
    assert_eq!(status, 200);
    for name in ["images_total", "upstream_requests_total", "cache_requests_total", "request_duration_seconds_bucket"] {
        assert!(metrics.contains(&format!("\nnotation_admission_{name}{{")), "{name}: {metrics}");
    }
    assert_eq!(lint(&metrics), (true, String::new()), "{metrics}");
    // The check can fail.
    let untyped = metrics.replace("# HELP notation_admission_shed_requests_total", "# HELP other_total");
    assert!(!lint(&untyped).0);
}

/// Whether promtool accepts metrics, and what it says.
fn lint(metrics: &str) -> (bool, String) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts (Debian: prometheus)");
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let text = [&said.stdout[..], &said.stderr[..]].concat();
    (said.status.success(), String::from_utf8(text).unwrap())
}

#[test]
#[ignore = "needs olareg and prometheus: scripts/test"]
fn prometheus_reads_the_metrics_of_both_services() {
    let site = Site::start();
    let service = Admission::start(&site, &site.config("", PLAIN), &[]);
    let folder = tempfile::tempdir().unwrap();
    let targets = [("admission", address(&service.operations)), ("signer", address(&site.signer.endpoint))];
    let jobs = targets.map(|(name, target)| {
        json!({ "job_name": name, "scrape_interval": "1s", "static_configs": [{ "targets": [target.to_string()] }] })
    });
    let config = folder.path().join("prometheus.yml");
    std::fs::write(&config, json!({ "scrape_configs": jobs }).to_string()).unwrap();
    let api = format!("127.0.0.1:{}", free_port());
    let _prometheus = Running::start(
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={api}")),
    );
    let api = api.parse().unwrap();
    let mut found = String::new();
    eventually("Prometheus reads both", || {
        // It does not listen at once.
        if TcpStream::connect(api).is_err() {
            return false;
        }
        found = http::send(api, "GET", "/api/v1/targets", "text/plain", b"").body;
        let answer: Value = serde_json::from_str(&found).unwrap_or_default();
        let targets = answer["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        assert!(targets.iter().all(|target| target["lastError"] == ""), "{found}");
        targets.len() == 2 && targets.iter().all(|target| target["health"] == "up")
    });
    let query = "/api/v1/query?query=notation_admission_build_info";
    let answer: Value = serde_json::from_str(&http::send(api, "GET", query, "text/plain", b"").body).unwrap();
    assert_eq!(answer["data"]["result"][0]["metric"]["job"], "admission", "{answer}");
}
