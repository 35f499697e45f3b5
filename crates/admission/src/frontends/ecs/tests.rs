#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use limits::Deadline;
use notary::Digest;
use notation::revocation::BoxFuture;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::scripted::{Confused, Scripted, answer_with};
use super::super::{Answer, Decide, Incoming, Services, Settings};
use super::{Deployments, Revision, RevisionArn, RevisionError, RevisionImage, lifecycle_hook};
use crate::decision::{PullIdentity, Verdict};

const TARGET: &str = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/2222222222222222222";
const BEFORE: &str = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/1111111111111111111";
const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/// Answers the same for each revision.
#[derive(Debug, Clone)]
struct Answers(Result<Revision, RevisionError>);

impl Deployments for Answers {
    fn revision<'a>(&'a self, _: &'a RevisionArn, _: Deadline) -> BoxFuture<'a, Result<Revision, RevisionError>> {
        Box::pin(async { self.0.clone() })
    }
}

fn services(images: &[(&str, Option<&str>)]) -> Services {
    let images = images.iter().map(|(image, digest)| RevisionImage {
        container: "app".to_owned(),
        image: (*image).to_owned(),
        digest: digest.map(str::to_owned),
    });
    answering(Ok(Revision { cluster: "shop".to_owned(), images: images.collect() }))
}

fn answering(answer: Result<Revision, RevisionError>) -> Services {
    Services { deployments: Some(Arc::new(Answers(answer))), ..Services::default() }
}

/// An event as Amazon ECS sends it.
fn event(stage: &str) -> Value {
    json!({
        "executionId": "a635edb5-a66b-4f44-bf3f-fcee4b3641a5",
        "lifecycleStage": stage,
        "resourceArn": "arn:aws:ecs:us-west-2:111122223333:service-deployment/shop/web/TFX5sH9q9XDboDTOv0rIt",
        "executionDetails": {
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
            "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/shop/web",
            "targetServiceRevisionArn": TARGET,
        },
    })
}

async fn ask<D: Decide>(decider: &D, services: Services, event: &str) -> Answer {
    answer_with(
        |decider: &D, settings: Settings<'_>, incoming: Incoming| lifecycle_hook(decider, settings, incoming),
        decider,
        services,
        None,
        event,
    )
    .await
}

fn body(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.content_type), (200, "application/json"));
    serde_json::from_slice(&answer.body).unwrap()
}

async fn status(services: Services, event: &Value) -> String {
    let answer = ask(&Scripted::by_name(), services, &event.to_string()).await;
    body(&answer)["hookStatus"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_containers_count_and_the_digest_wins() {
    let decider = Scripted::by_name();
    let answer = ask(
        &decider,
        services(&[("verified:1", Some(DIGEST)), ("localhost:5000/verified", Some(DIGEST)), ("verified-tag:1", None)]),
        &event("POST_SCALE_UP").to_string(),
    )
    .await;
    assert_eq!(body(&answer), json!({"hookStatus": "SUCCEEDED"}));
    let question = decider.questions().remove(0);
    assert_eq!(question.namespace.as_deref(), Some("ecs:shop"));
    let expected =
        [format!("verified@{DIGEST}"), format!("localhost:5000/verified@{DIGEST}"), "verified-tag:1".to_owned()];
    assert_eq!((question.images, question.pull), (expected.to_vec(), PullIdentity::default()));
    let record = answer.record.unwrap();
    assert_eq!(
        (record.adapter, record.verdict, record.operation.as_deref()),
        ("ecs", Verdict::Allowed, Some("POST_SCALE_UP"))
    );

    let bad = services(&[("verified:1", None), ("refused:1", Some(DIGEST)), ("undetermined:1", None)]);
    let answer = ask(&decider, bad, &event("PRE_SCALE_UP").to_string()).await;
    assert_eq!(body(&answer), json!({"hookStatus": "FAILED"}));
    assert_eq!(answer.record.unwrap().images.len(), 3);
}

#[tokio::test]
async fn a_digest_that_the_task_definition_has_is_replaced_by_the_one_that_runs() {
    let own = Digest::sha256(b"own");
    let decider = Scripted::by_name();
    ask(&decider, services(&[(&format!("verified:1@{own}"), Some(DIGEST))]), &event("POST_SCALE_UP").to_string()).await;
    assert_eq!(decider.questions()[0].images, [format!("verified@{DIGEST}")]);
}

#[tokio::test]
async fn a_revision_that_is_missing_malformed_or_without_images_fails() {
    let missing = |text: &str| answering(Err(RevisionError::Missing(text.to_owned())));
    for services in [
        missing("MISSING"),
        answering(Err(RevisionError::Answer("another revision".to_owned()))),
        services(&[]),
        services(&[("verified:1", Some("sha256:xyz"))]),
    ] {
        assert_eq!(status(services, &event("PRE_SCALE_UP")).await, "FAILED");
    }
    let many: Vec<_> = (0..513).map(|number| (format!("verified:{number}"), None)).collect();
    let many: Vec<_> = many.iter().map(|(image, digest)| (image.as_str(), *digest)).collect();
    assert_eq!(status(services(&many), &event("PRE_SCALE_UP")).await, "FAILED");
}

#[tokio::test]
async fn what_cannot_be_judged_is_asked_again_for_ten_minutes() {
    for services in
        [services(&[("undetermined:1", None)]), answering(Err(RevisionError::Unavailable("throttled".to_owned())))]
    {
        let mut event = event("PRE_SCALE_UP");
        event["hookDetails"] = json!({"team": "a", "n": 1});
        let answer = body(&ask(&Scripted::by_name(), services.clone(), &event.to_string()).await);
        assert_eq!((&answer["hookStatus"], &answer["callBackDelay"]), (&json!("IN_PROGRESS"), &json!(30)), "{answer}");
        assert_eq!((&answer["hookDetails"]["team"], &answer["hookDetails"]["n"]), (&json!("a"), &json!(1)));
        let since = answer["hookDetails"]["notationSince"].as_str().unwrap();
        let since = OffsetDateTime::parse(since, &Rfc3339).unwrap();

        for (ago, expected) in [(-3600, "IN_PROGRESS"), (0, "IN_PROGRESS"), (595, "IN_PROGRESS"), (605, "FAILED")] {
            event["executionId"] = format!("other {ago}").into();
            let then = (since - time::Duration::seconds(ago)).format(&Rfc3339).unwrap();
            event["hookDetails"]["notationSince"] = then.as_str().into();
            assert_eq!(status(services.clone(), &event).await, expected, "{ago}");
        }
    }
}

#[tokio::test]
async fn hook_details_change_no_verdict() {
    for details in [
        json!({"allowed": true, "hookStatus": "SUCCEEDED", "notationSince": "2020-01-01T00:00:00Z"}),
        json!(["SUCCEEDED"]),
        json!("SUCCEEDED"),
        json!({"long": "x".repeat(100_000)}),
    ] {
        let mut event = event("PRE_SCALE_UP");
        event["hookDetails"] = details;
        assert_eq!(status(services(&[("refused:1", None)]), &event).await, "FAILED");
        assert_eq!(status(services(&[("verified:1", None)]), &event).await, "SUCCEEDED");
    }
}

#[tokio::test]
async fn a_rollback_is_not_stopped() {
    let refused = || services(&[("refused:1", None)]);
    let weights = |stage: &str, member: &str, weights: Value| {
        let mut event = event(stage);
        event["executionDetails"][member] = weights;
        event
    };
    let back = json!({TARGET: 0, BEFORE: 100});
    for (stage, member) in
        [("PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights"), ("TEST_TRAFFIC_SHIFT", "testTrafficWeights")]
    {
        assert_eq!(status(refused(), &weights(stage, member, back.clone())).await, "SUCCEEDED");
        // ECS itself need not answer for it.
        assert_eq!(status(Services::default(), &weights(stage, member, back.clone())).await, "SUCCEEDED");
        let elsewhere = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/other/1";
        for other in [
            json!({TARGET: 100, BEFORE: 0}),
            json!({TARGET: 0, BEFORE: 99}),
            json!({TARGET: 1, BEFORE: 100}),
            json!({BEFORE: 100}),
            json!({TARGET: 0}),
            json!({TARGET: 0, elsewhere: 100}),
            json!({TARGET: 0, "x": 100}),
            json!({}),
        ] {
            assert_eq!(status(refused(), &weights(stage, member, other.clone())).await, "FAILED", "{other}");
        }
    }
    for (stage, member) in [
        ("PRE_SCALE_UP", "productionTrafficWeights"),
        // All traffic still goes to the revision before.
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights"),
        ("TEST_TRAFFIC_SHIFT", "productionTrafficWeights"),
        ("PRODUCTION_TRAFFIC_SHIFT", "testTrafficWeights"),
        ("POST_PRODUCTION_TRAFFIC_SHIFT", "productionTrafficWeights"),
    ] {
        assert_eq!(status(refused(), &weights(stage, member, back.clone())).await, "FAILED", "{stage}");
    }
}

#[tokio::test]
async fn malformed_events_are_answered_with_a_sentence() {
    let with = |pointer: &str, value: Value| {
        let mut event = event("PRE_SCALE_UP");
        *event.pointer_mut(pointer).expect(pointer) = value;
        event.to_string()
    };
    let weights = "/executionDetails/productionTrafficWeights";
    let mut shift = event("PRODUCTION_TRAFFIC_SHIFT");
    shift["executionDetails"]["productionTrafficWeights"] = json!({TARGET: "0"});
    let good = event("PRE_SCALE_UP").to_string();
    for (event, expected) in [
        ("".to_owned(), "not acceptable JSON"),
        ("null".to_owned(), "the document is null"),
        (with("/executionId", json!("")), "expected a text of 1 to 256 bytes"),
        (with("/executionId", json!("x".repeat(257))), "expected a text of 1 to 256 bytes"),
        (with("/lifecycleStage", json!(null)), "lifecycleStage is missing"),
        (with("/executionDetails", json!([])), "executionDetails is an array"),
        (with("/executionDetails/targetServiceRevisionArn", json!("x")), "expected the ARN of a service revision"),
        (
            with("/executionDetails/serviceArn", json!("arn:aws:ecs:us-west-2:111122223333:service/shop/other")),
            "do not belong together",
        ),
        (shift.to_string(), "is a string; expected a number"),
        (with(weights, json!(1)).replace("PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"), "expected an object"),
        (good.replacen('{', "{\"executionId\": \"b\", ", 1), "twice"),
    ] {
        let decider = Scripted::by_name();
        let answer = ask(&decider, services(&[("verified:1", None)]), &event).await;
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 400, "{event}");
        assert!(text.contains(expected), "{text}");
        assert!(answer.record.is_none() && decider.questions().is_empty());
    }
}

#[tokio::test]
async fn without_access_to_ecs_there_is_no_answer() {
    let answer = ask(&Scripted::by_name(), Services::default(), &event("PRE_SCALE_UP").to_string()).await;
    assert_eq!((answer.status, answer.record), (503, None));
}

#[tokio::test]
async fn a_decision_about_other_images_is_an_internal_error() {
    for confused in Confused::all() {
        let answer = ask(&confused, services(&[("verified:1", None)]), &event("PRE_SCALE_UP").to_string()).await;
        assert_eq!(answer.status, 500);
    }
}
