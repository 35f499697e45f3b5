#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock};

use notary::Digest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::scripted::{Confused, Scripted, answer, decision, decisions};
use super::super::{Answer, Incoming, Settings};
use super::{SCHEMA, verify};
use crate::decision::{Code, ImageDecision, Outcome, PullIdentity, Verdict, Why};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());

/// Whether a value has the form of a definition in the schema.
fn is_valid(definition: &str, value: &Value) -> bool {
    let mut schema = DOCUMENT.clone();
    let schema_members = schema.as_object_mut().unwrap();
    schema_members.remove("oneOf");
    schema_members.insert("$ref".to_owned(), format!("#/$defs/{definition}").into());
    jsonschema::draft202012::new(&schema).unwrap().is_valid(value)
}

async fn run(decider: &Scripted, body: &str) -> Answer {
    answer(
        |decider: &Scripted, settings: Settings<'_>, incoming: Incoming| verify(decider, settings, incoming),
        decider,
        body,
    )
    .await
}

/// The body of an answer, which is valid.
fn body(answer: &Answer) -> Value {
    assert_eq!(answer.content_type, "application/json");
    let value: Value = serde_json::from_slice(&answer.body).unwrap();
    let definition = if answer.status == 200 { "answer" } else { "failure" };
    assert!(is_valid(definition, &value), "{value:#}");
    assert!(jsonschema::draft202012::is_valid(&DOCUMENT, &value), "{value:#}");
    value
}

async fn answer_to(images: &[&str]) -> Value {
    let answer = run(&Scripted::by_name(), &json!({"images": images}).to_string()).await;
    assert_eq!(answer.status, 200);
    body(&answer)
}

#[tokio::test]
async fn images_are_answered_in_their_order_doubles_too() {
    let images = ["refused:1", "exempt:1", "verified:1", "refused:1", "undetermined:1", "refused-warned:1"];
    let digest = |image: &str| Digest::sha256(image.as_bytes()).to_string();
    let refused = json!({
        "image": "refused:1",
        "allowed": false,
        "outcome": "refused",
        "digest": digest("refused:1"),
        "rule": "rest",
        "reason": "revocation: the reason of the test",
        "code": "revoked",
    });
    assert_eq!(
        answer_to(&images).await,
        json!({
            "allowed": false,
            "images": [
                refused,
                {"image": "exempt:1", "allowed": true, "outcome": "exempt", "rule": "rest"},
                {
                    "image": "verified:1",
                    "allowed": true,
                    "outcome": "verified",
                    "digest": digest("verified:1"),
                    "pinned": format!("registry.example.com/verified@{}", digest("verified:1")),
                    "signer": "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release",
                    "rule": "rest",
                },
                refused,
                {
                    "image": "undetermined:1",
                    "allowed": false,
                    "outcome": "undetermined",
                    "digest": digest("undetermined:1"),
                    "rule": "rest",
                    "reason": "revocation: the reason of the test",
                    "code": "throttled",
                },
                {
                    "image": "refused-warned:1",
                    "allowed": true,
                    "outcome": "refused",
                    "digest": digest("refused-warned:1"),
                    "pinned": format!("registry.example.com/refused-warned@{}", digest("refused-warned:1")),
                    "rule": "rest",
                    "reason": "revocation: the reason of the test",
                    "code": "revoked",
                },
            ],
        })
    );
}

#[tokio::test]
async fn all_images_must_be_allowed() {
    assert_eq!(answer_to(&["verified:1", "exempt:1", "refused-audited:1"]).await["allowed"], true);
    assert_eq!(answer_to(&["verified:1", "undetermined:1"]).await["allowed"], false);
    assert_eq!(answer_to(&["refused:1", "verified:1"]).await["allowed"], false);
}

#[tokio::test]
async fn an_image_that_no_rule_matches_has_the_rule_null() {
    let decider = Scripted::new(|_, image| ImageDecision { rule: None, ..decision(image, Outcome::Refused) });
    let answer = body(&run(&decider, r#"{"images": ["a"]}"#).await);
    assert_eq!(answer["images"][0]["rule"], Value::Null);
}

#[tokio::test]
async fn the_question_has_the_namespace_and_no_pull_secrets() {
    for (request, namespace) in [
        (r#"{"images": ["verified:1", "verified:1"], "namespace": "team-a"}"#, Some("team-a")),
        (r#"{"images": ["verified:1", "verified:1"], "namespace": "ecs:cluster"}"#, Some("ecs:cluster")),
        (r#"{"images": ["verified:1", "verified:1"], "namespace": null}"#, None),
        (r#"{"images": ["verified:1", "verified:1"]}"#, None),
    ] {
        assert!(is_valid("request", &serde_json::from_str(request).unwrap()));
        let decider = Scripted::by_name();
        let answer = run(&decider, request).await;
        let record = answer.record.unwrap();
        assert_eq!(
            (record.adapter, record.namespace.as_deref(), record.verdict),
            ("verify", namespace, Verdict::Allowed)
        );
        assert_eq!(record.images.len(), 2);
        let questions = decider.questions();
        let [question] = &questions[..] else { panic!("one question") };
        assert_eq!((question.namespace.as_deref(), &question.pull), (namespace, &PullIdentity::default()));
        assert_eq!(question.images, ["verified:1", "verified:1"]);
    }
}

#[tokio::test]
async fn malformed_requests_are_refused_with_the_member() {
    let long = format!(r#"{{"images": ["a"], "namespace": "{}"}}"#, "n".repeat(254));
    for (request, expected) in [
        ("", "the body is not valid JSON: "),
        ("{", "the body is not valid JSON: "),
        (r#"{"images": ["a"]} x"#, "the body is not valid JSON: "),
        (r#"{"images": ["a"], "images": ["b"]}"#, "the body is not valid JSON: "),
        (r#"{"images": ["a"], "namespace": "a", "namespace": "b"}"#, "the body is not valid JSON: "),
        (r#"{"images": ["a"], "imag\u0065s": ["b"]}"#, "the body is not valid JSON: "),
        ("[]", "the body is an array: expected an object with the member images"),
        (r#"["a"]"#, "the body is an array: expected"),
        (r#""a""#, "the body is a string: expected"),
        ("null", "the body is null: expected"),
        ("{}", "images is missing: expected an array of at least one reference"),
        (r#"{"image": "a"}"#, "unknown member \"image\": expected images and namespace"),
        (r#"{"images": ["a"], "policy": "weak"}"#, "unknown member \"policy\": expected images and namespace"),
        (r#"{"images": ["a"], "Namespace": "a"}"#, "unknown member \"Namespace\": expected"),
        (r#"{"images": "a"}"#, "images is a string: expected an array"),
        (r#"{"images": null}"#, "images is null: expected an array"),
        (r#"{"images": {"0": "a"}}"#, "images is an object: expected an array"),
        (r#"{"images": []}"#, "images is empty: expected an array of at least one reference"),
        (r#"{"images": ["a", 1]}"#, "images[1] is a number: expected a string"),
        (r#"{"images": [null]}"#, "images[0] is null: expected a string"),
        (r#"{"images": ["a"], "namespace": 1}"#, "namespace is a number: expected a string of 1 to 253"),
        (r#"{"images": ["a"], "namespace": ""}"#, "namespace is empty: expected"),
        (r#"{"images": ["a"], "namespace": "a b"}"#, "namespace is malformed: expected"),
        (r#"{"images": ["a"], "namespace": "kube-system\n"}"#, "namespace is malformed: expected"),
        (&long, "namespace is too long: expected"),
    ] {
        let decider = Scripted::by_name();
        let answer = run(&decider, request).await;
        assert_eq!(answer.status, 400, "{request}");
        let error = body(&answer)["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(expected), "{request}: {error}");
        assert!(answer.record.is_none() && decider.questions().is_empty(), "{request}");
        if let Ok(value) = serde_json::from_str(request)
            && !expected.contains("JSON")
        {
            assert!(!is_valid("request", &value), "{request}");
        }
    }
}

#[tokio::test]
async fn a_request_has_at_most_as_many_images_as_permitted() {
    let request = |count| json!({"images": vec!["verified:1"; count]}).to_string();
    assert_eq!(run(&Scripted::by_name(), &request(512)).await.status, 200);
    let answer = run(&Scripted::by_name(), &request(513)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(body(&answer)["error"], "images has 513 references: at most 512 are allowed (server.limits.images)");
}

#[tokio::test]
async fn unknown_members_are_shown_short_and_printable() {
    let request = json!({ "\u{1b}[31m\u{202e}".repeat(10_000): 1 }).to_string();
    let error = body(&run(&Scripted::by_name(), &request).await)["error"].as_str().unwrap().to_owned();
    assert!(error.len() < 2000 && error.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{error}");
}

#[tokio::test]
async fn all_codes_and_outcomes_are_in_the_schema() {
    for code in Code::ALL {
        for outcome in [Outcome::Refused, Outcome::Undetermined] {
            let decider = Scripted::new(move |_, image| {
                let why = Some(Arc::new(Why { code, check: None, message: "no".to_owned() }));
                ImageDecision { why, ..decision(image, outcome) }
            });
            let answer = body(&run(&decider, r#"{"images": ["a"]}"#).await);
            assert_eq!(
                (&answer["images"][0]["code"], &answer["images"][0]["reason"]),
                (&json!(code.as_str()), &json!("no"))
            );
        }
    }
}

#[tokio::test]
async fn a_decision_about_other_images_is_an_internal_error() {
    for decider in Confused::all() {
        let request = r#"{"images": ["a", "b"]}"#;
        let answer = answer(
            |decider: &Confused, settings: Settings<'_>, incoming: Incoming| verify(decider, settings, incoming),
            &decider,
            request,
        )
        .await;
        assert_eq!((answer.status, &answer.record), (500, &None));
        assert!(body(&answer)["error"].as_str().unwrap().starts_with("internal error: "));
    }
}

#[test]
fn the_schema_is_served_and_valid() {
    let answer = super::schema();
    assert_eq!((answer.status, answer.content_type), (200, "application/schema+json"));
    assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap(), *DOCUMENT);
    assert!(jsonschema::meta::is_valid(&DOCUMENT));
    assert!(jsonschema::draft202012::is_valid(&DOCUMENT, &json!({"images": ["nginx"], "namespace": "a"})));
    assert!(!jsonschema::draft202012::is_valid(&DOCUMENT, &json!({"images": []})));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_refused_or_undetermined_image_is_ever_allowed(decisions in prop::collection::vec(decisions(), 1..8)) {
        let script: Vec<_> = decisions
            .into_iter()
            .enumerate()
            .map(|(index, decision)| ImageDecision { image: format!("{index}{}", decision.image), ..decision })
            .collect();
        let request = json!({"images": script.iter().map(|decision| &decision.image).collect::<Vec<_>>()}).to_string();
        let scripted = script.clone();
        let decider = Scripted::new(move |_, image| {
            scripted.iter().find(|decision| decision.image == image).expect("it was scripted").clone()
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let answer = runtime.block_on(run(&decider, &request));
        let body = body(&answer);
        let images = body["images"].as_array().expect("images");
        prop_assert_eq!(images.len(), script.len());
        for (image, decision) in images.iter().zip(&script) {
            prop_assert_eq!(&image["image"], &decision.image);
            prop_assert_eq!(&image["outcome"], decision.outcome.as_str());
            let allowed = decision.outcome.is_good() || !decision.is_enforced;
            prop_assert_eq!(&image["allowed"], allowed);
            prop_assert!(allowed || image.get("pinned").is_none());
        }
        let allowed = script.iter().all(|decision| decision.outcome.is_good() || !decision.is_enforced);
        prop_assert_eq!(&body["allowed"], allowed);
    }
}
