#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::SystemTime;

use aws_names::AccountId;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::canonical::body_hash;
use super::*;
use crate::credentials::Credentials;
use crate::iam::Identity;
use crate::principals::{Known, Principal};

const ID: &str = "AKIALOCALAAAAAAAAAAA";
const SECRET: &str = "a-secret-of-some-length";
const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const HOST: &str = "127.0.0.1:8274";

/// A signed request that tests can alter.
#[derive(Clone)]
struct Signed {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Signed {
    /// Signs a request with the AWS SDK's signer.
    fn new(secret: &str, signed_at: OffsetDateTime, service: &str, path: &str, query: &str) -> Self {
        Self::sign(secret, None, signed_at, service, SigningSettings::default(), path, query)
    }

    /// Signs a request with a session token.
    fn with_token(token: &str) -> Self {
        Self::sign(SECRET, Some(token), NOW, "signer", SigningSettings::default(), "/revocations", "a=1")
    }

    /// Presigns a URL that is valid for `seconds`.
    fn presigned(seconds: u64, token: Option<&str>) -> Self {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(std::time::Duration::from_secs(seconds));
        Self::sign(SECRET, token, NOW, "signer", settings, "/signing-profiles/Name%20of_it", "b=2&a=x%2Fy&a=")
    }

    fn sign(
        secret: &str,
        token: Option<&str>,
        signed_at: OffsetDateTime,
        service: &str,
        settings: SigningSettings,
        path: &str,
        query: &str,
    ) -> Self {
        let mut request = Self {
            method: Method::PUT,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: br#"{"platformId":"Notation-OCI-SHA384-ECDSA"}"#.to_vec(),
        };
        request.set("host", HOST);
        request.set("content-type", "application/json");
        request.set("x-custom", "a   b");
        let token = token.map(str::to_owned);
        let identity = aws_credential_types::Credentials::new(ID, secret, token, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-west-2")
            .name(service)
            .time(SystemTime::from(signed_at))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let signable = SignableRequest::new(
            "PUT",
            format!("http://{HOST}{path}?{query}"),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(&request.body),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request.set(name, value);
        }
        for (name, value) in instructions.params() {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            request.query.push_str(&format!("&{name}={value}"));
        }
        request
    }

    fn valid() -> Self {
        Self::new(SECRET, NOW, "signer", "/signing-profiles/Name%20of_it", "b=2&a=x%2Fy&a=")
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }

    fn rewrite(&mut self, name: &str, from: &str, to: &str) {
        let value = self.headers[name].to_str().unwrap().replace(from, to);
        self.set(name, &value);
    }

    fn verify_with(&self, known: &Known, now: OffsetDateTime) -> Result<String, AuthError> {
        let Self { method, path, query, headers, body } = self;
        let head = Head { method, path, query, headers };
        Claim::check(head, known, now)?.verify(body).map(|authenticated| authenticated.region)
    }

    fn verify_at(&self, now: OffsetDateTime) -> Result<String, AuthError> {
        self.verify_with(&known(Credentials::new(ID, SECRET).unwrap(), None), now)
    }

    fn verify(&self) -> Result<String, AuthError> {
        self.verify_at(NOW)
    }
}

fn known(credentials: Credentials, expires: Option<OffsetDateTime>) -> Known {
    let identity = Identity::root(AccountId::EXAMPLE);
    Known::new([Arc::new(Principal::new(identity, credentials, expires, Vec::new()))])
}

/// Alters a valid request and verifies it.
fn after(change: impl FnOnce(&mut Signed)) -> Result<String, AuthError> {
    let mut request = Signed::valid();
    change(&mut request);
    request.verify()
}

#[test]
fn accepts_requests_signed_by_the_sdk() {
    assert_eq!(Signed::valid().verify(), Ok("us-west-2".to_owned()));
}

#[test]
fn rejects_altered_requests() {
    let changes: [fn(&mut Signed); 9] = [
        |request| request.method = Method::POST,
        |request| request.path.push('x'),
        |request| request.path = "/signing-profiles/Name%2520of_it".to_owned(),
        |request| request.query.push_str("&c=3"),
        |request| request.query = "b=2&a=x%2Fz&a=".to_owned(),
        |request| request.body.push(b' '),
        |request| request.set("host", "other.example"),
        |request| request.set("x-custom", "a b c"),
        |request| {
            request.headers.remove("x-custom");
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(after(change), Err(AuthError::Mismatch), "change {number}");
    }
}

#[test]
fn accepts_changed_unsigned_headers() {
    assert!(after(|request| request.set("via", "1.1 proxy")).is_ok());
}

#[test]
fn rejects_signatures_by_another_secret() {
    let request = Signed::new("another-secret", NOW, "signer", "/revocations", "");
    assert_eq!(request.verify(), Err(AuthError::Mismatch));
}

#[test]
fn rejects_altered_signatures() {
    assert_eq!(
        after(|request| request.rewrite("authorization", "Signature=", "Signature=00")),
        Err(AuthError::Mismatch)
    );
}

#[test]
fn rejects_unknown_keys_and_temporary_credentials() {
    let unknown = after(|request| request.rewrite("authorization", ID, "AKIALOCALBBBBBBBBBBB"));
    assert_eq!(unknown, Err(AuthError::UnrecognizedClient));
    let temporary = Signed::with_token("a/session+token==").verify();
    assert_eq!(temporary, Err(AuthError::UnrecognizedClient));
}

#[test]
fn rejects_unsigned_requests() {
    let unsigned = after(|request| {
        request.headers.remove("authorization");
    });
    assert_eq!(unsigned, Err(AuthError::MissingAuthenticationToken));
}

#[test]
fn tolerates_five_minutes_of_clock_skew() {
    let request = Signed::valid();
    for seconds in [-300, 0, 300] {
        assert!(request.verify_at(NOW + Duration::seconds(seconds)).is_ok(), "{seconds}");
    }
    assert_eq!(
        request.verify_at(NOW + Duration::seconds(301)),
        Err(AuthError::Date(
            "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T030906Z - 5 min.)"
                .into()
        ))
    );
    assert_eq!(
        request.verify_at(NOW - Duration::seconds(301)),
        Err(AuthError::Date(
            "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T025904Z + 5 min.)"
                .into()
        ))
    );
}

#[test]
fn rejects_a_date_changed_after_signing() {
    let mut request = Signed::new(SECRET, NOW - Duration::hours(1), "signer", "/revocations", "");
    request.set("x-amz-date", "20260102T030405Z");
    assert_eq!(request.verify(), Err(AuthError::Mismatch));
}

#[test]
fn rejects_missing_duplicate_and_malformed_dates() {
    let changes: [fn(&mut Signed); 3] = [
        |request| {
            request.headers.remove("x-amz-date");
        },
        |request| {
            request.headers.append("x-amz-date", HeaderValue::from_static("20260102T030405Z"));
        },
        |request| request.set("x-amz-date", "20260102 03:04:05"),
    ];
    for change in changes {
        let result = after(change);
        assert!(matches!(result, Err(AuthError::IncompleteSignature(_))), "{result:?}");
    }
}

#[test]
fn rejects_signatures_out_of_scope() {
    let other = Signed::new(SECRET, NOW, "s3", "/revocations", "");
    for result in [
        other.verify(),
        after(|request| request.rewrite("authorization", "/20260102/", "/20260103/")),
        after(|request| request.rewrite("authorization", "aws4_request", "aws5_request")),
        after(|request| request.rewrite("authorization", "host;", "")),
        after(|request| request.rewrite("authorization", ";x-amz-date", "")),
    ] {
        assert!(matches!(result, Err(AuthError::Scope(_))), "{result:?}");
    }
}

#[test]
fn rejects_a_region_changed_after_signing() {
    let result = after(|request| request.rewrite("authorization", "us-west-2", "us-east-1"));
    assert_eq!(result, Err(AuthError::Mismatch));
}

#[test]
fn checks_the_body_hash_header() {
    let with_hash = |hash: &str| {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
        let mut request = Signed::sign(SECRET, None, NOW, "signer", settings, "/revocations", "");
        if !hash.is_empty() {
            request.set("x-amz-content-sha256", hash);
        }
        request.verify()
    };
    assert!(with_hash("").is_ok());
    for hash in ["UNSIGNED-PAYLOAD", &body_hash(b"another")] {
        assert_eq!(with_hash(hash), Err(AuthError::Mismatch), "{hash}");
    }
}

#[test]
fn rejects_headers_of_aws_that_are_not_signed() {
    let hash = body_hash(&Signed::valid().body);
    assert_eq!(
        after(|request| request.set("x-amz-content-sha256", &hash)),
        Err(AuthError::Scope("'X-Amz-Content-Sha256' must be a 'SignedHeader' in the AWS Authorization.".into()))
    );
}

#[test]
fn names_everything_that_is_wrong_with_the_scope() {
    let result = after(|request| {
        request.rewrite("authorization", "/20260102/us-west-2/signer/aws4_request", "/20260103/Oregon/s3/aws5_request");
    });
    assert_eq!(
        result,
        Err(AuthError::Scope(
            "Credential should be scoped to a valid region, not 'Oregon'. Credential should be scoped to correct \
             service: 'signer'. Credential should be scoped with a valid terminator: 'aws4_request', not \
             'aws5_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '20260103' != '20260102', from '20260102T030405Z'."
                .into()
        ))
    );
}

#[test]
fn accepts_sessions_until_they_expire() {
    const TOKEN: &str = "a/session+token==";
    let session = |expires| known(Credentials::new(ID, SECRET).unwrap().with_session_token(TOKEN).unwrap(), expires);
    for request in [Signed::with_token(TOKEN), Signed::presigned(60, Some(TOKEN))] {
        assert!(request.verify_with(&session(None), NOW).is_ok());
        assert!(request.verify_with(&session(Some(NOW + Duration::seconds(1))), NOW).is_ok());
        assert_eq!(request.verify_with(&session(Some(NOW)), NOW), Err(AuthError::ExpiredToken));
        // The credentials of users have no token.
        assert_eq!(request.verify(), Err(AuthError::UnrecognizedClient));
    }
    for request in
        [Signed::valid(), Signed::with_token("another/token=="), Signed::presigned(60, Some("another/token"))]
    {
        assert_eq!(request.verify_with(&session(None), NOW), Err(AuthError::UnrecognizedClient));
    }
}

#[test]
fn accepts_presigned_urls_until_they_expire() {
    let request = Signed::presigned(600, None);
    for seconds in [-300, 0, 600] {
        assert_eq!(request.verify_at(NOW + Duration::seconds(seconds)), Ok("us-west-2".to_owned()), "{seconds}");
    }
    assert_eq!(
        request.verify_at(NOW + Duration::seconds(601)),
        Err(AuthError::Date(
            "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031406Z - 10 min.)"
                .into()
        ))
    );
    assert!(matches!(request.verify_at(NOW - Duration::seconds(301)), Err(AuthError::Date(_))));
    assert!(Signed::presigned(604_800, None).verify_at(NOW + Duration::days(7)).is_ok());
}

#[test]
fn rejects_altered_presigned_urls() {
    let changes: [fn(&mut Signed); 6] = [
        |request| request.method = Method::DELETE,
        |request| request.body.clear(),
        |request| request.query.push_str("&c=3"),
        |request| request.query = request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        |request| request.query = request.query.replace("X%2FAmz", "x"),
        |request| request.query = request.query.replace("X-Amz-Signature=", "X-Amz-Signature=00"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = Signed::presigned(60, None);
        change(&mut request);
        let changed = request.query != Signed::presigned(60, None).query || number < 2;
        assert_eq!(request.verify().is_err(), changed, "change {number}");
        assert!(!changed || request.verify() == Err(AuthError::Mismatch), "change {number}");
    }
}

#[test]
fn names_what_a_presigned_url_lacks() {
    let without = |names: &[&str]| {
        let mut request = Signed::presigned(60, None);
        let kept = |pair: &&str| !names.iter().any(|name| pair.starts_with(&format!("{name}=")));
        request.query = request.query.split('&').filter(kept).collect::<Vec<_>>().join("&");
        request.verify()
    };
    assert_eq!(
        without(&["X-Amz-Signature", "X-Amz-Date"]),
        Err(AuthError::IncompleteSignature(
            "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include \
             'X-Amz-Date'. Re-examine the query-string parameters."
                .into()
        ))
    );
    let all = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
    assert_eq!(without(&all), Err(AuthError::MissingAuthenticationToken));
}

#[test]
fn rejects_presigned_urls_with_a_wrong_validity_or_a_parameter_twice() {
    for (from, to) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=99999999999999999999"),
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
        ("AWS4%2DHMAC%2DSHA256", "AWS4-HMAC-SHA512"),
    ] {
        let mut request = Signed::presigned(60, None);
        assert!(request.query.contains(from), "{}", request.query);
        request.query = request.query.replace(from, to);
        let result = request.verify();
        assert!(matches!(result, Err(AuthError::IncompleteSignature(_))), "{to}: {result:?}");
    }
}

#[test]
fn rejects_a_request_with_both_kinds_of_signatures() {
    let result = after(|request| request.query.push_str("&X-Amz-Algorithm=AWS4-HMAC-SHA256"));
    assert!(matches!(&result, Err(AuthError::Scope(message)) if message.starts_with("Found both")), "{result:?}");
}

#[test]
fn errors_hide_the_secret() {
    let error = Signed::new("another-secret", NOW, "signer", "/", "").verify().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret-of-some"));
}
