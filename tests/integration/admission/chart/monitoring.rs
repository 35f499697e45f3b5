//! Alerts and the dashboard: Prometheus accepts the expressions, and the service has the metrics.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string, write};
use std::process::Command;

use serde_json::{Value, json};

use super::{Helm, NAMESPACE, chart, value_file};
use crate::admission::examples::of_kind;
use crate::support::programs;

const ALERTS: [&str; 11] = [
    "AdmissionRevokedImageRuns",
    "AdmissionRevokedImageRefused",
    "AdmissionImagesUndetermined",
    "AdmissionQuota",
    "AdmissionStale",
    "AdmissionSharedCacheDown",
    "AdmissionSharedCacheForged",
    "AdmissionCertificateExpires",
    "AdmissionConfigurationRejected",
    "AdmissionOverload",
    "AdmissionDown",
];

/// The names of the service's metrics in an expression, without what Prometheus adds for kinds of metrics.
fn names(expression: &str) -> Vec<String> {
    let starts = expression.match_indices("notation_admission_").map(|(start, _)| &expression[start..]);
    let is_part = |character: char| character.is_ascii_lowercase() || character == '_';
    let names = starts.map(|text| text.split(|character| !is_part(character)).next().unwrap());
    let suffixes = ["_total", "_bucket", "_info"];
    names.map(|name| suffixes.iter().fold(name, |name, suffix| name.trim_end_matches(suffix)).to_owned()).collect()
}

/// The text of all sources that define metrics.
fn sources() -> String {
    let folder = programs::source_tree().join("crates/admission/src/metrics");
    read_dir(folder).unwrap().map(|entry| read_to_string(entry.unwrap().path()).unwrap()).collect()
}

fn expressions_of_dashboard(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs helm and promtool: scripts/test"]
fn prometheus_accepts_the_alerts() {
    let helm = Helm::new();
    let manifests = helm.render(&value_file("cert-manager-values.yaml"), &[]);
    let spec = &of_kind(&manifests, "PrometheusRule")["spec"];
    let rules = spec["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect::<Vec<_>>(), ALERTS);
    let sources = sources();
    let mut found = BTreeSet::new();
    for name in rules.iter().flat_map(|rule| names(rule["expr"].as_str().unwrap())) {
        assert!(sources.contains(&format!("\"{name}\"")), "{name}");
        found.insert(name);
    }
    assert!(found.len() >= 7, "{found:?}");
    // The expressions of the dashboard, as rules that record them. Grafana replaces the variables.
    let dashboard: Value =
        serde_json::from_str(&read_to_string(chart().join("files/dashboard.json")).unwrap()).unwrap();
    let recorded = expressions_of_dashboard(&dashboard).into_iter().enumerate().map(|(number, expression)| {
        let expression = expression.replace("$__rate_interval", "5m");
        json!({ "record": format!("expression_{number}"), "expr": expression })
    });
    let recorded = json!({ "groups": [{ "name": "dashboard", "rules": recorded.collect::<Vec<_>>() }] });
    for (name, rules) in [("alerts.yaml", spec), ("dashboard.yaml", &recorded)] {
        write(helm.home.path().join(name), rules.to_string()).unwrap();
        promtool(&helm, &["check", "rules", name]);
    }
    write(helm.home.path().join("test.yaml"), alerts_test().to_string()).unwrap();
    promtool(&helm, &["test", "rules", "test.yaml"]);
}

fn promtool(helm: &Helm, arguments: &[&str]) {
    let checked = Command::new("promtool").args(arguments).current_dir(helm.home.path()).output();
    let checked = checked.expect("promtool starts (Debian: prometheus)");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()));
}

/// Series of ten minutes in which everything goes wrong, nothing does, and no replica answers, and the alerts at the
/// end.
fn alerts_test() -> Value {
    let test = |series: &[(&str, &str, &str)], alerts: &[&str]| {
        let series = series.iter().map(|(name, labels, values)| {
            let target = format!("job=\"notation-admission-metrics\",namespace=\"{NAMESPACE}\",pod=\"a\"");
            json!({ "series": format!("{name}{{{target}{labels}}}"), "values": values })
        });
        let alerts: BTreeSet<_> = alerts.iter().collect();
        let alerts = alerts.iter().map(|name| json!({ "labels": format!("{{alertname=\"{name}\"}}"), "value": 1 }));
        json!({
            "interval": "1m",
            "input_series": series.collect::<Vec<_>>(),
            "promql_expr_test": [{
                "expr": "count by (alertname) (ALERTS{alertstate=\"firing\"})",
                "eval_time": "10m",
                "exp_samples": alerts.collect::<Vec<_>>(),
            }],
        })
    };
    let up = ("up", "", "1x30");
    let runs = ("notation_admission_running_images", ",exported_namespace=\"shop\",outcome=\"refused\"");
    let images = "notation_admission_images_total";
    let verified = (images, ",outcome=\"verified\",reason=\"\",rule=\"rest\"", "0+90x30");
    let expiry = "notation_admission_certificate_expiry_timestamp_seconds";
    let everything = [
        up,
        (runs.0, runs.1, "1x30"),
        verified,
        (images, ",outcome=\"refused\",reason=\"revoked\",rule=\"rest\"", "0 1x30"),
        (images, ",outcome=\"undetermined\",reason=\"quota\",rule=\"rest\"", "0+10x30"),
        ("notation_admission_stale_verdicts_total", "", "0+1x30"),
        ("notation_admission_config_reloads_total", ",result=\"failure\"", "0 1x30"),
        ("notation_admission_shed_requests_total", "", "0+60x30"),
        ("notation_admission_redis_up", "", "0x30"),
        ("notation_admission_redis_rejected_total", ",reason=\"forged\"", "0 1x30"),
        (expiry, "", "86400x30"),
    ];
    let connected = ("notation_admission_redis_up", "", "1x30");
    let nothing = [up, (runs.0, runs.1, "0x30"), verified, connected, (expiry, "", "8640000x30")];
    let tests =
        [test(&everything, &ALERTS[..10]), test(&nothing, &[]), test(&[("up", "", "0x30")], &["AdmissionDown"])];
    json!({ "rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": tests })
}

#[test]
fn the_dashboard_shows_metrics_that_the_service_has() {
    let text = read_to_string(chart().join("files/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let sources = sources();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(["timeseries", "stat"].contains(&panel["type"].as_str().unwrap()), "{panel}");
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{panel}");
        // The user chooses the data source.
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
    }
    let mut shown = BTreeSet::new();
    for expression in expressions_of_dashboard(&dashboard) {
        for name in names(&expression) {
            assert!(sources.contains(&format!("\"{name}\"")), "{name} in {expression}");
            shown.insert(name);
        }
    }
    // Most of what the service measures is shown.
    assert!(shown.len() >= 15, "{shown:?}");
}
