//! The signed payload: `signature-specification.md`, "Payload".

use std::collections::BTreeMap;

use serde::Serialize;

use crate::json::{self, JsonError, Object};
use crate::{Descriptor, DigestError};

/// An invalid payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The payload is not valid JSON, or a member is missing, unknown or of the wrong type.
    #[error("the payload is malformed: {0}")]
    Json(#[from] JsonError),
    /// The digest is malformed or its algorithm is unsupported.
    #[error("the payload is malformed: {0}")]
    Digest(#[from] DigestError),
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
    use crate::Digest;

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
