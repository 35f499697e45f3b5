//! The algorithms of a token: RFC 5652, RFC 5754 (SHA-2), RFC 5753 (ECDSA), RFC 4056 (RSASSA-PSS).

use x509_cert::spki::AlgorithmIdentifierOwned;

use super::error::TimestampError;
use crate::DigestAlgorithm;
use crate::algorithm_identifier::{self, has_none_or_null};
use crate::element::Element;

/// The algorithm identifier of a hash function. Its parameters are absent or NULL: "implementations MUST accept SHA2
/// AlgorithmIdentifiers with absent parameters" and "with NULL parameters" (RFC 5754, 2).
pub(super) fn hash(part: &'static str, element: &Element<'_>) -> Result<DigestAlgorithm, TimestampError> {
    let algorithm: AlgorithmIdentifierOwned = element.decode().map_err(TimestampError::malformed(part))?;
    let found = algorithm.oid;
    let hash = algorithm_identifier::hash(&algorithm).ok_or(TimestampError::Hash { part, found })?;
    match has_none_or_null(&algorithm) {
        true => Ok(hash),
        false => Err(TimestampError::wrong(part, "the parameters of SHA-2 must be absent or NULL")),
    }
}
