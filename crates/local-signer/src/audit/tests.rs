#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use time::macros::datetime;

use super::*;

fn record() -> Record {
    Record {
        operation: "SignPayload",
        is_read_only: false,
        at: datetime!(2026-01-02 03:04:05.6 UTC),
        region: "us-west-2".to_owned(),
        identity: Identity {
            partition: "us-west-2".parse::<aws_names::Region>().unwrap().partition(),
            account: AccountId::EXAMPLE,
            access_key_id: "AKIALOCALAAAAAAAAAAA".to_owned(),
            principal: Principal::User { id: "AIDALOCAL".to_owned(), name: "alice".to_owned() },
        },
        owner: Some("444455556666".parse().unwrap()),
        source_ip: Some("::ffff:127.0.0.1".parse().unwrap()),
        user_agent: Some("aws-cli/2\n".to_owned()),
        request: json!({ "profileName": "demo", "payload": "x".repeat(5000) }),
        response: Some(json!({ "jobId": "1" })),
        error: None,
        request_id: "r".to_owned(),
        tls: None,
    }
}

fn documents(record: &Record) -> Vec<Value> {
    record.documents().iter().map(|document| serde_json::from_str(document).unwrap()).collect()
}

#[test]
fn both_accounts_get_a_record_of_a_call_across_accounts() {
    let mut documents = documents(&record());
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["sharedEventID"], documents[1]["sharedEventID"]);
    assert_ne!(documents[0]["eventID"], documents[1]["eventID"]);
    assert_eq!(documents[1]["recipientAccountId"], "444455556666");
    for generated in ["eventID", "sharedEventID"] {
        assert!(documents[0][generated].take().is_string());
    }
    assert_eq!(
        documents[0],
        json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDALOCAL",
                "arn": "arn:aws:iam::111122223333:user/alice",
                "accountId": "111122223333",
                "accessKeyId": "AKIALOCALAAAAAAAAAAA",
                "userName": "alice",
            },
            "eventTime": "2026-01-02T03:04:05Z",
            "eventSource": "signer.amazonaws.com",
            "eventName": "SignPayload",
            "awsRegion": "us-west-2",
            "sourceIPAddress": "127.0.0.1",
            "userAgent": "aws-cli/2\n",
            "requestParameters": { "profileName": "demo", "payload": format!("{}...", "x".repeat(1021)) },
            "responseElements": { "jobId": "1" },
            "requestID": "r",
            "eventID": null,
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "sharedEventID": null,
            "eventCategory": "Management",
        })
    );
}

#[test]
fn errors_have_code_and_message_and_reads_have_no_result() {
    let error = Some(("ValidationException".to_owned(), "wrong".to_owned()));
    let record = Record { is_read_only: true, owner: Some(AccountId::EXAMPLE), error, request: json!({}), ..record() };
    let documents = documents(&record);
    assert_eq!(documents.len(), 1, "an account gets one record");
    let document = &documents[0];
    assert_eq!((&document["errorCode"], &document["errorMessage"]), (&json!("ValidationException"), &json!("wrong")));
    assert_eq!((&document["responseElements"], &document["requestParameters"]), (&Value::Null, &Value::Null));
    assert!(document.get("sharedEventID").is_none());
}

#[test]
fn a_role_has_its_session_and_its_issuer() {
    let principal = Principal::AssumedRole {
        id: "AROALOCAL".to_owned(),
        name: "ci".to_owned(),
        session: "build".to_owned(),
        since: Some(datetime!(2026-01-01 00:00 UTC)),
    };
    let document = Identity { principal, ..record().identity }.document();
    assert_eq!(document["arn"], "arn:aws:sts::111122223333:assumed-role/ci/build");
    assert_eq!(document["principalId"], "AROALOCAL:build");
    assert_eq!(document["sessionContext"]["attributes"]["creationDate"], "2026-01-01T00:00:00Z");
    assert_eq!(document["sessionContext"]["sessionIssuer"]["arn"], "arn:aws:iam::111122223333:role/ci");
}

#[test]
fn records_are_lines_of_bounded_size() {
    let request = json!({ "list": vec!["x".repeat(2000); 1000], "é".repeat(5000): 1 });
    let record = Record { request, user_agent: Some("é".repeat(60_000)), ..record() };
    for document in record.documents() {
        assert!(document.len() < 10_000 && !document.contains('\n'));
        assert!(document.contains(r#""omitted":true"#));
    }
}

#[tokio::test]
async fn calls_are_written_in_order_and_nothing_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloudtrail.jsonl");
    let audit = Audit::start(None).unwrap();
    assert!(!audit.is_active());
    audit.record(&record()).await;
    audit.set_target(Audit::open(Some(&path)).unwrap());
    for i in 0..100 {
        audit.record(&Record { request_id: i.to_string(), ..record() }).await;
    }
    audit.stop(Duration::from_secs(60)).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["requestID"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (0..100).flat_map(|i| [i.to_string(), i.to_string()]).collect();
    assert_eq!(ids, expected);
    assert!(Audit::open(Some(&folder.path().join("missing/file"))).is_err());
}
