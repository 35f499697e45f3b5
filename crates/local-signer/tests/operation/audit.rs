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
    use std::os::unix::fs::MetadataExt as _;
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
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
