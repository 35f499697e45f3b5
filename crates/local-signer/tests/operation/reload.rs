use crate::client::{Signer, lines};

#[tokio::test]
async fn a_reload_changes_what_the_configuration_says() {
    let signer = Signer::start("version: 1").await;
    assert_eq!(signer.put("Prod").await.status, 200);
    signer.configure(
        "version: 1\naudit: {file: a.jsonl}\nfaults: [{operation: SignPayload, error: AccessDeniedException}]",
    );
    signer.signer.reload().await.unwrap();
    assert_eq!(signer.sign("Prod").await.unwrap().failure(), (403, "AccessDeniedException"));
    // As log rotation does: the file gets another name, and the next records are in a new one.
    std::fs::rename(signer.path("a.jsonl"), signer.path("a.jsonl.1")).unwrap();
    signer.signer.reload().await.unwrap();
    signer.get("Prod").await.unwrap();
    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    for (name, operation) in [("a.jsonl.1", "SignPayload"), ("a.jsonl", "GetSigningProfile")] {
        let records = lines(&directory.path().join(name));
        assert_eq!(records.len(), 1, "{name}");
        assert_eq!(records[0]["eventName"], operation);
    }
}

#[tokio::test]
async fn a_bad_configuration_is_refused_as_a_whole() {
    let signer = Signer::start("version: 1\nfaults: [{operation: SignPayload, error: AccessDeniedException}]").await;
    signer.put("Prod").await;
    for bad in [
        "version: 1\nfaults: []\nunknown: 1",
        "version: 1\nfaults: []\naudit: {file: missing/folder/a.jsonl}",
        "version: 1\nfaults: []\ntls: {certificate: missing.pem, key: missing.pem}",
        "version: 1\nfaults: [",
    ] {
        signer.configure(bad);
        let problem = signer.signer.reload().await.unwrap_err().to_string();
        assert!(!problem.is_empty());
        assert_eq!(signer.sign("Prod").await.unwrap().failure(), (403, "AccessDeniedException"), "{bad}");
    }
    signer.configure("version: 1\nx: 1");
    let problem = signer.signer.reload().await.unwrap_err().to_string();
    let path = signer.path("config.yaml").canonicalize().unwrap();
    assert!(problem.starts_with(&format!("{}, line 2, column 1: unknown member \"x\"", path.display())), "{problem}");
    let (_, metrics) = signer.unsigned("/metrics").await;
    assert!(metrics.contains("local_signer_configuration_reloads_total{outcome=\"refused\"} 5\n"), "{metrics}");
    // Without the file, the defaults apply.
    std::fs::remove_file(signer.path("config.yaml")).unwrap();
    signer.signer.reload().await.unwrap();
    assert_eq!(signer.sign("Prod").await.unwrap().status, 200);
}
