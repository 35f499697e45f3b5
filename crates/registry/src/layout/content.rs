//! The content of a layout: its blobs and its `index.json`.

use std::fs;
use std::path::PathBuf;

use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError};
use notary::media_type::media_type_of;
use notary::reference::EntryName;
use notary::text::start_of;
use notary::{Descriptor, Digest, json};
use serde_json::{Value, json};

use super::entries::{Entries, OF_INDEX};
use super::lock::WriteLock;
use super::{Layout, MAX_MANIFEST, TAG, read_file};
use crate::error::{LayoutError, io_error};

/// The largest index that is read, in bytes.
const MAX_INDEX: u64 = 8 * 1024 * 1024;

impl Layout {
    /// The path of the blob with this digest.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        let algorithm = digest.algorithm().as_str();
        let digits = digest.digits();
        self.root.join("blobs").join(algorithm).join(digits)
    }

    /// Writes a blob under its SHA-256 digest.
    ///
    /// # Errors
    /// Returns [`LayoutError::Io`] if the file cannot be written.
    pub fn put_blob(&self, content: &[u8]) -> Result<Digest, LayoutError> {
        let digest = Digest::sha256(content);
        self.put_content(&digest, content)?;
        Ok(digest)
    }

    pub(crate) fn put_content(&self, digest: &Digest, content: &[u8]) -> Result<(), LayoutError> {
        self.write_file(&self.place_for(digest)?, content)
    }

    /// The path for the blob with this digest. Creates its folder.
    pub(super) fn place_for(&self, digest: &Digest) -> Result<PathBuf, LayoutError> {
        let path = self.blob_path(digest);
        if let Some(folder) = path.parent() {
            files::create_folders(folder, 0o777).map_err(io_error(folder))?;
        }
        Ok(path)
    }

    /// Reads a blob and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`LayoutError::Io`] if the file cannot be read, and [`LayoutError::Content`] if it does not match the
    /// descriptor or is larger than `limit` bytes.
    pub fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, LayoutError> {
        let content = |why| LayoutError::Content { digest: descriptor.digest.clone(), why };
        self.check_size(descriptor, limit)?;
        let bytes = read_file(&self.blob_path(&descriptor.digest), limit)?;
        if bytes.len() as u64 != descriptor.size {
            return Err(content("its size differs"));
        }
        if !descriptor.digest.matches(&bytes) {
            return Err(content("its digest differs"));
        }
        Ok(bytes)
    }

    /// Checks that a blob has the size in its descriptor and at most `limit` bytes, without reading it.
    pub(super) fn check_size(&self, descriptor: &Descriptor, limit: u64) -> Result<(), LayoutError> {
        let content = |why| Err(LayoutError::Content { digest: descriptor.digest.clone(), why });
        if descriptor.size > limit {
            return content("its size exceeds the limit for this type of content");
        }
        let path = self.blob_path(&descriptor.digest);
        let seen = fs::metadata(&path).map_err(io_error(&path))?;
        if seen.is_file() && seen.len() != descriptor.size { content("its size differs") } else { Ok(()) }
    }

    /// Reads a manifest and checks it against its descriptor. Content that programs could read as a manifest of another
    /// type is rejected, as from a registry.
    ///
    /// # Errors
    /// Returns [`LayoutError::Manifest`] if the content is not a manifest of the descriptor's type, and the errors of
    /// [`Self::blob`].
    pub fn manifest_bytes(&self, stored: &Descriptor) -> Result<Vec<u8>, LayoutError> {
        let bytes = self.blob(stored, MAX_MANIFEST)?;
        let malformed = |source| LayoutError::Manifest { path: self.blob_path(&stored.digest), source };
        let found = media_type_of(Some(&stored.media_type), &bytes).map_err(malformed)?;
        if found != stored.media_type {
            let listed = start_of(&stored.media_type);
            let why = format!("{found}, but the index lists it as {}", listed.escape_debug());
            return Err(malformed(ManifestError::Kind(why)));
        }
        Ok(bytes)
    }

    /// Writes a manifest and lists it in the index, with a tag or without.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the folder cannot be written or its index is malformed.
    pub fn put_manifest(&self, manifest: &Manifest, tag: Option<&str>) -> Result<Descriptor, LayoutError> {
        self.put_manifest_bytes(IMAGE_MANIFEST_MEDIA_TYPE, &manifest.to_bytes(), type_of_referrer(manifest), tag)
    }

    /// As [`Self::put_manifest`], with the unchanged bytes of a manifest or an index.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the folder cannot be written or its index is malformed.
    pub fn put_manifest_bytes(
        &self,
        media_type: &str,
        bytes: &[u8],
        artifact_type: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Descriptor, LayoutError> {
        let stored = Descriptor::from_content(media_type, bytes);
        self.put_content(&stored.digest, bytes)?;
        self.add_to_index(&self.lock_blocking()?, stored, artifact_type, tag)
    }

    /// As [`Self::put_manifest`], under the descriptor's digest. The caller ensures that the digest matches the
    /// content.
    pub(crate) async fn list(
        &self,
        stored: &Descriptor,
        bytes: &[u8],
        artifact_type: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Descriptor, LayoutError> {
        self.put_content(&stored.digest, bytes)?;
        self.add_to_index(&self.lock().await?, stored.clone(), artifact_type, tag)
    }

    /// Removes the entries of a manifest from the index. Its content stays.
    pub(crate) async fn remove_from_index(&self, digest: &Digest) -> Result<(), LayoutError> {
        let _lock = self.lock().await?;
        let mut index = self.read_index()?;
        let entries = index.get_mut("manifests").and_then(Value::as_array_mut).ok_or_else(|| self.no_manifests())?;
        let before = entries.len();
        entries.retain(|entry| entry["digest"] != digest.as_str());
        if entries.len() == before { Ok(()) } else { self.write_index(&index) }
    }

    fn add_to_index(
        &self,
        _lock: &WriteLock,
        stored: Descriptor,
        artifact_type: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Descriptor, LayoutError> {
        let mut index = self.read_index()?;
        // Go programs write an empty list as null.
        if index.get("manifests").is_some_and(Value::is_null) {
            index["manifests"] = json!([]);
        }
        let entries = index.get_mut("manifests").and_then(Value::as_array_mut).ok_or_else(|| self.no_manifests())?;
        let is_tag = |entry: &Value, tag: &str| entry["annotations"][TAG] == tag;
        match tag {
            Some(tag) => entries.retain(|entry| !is_tag(entry, tag)),
            // An entry that cannot be read lists nothing.
            None if entries.iter().any(|entry| Entries::lists(entry, &stored.digest)) => return Ok(stored),
            None => {}
        }
        let is_untagged = |entry: &Value| {
            entry["digest"] == stored.digest.as_str()
                && entry["mediaType"] == stored.media_type.as_str()
                && entry.get("annotations").is_none()
        };
        if let Some(tag) = tag
            && let Some(untagged) = entries.iter_mut().find(|entry| is_untagged(entry))
        {
            untagged["annotations"] = json!({ TAG: tag });
            self.write_index(&index)?;
            return Ok(stored);
        }
        let mut entry = json!({"mediaType": stored.media_type, "digest": stored.digest, "size": stored.size});
        if let Some(tag) = tag {
            entry["annotations"] = json!({ TAG: tag });
        }
        if let Some(artifact_type) = artifact_type {
            entry["artifactType"] = json!(artifact_type);
        }
        entries.push(entry);
        self.write_index(&index)?;
        Ok(stored)
    }

    /// Gives a name to a manifest that the layout has.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the manifest cannot be read or the index cannot be written.
    pub async fn put_name(&self, stored: &Descriptor, name: &EntryName) -> Result<Descriptor, LayoutError> {
        let bytes = self.manifest_bytes(stored)?;
        self.list(stored, &bytes, None, Some(name.as_str())).await
    }

    /// The entries of the index that can be read.
    pub(super) fn entries(&self) -> Result<Vec<Descriptor>, LayoutError> {
        Ok(self.all_entries()?.readable)
    }

    pub(super) fn all_entries(&self) -> Result<Entries, LayoutError> {
        let path = self.index_path();
        let bytes = read_file(&path, MAX_INDEX)?;
        Entries::parse(&bytes).map_err(|source| LayoutError::Index { path, source })
    }

    /// The index as raw JSON, so that unknown members are written back unchanged.
    pub(super) fn read_index(&self) -> Result<Value, LayoutError> {
        let bytes = read_file(&self.index_path(), MAX_INDEX)?;
        let members = json::parse_object_within(OF_INDEX, "index.json", &bytes)
            .map_err(|why| LayoutError::Index { path: self.index_path(), source: why.into() })?;
        Ok(Value::Object(members.into_members()))
    }

    pub(super) fn write_index(&self, index: &Value) -> Result<(), LayoutError> {
        self.write_file(&self.index_path(), index.to_string().as_bytes())
    }

    fn no_manifests(&self) -> LayoutError {
        LayoutError::NotALayout { path: self.root.clone(), why: "index.json has no list of manifests".to_owned() }
    }

    pub(super) fn index_path(&self) -> PathBuf {
        self.root.join("index.json")
    }
}

/// The artifact type of a manifest that the index lists with it: one that has a subject.
pub(crate) fn type_of_referrer(manifest: &Manifest) -> Option<&str> {
    manifest.subject.as_ref().map(|_| manifest.artifact_type.as_deref().unwrap_or(&manifest.config.media_type))
}
