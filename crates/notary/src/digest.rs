//! Digests of content: OCI image-spec, `descriptor.md`, "Digests".

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A text that is not a digest of a known algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: expected sha256:, sha384: or sha512: and lower-case hexadecimal digits")]
pub struct DigestError(String);

/// A digest as OCI writes it: `sha256:…`, `sha384:…` or `sha512:…` in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Digest(String);

impl Digest {
    /// The SHA-256 digest of `bytes`.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))))
    }

    /// Whether this is the digest of `bytes`.
    #[must_use]
    pub fn describes(&self, bytes: &[u8]) -> bool {
        use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
        let (algorithm, digits) = self.parts();
        let algorithm = match algorithm {
            "sha384" => &SHA384,
            "sha512" => &SHA512,
            _ => &SHA256,
        };
        hex::encode(digest(algorithm, bytes)) == digits
    }

    /// The whole digest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm and the hexadecimal digits.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or(("", &self.0))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = match text.split_once(':') {
            Some(("sha256", digits)) if digits.len() == 64 => digits,
            Some(("sha384", digits)) if digits.len() == 96 => digits,
            Some(("sha512", digits)) if digits.len() == 128 => digits,
            _ => return Err(DigestError(text.chars().take(160).collect())),
        };
        if digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DigestError(text.to_owned()))
        }
    }
}
