//! Authentication of requests by AWS Signature Version 4, verified as AWS does it ("AWS Signature Version 4 for API
//! requests" in the IAM User Guide). Pure: it takes a request, the credentials and the real time, and returns the
//! region.

mod authorization;
pub mod canonical;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use self::authorization::Authorization;
use self::canonical::{Request, body_hash, canonical_request};
use super::credentials::Credentials;

/// The maximum difference between a request's date and the real time, in either direction.
const MAX_SKEW: Duration = Duration::minutes(5);
const SERVICE: &str = "signer";
const TERMINATOR: &str = "aws4_request";
const DATE_HEADER: &str = "x-amz-date";
const TIMESTAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// Why a request is not authenticated. The texts are AWS's own messages where AWS has one. They contain no secret and
/// no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request is not signed.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The named part of the signature is missing or malformed.
    #[error("{0}")]
    IncompleteSignature(String),
    /// The access key is unknown, or the credentials are temporary; the local signer issues no temporary credentials.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The signature is for another service or date, or does not cover the required headers.
    #[error("{0}")]
    Scope(String),
    /// The date of the request is more than five minutes in the past or the future.
    #[error("{0}")]
    Date(String),
    /// The signature does not match the request and the secret key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// Verifies the signature of `request` at the real time `now`; returns the region it was signed for.
///
/// # Errors
/// Returns [`AuthError`] if the signature is missing, malformed, expired, out of scope, or does not match.
pub fn authenticate(request: &Request<'_>, known: &Credentials, now: OffsetDateTime) -> Result<String, AuthError> {
    let (authorization, timestamp) = claim(request.headers, known, now)?;
    match single(request.headers, "x-amz-content-sha256")? {
        Some(hash) if hash != body_hash(request.body) => return Err(AuthError::Mismatch),
        _ => {}
    }

    let canonical = canonical_request(request, &authorization.signed_headers).ok_or(AuthError::Mismatch)?;
    let scope = format!("{}/{}/{SERVICE}/{TERMINATOR}", authorization.date, authorization.region);
    let string_to_sign =
        format!("AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{}", hex::encode(digest(&SHA256, canonical.as_bytes())));
    // `hmac::verify` compares in constant time.
    hmac::verify(&signing_key(known, &authorization), string_to_sign.as_bytes(), &authorization.signature)
        .map_err(|_| AuthError::Mismatch)?;
    Ok(authorization.region.to_owned())
}

/// Checks what the headers claim, without the signature: before the body of a request is read.
///
/// # Errors
/// Returns [`AuthError`] if the signature is missing, malformed, expired, out of scope, or made with another key.
pub fn check_claim(headers: &HeaderMap, known: &Credentials, now: OffsetDateTime) -> Result<(), AuthError> {
    claim(headers, known, now).map(drop)
}

fn claim<'a>(
    headers: &'a HeaderMap,
    known: &Credentials,
    now: OffsetDateTime,
) -> Result<(Authorization<'a>, &'a str), AuthError> {
    let header = single(headers, "authorization")?.ok_or(AuthError::MissingAuthenticationToken)?;
    let authorization = Authorization::parse(header)?;
    let timestamp = single(headers, DATE_HEADER)?.ok_or_else(|| {
        AuthError::IncompleteSignature("Authorization header requires existence of a 'X-Amz-Date' header.".to_owned())
    })?;
    if headers.contains_key("x-amz-security-token") || authorization.access_key_id != known.access_key_id() {
        return Err(AuthError::UnrecognizedClient);
    }
    check_scope(&authorization, timestamp)?;
    check_date(timestamp, now)?;
    Ok((authorization, timestamp))
}

/// The value of a header that must not occur more than once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AuthError> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(|value| value.to_str()), second) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value.trim())),
        _ => Err(AuthError::IncompleteSignature(format!("The header '{name}' must occur once, in ASCII."))),
    }
}

fn check_scope(authorization: &Authorization<'_>, timestamp: &str) -> Result<(), AuthError> {
    let wrong = |message: String| Err(AuthError::Scope(message));
    if authorization.service != SERVICE {
        return wrong(format!("Credential should be scoped to correct service: '{SERVICE}'."));
    }
    if authorization.terminator != TERMINATOR {
        return wrong(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}'."));
    }
    let date = timestamp.get(..8).unwrap_or(timestamp);
    if authorization.date != date {
        return wrong(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{date}', \
             from '{timestamp}'.",
            authorization.date
        ));
    }
    for required in ["host", DATE_HEADER] {
        if !authorization.signed_headers.contains(&required) {
            return wrong(format!("'{required}' must be a 'SignedHeader' in the AWS Authorization."));
        }
    }
    Ok(())
}

fn check_date(timestamp: &str, now: OffsetDateTime) -> Result<(), AuthError> {
    let Ok(signed_at) = PrimitiveDateTime::parse(timestamp, TIMESTAMP).map(PrimitiveDateTime::assume_utc) else {
        return Err(AuthError::IncompleteSignature(
            "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601.".to_owned(),
        ));
    };
    let text = |time: OffsetDateTime| time.format(TIMESTAMP).unwrap_or_default();
    let (earliest, latest) = (now - MAX_SKEW, now + MAX_SKEW);
    if signed_at < earliest {
        let (earliest, now) = (text(earliest), text(now));
        let message = format!("Signature expired: {timestamp} is now earlier than {earliest} ({now} - 5 min.)");
        return Err(AuthError::Date(message));
    }
    if signed_at > latest {
        let (latest, now) = (text(latest), text(now));
        let message = format!("Signature not yet current: {timestamp} is still later than {latest} ({now} + 5 min.)");
        return Err(AuthError::Date(message));
    }
    Ok(())
}

fn signing_key(known: &Credentials, authorization: &Authorization<'_>) -> hmac::Key {
    let secret = format!("AWS4{}", known.secret_access_key());
    let steps = [authorization.date, authorization.region, SERVICE, TERMINATOR];
    steps.iter().fold(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), |key, step| {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref())
    })
}

#[cfg(test)]
mod tests;
