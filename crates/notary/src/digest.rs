//! Digests of content: OCI image-spec, `descriptor.md`, "Digests".

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, Context, SHA256, SHA384, SHA512};
use serde::{Serialize, Serializer};

use crate::envelope::SignatureAlgorithm;

/// The algorithm of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// SHA-256, which OCI uses by default. Blobs signed with a P-256 or RSA 2048 key use it.
    Sha256,
    /// SHA-384. Blobs signed with a P-384 or RSA 3072 key use it; AWS Signer has keys on P-384.
    Sha384,
    /// SHA-512. Blobs signed with a P-521 or RSA 4096 key use it.
    Sha512,
}

impl DigestAlgorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Returns the algorithm for blobs that is paired with a signature algorithm: `signature-specification.md`,
    /// "Algorithm Selection".
    #[must_use]
    pub fn from_signature_algorithm(algorithm: SignatureAlgorithm) -> Self {
        use SignatureAlgorithm::{Es256, Es384, Es512, Ps256, Ps384, Ps512};
        match algorithm {
            Ps256 | Es256 => Self::Sha256,
            Ps384 | Es384 => Self::Sha384,
            Ps512 | Es512 => Self::Sha512,
        }
    }

    /// Returns the name in digests, such as `sha256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn implementation(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    /// Returns the bytes of the digest of `content`.
    pub(crate) fn hash(self, content: &[u8]) -> digest::Digest {
        digest::digest(self.implementation(), content)
    }

    /// Starts hashing content that comes in pieces.
    #[must_use]
    pub fn hasher(self) -> Hasher {
        Hasher { algorithm: self, context: Context::new(self.implementation()) }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hashes content that comes in pieces.
pub struct Hasher {
    algorithm: DigestAlgorithm,
    context: Context,
}

impl Hasher {
    /// Adds a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.context.update(piece);
    }

    /// Returns the digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest::new(self.algorithm, self.context.finish())
    }
}

/// A malformed digest, or one with an unsupported algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: expected sha256:, sha384: or sha512: and lower-case hexadecimal digits")]
pub struct DigestError(String);

/// An OCI digest: `sha256:…`, `sha384:…` or `sha512:…` in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    text: String,
}

impl Digest {
    fn new(algorithm: DigestAlgorithm, hash: impl AsRef<[u8]>) -> Self {
        Self { algorithm, text: format!("{algorithm}:{}", hex::encode(hash)) }
    }

    /// Returns the SHA-256 digest of `bytes`.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::compute(DigestAlgorithm::Sha256, bytes)
    }

    /// Returns the SHA-256 digest that has these bytes.
    #[must_use]
    pub fn from_sha256(hash: &[u8; 32]) -> Self {
        Self::new(DigestAlgorithm::Sha256, hash)
    }

    /// Returns the digest of `bytes` with this algorithm.
    #[must_use]
    pub fn compute(algorithm: DigestAlgorithm, bytes: &[u8]) -> Self {
        Self::new(algorithm, digest::digest(algorithm.implementation(), bytes))
    }

    /// Whether this is the digest of `bytes`.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::compute(self.algorithm, bytes)
    }

    /// Returns the algorithm.
    #[must_use]
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Returns the hexadecimal digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        // The text is the algorithm's name, a colon and the digits.
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// Returns the digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError(text.chars().take(160).collect());
        let (name, digits) = text.split_once(':').ok_or_else(error)?;
        let algorithm = DigestAlgorithm::ALL.into_iter().find(|known| known.as_str() == name).ok_or_else(error)?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !is_hex || digits.len() != 2 * algorithm.implementation().output_len() {
            return Err(error());
        }
        Ok(Self { algorithm, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn round_trips_through_text() {
        for algorithm in DigestAlgorithm::ALL {
            let digest = Digest::compute(algorithm, b"content");
            assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
            assert!(digest.matches(b"content") && !digest.matches(b"Content"));
            let mut hasher = algorithm.hasher();
            hasher.update(b"con");
            hasher.update(b"tent");
            assert_eq!(hasher.finish(), digest);
        }
        let digest = Digest::sha256(b"content");
        let mut hash = [0; 32];
        hex::decode_to_slice(digest.digits(), &mut hash).unwrap();
        assert_eq!(Digest::from_sha256(&hash), digest);
    }

    #[test]
    fn rejects_malformed_digests() {
        let right = Digest::sha256(b"").to_string();
        for wrong in [
            "",
            "sha256",
            "sha256:",
            "sha256:00",
            &right.to_uppercase(),
            &right.replace("sha256", "SHA256"),
            &right.replace("sha256", "sha384"),
            &right.replace("sha256", "md5"),
            &format!("{right} "),
            &format!("sha256:../{}", &right[10..]),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
