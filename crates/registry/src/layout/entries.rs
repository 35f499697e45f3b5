//! The entries of a layout's `index.json`. Each is read on its own: other programs write entries that this one cannot
//! read, and these do not affect the others.

use notary::manifest::{ManifestError, descriptor};
use notary::media_type::canonical;
use notary::text::start_of;
use notary::{Descriptor, Digest, json};
use serde_json::Value;

use super::TAG;

const MAX_ENTRIES: usize = 100_000;
/// An index entry is an object, with one object each for its platform and its annotations, and about ten values.
pub(super) const OF_INDEX: json::Limits = json::Limits { objects: 3 * MAX_ENTRIES, values: 12 * MAX_ENTRIES };

/// The entries of an index.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) readable: Vec<Descriptor>,
    unreadable: Vec<Unreadable>,
}

/// An entry that cannot be read.
#[derive(Debug)]
struct Unreadable {
    name: Option<String>,
    digest: Option<String>,
    why: ManifestError,
}

impl Entries {
    /// Parses an index.
    ///
    /// # Errors
    /// Returns [`ManifestError`] if the index is not a JSON object with a list, or lists too much.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let items = json::parse_object_within(OF_INDEX, "index.json", bytes)?.items("manifests", MAX_ENTRIES)?;
        let mut entries = Self::default();
        for item in items {
            let unreadable = match item.map_err(ManifestError::from) {
                Ok(mut object) => {
                    let members = object.clone().into_members();
                    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
                    let name = text(members.get("annotations").and_then(|annotations| annotations.get(TAG)));
                    let digest = text(members.get("digest"));
                    match descriptor(&mut object) {
                        Ok(entry) => {
                            let media_type = canonical(&entry.media_type).to_owned();
                            entries.readable.push(Descriptor { media_type, ..entry });
                            continue;
                        }
                        Err(why) => Unreadable { name, digest, why },
                    }
                }
                Err(why) => Unreadable { name: None, digest: None, why },
            };
            let digest = unreadable.digest.as_deref().map(start_of);
            tracing::warn!(why = %unreadable.why, ?digest, "skipped an entry of index.json that cannot be read");
            entries.unreadable.push(unreadable);
        }
        Ok(entries)
    }

    /// Why an entry with this name cannot be read. It hides the readable ones: another program could choose it.
    pub(super) fn unreadable_name(&self, name: &str) -> Option<&ManifestError> {
        let is_meant = |entry: &&Unreadable| entry.name.as_deref() == Some(name);
        self.unreadable.iter().find(is_meant).map(|entry| &entry.why)
    }

    /// Why an entry with this digest cannot be read.
    pub(super) fn unreadable_digest(&self, digest: &Digest) -> Option<&ManifestError> {
        let is_meant = |entry: &&Unreadable| entry.digest.as_deref() == Some(digest.as_str());
        self.unreadable.iter().find(is_meant).map(|entry| &entry.why)
    }

    /// Whether this entry of the raw index can be read and has this digest.
    pub(super) fn lists(entry: &Value, digest: &Digest) -> bool {
        if entry["digest"] != digest.as_str() {
            return false;
        }
        let entry = json::parse_object("index.json", entry.to_string().as_bytes());
        entry.is_ok_and(|mut entry| descriptor(&mut entry).is_ok())
    }
}

/// Parses the `index.json` of a layout: the descriptors that it lists, without entries that cannot be read.
///
/// # Errors
/// Returns [`ManifestError`] if the index is malformed or lists too much.
pub fn parse_layout_index(bytes: &[u8]) -> Result<Vec<Descriptor>, ManifestError> {
    Ok(Entries::parse(bytes)?.readable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::manifest::IMAGE_MANIFEST_MEDIA_TYPE;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unreadable_entry_hides_no_other() {
        let good = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"image");
        let digest = good.digest.as_str();
        for odd in [
            json!({"mediaType": "x/y", "digest": "blake3:abc", "size": 1}),
            json!({"mediaType": "x/y", "digest": digest, "size": -1}),
            json!({"mediaType": "x/y", "digest": digest, "size": 1.5}),
            json!({"mediaType": "x/y", "digest": digest, "size": 1, "annotations": {"k": 1}}),
            json!({"mediaType": "x/y", "digest": digest, "size": 1, "annotations": []}),
            json!({"mediaType": 1, "digest": digest, "size": 1}),
            json!({"digest": digest, "size": 1}),
            json!({}),
            json!([]),
            json!("x"),
            Value::Null,
        ] {
            let index = json!({"manifests": [odd, good, odd]}).to_string();
            assert_eq!(parse_layout_index(index.as_bytes()).unwrap(), std::slice::from_ref(&good), "{odd}");
            assert_eq!(Entries::parse(index.as_bytes()).unwrap().unreadable.len(), 2, "{odd}");
            assert!(!Entries::lists(&odd, &good.digest), "{odd}");
        }
    }

    #[test]
    fn parameters_and_case_of_media_types_do_not_count() {
        for media_type in
            ["application/vnd.oci.image.manifest.v1+json; charset=utf-8", "Application/vnd.OCI.image.manifest.v1+JSON"]
        {
            let entry = Descriptor::from_content(media_type, b"image");
            let entries = parse_layout_index(json!({"manifests": [entry]}).to_string().as_bytes()).unwrap();
            assert_eq!(entries[0].media_type, IMAGE_MANIFEST_MEDIA_TYPE);
        }
    }
}
