//! The supported manifest types, and detecting the type of a manifest: image-spec, `manifest.md` and `image-index.md`,
//! and Docker's "Image Manifest V 2, Schema 2". Two older types can be signed, too: the artifact manifest of the
//! image-spec's release candidates, and Docker's "Image Manifest V 2, Schema 1".

use super::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, ManifestError};
use crate::json;
use crate::text::start_of;

/// The media type of an index of manifests, such as a multi-platform image.
pub const IMAGE_INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's media type of an image manifest.
pub const DOCKER_MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of an index.
pub const DOCKER_LIST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The media type of an artifact manifest.
pub const ARTIFACT_MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// The media types of Docker's schema 1, without and with signatures inside.
pub const SCHEMA_1_MEDIA_TYPES: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// The supported manifest types. Schema 1 comes last, because registries convert images to it if they can.
pub const MANIFEST_MEDIA_TYPES: [&str; 7] = [
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_INDEX_MEDIA_TYPE,
    DOCKER_MANIFEST_MEDIA_TYPE,
    DOCKER_LIST_MEDIA_TYPE,
    ARTIFACT_MANIFEST_MEDIA_TYPE,
    SCHEMA_1_MEDIA_TYPES[1],
    SCHEMA_1_MEDIA_TYPES[0],
];

/// The supported manifest type that a media type means: its case and its parameters do not count (RFC 9110, section
/// 8.3.1). Other media types are returned as they are.
#[must_use]
pub fn canonical(media_type: &str) -> &str {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim();
    let known = MANIFEST_MEDIA_TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(essence));
    known.unwrap_or(media_type)
}

/// Whether the media type is that of a supported manifest.
#[must_use]
pub fn is_manifest(media_type: &str) -> bool {
    MANIFEST_MEDIA_TYPES.contains(&media_type)
}

/// Whether the media type is that of an index.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, IMAGE_INDEX_MEDIA_TYPE | DOCKER_LIST_MEDIA_TYPE)
}

/// The media type of a manifest, from the response (`Content-Type`) and from the manifest's own `mediaType`. Both must
/// agree: content that one client reads as an image and another as an index is two artifacts under one digest
/// (CVE-2021-41190).
///
/// # Errors
/// Returns [`ManifestError`] if the content is not JSON, the types differ, or the type is unknown or not supported.
pub fn media_type_of(said: Option<&str>, bytes: &[u8]) -> Result<&'static str, ManifestError> {
    let mut manifest = json::parse_object("manifest", bytes)?;
    let own = manifest.optional_string("mediaType")?;
    let known = |media_type: &str| MANIFEST_MEDIA_TYPES.into_iter().find(|known| *known == media_type);
    let media_type = match (said.map(canonical).and_then(known), own.as_deref()) {
        (Some(said), Some(own)) if said != own => {
            let own = start_of(own);
            let why = format!("its mediaType is {}, but its Content-Type is {said}", own.escape_debug());
            return Err(ManifestError::Kind(why));
        }
        (Some(said), _) => said,
        (None, Some(own)) => known(own).ok_or_else(|| ManifestError::Kind(start_of(own).escape_debug().to_string()))?,
        (None, None) => {
            let said = said.unwrap_or("absent").escape_debug();
            return Err(ManifestError::Kind(format!("it has no mediaType, and its Content-Type is {said}")));
        }
    };
    let others: &[&str] = match media_type {
        index if is_index(index) => &["config", "layers", "fsLayers"],
        ARTIFACT_MANIFEST_MEDIA_TYPE => &["config", "layers", "manifests", "fsLayers"],
        schema_1 if SCHEMA_1_MEDIA_TYPES.contains(&schema_1) => &["config", "layers", "manifests", "blobs"],
        _ => &["manifests", "fsLayers"],
    };
    match others.iter().find(|name| manifest.take(name).is_some()) {
        Some(other) => {
            Err(ManifestError::Kind(format!("{media_type} with the member {other} of another manifest type")))
        }
        None => Ok(media_type),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn takes_the_type_from_the_header_and_the_content() {
        let own = format!(r#"{{"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[]}}"#);
        assert_eq!(media_type_of(Some(IMAGE_INDEX_MEDIA_TYPE), own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(Some("application/json"), own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(None, own.as_bytes()).unwrap(), IMAGE_INDEX_MEDIA_TYPE);
        assert_eq!(media_type_of(Some(DOCKER_LIST_MEDIA_TYPE), b"{}").unwrap(), DOCKER_LIST_MEDIA_TYPE);
    }

    #[test]
    fn rejects_ambiguous_manifests() {
        let own = format!(r#"{{"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[]}}"#);
        for (said, content) in [
            (Some(IMAGE_MANIFEST_MEDIA_TYPE), own.as_str()),
            (Some(IMAGE_MANIFEST_MEDIA_TYPE), r#"{"manifests":[]}"#),
            (Some(IMAGE_INDEX_MEDIA_TYPE), r#"{"layers":[]}"#),
            (Some("text/html"), "{}"),
            (None, r#"{"mediaType":"application/vnd.docker.plugin.v1+json"}"#),
            (Some(ARTIFACT_MANIFEST_MEDIA_TYPE), r#"{"blobs":[],"layers":[]}"#),
            (Some(SCHEMA_1_MEDIA_TYPES[0]), r#"{"fsLayers":[],"manifests":[]}"#),
            (Some(IMAGE_MANIFEST_MEDIA_TYPE), r#"{"fsLayers":[]}"#),
            (None, "<html>"),
        ] {
            assert!(media_type_of(said, content.as_bytes()).is_err(), "{said:?} {content}");
        }
    }
}
