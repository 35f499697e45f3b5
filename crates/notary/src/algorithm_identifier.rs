//! The parameters of algorithm identifiers (`AlgorithmIdentifier`, RFC 5280, 4.1.1.2), and those of the hash functions
//! SHA-2: RFC 4055, 2.1.

use der::asn1::{Any, ObjectIdentifier};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::DigestAlgorithm;

pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(crate) const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The object identifier of a hash function.
pub(crate) fn of_hash(algorithm: DigestAlgorithm) -> ObjectIdentifier {
    match algorithm {
        DigestAlgorithm::Sha256 => SHA256,
        DigestAlgorithm::Sha384 => SHA384,
        DigestAlgorithm::Sha512 => SHA512,
    }
}

/// The hash function that an algorithm identifier names, whatever its parameters.
pub(crate) fn hash(algorithm: &AlgorithmIdentifierOwned) -> Option<DigestAlgorithm> {
    match algorithm.oid {
        SHA256 => Some(DigestAlgorithm::Sha256),
        SHA384 => Some(DigestAlgorithm::Sha384),
        SHA512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

/// Whether the parameters are NULL.
pub(crate) fn has_null(algorithm: &AlgorithmIdentifierOwned) -> bool {
    let is_null = |parameters: &Any| parameters.is_null() && parameters.value().is_empty();
    algorithm.parameters.as_ref().is_some_and(is_null)
}

/// Whether the parameters are absent or NULL: "All implementations MUST accept both NULL and absent parameters as legal
/// and equivalent encodings" of hash functions (RFC 4055, 2.1). "Implementations MUST accept the parameters being
/// absent as well as present" of RSA with them (RFC 4055, 5).
pub(crate) fn has_none_or_null(algorithm: &AlgorithmIdentifierOwned) -> bool {
    algorithm.parameters.is_none() || has_null(algorithm)
}
