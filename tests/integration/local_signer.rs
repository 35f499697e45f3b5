//! `notation-aws-signer local-signer serve` with the AWS SDK and with misbehaving clients.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_sdk_signer::error::ProvideErrorMetadata;
use aws_sdk_signer::operation::RequestId as _;
use aws_sdk_signer::primitives::{Blob, DateTime};
use aws_sdk_signer::types::{SignatureValidityPeriod, SigningProfileStatus, ValidityType};
use aws_smithy_async::time::StaticTimeSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::support::server::{Server, credentials};

const FORMAT: &str = "application/vnd.cncf.notary.payload.v1+json";
const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";

fn code<E: ProvideErrorMetadata + std::fmt::Debug>(error: &E) -> &str {
    error.code().unwrap_or_else(|| panic!("{error:?}"))
}

async fn revoked(client: &aws_sdk_signer::Client, profile: &str, job: &str, signed_at: DateTime) -> Vec<String> {
    client
        .get_revocation_status()
        .signature_timestamp(signed_at)
        .platform_id(PLATFORM)
        .profile_version_arn(profile)
        .job_arn(job)
        .certificate_hashes("ab".repeat(96))
        .certificate_hashes("cd".repeat(96))
        .send()
        .await
        .unwrap()
        .revoked_entities()
        .to_vec()
}

#[tokio::test]
async fn the_sdk_can_use_all_operations() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    let period = SignatureValidityPeriod::builder().value(90).r#type(ValidityType::Days).build();
    let put = client
        .put_signing_profile()
        .profile_name("Prod_1")
        .platform_id(PLATFORM)
        .signature_validity_period(period)
        .tags("team", "images")
        .send()
        .await
        .unwrap();
    assert!(put.request_id().is_some());
    let profile_version = put.profile_version_arn().unwrap().to_owned();
    assert!(profile_version.starts_with("arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod_1/"));

    let profile =
        client.get_signing_profile().profile_name("Prod_1").profile_owner("111122223333").send().await.unwrap();
    assert_eq!(profile.status(), Some(&SigningProfileStatus::Active));
    assert_eq!(profile.signature_validity_period().map(SignatureValidityPeriod::value), Some(90));
    assert_eq!(profile.tags().unwrap()["team"], "images");

    let payload = br#"{"targetArtifact":{}}"#;
    let signed = client
        .sign_payload()
        .profile_name("Prod_1")
        .payload(Blob::new(payload))
        .payload_format(FORMAT)
        .send()
        .await
        .unwrap();
    let envelope: Value = serde_json::from_slice(signed.signature().unwrap().as_ref()).unwrap();
    let member = |name: &str| URL_SAFE_NO_PAD.decode(envelope[name].as_str().unwrap()).unwrap();
    assert_eq!(member("payload"), payload);
    let protected: Value = serde_json::from_slice(&member("protected")).unwrap();
    let job = protected["com.amazonaws.signer.signingJob"].as_str().unwrap();
    assert_eq!(job, format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{}", signed.job_id().unwrap()));
    assert!(signed.metadata().unwrap().contains_key("io.cncf.notary.x509chain.thumbprint#S256"));

    let now = DateTime::from(SystemTime::now());
    assert_eq!(revoked(&client, &profile_version, job, now).await, [""; 0]);
    client.revoke_signature().job_id(signed.job_id().unwrap()).reason("leak").send().await.unwrap();
    assert_eq!(revoked(&client, &profile_version, job, now).await, [job]);
    client
        .revoke_signing_profile()
        .profile_name("Prod_1")
        .profile_version(put.profile_version().unwrap())
        .reason("leak")
        .effective_time(now)
        .send()
        .await
        .unwrap();
    assert_eq!(revoked(&client, &profile_version, job, now).await, [profile_version.as_str(), job]);
    let before = DateTime::from_secs(now.secs() - 1);
    assert_eq!(revoked(&client, &profile_version, job, before).await, [job]);
    let profile = client.get_signing_profile().profile_name("Prod_1").send().await.unwrap();
    assert_eq!(profile.status(), Some(&SigningProfileStatus::Revoked));
    assert_eq!(profile.revocation_record().unwrap().revocation_effective_from().unwrap().secs(), now.secs());
}

#[tokio::test]
async fn the_sdk_recognizes_the_errors() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    let missing = client.get_signing_profile().profile_name("Missing").send().await.unwrap_err().into_service_error();
    assert!(missing.is_resource_not_found_exception() && missing.request_id().is_some(), "{missing:?}");
    assert!(missing.message().unwrap().contains("/signing-profiles/Missing"));
    let foreign = client.get_signing_profile().profile_name("Missing").profile_owner("444455556666").send().await;
    assert!(foreign.unwrap_err().into_service_error().is_access_denied_exception());
    let name = client.put_signing_profile().profile_name("not-allowed").platform_id(PLATFORM).send().await;
    assert!(name.unwrap_err().into_service_error().is_validation_exception());
    let absent = client.cancel_signing_profile().profile_name("Missing").send().await.unwrap_err().into_service_error();
    assert!(absent.is_resource_not_found_exception(), "{absent:?}");
}

#[tokio::test]
async fn rejects_wrong_secrets_unknown_keys_and_stale_dates() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let (id, secret) = credentials(dir.path());
    let at = |time: SystemTime| {
        move |config: aws_sdk_signer::config::Builder| config.time_source(StaticTimeSource::new(time))
    };
    let past = SystemTime::now() - Duration::from_secs(360);
    let future = SystemTime::now() + Duration::from_secs(360);
    for (client, expected, text) in [
        (server.client_as(&id, "another-secret", |config| config), "InvalidSignatureException", "does not match"),
        (server.client_as("AKIALOCALAAAAAAAAAAA", &secret, |config| config), "UnrecognizedClientException", "token"),
        (server.client_as(&id, &secret, at(past)), "InvalidSignatureException", "Signature expired: "),
        (server.client_as(&id, &secret, at(future)), "InvalidSignatureException", "Signature not yet current: "),
    ] {
        let error = client.get_signing_profile().profile_name("Prod").send().await.unwrap_err().into_service_error();
        assert_eq!(code(&error), expected);
        assert!(error.message().unwrap().contains(text), "{error:?}");
    }
}

#[test]
fn answers_unsigned_requests_like_aws() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let answer = server.raw(b"GET /revocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("x-amzn-requestid: "), "{answer}");
    assert!(answer.contains("x-amzn-errortype: MissingAuthenticationTokenException\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Missing Authentication Token"}"#), "{answer}");
}

#[test]
fn rejects_too_large_requests() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let body =
        "POST /signing-jobs/with-payload HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1048577\r\n\r\n";
    let answer = server.raw(&[body.as_bytes(), &vec![b' '; 1_048_577]].concat());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // A hundred certificate hashes fit.
    for (length, status) in [(22 * 1024, 403), (33 * 1024, 413)] {
        let query = "a".repeat(length);
        let target = format!("GET /revocations?{query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let answer = server.raw(target.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    let header = format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nx: {}\r\n\r\n", "a".repeat(64 * 1024));
    assert!(server.raw(header.as_bytes()).starts_with("HTTP/1.1 431 "));
}

#[test]
fn disconnects_slow_and_idle_clients() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let mut slow_body = server.connect();
    slow_body.write_all(b"PUT /signing-profiles/AB HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{").unwrap();
    let mut slow_head = server.connect();
    slow_head.write_all(b"GET /revocations HTTP/1.1\r\nHo").unwrap();
    let answer = server.raw(b"GET /revocations HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let mut idle = server.connect();
    idle.write_all(b"GET /revocations HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut answer = String::new();
    idle.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    for mut stream in [slow_body, slow_head] {
        let mut rest = Vec::new();
        // Either a 408 or a closed connection, well before the client's own limit of 30 seconds.
        match stream.read_to_end(&mut rest) {
            Ok(_) => {
                assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&rest))
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
}

#[test]
fn rejects_a_second_process_on_the_same_directory() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let second = Server::command(dir.path(), &[]).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(message.contains(&format!("already served by another process (id {})", server.process.id())), "{message}");
}

#[tokio::test]
async fn keeps_its_state_after_a_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), &[]);
    let put = server.client(dir.path()).put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await;
    let root = std::fs::read(dir.path().join("ca/root.pem")).unwrap();
    let keys = credentials(dir.path());
    Command::new("kill").arg(server.process.id().to_string()).status().unwrap();
    assert!(server.process.wait().unwrap().success());

    let server = Server::start(dir.path(), &[]);
    assert_eq!(std::fs::read(dir.path().join("ca/root.pem")).unwrap(), root);
    assert_eq!(credentials(dir.path()), keys);
    let profile = server.client(dir.path()).get_signing_profile().profile_name("Prod").send().await.unwrap();
    assert_eq!(profile.profile_version_arn(), put.unwrap().profile_version_arn());
}

#[tokio::test]
async fn keeps_every_answered_job_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    let put = client.put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await.unwrap();
    let profile_version = put.profile_version_arn().unwrap().to_owned();

    let callers: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut answered = Vec::new();
                loop {
                    let request = client.sign_payload().profile_name("Prod").payload(Blob::new("{}"));
                    match request.payload_format(FORMAT).send().await {
                        Ok(signed) => answered.push(signed.job_id().unwrap().to_owned()),
                        Err(_) => return answered,
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    let mut answered = Vec::new();
    for caller in callers {
        answered.extend(caller.await.unwrap());
    }
    assert!(answered.len() >= 16, "only {} jobs were answered before the kill", answered.len());

    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    let now = DateTime::from(SystemTime::now());
    for id in &answered {
        client.revoke_signature().job_id(id).reason("leak").send().await.unwrap();
        let job = format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{id}");
        assert_eq!(revoked(&client, &profile_version, &job, now).await, [job]);
    }
}

#[tokio::test]
async fn a_past_clock_makes_expired_signatures() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &["--clock", "2024-01-01T00:00:00Z"]);
    let client = server.client(dir.path());
    let period = SignatureValidityPeriod::builder().value(1).r#type(ValidityType::Days).build();
    client
        .put_signing_profile()
        .profile_name("Prod")
        .platform_id(PLATFORM)
        .signature_validity_period(period)
        .send()
        .await
        .unwrap();
    let request = client.sign_payload().profile_name("Prod").payload(Blob::new("{}")).payload_format(FORMAT);
    let signed = request.send().await.unwrap();
    let envelope: Value = serde_json::from_slice(signed.signature().unwrap().as_ref()).unwrap();
    let protected = URL_SAFE_NO_PAD.decode(envelope["protected"].as_str().unwrap()).unwrap();
    let protected: Value = serde_json::from_slice(&protected).unwrap();
    assert!(protected["io.cncf.notary.expiry"].as_str().unwrap().starts_with("2024-01-02T00:"), "{protected}");
}

#[tokio::test]
async fn takes_the_secret_from_the_environment_only() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["--access-key-id", "AKIALOCALAAAAAAAAAAA"];
    let refused = Server::command(dir.path(), &arguments).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("NOTATION_AWS_SIGNER_LOCAL_SECRET"));
    let refused = Server::command(dir.path(), &["--secret-access-key", "secret"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));

    let mut command = Server::command(dir.path(), &arguments);
    command.env("NOTATION_AWS_SIGNER_LOCAL_SECRET", "a-secret-of-some-length");
    let server = Server::spawn(command);
    assert!(!dir.path().join("credentials").exists());
    let client = server.client_as(arguments[1], "a-secret-of-some-length", |config| config);
    client.put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await.unwrap();
}
