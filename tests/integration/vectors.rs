//! Runs the vectors of `plugin-spec` against the built plugin and checks every answer against the schemas.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::support::plugin::Plugin;
use crate::support::schemas::Schema;
use crate::support::service::{ReceivedRequest, Service};
use crate::support::vector::{Vector, difference};

const COMMANDS: [&str; 3] = ["get-plugin-metadata", "generate-envelope", "verify-signature"];

#[test]
fn every_vector_passes() {
    let vectors = Mutex::new(Vector::all());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        // More threads than processors, because some vectors wait between retries.
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = vectors.lock().unwrap().pop();
                    let Some(vector) = next else { break };
                    let outcome = catch_unwind(AssertUnwindSafe(|| check(&vector)));
                    let failure = outcome.unwrap_or_else(|_| Some("panicked, see above".to_owned()));
                    failures.lock().unwrap().extend(failure.map(|why| format!("{}: {why}", vector.name)));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} vectors failed:\n{}", failures.len(), failures.join("\n"));
}

/// Runs one vector. Returns the first difference from the expected result.
fn check(vector: &Vector) -> Option<String> {
    let answer = vector.service.as_ref().map(|answer| answer.bytes()).unwrap_or_default();
    let service = Service::start(move |_, stream| crate::support::service::send(stream, &answer));
    let mut plugin = Plugin::new(&vector.arguments);
    for (name, value) in &vector.environment {
        plugin = plugin.env(name, value.replace("{{endpoint}}", &service.url()));
    }
    if let Some(text) = &vector.aws_config {
        plugin = plugin.aws_config(&text.replace("{{endpoint}}", &service.url()));
    }
    let outcome = plugin.run(vector.stdin(&service.url()));
    let expect = &vector.expect;
    if outcome.code != Some(expect.exit) {
        return Some(format!("exit code {:?}, stdout {}, stderr {}", outcome.code, outcome.stdout, outcome.stderr));
    }
    let streams = [
        (&expect.answer, &outcome.stdout, format!("{}.response", vector.arguments.first().map_or("", String::as_str))),
        (&expect.error, &outcome.stderr, "error".to_owned()),
    ];
    for (pattern, stream, schema) in streams {
        match pattern {
            Some(pattern) => {
                let found: Value = serde_json::from_str(stream).unwrap_or_else(|why| panic!("{stream:?}: {why}"));
                let complaints = Schema::named(&schema).complaints(&found);
                let wrong = complaints.into_iter().next().or_else(|| difference(pattern, &found, &schema));
                if wrong.is_some() {
                    return wrong;
                }
            }
            None if expect.text.is_some() && stream == &outcome.stdout => {}
            None if !stream.is_empty() => return Some(format!("expected empty output, found {stream:?}")),
            None => {}
        }
    }
    let text = expect.text.as_ref().and_then(|pattern| difference(pattern, &json!(outcome.stdout), "stdout"));
    text.or_else(|| check_requests(vector, &service)).or_else(|| check_request_schema(vector, &service))
}

fn check_requests(vector: &Vector, service: &Service) -> Option<String> {
    let requests = service.requests();
    let expect = &vector.expect.requests;
    if requests.len() != expect.count {
        return Some(format!("{} requests were made instead of {}: {requests:?}", requests.len(), expect.count));
    }
    requests.iter().find_map(|request| {
        expect.each.iter().find_map(|(what, pattern)| difference(pattern, &fact(request, what), what))
    })
}

/// A property of a request, by its name in the vectors.
fn fact(request: &ReceivedRequest, what: &str) -> Value {
    let [access_key, region, service] = request.credential();
    match what {
        "method" => json!(request.method),
        "path" => json!(request.path()),
        "host" => json!(request.header("host")),
        "accessKey" => json!(access_key),
        "region" => json!(region),
        "service" => json!(service),
        "query" => json!(request.query()),
        "body" => serde_json::from_slice(&request.body).unwrap(),
        _ => panic!("a request has no {what:?}"),
    }
}

/// Checks that the request conforms to its schema, or does not if the vector is marked so.
fn check_request_schema(vector: &Vector, service: &Service) -> Option<String> {
    let request = vector.request(&service.url())?;
    let command = vector.arguments.first()?;
    let complaints = Schema::named(&format!("{command}.request")).complaints(&request);
    match (vector.conforms, complaints.is_empty()) {
        (true, false) => Some(format!("the request does not conform to its schema: {complaints:?}")),
        (false, true) => Some("the request's schema accepts an invalid request".to_owned()),
        _ => None,
    }
}

#[test]
fn vectors_have_unique_names_and_cover_commands_and_error_codes() {
    let vectors = Vector::all();
    let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
    assert_eq!(names.len(), vectors.len(), "two vectors have the same name");
    assert!(vectors.len() >= 60, "only {} vectors", vectors.len());
    for command in COMMANDS {
        let of_command = vectors.iter().filter(|vector| vector.arguments == [command]);
        let (successes, failures): (Vec<_>, Vec<_>) = of_command.partition(|vector| vector.expect.exit == 0);
        assert!(!successes.is_empty() && !failures.is_empty(), "{command}");
    }
    // TIMEOUT needs a hanging service, which vectors cannot express.
    for code in ["VALIDATION_ERROR", "UNSUPPORTED_CONTRACT_VERSION", "ACCESS_DENIED", "THROTTLED", "ERROR"] {
        let has = |vector: &Vector| vector.expect.error.as_ref().is_some_and(|error| error["errorCode"] == code);
        assert!(vectors.iter().any(has), "no vector expects {code}");
    }
}

#[test]
fn a_vector_with_a_wrong_expectation_fails() {
    let mut metadata = Vector::all().into_iter().find(|vector| vector.arguments == ["get-plugin-metadata"]).unwrap();
    assert_eq!(check(&metadata), None);
    metadata.expect.answer.as_mut().unwrap()["version"] = json!({ "contains": ["no version has this"] });
    assert!(check(&metadata).is_some());
    for (pattern, found) in [
        (json!({"a": 1}), json!({"a": 2})),
        (json!({"a": 1}), json!({"a": 1, "b": 1})),
        (json!({"a": 1, "b": 1}), json!({"a": 1})),
        (json!([1]), json!([1, 1])),
        (json!({"contains": ["x"]}), json!("y")),
        (json!({"contains": ["x"]}), json!(["x"])),
        (json!("x"), json!("X")),
    ] {
        assert!(difference(&pattern, &found, "").is_some(), "{pattern} matched {found}");
    }
}

#[test]
fn schemas_reject_broken_requests_and_answers() {
    let result = json!({ "success": true, "reason": "because" });
    let attributes = json!(["com.amazonaws.signer.signingProfileVersion", "com.amazonaws.signer.signingJob"]);
    let verified = json!({
        "verificationResults": { "SIGNATURE_VERIFIER.REVOCATION_CHECK": result },
        "processedAttributes": attributes,
    });
    let signed =
        json!({ "signatureEnvelope": "e30=", "signatureEnvelopeType": "application/jose+json", "annotations": {} });
    let error = json!({ "errorCode": "ERROR", "errorMessage": "why", "errorMetadata": { "region": "us-west-2" } });
    let metadata = Plugin::new(["get-plugin-metadata"]).run("").answer();
    for (name, good, changes) in [
        (
            "verify-signature.response",
            verified,
            vec![
                ("/verificationResults/SIGNATURE_VERIFIER.REVOCATION_CHECK/success", json!("true")),
                ("/verificationResults/SIGNATURE_VERIFIER.REVOCATION_CHECK/reason", json!("")),
                ("/verificationResults/SIGNATURE_VERIFIER.OTHER", json!({ "success": true, "reason": "x" })),
                ("/verificationResults", json!({})),
                ("/processedAttributes", json!(["com.amazonaws.signer.signingJob"])),
                ("/more", json!(1)),
            ],
        ),
        (
            "generate-envelope.response",
            signed,
            vec![
                ("/signatureEnvelope", json!(null)),
                ("/signatureEnvelope", json!("not base64")),
                ("/signatureEnvelope", json!("")),
                ("/signatureEnvelopeType", json!("application/cose")),
                ("/annotations", json!({ "a": 1 })),
                ("/more", json!(1)),
            ],
        ),
        (
            "error",
            error,
            vec![
                ("/errorCode", json!("GENERIC_ERROR")),
                ("/errorMessage", json!("")),
                ("/errorMetadata", json!({ "secret": "x" })),
                ("/more", json!(1)),
            ],
        ),
        (
            "get-plugin-metadata.response",
            metadata,
            vec![
                ("/name", json!("another")),
                ("/version", json!("2")),
                ("/supportedContractVersions", json!([])),
                ("/capabilities", json!(["SIGNATURE_GENERATOR.RAW"])),
                ("/more", json!(1)),
            ],
        ),
    ] {
        let schema = Schema::named(name);
        schema.accepts(&good);
        for member in good.as_object().unwrap().keys().filter(|member| *member != "errorMetadata") {
            let mut broken = good.clone();
            broken.as_object_mut().unwrap().remove(member);
            assert!(!schema.complaints(&broken).is_empty(), "{name} is content without {member}");
        }
        for (pointer, value) in changes {
            let mut broken = good.clone();
            let (container, member) = pointer.rsplit_once('/').unwrap();
            broken.pointer_mut(container).unwrap()[member] = value.clone();
            assert!(!schema.complaints(&broken).is_empty(), "{name} is content with {pointer} = {value}");
        }
    }
    assert!(!Schema::named("get-plugin-metadata.request").complaints(&json!([])).is_empty());
}

#[test]
fn documented_examples_conform_to_the_schemas() {
    let readme = include_str!("../../plugin-spec/README.md");
    let examples: Vec<Value> = readme
        .split("```json\n")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect();
    let schemas = [
        "get-plugin-metadata.response",
        "generate-envelope.request",
        "generate-envelope.response",
        "verify-signature.response",
        "error",
    ];
    assert_eq!(examples.len(), schemas.len());
    for (example, schema) in examples.iter().zip(schemas) {
        Schema::named(schema).accepts(example);
    }
}

#[test]
fn documentation_names_every_error_code() {
    let readme = include_str!("../../plugin-spec/README.md");
    let schema: Value = serde_json::from_str(include_str!("../../plugin-spec/schemas/error.schema.json")).unwrap();
    for code in schema["properties"]["errorCode"]["enum"].as_array().unwrap() {
        assert!(readme.contains(&format!("`{}`", code.as_str().unwrap())), "{code}");
    }
    for name in schema["properties"]["errorMetadata"]["properties"].as_object().unwrap().keys() {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}
