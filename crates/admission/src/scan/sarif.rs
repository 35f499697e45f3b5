//! Findings as SARIF 2.1.0 (OASIS), which code scanning and security dashboards import.

use serde_json::{Value, json};

use super::Finding;
use crate::decision::{Code, Outcome, Verdict};

/// The log of a run: one result for each image that is not verified or exempt.
#[must_use]
pub fn sarif(findings: &[Finding], version: &str) -> Value {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let bad = findings.iter().filter(|finding| !finding.decision.outcome.is_good());
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "notation-aws-signer",
                "semanticVersion": version,
                "rules": rules,
            }},
            "results": bad.map(result).collect::<Vec<Value>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    let text = match code {
        Code::Unsigned => "The image has no signature.",
        Code::Untrusted => "The signer is not trusted, too few have signed, or no rule or policy applies.",
        Code::Revoked => "The signature, its signing profile or a certificate is revoked.",
        Code::Expired => "The signature or a certificate has expired.",
        Code::Integrity => "The signature is malformed, does not verify, or is for another image.",
        Code::NotFound => "The image is not in its registry, or the node reports no digest.",
        Code::Unreachable => "A registry or service could not be reached.",
        Code::Throttled => "A registry or service limits the rate of requests.",
        Code::Quota => "The quota of revocation checks was used up.",
        Code::Deadline => "The time was over.",
        Code::Credentials => "Credentials are missing, wrong, or do not permit it.",
        Code::InvalidReference => "The image is not a valid reference.",
    };
    json!({ "id": code.as_str(), "shortDescription": { "text": text } })
}

fn result(finding: &Finding) -> Value {
    let decision = &finding.decision;
    let code = decision.why.as_ref().map_or("undetermined", |why| why.code.as_str());
    let level = match (decision.outcome, finding.verdict()) {
        (Outcome::Refused, Verdict::Refused) => "error",
        (_, Verdict::Allowed) => "note",
        _ => "warning",
    };
    let place = finding.place();
    json!({
        "ruleId": code,
        "level": level,
        "message": { "text": decision.to_string() },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": format!("kubernetes/{}", escaped(&place)) } },
            "logicalLocations": [{ "fullyQualifiedName": place, "kind": "resource" }],
        }],
        // The same problem in the next run is the same result.
        "partialFingerprints": { "image/v1": format!("{place} {} {code}", notary::text::printable(&decision.image)) },
    })
}

/// The path of a URI.
fn escaped(place: &str) -> String {
    place
        .split('/')
        .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::ImageDecision;
    use crate::frontends::scripted::decision;

    #[test]
    fn each_bad_image_is_a_result_at_its_place() {
        let finding = |outcome, is_enforced| Finding {
            namespace: "shop".to_owned(),
            pod: "web".to_owned(),
            uid: "u".to_owned(),
            container: "app".to_owned(),
            decision: ImageDecision { is_enforced, ..decision("a:1", outcome) },
        };
        let log = sarif(
            &[
                finding(Outcome::Verified, true),
                finding(Outcome::Refused, true),
                finding(Outcome::Refused, false),
                finding(Outcome::Undetermined, true),
            ],
            "2.0.0",
        );
        let results = log["runs"][0]["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let levels: Vec<_> = results.iter().map(|result| result["level"].as_str().unwrap_or_default()).collect();
        assert_eq!(levels, ["error", "note", "warning"]);
        assert_eq!(results[0]["ruleId"], "revoked");
        let location = &results[0]["locations"][0];
        assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "kubernetes/shop/web/app");
        assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "shop/web/app");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(Code::ALL.len()));
    }
}
