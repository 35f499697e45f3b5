//! The metrics as Prometheus's own checker sees them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Admission, PLAIN, Site};

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
