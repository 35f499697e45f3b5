use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use local_signer::principals::{NewPrincipal, PrincipalStore};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Signer, lines};

#[tokio::test]
async fn every_authenticated_call_is_recorded_without_secrets() {
    let config = "version: 1\naudit: {file: cloudtrail.jsonl}\n\
                  faults: [{operation: RevokeSignature, error: InternalServiceErrorException}]";
    let signer = Signer::start(config).await;
    let secret = signer.signer.credentials().secret_access_key().to_owned();
    let put = signer.put("Prod").await;
    let missing = signer.get("Missing").await.unwrap();
    let signed = signer.sign("Prod").await.unwrap();
    signer.unsigned("/signing-profiles/Prod").await;
    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    let path = directory.path().join("cloudtrail.jsonl");
    let records = lines(&path);
    let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["PutSigningProfile", "GetSigningProfile", "SignPayload"]);
    let ids: Vec<_> = records.iter().map(|record| record["requestID"].as_str().unwrap()).collect();
    assert_eq!(ids, [put.request_id, missing.request_id, signed.request_id]);

    let [put, missing, signed] = &records[..] else { panic!("{records:?}") };
    assert_eq!(put["requestParameters"]["profileName"], "Prod");
    assert!(put["responseElements"]["profileVersionArn"].is_string() && put.get("errorCode").is_none());
    assert_eq!((&put["sourceIPAddress"], &put["userAgent"]), (&"127.0.0.1".into(), &"test/1".into()));
    assert_eq!(put["userIdentity"]["arn"], "arn:aws:iam::111122223333:root");
    assert_eq!(put["recipientAccountId"], "111122223333");
    assert_eq!((&missing["errorCode"], &missing["readOnly"]), (&"ResourceNotFoundException".into(), &true.into()));
    assert!(missing["responseElements"].is_null());
    assert!(signed["responseElements"]["signature"].as_str().unwrap().len() <= 1024);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&secret));
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn both_accounts_see_calls_across_accounts_and_who_made_them() {
    let signer = Signer::start("version: 1\naudit: {file: a.jsonl}\nevents: {file: e.jsonl}").await;
    signer.put("Prod").await;
    let store = PrincipalStore::open(signer.directory.path()).unwrap();
    let all = br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "signer:*", "Resource": "*"}}"#;
    let account = || "444455556666".parse().unwrap();
    let user = NewPrincipal::user("alice".parse().unwrap()).in_account(account()).with_policy("all", all);
    let role = NewPrincipal::role("ci".parse().unwrap()).in_account(account()).with_policy("all", all);
    let (user, role) = (store.add(user).unwrap(), store.add(role).unwrap());
    let body = json!({
        "profileName": "Prod",
        "profileOwner": "111122223333",
        "payload": "e30=",
        "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
    });
    let sign = |credentials| signer.send_as(credentials, Method::POST, "/signing-jobs/with-payload", body.clone());
    let denied = sign(&user).await.unwrap();
    assert_eq!(denied.failure(), (403, "AccessDeniedException"));
    let permission = json!({ "action": "signer:SignPayload", "principal": "444455556666", "statementId": "s" });
    let added = signer.send(Method::POST, "/signing-profiles/Prod/permissions", permission).await.unwrap();
    assert_eq!(added.status, 200, "{added:?}");
    let signed = sign(&role).await.unwrap();
    assert_eq!(signed.status, 200, "{signed:?}");

    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    let records = lines(&directory.path().join("a.jsonl"));
    let of = |id: &str| -> Vec<&Value> { records.iter().filter(|record| record["requestID"] == id).collect() };
    for (id, arn, kind) in [
        (&denied.request_id, "arn:aws:iam::444455556666:user/alice", "IAMUser"),
        (&signed.request_id, "arn:aws:sts::444455556666:assumed-role/ci/ci", "AssumedRole"),
    ] {
        let records = of(id);
        let recipients: Vec<_> = records.iter().map(|record| &record["recipientAccountId"]).collect();
        assert_eq!(recipients, ["444455556666", "111122223333"]);
        assert_eq!(records[0]["sharedEventID"], records[1]["sharedEventID"]);
        let identity = &records[1]["userIdentity"];
        assert_eq!((&identity["arn"], &identity["type"]), (&json!(arn), &json!(kind)));
    }
    assert_eq!(of(&denied.request_id)[0]["errorCode"], "AccessDeniedException");
    let text = std::fs::read_to_string(directory.path().join("a.jsonl")).unwrap();
    assert!(!text.contains(role.session_token().unwrap()) && !text.contains(role.secret_access_key()));

    let events = lines(&directory.path().join("e.jsonl"));
    let accounts: Vec<_> = events.iter().map(|event| event["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["111122223333", "444455556666"]);
}

#[tokio::test]
async fn a_client_that_closes_its_connection_does_not_escape_the_audit_log() {
    // The delay makes sure that the connection is closed meanwhile.
    let config = "version: 1\naudit: {file: a.jsonl}\nfaults: [{operation: PutSigningProfile, delay: 50ms}]";
    let signer = Signer::start(config).await;
    let names: Vec<_> = (0..3).map(|number| format!("Unseen{number}")).collect();
    for name in &names {
        let body = json!({ "platformId": "Notation-OCI-SHA384-ECDSA" });
        let path = format!("/signing-profiles/{name}");
        let request = signer.signed(signer.signer.credentials(), Method::PUT, &path, &body);
        let mut text = format!("PUT {path} HTTP/1.1\r\nhost: {}\r\n", signer.signer.address());
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.to_string().len()));
        // It is closed before the answer can arrive.
        std::net::TcpStream::connect(signer.signer.address()).unwrap().write_all(text.as_bytes()).unwrap();
    }
    let mut changed = Vec::new();
    for name in &names {
        let exists = async { while signer.get(name).await.unwrap().status != 200 {} };
        let ended = tokio::time::timeout(Duration::from_secs(10), exists).await;
        assert!(ended.is_ok(), "the call ended with its connection");
        changed.push(name.as_str());
    }
    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    let records = lines(&directory.path().join("a.jsonl"));
    let puts = records.iter().filter(|record| record["eventName"] == "PutSigningProfile");
    let mut recorded: Vec<_> = puts.map(|put| put["requestParameters"]["profileName"].as_str().unwrap()).collect();
    changed.sort_unstable();
    recorded.sort_unstable();
    assert_eq!(recorded, changed);
}

#[tokio::test]
async fn a_full_disk_is_counted_and_stops_no_call() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let signer = Signer::start("version: 1\naudit: {file: /dev/full}").await;
    assert_eq!(signer.put("Prod").await.status, 200);
    let mut metrics = String::new();
    // The writer is another thread; it counts what the disk refused.
    while !metrics.contains("local_signer_queue_lost{queue=\"audit\"} 1\n") {
        (_, metrics) = signer.unsigned("/metrics").await;
    }
}
