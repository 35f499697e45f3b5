//! Revoked signatures, and revocation that cannot be checked.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_signer::primitives::DateTime;
use aws_signer::RevokedEntity;
use notary::{Disposition, ReasonCode};
use notation::verify::{Conclusion, Reason, ValidationType, Verdict};
use testbed::test_env::TestEnv;

use crate::failed;

fn revoked(verdict: &Verdict) -> Vec<RevokedEntity> {
    match failed(verdict, ValidationType::Revocation) {
        Reason::Revoked { entities, .. } => entities,
        reason => panic!("{reason:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_revoked_signature() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let job = &signed.signature.signer.job;
    env.client.sdk().revoke_signature().job_id(job.id()).reason("leak").send().await.unwrap();
    assert_eq!(revoked(&env.verify().await), [RevokedEntity::Signature(job.to_string())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_profile_affects_later_signatures_only() {
    for (offset, is_revoked) in [(-60, true), (0, true), (1, false)] {
        let env = TestEnv::new().await;
        let signed = env.sign_and_attach().await;
        // A revocation cannot start in the future. Two seconds later, the second after signing is past.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let signed_at = signed.signature.verified.attributes().signing_time.unix_timestamp();
        let revoke = env.client.sdk().revoke_signing_profile().profile_name("Prod").profile_version(&env.version);
        let effective = DateTime::from_secs(signed_at + offset);
        revoke.effective_time(effective).reason("leak").send().await.unwrap();
        let verdict = env.verify().await;
        if is_revoked {
            let version = signed.signature.signer.profile_version.to_string();
            assert_eq!(revoked(&verdict), [RevokedEntity::SigningProfile(version)], "{offset}");
        } else {
            assert!(verdict.is_verified(), "{offset}: {verdict:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_when_the_service_does_not_answer() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let credentials = Credentials::new("AKIALOCALAAAAAAAAAAA", "wrong", None, None, "test");
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let wrong_credentials = env.config.clone().with_credentials(credentials);
    for (config, code) in [(down, ReasonCode::Unreachable), (wrong_credentials, ReasonCode::Credentials)] {
        let verdict = env.verify_with(&env.trust, &config).await;
        let reason = failed(&verdict, ValidationType::Revocation);
        assert!(matches!(reason, Reason::Undecided(_)), "{reason:?}");
        assert_eq!(reason.code(), code, "{reason:?}");
        assert_eq!(verdict.conclusion(), Conclusion::NotVerified(code.disposition()));
        assert_ne!(code.disposition(), Disposition::Refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_answers_that_are_not_from_aws_signer() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    for body in [
        "",
        "null",
        "[]",
        "ok",
        r#"{"message":"welcome"}"#,
        r#"{"RevokedEntities":[]}"#,
        "{}",
        r#"{"revokedEntities":null}"#,
        r#"{"revokedEntities":null,"message":"welcome"}"#,
        r#"{"revokedEntities":[],"__type":"InternalServiceErrorException"}"#,
        r#"{"revokedEntities":[null]}"#,
        r#"{"revokedEntities":[1]}"#,
        r#"{"revokedEntities":{}}"#,
        r#"{"revokedEntities":"none"}"#,
        r#"{"revokedEntities":["x"],"revokedEntities":[]}"#,
        r#"{"revokedEntities":[]} x"#,
    ] {
        let config = env.config.clone().with_endpoint_url(answering(body));
        let verdict = env.verify_with(&env.trust, &config).await;
        let reason = failed(&verdict, ValidationType::Revocation);
        assert_eq!(
            (reason.code(), reason.disposition()),
            (ReasonCode::Protocol, Disposition::Undetermined),
            "{body}: {reason:?}"
        );
    }
    let config = env.config.clone().with_endpoint_url(answering(r#"{"revokedEntities":[],"more":1}"#));
    assert!(env.verify_with(&env.trust, &config).await.is_verified());
    let config = env.config.clone().with_endpoint_url(answering(r#"{"revokedEntities":["something"]}"#));
    let verdict = env.verify_with(&env.trust, &config).await;
    assert_eq!(revoked(&verdict), [RevokedEntity::Other("something".into())]);
}

/// A server that answers every request with 200 and this body, until the process exits.
fn answering(body: &'static str) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
            let _ = write!(stream, "{head}Connection: close\r\n\r\n{body}");
        }
    });
    format!("http://{address}")
}
