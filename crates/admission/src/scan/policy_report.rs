//! Findings as reports in the cluster: PolicyReport of `wgpolicyk8s.io/v1alpha2`, and Report of
//! `openreports.io/v1alpha1`, which has the same members.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::Finding;
use crate::cluster::Dialect;
use crate::decision::{Outcome, Verdict};

/// The name of the report in each namespace, and the source of its results.
pub const NAME: &str = "notation-aws-signer";
/// The most results of a report: objects have at most 1.5 MiB.
const MAX_RESULTS: usize = 1000;
/// The most bytes of the results: some 1,000 with the longest messages would be too many.
const MAX_BYTES: usize = 1024 * 1024;
/// The longest message of a result, and the longest image, in bytes.
const MAX_MESSAGE: usize = 1024;

/// A report for each namespace, as a list that `kubectl apply` takes.
#[must_use]
pub fn reports(findings: &[Finding], dialect: Dialect, now: SystemTime) -> Value {
    let mut items = Vec::new();
    for findings in findings.chunk_by(|one, other| one.namespace == other.namespace) {
        items.push(report(findings, dialect, now));
    }
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

/// The report of a namespace. All findings are of this namespace; those that are not good come first, and the summary
/// counts all.
#[must_use]
pub fn report(findings: &[Finding], dialect: Dialect, now: SystemTime) -> Value {
    let namespace = findings.first().map(|finding| finding.namespace.as_str()).unwrap_or_default();
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (std::cmp::Reverse(finding.verdict()), finding.decision.outcome.is_good()));
    let count = |name: &str| findings.iter().filter(|finding| result(finding) == name).count();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let mut bytes = 0;
    let mut has_room = |entry: &Value| {
        bytes += entry.to_string().len();
        bytes <= MAX_BYTES
    };
    let entries = sorted.into_iter().take(MAX_RESULTS).map(|finding| entry(finding, seconds));
    let results: Vec<Value> = entries.take_while(|entry| has_room(entry)).collect();
    json!({
        "apiVersion": dialect.api_version(),
        "kind": dialect.kind(),
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": { "app.kubernetes.io/managed-by": NAME },
        },
        "summary": {
            "pass": count("pass"),
            "fail": count("fail"),
            "warn": count("warn"),
            "error": count("error"),
            "skip": count("skip"),
        },
        "results": results,
    })
}

/// The result in the words of reports.
fn result(finding: &Finding) -> &'static str {
    match (finding.decision.outcome, finding.verdict()) {
        (Outcome::Verified, _) => "pass",
        (Outcome::Exempt, _) => "skip",
        (Outcome::Refused, Verdict::Allowed) => "warn",
        (Outcome::Refused, _) => "fail",
        (Outcome::Undetermined, _) => "error",
    }
}

fn entry(finding: &Finding, seconds: u64) -> Value {
    let decision = &finding.decision;
    let short = |mut text: String| {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text
    };
    let image = short(super::printable(&decision.image));
    let mut properties = json!({ "container": finding.container, "image": image });
    if let Some(signer) = &decision.signer {
        properties["signer"] = json!(&**signer);
    }
    if let Some(why) = &decision.why {
        properties["code"] = json!(why.code.as_str());
    }
    let mut entry = json!({
        "source": NAME,
        "policy": "image-signatures",
        "category": "Image signatures",
        "result": result(finding),
        "scored": true,
        "timestamp": { "seconds": seconds, "nanos": 0 },
        "message": short(decision.to_string()),
        "resources": [{
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": finding.namespace,
            "name": finding.pod,
            "uid": finding.uid,
        }],
        "properties": properties,
    });
    if let Some(rule) = &decision.rule {
        entry["rule"] = json!(&**rule);
    }
    if !decision.outcome.is_good() {
        entry["severity"] = json!(if decision.outcome == Outcome::Refused { "high" } else { "medium" });
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontends::scripted::decision;

    fn finding(namespace: &str, pod: &str, outcome: Outcome, is_enforced: bool) -> Finding {
        Finding {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            uid: "u".to_owned(),
            container: "app".to_owned(),
            decision: crate::decision::ImageDecision { is_enforced, ..decision("a:1", outcome) },
        }
    }

    #[test]
    fn each_namespace_has_a_report_with_the_worst_first() {
        let findings = [
            finding("a", "1", Outcome::Verified, true),
            finding("a", "2", Outcome::Refused, true),
            finding("a", "3", Outcome::Refused, false),
            finding("a", "4", Outcome::Undetermined, true),
            finding("b", "1", Outcome::Exempt, true),
        ];
        let list = reports(&findings, Dialect::PolicyReport, SystemTime::UNIX_EPOCH);
        let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(items.len(), 2);
        let report = &items[0];
        assert_eq!(
            (&report["apiVersion"], &report["kind"]),
            (&json!("wgpolicyk8s.io/v1alpha2"), &json!("PolicyReport"))
        );
        assert_eq!(report["summary"], json!({"pass": 1, "fail": 1, "warn": 1, "error": 1, "skip": 0}));
        let results: Vec<_> =
            report["results"].as_array().into_iter().flatten().map(|result| &result["result"]).collect();
        assert_eq!(results, ["fail", "error", "warn", "pass"]);
        assert_eq!(report["results"][0]["resources"][0]["name"], "2");
        assert_eq!(report["results"][0]["properties"]["code"], "revoked");
        let open = super::report(&findings[4..], Dialect::OpenReports, SystemTime::UNIX_EPOCH);
        assert_eq!((&open["kind"], &open["summary"]["skip"]), (&json!("Report"), &json!(1)));
    }

    #[test]
    fn a_report_is_bounded_and_counts_all() {
        let findings: Vec<_> =
            (0..3000).map(|number| finding("a", &number.to_string(), Outcome::Refused, true)).collect();
        let report = report(&findings, Dialect::PolicyReport, SystemTime::UNIX_EPOCH);
        assert_eq!(
            (report["results"].as_array().map(Vec::len), &report["summary"]["fail"]),
            (Some(MAX_RESULTS), &json!(3000))
        );
        assert!(report.to_string().len() < 1_500_000);
    }

    #[test]
    fn long_images_do_not_make_a_report_too_large() {
        let long = |number: usize| {
            let mut finding = finding("a", &number.to_string(), Outcome::Refused, true);
            finding.decision.image = "a".repeat(if number == 0 { 2_000_000 } else { 2000 });
            finding
        };
        let findings: Vec<_> = (0..1000).map(long).collect();
        let report = report(&findings, Dialect::PolicyReport, SystemTime::UNIX_EPOCH);
        let length = report.to_string().len();
        assert!((1_000_000..1_100_000).contains(&length), "{length}");
        assert_eq!(report["summary"]["fail"], 1000);
    }
}
