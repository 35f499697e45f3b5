#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod attacks;
mod malformed;
mod samples;

use serde_json::{Value, json};

use super::super::scripted::{Scripted, answer};
use super::super::{Answer, Decide, Incoming, Settings};

/// The adapter's routes.
#[derive(Debug, Clone, Copy)]
enum Route {
    Verify,
    VerifyV1,
    Mutate,
    MutateV1,
}

const ROUTES: [Route; 4] = [Route::Verify, Route::VerifyV1, Route::Mutate, Route::MutateV1];

async fn run<D: Decide>(route: Route, decider: &D, body: &str) -> Answer {
    answer(
        |decider: &D, settings: Settings<'_>, incoming: Incoming| respond(route, decider, settings, incoming),
        decider,
        body,
    )
    .await
}

async fn respond(route: Route, decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    match route {
        Route::Verify => super::verify(decider, settings, incoming).await,
        Route::VerifyV1 => super::verify_v1(decider, settings, incoming).await,
        Route::Mutate => super::mutate(decider, settings, incoming).await,
        Route::MutateV1 => super::mutate_v1(decider, settings, incoming).await,
    }
}

fn request(keys: &[&str]) -> String {
    json!({"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {"keys": keys}})
        .to_string()
}

/// The items of a well-formed answer.
fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, answer.content_type), (200, "application/json"));
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["apiVersion"], "externaldata.gatekeeper.sh/v1beta1");
    assert_eq!(body["kind"], "ProviderResponse");
    assert_eq!(body["response"]["idempotent"], true);
    assert!(body["response"].get("systemError").is_none());
    let items = body["response"]["items"].take();
    let items = items.as_array().unwrap().clone();
    for item in &items {
        assert!(item.get("value").is_some() != item.get("error").is_some(), "{item}");
    }
    items
}

async fn items_of(route: Route, keys: &[&str]) -> Vec<Value> {
    items(&run(route, &Scripted::by_name(), &request(keys)).await)
}
