//! Names of Kubernetes: "Object Names and IDs", "Labels and Selectors". They become parts of paths of the API, so only
//! what Kubernetes allows is read.

use yaml::{Error, Field};

use super::values::expected;
use crate::cluster::{is_label, is_subdomain};

/// The longest kind, and the longest value of a label.
const MAX_LABEL: usize = 63;

/// A name that is a DNS label (RFC 1123), such as that of a namespace.
pub fn label(field: &Field<'_>, what: &str) -> Result<String, Error> {
    let allowed = "letters a-z, digits and hyphens, at most 63";
    named(field, is_label, &format!("{what}: {allowed}"))
}

/// A name that is a DNS subdomain (RFC 1123), such as that of a Secret.
pub fn subdomain(field: &Field<'_>, what: &str) -> Result<String, Error> {
    let allowed = "letters a-z, digits, hyphens and dots, at most 253";
    named(field, is_subdomain, &format!("{what}: {allowed}"))
}

/// A kind of object, such as `Rollout`.
pub fn kind(field: &Field<'_>) -> Result<String, Error> {
    let is_kind = |text: &str| {
        text.len() <= MAX_LABEL
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    named(field, is_kind, "a kind such as Rollout, in the singular and with a capital")
}

/// The value of a label.
pub fn label_value(field: &Field<'_>) -> Result<String, Error> {
    let text = field.text_or_empty()?;
    if text.is_empty() || is_qualified(text) {
        return Ok(text.to_owned());
    }
    Err(expected(field, "the value of a label: letters, digits, hyphens, underscores and dots, at most 63"))
}

/// Whether a text is the key of a label, with or without a prefix.
pub fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified(name),
        None => is_qualified(text),
    }
}

fn named(field: &Field<'_>, is_valid: impl Fn(&str) -> bool, what: &str) -> Result<String, Error> {
    let text = field.text()?;
    if is_valid(text) { Ok(text.to_owned()) } else { Err(expected(field, what)) }
}

fn is_qualified(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    (1..=MAX_LABEL).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && text.starts_with(is_end)
        && text.ends_with(is_end)
}
