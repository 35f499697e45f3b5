use time::Duration;

use super::*;

fn status() -> Value {
    json!({
        "signatureTimestamp": "2024-02-03T04:05:06Z",
        "platformId": NOTATION_PLATFORM,
        "profileVersionArn": arn("signing-profiles/Prod/Ab12Cd34Ef"),
        "jobArn": arn("signing-jobs/job"),
        "certificateHashes": ["ab".repeat(96)],
    })
}

#[tokio::test]
async fn rejects_future_and_later_effective_times() {
    let signer = signer();
    let put = signer.put("Prod").await;
    let revoke = |time: Value| json!({"profileName": "Prod", "profileVersion": put["profileVersion"], "reason": "leak", "effectiveTime": time});
    let tomorrow = (OffsetDateTime::now_utc() + Duration::days(1)).unix_timestamp();
    for time in [json!(tomorrow), json!(-1.0), Value::Null] {
        signer.assert_error("RevokeSigningProfile", revoke(time), "ValidationException", "effectiveTime").await;
    }
    signer.ok("RevokeSigningProfile", revoke(json!(1000.0))).await;
    signer.assert_error("RevokeSigningProfile", revoke(json!(1000.5)), "ValidationException", "effectiveTime").await;
    signer.ok("RevokeSigningProfile", revoke(json!(999.0))).await;
    let again = with(revoke(json!(999.0)), json!({"reason": "again"}));
    signer.ok("RevokeSigningProfile", again).await;
    let profile = signer.ok("GetSigningProfile", json!({"profileName": "Prod"})).await;
    assert_eq!(profile["statusReason"], "leak", "a repetition changes nothing");
    let other = with(revoke(json!(1)), json!({"profileVersion": "0000000000"}));
    signer.assert_error("RevokeSigningProfile", other, "ResourceNotFoundException", "0000000000").await;
}

#[tokio::test]
async fn limits_reasons_to_500_characters() {
    let signer = signer();
    for reason in ["", &"ä".repeat(501)] {
        let job = json!({"jobId": "job", "reason": reason});
        signer.assert_error("RevokeSignature", job, "ValidationException", "reason").await;
    }
    let job = json!({"jobId": "job", "reason": "ä".repeat(500)});
    signer.assert_error("RevokeSignature", job, "ResourceNotFoundException", "job").await;
}

#[tokio::test]
async fn revocations_apply_in_all_regions_of_the_partition() {
    let mut signer = signer();
    let put = signer.put("Prod").await;
    let job_id = signer.sign("Prod").await["jobId"].as_str().unwrap().to_owned();
    let job = arn(&format!("signing-jobs/{job_id}"));
    let certificate = "AB".repeat(96);
    let ask = with(
        status(),
        json!({"profileVersionArn": put["profileVersionArn"], "jobArn": job,
            "certificateHashes": ["cd".repeat(96), certificate]}),
    );
    assert_eq!(signer.ok("GetRevocationStatus", ask.clone()).await, json!({"revokedEntities": []}));
    signer.ok("RevokeSignature", json!({"jobId": job_id, "reason": "leak"})).await;
    let revoke = json!({"profileName": "Prod", "profileVersion": put["profileVersion"], "reason": "leak",
        "effectiveTime": START.unix_timestamp()});
    signer.ok("RevokeSigningProfile", revoke).await;
    signer.service.store.revoke_certificate("aws".to_owned(), certificate.clone(), START).await.unwrap();
    signer.caller = Caller::new("eu-central-1".parse().unwrap(), OTHER_ACCOUNT.parse().unwrap());
    let revoked = signer.ok("GetRevocationStatus", ask).await["revokedEntities"].take();
    assert_eq!(revoked, json!([put["profileVersionArn"], job, certificate]));
}

#[tokio::test]
async fn revocations_are_answered_until_six_months_after_expiry() {
    let mut signer = signer();
    let body = json!({"profileName": "Prod", "platformId": NOTATION_PLATFORM,
        "signatureValidityPeriod": {"value": 1, "type": "DAYS"}});
    let put = signer.ok("PutSigningProfile", body).await;
    let job_id = signer.sign("Prod").await["jobId"].as_str().unwrap().to_owned();
    signer.ok("RevokeSignature", json!({"jobId": job_id, "reason": "leak"})).await;
    let revoke = json!({"profileName": "Prod", "profileVersion": put["profileVersion"], "reason": "leak",
        "effectiveTime": 1});
    signer.ok("RevokeSigningProfile", revoke).await;
    let ask = json!({"profileVersionArn": put["profileVersionArn"], "jobArn": arn(&format!("signing-jobs/{job_id}"))});
    for (now, revoked) in [(datetime!(2024-08-04 04:00 UTC), 2), (datetime!(2024-08-04 05:00 UTC), 0)] {
        signer.service.clock = Clock::starting_at(now).unwrap();
        let answer = signer.ok("GetRevocationStatus", with(status(), ask.clone())).await;
        assert_eq!(answer["revokedEntities"].as_array().unwrap().len(), revoked, "{now}");
    }
}

#[tokio::test]
async fn rejects_incomplete_and_foreign_status_requests() {
    let signer = signer();
    assert_eq!(signer.ok("GetRevocationStatus", status()).await, json!({"revokedEntities": []}));
    assert_eq!(
        signer.ok("GetRevocationStatus", with(status(), json!({"certificateHashes": []}))).await["revokedEntities"],
        json!([])
    );
    let cn = |resource: &str| arn(resource).replace("arn:aws:", "arn:aws-cn:");
    for (change, message) in [
        (json!({"signatureTimestamp": null}), "signatureTimestamp"),
        (json!({"platformId": "none"}), "platformId"),
        (json!({"platformId": "AmazonFreeRTOS-Default"}), "not supported for platform"),
        (json!({"profileVersionArn": "arn"}), "profileVersionArn"),
        (json!({"profileVersionArn": "x".repeat(30)}), "not an ARN"),
        (json!({"jobArn": null}), "jobArn"),
        (json!({"certificateHashes": null}), "certificateHashes"),
        (json!({"certificateHashes": ["ab"]}), "certificateHashes"),
        (json!({"profileVersionArn": cn("signing-profiles/Prod/Ab12Cd34Ef")}), "profileVersionArn"),
        (json!({"jobArn": cn("signing-jobs/job")}), "jobArn"),
    ] {
        signer.assert_error("GetRevocationStatus", with(status(), change), "ValidationException", message).await;
    }
}
