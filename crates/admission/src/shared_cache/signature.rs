//! Signatures as the content of entries.

use crate::decision::SharedSignature;

/// The content of an entry: the length of the manifest, the manifest, the envelope.
pub fn written(signature: &SharedSignature) -> Vec<u8> {
    let SharedSignature { manifest, envelope } = signature;
    let mut body = Vec::with_capacity(4 + manifest.len() + envelope.len());
    // A manifest that is kept has at most 16 KiB.
    body.extend_from_slice(&u32::try_from(manifest.len()).unwrap_or(u32::MAX).to_be_bytes());
    body.extend_from_slice(manifest);
    body.extend_from_slice(envelope);
    body
}

/// The signature in an entry. `None` if the entry is malformed.
pub fn read(body: &[u8]) -> Option<SharedSignature> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (manifest, envelope) = rest.split_at_checked(length)?;
    Some(SharedSignature { manifest: manifest.into(), envelope: envelope.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_as_it_was_written() {
        let signature = SharedSignature { manifest: (*b"manifest").into(), envelope: (*b"envelope").into() };
        let body = written(&signature);
        assert_eq!(read(&body), Some(signature));
        for body in [&b""[..], b"\0\0", b"\0\0\0\x09manifest", b"\xff\xff\xff\xffmanifest"] {
            assert_eq!(read(body), None);
        }
    }
}
