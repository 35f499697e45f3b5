use notary::Digest;
use serde_json::{Value, json};

use super::super::super::scripted::{Scripted, decision};
use super::{ROUTES, Route, items, items_of, request, run};
use crate::decision::{Outcome, PullIdentity, Verdict};

const RELEASE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";

fn digest(name: &str) -> String {
    Digest::sha256(name.as_bytes()).to_string()
}

#[tokio::test]
async fn a_verified_image_succeeds_in_the_form_of_ratify_2() {
    let items = items_of(Route::Verify, &["verified:1"]).await;
    let digest = digest("verified:1");
    let detail = items[0]["value"]["artifactReports"][0]["results"][0]["detail"].as_str().unwrap();
    assert_eq!(
        items,
        [json!({"key": "verified:1", "value": {
            "succeeded": true,
            "artifactReports": [{
                "subject": format!("registry.example.com/verified@{digest}"),
                "artifact": digest,
                "results": [{
                    "verifierName": "notation-aws-signer",
                    "description": format!("verified:1 ({digest}): verified; signer {RELEASE}; rule \"rest\""),
                    "detail": detail,
                }],
            }],
        }})]
    );
    assert_eq!(
        serde_json::from_str::<Value>(detail).unwrap(),
        json!({"outcome": "verified", "digest": digest, "signer": RELEASE, "rule": "rest"})
    );
}

#[tokio::test]
async fn a_refused_image_does_not_succeed_and_has_the_reason_in_the_form_of_ratify_2() {
    let items = items_of(Route::Verify, &["refused:1"]).await;
    let value = &items[0]["value"];
    assert_eq!(value["succeeded"], false);
    let result = &value["artifactReports"][0]["results"][0];
    assert_eq!(result["errorReason"], "revocation: the reason of the test");
    let digest = digest("refused:1");
    assert_eq!(
        result["description"],
        format!("refused:1 ({digest}): refused: revocation: the reason of the test; rule \"rest\"")
    );
    assert_eq!(
        serde_json::from_str::<Value>(result["detail"].as_str().unwrap()).unwrap(),
        json!({"outcome": "refused", "code": "revoked", "check": "revocation", "digest": digest, "rule": "rest"})
    );
}

#[tokio::test]
async fn verdicts_in_the_form_of_ratify_1() {
    let items = items_of(Route::VerifyV1, &["verified:1", "refused:1", "exempt:1"]).await;
    let digest = digest("verified:1");
    let timestamp = items[0]["value"]["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    assert_eq!(
        items[0],
        json!({"key": "verified:1", "value": {
            "version": "0.2.0",
            "isSuccess": true,
            "timestamp": timestamp,
            "verifierReports": [{
                "subject": format!("registry.example.com/verified@{digest}"),
                "isSuccess": true,
                "verifierName": "notation-aws-signer",
                "type": "notation",
                "message": format!("verified:1 ({digest}): verified; signer {RELEASE}; rule \"rest\""),
                "artifactType": "application/vnd.cncf.notary.signature",
                "extensions": {"outcome": "verified", "digest": digest, "signer": RELEASE, "rule": "rest"},
            }],
        }})
    );
    let refused = &items[1]["value"];
    assert_eq!((&refused["isSuccess"], &refused["verifierReports"][0]["isSuccess"]), (&json!(false), &json!(false)));
    assert_eq!(refused["verifierReports"][0]["errorReason"], "revocation: the reason of the test");
    assert_eq!(refused["verifierReports"][0]["extensions"]["code"], "revoked");
    // Templates look for a successful report of the type notation.
    let exempt = &items[2]["value"];
    assert_eq!((&exempt["isSuccess"], &exempt["verifierReports"][0]["isSuccess"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn an_undetermined_image_has_an_error_and_no_value() {
    for route in ROUTES {
        let items = items_of(route, &["undetermined:1"]).await;
        let error = items[0]["error"].as_str().unwrap();
        assert!(error.contains("undetermined: revocation: the reason of the test; rule \"rest\""), "{error}");
        assert_eq!(items[0].as_object().unwrap().len(), 2, "{}", items[0]);
    }
}

#[tokio::test]
async fn an_image_that_only_a_warning_or_an_audit_concerns_succeeds_and_says_so() {
    for (key, text) in [
        ("refused-warned:1", "; allowed, because the rule only warns"),
        ("undetermined-warned:1", "; allowed, because the rule only warns"),
        ("refused-audited:1", "; allowed, because the rule only audits"),
    ] {
        let items = items_of(Route::Verify, &[key]).await;
        assert_eq!(items[0]["value"]["succeeded"], true);
        let result = &items[0]["value"]["artifactReports"][0]["results"][0];
        assert!(result["description"].as_str().unwrap().ends_with(text), "{result}");
        assert_eq!(result["errorReason"], "revocation: the reason of the test");
        let items = items_of(Route::VerifyV1, &[key]).await;
        assert_eq!(items[0]["value"]["isSuccess"], true);
        assert!(items[0]["value"]["verifierReports"][0]["message"].as_str().unwrap().ends_with(text));
    }
}

#[tokio::test]
async fn an_exempt_image_succeeds() {
    let items = items_of(Route::Verify, &["exempt:1"]).await;
    assert_eq!(items[0]["value"]["succeeded"], true);
    let report = &items[0]["value"]["artifactReports"][0];
    assert_eq!((&report["subject"], &report["artifact"]), (&json!("exempt:1"), &json!("")));
    assert_eq!(report["results"][0]["description"], "exempt:1: exempt; rule \"rest\"");
}

#[tokio::test]
async fn mutate_pins_verified_images_only() {
    let keys = ["verified:1", "[team-a]verified:2", "exempt:1", "refused-warned:1", "refused:1", "undetermined:1"];
    for route in [Route::Mutate, Route::MutateV1] {
        let items = items_of(route, &keys).await;
        let pinned = format!("registry.example.com/verified@{}", digest("verified:1"));
        assert_eq!(items[0], json!({"key": "verified:1", "value": pinned}));
        let pinned = format!("registry.example.com/verified@{}", digest("verified:2"));
        assert_eq!(items[1], json!({"key": "[team-a]verified:2", "value": pinned}));
        assert_eq!(items[2], json!({"key": "exempt:1", "value": "exempt:1"}));
        assert_eq!(items[3], json!({"key": "refused-warned:1", "value": "refused-warned:1"}));
        assert!(items[4]["error"].as_str().unwrap().contains("refused: revocation: the reason of the test"));
        assert!(items[5]["error"].as_str().unwrap().contains("undetermined: revocation"));
    }
}

#[tokio::test]
async fn items_are_in_the_order_of_the_keys_one_each_doubles_too() {
    let keys =
        ["refused:2", "[b]verified:1", "verified:1", "refused:2", "[a]verified:1", "undetermined:1", "verified:1"];
    for route in ROUTES {
        let items = items_of(route, &keys).await;
        assert_eq!(items.iter().map(|item| item["key"].as_str().unwrap()).collect::<Vec<_>>(), keys);
        assert_eq!((&items[0], &items[2]), (&items[3], &items[6]));
    }
}

#[tokio::test]
async fn each_namespace_is_asked_about_its_images_with_no_pull_secrets() {
    let decider = Scripted::by_name();
    let keys = ["[b]verified:1", "verified:2", "[a]verified:3", "[b]verified:4", "[]verified:5", "[b]verified:1"];
    let answer = run(Route::Verify, &decider, &request(&keys)).await;
    assert_eq!(items(&answer).len(), 6);
    let mut asked = decider.questions();
    asked.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    let asked: Vec<_> = asked.iter().map(|question| (question.namespace.as_deref(), &question.images[..])).collect();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        asked,
        [
            (None, &texts(&["verified:2", "verified:5"])[..]),
            (Some("a"), &texts(&["verified:3"])[..]),
            (Some("b"), &texts(&["verified:1", "verified:4", "verified:1"])[..]),
        ]
    );
    assert!(decider.questions().iter().all(|question| question.pull == PullIdentity::default()));
}

#[tokio::test]
async fn the_same_image_is_judged_in_the_namespace_of_its_key() {
    let decider = Scripted::new(|question, image| {
        let is_trusted = question.namespace.as_deref() == Some("trusting");
        decision(image, if is_trusted { Outcome::Exempt } else { Outcome::Refused })
    });
    let keys = ["app:1", "[trusting]app:1", "[other]app:1", "[trusting]app:1"];
    let items = items(&run(Route::Verify, &decider, &request(&keys)).await);
    let succeeded: Vec<_> = items.iter().map(|item| item["value"]["succeeded"].as_bool().unwrap()).collect();
    assert_eq!(succeeded, [false, true, false, true]);
}

#[tokio::test]
async fn the_log_has_the_decisions_in_the_order_of_the_keys() {
    let record = async |keys: &[&str]| run(Route::Verify, &Scripted::by_name(), &request(keys)).await.record.unwrap();
    let all = record(&["[b]refused:1", "[a]verified:1", "[b]undetermined:1"]).await;
    assert_eq!((all.adapter, all.verdict, all.namespace), ("gatekeeper", Verdict::Refused, None));
    let images: Vec<_> = all.images.iter().map(|image| image.image.as_str()).collect();
    assert_eq!(images, ["refused:1", "verified:1", "undetermined:1"]);
    let one = record(&["[b]verified:1", "[b]undetermined:1"]).await;
    assert_eq!((one.verdict, one.namespace.as_deref()), (Verdict::Undetermined, Some("b")));
    assert_eq!(record(&["verified:1"]).await.verdict, Verdict::Allowed);
}

#[tokio::test]
async fn a_request_without_keys_has_no_items() {
    for request in ["{}", r#"{"keys": []}"#, r#"{"keys": null}"#] {
        let body = format!(
            r#"{{"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {request}}}"#
        );
        let decider = Scripted::by_name();
        let answer = run(Route::Verify, &decider, &body).await;
        assert!(items(&answer).is_empty() && answer.record.is_none() && decider.questions().is_empty());
    }
}

#[tokio::test]
async fn members_that_a_later_gatekeeper_may_add_are_ignored() {
    let body = r#"{"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "new": {"x": [1]},
        "request": {"keys": ["verified:1"], "newer": null}}"#;
    assert_eq!(items(&run(Route::Verify, &Scripted::by_name(), body).await).len(), 1);
}
