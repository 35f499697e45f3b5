//! Making timestamps: whatever a timestamping authority answers, a signature gets a valid timestamp or none.

use std::time::{Duration, Instant};

use aws_signer::{ClientPool, SignerConfig};
use limits::Deadline;
use notary::envelope::EnvelopeFormat;
use notary::envelope::SigningScheme::{SigningAuthority, X509};
use notary::timestamp::{REPLY_MEDIA_TYPE, ResponseError, TimestampError};
use notary::x509::Certificate;
use notary::{Advice, Disposition, ReasonCode};
use notation::revocation::RevocationSources;
use notation::timestamp::{StampedEnvelope, TimestampingAuthority, TimestampingError as E, parse_url, stamp};
use registry::Layout;
use testbed::fault::{Reply, Request};
use testbed::own_key::{OwnKey, signature_of, stamped};
use testbed::test_env::add_image;
use testbed::tsa::{TsaServer, respond};
use testing::status::{entry, generalized};
use testing::timestamp::{granted, refused};
use time::OffsetDateTime;

/// An envelope by a valid key.
fn envelope() -> Vec<u8> {
    envelope_in(EnvelopeFormat::Jws)
}

fn envelope_in(format: EnvelopeFormat) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let image = add_image(&Layout::create(folder.path()).unwrap(), "v1");
    OwnKey::new(|_| ()).sign_in(format, &image, X509)
}

fn signed_by(key: &OwnKey) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    key.sign(&add_image(&Layout::create(folder.path()).unwrap(), "v1"), X509)
}

async fn stamp_with(tsa: &TsaServer, root: Certificate, envelope: &[u8]) -> Result<StampedEnvelope, E> {
    let authority = TimestampingAuthority::new(parse_url(&tsa.url()).unwrap(), vec![root])?;
    let revocation = RevocationSources::new(ClientPool::new(SignerConfig::default()));
    let deadline = Deadline::new(Duration::from_secs(5));
    stamp(EnvelopeFormat::of(envelope), envelope, &authority, &revocation, OffsetDateTime::now_utc(), deadline).await
}

/// The error if the authority answers like this.
async fn error(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> E {
    let tsa = TsaServer::start();
    tsa.answer("/tsa", reply);
    stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_gets_a_timestamp_and_stays_the_same() {
    for format in EnvelopeFormat::ALL {
        let tsa = TsaServer::start();
        let envelope = envelope_in(format);
        let stamped = stamp_with(&tsa, tsa.root(), &envelope).await.unwrap();
        assert_eq!(EnvelopeFormat::of(&stamped.bytes), format);
        assert_eq!(signature_of(&stamped.bytes), signature_of(&envelope));
        assert_eq!(stamped.timestamp.chain().leaf().subject(), "CN=tsa");
        let [request] = &tsa.server.seen()[..] else { panic!("one request") };
        assert_eq!(
            (request.method.as_str(), request.header("content-type")),
            ("POST", Some("application/timestamp-query"))
        );
        // Another timestamp replaces it.
        let again = stamp_with(&tsa, tsa.root(), &stamped.bytes).await.unwrap();
        assert_ne!(again.bytes, stamped.bytes);
        assert_eq!(signature_of(&again.bytes), signature_of(&envelope));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_statuses_other_than_200_are_errors() {
    for (status, code) in [
        (201, ReasonCode::Protocol),
        (202, ReasonCode::Protocol),
        (204, ReasonCode::Protocol),
        (206, ReasonCode::Protocol),
        (301, ReasonCode::Protocol),
        (307, ReasonCode::Protocol),
        (400, ReasonCode::Configuration),
        (401, ReasonCode::Credentials),
        (403, ReasonCode::Denied),
        (404, ReasonCode::NotFound),
        (405, ReasonCode::Configuration),
        (408, ReasonCode::Protocol),
        (415, ReasonCode::Configuration),
        (429, ReasonCode::Throttled),
        (500, ReasonCode::Protocol),
        (503, ReasonCode::Protocol),
    ] {
        // The body would be right.
        let tsa = TsaServer::start();
        let authority = std::sync::Arc::clone(&tsa.tsa);
        let location = tsa.url();
        tsa.answer("/tsa", move |request| match respond(&authority, request, |_| ()) {
            Reply::Answer(_, mut headers, body) => {
                headers.push(("Location", location.clone()));
                Reply::Answer(status, headers, body)
            }
            other => other,
        });
        let why = stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err();
        assert!(matches!(why, E::Status { status: found, .. } if found == status), "{status}: {why}");
        assert_eq!(why.code(), code, "{why}");
        let is_wrong_url = matches!(code, ReasonCode::Configuration | ReasonCode::NotFound);
        assert_eq!(matches!(why.advice(), Some(Advice::CheckEndpoint { .. })), is_wrong_url, "{why}");
        assert_eq!(tsa.server.seen().len(), 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_of_another_type_or_form_is_an_error() {
    for media_type in ["text/html", "application/octet-stream", "application/timestamp-query", ""] {
        let why = error(move |_| Reply::content(media_type, b"<html>".to_vec())).await;
        assert!(matches!(why, E::ContentType { .. }), "{media_type}: {why}");
    }
    for body in [&b"<html>"[..], b"", &[0x30, 0]] {
        let why = error(move |_| Reply::content(REPLY_MEDIA_TYPE, body)).await;
        assert!(matches!(&why, E::Response { source, .. } if matches!(**source, ResponseError::Malformed(_))), "{why}");
        assert_eq!(why.code(), ReasonCode::Protocol);
    }
    // Parameters and the case do not matter.
    let tsa = TsaServer::start();
    let authority = std::sync::Arc::clone(&tsa.tsa);
    tsa.answer("/tsa", move |request| match respond(&authority, request, |_| ()) {
        Reply::Answer(_, _, body) => Reply::content("Application/Timestamp-Reply; a=b", body),
        other => other,
    });
    assert!(stamp_with(&tsa, tsa.root(), &envelope()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_large_and_broken_answers_end_within_limits() {
    let began = Instant::now();
    let why = error(|_| Reply::Hang("HTTP/1.1 200 OK\r\n")).await;
    assert!(matches!(why, E::Timeout { .. }) && why.code() == ReasonCode::Deadline, "{why}");
    assert!(began.elapsed() < Duration::from_secs(20));
    let large = vec![0x30; 2 * 1024 * 1024];
    let why = error(move |_| Reply::content(REPLY_MEDIA_TYPE, large.clone())).await;
    assert!(matches!(why, E::TooLarge { .. }), "{why}");
    let why = error(|_| {
        Reply::Close("HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: 9\r\n\r\n")
    })
    .await;
    assert!(matches!(why, E::Connection { .. }) && why.code() == ReasonCode::Unreachable, "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_request_is_refused() {
    let tsa = TsaServer::start();
    let envelope = envelope();
    let recorded = tsa.token(&signature_of(&envelope), OffsetDateTime::now_utc(), |_| ());
    tsa.answer("/tsa", move |_| Reply::content(REPLY_MEDIA_TYPE, granted(&recorded)));
    let why = stamp_with(&tsa, tsa.root(), &envelope).await.unwrap_err();
    // The authority of the test hashes with SHA-256, as the key of the envelope requires: only the nonce is missing.
    assert!(matches!(&why, E::Response { source, .. } if **source == ResponseError::Nonce), "{why}");
    tsa.change_tokens(|info| info.nonce = vec![2, 1, 1]);
    let why = stamp_with(&tsa, tsa.root(), &envelope).await.unwrap_err();
    assert!(matches!(&why, E::Response { source, .. } if **source == ResponseError::Nonce), "{why}");
    tsa.change_tokens(|info| info.imprint = testing::timestamp::imprint(testing::timestamp::SHA2_256, b"x"));
    let why = stamp_with(&tsa, tsa.root(), &envelope).await.unwrap_err();
    assert!(matches!(&why, E::Response { source, .. } if **source == ResponseError::OtherMessage), "{why}");
    let why = error(|_| Reply::content(REPLY_MEDIA_TYPE, refused(2, "closed", &[25]))).await;
    assert!(why.to_string().contains("systemFailure: system failure (closed)"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_verify_is_not_written() {
    // The signature of the token is broken, and everything else is right.
    let tsa = TsaServer::start();
    let authority = std::sync::Arc::clone(&tsa.tsa);
    tsa.answer("/tsa", move |request| match respond(&authority, request, |_| ()) {
        Reply::Answer(status, headers, mut body) => {
            *body.last_mut().unwrap() ^= 1;
            Reply::Answer(status, headers, body)
        }
        other => other,
    });
    let why = stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err();
    assert!(matches!(&why, E::Token { source, .. } if **source == TimestampError::Signature), "{why}");
    assert_eq!((why.code(), why.advice()), (ReasonCode::Protocol, Some(Advice::UseAnotherAuthority)));
    // Another root.
    let stranger = TsaServer::start();
    let tsa = TsaServer::start();
    let why = stamp_with(&tsa, stranger.root(), &envelope()).await.unwrap_err();
    assert!(
        matches!(&why, E::Token { source, .. } if matches!(**source, TimestampError::UntrustedChain { .. })),
        "{why}"
    );
    assert_eq!(why.code(), ReasonCode::Configuration);
    // A certificate that is not for timestamping.
    let tsa = TsaServer::with(|specs, _| specs[0].remove(testing::certificate::EXTENDED_KEY_USAGE));
    let why = stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err();
    assert!(matches!(&why, E::Token { source, .. } if matches!(**source, TimestampError::Chain(_))), "{why}");
    // No root, but an intermediate.
    let intermediate = Certificate::from_der(tsa.tsa.chain[1].clone()).unwrap();
    let why = stamp_with(&tsa, intermediate, &envelope()).await.unwrap_err();
    assert!(matches!(why, E::Root(_)), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_revocation_of_the_authority_is_checked_before() {
    let tsa = TsaServer::with_crls();
    assert!(stamp_with(&tsa, tsa.root(), &envelope()).await.is_ok());
    let revoked = entry(&[0x12, 0x34], OffsetDateTime::now_utc() - time::Duration::HOUR, &[]);
    tsa.answer_with("/crl", tsa.crl(1, vec![revoked]));
    let why = stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err();
    assert!(matches!(why, E::Revoked(_)), "{why}");
    // Nothing was judged that could be refused.
    assert_eq!(why.code().disposition(), Disposition::Misconfigured);
    assert_eq!(why.advice(), Some(Advice::UseAnotherAuthority));
    assert!(
        why.to_string().starts_with("a certificate of the timestamping authority is revoked: certificate 0 (CN=tsa)")
    );
    tsa.answer("/crl", |_| Reply::status(500));
    let why = stamp_with(&tsa, tsa.root(), &envelope()).await.unwrap_err();
    assert!(matches!(why, E::Undecided(_)) && why.code() == ReasonCode::Unreachable, "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_with_another_time_is_no_verdict_about_the_signature() {
    let now = OffsetDateTime::now_utc();
    let signer = signed_by(&OwnKey::new(|_| ()));
    // The certificates of signer and authority are valid for a thousand days.
    for (days, is_valid_authority) in [(-1500, true), (1500, true), (1500, false)] {
        let tsa = TsaServer::with(|specs, _| {
            let years = time::Duration::days(if is_valid_authority { 3000 } else { 1000 });
            for spec in specs {
                (spec.not_before, spec.not_after) = (now - years, now + years);
            }
        });
        tsa.change_tokens(move |info| {
            info.gen_time = generalized((now + time::Duration::days(days)).replace_nanosecond(0).unwrap());
        });
        let why = stamp_with(&tsa, tsa.root(), &signer).await.unwrap_err();
        match is_valid_authority {
            true => assert!(matches!(why, E::Time { .. }), "{why}"),
            false => assert!(matches!(&why, E::Token { .. }), "{why}"),
        }
        assert_eq!(why.code().disposition(), Disposition::Undetermined, "{why}");
        assert_eq!(why.advice(), Some(Advice::CorrectAuthorityTime), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_that_would_prove_nothing_is_not_written() {
    let tsa = TsaServer::start();
    let why = stamp_with(&tsa, tsa.root(), &signed_by(&OwnKey::expired())).await.unwrap_err();
    assert!(matches!(why, E::NotValid(_)), "{why}");
    assert_eq!((why.code(), why.advice()), (ReasonCode::CertificateValidity, Some(Advice::SignAgain)));
    let folder = tempfile::tempdir().unwrap();
    let image = add_image(&Layout::create(folder.path()).unwrap(), "v1");
    let authentic = OwnKey::new(|_| ()).sign(&image, SigningAuthority);
    let before = tsa.server.seen().len();
    let why = stamp_with(&tsa, tsa.root(), &authentic).await.unwrap_err();
    assert!(matches!(why, E::SigningAuthority), "{why}");
    // The envelope was altered.
    let mut altered: serde_json::Value = serde_json::from_slice(&envelope()).unwrap();
    altered["payload"] = serde_json::json!("e30");
    let why = stamp_with(&tsa, tsa.root(), altered.to_string().as_bytes()).await.unwrap_err();
    assert!(matches!(why, E::Verify(_)), "{why}");
    assert!(matches!(stamp_with(&tsa, tsa.root(), b"{}").await, Err(E::Envelope(_))));
    assert_eq!(tsa.server.seen().len(), before);
    // An unreadable timestamp is replaced, as it proves nothing.
    assert!(stamp_with(&tsa, tsa.root(), &stamped(&envelope(), b"no token")).await.is_ok());
}
