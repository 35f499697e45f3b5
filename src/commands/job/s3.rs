//! Objects in Amazon S3 on the command line, as the aws CLI and S3's own URIs write them.

use aws_signer::{S3Object, S3Prefix};

/// Before the version in a URI.
const VERSION: &str = "?versionId=";

/// Parses `s3://BUCKET/KEY?versionId=VERSION`. The version may be missing. A key may contain any character.
///
/// # Errors
/// Returns the form that is expected.
pub(super) fn object(text: &str) -> Result<S3Object, String> {
    let expected = || "expected s3://BUCKET/KEY?versionId=VERSION".to_owned();
    let rest = text.strip_prefix("s3://").ok_or_else(expected)?;
    let (rest, version) = match rest.rsplit_once(VERSION) {
        Some((_, "")) => return Err("the version after ?versionId= is empty".to_owned()),
        Some((rest, version)) => (rest, Some(version.to_owned())),
        None => (rest, None),
    };
    match rest.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok(S3Object { bucket: bucket.to_owned(), key: key.to_owned(), version })
        }
        _ => Err(expected()),
    }
}

/// Parses `s3://BUCKET` or `s3://BUCKET/PREFIX`.
///
/// # Errors
/// Returns the form that is expected.
pub(super) fn prefix(text: &str) -> Result<S3Prefix, String> {
    let rest = text.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    match bucket {
        "" => Err("expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned()),
        bucket => {
            let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
            Ok(S3Prefix { bucket: bucket.to_owned(), prefix })
        }
    }
}

/// The URI of an object.
pub(super) fn uri(bucket: &str, key: &str, version: Option<&str>) -> String {
    let version = version.map(|version| format!("{VERSION}{version}")).unwrap_or_default();
    format!("s3://{bucket}/{key}{version}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn reads_the_uris_that_it_writes() {
        for (text, key, version) in [
            ("s3://in/app.zip?versionId=3HL4kqt", "app.zip", Some("3HL4kqt")),
            ("s3://in/a/b c?d.zip?versionId=null", "a/b c?d.zip", Some("null")),
            ("s3://in/app.zip", "app.zip", None),
        ] {
            let object = object(text).unwrap();
            assert_eq!((object.bucket.as_str(), object.key.as_str()), ("in", key));
            assert_eq!(object.version.as_deref(), version);
            assert_eq!(uri(&object.bucket, &object.key, version), text);
        }
        for wrong in ["", "in/app.zip", "s3://in", "s3://in/", "s3:///app.zip", "s3://in/app.zip?versionId="] {
            assert!(object(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_prefix_is_used_as_it_is() {
        let parsed = |text: &str| prefix(text).map(|S3Prefix { bucket, prefix }| (bucket, prefix));
        for (text, expected) in [
            ("s3://out", None),
            ("s3://out/", None),
            ("s3://out/signed/", Some("signed/")),
            ("s3://out/s-", Some("s-")),
        ] {
            assert_eq!(parsed(text), Ok(("out".to_owned(), expected.map(str::to_owned))), "{text}");
        }
        assert!(prefix("out/signed").is_err() && prefix("s3://").is_err());
    }
}
