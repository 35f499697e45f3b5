//! The request: ProviderRequest, and the namespace and the image that a key names.

use notary::text::{printable, start_of};

use super::Json;
use super::response::API_VERSION;
use crate::cluster::is_label;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRequest {
    /// A member has a value of another kind.
    #[error("{member} is {found}: expected {expected}")]
    Member {
        /// The member's path.
        member: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// There are more keys than images are permitted.
    #[error("request.keys has {found} keys: at most {limit} are allowed (server.limits.images)")]
    TooMany {
        /// Their number.
        found: usize,
        /// The most.
        limit: usize,
    },
}

/// A key, and what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// The key as it was written.
    pub text: &'a str,
    /// The namespace, if it names one.
    pub namespace: Option<&'a str>,
    /// The image.
    pub image: &'a str,
}

impl<'a> Key<'a> {
    /// Takes a key apart. One that has no valid namespace in brackets is an image as a whole: brackets are also the
    /// form of IPv6 addresses (`[::1]:5000/app`), and all others are refused as malformed references.
    pub fn new(text: &'a str) -> Self {
        let whole = Self { text, namespace: None, image: text };
        match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            // Templates write it for objects without namespace.
            Some(("", image)) => Self { image, ..whole },
            Some((namespace, image)) if is_label(namespace) => Self { namespace: Some(namespace), image, ..whole },
            _ => whole,
        }
    }
}

/// The keys of a ProviderRequest.
///
/// # Errors
/// Returns an error that says what is wrong, and where, unless it is a ProviderRequest with at most `limit` keys.
pub fn read<'a>(body: &'a Json<'_>, limit: usize) -> Result<Vec<Key<'a>>, MalformedRequest> {
    let wrong = |member, value: Option<&Json<'_>>, expected| MalformedRequest::Member {
        member,
        found: value.map_or_else(|| "missing".to_owned(), describe),
        expected,
    };
    if body.object().is_none() {
        return Err(wrong("the body", Some(body), "a ProviderRequest object"));
    }
    for (member, expected) in [("apiVersion", API_VERSION), ("kind", "ProviderRequest")] {
        let value = body.member(member);
        if value.and_then(Json::str) != Some(expected) {
            return Err(wrong(member, value, expected));
        }
    }
    let request = body.member("request");
    if request.and_then(Json::object).is_none() {
        return Err(wrong("request", request, "an object"));
    }
    // Go's writer leaves an empty list out.
    let Some(keys) = request.and_then(|request| request.present("keys")) else {
        return Ok(Vec::new());
    };
    let list = keys.array().ok_or_else(|| wrong("request.keys", Some(keys), "an array of strings"))?;
    if list.len() > limit {
        return Err(MalformedRequest::TooMany { found: list.len(), limit });
    }
    let key = |key: &'a Json<'_>| {
        key.str().map(Key::new).ok_or_else(|| wrong("a key in request.keys", Some(key), "a string"))
    };
    list.iter().map(key).collect()
}

/// The value in an error: a text itself, of others their type.
fn describe(value: &Json<'_>) -> String {
    match value.str() {
        Some(text) => format!("{:?}", printable(&start_of(text))),
        None => value.type_name().to_owned(),
    }
}
