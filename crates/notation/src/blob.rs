//! Blobs, that is, files outside a registry: `signature-specification.md`, "Blob Payload".

use std::collections::BTreeMap;
use std::io;
use std::io::Read;

use notary::envelope::{EnvelopeFormat, SignatureAlgorithm};
use notary::x509::CertificateChain;
use notary::{Descriptor, DigestAlgorithm};

/// The default media type of a blob.
pub const DEFAULT_MEDIA_TYPE: &str = "application/octet-stream";

/// Returns the extension that a signature file adds to the name of the blob's file, as notation names it.
#[must_use]
pub fn signature_extension(format: EnvelopeFormat) -> &'static str {
    match format {
        EnvelopeFormat::Jws => ".jws.sig",
        EnvelopeFormat::Cose => ".cose.sig",
    }
}

/// An envelope outside a registry, and its format.
#[derive(Debug, Clone, Copy)]
pub struct DetachedEnvelope<'a> {
    /// The format.
    pub format: EnvelopeFormat,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> DetachedEnvelope<'a> {
    /// The envelope of a file, which says its format by its content alone.
    #[must_use]
    pub fn of_file(bytes: &'a [u8]) -> Self {
        Self { format: EnvelopeFormat::of(bytes), bytes }
    }
}

/// Returns the algorithm for blobs that is paired with the key of a chain's signing certificate, if that key may sign.
#[must_use]
pub fn digest_algorithm(chain: &CertificateChain) -> Option<DigestAlgorithm> {
    Some(DigestAlgorithm::from_signature_algorithm(SignatureAlgorithm::from_key(chain.leaf().public_key()?)?))
}

/// Reads a blob to its end and returns its descriptor. Only one piece at a time is in memory.
///
/// # Errors
/// Returns the error of the reader if reading fails.
pub fn describe(mut content: impl Read, media_type: &str, algorithm: DigestAlgorithm) -> io::Result<Descriptor> {
    let mut hasher = algorithm.hasher();
    let mut piece = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        match content.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&piece[..read]);
                size += read as u64;
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    let digest = hasher.finish();
    let media_type = media_type.to_owned();
    Ok(Descriptor { media_type, digest, size, artifact_type: None, annotations: BTreeMap::new() })
}

/// Whether a text is a media type (RFC 6838 section 4.2), with or without parameters.
pub(crate) fn is_media_type(text: &str) -> bool {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_name = |name: &str| {
        (1..=127).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    name.trim_end_matches(' ').split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
        && parameters.len() <= 500
        && parameters.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::Digest;

    use super::*;

    #[test]
    fn describes_a_blob_read_in_pieces() {
        struct Pieces<'a>(&'a [u8], bool);
        impl Read for Pieces<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                let most = into.len().min(3);
                self.0.read(&mut into[..most])
            }
        }
        let content = b"some content of a file";
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
            let blob = describe(Pieces(content, false), "text/plain", algorithm).unwrap();
            assert_eq!(blob.size, content.len() as u64);
            assert!(blob.digest.matches(content) && blob.digest.algorithm() == algorithm);
        }
        let empty = describe(io::empty(), "text/plain", DigestAlgorithm::Sha256).unwrap();
        assert!(empty.size == 0 && empty.digest == Digest::sha256(b""));
    }

    #[test]
    fn accepts_only_valid_media_types() {
        for right in [DEFAULT_MEDIA_TYPE, "text/plain; charset=utf-8", "application/vnd.x.y+json"] {
            assert!(is_media_type(right), "{right}");
        }
        for wrong in ["", "text", "text/", "/plain", "te xt/plain", "a/b/c", "a/b\n", "a/b;\u{1}"] {
            assert!(!is_media_type(wrong), "{wrong}");
        }
    }
}
