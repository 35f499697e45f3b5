//! The payload that is signed: `signature-specification.md`, "Payload".

use std::collections::BTreeMap;

use serde::Serialize;

use crate::json::{JsonError, Object};
use crate::{Descriptor, DigestError, json};

/// What is wrong with a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not the JSON that it must be.
    #[error("the payload is malformed: {0}")]
    Json(#[from] JsonError),
    /// The digest is not one.
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
    /// Reads a payload strictly: no member that the specification does not name, none twice.
    ///
    /// # Errors
    /// [`PayloadError`] says which member is wrong.
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

    /// The bytes to sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings and numbers has no value that JSON cannot write.
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
    fn a_payload_is_read_and_written_back() {
        let digest = Digest::sha256(b"x");
        let text = payload(digest.as_str(), r#","artifactType":"t","annotations":{"k":"v"}"#);
        let parsed = Payload::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.target_artifact.annotations["k"], "v");
        assert_eq!(String::from_utf8(parsed.to_bytes()).unwrap(), text);
    }

    #[test]
    fn what_the_specification_does_not_name_is_refused() {
        let digest = Digest::sha256(b"x").to_string();
        for (text, why) in [
            (payload(&digest, r#","digest":"x""#), "twice"),
            (payload(&digest, r#","Digest":"x""#), "targetArtifact.Digest"),
            (payload("sha256:00", ""), "not a digest"),
            (payload(&digest.to_uppercase().replace("SHA256", "sha256"), ""), "not a digest"),
            (payload("md5:d41d8cd98f00b204e9800998ecf8427e", ""), "not a digest"),
            (payload(&digest, "").replace("\"size\":7", "\"size\":-7"), "whole number"),
            (payload(&digest, "").replace("\"size\":7", "\"size\":7.5"), "whole number"),
            (payload(&digest, r#","annotations":{"k":1}"#), "targetArtifact.annotations.k"),
            (r#"{"targetArtifact":[]}"#.to_owned(), "must be an object"),
            (r#"{"targetArtifact":null}"#.to_owned(), "missing"),
        ] {
            let error = Payload::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
