use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::Decide;
use super::super::super::scripted::{Confused, Scripted, decision, decisions};
use super::{ROUTES, Route, items, request, run};
use crate::decision::{Decided, Decision, ImageDecision, Outcome, Question, Verdict, Why};

/// Whether an item lets the image run.
fn is_success(route: Route, item: &Value) -> bool {
    match route {
        Route::Verify => item["value"]["succeeded"] == true,
        Route::VerifyV1 => {
            let value = &item["value"];
            assert_eq!(value["isSuccess"], value["verifierReports"][0]["isSuccess"]);
            value["isSuccess"] == true
        }
        Route::Mutate | Route::MutateV1 => item.get("value").is_some(),
    }
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_refused_or_undetermined_image_ever_succeeds(
        decisions in prop::collection::vec(decisions(), 1..8),
        namespaces in prop::collection::vec(prop::sample::select(vec!["", "[a]", "[b]"]), 8),
    ) {
        // A digit tells images apart, so that the script finds its decision.
        let decisions: Vec<_> = decisions
            .into_iter()
            .enumerate()
            .map(|(index, decision)| ImageDecision { image: format!("{index}{}", decision.image), ..decision })
            .collect();
        let keys: Vec<_> =
            decisions.iter().zip(&namespaces).map(|(decision, namespace)| format!("{namespace}{}", decision.image)).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        for route in ROUTES {
            let script = decisions.clone();
            let decider = Scripted::new(move |_, image| {
                script.iter().find(|decision| decision.image == image).expect("it was scripted").clone()
            });
            let answer = blocking(run(route, &decider, &request(&keys)));
            let items = items(&answer);
            prop_assert_eq!(items.len(), keys.len());
            for ((item, key), decision) in items.iter().zip(&keys).zip(&decisions) {
                prop_assert_eq!(&item["key"], *key);
                let is_mutate = matches!(route, Route::Mutate | Route::MutateV1);
                match decision.verdict() {
                    // A verified image without a digest cannot be pinned.
                    Verdict::Allowed if is_mutate => {
                        let is_pinned = decision.pinned().is_some();
                        prop_assert_eq!(is_success(route, item), decision.outcome != Outcome::Verified || is_pinned);
                        if decision.outcome != Outcome::Verified {
                            prop_assert_eq!(&item["value"], *key);
                        }
                    }
                    Verdict::Allowed => prop_assert!(is_success(route, item)),
                    Verdict::Refused => prop_assert!(!is_success(route, item)),
                    Verdict::Undetermined => {
                        prop_assert!(!is_success(route, item) && item.get("value").is_none());
                    }
                }
            }
            let record = answer.record.expect("it was decided");
            prop_assert_eq!(record.verdict, decisions.iter().map(ImageDecision::verdict).max().expect("there is one"));
            prop_assert_eq!(record.images, decisions.iter().cloned().map(Decided::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_body_has_a_well_formed_answer(body in prop_oneof![any::<String>(), Just(request(&["[", "a"]))], cut: prop::sample::Index) {
        let body: String = body.chars().take(cut.index(body.len() + 2)).collect();
        for route in ROUTES {
            let answer = blocking(run(route, &Scripted::by_name(), &body));
            let value: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
            prop_assert_eq!(&value["kind"], "ProviderResponse");
            prop_assert_eq!(answer.status == 400, value["response"]["systemError"].is_string());
        }
    }
}

#[tokio::test]
async fn an_image_that_was_not_decided_about_has_an_error() {
    for confused in Confused::all() {
        let answer = run(Route::Verify, &confused, &request(&["app:1", "app:2"])).await;
        let items = items(&answer);
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(|item| item["error"].as_str().is_some_and(|error| error.contains("did not decide"))));
        assert_eq!(answer.record.unwrap().verdict, Verdict::Undetermined);
    }
}

/// Gatekeeper sends the image of a Pod as the key, so the Pod's author writes the key.
#[tokio::test]
async fn a_pod_gets_no_runnable_image_by_naming_an_exempt_namespace() {
    let decider = Scripted::new(|question, image| {
        let is_exempt = question.namespace.as_deref() == Some("kube-system");
        decision(image, if is_exempt { Outcome::Exempt } else { Outcome::Refused })
    });
    let key = "[kube-system]evil:1";
    let items = items(&run(Route::Mutate, &decider, &request(&[key])).await);
    assert_eq!(items, [json!({"key": key, "value": key})]);
}

#[tokio::test]
async fn keys_are_returned_exactly_and_descriptions_are_printable_and_short() {
    let hostile = "a\u{1b}[31m\"\\</script>\u{202e}\u{0}é\u{2028}";
    let decider = Scripted::new(|_, image| {
        let refused = decision(image, Outcome::Refused);
        let message = "long ".repeat(10_000);
        let why = refused.why.as_ref().map(|why| Arc::new(Why { message, ..(**why).clone() }));
        ImageDecision { why, name: None, digest: None, ..refused }
    });
    for route in ROUTES {
        let answer = run(route, &decider, &request(&[hostile])).await;
        let items = items(&answer);
        assert_eq!(items[0]["key"], hostile);
        let texts = match route {
            Route::Verify => {
                let report = &items[0]["value"]["artifactReports"][0];
                vec![&report["subject"], &report["results"][0]["description"], &report["results"][0]["errorReason"]]
            }
            Route::VerifyV1 => {
                let report = &items[0]["value"]["verifierReports"][0];
                vec![&report["subject"], &report["message"], &report["errorReason"]]
            }
            Route::Mutate | Route::MutateV1 => vec![&items[0]["error"]],
        };
        for text in texts {
            let text = text.as_str().unwrap();
            assert!(text.len() <= 4096 && !text.contains(['\u{1b}', '\u{202e}', '\0']), "{text}");
        }
    }
}

/// Waits until as many have asked as there are namespaces.
struct Meeting(tokio::sync::Barrier);

impl Decide for Meeting {
    async fn decide(&self, question: Question) -> Decision {
        self.0.wait().await;
        Decision { images: question.images.iter().map(|image| decision(image, Outcome::Verified).into()).collect() }
    }
}

#[tokio::test]
async fn namespaces_are_asked_about_at_the_same_time() {
    let meeting = Meeting(tokio::sync::Barrier::new(3));
    let request = request(&["a:1", "[a]a:1", "[b]a:1"]);
    let asked = run(Route::Verify, &meeting, &request);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(10), asked).await.unwrap();
    assert!(items(&answer).iter().all(|item| item["value"]["succeeded"] == true));
}
