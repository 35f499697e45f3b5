//! The kinds of manifests, and which of them some bytes are: image-spec, `manifest.md` and `image-index.md`, and Docker's
//! "Image Manifest V 2, Schema 2".

use super::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, ManifestError};
use crate::json;

/// The media type of an index of manifests, of an image for several platforms for example.
pub const IMAGE_INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's media type of an image manifest.
pub const DOCKER_MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of an index.
pub const DOCKER_LIST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The media types of the manifests that are read.
pub const MANIFEST_MEDIA_TYPES: [&str; 4] =
    [IMAGE_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, DOCKER_LIST_MEDIA_TYPE];

/// Whether the media type is that of an index.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, IMAGE_INDEX_MEDIA_TYPE | DOCKER_LIST_MEDIA_TYPE)
}

/// The media type of a manifest by what came with it (`Content-Type`) and by what it says of itself. It must be the same: what
/// one client takes for an image and another for an index is two artifacts under one digest (CVE-2021-41190).
pub fn media_type_of(said: Option<&str>, bytes: &[u8]) -> Result<&'static str, ManifestError> {
    let mut manifest = json::parse_object("manifest", bytes)?;
    let own = manifest.optional_string("mediaType")?;
    let known = |media_type: &str| MANIFEST_MEDIA_TYPES.into_iter().find(|known| *known == media_type);
    let media_type = match (said.and_then(known), own.as_deref()) {
        (Some(said), Some(own)) if said != own => {
            let why = format!("it came as {said}, and says of itself that it is {}", own.escape_debug());
            return Err(ManifestError::Kind(why));
        }
        (Some(said), _) => said,
        (None, Some(own)) => {
            known(own).ok_or_else(|| ManifestError::Kind(format!("its media type is {}", own.escape_debug())))?
        }
        (None, None) => {
            let said = said.unwrap_or("nothing").escape_debug();
            return Err(ManifestError::Kind(format!("it came as {said}, and says nothing of itself")));
        }
    };
    let others: &[&str] =
        if is_index(media_type) { &["config", "layers", "fsLayers"] } else { &["manifests", "fsLayers"] };
    match others.iter().find(|name| manifest.take(name).is_some()) {
        Some(other) => {
            Err(ManifestError::Kind(format!("it is {media_type} and has {other}, which belongs to another kind")))
        }
        None => Ok(media_type),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_manifest_is_what_both_its_header_and_its_content_say() {
        let own = format!(r#"{{"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[]}}"#);
        assert_eq!(media_type_of(Some(IMAGE_INDEX_MEDIA_TYPE), own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(Some("application/json"), own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(None, own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(Some(DOCKER_LIST_MEDIA_TYPE), b"{}").unwrap(), DOCKER_LIST_MEDIA_TYPE);
    }

    #[test]
    fn what_two_clients_could_read_as_two_things_is_refused() {
        let own = format!(r#"{{"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[]}}"#);
        for (said, content) in [
            (Some(IMAGE_MANIFEST_MEDIA_TYPE), own.as_str()),
            (Some(IMAGE_MANIFEST_MEDIA_TYPE), r#"{"manifests":[]}"#),
            (Some(IMAGE_INDEX_MEDIA_TYPE), r#"{"layers":[]}"#),
            (Some("text/html"), "{}"),
            (None, r#"{"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}"#),
            (None, "<html>"),
        ] {
            assert!(media_type_of(said, content.as_bytes()).is_err(), "{said:?} {content}");
        }
    }
}
