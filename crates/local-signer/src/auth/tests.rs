#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use time::macros::datetime;

use super::*;

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
        let identity = aws_credential_types::Credentials::new(ID, secret, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-west-2")
            .name(service)
            .time(SystemTime::from(signed_at))
            .settings(SigningSettings::default())
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

    fn verify_at(&self, now: OffsetDateTime) -> Result<String, AuthError> {
        let Self { method, path, query, headers, body } = self;
        let known = Credentials::new(ID, SECRET).unwrap();
        authenticate(&Request { method, path, query, headers, body }, &known, now)
    }

    fn verify(&self) -> Result<String, AuthError> {
        self.verify_at(NOW)
    }
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
    let temporary = after(|request| request.set("x-amz-security-token", "token"));
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
    let hash = body_hash(&Signed::valid().body);
    assert!(after(|request| request.set("x-amz-content-sha256", &hash)).is_ok());
    for hash in ["UNSIGNED-PAYLOAD", &body_hash(b"another")] {
        assert_eq!(after(|request| request.set("x-amz-content-sha256", hash)), Err(AuthError::Mismatch), "{hash}");
    }
}

#[test]
fn errors_hide_the_secret() {
    let error = Signed::new("another-secret", NOW, "signer", "/", "").verify().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret-of-some"));
}
