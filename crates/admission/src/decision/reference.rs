//! Image references as container runtimes read them: the grammar of `distribution/reference`, completed as Docker and
//! containerd do. A missing registry is `docker.io`, a missing namespace there is `library`, and without a tag and a
//! digest the tag is `latest`.
//!
//! A reference that runtimes could read in two ways is refused: what is verified must be what runs.

use std::borrow::Cow;
use std::fmt;

use notary::Digest;
use notary::reference::{Reference, ReferenceError, RepositoryName, Tag, Target};

/// No valid reference is longer: 255 characters of name, 128 of tag, a SHA-512 digest.
const MAX_LENGTH: usize = 600;
const HUB: &str = "docker.io";
const LEGACY_HUB: &str = "index.docker.io";
const LOCALHOST: &str = "localhost";
const DIGEST_ALGORITHMS: [&str; 3] = ["sha256", "sha384", "sha512"];

/// Why a text is not a reference to an image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// There is no text.
    #[error("the image is empty: write REPOSITORY:TAG or REPOSITORY@DIGEST")]
    Empty,
    /// It is longer than references can be.
    #[error("the image is {0} bytes long: a reference has at most {MAX_LENGTH}")]
    TooLong(usize),
    /// A character that no reference has.
    #[error("the image contains {0:?}, which a reference cannot contain")]
    Character(char),
    /// A name and perhaps a password in front of the registry.
    #[error("the image has a user name in front of the registry: write the reference without it")]
    UserInfo,
    /// The id of an image on a node. A runtime looks for it among the images that the node has, and asks no registry.
    #[error("the image is the id of an image on a node, not a reference: write REPOSITORY@DIGEST")]
    ImageId,
    /// Capital letters in the first part of the name, which some programs take for a registry, and others do not.
    #[error("the image has capital letters in {0:?}: write {lower}", lower = .0.to_ascii_lowercase())]
    Capitals(String),
    /// The completed reference breaks a rule.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// An image in a registry, with its full name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    reference: Reference,
    repository: String,
}

impl ImageReference {
    /// Parses and completes a reference.
    ///
    /// # Errors
    /// Returns [`InvalidReference`] with the reason if it is not a reference to an image in a registry.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let reference: Reference = complete(text)?.parse()?;
        let name = reference.repository();
        let mut repository = String::with_capacity(name.registry().len() + 1 + name.path().len());
        repository.push_str(name.registry());
        repository.push('/');
        repository.push_str(name.path());
        Ok(Self { reference, repository })
    }

    /// The registry and the repository: `docker.io/library/nginx`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The repository as the registry client wants it.
    #[must_use]
    pub fn name(&self) -> &RepositoryName {
        self.reference.repository()
    }

    /// The registry's host, with its port if one was written: `docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.name().registry()
    }

    /// The tag. `None` if only a digest was written.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.reference.tag()
    }

    /// The digest, if one was written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.reference.digest()
    }

    /// What selects the image: the digest if one was written, and then the tag counts for nothing; else the tag.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.reference.target()
    }
}

/// The full reference: `docker.io/library/nginx:1.27`.
impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

/// Fills in what a runtime fills in.
fn complete(text: &str) -> Result<Cow<'_, str>, InvalidReference> {
    check_text(text)?;
    let (name, digest) = match text.split_once('@') {
        // A digest has no slash.
        Some((_, after)) if after.contains('/') => return Err(InvalidReference::UserInfo),
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) => match registry(first)? {
            Some(registry) => (registry, path),
            None => (Cow::Borrowed(HUB), name),
        },
        None if is_image_id(name) => return Err(InvalidReference::ImageId),
        None => (Cow::Borrowed(HUB), name),
    };
    let namespace = if registry == HUB && !path.contains('/') { "library/" } else { "" };
    let tag = if digest.is_none() && !path.contains(':') { ":latest" } else { "" };
    let is_complete = registry.len() + 1 + path.len() == name.len() && matches!(registry, Cow::Borrowed(_));
    if is_complete && namespace.is_empty() && tag.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut whole = String::with_capacity(text.len() + HUB.len() + "/library/:latest".len());
    for part in [&*registry, "/", namespace, path, tag] {
        whole.push_str(part);
    }
    if let Some(digest) = digest {
        whole.push('@');
        whole.push_str(digest);
    }
    Ok(Cow::Owned(whole))
}

/// Refuses texts that are no reference whatever is filled in.
fn check_text(text: &str) -> Result<(), InvalidReference> {
    if text.is_empty() {
        return Err(InvalidReference::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(InvalidReference::TooLong(text.len()));
    }
    if let Some(other) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(InvalidReference::Character(other));
    }
    if let Some((_, corrected)) = text.split_once("://") {
        let corrected = corrected.to_owned();
        return Err(ReferenceError::Url { given: text.to_owned(), corrected }.into());
    }
    Ok(())
}

/// The registry that the first part of a name is, or `None` if it belongs to a repository of Docker Hub.
fn registry(first: &str) -> Result<Option<Cow<'_, str>>, InvalidReference> {
    let has_capitals = first.bytes().any(|b| b.is_ascii_uppercase());
    if !has_capitals {
        return Ok(match first {
            LEGACY_HUB => Some(Cow::Borrowed(HUB)),
            _ if first == LOCALHOST || first.contains(['.', ':']) => Some(Cow::Borrowed(first)),
            _ => None,
        });
    }
    // Host names are the same in capital letters, so rules must not see a difference. Runtimes see one in two cases:
    // `Foo/bar` has the registry `Foo`, and `foo/bar` has none; `Docker.io` gets neither `library` nor Docker Hub's
    // API.
    let lower = first.to_ascii_lowercase();
    if matches!(&*lower, HUB | LEGACY_HUB) || !(lower == LOCALHOST || lower.contains(['.', ':'])) {
        return Err(InvalidReference::Capitals(first.to_owned()));
    }
    Ok(Some(Cow::Owned(lower)))
}

/// Whether a name without a slash is the id of an image: 64 hexadecimal digits, or `sha256:` and a beginning of them.
fn is_image_id(name: &str) -> bool {
    let algorithm = name.split_once(':').map(|(algorithm, _)| algorithm);
    algorithm.is_some_and(|algorithm| DIGEST_ALGORITHMS.contains(&algorithm))
        || (name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests;
