use serde_json::Value;

use super::super::super::scripted::Scripted;
use super::super::key::Key;
use super::{ROUTES, request, run};

const VERSION: &str = r#""apiVersion": "externaldata.gatekeeper.sh/v1beta1""#;
const KIND: &str = r#""kind": "ProviderRequest""#;
const REQUEST: &str = r#""request": {"keys": ["verified:1"]}"#;

/// The system error of a refused request.
async fn system_error(body: &str) -> String {
    let mut errors = Vec::new();
    for route in ROUTES {
        let decider = Scripted::by_name();
        let answer = run(route, &decider, body).await;
        assert_eq!((answer.status, answer.content_type), (400, "application/json"), "{body}");
        assert!(answer.record.is_none() && decider.questions().is_empty(), "{body}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["apiVersion"], "externaldata.gatekeeper.sh/v1beta1");
        assert_eq!(body["kind"], "ProviderResponse");
        assert_eq!(body["response"]["items"], Value::Array(Vec::new()));
        errors.push(body["response"]["systemError"].as_str().unwrap().to_owned());
    }
    assert!(errors.iter().all(|error| *error == errors[0] && !error.is_empty()), "{errors:?}");
    errors.swap_remove(0)
}

#[tokio::test]
async fn a_wrong_or_missing_member_is_a_system_error_that_names_it() {
    for (body, expected) in [
        (format!("{{{KIND}, {REQUEST}}}"), "apiVersion is missing: expected externaldata.gatekeeper.sh/v1beta1"),
        (
            format!(r#"{{"apiVersion": "externaldata.gatekeeper.sh/v1alpha1", {KIND}, {REQUEST}}}"#),
            "apiVersion is \"externaldata.gatekeeper.sh/v1alpha1\": expected externaldata.gatekeeper.sh/v1beta1",
        ),
        (format!(r#"{{"apiVersion": 1, {KIND}, {REQUEST}}}"#), "apiVersion is a number: expected"),
        (format!("{{{VERSION}, {REQUEST}}}"), "kind is missing: expected ProviderRequest"),
        (format!(r#"{{{VERSION}, "kind": "ProviderResponse", {REQUEST}}}"#), "kind is \"ProviderResponse\": expected"),
        (format!(r#"{{{VERSION}, "kind": null, {REQUEST}}}"#), "kind is null: expected"),
        (format!("{{{VERSION}, {KIND}}}"), "request is missing: expected an object"),
        (format!(r#"{{{VERSION}, {KIND}, "request": ["verified:1"]}}"#), "request is an array: expected an object"),
        (format!(r#"{{{VERSION}, {KIND}, "request": null}}"#), "request is null: expected an object"),
        (
            format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": "verified:1"}}}}"#),
            "request.keys is \"verified:1\": expected an array of strings",
        ),
        (
            format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": {{}}}}}}"#),
            "request.keys is an object: expected an array",
        ),
        (
            format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": ["verified:1", 1]}}}}"#),
            "a key in request.keys is a number: expected a string",
        ),
        (
            format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": [null]}}}}"#),
            "a key in request.keys is null: expected a string",
        ),
        ("[]".to_owned(), "the body is an array: expected a ProviderRequest object"),
        ("null".to_owned(), "the body is null: expected"),
    ] {
        let error = system_error(&body).await;
        assert!(error.starts_with(expected) || error == expected, "{body}: {error}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_json_and_duplicate_members_are_system_errors() {
    for body in [
        String::new(),
        "{".to_owned(),
        "apiVersion: externaldata.gatekeeper.sh/v1beta1".to_owned(),
        format!("{{{VERSION}, {KIND}, {REQUEST}}} {{}}"),
        format!("{{{VERSION}, {VERSION}, {KIND}, {REQUEST}}}"),
        format!("{{{VERSION}, {KIND}, {KIND}, {REQUEST}}}"),
        format!("{{{VERSION}, {KIND}, {REQUEST}, {REQUEST}}}"),
        format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": ["verified:1"], "keys": ["verified:2"]}}}}"#),
        format!(r#"{{{VERSION}, {KIND}, "request": {{"keys": ["verified:1"], "\u006beys": []}}}}"#),
        format!(r#"{{{VERSION}, {KIND}, "request": {}}}"#, "[".repeat(100_000)),
    ] {
        assert!(system_error(&body).await.starts_with("the body is not valid JSON: "), "{body}");
    }
}

#[tokio::test]
async fn system_errors_show_the_text_of_strangers_short_and_printable() {
    let long = "\\u001b\\u202e".repeat(10_000);
    let body = format!(r#"{{"apiVersion": "{long}", {KIND}, {REQUEST}}}"#);
    let error = system_error(&body).await;
    assert!(error.len() < 2000 && error.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{error}");
}

#[tokio::test]
async fn a_request_has_at_most_as_many_keys_as_images_are_permitted() {
    let most = vec!["verified:1"; 512];
    assert_eq!(run(super::Route::Verify, &Scripted::by_name(), &request(&most)).await.status, 200);
    let error = system_error(&request(&vec!["verified:1"; 513])).await;
    assert_eq!(error, "request.keys has 513 keys: at most 512 are allowed (server.limits.images)");
}

#[test]
fn keys_name_a_namespace_and_an_image() {
    let label = "a".repeat(63);
    let longest = format!("[{label}]nginx");
    let too_long = format!("[a{label}]nginx");
    for (text, namespace, image) in [
        ("nginx", None, "nginx"),
        ("[default]nginx:1", Some("default"), "nginx:1"),
        (
            "[kube-system]registry.example.com:5000/a@sha256:0",
            Some("kube-system"),
            "registry.example.com:5000/a@sha256:0",
        ),
        ("[0]nginx", Some("0"), "nginx"),
        (&longest, Some(&label), "nginx"),
        ("[]nginx", None, "nginx"),
        ("[a][b]nginx", Some("a"), "[b]nginx"),
        ("[a]", Some("a"), ""),
        ("[a] nginx", Some("a"), " nginx"),
        // Addresses.
        ("[::1]:5000/app", None, "[::1]:5000/app"),
        ("[fc00::1]/app:1", None, "[fc00::1]/app:1"),
        ("[a][::1]/app", Some("a"), "[::1]/app"),
        // No namespaces: the whole is asked for, and refused.
        (&too_long, None, &too_long),
        ("[default", None, "[default"),
        ("[Default]nginx", None, "[Default]nginx"),
        ("[a b]nginx", None, "[a b]nginx"),
        ("[-a]nginx", None, "[-a]nginx"),
        ("[a-]nginx", None, "[a-]nginx"),
        ("[a.b]nginx", None, "[a.b]nginx"),
        ("[*]nginx", None, "[*]nginx"),
        ("[[a]]nginx", None, "[[a]]nginx"),
        (" [a]nginx", None, " [a]nginx"),
        ("", None, ""),
    ] {
        assert_eq!(Key::new(text), Key { text, namespace, image }, "{text}");
    }
}

#[test]
fn a_key_in_brackets_without_a_valid_namespace_is_no_reference() {
    for text in ["[default", "[Default]nginx", "[a b]nginx", "[-a]nginx", "[a.b]nginx", "[*]nginx", "[[a]]nginx", "["] {
        assert!(crate::decision::ImageReference::parse(Key::new(text).image).is_err(), "{text}");
    }
}
