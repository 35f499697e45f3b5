//! What a request claims to be, before and after its signature is verified.

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, Method};
use time::OffsetDateTime;

use super::authorization::Authorization;
use super::canonical::{Request, body_hash, canonical_request};
use super::date::{check_age, parse_date};
use super::error::incomplete;
use super::presigned::{self, Presigned};
use super::scope::{check_scope, check_signed_headers};
use super::{ALGORITHM, AuthError, SERVICE, TERMINATOR};
use crate::principals::{Known, Principal};

/// A request without its body, as received: path and query are still percent-encoded.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The percent-encoded path.
    pub path: &'a str,
    /// The percent-encoded query without the question mark. It may be empty.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
}

/// What is signed, and by whom, wherever the request says it.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    pub(super) authorization: Authorization<'a>,
    pub(super) timestamp: Cow<'a, str>,
    pub(super) token: Option<Cow<'a, str>>,
    /// How long a presigned request is valid, in seconds.
    pub(super) expires: Option<u32>,
    /// The header that the date is in, which must be signed. A presigned request has none.
    pub(super) date_header: Option<&'static str>,
}

/// A request whose claims are in order: a known access key, the right scope and date. Only [`Claim::verify`] shows that
/// the signature is right.
#[derive(Debug)]
pub struct Claim<'a> {
    head: Head<'a>,
    signature: Signature<'a>,
    principal: Arc<Principal>,
}

/// An authenticated request.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The principal that signed it.
    pub principal: Arc<Principal>,
    /// The region it was signed for.
    pub region: String,
    /// Whether the signature was in the query.
    pub presigned: bool,
}

impl<'a> Claim<'a> {
    /// Checks what the request claims at the real time `now`, without the signature: before the body is read.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the signature is missing, malformed, expired, out of scope, or made with an unknown
    /// key.
    pub fn check(head: Head<'a>, known: &Known, now: OffsetDateTime) -> Result<Self, AuthError> {
        let signature = signature(&head)?;
        let Signature { authorization, timestamp, token, expires, date_header } = &signature;
        let signed_at = parse_date(timestamp)?;
        check_signed_headers(&authorization.signed_headers, head.headers, *date_header)?;
        check_scope(authorization, timestamp)?;
        check_age(timestamp, signed_at, *expires, now)?;
        let principal = known.find(&authorization.access_key_id).ok_or(AuthError::UnrecognizedClient)?;
        if !principal.credentials().has_session_token(token.as_deref()) {
            return Err(AuthError::UnrecognizedClient);
        }
        if principal.is_expired(now) {
            return Err(AuthError::ExpiredToken);
        }
        let principal = Arc::clone(principal);
        Ok(Self { head, signature, principal })
    }

    /// Verifies the signature over the request with its complete body.
    ///
    /// # Errors
    /// Returns [`AuthError::Mismatch`] if the signature or the hash of the body does not match.
    pub fn verify(self, body: &[u8]) -> Result<Authenticated, AuthError> {
        let Self { head, signature, principal } = self;
        let Signature { authorization, timestamp, expires: _, token: _, date_header } = &signature;
        let hash = body_hash(body);
        match single(head.headers, "x-amz-content-sha256")? {
            Some(claimed) if claimed != hash => return Err(AuthError::Mismatch),
            _ => {}
        }
        let Head { method, path, query, headers } = head;
        let request = Request { method, path, query, headers, body_hash: &hash };
        let canonical = canonical_request(&request, &authorization.signed_headers).ok_or(AuthError::Mismatch)?;
        let Authorization { date, region, signature: given, .. } = authorization;
        let hashed = body_hash(canonical.as_bytes());
        let string_to_sign = format!("{ALGORITHM}\n{timestamp}\n{date}/{region}/{SERVICE}/{TERMINATOR}\n{hashed}");
        let (secret, keys) = (principal.credentials().secret_access_key(), principal.signing_keys());
        let key = keys.get(secret, date, region);
        // `hmac::verify` compares in constant time.
        hmac::verify(&key, string_to_sign.as_bytes(), given).map_err(|_| AuthError::Mismatch)?;
        keys.keep(date, region, key);
        let (region, presigned) = (region.clone().into_owned(), date_header.is_none());
        Ok(Authenticated { principal, region, presigned })
    }
}

fn signature<'a>(head: &Head<'a>) -> Result<Signature<'a>, AuthError> {
    let header = single(head.headers, "authorization")?;
    let presigned = presigned::is_presigned(head.query);
    match (header, presigned) {
        (Some(_), true) => Err(AuthError::Scope(
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.".to_owned(),
        )),
        (None, false) => Err(AuthError::MissingAuthenticationToken),
        (None, true) => Presigned::parse(head.query)?.signature(),
        (Some(header), false) => {
            let (date_header, timestamp) = match single(head.headers, "x-amz-date")? {
                Some(date) => ("x-amz-date", Some(date)),
                None => ("date", single(head.headers, "date")?),
            };
            let authorization = Authorization::parse(header, timestamp.is_some())?;
            let token = single(head.headers, "x-amz-security-token")?.map(Cow::Borrowed);
            let timestamp = Cow::Borrowed(timestamp.unwrap_or_default());
            Ok(Signature { authorization, timestamp, token, expires: None, date_header: Some(date_header) })
        }
    }
}

/// The value of a header that must not occur more than once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AuthError> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(|value| value.to_str()), second) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value.trim())),
        _ => Err(incomplete(format!("The header '{name}' must occur once, in ASCII."))),
    }
}
