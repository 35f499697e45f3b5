use crate::client::Signer;

#[tokio::test]
async fn calls_beyond_a_quota_are_refused_in_awss_words_and_have_no_effect() {
    let config = "version: 1\nquotas: {enabled: true, default: 1000, PutSigningProfile: 1}";
    let signer = Signer::start(config).await;
    let mut refused = None;
    for i in 0..10 {
        let answer = signer.put(&format!("Name_{i}")).await;
        if answer.status == 429 {
            refused = Some((i, answer));
            break;
        }
    }
    let (i, answer) = refused.unwrap();
    assert_eq!(answer.failure(), (429, "TooManyRequestsException"));
    assert_eq!(answer.body["message"], "Rate exceeded");
    assert_eq!(signer.get(&format!("Name_{i}")).await.unwrap().failure(), (404, "ResourceNotFoundException"));
    let (_, metrics) = signer.unsigned("/metrics").await;
    assert!(metrics.contains("local_signer_throttled_total{operation=\"PutSigningProfile\"} 1\n"), "{metrics}");
}

#[tokio::test]
async fn without_quotas_no_call_is_refused() {
    let signer = Signer::start("version: 1\nquotas: {enabled: false, default: 1}").await;
    for _ in 0..50 {
        assert_eq!(signer.get("Missing").await.unwrap().status, 404);
    }
}

#[tokio::test]
async fn requests_without_a_valid_signature_use_up_no_quota() {
    let signer = Signer::start("version: 1\nquotas: {enabled: true, default: 1}").await;
    for _ in 0..20 {
        assert_eq!(signer.unsigned("/signing-profiles/Name").await.0, 403);
    }
    assert_eq!(signer.get("Missing").await.unwrap().status, 404);
}
