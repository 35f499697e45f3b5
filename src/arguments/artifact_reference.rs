//! Artifact names on the command line: a registry reference, or `oci:FOLDER[:NAME|@DIGEST]` for an OCI image layout.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use notary::reference::{EntryName, Reference, ReferenceError, RepositoryName, Target};
use notary::text::printable;
use notary::trust::policy::{ArtifactLocation, RegistryScope};
use notary::{Descriptor, Digest, ReasonCode};
use registry::{Layout, LayoutError, RegistryClient, Store};

use crate::arguments::layout_name::split;
use crate::output::exit::CliError;
use crate::output::vocabulary::NamedArtifact;

/// The most names that an error shows.
const MAX_NAMES: usize = 10;

/// An artifact name from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactReference {
    /// In a registry.
    Registry(Reference),
    /// In an OCI image layout.
    Layout {
        /// The folder.
        path: PathBuf,
        /// The name or digest. `None` means the only artifact of the layout.
        entry: Option<LayoutEntry>,
    },
}

/// What selects an artifact of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayoutEntry {
    /// The name that `index.json` gives to it: a tag or a whole reference.
    Name(EntryName),
    /// Its digest.
    Digest(Digest),
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

    /// The digest that selects the artifact, if there is one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Registry(reference) => reference.digest(),
            Self::Layout { entry: Some(LayoutEntry::Digest(digest)), .. } => Some(digest),
            Self::Layout { .. } => None,
        }
    }

    /// The tag or the layout's name that selects the artifact, if it is not selected by digest.
    #[must_use]
    pub fn entry_name(&self) -> Option<EntryName> {
        match self {
            Self::Registry(reference) => match reference.target() {
                Target::Tag(tag) => Some(tag.into()),
                Target::Digest(_) => None,
            },
            Self::Layout { entry: Some(LayoutEntry::Name(name)), .. } => Some(name.clone()),
            Self::Layout { .. } => None,
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
            Self::Layout { path, entry } => {
                let layout = Layout::open(path)?.waiting_at_most(client.timeout());
                let target = match entry {
                    Some(LayoutEntry::Digest(digest)) => Target::Digest(digest.clone()),
                    Some(LayoutEntry::Name(name)) => named(&layout, name)?,
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

/// The artifact with this name. Names that are no tags are resolved at once. A digest at the end of a name counts if
/// the layout has no such name, as in references to registries.
fn named(layout: &Layout, name: &EntryName) -> Result<Target, LayoutError> {
    if let Some(tag) = name.to_tag() {
        return Ok(Target::Tag(tag));
    }
    match (layout.resolve_name(name), name.as_str().rsplit_once('@').and_then(|(_, digest)| digest.parse().ok())) {
        (Err(LayoutError::NotFound { .. }), Some(digest)) => Ok(Target::Digest(digest)),
        (resolved, _) => Ok(Target::Digest(resolved?.digest)),
    }
}

fn only_artifact(layout: &Layout) -> Result<Target, CliError> {
    let artifacts = layout.artifacts()?;
    let path = shown(layout.path());
    match &artifacts[..] {
        [only] => Ok(Target::Digest(only.digest.clone())),
        [] => Err(CliError::new(ReasonCode::NotFound, format!("the layout {path} has no artifacts"))),
        several => {
            // A name that the command line does not take is not proposed.
            let name = |artifact: &Descriptor| match Layout::tag_of(artifact).map(str::parse::<EntryName>) {
                Some(Ok(name)) => format!("oci:{path}:{name}"),
                _ => format!("oci:{path}@{}", artifact.digest),
            };
            let names: Vec<_> = several.iter().take(MAX_NAMES).map(name).collect();
            let count = several.len();
            let more = if count > names.len() { format!(", and {} more", count - names.len()) } else { String::new() };
            let names = names.join(", ");
            let why = CliError::configuration(format!("the layout {path} has {count} artifacts: {names}{more}"));
            Err(why.with_advice("Name one of them."))
        }
    }
}

impl fmt::Display for ArtifactReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Layout { path, entry: None } => write!(f, "oci:{}", shown(path)),
            Self::Layout { path, entry: Some(LayoutEntry::Name(name)) } => write!(f, "oci:{}:{name}", shown(path)),
            Self::Layout { path, entry: Some(LayoutEntry::Digest(d)) } => write!(f, "oci:{}@{d}", shown(path)),
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
        let (path, entry) = split(layout)?;
        Ok(Self::Layout { path: path.into(), entry })
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
            ("oci:a:b/c".to_owned(), "a", Some("b/c".to_owned())),
            ("oci:a:docker.io/b/c:3.20".to_owned(), "a", Some("docker.io/b/c:3.20".to_owned())),
            ("oci:me@home/x:1.0".to_owned(), "me@home/x", Some("1.0".to_owned())),
        ] {
            let reference: ArtifactReference = text.parse().unwrap();
            let ArtifactReference::Layout { path: found, entry } = &reference else { panic!("{text}") };
            let named = entry.as_ref().map(|entry| match entry {
                LayoutEntry::Name(name) => name.to_string(),
                LayoutEntry::Digest(digest) => digest.to_string(),
            });
            assert_eq!((found.to_str().unwrap(), named), (path, target), "{text}");
            assert_eq!(reference.to_string(), text);
        }
        for wrong in ["oci:x@sha256:00", "oci:x:-tag", "oci:x:"] {
            assert!(wrong.parse::<ArtifactReference>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn suggests_the_form_of_a_layout_name() {
        for (wrong, right) in [
            ("oci:", "write oci:FOLDER, oci:FOLDER:NAME or oci:FOLDER@sha256:"),
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
