//! Versions of plugins: Semantic Versioning 2.0.0, semver.org, "Precedence".

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version, compared by precedence: build metadata is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    core: [u64; 3],
    pre_release: Vec<Identifier>,
}

/// An identifier of a pre-release. Numbers sort before texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Text(String),
}

/// A malformed version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid version (Semantic Versioning)")]
pub struct VersionError(String);

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        parse(text).ok_or_else(|| VersionError(text.chars().take(100).collect()))
    }
}

fn parse(text: &str) -> Option<Version> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if build.is_some_and(|build| !build.split('.').all(is_word)) {
        return None;
    }
    let (core, pre_release) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let core: Vec<u64> = core.split('.').map(number).collect::<Option<_>>()?;
    let identifier = |word: &str| match () {
        () if !is_word(word) => None,
        () if word.bytes().all(|b| b.is_ascii_digit()) => number(word).map(Identifier::Number),
        () => Some(Identifier::Text(word.to_owned())),
    };
    let pre_release = pre_release.map_or(Some(Vec::new()), |pre| pre.split('.').map(identifier).collect())?;
    Some(Version { core: core.try_into().ok()?, pre_release })
}

/// A number without leading zeros.
fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_number)
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // A pre-release sorts before its release.
        let release = self.pre_release.is_empty().cmp(&other.pre_release.is_empty());
        self.core.cmp(&other.core).then(release).then_with(|| self.pre_release.cmp(&other.pre_release))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.core;
        write!(f, "{major}.{minor}.{patch}")?;
        for (position, identifier) in self.pre_release.iter().enumerate() {
            f.write_str(if position == 0 { "-" } else { "." })?;
            match identifier {
                Identifier::Number(number) => write!(f, "{number}")?,
                Identifier::Text(text) => f.write_str(text)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn orders_versions_by_precedence() {
        let ascending = [
            "0.9.10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0-0",
            "2.0.0",
        ];
        let versions = ascending.map(|text| text.parse::<Version>().unwrap());
        assert!(versions.is_sorted() && versions.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(versions.each_ref().map(ToString::to_string), ascending);
        assert_eq!("1.0.0+a.b".parse::<Version>(), "1.0.0+c".parse());
    }

    #[test]
    fn rejects_malformed_versions() {
        let huge = "1.0.99999999999999999999";
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "01.0.0",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0-a..b",
            "1.0.0+",
            "1.+0.0",
            huge,
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
