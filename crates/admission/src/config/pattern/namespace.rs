//! Patterns of namespaces.

use std::fmt;
use std::str::FromStr;

use super::PatternError;
use super::glob::Glob;

/// The prefix of a cluster of Amazon ECS, which takes the place of a namespace.
const ECS: &str = "ecs:";
/// The longest name of a namespace (RFC 1123 label) and of a cluster of Amazon ECS.
const MAX_NAMESPACE: usize = 63;
const MAX_CLUSTER: usize = 255;

/// A pattern of namespaces, with `*` for any characters, or of clusters of Amazon ECS: `ecs:CLUSTER`. `*` never stands
/// for `ecs:`, so that a pattern for namespaces matches no cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespacePattern {
    text: Box<str>,
    is_cluster: bool,
    name: Glob,
}

impl NamespacePattern {
    /// Whether a namespace, or a cluster written as `ecs:CLUSTER`, matches.
    #[must_use]
    pub fn matches(&self, namespace: &str) -> bool {
        let (is_cluster, name) = split(namespace);
        is_cluster == self.is_cluster
            && name.len() <= MAX_CLUSTER
            && !name.contains(':')
            && self.name.matches(name, false)
    }

    /// Whether everything that another pattern matches is certain to match.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.is_cluster == other.is_cluster && self.name.includes(&other.name)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether it is a cluster of Amazon ECS, and the name without `ecs:`.
fn split(namespace: &str) -> (bool, &str) {
    namespace.strip_prefix(ECS).map_or((false, namespace), |cluster| (true, cluster))
}

impl fmt::Display for NamespacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for NamespacePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (is_cluster, name) = split(text);
        let allowed = |b: u8| match is_cluster {
            true => b.is_ascii_alphanumeric() || b"-_*".contains(&b),
            false => b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*".contains(&b),
        };
        let longest = if is_cluster { MAX_CLUSTER } else { MAX_NAMESPACE };
        match !name.is_empty() && name.len() <= longest && name.bytes().all(allowed) {
            true => Ok(Self { text: text.into(), is_cluster, name: Glob::new(name) }),
            false => Err(PatternError::Namespace(notary::text::start_of(text))),
        }
    }
}
