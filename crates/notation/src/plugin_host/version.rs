//! Versions of plugins: Semantic Versioning 2.0.0, semver.org. Compare them by [`Version::cmp_precedence`], which
//! ignores build metadata.

use semver::Version;

/// A malformed version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid version (Semantic Versioning)")]
pub struct VersionError(String);

/// Parses a version.
///
/// # Errors
/// Returns [`VersionError`] if the text is not `MAJOR.MINOR.PATCH` with an optional pre-release and build metadata.
pub(crate) fn parse(text: &str) -> Result<Version, VersionError> {
    Version::parse(text).map_err(|_| VersionError(text.chars().take(100).collect()))
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
        let versions = ascending.map(|text| parse(text).unwrap());
        assert!(versions.windows(2).all(|pair| pair[0].cmp_precedence(&pair[1]).is_lt()));
        assert_eq!(versions.each_ref().map(ToString::to_string), ascending);
        assert!(parse("1.0.0+a.b").unwrap().cmp_precedence(&parse("1.0.0+c").unwrap()).is_eq());
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
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
