#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod header;
mod presigned;
mod scope;
mod session;

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
