//! The scope of a credential, and the headers that a signature must cover.

use std::borrow::Cow;

use aws_names::Region;
use axum::http::HeaderMap;

use super::authorization::Authorization;
use super::{AuthError, SERVICE, TERMINATOR};

/// Checks the scope of the credential. AWS answers everything that is wrong with it at once.
pub fn check_scope(authorization: &Authorization<'_>, timestamp: &str) -> Result<(), AuthError> {
    let Authorization { date, region, service, terminator, .. } = authorization;
    let mut wrong = Vec::new();
    // Any region is served here, so only text that is no region's name is wrong.
    if region.parse::<Region>().is_err() {
        wrong.push(format!("Credential should be scoped to a valid region, not '{region}'."));
    }
    if service != SERVICE {
        wrong.push(format!("Credential should be scoped to correct service: '{SERVICE}'."));
    }
    if terminator != TERMINATOR {
        wrong.push(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."));
    }
    let day = timestamp.get(..8).unwrap_or(timestamp);
    if date != day {
        wrong.push(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
             '{day}', from '{timestamp}'."
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(AuthError::Scope(wrong.join(" "))) }
}

/// Checks that the signature covers the host, the date, and every header of AWS's that the request has.
pub fn check_signed_headers(
    signed: &[Cow<'_, str>],
    headers: &HeaderMap,
    date_header: Option<&str>,
) -> Result<(), AuthError> {
    let covers = |name: &str| signed.iter().any(|signed| signed == name);
    if !covers("host") {
        let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(AuthError::Scope(message.to_owned()));
    }
    let amazons = headers.keys().map(axum::http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    match date_header.into_iter().chain(amazons).find(|name| !covers(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("'{}' must be a 'SignedHeader' in the AWS Authorization.", in_title_case(name));
            Err(AuthError::Scope(message))
        }
    }
}

/// `X-Amz-Date` for `x-amz-date`.
fn in_title_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_ascii_uppercase())
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
