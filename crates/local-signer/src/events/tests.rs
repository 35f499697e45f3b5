#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use time::macros::datetime;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::store::JobStatus;

const LONG: Duration = Duration::from_secs(60);

const AT: OffsetDateTime = datetime!(2026-01-02 03:04:05.678 UTC);

/// A job of a profile of one account that another account started.
fn job(status: JobStatus) -> Job {
    let job = "arn:aws:signer:us-east-1:111122223333:/signing-jobs/11111111-2222-4333-8444-555555555555";
    let destination = ObjectLocation { bucket_name: "out".to_owned(), key: "p/code.zip".to_owned() };
    Job {
        arn: job.parse().unwrap(),
        profile: "arn:aws:signer:us-east-1:111122223333:/signing-profiles/demo/abcdefghij".parse().unwrap(),
        platform_id: "AWSLambda-SHA384-ECDSA".to_owned(),
        invoker: "444455556666".parse().unwrap(),
        requested_by: "arn:aws:iam::444455556666:root".to_owned(),
        status,
        status_reason: None,
        created_at: AT,
        completed_at: None,
        expires_at: None,
        source: Some(SourceObject { bucket_name: "in".to_owned(), key: "code".to_owned(), version: "null".to_owned() }),
        destination: Some(destination),
        signed_object: None,
        signing_material: None,
        overrides: None,
        signing_parameters: BTreeMap::new(),
        revocation: None,
    }
}

fn targets(file: Option<PathBuf>, webhook: Option<SocketAddr>) -> OpenTargets {
    let webhook = webhook.map(|address| format!("http://{address}/events?key=hunter2").parse().unwrap());
    OpenTargets::open(&EventTargets { file, webhook }).unwrap()
}

#[tokio::test]
async fn each_account_gets_the_event_of_the_developer_guide() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let events = Events::start(targets(Some(path.clone()), None)).unwrap();
    events.publish(&job(JobStatus::Succeeded), AT);
    events.stop(LONG).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let accounts: Vec<_> = lines.iter().map(|line| line["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["111122223333", "444455556666"]);
    let mut first = lines[0].clone();
    let id = first["id"].take();
    assert_ne!(id, lines[1]["id"]);
    assert_eq!(
        first,
        json!({
            "version": "0",
            "id": null,
            "detail-type": "Signer Job Status Change",
            "source": "aws.signer",
            "account": "111122223333",
            "time": "2026-01-02T03:04:05Z",
            "region": "us-east-1",
            "resources": ["arn:aws:signer:us-east-1:111122223333:/signing-jobs/11111111-2222-4333-8444-555555555555"],
            "detail": {
                "job_id": "11111111-2222-4333-8444-555555555555",
                "destination": {"bucketName": "out", "key": "p/code.zip"},
                "source": {"bucketName": "in", "key": "code", "version": "null"},
                "platform": "AWSLambda-SHA384-ECDSA",
                "status": "Succeeded",
            },
        })
    );
}

/// A webhook that answers with the given statuses, and then with 204. It reports the bodies of all requests.
async fn receiver(statuses: Vec<u16>) -> (SocketAddr, mpsc::UnboundedReceiver<Value>) {
    let (report, requests) = mpsc::unbounded_channel();
    let statuses = Arc::new(Mutex::new(statuses.into_iter()));
    let answer = move |headers: HeaderMap, body: Bytes| {
        let (report, statuses) = (report.clone(), Arc::clone(&statuses));
        async move {
            assert_eq!(headers["content-type"], "application/json");
            report.send(serde_json::from_slice(&body).unwrap()).unwrap();
            StatusCode::from_u16(statuses.lock().unwrap().next().unwrap_or(204)).unwrap()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/events", post(answer))).await });
    (address, requests)
}

#[tokio::test]
async fn a_webhook_gets_each_event_in_order_and_again_after_a_failure() {
    let (address, mut requests) = receiver(vec![503, 500]).await;
    let events = Events::start(targets(None, Some(address))).unwrap();
    events.publish(&Job { invoker: AccountId::EXAMPLE, ..job(JobStatus::InProgress) }, AT);
    events.publish(&Job { invoker: AccountId::EXAMPLE, ..job(JobStatus::Succeeded) }, AT);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let event = requests.recv().await.unwrap();
        statuses.push(event["detail"]["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["InProgress", "InProgress", "InProgress", "Succeeded"]);
    events.stop(LONG).await;
    let counters = events.webhook();
    assert_eq!((counters.delivered(), counters.failed(), counters.waiting()), (2, 0, 0));
}

#[tokio::test]
async fn a_webhook_that_is_down_delays_neither_publishing_nor_the_end() {
    // The listener accepts no connection, and its queue of connections takes some of them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let events = Events::start(targets(None, Some(listener.local_addr().unwrap()))).unwrap();
    for _ in 0..3000 {
        events.publish(&job(JobStatus::Succeeded), AT);
    }
    assert!(events.webhook().failed() > 0, "the queue is bounded");
    let stopped = tokio::time::Instant::now();
    events.stop(Duration::from_millis(300)).await;
    assert!(stopped.elapsed() < LONG);
}

#[tokio::test]
async fn events_go_to_other_targets_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let (address, mut requests) = receiver(Vec::new()).await;
    let events = Events::start(targets(Some(first.clone()), None)).unwrap();
    events.publish(&job(JobStatus::InProgress), AT);
    events.set_targets(targets(Some(second.clone()), Some(address)));
    events.publish(&job(JobStatus::Succeeded), AT);
    assert_eq!(requests.recv().await.unwrap()["detail"]["status"], "Succeeded");
    events.stop(LONG).await;
    for (path, status) in [(first, "InProgress"), (second, "Succeeded")] {
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.matches(status).count(), 2, "{text}");
        assert_eq!(text.lines().count(), 2);
    }
}
