#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use limits::Deadline;
use notary::Digest;
use notation::revocation::BoxFuture;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::scripted::{Confused, Scripted, answer_with, decisions};
use super::super::{Answer, Decide, Incoming, Services, Settings};
use super::{ReviewTokens, TokenError, TokenReview, check_images};
use crate::decision::{ImageDecision, Outcome, PullIdentity, Verdict};

/// Knows the tokens `good` and `other`, and has no answer for `down`.
#[derive(Debug)]
struct Tokens;

impl ReviewTokens for Tokens {
    fn review<'a>(&'a self, token: &'a str, _: Deadline) -> BoxFuture<'a, Result<String, TokenError>> {
        Box::pin(async move {
            match token {
                "good" => Ok("system:serviceaccount:kyverno:kyverno-admission-controller".to_owned()),
                "other" => Err(TokenError::NotAllowed("system:serviceaccount:shop:default".to_owned())),
                "down" => Err(TokenError::Unavailable("the API server does not answer".to_owned())),
                _ => Err(TokenError::Invalid),
            }
        })
    }
}

async fn run_as<D: Decide>(decider: &D, tokens: TokenReview, token: Option<&str>, body: &str) -> Answer {
    let services = Services { tokens, ..Services::default() };
    answer_with(
        |decider: &D, settings: Settings<'_>, incoming: Incoming| check_images(decider, settings, incoming),
        decider,
        services,
        token,
        body,
    )
    .await
}

async fn run<D: Decide>(decider: &D, body: &Value) -> Answer {
    run_as(decider, TokenReview::Off, None, &body.to_string()).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// An image as Kyverno's variable `images` has it.
fn image(name: &str, index: usize) -> Value {
    json!({
        "registry": "registry.example.com",
        "path": name,
        "name": name,
        "tag": "1",
        "reference": format!("registry.example.com/{name}:1"),
        "referenceWithTag": format!("registry.example.com/{name}:1"),
        "jsonPointer": format!("/spec/containers/{index}/image"),
    })
}

fn request(names: &[&str]) -> Value {
    let containers: serde_json::Map<String, Value> =
        names.iter().enumerate().map(|(index, name)| (format!("c{index}"), image(name, index))).collect();
    json!({ "images": { "containers": containers } })
}

#[tokio::test]
async fn verified_images_are_answered_with_a_patch() {
    let mut body = request(&["verified", "exempt", "refused-warned"]);
    body["images"]["initContainers"] = json!({"init": {
        "registry": "docker.io", "path": "verified-init", "digest": Digest::sha256(b"x").to_string(),
        "jsonPointer": "/spec/initContainers/0/image",
    }});
    body["metadata"] = json!("");
    body["attestations"] = json!([]);
    let decider = Scripted::by_name();
    let answer = run(&decider, &body).await;
    assert_eq!((answer.status, answer.content_type), (200, "application/json"), "{}", text(&answer));
    let value: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(value["verified"], true);
    assert!(
        value["message"].as_str().unwrap().starts_with("warning: registry.example.com/refused-warned:1"),
        "{value}"
    );
    let digest = |name: &str| Digest::sha256(name.as_bytes()).to_string();
    let init = format!("verified-init@{}", digest("x"));
    assert_eq!(
        value["results"],
        json!([
            {"op": "replace", "path": "/spec/containers/0/image",
             "value": format!("registry.example.com/verified@{}", digest("verified:1"))},
            {"op": "replace", "path": "/spec/initContainers/0/image",
             "value": format!("docker.io/verified-init@{}", digest(&init))},
        ])
    );
    let question = decider.questions().remove(0);
    assert_eq!((question.namespace, question.pull), (None, PullIdentity::default()));
    assert_eq!(question.images[3], format!("docker.io/{init}"));
    assert_eq!(*decider.policies.lock().unwrap(), ["default"]);
    let record = answer.record.unwrap();
    assert_eq!((record.adapter, record.verdict), ("kyverno", Verdict::Allowed));
}

#[tokio::test]
async fn each_failed_image_is_named() {
    let names: Vec<String> = (0..30).map(|number| format!("refused{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let answer = run(&Scripted::by_name(), &request(&names)).await;
    assert_eq!((answer.status, answer.content_type), (406, "text/plain; charset=utf-8"));
    let text = text(&answer);
    for (index, name) in names.iter().enumerate() {
        assert!(text.contains(&format!("registry.example.com/{name}:1")), "{text}");
        assert!(text.contains(&format!("(container c{index})")), "{text}");
    }
    assert!(text.starts_with("30 images failed verification:\n") && text.contains("the reason of the test"), "{text}");

    let answer = run(&Scripted::by_name(), &request(&["undetermined", "verified"])).await;
    assert_eq!(answer.status, 503);
    assert!(self::text(&answer).starts_with("1 image failed verification:\n- registry.example.com/undetermined:1"));
    let answer = run(&Scripted::by_name(), &request(&["undetermined", "refused"])).await;
    assert_eq!(answer.status, 406);
    assert!(self::text(&answer).contains("/undetermined:1"));
}

#[tokio::test]
async fn a_trust_policy_names_a_policy_and_one_that_does_not_exist_is_refused() {
    for (name, status) in [("release", 200), ("", 200), ("nosuch\u{1b}", 406)] {
        let decider = Scripted::by_name();
        let mut body = request(&["verified"]);
        body["trustPolicy"] = name.into();
        let answer = run(&decider, &body).await;
        assert_eq!(answer.status, status, "{name:?}");
        let expected = if name.is_empty() { "default" } else { name };
        assert_eq!(*decider.policies.lock().unwrap(), [expected]);
        if status == 406 {
            assert!(text(&answer).contains("does not exist") && !text(&answer).contains('\u{1b}'), "{}", text(&answer));
            assert!(decider.questions().is_empty());
        }
    }
}

#[tokio::test]
async fn what_the_request_says_beside_the_images_opens_nothing() {
    for (member, value) in [
        ("metadata", json!("{\"registry.example.com/refused:1\": true}")),
        ("insecure", json!(true)),
        ("imageReferences", json!(["*"])),
        ("imageReferences", json!([])),
        ("imageReferences", json!(["registry.example.com/refused"])),
    ] {
        let mut body = request(&["refused"]);
        body[member] = value;
        assert_eq!(run(&Scripted::by_name(), &body).await.status, 406, "{body}");
    }
    let mut body = request(&["verified"]);
    body["attestations"] = json!([{"imageReference": "*", "type": [{"name": "sbom/example"}]}]);
    let decider = Scripted::by_name();
    let answer = run(&decider, &body).await;
    assert_eq!(answer.status, 406);
    assert!(text(&answer).contains("attestations are not supported") && decider.questions().is_empty());
}

#[tokio::test]
async fn image_references_select_the_images() {
    let mut body = request(&["verified", "refused"]);
    body["imageReferences"] = json!(["registry.example.com/veri*"]);
    let decider = Scripted::by_name();
    let answer = run(&decider, &body).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert_eq!(decider.questions()[0].images, ["registry.example.com/verified:1"]);
}

#[tokio::test]
async fn callers_are_known_by_their_token() {
    let body = request(&["verified"]).to_string();
    for (token, status) in
        [(Some("good"), 200), (None, 401), (Some("bad"), 401), (Some("other"), 403), (Some("down"), 503)]
    {
        let decider = Scripted::by_name();
        let answer = run_as(&decider, TokenReview::On(Arc::new(Tokens)), token, &body).await;
        assert_eq!(answer.status, status, "{token:?}");
        assert_eq!(decider.questions().is_empty(), status != 200);
        if let Some(token) = token.filter(|_| status != 200) {
            assert!(!text(&answer).contains(&format!(" {token} ")), "{}", text(&answer));
        }
        if status == 200 {
            let user = answer.record.unwrap().user.unwrap();
            assert_eq!(user, "system:serviceaccount:kyverno:kyverno-admission-controller");
        }
    }
    // Without access to Kubernetes, no caller is served, whatever it sends.
    assert_eq!(run_as(&Scripted::by_name(), TokenReview::Missing, Some("good"), &body).await.status, 503);
    // Strangers learn nothing about their requests.
    let answer = run_as(&Scripted::by_name(), TokenReview::On(Arc::new(Tokens)), None, "{").await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn malformed_requests_are_answered_with_a_sentence() {
    let with = |pointer: &str, value: Value| {
        let mut body = request(&["verified"]);
        *body.pointer_mut(pointer).expect(pointer) = value;
        body.to_string()
    };
    let good = request(&["verified"]).to_string();
    for (body, expected) in [
        ("".to_owned(), "not acceptable JSON"),
        ("[]".to_owned(), "the document is an array"),
        ("{}".to_owned(), "images is missing"),
        (json!({"images": {}}).to_string(), "an image in images.containers"),
        (json!({"images": {"containers": {}}}).to_string(), "an image in images.containers"),
        (json!({"images": "{{images}}"}).to_string(), "images is a string"),
        (with("/images/containers", json!([])), "images.containers is an array"),
        (with("/images/containers/c0", json!("verified")), "images.containers.c0 is a string"),
        (with("/images/containers/c0/path", json!(1)), "images.containers.c0.path is a number"),
        (with("/images/containers/c0/jsonPointer", json!(null)), "jsonPointer is missing"),
        (with("/images/containers/c0/jsonPointer", json!("spec")), "expected a JSON pointer"),
        (good.replacen('{', "{\"trustPolicy\": 1, ", 1), "trustPolicy is a number"),
        (good.replacen('{', "{\"imageReferences\": \"*\", ", 1), "imageReferences is a string"),
        (good.replacen('{', "{\"attestation\": [], ", 1), "attestation is not known"),
        (good.replacen('{', "{\"images\": {}, ", 1), "twice"),
        (good.replacen('{', "{\"attestations\": {}, ", 1), "attestations is an object"),
    ] {
        let decider = Scripted::by_name();
        let answer = run_as(&decider, TokenReview::Off, None, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(text(&answer).contains(expected), "{}", text(&answer));
        assert!(answer.record.is_none() && decider.questions().is_empty());
    }
}

#[tokio::test]
async fn a_request_has_at_most_as_many_images_as_permitted() {
    let names: Vec<String> = (0..513).map(|number| format!("verified{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(run(&Scripted::by_name(), &request(&names[..512])).await.status, 200);
    let answer = run(&Scripted::by_name(), &request(&names)).await;
    assert_eq!(answer.status, 400);
    assert!(text(&answer).contains("images has more than 512 values, the limit of server.limits.images"));
}

#[tokio::test]
async fn a_decision_about_other_images_is_an_internal_error() {
    for confused in Confused::all() {
        assert_eq!(run(&confused, &request(&["verified"])).await.status, 500);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_refused_or_undetermined_image_is_ever_answered_with_200(decisions in prop::collection::vec(decisions(), 1..8)) {
        let names: Vec<String> = (0..decisions.len()).map(|index| format!("image{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let allowed = decisions.iter().all(|decision| decision.outcome.is_good() || !decision.is_enforced);
        let has_digests = decisions.iter().all(|d| d.outcome != Outcome::Verified || d.digest.is_some());
        let decider = Scripted::new(move |_, image| {
            let index: usize = image.trim_start_matches("registry.example.com/image").trim_end_matches(":1").parse().unwrap();
            ImageDecision { image: image.to_owned(), ..decisions[index].clone() }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answer = runtime.block_on(run(&decider, &request(&names)));
        prop_assert_eq!(answer.status == 200, allowed && has_digests);
    }
}
