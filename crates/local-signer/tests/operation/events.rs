use crate::client::{Signer, lines};

#[tokio::test]
async fn each_signature_is_an_event_that_is_delivered_before_the_end() {
    let signer = Signer::start("version: 1\nevents: {file: events.jsonl}").await;
    signer.put("Prod").await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(signer.sign("Prod").await.unwrap().body["jobId"].clone());
    }
    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    let events = lines(&directory.path().join("events.jsonl"));
    let found: Vec<_> = events.iter().map(|event| event["detail"]["job_id"].clone()).collect();
    assert_eq!(found, jobs);
    let first = &events[0];
    assert_eq!(first["detail-type"], "Signer Job Status Change");
    assert_eq!(first["detail"]["status"], "Succeeded");
    assert_eq!(first["detail"]["platform"], "Notation-OCI-SHA384-ECDSA");
    assert_eq!((first["account"].as_str(), first["region"].as_str()), (Some("111122223333"), Some("us-west-2")));
}
