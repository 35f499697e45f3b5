use std::time::{Duration, Instant};

use crate::client::Signer;

#[tokio::test]
async fn an_error_is_answered_instead_of_running_the_operation() {
    let config = "version: 1\nfaults: [{operation: PutSigningProfile, error: ThrottlingException}]";
    let signer = Signer::start(config).await;
    let answer = signer.put("Prod").await;
    assert_eq!(answer.failure(), (429, "ThrottlingException"));
    assert_eq!(answer.body["message"], "Rate exceeded");
    assert_eq!(signer.get("Prod").await.unwrap().status, 404, "the operation did not run");
    let (_, metrics) = signer.unsigned("/metrics").await;
    assert!(metrics.contains("local_signer_faults_total{operation=\"PutSigningProfile\",kind=\"error\"} 1\n"));
}

#[tokio::test]
async fn a_delay_applies_to_all_operations_with_a_star() {
    let signer = Signer::start("version: 1\nfaults: [{operation: '*', delay: 300ms}]").await;
    let begun = Instant::now();
    assert_eq!(signer.get("Missing").await.unwrap().status, 404);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_cut_request_is_not_answered_and_does_not_run() {
    let signer = Signer::start("version: 1\nfaults: [{operation: SignPayload, cut: request}]").await;
    signer.put("Prod").await;
    let error = signer.sign("Prod").await.unwrap_err();
    assert!(!error.is_timeout() && error.status().is_none(), "{error:?}");
    let (_, metrics) = signer.unsigned("/metrics").await;
    assert!(metrics.contains("local_signer_jobs{status=\"Succeeded\"} 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_cut_answer_breaks_in_its_middle_after_the_operation_ran() {
    let signer = Signer::start("version: 1\nfaults: [{operation: SignPayload, cut: answer}]").await;
    signer.put("Prod").await;
    let error = signer.sign("Prod").await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    let (_, metrics) = signer.unsigned("/metrics").await;
    assert!(metrics.contains("local_signer_jobs{status=\"Succeeded\"} 1\n"), "{metrics}");
    assert_eq!(signer.get("Prod").await.unwrap().status, 200, "other operations have no fault");
}
