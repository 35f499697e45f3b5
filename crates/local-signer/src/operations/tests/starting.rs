use super::*;

/// A call of `StartSigningJob` with folders that do not exist: the jobs here are not run.
fn start(token: &str) -> Value {
    json!({
        "profileName": "Zip",
        "clientRequestToken": token,
        "source": {"s3": {"bucketName": "source", "key": "code.zip", "version": "null"}},
        "destination": {"s3": {"bucketName": "signed", "prefix": "out/"}},
    })
}

async fn with_profile() -> Signer {
    let signer = signer();
    signer.ok("PutSigningProfile", json!({"profileName": "Zip", "platformId": "AWSLambda-SHA384-ECDSA"})).await;
    signer
}

#[tokio::test]
async fn a_started_job_is_in_progress() {
    let signer = with_profile().await;
    let started = signer.ok("StartSigningJob", start("token")).await;
    assert_eq!(started["jobOwner"], "111122223333");
    let job = signer.ok("DescribeSigningJob", json!({"jobId": started["jobId"]})).await;
    assert_eq!((&job["status"], &job["platformId"]), (&json!("InProgress"), &json!("AWSLambda-SHA384-ECDSA")));
    assert_eq!(job["source"], start("")["source"]);
    assert!(job.get("completedAt").is_none() && job.get("signedObject").is_none() && job.get("statusReason").is_none());
    let listed = signer.ok("ListSigningJobs", json!({"status": "InProgress"})).await;
    assert_eq!(listed["jobs"][0]["jobId"], started["jobId"]);
}

#[tokio::test]
async fn parameters_are_checked() {
    let signer = with_profile().await;
    signer.put("Containers").await;
    let s3 = |change: Value| with(start("t")["source"]["s3"].clone(), change);
    let without = |member: &str| {
        let mut source = s3(json!({}));
        source.as_object_mut().unwrap().remove(member);
        json!({"source": {"s3": source}})
    };
    for (change, code, message) in [
        (json!({"profileName": null}), "ValidationException", "profileName"),
        (json!({"profileName": "a"}), "ValidationException", "profileName"),
        (json!({"profileName": "nosuch"}), "ResourceNotFoundException", "profile with name nosuch does not exist"),
        (json!({"profileOwner": "1"}), "ValidationException", "profileOwner"),
        (json!({"profileOwner": OTHER_ACCOUNT}), "ResourceNotFoundException", "does not exist"),
        (
            json!({"profileName": "Containers"}),
            "ValidationException",
            "not supported for platform Notation-OCI-SHA384-ECDSA",
        ),
        (json!({"clientRequestToken": null}), "ValidationException", "clientRequestToken"),
        (json!({"clientRequestToken": ""}), "ValidationException", "clientRequestToken"),
        (json!({"clientRequestToken": "t".repeat(1025)}), "ValidationException", "clientRequestToken"),
        (json!({"source": null}), "ValidationException", "'source'"),
        (json!({"source": {}}), "ValidationException", "source.s3"),
        (without("bucketName"), "ValidationException", "source.s3.bucketName"),
        (without("key"), "ValidationException", "source.s3.key"),
        (without("version"), "ValidationException", "source.s3.version"),
        (json!({"source": {"s3": s3(json!({"bucketName": "A_B"}))}}), "ValidationException", "source.s3.bucketName"),
        (json!({"source": {"s3": s3(json!({"key": ""}))}}), "ValidationException", "source.s3.key"),
        (json!({"source": {"s3": s3(json!({"key": "k".repeat(1025)}))}}), "ValidationException", "source.s3.key"),
        (json!({"source": {"s3": s3(json!({"version": ""}))}}), "ValidationException", "source.s3.version"),
        (json!({"destination": null}), "ValidationException", "'destination'"),
        (json!({"destination": {}}), "ValidationException", "destination.s3"),
        (json!({"destination": {"s3": {}}}), "ValidationException", "destination.s3.bucketName"),
        (json!({"destination": {"s3": {"bucketName": "a/b"}}}), "ValidationException", "destination.s3.bucketName"),
        (
            json!({"destination": {"s3": {"bucketName": "signed", "prefix": "p".repeat(1000)}}}),
            "ValidationException",
            "destination.s3.prefix",
        ),
    ] {
        signer.assert_error("StartSigningJob", with(start("t"), change), code, message).await;
    }
    assert_eq!(signer.ok("ListSigningJobs", json!({})).await, json!({"jobs": []}));
    signer.ok("StartSigningJob", with(start("t"), json!({"destination": {"s3": {"bucketName": "signed"}}}))).await;
}

#[tokio::test]
async fn profiles_must_be_active() {
    let signer = with_profile().await;
    signer.ok("CancelSigningProfile", json!({"profileName": "Zip"})).await;
    signer.assert_error("StartSigningJob", start("t"), "ValidationException", "cannot sign any more").await;
}

#[tokio::test]
async fn a_token_answers_as_the_first_time() {
    let mut signer = with_profile().await;
    let first = signer.ok("StartSigningJob", start("token")).await;
    assert_eq!(signer.ok("StartSigningJob", start("token")).await, first);
    let other = json!({"profileName": "Other", "source": {"s3": {"bucketName": "x", "key": "", "version": ""}}});
    assert_eq!(signer.ok("StartSigningJob", with(start("token"), other)).await, first);
    signer.ok("CancelSigningProfile", json!({"profileName": "Zip"})).await;
    assert_eq!(signer.ok("StartSigningJob", start("token")).await, first);
    assert_eq!(signer.ok("ListSigningJobs", json!({})).await["jobs"].as_array().unwrap().len(), 1);
    // Tokens belong to an account and region.
    signer.caller = Caller::new("us-west-2".parse().unwrap(), OTHER_ACCOUNT.parse().unwrap());
    signer.assert_error("StartSigningJob", start("token"), "ResourceNotFoundException", "does not exist").await;
}

#[tokio::test]
async fn concurrent_calls_with_a_token_start_one_job() {
    let signer = std::sync::Arc::new(with_profile().await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let signer = std::sync::Arc::clone(&signer);
        calls.spawn(async move { signer.ok("StartSigningJob", start("token")).await });
    }
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(signer.ok("ListSigningJobs", json!({})).await["jobs"].as_array().unwrap().len(), 1);
}
