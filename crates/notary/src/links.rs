//! The content that a manifest of a supported type refers to: image-spec, `manifest.md` and `image-index.md`, and
//! Docker's "Image Manifest V 2, Schema 2".

use std::collections::BTreeMap;

use super::manifest::{ManifestError, descriptor};
use super::media_type::{
    ARTIFACT_MANIFEST_MEDIA_TYPE, SCHEMA_1_MEDIA_TYPES, canonical, is_index, is_manifest, media_type_of,
};
use crate::json::Object;
use crate::{Descriptor, Digest, json};

/// The most manifests of one index, and the most layers of one image.
const MAX_CHILDREN: usize = 1000;
const MAX_LAYERS: usize = 4096;
/// The media types of foreign layers: their licence forbids distribution, so that a registry may lack them.
const FOREIGN: [&str; 4] = [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
];

/// The content that a manifest or an index refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The manifests of an index.
    pub manifests: Vec<Descriptor>,
    /// What an index lists under other media types, such as the layers of a build cache: image-spec 1.0, "an
    /// encountered `mediaType` that is unknown to the implementation MUST be ignored".
    pub others: Vec<Descriptor>,
    /// Of these, the entries whose digest or another member cannot be read.
    pub unknown: Vec<UnknownEntry>,
    /// The configuration and the layers of an image, or the blobs of an artifact manifest.
    pub blobs: Vec<Descriptor>,
    /// Foreign layers, which are downloaded from the URLs in the manifest.
    pub foreign: Vec<Descriptor>,
    /// The entry of the manifest in the list of its subject's referrers.
    pub referrer: Option<Referrer>,
}

/// The entry of a manifest in a list of referrers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// The artifact that the manifest refers to.
    pub subject: Descriptor,
    /// Its artifact type, or the media type of its configuration if it has none.
    pub artifact_type: Option<String>,
    /// The annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// An entry of an index, of an unknown media type, that cannot be read: for example, one with a digest of an unknown
/// algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownEntry {
    /// Its media type.
    pub media_type: String,
    /// Its digest as the index has it. The text is not checked.
    pub digest: Option<String>,
    /// What is wrong with it.
    pub why: ManifestError,
}

/// Whether a program could read this member as the subject: Go's `encoding/json` ignores the case of names, and folds
/// the long s.
fn is_subject(name: &str) -> bool {
    name.replace('\u{17f}', "s").eq_ignore_ascii_case("subject")
}

/// Whether a manifest has a subject, in any spelling that a program could read.
#[must_use]
pub fn names_subject(manifest: &Object) -> bool {
    manifest.names().any(is_subject)
}

/// Takes the subject in any spelling.
fn take_subject(manifest: &mut Object) -> Result<Option<Object>, ManifestError> {
    let names: Vec<String> = manifest.names().filter(|name| is_subject(name)).map(str::to_owned).collect();
    let mut found = None;
    for name in names {
        if let Some(subject) = manifest.optional_object(&name)?
            && found.replace(subject).is_some()
        {
            return Err(ManifestError::Kind("it has more than one subject".to_owned()));
        }
    }
    Ok(found)
}

/// The digest of the subject of a manifest, of any media type.
///
/// # Errors
/// Returns [`ManifestError`] if the content is not a JSON object, or has a subject that cannot be read.
pub fn subject_of(bytes: &[u8]) -> Result<Option<Digest>, ManifestError> {
    let subject = take_subject(&mut json::parse_object("manifest", bytes)?)?;
    subject.map(|mut subject| Ok(subject.string("digest")?.parse()?)).transpose()
}

fn descriptor_of(media_type: &str, digest: Option<&str>, entry: &mut Object) -> Result<Descriptor, ManifestError> {
    let digest = digest.ok_or_else(|| entry.missing("digest"))?.parse()?;
    let size = entry.unsigned("size")?;
    Ok(Descriptor { media_type: media_type.to_owned(), digest, size, artifact_type: None, annotations: [].into() })
}

impl Links {
    /// Reads the links of a manifest of this media type.
    ///
    /// # Errors
    /// Returns [`ManifestError`] if the manifest is malformed, is not of this type, or lists too much, and
    /// [`ManifestError::Kind`] for Docker's schema 1, whose layers have no sizes.
    pub fn read(media_type: &str, bytes: &[u8]) -> Result<Self, ManifestError> {
        media_type_of(Some(media_type), bytes)?;
        let mut manifest = json::parse_object("manifest", bytes)?;
        let mut links = Self::default();
        let mut artifact_type = manifest.optional_string("artifactType")?;
        if is_index(media_type) {
            for mut entry in manifest.objects("manifests", MAX_CHILDREN)? {
                // Digest, size and media type identify an artifact; the other members could be of any size.
                let _ = (entry.take("annotations"), entry.take("artifactType"));
                let media_type = canonical(&entry.string("mediaType")?).to_owned();
                let is_manifest = is_manifest(&media_type);
                let digest = entry.optional_string("digest").ok().flatten();
                match descriptor_of(&media_type, digest.as_deref(), &mut entry) {
                    Ok(child) if is_manifest => links.manifests.push(child),
                    Ok(child) => links.others.push(child),
                    // A manifest that cannot be read must not be passed over.
                    Err(why) if is_manifest => return Err(why),
                    Err(why) => links.unknown.push(UnknownEntry { media_type, digest, why }),
                }
            }
        } else if media_type == ARTIFACT_MANIFEST_MEDIA_TYPE {
            for mut blob in manifest.objects("blobs", MAX_LAYERS)? {
                links.blobs.push(descriptor(&mut blob)?);
            }
        } else if SCHEMA_1_MEDIA_TYPES.contains(&media_type) {
            return Err(ManifestError::Kind("Docker's schema 1, whose layers have no sizes".to_owned()));
        } else {
            let config = descriptor(&mut manifest.object("config")?)?;
            artifact_type = artifact_type.or_else(|| Some(config.media_type.clone()));
            links.blobs.push(config);
            for mut layer in manifest.objects("layers", MAX_LAYERS)? {
                let has_urls = !layer.strings("urls")?.is_empty();
                let layer = descriptor(&mut layer)?;
                let foreign = has_urls && FOREIGN.contains(&layer.media_type.as_str());
                if foreign { &mut links.foreign } else { &mut links.blobs }.push(layer);
            }
        }
        if let Some(mut subject) = take_subject(&mut manifest)? {
            let subject = descriptor(&mut subject)?;
            let annotations = manifest.optional_object("annotations")?;
            let annotations = annotations.map_or(Ok(BTreeMap::new()), Object::into_strings)?;
            links.referrer = Some(Referrer { subject, artifact_type, annotations });
        }
        Ok(links)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;
    use crate::manifest::IMAGE_MANIFEST_MEDIA_TYPE;
    use crate::media_type::{DOCKER_LIST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE};

    fn entry(media_type: &str, content: &str) -> serde_json::Value {
        json!(Descriptor::from_content(media_type, content.as_bytes()))
    }

    #[test]
    fn separates_blobs_from_foreign_layers() {
        let mut foreign = entry(FOREIGN[0], "foreign");
        foreign["urls"] = json!(["https://example.com/layer"]);
        let here = entry(FOREIGN[0], "without URLs");
        let mut with_mirror = entry("a/layer", "layer");
        with_mirror["urls"] = json!(["https://example.com/layer"]);
        let image =
            json!({"schemaVersion": 2, "config": entry("a/config", "{}"), "layers": [foreign, here, with_mirror]});
        for media_type in [IMAGE_MANIFEST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE] {
            let links = Links::read(media_type, image.to_string().as_bytes()).unwrap();
            assert_eq!((links.blobs.len(), links.foreign.len(), links.manifests.len()), (3, 1, 0));
            assert_eq!(links.foreign[0], Descriptor::from_content(FOREIGN[0], b"foreign"));
            assert_eq!(links.referrer, None);
        }
    }

    #[test]
    fn separates_manifests_of_an_index_from_other_entries() {
        let child = Descriptor::from_content(DOCKER_MANIFEST_MEDIA_TYPE, b"child");
        let cached = Descriptor::from_content("application/vnd.oci.image.layer.v1.tar+gzip", b"layer");
        for media_type in [IMAGE_INDEX_MEDIA_TYPE, DOCKER_LIST_MEDIA_TYPE] {
            let read = |entry| Links::read(media_type, json!({"manifests": [entry]}).to_string().as_bytes());
            assert_eq!(read(json!(child)).unwrap().manifests, std::slice::from_ref(&child));
            let links = read(json!(cached)).unwrap();
            assert_eq!((links.manifests, links.others), (vec![], vec![cached.clone()]));
            for wrong in [json!({}), json!([]), json!("x")] {
                assert!(read(wrong.clone()).is_err(), "{wrong}");
            }
        }
        let many: Vec<_> = (0..=MAX_CHILDREN).map(|i| entry(IMAGE_MANIFEST_MEDIA_TYPE, &i.to_string())).collect();
        assert!(Links::read(IMAGE_INDEX_MEDIA_TYPE, json!({"manifests": many}).to_string().as_bytes()).is_err());
    }

    #[test]
    fn parameters_and_case_do_not_make_an_unknown_media_type() {
        for media_type in [
            "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
            "application/vnd.oci.image.manifest.v1+json ;x=y",
            "Application/vnd.OCI.image.Manifest.v1+JSON",
        ] {
            let index = json!({"manifests": [entry(media_type, "child")]}).to_string();
            let links = Links::read(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes()).unwrap();
            let child = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"child");
            assert_eq!((links.manifests, links.others), (vec![child], vec![]), "{media_type}");
        }
    }

    #[test]
    fn an_unreadable_entry_of_an_unknown_type_hides_no_other() {
        let child = entry(IMAGE_MANIFEST_MEDIA_TYPE, "child");
        for (name, value) in [("digest", json!("blake3:abc")), ("digest", json!(null)), ("size", json!(-1))] {
            let mut odd = entry("x/y", "odd");
            odd[name] = value.clone();
            let read = |odd| {
                let index = json!({"manifests": [odd, child]}).to_string();
                Links::read(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes())
            };
            let links = read(odd.clone()).unwrap();
            assert_eq!((links.manifests.len(), links.others.len(), links.unknown.len()), (1, 0, 1), "{value}");
            assert_eq!(links.unknown[0].digest.as_deref(), odd["digest"].as_str());
            // A manifest must not be passed over.
            odd["mediaType"] = IMAGE_MANIFEST_MEDIA_TYPE.into();
            assert!(read(odd).is_err(), "{value}");
        }
    }

    #[test]
    fn finds_the_subject_in_every_spelling_that_a_program_reads() {
        let subject = Descriptor::from_content("a/b", b"subject");
        for name in ["subject", "Subject", "SUBJECT", "\u{17f}ubject"] {
            let manifest = json!({"schemaVersion": 2, "config": entry("a/b", "{}"), "layers": [], name: subject});
            let links = Links::read(IMAGE_MANIFEST_MEDIA_TYPE, manifest.to_string().as_bytes()).unwrap();
            assert_eq!(links.referrer.unwrap().subject, subject, "{name}");
            assert_eq!(subject_of(manifest.to_string().as_bytes()).unwrap(), Some(subject.digest.clone()), "{name}");
        }
        assert_eq!(subject_of(br#"{"subject":null}"#).unwrap(), None);
        for wrong in [r#"{"subject":{}}"#, r#"{"subject":"x"}"#, "[]", r#"{"subject":{},"Subject":{}}"#] {
            assert!(subject_of(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_artifact_manifests_and_refuses_schema_1() {
        let manifest = json!({"mediaType": ARTIFACT_MANIFEST_MEDIA_TYPE, "artifactType": "a/sbom",
            "blobs": [entry("a/b", "blob")], "subject": entry("a/b", "subject")});
        let links = Links::read(ARTIFACT_MANIFEST_MEDIA_TYPE, manifest.to_string().as_bytes()).unwrap();
        assert_eq!(links.blobs, [Descriptor::from_content("a/b", b"blob")]);
        assert_eq!(links.referrer.unwrap().artifact_type.as_deref(), Some("a/sbom"));
        for media_type in SCHEMA_1_MEDIA_TYPES {
            let why = Links::read(media_type, br#"{"schemaVersion":1,"fsLayers":[]}"#).unwrap_err();
            assert!(matches!(why, ManifestError::Kind(_)), "{why}");
        }
    }

    #[test]
    fn lists_a_referrer_by_artifact_type_or_config_media_type() {
        let subject = entry("a/b", "subject");
        let read = |artifact_type: Option<&str>| {
            let image = json!({"schemaVersion": 2, "artifactType": artifact_type, "config": entry("a/config", "{}"),
                "layers": [], "subject": subject, "annotations": {"k": "v"}});
            Links::read(IMAGE_MANIFEST_MEDIA_TYPE, image.to_string().as_bytes()).unwrap().referrer.unwrap()
        };
        assert_eq!(read(None).artifact_type.as_deref(), Some("a/config"));
        let referrer = read(Some("a/type"));
        assert_eq!(referrer.artifact_type.as_deref(), Some("a/type"));
        assert_eq!(referrer.annotations["k"], "v");
    }
}
