//! What is on standard input: the descriptor of the image, alone or with more about the call.

use notary::Digest;
use notary::text::{printable, start_of};

use crate::frontends::json::{Arena, Json};

/// The largest input in bytes. A descriptor has some hundred.
pub const MAX_INPUT: u64 = 1024 * 1024;

const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";
/// The descriptor with the operation, and with annotations of the container that is created.
const VERIFIER_INPUT: &str = "application/vnd.containerd.image-verifier.input.v1+json";

/// Why an input blocks the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A media type that may say something that is not checked.
    #[error("the media type {0:?} of standard input is not supported: expected {DESCRIPTOR} or {VERIFIER_INPUT}")]
    MediaType(String),
    /// It is not what its media type says.
    #[error("standard input is malformed: {0}")]
    Malformed(String),
    /// It is about another image.
    #[error("standard input has the digest {found:?}, and -digest is {expected}")]
    OtherDigest {
        /// The digest there, printable.
        found: String,
        /// The digest of the command line.
        expected: Digest,
    },
}

/// Checks that the input is about the image with this digest. What else it says counts for nothing: users write it.
///
/// # Errors
/// Returns [`InputError`] if it is not.
pub fn check_input(media_type: &str, input: &[u8], digest: &Digest) -> Result<(), InputError> {
    let is_wrapped = match media_type {
        DESCRIPTOR => false,
        VERIFIER_INPUT => true,
        other => return Err(InputError::MediaType(printable(&start_of(other)))),
    };
    let malformed = |why: String| InputError::Malformed(printable(&why));
    let arena = Arena::for_text(input.len());
    let document = Json::read(input, &arena).map_err(|why| malformed(why.to_string()))?;
    let wrong = |value: &Json<'_>| malformed(format!("it is {}, not an object", value.type_name()));
    document.object().ok_or_else(|| wrong(&document))?;
    let descriptor = match is_wrapped {
        false => &document,
        true => document.present("descriptor").ok_or_else(|| malformed("descriptor is missing".to_owned()))?,
    };
    descriptor.object().ok_or_else(|| wrong(descriptor))?;
    let found = descriptor.present("digest").ok_or_else(|| malformed("digest is missing".to_owned()))?;
    let found = found.str().ok_or_else(|| malformed(format!("digest is {}", found.type_name())))?;
    match found == digest.as_str() {
        true => Ok(()),
        false => Err(InputError::OtherDigest { found: printable(&start_of(found)), expected: digest.clone() }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;

    #[test]
    fn both_media_types_name_the_digest() {
        let digest = Digest::sha256(b"a");
        let descriptor = json!({
            "mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest.as_str(), "size": 7,
            "annotations": {"a": "b"},
        });
        check_input(DESCRIPTOR, descriptor.to_string().as_bytes(), &digest).unwrap();
        let input = json!({"operation": "pull", "descriptor": descriptor, "annotations": {"verified": "true"}});
        check_input(VERIFIER_INPUT, format!("{input}\n").as_bytes(), &digest).unwrap();
    }

    #[test]
    fn what_is_not_about_the_image_blocks() {
        let digest = Digest::sha256(b"a");
        let own = json!({"digest": digest.as_str()});
        let other = json!({"digest": Digest::sha256(b"b").as_str()});
        for (media_type, input, expected) in [
            ("application/json", own.to_string(), "\"application/json\" of standard input is not supported"),
            ("", own.to_string(), "is not supported"),
            (DESCRIPTOR, other.to_string(), "standard input has the digest"),
            (VERIFIER_INPUT, json!({"descriptor": other}).to_string(), "standard input has the digest"),
            (VERIFIER_INPUT, own.to_string(), "descriptor is missing"),
            (
                VERIFIER_INPUT,
                json!({"descriptor": null, "digest": digest.as_str()}).to_string(),
                "descriptor is missing",
            ),
            (VERIFIER_INPUT, json!({"descriptor": []}).to_string(), "it is an array"),
            (DESCRIPTOR, "{}".to_owned(), "digest is missing"),
            (DESCRIPTOR, "{\"digest\": 1}".to_owned(), "digest is a number"),
            (DESCRIPTOR, String::new(), "malformed"),
            (DESCRIPTOR, "[]".to_owned(), "it is an array"),
            (DESCRIPTOR, format!("{own}{own}"), "malformed"),
            (DESCRIPTOR, own.to_string().replacen('{', "{\"digest\": \"x\", ", 1), "twice"),
        ] {
            let why = check_input(media_type, input.as_bytes(), &digest).unwrap_err().to_string();
            assert!(why.contains(expected), "{input}: {why}");
        }
    }
}
