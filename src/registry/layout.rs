//! OCI image layout folders: image-spec, `image-layout.md`.
//!
//! A folder survives a crash in the middle of a write: content is written to a temporary file, synchronised and renamed, and
//! the index comes last. Writers of one folder wait for each other by a lock on the folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError, descriptor};
use crate::envelope::{Descriptor, Digest};
use crate::files;
use crate::json;

/// The largest manifest and the largest index that are read, in bytes.
const MAX_MANIFEST: u64 = 4 * 1024 * 1024;
const MAX_INDEX: u64 = 8 * 1024 * 1024;
const MAX_ENTRIES: usize = 100_000;
/// An entry of the index is an object, with one for its platform and one for its annotations, and some ten values.
const OF_INDEX: json::Limits = json::Limits { objects: 3 * MAX_ENTRIES, values: 12 * MAX_ENTRIES };
const TAG: &str = "org.opencontainers.image.ref.name";
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// Why a layout cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder is not an OCI image layout.
    #[error("{path} is not an OCI image layout: {why}")]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// A manifest or the index cannot be understood.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },
    /// Content is not what its descriptor says.
    #[error("the content of {digest} is not what its descriptor says: {why}")]
    Content {
        /// The digest by which it was asked for.
        digest: Digest,
        /// The size or the digest differs.
        why: &'static str,
    },
    /// Entries of the index contradict each other, and other programs may take another one.
    #[error("{path} describes more than one artifact as {reference:?}")]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The tag or digest.
        reference: String,
    },
    /// An artifact has more signatures than are looked at.
    #[error("{path}: the artifact has more than {most} signatures, the most that are looked at")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many are looked at.
        most: usize,
    },
    /// No artifact has this tag or digest.
    #[error("{path} has no artifact {reference:?}")]
    NotFound {
        /// The folder.
        path: PathBuf,
        /// The tag or digest.
        reference: String,
    },
}

/// An OCI image layout folder.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes an empty layout, or opens one that is there.
    ///
    /// # Errors
    /// [`LayoutError`] when the folder cannot be written, or holds something else.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        let layout = Self { root: root.into() };
        let blobs = layout.root.join("blobs");
        fs::create_dir_all(&blobs).map_err(io_error(&blobs))?;
        let _lock = layout.lock()?;
        if !layout.index_path().exists() {
            write_file(&layout.root.join("oci-layout"), VERSION.as_bytes())?;
            layout.write_index(&json!({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": []}))?;
        }
        Self::open(layout.root.clone())
    }

    /// Opens a layout that is there.
    ///
    /// # Errors
    /// [`LayoutError::NotALayout`] when the folder is none.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        let root = root.into();
        let not_a_layout = |why: String| LayoutError::NotALayout { path: root.clone(), why };
        let marker = root.join("oci-layout");
        let bytes = read_file(&marker, MAX_MANIFEST).map_err(|why| not_a_layout(why.to_string()))?;
        let version = json::parse_object("oci-layout", &bytes)
            .and_then(|mut marker| marker.string("imageLayoutVersion"))
            .map_err(|why| not_a_layout(why.to_string()))?;
        if version != "1.0.0" {
            return Err(not_a_layout(format!("its version is {version:?}, not 1.0.0")));
        }
        Ok(Self { root })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where the content of a digest is.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        let (algorithm, digits) = digest.parts();
        self.root.join("blobs").join(algorithm).join(digits)
    }

    /// Writes content that is named by its SHA-256 digest.
    ///
    /// # Errors
    /// [`LayoutError::Io`].
    pub fn put_blob(&self, content: &[u8]) -> Result<Digest, LayoutError> {
        let digest = Digest::sha256(content);
        self.put_content(&digest, content)?;
        Ok(digest)
    }

    fn put_content(&self, digest: &Digest, content: &[u8]) -> Result<(), LayoutError> {
        write_file(&self.place_for(digest)?, content)
    }

    /// Where the content of a digest is to be put, in a folder that is there.
    pub(super) fn place_for(&self, digest: &Digest) -> Result<PathBuf, LayoutError> {
        let path = self.blob_path(digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        Ok(path)
    }

    /// Reads content and checks that it is what the descriptor says.
    ///
    /// # Errors
    /// [`LayoutError::Content`] when it is not, or is larger than `limit` bytes.
    pub fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, LayoutError> {
        let content = |why| LayoutError::Content { digest: descriptor.digest.clone(), why };
        if descriptor.size > limit {
            return Err(content("it is larger than such content may be"));
        }
        let bytes = read_file(&self.blob_path(&descriptor.digest), limit)?;
        if bytes.len() as u64 != descriptor.size {
            return Err(content("its size differs"));
        }
        if !descriptor.digest.describes(&bytes) {
            return Err(content("its digest differs"));
        }
        Ok(bytes)
    }

    /// Writes a manifest and lists it in the index, with a tag or without.
    ///
    /// # Errors
    /// [`LayoutError`] when the folder cannot be written or its index is malformed.
    pub fn put_manifest(&self, manifest: &Manifest, tag: Option<&str>) -> Result<Descriptor, LayoutError> {
        let referrer = manifest.subject.as_ref();
        let artifact_type = referrer.map(|_| manifest.artifact_type.as_ref().unwrap_or(&manifest.config.media_type));
        self.put_manifest_bytes(IMAGE_MANIFEST_MEDIA_TYPE, &manifest.to_bytes(), artifact_type.map(String::as_str), tag)
    }

    /// As [`Self::put_manifest`], with the bytes of a manifest or an index as they are.
    ///
    /// # Errors
    /// As there.
    pub fn put_manifest_bytes(
        &self,
        media_type: &str,
        bytes: &[u8],
        artifact_type: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Descriptor, LayoutError> {
        self.list(&Descriptor::of(media_type, bytes), bytes, artifact_type, tag)
    }

    /// As [`Self::put_manifest`], under the digest that the descriptor has. That it is the content's is for the caller to know.
    pub(super) fn list(
        &self,
        stored: &Descriptor,
        bytes: &[u8],
        artifact_type: Option<&str>,
        tag: Option<&str>,
    ) -> Result<Descriptor, LayoutError> {
        self.put_content(&stored.digest, bytes)?;
        let stored = stored.clone();
        let _lock = self.lock()?;
        let mut index = self.read_index()?;
        let entries = index.get_mut("manifests").and_then(Value::as_array_mut).ok_or_else(|| self.no_manifests())?;
        let is_tag = |entry: &Value, tag: &str| entry["annotations"][TAG] == tag;
        match tag {
            Some(tag) => entries.retain(|entry| !is_tag(entry, tag)),
            None if entries.iter().any(|entry| entry["digest"] == stored.digest.as_str()) => return Ok(stored),
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

    /// The descriptor of the artifact with this tag or digest. What has the form of a digest never names a tag, or whoever
    /// writes the index could give one artifact for another. The artifact is read, so that nobody judges a digest whose
    /// content is another.
    ///
    /// # Errors
    /// [`LayoutError::NotFound`] when there is none, [`LayoutError::Ambiguous`] when there are several,
    /// [`LayoutError::Content`] or [`LayoutError::Io`] when it is not there as the index describes it.
    pub fn resolve(&self, reference: &str) -> Result<Descriptor, LayoutError> {
        let digest: Option<Digest> = reference.parse().ok();
        let is_meant = |d: &Descriptor| match &digest {
            Some(digest) => d.digest == *digest,
            None => d.annotations.get(TAG).is_some_and(|tag| tag == reference),
        };
        let (path, reference) = (self.root.clone(), reference.to_owned());
        let mut meant = self.entries()?.into_iter().filter(is_meant);
        let Some(found) = meant.next() else { return Err(LayoutError::NotFound { path, reference }) };
        if meant.any(|other| !other.is_same_content(&found)) {
            return Err(LayoutError::Ambiguous { path, reference });
        }
        self.blob(&found, MAX_MANIFEST)?;
        Ok(Descriptor { annotations: [].into(), artifact_type: None, ..found })
    }

    /// The artifacts that the index lists: what refers to no other artifact. Tags are in the annotations.
    ///
    /// # Errors
    /// [`LayoutError`] when the index, or a manifest that the index lists, cannot be read.
    pub fn artifacts(&self) -> Result<Vec<Descriptor>, LayoutError> {
        let mut artifacts = Vec::new();
        for entry in self.entries()? {
            let is_referrer = || Ok::<_, LayoutError>(self.manifest(&entry)?.subject.is_some());
            if entry.media_type != IMAGE_MANIFEST_MEDIA_TYPE || !is_referrer()? {
                artifacts.push(entry);
            }
        }
        Ok(artifacts)
    }

    /// The tag of an artifact that [`Self::artifacts`] lists.
    #[must_use]
    pub fn tag_of(artifact: &Descriptor) -> Option<&str> {
        artifact.annotations.get(TAG).map(String::as_str)
    }

    /// Reads the manifest that a descriptor names.
    ///
    /// # Errors
    /// [`LayoutError`] when it is not there, not what the descriptor says, or malformed.
    pub fn manifest(&self, stored: &Descriptor) -> Result<Manifest, LayoutError> {
        let bytes = self.blob(stored, MAX_MANIFEST)?;
        Manifest::parse(&bytes).map_err(|source| LayoutError::Manifest { path: self.blob_path(&stored.digest), source })
    }

    /// The signature manifests whose subject is `subject`, in the order of the index.
    ///
    /// # Errors
    /// [`LayoutError`] when the index, or a manifest that the index lists, cannot be read: what cannot be read could be
    /// anything. [`LayoutError::TooMany`] when there are more than `most`.
    pub fn signatures(&self, subject: &Descriptor, most: usize) -> Result<Vec<(Descriptor, Manifest)>, LayoutError> {
        let listed = self.list_signatures(subject, most)?.into_iter();
        listed.map(|entry| self.manifest(&entry).map(|manifest| (entry, manifest))).collect()
    }

    /// The entries of these signature manifests.
    pub(super) fn list_signatures(&self, subject: &Descriptor, most: usize) -> Result<Vec<Descriptor>, LayoutError> {
        let mut signatures = Vec::new();
        for entry in self.entries()? {
            if entry.media_type != IMAGE_MANIFEST_MEDIA_TYPE {
                continue;
            }
            let manifest = self.manifest(&entry)?;
            if manifest.is_signature() && manifest.subject.as_ref().is_some_and(|s| s.digest == subject.digest) {
                if signatures.len() == most {
                    return Err(LayoutError::TooMany { path: self.root.clone(), most });
                }
                signatures.push(entry);
            }
        }
        Ok(signatures)
    }

    fn entries(&self) -> Result<Vec<Descriptor>, LayoutError> {
        let path = self.index_path();
        let malformed = |source| LayoutError::Manifest { path: path.clone(), source };
        let bytes = read_file(&path, MAX_INDEX)?;
        let read = |bytes| json::parse_object_within(OF_INDEX, "index.json", bytes)?.objects("manifests", MAX_ENTRIES);
        let objects = read(&bytes).map_err(|why: json::JsonError| malformed(why.into()))?;
        objects.into_iter().map(|mut object| descriptor(&mut object)).collect::<Result<_, _>>().map_err(malformed)
    }

    /// The index as it stands, so that what this project does not know is written back unchanged.
    fn read_index(&self) -> Result<Value, LayoutError> {
        let bytes = read_file(&self.index_path(), MAX_INDEX)?;
        let members = json::parse_object_within(OF_INDEX, "index.json", &bytes)
            .map_err(|why| LayoutError::Manifest { path: self.index_path(), source: why.into() })?;
        Ok(Value::Object(members.into_members()))
    }

    fn write_index(&self, index: &Value) -> Result<(), LayoutError> {
        write_file(&self.index_path(), index.to_string().as_bytes())
    }

    fn no_manifests(&self) -> LayoutError {
        LayoutError::NotALayout { path: self.root.clone(), why: "index.json has no list of manifests".to_owned() }
    }

    fn index_path(&self) -> PathBuf {
        self.root.join("index.json")
    }

    /// Waits for other writers of this folder; the lock is gone when the file is closed, also by a crash.
    fn lock(&self) -> Result<File, LayoutError> {
        let folder = File::open(&self.root).map_err(io_error(&self.root))?;
        folder.lock().map_err(io_error(&self.root))?;
        Ok(folder)
    }
}

const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

pub(super) fn io_error(path: &Path) -> impl Fn(io::Error) -> LayoutError {
    move |source| LayoutError::Io { path: path.to_owned(), source }
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, LayoutError> {
    let read = || {
        let mut bytes = Vec::new();
        // Before it is opened: opening a pipe waits for a writer who may never come.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(io_error(path))
}

/// Writes a file of a layout, which is for everyone whom the umask allows to read it.
fn write_file(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    files::replace(path, content, 0o644).map_err(io_error(path))
}

#[cfg(test)]
mod tests;
