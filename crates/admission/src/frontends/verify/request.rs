//! The request of `/v1/verify`.

use notary::text::{printable, start_of};

use crate::frontends::json::Json;

/// The longest name of a namespace.
const MAX_NAMESPACE: usize = 253;

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRequest {
    /// It is not an object.
    #[error("the body is {0}: expected an object with the member images")]
    Body(&'static str),
    /// It has a member that it cannot have.
    #[error("unknown member {0:?}: expected images and namespace")]
    Unknown(String),
    /// It names no images.
    #[error("images is {0}: expected an array of at least one reference")]
    Images(&'static str),
    /// It names too many.
    #[error("images has {found} references: at most {limit} are allowed (server.limits.images)")]
    TooMany {
        /// Their number.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// An image is not a text.
    #[error("images[{index}] is {found}: expected a string")]
    Image {
        /// Its index, from 0.
        index: usize,
        /// What it is.
        found: &'static str,
    },
    /// The namespace is not one.
    #[error("namespace is {0}: expected a string of 1 to {MAX_NAMESPACE} printable ASCII characters")]
    Namespace(&'static str),
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The images in their order.
    pub images: Vec<&'a str>,
    /// The namespace, if one was given.
    pub namespace: Option<&'a str>,
}

/// Reads a request.
pub fn read<'a>(body: &'a Json<'_>, limit: usize) -> Result<Request<'a>, MalformedRequest> {
    let members = body.object().ok_or_else(|| MalformedRequest::Body(body.type_name()))?;
    if let Some((name, _)) = members.iter().find(|(name, _)| !matches!(&**name, "images" | "namespace")) {
        return Err(MalformedRequest::Unknown(printable(&start_of(name))));
    }
    Ok(Request { images: images(body.member("images"), limit)?, namespace: namespace(body.present("namespace"))? })
}

fn images<'a>(value: Option<&'a Json<'_>>, limit: usize) -> Result<Vec<&'a str>, MalformedRequest> {
    let value = value.ok_or(MalformedRequest::Images("missing"))?;
    let list = value.array().ok_or_else(|| MalformedRequest::Images(value.type_name()))?;
    if list.is_empty() {
        return Err(MalformedRequest::Images("empty"));
    }
    if list.len() > limit {
        return Err(MalformedRequest::TooMany { found: list.len(), limit });
    }
    let image = |(index, image): (usize, &'a Json<'_>)| {
        let found = image.type_name();
        image.str().ok_or(MalformedRequest::Image { index, found })
    };
    list.iter().enumerate().map(image).collect()
}

fn namespace<'a>(value: Option<&'a Json<'_>>) -> Result<Option<&'a str>, MalformedRequest> {
    let Some(value) = value else { return Ok(None) };
    let text = value.str().ok_or_else(|| MalformedRequest::Namespace(value.type_name()))?;
    match text {
        "" => Err(MalformedRequest::Namespace("empty")),
        _ if text.len() > MAX_NAMESPACE => Err(MalformedRequest::Namespace("too long")),
        _ if !text.bytes().all(|b| b.is_ascii_graphic()) => Err(MalformedRequest::Namespace("malformed")),
        _ => Ok(Some(text)),
    }
}
