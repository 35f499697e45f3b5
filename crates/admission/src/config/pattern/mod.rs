//! Patterns of namespaces, images and registries. Matching allocates nothing, and its time is bounded whatever the
//! name is: it runs for each image of each request.

mod glob;
mod host;
mod image;
mod namespace;
#[cfg(test)]
mod tests;

pub use self::host::HostPattern;
pub use self::image::ImagePattern;
pub use self::namespace::NamespacePattern;

/// How often a suggestion is corrected at most: each of them takes away one thing that is wrong.
const MOST_CORRECTIONS: usize = 8;
/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 512;

/// Why a text is not a pattern. The error shows the corrected pattern if it can be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is too long.
    #[error("the pattern has more than {MAX_LENGTH} characters")]
    TooLong,
    /// It is a URL.
    #[error("a registry is named without scheme: write {corrected}")]
    Url {
        /// The text without scheme and user; the text itself may contain a password.
        corrected: String,
    },
    /// It has capital letters.
    #[error("{given:?} has capital letters, and names of images have none: write {corrected}")]
    Capitals {
        /// The text.
        given: String,
        /// The text in lower case.
        corrected: String,
    },
    /// A pattern of images does not start with a registry.
    #[error("{given:?} has no registry: write {corrected}, or **/{given} for all registries")]
    NoRegistry {
        /// The text.
        given: String,
        /// The text with the registry that Docker implies.
        corrected: String,
    },
    /// A pattern of images has nothing but a registry.
    #[error("{0:?} is a registry without repositories: write {0}/** for all of its repositories")]
    NoRepository(String),
    /// A pattern of a Docker Hub repository has one part.
    #[error(
        "{given:?} never matches, because repositories of docker.io have two parts: write docker.io/library/{part} for \
         Docker's own images, or docker.io/** for all"
    )]
    OnePart {
        /// The text.
        given: String,
        /// The part after the registry.
        part: String,
    },
    /// It names a host of Docker Hub that images never have.
    #[error("{given:?} never matches, because images of Docker Hub have the registry docker.io: write {corrected}")]
    DockerHost {
        /// The text.
        given: String,
        /// The text with the name of Docker Hub.
        corrected: String,
    },
    /// A pattern of images has a tag.
    #[error("{given:?} has a tag, and patterns match all tags: write {corrected}")]
    Tag {
        /// The text.
        given: String,
        /// The text without its tag.
        corrected: String,
    },
    /// A pattern of images has a digest.
    #[error("{given:?} has a digest, and patterns match all digests: write {corrected}")]
    Digest {
        /// The text.
        given: String,
        /// The text without its digest.
        corrected: String,
    },
    /// A component is empty.
    #[error("{0:?} has an empty component: write one / between two components, and none at the end")]
    EmptyComponent(String),
    /// `**` is not a component of its own.
    #[error(
        "{0:?} has ** beside other characters: ** is written between slashes and stands for one or more components"
    )]
    Stars(String),
    /// A component is malformed.
    #[error(
        "{given:?}: {component:?} is no component of a repository: use a-z and 0-9, joined by . _ __ or hyphens, and * \
         for any characters"
    )]
    Component {
        /// The text.
        given: String,
        /// The component.
        component: String,
    },
    /// A pattern of registries has a path.
    #[error("{0:?} has a path: write only the host, and the port if there is one")]
    PathInHost(String),
    /// A pattern of registries is malformed.
    #[error(
        "{0:?} is not a registry: write a host and optionally a port, as in localhost:5000, with * for characters of one \
         label, as in *.dkr.ecr.*.amazonaws.com"
    )]
    Host(String),
    /// A pattern of namespaces is malformed.
    #[error(
        "{0:?} matches no namespace: use at most 63 letters a-z, digits, hyphens and *, or ecs:CLUSTER for a cluster of \
         Amazon ECS"
    )]
    Namespace(String),
}

impl PatternError {
    /// The error with a suggestion that `read` accepts: without it, a corrected text could be refused in turn.
    fn settled<T>(mut self, read: impl Fn(&str) -> Result<T, Self>) -> Self {
        for _ in 0..MOST_CORRECTIONS {
            let Some(corrected) = self.corrected_mut() else { break };
            match read(corrected).err().and_then(Self::into_suggestion) {
                Some(better) => *corrected = better,
                None => break,
            }
        }
        self
    }

    /// The corrected text in the error.
    fn corrected_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Url { corrected }
            | Self::Capitals { corrected, .. }
            | Self::NoRegistry { corrected, .. }
            | Self::DockerHost { corrected, .. }
            | Self::Tag { corrected, .. }
            | Self::Digest { corrected, .. } => Some(corrected),
            _ => None,
        }
    }

    /// What the error suggests to write, if it is certain enough.
    fn into_suggestion(mut self) -> Option<String> {
        match &mut self {
            Self::NoRepository(registry) => Some(format!("{registry}/**")),
            Self::OnePart { part, .. } => Some(format!("docker.io/library/{part}")),
            other => other.corrected_mut().map(std::mem::take),
        }
    }
}

/// What patterns of images and of registries have in common.
fn check_text(text: &str) -> Result<(), PatternError> {
    if text.len() > MAX_LENGTH {
        return Err(PatternError::TooLong);
    }
    if let Some(corrected) = without_scheme(text) {
        return Err(PatternError::Url { corrected });
    }
    let lower = text.to_ascii_lowercase();
    if lower != text {
        return Err(PatternError::Capitals { given: text.to_owned(), corrected: lower });
    }
    Ok(())
}

/// The name in a URL, without scheme, user and password; `None` if the text is not a URL.
pub(super) fn without_scheme(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(format!("{host}{path}"))
}
