use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::Duration;
use time::format_description::well_known::Rfc3339;

use super::*;

#[tokio::test]
async fn the_envelope_names_payload_profile_job_and_expiry() {
    let signer = signer();
    let body = json!({"profileName": "Prod", "platformId": NOTATION_PLATFORM,
        "signatureValidityPeriod": {"value": 1, "type": "DAYS"}});
    let put = signer.ok("PutSigningProfile", body).await;
    let signed = signer.sign("Prod").await;
    assert_eq!(signed["jobOwner"], "111122223333");
    let envelope: Value =
        serde_json::from_slice(&STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap()).unwrap();
    let decoded = |member: &str| URL_SAFE_NO_PAD.decode(envelope[member].as_str().unwrap()).unwrap();
    assert_eq!(decoded("payload"), b"payload");
    let protected: Value = serde_json::from_slice(&decoded("protected")).unwrap();
    let time = |name: &str| OffsetDateTime::parse(protected[name].as_str().unwrap(), &Rfc3339).unwrap();
    let signed_at = time("io.cncf.notary.authenticSigningTime");
    assert!(signed_at >= START && signed_at < START + Duration::minutes(1), "{signed_at}");
    assert_eq!(time("io.cncf.notary.expiry") - signed_at, Duration::days(1));
    assert_eq!(protected["com.amazonaws.signer.signingProfileVersion"], put["profileVersionArn"]);
    let job = arn(&format!("signing-jobs/{}", signed["jobId"].as_str().unwrap()));
    assert_eq!(protected["com.amazonaws.signer.signingJob"], job);

    let metadata = &signed["metadata"];
    assert_eq!((&metadata["signingProfileArn"], &metadata["signingJobId"]), (&put["arn"], &signed["jobId"]));
    let thumbprints: Vec<String> =
        serde_json::from_str(metadata["io.cncf.notary.x509chain.thumbprint#S256"].as_str().unwrap()).unwrap();
    let chain = envelope["header"]["x5c"].as_array().unwrap();
    assert_eq!((thumbprints.len(), chain.len()), (3, 3));
    for (thumbprint, certificate) in thumbprints.iter().zip(chain) {
        let certificate = STANDARD.decode(certificate.as_str().unwrap()).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate);
        assert_eq!(*thumbprint, hex::encode(hash));
    }
}

#[tokio::test]
async fn rejects_invalid_payloads() {
    let signer = signer();
    signer.put("Prod").await;
    signer.ok("SignPayload", with(payload("Prod"), json!({"payload": STANDARD.encode([0; 4096])}))).await;
    for (change, parameter) in [
        (json!({"payload": STANDARD.encode([0; 4097])}), "payload"),
        (json!({"payload": ""}), "payload"),
        (json!({"payload": null}), "payload"),
        (json!({"payload": "%"}), "payload"),
        (json!({"payloadFormat": "text/plain"}), "payloadFormat"),
        (json!({"payloadFormat": null}), "payloadFormat"),
    ] {
        let body = with(payload("Prod"), change);
        signer.assert_error("SignPayload", body, "ValidationException", parameter).await;
    }
}

#[tokio::test]
async fn only_active_profiles_of_the_platform_sign() {
    let signer = signer();
    let put = signer.put("Prod").await;
    let revoke = json!({"profileName": "Prod", "profileVersion": put["profileVersion"], "reason": "leak",
        "effectiveTime": 1_700_000_000.25});
    signer.ok("RevokeSigningProfile", revoke).await;
    signer.assert_error("SignPayload", payload("Prod"), "ValidationException", "cannot sign any more").await;
    let profile = signer.ok("GetSigningProfile", json!({"profileName": "Prod"})).await;
    assert_eq!((&profile["status"], &profile["statusReason"]), (&json!("Revoked"), &json!("leak")));
    let record = &profile["revocationRecord"];
    assert_eq!(record["revocationEffectiveFrom"], json!(1_700_000_000.25));
    assert_eq!(record["revokedBy"], "arn:aws:iam::111122223333:root");

    signer.put("Canceled").await;
    signer.ok("CancelSigningProfile", json!({"profileName": "Canceled"})).await;
    signer.assert_error("SignPayload", payload("Canceled"), "ValidationException", "cannot sign any more").await;
    let lambda = json!({"profileName": "Lambda", "platformId": "AWSLambda-SHA384-ECDSA"});
    signer.ok("PutSigningProfile", lambda).await;
    signer.assert_error("SignPayload", payload("Lambda"), "ValidationException", "not supported for platform").await;
    signer.assert_error("SignPayload", payload("None"), "ResourceNotFoundException", "None").await;
}
