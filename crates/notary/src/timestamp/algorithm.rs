//! The algorithms of a token: RFC 5652, RFC 5754 (SHA-2), RFC 5753 (ECDSA), RFC 4056 (RSASSA-PSS).

use der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::element::Element;
use super::error::TimestampError;
use crate::DigestAlgorithm;

pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(super) const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The object identifier of a hash function.
pub(super) fn identifier(algorithm: DigestAlgorithm) -> ObjectIdentifier {
    match algorithm {
        DigestAlgorithm::Sha256 => SHA256,
        DigestAlgorithm::Sha384 => SHA384,
        DigestAlgorithm::Sha512 => SHA512,
    }
}

/// The algorithm identifier of a hash function. Its parameters are absent or NULL: "implementations MUST accept SHA2
/// AlgorithmIdentifiers with absent parameters" and "with NULL parameters" (RFC 5754, 2).
pub(super) fn hash(part: &'static str, element: &Element<'_>) -> Result<DigestAlgorithm, TimestampError> {
    let malformed = TimestampError::malformed(part);
    let algorithm: AlgorithmIdentifierOwned = element.decode().map_err(&malformed)?;
    let found = algorithm.oid;
    let hash = match found {
        SHA256 => DigestAlgorithm::Sha256,
        SHA384 => DigestAlgorithm::Sha384,
        SHA512 => DigestAlgorithm::Sha512,
        _ => return Err(TimestampError::Hash { part, found }),
    };
    match algorithm.parameters {
        Some(parameters) if !(parameters.is_null() && parameters.value().is_empty()) => {
            Err(TimestampError::wrong(part, "the parameters of SHA-2 must be absent or NULL"))
        }
        _ => Ok(hash),
    }
}
