//! The signed payload: `signature-specification.md`, "Payload".

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::json::{self, JsonError, Object};

/// An invalid payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The payload is not valid JSON, or a member is missing, unknown or of the wrong type.
    #[error("the payload is malformed: {0}")]
    Json(#[from] JsonError),
    /// The digest is malformed or its algorithm is unsupported.
    #[error("the payload is malformed: {0}")]
    Digest(#[from] DigestError),
}

/// A malformed digest, or one with an unsupported algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: expected sha256:, sha384: or sha512: and lower-case hexadecimal digits")]
pub struct DigestError(String);

/// An OCI digest: `sha256:…`, `sha384:…` or `sha512:…` in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Digest(String);

impl Digest {
    /// Returns the SHA-256 digest of `bytes`.
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

    /// Returns the digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the algorithm and the hexadecimal digits.
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

/// An OCI content descriptor (image-spec, `descriptor.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The length of the content in bytes.
    pub size: u64,
    /// The artifact type, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Annotations; in a payload these are the signer's metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Returns the descriptor of `content`.
    #[must_use]
    pub fn of(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::sha256(content),
            size: content.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Whether digest, size and media type are equal.
    #[must_use]
    pub fn is_same_content(&self, other: &Self) -> bool {
        (&self.digest, self.size, &self.media_type) == (&other.digest, other.size, &other.media_type)
    }
}

/// The payload of a signature: which artifact was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The artifact.
    pub target_artifact: Descriptor,
}

impl Payload {
    /// Parses a payload, rejecting unknown and duplicate members.
    ///
    /// # Errors
    /// Returns [`PayloadError`] if the payload is malformed; it names the invalid member.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        let mut payload = json::parse_small_object("payload", bytes)?;
        let mut target = payload.object("targetArtifact")?;
        payload.finish()?;
        let target_artifact = Descriptor {
            media_type: target.string("mediaType")?,
            digest: target.string("digest")?.parse()?,
            size: target.unsigned("size")?,
            artifact_type: target.optional_string("artifactType")?,
            annotations: target.optional_object("annotations")?.map_or(Ok(BTreeMap::new()), Object::into_strings)?,
        };
        target.finish()?;
        Ok(Self { target_artifact })
    }

    /// Serializes the payload to the bytes to sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Cannot fail: the struct consists of strings and numbers.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn payload(digest: &str, more: &str) -> String {
        format!(r#"{{"targetArtifact":{{"mediaType":"a/b","digest":"{digest}","size":7{more}}}}}"#)
    }

    #[test]
    fn round_trips_a_payload() {
        let digest = Digest::sha256(b"x");
        let text = payload(digest.as_str(), r#","artifactType":"t","annotations":{"k":"v"}"#);
        let parsed = Payload::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.target_artifact.annotations["k"], "v");
        assert_eq!(String::from_utf8(parsed.to_bytes()).unwrap(), text);
    }

    #[test]
    fn rejects_malformed_payloads() {
        let digest = Digest::sha256(b"x").to_string();
        for (text, why) in [
            (payload(&digest, r#","digest":"x""#), "duplicate key"),
            (payload(&digest, r#","Digest":"x""#), "targetArtifact.Digest"),
            (payload("sha256:00", ""), "not a digest"),
            (payload(&digest.to_uppercase().replace("SHA256", "sha256"), ""), "not a digest"),
            (payload("md5:d41d8cd98f00b204e9800998ecf8427e", ""), "not a digest"),
            (payload(&digest, "").replace("\"size\":7", "\"size\":-7"), "non-negative integer"),
            (payload(&digest, "").replace("\"size\":7", "\"size\":7.5"), "non-negative integer"),
            (payload(&digest, r#","annotations":{"k":1}"#), "targetArtifact.annotations.k"),
            (r#"{"targetArtifact":[]}"#.to_owned(), "must be an object"),
            (r#"{"targetArtifact":null}"#.to_owned(), "missing"),
        ] {
            let error = Payload::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
