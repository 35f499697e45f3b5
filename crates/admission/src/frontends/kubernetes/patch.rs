//! The JSON Patch (RFC 6902) that replaces images by their verified digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::images::Images;
use crate::config::PinAs;
use crate::decision::{Decision, Outcome};

/// An operation of a patch.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: String,
    value: &'a str,
}

/// Returns the patch in base64, or `None` if nothing is to be replaced. `decision` is about the distinct images.
///
/// Only verified images are replaced, and only those without digest, so a second patch changes nothing. Images that the
/// object had before stay as they are: Kubernetes permits no change of some, and restarts containers for others.
pub(super) fn patch(images: &Images, specs: &[String], decision: &Decision, pin_as: PinAs) -> Option<String> {
    let pinned = decision.images.iter().map(|image| {
        let is_pinned = image.name.as_ref().is_none_or(|name| name.is_pinned);
        let pinned = match pin_as {
            PinAs::Digest => image.pinned(),
            PinAs::TagAndDigest => image.pinned_with_tag(),
        };
        pinned.filter(|pinned| image.outcome == Outcome::Verified && !is_pinned && *pinned != image.image)
    });
    let pinned: Vec<_> = pinned.collect();
    let places = images.places.iter().filter(|place| !place.is_kept);
    let operations = places.filter_map(|place| {
        let value = pinned.get(place.image)?.as_deref()?;
        let spec = specs.get(place.template)?;
        Some(Operation { op: "replace", path: format!("{spec}{place}"), value })
    });
    let operations: Vec<_> = operations.collect();
    if operations.is_empty() {
        return None;
    }
    serde_json::to_vec(&operations).ok().map(|patch| STANDARD.encode(patch))
}
