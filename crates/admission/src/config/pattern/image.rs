//! Patterns of images: normalised names `registry/repository`, without tag and digest.

use std::fmt;
use std::str::FromStr;

use notary::reference::RepositoryName;

use super::glob::Glob;
use super::{HostPattern, PatternError};

/// A pattern of images. It is compared with the whole name `registry/repository`, component by component, so no prefix
/// matches by accident. `*` stands for characters within one component, and in the registry within one label of its
/// host, as in [`HostPattern`]. `**` is a component of its own and stands for one or more components: `a.example/x/**`
/// matches `a.example/x/y` and `a.example/x/y/z`, and neither `a.example/x` nor `a.example/x-evil/y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePattern {
    text: Box<str>,
    /// `None` for every registry.
    registry: Option<HostPattern>,
    path: Vec<Part>,
}

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// One component.
    Component(Glob),
    /// Any number of components. For `**` there is a component `*` before it: one or more.
    Many,
}

impl ImagePattern {
    /// The longest name of an image; longer ones are no references.
    const MAX_NAME: usize = 1024;

    /// Whether an image with the normalised name `registry/repository`, such as `docker.io/library/nginx`, matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let Some((registry, path)) = name.split_once('/') else { return false };
        name.len() <= Self::MAX_NAME
            && self.registry.as_ref().is_none_or(|pattern| pattern.matches(registry))
            && self.matches_path(path)
    }

    /// As within a component, only the last `**` is ever tried again.
    fn matches_path(&self, path: &str) -> bool {
        let (mut at, mut rest) = (0, Some(path));
        let mut last: Option<(usize, &str)> = None;
        while let Some(text) = rest {
            let (component, next) = first_component(text);
            match (self.path.get(at), last) {
                (Some(Part::Many), _) => {
                    at += 1;
                    last = Some((at, text));
                }
                (Some(Part::Component(glob)), _) if glob.matches(component, false) => {
                    at += 1;
                    rest = next;
                }
                (_, Some((after, tried))) => {
                    at = after;
                    rest = first_component(tried).1;
                    // Without a rest, the end of the pattern decides.
                    if let Some(rest) = rest {
                        last = Some((after, rest));
                    }
                }
                (_, None) => return false,
            }
        }
        self.path[at..].iter().all(|part| *part == Part::Many)
    }

    /// Whether everything that another pattern matches is certain to match.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let is_registry = match (&self.registry, &other.registry) {
            (None, _) => true,
            (Some(own), Some(other)) => own.includes(other),
            (Some(own), None) => own.is_any(),
        };
        is_registry && self.includes_path(&other.path)
    }

    /// Step by step: after each part of the other path, which numbers of own parts can have matched all before.
    fn includes_path(&self, other: &[Part]) -> bool {
        let is_any = |part: &Part| matches!(part, Part::Component(glob) if *glob == Glob::new("*"));
        if self.path.contains(&Part::Many)
            && self.path.iter().all(|part| *part == Part::Many || is_any(part))
            && self.path.iter().filter(|part| is_any(part)).count() <= 1
        {
            // One or more components: every name has them.
            return true;
        }
        let mut matched = vec![true];
        for part in &self.path {
            matched.push(*part == Part::Many && matched.last() == Some(&true));
        }
        for part in other {
            let mut next = vec![false];
            for (number, own) in self.path.iter().enumerate() {
                next.push(match (own, part) {
                    (Part::Many, _) => next[number] || matched[number + 1],
                    (Part::Component(own), Part::Component(other)) => matched[number] && own.includes(other),
                    (Part::Component(_), Part::Many) => false,
                });
            }
            matched = next;
        }
        matched.last() == Some(&true)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The first component of a path, and the others.
fn first_component(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

impl fmt::Display for ImagePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ImagePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::read(text).map_err(|why| why.settled(Self::read))
    }
}

impl ImagePattern {
    fn read(text: &str) -> Result<Self, PatternError> {
        super::check_text(text)?;
        let given = || text.to_owned();
        if let Some((corrected, _)) = text.split_once('@') {
            return Err(PatternError::Digest { given: given(), corrected: corrected.to_owned() });
        }
        let (first, path) = first_component(text);
        if let Some(corrected) = without_tag(first, path) {
            return Err(PatternError::Tag { given: given(), corrected });
        }
        if first.contains("**") && first != "**" {
            return Err(PatternError::Stars(given()));
        }
        if first == "**" {
            // It stands for the registry, and any number of components after it.
            let mut all = vec![Part::Many];
            if let Some(path) = path {
                all.extend(parts(path, text)?);
            }
            return Ok(Self { text: text.into(), registry: None, path: all });
        }
        if !is_registry(first, path.is_some()) {
            let implied = if path.is_some() { "" } else { "library/" };
            let corrected = format!("docker.io/{implied}{text}");
            return Err(PatternError::NoRegistry { given: given(), corrected });
        }
        let registry: HostPattern = first.parse().map_err(|why| match why {
            PatternError::DockerHost { corrected, .. } => {
                let rest = path.map(|path| format!("/{path}")).unwrap_or_default();
                PatternError::DockerHost { given: given(), corrected: format!("{corrected}{rest}") }
            }
            other => other,
        })?;
        let Some(path) = path else { return Err(PatternError::NoRepository(given())) };
        let parts = parts(path, text)?;
        if first == "docker.io" && parts.len() < 2 {
            return Err(PatternError::OnePart { given: given(), part: path.to_owned() });
        }
        Ok(Self { text: text.into(), registry: Some(registry), path: parts })
    }
}

/// Whether the first component is a registry, as in references: it has a dot or a port, or is `localhost`. One with `*`
/// may match such a registry.
fn is_registry(first: &str, has_path: bool) -> bool {
    first == "localhost" || first.contains(['.', ':']) || (has_path && first.contains('*'))
}

/// The pattern without its tag, if it has one.
fn without_tag(first: &str, path: Option<&str>) -> Option<String> {
    match path {
        Some(path) => path.split_once(':').map(|(path, _)| format!("{first}/{path}")),
        None => {
            let (name, tag) = first.split_once(':')?;
            let is_port = tag == "*" || tag.parse::<u16>().is_ok();
            (!is_port && !first.starts_with('[')).then(|| name.to_owned())
        }
    }
}

/// The parts of a path.
fn parts(path: &str, pattern: &str) -> Result<Vec<Part>, PatternError> {
    let mut parts = Vec::new();
    for component in path.split('/') {
        match component {
            "" => return Err(PatternError::EmptyComponent(pattern.to_owned())),
            "**" => parts.extend([Part::Component(Glob::new("*")), Part::Many]),
            _ if component.contains("**") => return Err(PatternError::Stars(pattern.to_owned())),
            _ if is_component(component) => parts.push(Part::Component(Glob::new(component))),
            _ => {
                return Err(PatternError::Component { given: pattern.to_owned(), component: component.to_owned() });
            }
        }
    }
    Ok(parts)
}

/// Whether a component can match a component of a repository.
fn is_component(component: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-*".contains(&b);
    let is_end = |b: Option<char>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b == '*');
    match component.contains('*') {
        true => component.bytes().all(allowed) && is_end(component.chars().next()) && is_end(component.chars().last()),
        false => format!("a.invalid/{component}").parse::<RepositoryName>().is_ok(),
    }
}
