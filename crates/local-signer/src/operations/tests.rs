#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_names::{AccountId, NOTATION_PLATFORM};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use notary::envelope::PAYLOAD_MEDIA_TYPE;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::caller::Caller;
use crate::error::ApiError;

const START: OffsetDateTime = datetime!(2024-02-03 04:05:06 UTC);

struct Signer {
    service: Service,
    caller: Caller,
    _directory: tempfile::TempDir,
}

fn signer() -> Signer {
    let directory = tempfile::tempdir().unwrap();
    let service = Service {
        store: Store::open(&directory.path().join("signer.db")).unwrap(),
        ca: CertificateAuthority::open(&directory.path().join("ca")).unwrap(),
        clock: Clock::starting_at(START).unwrap(),
    };
    Signer { service, caller: Caller::new("us-west-2".parse().unwrap(), AccountId::EXAMPLE), _directory: directory }
}

impl Signer {
    fn put(&self, name: &str, body: Value) -> Result<Value, ApiError> {
        let input: put_signing_profile::Input = serde_json::from_value(body).unwrap();
        let input = put_signing_profile::Input { profile_name: Some(name.to_owned()), ..input };
        put_signing_profile::run(&self.service, &self.caller, input).map(|output| json!(output))
    }

    fn get(&self, name: &str, owner: Option<&str>) -> Result<Value, ApiError> {
        let input =
            get_signing_profile::Input { profile_name: Some(name.to_owned()), profile_owner: owner.map(str::to_owned) };
        get_signing_profile::run(&self.service, &self.caller, input).map(|output| json!(output))
    }

    fn sign(&self, change: impl FnOnce(&mut Value)) -> Result<Value, ApiError> {
        let mut body =
            json!({"profileName": "Prod", "payload": STANDARD.encode("payload"), "payloadFormat": PAYLOAD_MEDIA_TYPE});
        change(&mut body);
        sign_payload::run(&self.service, &self.caller, serde_json::from_value(body).unwrap())
            .map(|output| json!(output))
    }

    fn revoke_profile(&self, version: &str, effective_time: f64) -> Result<(), ApiError> {
        let input = revoke_signing_profile::Input {
            profile_name: Some("Prod".to_owned()),
            profile_version: Some(version.to_owned()),
            reason: Some("leak".to_owned()),
            effective_time: Some(effective_time),
        };
        revoke_signing_profile::run(&self.service, &self.caller, input)
    }

    fn revoke_job(&self, id: &str, owner: Option<&str>, reason: &str) -> Result<(), ApiError> {
        let input = revoke_signature::Input {
            job_id: Some(id.to_owned()),
            job_owner: owner.map(str::to_owned),
            reason: Some(reason.to_owned()),
        };
        revoke_signature::run(&self.service, &self.caller, input)
    }

    fn status(&self, change: impl FnOnce(&mut get_revocation_status::Input)) -> Result<Value, ApiError> {
        let mut input = get_revocation_status::Input {
            signature_timestamp: Some("2024-02-03T04:05:06Z".to_owned()),
            platform_id: Some(NOTATION_PLATFORM.to_owned()),
            profile_version_arn: Some(arn("signing-profiles/Prod/Ab12Cd34Ef")),
            job_arn: Some(arn("signing-jobs/job")),
            certificate_hashes: vec!["ab".repeat(96)],
        };
        change(&mut input);
        get_revocation_status::run(&self.service, &self.caller, input)
            .map(|output| json!(output)["revokedEntities"].take())
    }
}

fn arn(resource: &str) -> String {
    format!("arn:aws:signer:us-west-2:111122223333:/{resource}")
}

fn container_platform() -> Value {
    json!({"platformId": NOTATION_PLATFORM})
}

fn assert_validation<T: std::fmt::Debug>(result: Result<T, ApiError>, what: &str) {
    match result {
        Err(ApiError::Validation(message)) => assert!(message.contains(what), "{what}: {message}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn describes_a_created_profile() {
    let signer = signer();
    let body = json!({
        "platformId": NOTATION_PLATFORM,
        "signatureValidityPeriod": {"value": 90, "type": "DAYS"},
        "signingParameters": {"k": "v"},
        "tags": {"team": "images"},
        "aMemberOfLaterVersions": 1,
    });
    let put = signer.put("Prod", body).unwrap();
    let version = put["profileVersion"].as_str().unwrap();
    assert!(version.len() == 10 && version.bytes().all(|b| b.is_ascii_alphanumeric()), "{version}");
    assert_eq!(
        signer.get("Prod", Some("111122223333")).unwrap(),
        json!({
            "profileName": "Prod",
            "profileVersion": version,
            "profileVersionArn": arn(&format!("signing-profiles/Prod/{version}")),
            "arn": arn("signing-profiles/Prod"),
            "platformId": NOTATION_PLATFORM,
            "platformDisplayName": "Notation for Container Registries",
            "signatureValidityPeriod": {"value": 90, "type": "DAYS"},
            "signingParameters": {"k": "v"},
            "status": "Active",
            "tags": {"team": "images"},
        })
    );
}

#[test]
fn the_default_validity_is_135_months() {
    let signer = signer();
    signer.put("Prod", container_platform()).unwrap();
    let period = signer.get("Prod", None).unwrap()["signatureValidityPeriod"].take();
    assert_eq!(period, json!({"value": 135, "type": "MONTHS"}));
}

#[test]
fn rejects_invalid_profiles_by_parameter() {
    let signer = signer();
    let long = "a".repeat(65);
    for name in ["", "a", "a-b", "a b", "ä1", long.as_str()] {
        assert_validation(signer.put(name, container_platform()), "profileName");
    }
    for (body, what) in [
        (json!({}), "platformId"),
        (json!({"platformId": "AWSLambda-SHA384-ECDSA"}), "platformId"),
        (
            json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"value": 1}}),
            "signatureValidityPeriod.type",
        ),
        (
            json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"type": "DAYS"}}),
            "signatureValidityPeriod.value",
        ),
        (
            json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"value": 136, "type": "MONTHS"}}),
            "from 1 to 135",
        ),
        (
            json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"value": -1, "type": "YEARS"}}),
            "from 1 to 11",
        ),
        (
            json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"value": 1, "type": "WEEKS"}}),
            "DAYS, MONTHS, YEARS",
        ),
        (json!({"platformId": NOTATION_PLATFORM, "signingMaterial": {"certificateArn": "arn"}}), "signingMaterial"),
        (json!({"platformId": NOTATION_PLATFORM, "overrides": {}}), "overrides"),
        (json!({"platformId": NOTATION_PLATFORM, "tags": {"aws:x": "y"}}), "tags"),
    ] {
        assert_validation(signer.put("Prod", body), what);
    }
}

#[test]
fn rejects_taken_names_even_of_revoked_profiles() {
    let signer = signer();
    let put = signer.put("Prod", container_platform()).unwrap();
    assert_validation(signer.put("Prod", container_platform()), "already exists");
    signer.revoke_profile(put["profileVersion"].as_str().unwrap(), 1.0).unwrap();
    assert_validation(signer.put("Prod", container_platform()), "already exists");
}

#[test]
fn denies_other_accounts_and_reports_missing_resources() {
    let signer = signer();
    signer.put("Prod", container_platform()).unwrap();
    assert!(matches!(signer.get("Prod", Some("444455556666")), Err(ApiError::AccessDenied(_))));
    assert_validation(signer.get("Prod", Some("4444")), "profileOwner");
    assert!(matches!(signer.get("Other", None), Err(ApiError::ResourceNotFound(_))));
    assert!(matches!(signer.sign(|body| body["profileName"] = json!("Other")), Err(ApiError::ResourceNotFound(_))));
    assert!(matches!(signer.sign(|body| body["profileOwner"] = json!("444455556666")), Err(ApiError::AccessDenied(_))));
    assert!(matches!(signer.revoke_job("job", Some("444455556666"), "leak"), Err(ApiError::AccessDenied(_))));
    assert!(matches!(signer.revoke_job("job", None, "leak"), Err(ApiError::ResourceNotFound(_))));
    assert!(matches!(signer.revoke_profile("0000000000", 1.0), Err(ApiError::ResourceNotFound(_))));
}

#[test]
fn the_envelope_names_payload_profile_job_and_expiry() {
    let signer = signer();
    let body = json!({"platformId": NOTATION_PLATFORM, "signatureValidityPeriod": {"value": 1, "type": "DAYS"}});
    let put = signer.put("Prod", body).unwrap();
    let signed = signer.sign(|_| {}).unwrap();
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

    let thumbprints: Vec<String> =
        serde_json::from_str(signed["metadata"]["io.cncf.notary.x509chain.thumbprint#S256"].as_str().unwrap()).unwrap();
    let chain = envelope["header"]["x5c"].as_array().unwrap();
    assert_eq!((thumbprints.len(), chain.len()), (3, 3));
    for (thumbprint, certificate) in thumbprints.iter().zip(chain) {
        let certificate = STANDARD.decode(certificate.as_str().unwrap()).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &certificate);
        assert_eq!(*thumbprint, hex::encode(hash));
    }
}

#[test]
fn rejects_invalid_payloads() {
    let signer = signer();
    signer.put("Prod", container_platform()).unwrap();
    assert!(signer.sign(|body| body["payload"] = json!(STANDARD.encode([0; 4096]))).is_ok());
    assert_validation(signer.sign(|body| body["payload"] = json!(STANDARD.encode([0; 4097]))), "payload");
    assert_validation(signer.sign(|body| body["payload"] = json!("")), "payload");
    assert_validation(signer.sign(|body| body["payload"] = Value::Null), "payload");
    assert_validation(signer.sign(|body| body["payloadFormat"] = json!("text/plain")), "payloadFormat");
    assert!(matches!(signer.sign(|body| body["payload"] = json!("%")), Err(ApiError::Serialization(_))));
}

#[test]
fn a_revoked_profile_cannot_sign() {
    let signer = signer();
    let put = signer.put("Prod", container_platform()).unwrap();
    signer.revoke_profile(put["profileVersion"].as_str().unwrap(), 1700000000.25).unwrap();
    assert_validation(signer.sign(|_| {}), "cannot sign any more");
    let profile = signer.get("Prod", None).unwrap();
    assert_eq!((&profile["status"], &profile["statusReason"]), (&json!("Revoked"), &json!("leak")));
    let record = &profile["revocationRecord"];
    assert_eq!(record["revocationEffectiveFrom"], json!(1700000000.25));
    assert_eq!(record["revokedBy"], "arn:aws:iam::111122223333:root");
}

#[test]
fn rejects_future_and_later_effective_times() {
    let signer = signer();
    let put = signer.put("Prod", container_platform()).unwrap();
    let revoke = |time| signer.revoke_profile(put["profileVersion"].as_str().unwrap(), time);
    let tomorrow = OffsetDateTime::now_utc() + Duration::days(1);
    for time in [tomorrow.unix_timestamp() as f64, -1.0, f64::NAN, f64::INFINITY] {
        assert_validation(revoke(time), "effectiveTime");
    }
    revoke(1000.0).unwrap();
    assert_validation(revoke(1000.5), "effectiveTime");
    revoke(999.0).unwrap();
}

#[test]
fn limits_reasons_to_500_characters() {
    let signer = signer();
    for reason in ["", &"ä".repeat(501)] {
        assert_validation(signer.revoke_job("job", None, reason), "reason");
    }
    assert!(matches!(signer.revoke_job("job", None, &"ä".repeat(500)), Err(ApiError::ResourceNotFound(_))));
}

#[test]
fn revocations_apply_in_all_regions_of_the_partition() {
    let mut signer = signer();
    let put = signer.put("Prod", container_platform()).unwrap();
    let job_id = signer.sign(|_| {}).unwrap()["jobId"].as_str().unwrap().to_owned();
    let job = arn(&format!("signing-jobs/{job_id}"));
    let profile = put["profileVersionArn"].as_str().unwrap().to_owned();
    let certificate = "AB".repeat(96);
    let ask = |signer: &Signer| {
        signer
            .status(|input| {
                input.profile_version_arn = Some(profile.clone());
                input.job_arn = Some(job.clone());
                input.certificate_hashes = vec!["cd".repeat(96), certificate.clone()];
            })
            .unwrap()
    };
    assert_eq!(ask(&signer), json!([]));
    signer.revoke_job(&job_id, None, "leak").unwrap();
    signer.revoke_profile(put["profileVersion"].as_str().unwrap(), START.unix_timestamp() as f64).unwrap();
    signer.service.store.revoke_certificate("aws", &certificate, START).unwrap();
    signer.caller = Caller::new("eu-central-1".parse().unwrap(), "444455556666".parse().unwrap());
    assert_eq!(ask(&signer), json!([profile, job, certificate]));
}

#[test]
fn rejects_incomplete_and_foreign_status_requests() {
    let signer = signer();
    assert_eq!(signer.status(|_| {}).unwrap(), json!([]));
    let cn = |resource: &str| Some(arn(resource).replace("arn:aws:", "arn:aws-cn:"));
    assert_validation(signer.status(|input| input.signature_timestamp = None), "signatureTimestamp");
    assert_validation(signer.status(|input| input.signature_timestamp = Some("today".into())), "signatureTimestamp");
    assert_validation(signer.status(|input| input.platform_id = Some("AWSLambda-SHA384-ECDSA".into())), "platformId");
    assert_validation(signer.status(|input| input.profile_version_arn = Some("arn".into())), "not an ARN");
    assert_validation(signer.status(|input| input.job_arn = None), "jobArn");
    assert_validation(signer.status(|input| input.certificate_hashes.clear()), "certificateHashes");
    assert_validation(signer.status(|input| input.certificate_hashes[0].push('0')), "certificateHashes");
    assert_validation(
        signer.status(|input| input.profile_version_arn = cn("signing-profiles/Prod/Ab12Cd34Ef")),
        "profileVersionArn",
    );
    assert_validation(signer.status(|input| input.job_arn = cn("signing-jobs/job")), "jobArn");
}
