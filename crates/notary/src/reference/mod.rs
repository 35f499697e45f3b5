//! Names of artifacts in registries: the reference grammar of `distribution/reference`, fully qualified as notation
//! requires.
//!
//! Docker fills in a missing registry (`docker.io`), namespace (`library`) and tag (`latest`). Signing and trust
//! policies must not depend on such guesses: incomplete names are rejected, and the error shows the full name.

mod entry_name;
mod host;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub use self::entry_name::EntryName;
pub use self::host::is_loopback;
use self::host::{HostProblem, check_registry};
use crate::{Digest, DigestError};

const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// Why a text is not a valid reference. The error shows the corrected form if it can be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The name does not start with a registry.
    #[error("{given:?} has no registry: write {corrected}, or put the registry's host and port in front")]
    NoRegistry {
        /// The text.
        given: String,
        /// The name as Docker would complete it.
        corrected: String,
    },
    /// A Docker Hub repository without a namespace.
    #[error("{given:?} has no Docker Hub namespace: write {corrected}")]
    NoNamespace {
        /// The text.
        given: String,
        /// The text with the namespace of Docker's own images, `library`.
        corrected: String,
    },
    /// An OCI image layout without its folder.
    #[error("{given:?} has no folder: write oci:FOLDER, oci:FOLDER:NAME or oci:FOLDER@sha256:…")]
    NoFolder {
        /// The text.
        given: String,
    },
    /// The path of a file or a folder.
    #[error("{given:?} is a path, not a reference: for an OCI image layout in a folder write oci:{given}")]
    Path {
        /// The text.
        given: String,
    },
    /// The reference has neither a tag nor a digest.
    #[error(
        "{given:?} has neither a tag nor a digest: write {given}@sha256:… or, for Docker's default tag, {given}:latest"
    )]
    NoTarget {
        /// The text.
        given: String,
    },
    /// The name is a URL.
    #[error("{given:?} is a URL, not a reference: write {corrected}")]
    Url {
        /// The text.
        given: String,
        /// The text without its scheme.
        corrected: String,
    },
    /// The repository has capital letters.
    #[error("{given:?} has capital letters in the repository name, which must be lowercase: write {corrected}")]
    Capitals {
        /// The text.
        given: String,
        /// The text with the repository in lowercase.
        corrected: String,
    },
    /// The registry is not a host name or address with an optional port.
    #[error(
        "{0:?} is not a valid registry: expected a host name or an address and optionally a port, as in localhost:5000"
    )]
    Registry(String),
    /// The host is an IP address in a form that URL parsers rewrite, so that no trust policy could name it.
    #[error("{given:?} is an IP address in an unusual form, which programs read differently: {}", rewritten(.canonical))]
    RewrittenHost {
        /// The registry.
        given: String,
        /// The registry with the address in the usual form, if there is one.
        canonical: Option<String>,
    },
    /// The repository name is malformed.
    #[error(
        "{0:?} is not a valid repository name: expected parts of a-z and 0-9, joined by . _ __ or hyphens and separated by /, at most 255 characters including the registry"
    )]
    Repository(String),
    /// The tag is malformed.
    #[error("{0:?} is not a valid tag: a tag has up to 128 letters, digits, _, . or -, and does not start with . or -")]
    Tag(String),
    /// The name of an artifact in a layout is malformed.
    #[error(
        "{0:?} is not a valid name in a layout: a name has up to 1024 letters, digits and . _ - : @ + /, and starts with a letter, a digit or _"
    )]
    EntryName(String),
    /// The digest is malformed.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// A repository and its registry: `registry.example:5000/team/app`. Notation calls this a registry scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName {
    registry: String,
    path: String,
}

impl RepositoryName {
    /// The registry's host, with the port if one was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host that serves the registry's API. It differs from the registry's name only for Docker Hub.
    #[must_use]
    pub fn api_host(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            other => other,
        }
    }

    /// Whether the registry is on this machine (`localhost`, 127.0.0.0/8 or ::1), so that it is reached without TLS by
    /// default.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.registry)
    }

    /// The reference to an artifact in this repository.
    #[must_use]
    pub fn at(&self, target: Target) -> Reference {
        Reference { name: self.clone(), tag: None, target }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for RepositoryName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if let Some((_, corrected)) = text.split_once("://") {
            let corrected = corrected.trim_end_matches('/').to_owned();
            return Err(ReferenceError::Url { given: text.to_owned(), corrected });
        }
        let no_registry = |corrected| ReferenceError::NoRegistry { given: text.to_owned(), corrected };
        let Some((registry, path)) = text.split_once('/') else {
            return Err(match is_repository(text) {
                true => no_registry(format!("docker.io/library/{text}")),
                false => ReferenceError::Repository(text.to_owned()),
            });
        };
        if !registry.contains(['.', ':', '[']) && registry != "localhost" && is_repository(text) {
            return Err(no_registry(format!("docker.io/{text}")));
        }
        check_registry(registry).map_err(|problem| match problem {
            HostProblem::Malformed => ReferenceError::Registry(registry.to_owned()),
            HostProblem::Rewritten(canonical) => {
                ReferenceError::RewrittenHost { given: registry.to_owned(), canonical }
            }
        })?;
        let lower = path.to_ascii_lowercase();
        if lower != path && is_repository(&lower) {
            return Err(ReferenceError::Capitals { given: text.to_owned(), corrected: format!("{registry}/{lower}") });
        }
        if !is_repository(path) || text.len() > MAX_NAME {
            return Err(ReferenceError::Repository(path.to_owned()));
        }
        if matches!(registry, "docker.io" | "index.docker.io") && !path.contains('/') {
            let corrected = format!("docker.io/library/{path}");
            return Err(ReferenceError::NoNamespace { given: text.to_owned(), corrected });
        }
        Ok(Self { registry: registry.to_owned(), path: path.to_owned() })
    }
}

/// A tag: a name of a manifest in a repository. It can move to another manifest later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Tag(String);

impl Tag {
    /// The tag's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag of the index that lists the referrers of `subject` if the registry has no Referrers API:
    /// distribution-spec, "Referrers Tag Schema".
    #[must_use]
    pub fn from_subject(subject: &Digest) -> Self {
        let algorithm = subject.algorithm();
        let digits = subject.digits();
        Self(format!("{algorithm}-{}", &digits[..digits.len().min(64)]))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let valid = text.len() <= MAX_TAG
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-');
        if valid { Ok(Self(text.to_owned())) } else { Err(ReferenceError::Tag(text.to_owned())) }
    }
}

/// The tag or digest that selects an artifact of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The artifact that has this tag now.
    Tag(Tag),
    /// The artifact with this digest.
    Digest(Digest),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The name of an artifact in a registry: a repository and a tag, a digest or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    name: RepositoryName,
    /// The tag in front of a digest, as in `app:v1@sha256:…`.
    tag: Option<Tag>,
    target: Target,
}

impl Reference {
    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.name
    }

    /// The tag, if the reference has one.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        match &self.target {
            Target::Tag(tag) => Some(tag),
            Target::Digest(_) => self.tag.as_ref(),
        }
    }

    /// The digest, if the reference has one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match &self.target {
            Target::Tag(_) => None,
            Target::Digest(digest) => Some(digest),
        }
    }

    /// The tag or digest to resolve. If the reference has both, the digest is used, as in notation and Docker.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        if let Some(tag) = self.tag() {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest() {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if let Some((_, corrected)) = text.split_once("://") {
            return Err(ReferenceError::Url { given: text.to_owned(), corrected: corrected.to_owned() });
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let path = rest.find('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[path..].rfind(':') {
            Some(colon) => (&rest[..path + colon], Some(&rest[path + colon + 1..])),
            None => (rest, None),
        };
        let ending = &text[name.len()..];
        let name = name.parse::<RepositoryName>().map_err(|why| whole(why, text, ending))?;
        let tag = tag.map(str::parse).transpose()?;
        match (digest, tag) {
            (Some(digest), tag) => Ok(Self { name, tag, target: Target::Digest(digest.parse()?) }),
            (None, Some(tag)) => Ok(Self { name, tag: None, target: Target::Tag(tag) }),
            (None, None) => Err(ReferenceError::NoTarget { given: text.to_owned() }),
        }
    }
}

/// What to write instead of a host that programs rewrite.
fn rewritten(canonical: &Option<String>) -> String {
    match canonical {
        Some(canonical) => format!("write {canonical}"),
        None => "write a host name, or an address such as 127.0.0.1 or [::1]".to_owned(),
    }
}

/// Turns an error about the repository name into one about the whole reference.
fn whole(why: ReferenceError, text: &str, ending: &str) -> ReferenceError {
    let given = text.to_owned();
    let complete = |corrected: String| corrected + ending;
    match why {
        ReferenceError::NoRegistry { corrected, .. } => {
            ReferenceError::NoRegistry { given, corrected: complete(corrected) }
        }
        ReferenceError::NoNamespace { corrected, .. } => {
            ReferenceError::NoNamespace { given, corrected: complete(corrected) }
        }
        ReferenceError::Capitals { corrected, .. } => {
            ReferenceError::Capitals { given, corrected: complete(corrected) }
        }
        other => other,
    }
}

fn is_repository(text: &str) -> bool {
    text.split('/').all(is_path_component)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
        && separators.all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests;
