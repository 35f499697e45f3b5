//! Patterns of registries: hosts, each perhaps with a port.

use std::fmt;
use std::str::FromStr;

use notary::reference::RepositoryName;

use super::PatternError;
use super::glob::Glob;

/// A pattern of registries. `*` stands for characters within one label of the host (`*.dkr.ecr.*.amazonaws.com`), or
/// for a whole port (`localhost:*`); alone it stands for every registry. A port is part of a registry's name: a pattern
/// without a port matches only hosts that are written without one. Capital letters of hosts count as small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    text: Box<str>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Every registry.
    Any,
    /// One registry.
    One,
    /// The labels of the host, and the port.
    Labels(Vec<Glob>, Option<Glob>),
}

impl HostPattern {
    /// Whether a registry, such as `localhost:5000`, matches.
    #[must_use]
    pub fn matches(&self, registry: &str) -> bool {
        match &self.form {
            Form::Any => true,
            Form::One => self.text.eq_ignore_ascii_case(registry),
            Form::Labels(labels, port) => {
                let (host, found) = split_port(registry);
                let is_port = match (port, found) {
                    (None, None) => true,
                    (Some(port), Some(found)) => port.matches(found, false),
                    _ => false,
                };
                let mut found = host.split('.');
                // An address in brackets is no sequence of labels.
                is_port
                    && !host.starts_with('[')
                    && labels.iter().all(|label| found.next().is_some_and(|found| label.matches(found, true)))
                    && found.next().is_none()
            }
        }
    }

    /// Whether it stands for every registry.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.form == Form::Any
    }

    /// Whether everything that another pattern matches is certain to match.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        // A pattern is a name whose `*` only `*` stands for. Alone it stands for addresses and ports, too.
        self.is_any() || (!other.is_any() && self.matches(&other.text))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::read(text).map_err(|why| why.settled(Self::read))
    }
}

impl HostPattern {
    fn read(text: &str) -> Result<Self, PatternError> {
        super::check_text(text)?;
        if text.contains('/') {
            return Err(PatternError::PathInHost(text.to_owned()));
        }
        if matches!(text, "index.docker.io" | "registry-1.docker.io") {
            return Err(PatternError::DockerHost { given: text.to_owned(), corrected: "docker.io".to_owned() });
        }
        let form = form(text).ok_or_else(|| PatternError::Host(text.to_owned()))?;
        Ok(Self { text: text.into(), form })
    }
}

/// What the pattern means; `None` if it is malformed.
fn form(text: &str) -> Option<Form> {
    if text == "*" {
        return Some(Form::Any);
    }
    if !text.contains('*') {
        // Registries of references are checked in the same way: an address in an unusual form would match none.
        return format!("{text}/a/a").parse::<RepositoryName>().ok().map(|_| Form::One);
    }
    let (host, port) = split_port(text);
    let is_port = |port: &str| port == "*" || port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    let is_label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'*';
        !label.is_empty() && label.bytes().all(allowed) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_valid = host.split('.').all(is_label) && !host.contains("**") && port.is_none_or(is_port);
    is_valid.then(|| Form::Labels(host.split('.').map(Glob::new).collect(), port.map(Glob::new)))
}

/// The host and the port of a registry.
fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    }
}
