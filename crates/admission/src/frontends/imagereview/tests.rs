#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::scripted::{Confused, Scripted, answer, decisions};
use super::super::{Answer, Decide, Incoming, Settings};
use super::review;
use crate::decision::{ImageDecision, PullIdentity, Verdict};

async fn run<D: Decide>(decider: &D, body: &str) -> Answer {
    answer(|decider: &D, settings: Settings<'_>, incoming: Incoming| review(decider, settings, incoming), decider, body)
        .await
}

/// A request as the API server sends it.
fn request(images: &[&str]) -> Value {
    let containers: Vec<Value> = images.iter().map(|image| json!({ "image": image })).collect();
    json!({
        "kind": "ImageReview",
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "metadata": {"creationTimestamp": null},
        "spec": {
            "containers": containers,
            "annotations": {"mycluster.image-policy.k8s.io/ticket-1234": "break-glass"},
            "namespace": "shop",
        },
        "status": {"allowed": false},
    })
}

async fn status_of(images: &[&str]) -> Value {
    let answer = run(&Scripted::by_name(), &request(images).to_string()).await;
    assert_eq!((answer.status, answer.content_type), (200, "application/json"));
    let review: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (&review["kind"], &review["apiVersion"]),
        (&json!("ImageReview"), &json!("imagepolicy.k8s.io/v1alpha1"))
    );
    review["status"].clone()
}

#[tokio::test]
async fn verified_and_exempt_images_are_allowed() {
    let status = status_of(&["verified:1", "exempt:1", "refused-warned:1"]).await;
    assert_eq!((&status["allowed"], status.get("reason")), (&json!(true), None));
    let audit = &status["auditAnnotations"];
    assert_eq!(audit["decision"], "allowed");
    let images = audit["images"].as_str().unwrap();
    assert!(images.contains("verified:1 verified sha256:") && images.contains("refused-warned:1 refused"), "{images}");
}

#[tokio::test]
async fn every_bad_image_is_in_the_reason() {
    let status = status_of(&["refused:1", "verified:1", "undetermined:1"]).await;
    assert_eq!((&status["allowed"], &status["auditAnnotations"]["decision"]), (&json!(false), &json!("refused")));
    let reason = status["reason"].as_str().unwrap();
    for expected in ["refused:1", "undetermined:1", "revocation: the reason of the test", "rule \"rest\""] {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_not_allowed_and_says_so() {
    let status = status_of(&["undetermined:1"]).await;
    assert_eq!((&status["allowed"], &status["auditAnnotations"]["decision"]), (&json!(false), &json!("undetermined")));
    assert!(status["reason"].as_str().unwrap().starts_with("cannot be judged now, try again: "));
}

#[tokio::test]
async fn the_question_has_the_namespace_and_no_secrets() {
    let decider = Scripted::by_name();
    let answer = run(&decider, &request(&["verified:1", "verified:1"]).to_string()).await;
    let question = decider.questions().remove(0);
    assert_eq!((question.namespace.as_deref(), question.images), (Some("shop"), vec!["verified:1".to_owned()]));
    assert_eq!(question.pull, PullIdentity::default());
    let record = answer.record.unwrap();
    assert_eq!(
        (record.adapter, record.verdict, record.namespace.as_deref()),
        ("imagereview", Verdict::Allowed, Some("shop"))
    );
}

#[tokio::test]
async fn annotations_change_nothing() {
    let mut with = request(&["refused:1"]);
    with["spec"]["annotations"] = json!({"x.image-policy.k8s.io/allow": "true", "allowed": "true"});
    with["status"] = json!({"allowed": true});
    let mut without = request(&["refused:1"]);
    without["spec"].as_object_mut().unwrap().remove("annotations");
    without.as_object_mut().unwrap().remove("status");
    let decider = Scripted::by_name();
    let bodies = [run(&decider, &with.to_string()).await.body, run(&decider, &without.to_string()).await.body];
    assert_eq!(bodies[0], bodies[1]);
    assert!(String::from_utf8_lossy(&bodies[0]).contains("\"allowed\":false"));
}

#[tokio::test]
async fn a_pod_without_images_is_allowed_unasked() {
    for spec in [json!({"namespace": "a"}), json!({"containers": []}), json!({"containers": [{"image": ""}, {}]})] {
        let mut request = request(&[]);
        request["spec"] = spec;
        let decider = Scripted::by_name();
        let answer = run(&decider, &request.to_string()).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("\"allowed\":true"));
        assert!(decider.questions().is_empty());
    }
}

#[tokio::test]
async fn malformed_requests_are_answered_with_a_sentence() {
    let with = |pointer: &str, value: Value| {
        let mut request = request(&["verified:1"]);
        *request.pointer_mut(pointer).expect(pointer) = value;
        request.to_string()
    };
    let good = request(&["verified:1"]).to_string();
    for (body, expected) in [
        ("".to_owned(), "the body is not acceptable JSON"),
        ("[]".to_owned(), "the document is an array"),
        (with("/kind", json!("AdmissionReview")), "kind is \"AdmissionReview\"; expected ImageReview"),
        (with("/apiVersion", json!("imagepolicy.k8s.io/v1")), "expected imagepolicy.k8s.io/v1alpha1"),
        (with("/spec", json!(null)), "spec is missing"),
        (with("/spec", json!([])), "spec is an array"),
        (with("/spec/containers", json!({})), "spec.containers is an object"),
        (with("/spec/containers/0", json!("verified:1")), "spec.containers[0] is a string"),
        (with("/spec/containers/0/image", json!(1)), "spec.containers[0].image is a number"),
        (with("/spec/namespace", json!("../x")), "spec.namespace is \"../x\"; expected the name of a namespace"),
        (with("/spec/namespace", json!(1)), "spec.namespace is a number"),
        (good.replace("\"containers\":", "\"containers\":[],\"containers\":"), "twice"),
        (format!("{good} {good}"), "the body is not acceptable JSON"),
        (format!("{}{}", "[".repeat(100), "]".repeat(100)), "nested"),
    ] {
        let decider = Scripted::by_name();
        let answer = run(&decider, &body).await;
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 400, "{body}");
        assert!(text.contains(expected), "{text}");
        assert!(answer.record.is_none() && decider.questions().is_empty());
    }
}

#[tokio::test]
async fn too_many_images_are_refused_unjudged() {
    let images: Vec<String> = (0..513).map(|number| format!("verified:{number}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let status = status_of(&images).await;
    assert_eq!(status["allowed"], false);
    assert!(status["reason"].as_str().unwrap().contains("at most 512 are judged"));
}

#[tokio::test]
async fn a_decision_about_other_images_is_an_internal_error() {
    for confused in Confused::all() {
        assert_eq!(run(&confused, &request(&["verified:1"]).to_string()).await.status, 500);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_refused_or_undetermined_image_is_ever_allowed(decisions in prop::collection::vec(decisions(), 1..8)) {
        let script: Vec<_> = decisions
            .into_iter()
            .enumerate()
            .map(|(index, decision)| ImageDecision { image: format!("{index}{}", decision.image), ..decision })
            .collect();
        let images: Vec<&str> = script.iter().map(|decision| decision.image.as_str()).collect();
        let body = request(&images).to_string();
        let allowed = script.iter().all(|decision| decision.outcome.is_good() || !decision.is_enforced);
        let decider = Scripted::new(move |_, image| {
            script.iter().find(|decision| decision.image == image).expect("it was scripted").clone()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answer = runtime.block_on(run(&decider, &body));
        let review: Value = serde_json::from_slice(&answer.body).expect("an answer");
        prop_assert_eq!(&review["status"]["allowed"], allowed);
        let reason = review["status"]["reason"].as_str().unwrap_or_default();
        prop_assert!(reason.len() < 4500 && reason.is_empty() == allowed);
    }
}
