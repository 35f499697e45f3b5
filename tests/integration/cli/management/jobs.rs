//! Signing jobs: starting with a token, and waiting.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::scripted::{ACCOUNT, OTHER_ACCOUNT, Scripted, answer, error, job, not_found, profile_arn};
use crate::support::fault::{Reply, Request};

const ID: &str = "cb64eef1-d060-4e94-ae13-0f9158098891";
const SOURCE: &str = "s3://in/app.zip?versionId=v1";

/// A service whose job has these states, one after the other; the last one stays.
fn service(states: &'static [(&'static str, &'static str)]) -> Scripted {
    let described = AtomicUsize::new(0);
    Scripted::new(move |request: &Request| match (request.method.as_str(), request.path.as_str()) {
        ("POST", _) => answer(&json!({ "jobId": ID, "jobOwner": ACCOUNT })),
        ("GET", path) if path.ends_with(ID) => {
            match states[described.fetch_add(1, Ordering::Relaxed).min(states.len() - 1)] {
                ("503", why) => error(503, "InternalServiceErrorException", why),
                (status, reason) => answer(&job(ID, status, reason)),
            }
        }
        _ => not_found(),
    })
}

fn start<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let start = ["job", "start", "--profile", "functions", "--source", SOURCE, "--destination", "s3://out/app-"];
    [&start[..], more].concat()
}

#[test]
fn a_job_is_started_with_a_token_of_its_own() {
    let service = service(&[("Succeeded", "")]);
    let started = service.cli.json("job-start", &start(&[]), 0);
    let again = service.cli.json("job-start", &start(&[]), 0);
    let own = service.cli.json("job-start", &start(&["--client-request-token", "build-7"]), 0);
    let token = |report: &serde_json::Value| report["clientRequestToken"].as_str().unwrap().to_owned();
    assert!(token(&started) != token(&again) && token(&own) == "build-7");
    assert_eq!(started["job"], format!("arn:aws:signer:us-west-2:{ACCOUNT}:/signing-jobs/{ID}"));
    let sent = service.bodies("POST");
    assert_eq!(
        sent[0],
        json!({
            "clientRequestToken": token(&started),
            "destination": { "s3": { "bucketName": "out", "prefix": "app-" } },
            "profileName": "functions",
            "source": { "s3": { "bucketName": "in", "key": "app.zip", "version": "v1" } },
        })
    );
    let shown = service.cli.run(&start(&[])).succeeded();
    assert!(shown.stderr.contains(&format!("job wait {ID} --aws-region us-west-2")), "{shown}");
}

#[test]
fn the_source_is_named_as_a_uri_or_in_parts() {
    let service = service(&[("Succeeded", "")]);
    let arn = profile_arn(OTHER_ACCOUNT, "functions");
    let to = ["job", "start", "--profile", &arn, "--destination", "s3://out"];
    let parts = ["--source-bucket", "in", "--source-key", "a?versionId=b", "--source-version", "v1"];
    service.cli.json("job-start", &[&to[..], &parts].concat(), 0);
    service.cli.json("job-start", &[&to[..], &["--source", "s3://in/app.zip", "--source-version", "v1"]].concat(), 0);
    let sent = service.bodies("POST");
    assert_eq!(sent[0]["source"]["s3"], json!({ "bucketName": "in", "key": "a?versionId=b", "version": "v1" }));
    assert_eq!(
        (&sent[0]["profileOwner"], &sent[0]["destination"]),
        (&json!(OTHER_ACCOUNT), &json!({ "s3": { "bucketName": "out" } }))
    );
    assert_eq!(sent[1]["source"]["s3"]["key"], "app.zip");
    for (more, said) in [
        (&["--source", "s3://in/app.zip"][..], "head-object --bucket in --key app.zip"),
        (&["--source", SOURCE, "--source-version", "v2"], "names the version v1"),
        (&["--source", "in/app.zip"], "expected s3://BUCKET/KEY"),
        (&["--source-bucket", "in"], "--source-key"),
        (&[], "--source"),
    ] {
        service.cli.run(&[&to[..], more].concat()).exits_with(2).says(said);
    }
    assert_eq!(service.bodies("POST").len(), 2);
}

#[test]
fn a_start_without_an_answer_says_how_to_repeat_it() {
    let service = Scripted::new(|_| Reply::Close(""));
    let failed = service.cli.json("error", &start(&[]), 3);
    let token = service.bodies("POST")[0]["clientRequestToken"].as_str().unwrap().to_owned();
    assert!(service.bodies("POST").iter().all(|body| body["clientRequestToken"] == token.as_str()));
    assert!(
        failed["error"]["advice"].as_str().unwrap().contains(&format!("--client-request-token {token}")),
        "{failed}"
    );
}

#[test]
fn waits_until_the_job_has_ended() {
    let service =
        service(&[("InProgress", ""), ("503", "busy"), ("InProgress", ""), ("Succeeded", "Signing Succeeded")]);
    let waited = service.cli.json("job-wait", &["job", "wait", ID], 0);
    assert_eq!((&waited["jobStatus"], &waited["status"]), (&json!("Succeeded"), &json!("done")));
    assert_eq!(waited["signedObject"], json!({ "bucket": "out", "key": format!("app-{ID}.zip") }));
    assert!(service.calls().len() >= 4);
}

#[test]
fn a_job_that_failed_ends_the_wait_with_its_reason() {
    const STATES: &[(&str, &str)] = &[("InProgress", ""), ("Failed", "The zip file is malformed.")];
    let waited = service(STATES).cli.json("job-wait", &["job", "wait", ID], 2);
    assert_eq!((&waited["jobStatus"], &waited["error"]["code"]), (&json!("Failed"), &json!("job_failed")));
    assert!(waited["error"]["message"].as_str().unwrap().ends_with("failed: The zip file is malformed."), "{waited}");
    let started = service(STATES).cli.json("job-start", &start(&["--wait"]), 2);
    assert_eq!((&started["outcome"], &started["error"]["code"]), (&json!("started"), &json!("job_failed")));
    let shown = service(STATES).cli.run(&start(&["--wait"])).exits_with(2);
    assert!(shown.stderr.contains("error: the signing job") && shown.stdout.contains("Failed: The zip"), "{shown}");
    // To look at it is no failure.
    let seen = service(&[("Failed", "x")]).cli.json("job-get", &["job", "get", ID], 0);
    assert_eq!(seen["statusReason"], "x");
}

#[test]
fn a_job_that_does_not_end_in_time_is_undetermined() {
    let service = service(&[("InProgress", "")]);
    let waited = service.cli.json("job-wait", &["job", "wait", ID, "--timeout", "1"], 3);
    assert_eq!((&waited["jobStatus"], &waited["error"]["code"]), (&json!("InProgress"), &json!("deadline")));
    let started = service.cli.json("job-start", &start(&["--wait", "--timeout", "1"]), 3);
    assert_eq!((&started["jobId"], &started["jobStatus"]), (&json!(ID), &json!("InProgress")));
}

#[test]
fn a_job_that_does_not_exist_is_named() {
    let service = service(&[("Succeeded", "")]);
    for command in [["job", "get", "0-0"], ["job", "wait", "0-0"]] {
        let failed = service.cli.json("error", &command, 2);
        assert!(failed["error"]["message"].as_str().unwrap().contains("0-0"), "{failed}");
        assert!(failed["error"]["advice"].as_str().unwrap().contains("job list"), "{failed}");
    }
    let arn = format!("arn:aws:signer:us-west-2:{OTHER_ACCOUNT}:/signing-jobs/{ID}");
    service.cli.run(&["job", "get", &arn]).exits_with(2).says(&format!("belongs to the account {ACCOUNT}"));
    service.cli.json("job-get", &["job", "get", &arn.replace(OTHER_ACCOUNT, ACCOUNT)], 0);
    service.cli.run(&["job", "get", "../signing-profiles/a"]).exits_with(2).says("letters, digits and hyphens");
}
