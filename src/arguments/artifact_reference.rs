//! Artifact names on the command line: a registry reference, or `oci:PATH[:TAG|@DIGEST]` for an OCI image layout.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use notary::reference::{Reference, ReferenceError, RepositoryName, Tag, Target};
use notary::text::printable;
use notary::trust::policy::{ArtifactLocation, RegistryScope};
use notary::{Descriptor, Digest, ReasonCode};
use registry::{Layout, RegistryClient, Store};

use crate::output::exit::CliError;
use crate::output::vocabulary::NamedArtifact;

/// An artifact name from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactReference {
    /// In a registry.
    Registry(Reference),
    /// In an OCI image layout.
    Layout {
        /// The folder.
        path: PathBuf,
        /// The tag or digest. `None` means the only artifact of the layout.
        target: Option<Target>,
    },
}

/// An artifact in an opened store.
#[derive(Debug, Clone)]
pub struct OpenedArtifact {
    /// The repository or the layout.
    pub store: Store,
    /// The artifact's tag or digest.
    pub target: Target,
}

impl ArtifactReference {
    /// The repository, for an artifact in a registry. Trust policies have scopes for repositories only.
    #[must_use]
    pub fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Self::Registry(reference) => Some(reference.repository()),
            Self::Layout { .. } => None,
        }
    }

    /// The tag or digest in the name.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Registry(reference) => Some(reference.target()),
            Self::Layout { target, .. } => target.as_ref(),
        }
    }

    /// Opens the layout, or prepares requests to the registry without sending any.
    ///
    /// # Errors
    /// Returns [`CliError`] if the layout is invalid, or if it has several artifacts and the name has no tag or digest.
    pub fn open(&self, client: &RegistryClient) -> Result<OpenedArtifact, CliError> {
        match self {
            Self::Registry(reference) => Ok(OpenedArtifact {
                store: Store::Remote(client.repository(reference.repository())?),
                target: reference.target().clone(),
            }),
            Self::Layout { path, target } => {
                let layout = Layout::open(path)?.waiting_at_most(client.timeout());
                let target = match target {
                    Some(target) => target.clone(),
                    None => only_artifact(&layout)?,
                };
                Ok(OpenedArtifact { store: Store::Layout(layout), target })
            }
        }
    }

    /// The artifact's location, for the choice of its trust policy. `scope` is the repository whose policy applies to
    /// layouts.
    #[must_use]
    pub fn location<'a>(&'a self, scope: Option<&'a RegistryScope>) -> ArtifactLocation<'a> {
        match self {
            Self::Registry(reference) => ArtifactLocation::Repository(reference.repository()),
            Self::Layout { .. } => ArtifactLocation::Layout { scope },
        }
    }

    /// The artifact in the results: as given, and by digest if it is resolved.
    #[must_use]
    pub fn named(&self, artifact: Option<&Descriptor>) -> NamedArtifact {
        match artifact {
            Some(artifact) => NamedArtifact::resolved(self.to_string(), self.pinned(&artifact.digest), artifact),
            None => NamedArtifact::unresolved(self.to_string()),
        }
    }

    /// The artifact's name by digest instead of tag.
    #[must_use]
    pub fn pinned(&self, digest: &Digest) -> String {
        match self {
            Self::Registry(reference) => format!("{}@{digest}", reference.repository()),
            Self::Layout { path, .. } => format!("oci:{}@{digest}", shown(path)),
        }
    }
}

/// The path of a layout without control characters.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

fn only_artifact(layout: &Layout) -> Result<Target, CliError> {
    let artifacts = layout.artifacts()?;
    let path = shown(layout.path());
    match &artifacts[..] {
        [only] => Ok(Target::Digest(only.digest.clone())),
        [] => Err(CliError::new(ReasonCode::NotFound, format!("the layout {path} has no artifacts"))),
        several => {
            let name = |artifact: &Descriptor| match Layout::tag_of(artifact) {
                Some(tag) => format!("oci:{path}:{tag}"),
                None => format!("oci:{path}@{}", artifact.digest),
            };
            let names: Vec<_> = several.iter().take(10).map(name).collect();
            let count = several.len();
            let names = names.join(", ");
            let why = CliError::configuration(format!("the layout {path} has {count} artifacts"));
            Err(why.with_advice(format!("Name one of them, such as {names}.")))
        }
    }
}

impl fmt::Display for ArtifactReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Layout { path, target: None } => write!(f, "oci:{}", shown(path)),
            Self::Layout { path, target: Some(Target::Tag(tag)) } => write!(f, "oci:{}:{tag}", shown(path)),
            Self::Layout { path, target: Some(Target::Digest(d)) } => write!(f, "oci:{}@{d}", shown(path)),
        }
    }
}

impl FromStr for ArtifactReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let Some(layout) = text.strip_prefix("oci:") else {
            let is_path =
                matches!(text, "." | "..") || ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start));
            return if is_path {
                Err(ReferenceError::Path { given: text.to_owned() })
            } else {
                text.parse().map(Self::Registry)
            };
        };
        if layout.is_empty() || layout.starts_with([':', '@']) {
            return Err(ReferenceError::NoFolder { given: text.to_owned() });
        }
        // An @ or : without a digest or tag after it is part of the path.
        if let Some((path, digest)) = layout.rsplit_once('@')
            && (digest.starts_with("sha") && !digest.contains('/'))
        {
            return Ok(Self::Layout { path: path.into(), target: Some(Target::Digest(digest.parse()?)) });
        }
        if let Some((path, tag)) = layout.rsplit_once(':')
            && !tag.contains('/')
        {
            let target = Some(Target::Tag(tag.parse::<Tag>()?));
            return Ok(Self::Layout { path: path.into(), target });
        }
        Ok(Self::Layout { path: layout.into(), target: None })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn parses_layouts_with_tag_digest_or_neither() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, path, target) in [
            ("oci:dir".to_owned(), "dir", None),
            ("oci:./a/b:v1".to_owned(), "./a/b", Some("v1".to_owned())),
            (format!("oci:/a b@{digest}"), "/a b", Some(digest.clone())),
            ("oci:a:b/c".to_owned(), "a:b/c", None),
            ("oci:me@home/x:1.0".to_owned(), "me@home/x", Some("1.0".to_owned())),
        ] {
            let reference: ArtifactReference = text.parse().unwrap();
            let ArtifactReference::Layout { path: found, target: named } = &reference else { panic!("{text}") };
            assert_eq!((found.to_str().unwrap(), named.as_ref().map(Target::to_string)), (path, target), "{text}");
            assert_eq!(reference.to_string(), text);
        }
        for wrong in ["oci:x@sha256:00", "oci:x:-tag", "oci:x:"] {
            assert!(wrong.parse::<ArtifactReference>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn suggests_the_form_of_a_layout_name() {
        for (wrong, right) in [
            ("oci:", "write oci:FOLDER, oci:FOLDER:TAG or oci:FOLDER@sha256:"),
            ("oci::v1", "write oci:FOLDER"),
            ("oci:@sha256:00", "write oci:FOLDER"),
            ("./one", "write oci:./one"),
            ("/tmp/x:v1", "write oci:/tmp/x:v1"),
            ("../x", "write oci:../x"),
            (".", "write oci:."),
        ] {
            let why = wrong.parse::<ArtifactReference>().unwrap_err().to_string();
            assert!(why.contains(right), "{wrong}: {why}");
        }
    }
}
