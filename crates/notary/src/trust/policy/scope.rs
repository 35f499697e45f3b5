//! Registry scopes: the repositories that a trust policy applies to. `trust-store-trust-policy.md`, "OCI Trust Policy
//! Constraints".

use std::fmt;
use std::str::FromStr;

use crate::reference::RepositoryName;

/// An invalid registry scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// A wildcard within the scope.
    #[error("{0:?} has a wildcard; a scope is one whole repository such as registry.example.com/team/app, or * alone")]
    Wildcard(String),
    /// Not a fully qualified repository.
    #[error(
        "{0:?} is not a fully qualified repository without scheme, tag and digest, such as registry.example.com/team/app"
    )]
    NotARepository(String),
}

/// A fully qualified repository: `REGISTRY/NAMESPACE/REPOSITORY`. Scopes are compared literally, as in notation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryScope(String);

impl RegistryScope {
    /// Returns the scope as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both scopes lead to the same repository: host names are case-insensitive, the ports 443 and 80 are
    /// implied, and Docker Hub has several names.
    pub(super) fn is_same_repository(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }

    fn normalized(&self) -> (String, Option<u32>, &str) {
        let (registry, repository) = self.0.split_once('/').unwrap_or((&self.0, ""));
        let (host, port) = registry.split_once(':').unwrap_or((registry, ""));
        let host = match host.to_ascii_lowercase() {
            hub if matches!(hub.as_str(), "index.docker.io" | "registry-1.docker.io") => "docker.io".to_owned(),
            other => other,
        };
        (host, port.parse().ok().filter(|port| !matches!(port, 80 | 443)), repository)
    }

    /// Returns the scope of a repository.
    ///
    /// # Errors
    /// Returns [`ScopeError::NotARepository`] if scopes cannot name the registry, such as an IPv6 address.
    pub fn from_repository(repository: &RepositoryName) -> Result<Self, ScopeError> {
        let scope = Self(repository.to_string());
        match is_registry(repository.registry()) && repository.path().split('/').all(is_component) {
            true => Ok(scope),
            false => Err(ScopeError::NotARepository(scope.0)),
        }
    }

    /// Returns the repository of an artifact reference, dropping tag and digest.
    ///
    /// # Errors
    /// Returns [`ScopeError::NotARepository`] if the rest is not a fully qualified repository.
    pub fn from_reference(reference: &str) -> Result<Self, ScopeError> {
        let named = reference.split_once('@').map_or(reference, |(named, _)| named);
        let last = named.rfind('/').unwrap_or(0);
        let repository = named[last..].split_once(':').map_or(named, |(name, _)| &named[..last + name.len()]);
        repository.parse().map_err(|_| ScopeError::NotARepository(reference.to_owned()))
    }
}

impl FromStr for RegistryScope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text.contains('*') {
            return Err(ScopeError::Wildcard(text.to_owned()));
        }
        match text.split_once('/') {
            Some((registry, repository)) if is_registry(registry) && repository.split('/').all(is_component) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ScopeError::NotARepository(text.to_owned())),
        }
    }
}

impl fmt::Display for RegistryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scopes of one trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryScopes {
    /// `*`: every artifact that no other policy lists.
    Global,
    /// These repositories, at least one.
    Listed(Vec<RegistryScope>),
}

/// A host name with an optional port, as in the distribution project's references.
fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        let edges = label.bytes().next().zip(label.bytes().last());
        edges.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(is_label) && port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

/// A component of a repository name: lower-case letters and digits, separated by `.`, `_`, `__` or hyphens.
fn is_component(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator = |s: &str| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-');
    text.starts_with(is_alphanumeric)
        && text.ends_with(is_alphanumeric)
        && text.split(is_alphanumeric).all(is_separator)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn accepts_fully_qualified_repositories() {
        for scope in [
            "docker.io/library/registry",
            "localhost:5000/a",
            "local/my-layout",
            "REGISTRY.example.com/a/b/c",
            "r/a__b/c---d/e.f/g_h",
            "111122223333.dkr.ecr.us-west-2.amazonaws.com/team/app",
        ] {
            assert_eq!(scope.parse::<RegistryScope>().unwrap().as_str(), scope);
        }
    }

    #[test]
    fn rejects_malformed_repositories_and_wildcards() {
        for scope in [
            "",
            "registry",
            "/a",
            "r/",
            "r//a",
            "r/a/",
            "r/A",
            "r/a:tag",
            "r/a@sha256:00",
            "https://r/a",
            "r:/a",
            "r:x/a",
            "-r/a",
            "r-/a",
            "r../a",
            "r/a..b",
            "r/a___b",
            "r/.a",
            "r/a-",
            "r/a b",
            "r/ä",
            "r/a\n",
            "[::1]/a",
        ] {
            assert_eq!(scope.parse::<RegistryScope>(), Err(ScopeError::NotARepository(scope.to_owned())));
        }
        for scope in ["*", "r/*", "*.example.com/a", "**"] {
            assert_eq!(scope.parse::<RegistryScope>(), Err(ScopeError::Wildcard(scope.to_owned())));
        }
    }

    #[test]
    fn recognizes_other_spellings_of_a_registry() {
        let scope = |text: &str| text.parse::<RegistryScope>().unwrap();
        for (a, b) in [
            ("registry.example.com/a", "Registry.EXAMPLE.com/a"),
            ("registry.example.com/a", "registry.example.com:443/a"),
            ("registry.example.com:5000/a", "registry.example.com:05000/a"),
            ("docker.io/library/a", "index.docker.io/library/a"),
            ("docker.io/library/a", "Registry-1.Docker.io/library/a"),
        ] {
            assert!(scope(a).is_same_repository(&scope(b)), "{a} {b}");
        }
        for other in
            ["registry.example.com:5000/a", "registry.example.com/b", "example.com/a", "registry.example.com/a/a"]
        {
            assert!(!scope("registry.example.com/a").is_same_repository(&scope(other)), "{other}");
        }
    }

    #[test]
    fn derives_the_scope_of_a_reference() {
        for reference in ["r:5000/a/b", "r:5000/a/b:v1", "r:5000/a/b@sha256:00", "r:5000/a/b:v1@sha256:00"] {
            assert_eq!(RegistryScope::from_reference(reference).unwrap().as_str(), "r:5000/a/b");
        }
        for reference in ["a", "a:v1", "r/a:v1/b", "*@sha256:00", "r:5000"] {
            assert!(RegistryScope::from_reference(reference).is_err(), "{reference}");
        }
    }
}
