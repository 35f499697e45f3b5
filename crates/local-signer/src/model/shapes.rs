//! The shapes of AWS's model that several operations use.

use super::{Member, Pattern, Shape};

/// A text without constraints in AWS's model. The limit of the local signer is that of a request.
pub const TEXT: Shape = Shape::String { min: 0, max: usize::MAX, pattern: None };

/// `ProfileName`.
pub const PROFILE_NAME: Shape = Shape::String { min: 2, max: 64, pattern: Some(&PROFILE_NAME_PATTERN) };
const PROFILE_NAME_PATTERN: Pattern = Pattern {
    text: "^[a-zA-Z0-9_]{2,}",
    matches: |text| text.len() >= 2 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
};

/// `ProfileVersion`.
pub const PROFILE_VERSION: Shape = Shape::String { min: 10, max: 10, pattern: Some(&PROFILE_VERSION_PATTERN) };
const PROFILE_VERSION_PATTERN: Pattern = Pattern {
    text: "^[a-zA-Z0-9]{10}$",
    matches: |text| text.len() == 10 && text.bytes().all(|b| b.is_ascii_alphanumeric()),
};

/// `AccountId`.
pub const ACCOUNT_ID: Shape = Shape::String { min: 12, max: 12, pattern: Some(&ACCOUNT_ID_PATTERN) };
const ACCOUNT_ID_PATTERN: Pattern =
    Pattern { text: "^[0-9]{12}$", matches: |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) };

/// `Arn`.
pub const ARN: Shape = Shape::String { min: 20, max: 2048, pattern: None };

/// `RevocationReasonString`.
pub const REASON: Shape = Shape::String { min: 1, max: 500, pattern: None };

/// `MaxResults`.
pub const MAX_RESULTS: Shape = Shape::Integer { min: 1, max: 25 };

/// `TagKey`. In AWS's pattern, `+-=` is a range: `+`, `,`, `-`, `.`, `/`, the digits, `:`, `;`, `<` and `=`.
pub const TAG_KEY: Shape = Shape::String { min: 1, max: 128, pattern: Some(&TAG_KEY_PATTERN) };
const TAG_KEY_PATTERN: Pattern = Pattern {
    text: "^(?!aws:)[a-zA-Z+-=._:/]+$",
    matches: |text| {
        let allowed = |b: u8| b.is_ascii_alphabetic() || (b'+'..=b'=').contains(&b) || b == b'_';
        !text.is_empty() && !text.starts_with("aws:") && text.bytes().all(allowed)
    },
};

/// `TagValue`.
pub const TAG_VALUE: Shape = Shape::String { min: 0, max: 256, pattern: None };

/// `TagMap`.
pub const TAG_MAP: Shape = Shape::Map { key: &TAG_KEY, value: &TAG_VALUE, min: 1, max: 200 };

/// `TagKeyList`.
pub const TAG_KEY_LIST: Shape = Shape::List { of: &TAG_KEY, min: 1, max: 200 };

/// `SigningProfileStatus`.
pub const PROFILE_STATUS: Shape = Shape::Enum(&["Active", "Canceled", "Revoked"]);

/// `SigningStatus`.
pub const JOB_STATUS: Shape = Shape::Enum(&["InProgress", "Failed", "Succeeded"]);

/// `SignatureValidityPeriod`.
pub const VALIDITY_PERIOD: Shape = Shape::Structure(&[
    Member::body("value", Shape::Integer { min: i32::MIN as i64, max: i32::MAX as i64 }),
    Member::body("type", Shape::Enum(&["DAYS", "MONTHS", "YEARS"])),
]);

/// `SigningMaterial`.
pub const SIGNING_MATERIAL: Shape = Shape::Structure(&[Member::body("certificateArn", TEXT).required()]);

/// `SigningPlatformOverrides`.
pub const OVERRIDES: Shape = Shape::Structure(&[
    Member::body(
        "signingConfiguration",
        Shape::Structure(&[
            Member::body("encryptionAlgorithm", Shape::Enum(&["RSA", "ECDSA"])),
            Member::body("hashAlgorithm", Shape::Enum(&["SHA1", "SHA256"])),
        ]),
    ),
    Member::body("signingImageFormat", Shape::Enum(&["JSON", "JSONEmbedded", "JSONDetached"])),
]);

/// `SigningParameters`.
pub const SIGNING_PARAMETERS: Shape = Shape::Map { key: &TEXT, value: &TEXT, min: 0, max: usize::MAX };

/// `Source`.
pub const SOURCE: Shape = Shape::Structure(&[Member::body(
    "s3",
    Shape::Structure(&[
        Member::body("bucketName", TEXT).required(),
        Member::body("key", TEXT).required(),
        Member::body("version", TEXT).required(),
    ]),
)]);

/// `Destination`.
pub const DESTINATION: Shape = Shape::Structure(&[Member::body(
    "s3",
    Shape::Structure(&[Member::body("bucketName", TEXT), Member::body("prefix", TEXT)]),
)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_keys_match_the_pattern_of_the_model() {
        for (key, valid) in [
            ("team", true),
            ("cost-center:1/a=b_c.d+e,;<", true),
            ("AWS:x", true),
            ("aws:x", false),
            ("a b", false),
            ("\u{fc}", false),
            ("a\n", false),
            ("a>b", false),
            ("a@b", false),
            ("", false),
        ] {
            assert_eq!((TAG_KEY_PATTERN.matches)(key), valid, "{key:?}");
        }
    }

    #[test]
    fn profile_names_match_the_pattern_as_a_whole() {
        for (name, valid) in [("ab", true), ("A_9", true), ("a", false), ("ab-c", false), ("ab\n", false)] {
            assert_eq!((PROFILE_NAME_PATTERN.matches)(name), valid, "{name:?}");
        }
    }
}
