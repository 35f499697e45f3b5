//! The parameters of RSASSA-PSS: `RSASSA-PSS-params`, RFC 4055, 3.1, and RFC 8017, A.2.3.

use der::asn1::{Any, ObjectIdentifier};
use der::{Tag, Tagged as _};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::DigestAlgorithm;
use crate::algorithm_identifier::{self, has_none_or_null};
use crate::element::{Element, Elements, context, single};

const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// Returns the hash function of parameters with SHA-256, SHA-384 or SHA-512, MGF1 with the same function, and a salt as
/// long as the hash: the only ones in use for certificates. `None` for all others.
pub(super) fn hash(parameters: &Any) -> Option<DigestAlgorithm> {
    parse(parameters).ok().flatten()
}

fn parse(parameters: &Any) -> der::Result<Option<DigestAlgorithm>> {
    parameters.tag().assert_eq(Tag::Sequence)?;
    let mut fields = Elements::of(parameters.value())?;
    let hash = fields.optional(context(0))?;
    let mask = fields.optional(context(1))?;
    let salt = fields.optional(context(2))?;
    let trailer = fields.optional(context(3))?;
    fields.finish()?;
    // The defaults of the first two are SHA-1.
    let (Some(hash), Some(mask), Some(salt)) = (hash, mask, salt) else { return Ok(None) };
    let hash = sha2(&single(hash.content, Tag::Sequence)?)?;
    let mut mask = single(mask.content, Tag::Sequence)?.elements()?;
    let mask_function: ObjectIdentifier = mask.decode()?;
    let mask_hash = sha2(&mask.required(Tag::Sequence)?)?;
    mask.finish()?;
    let salt: u8 = single(salt.content, Tag::Integer)?.decode()?;
    // "Implementations that perform signature validation MUST recognize both a present trailerField field with value 1
    // and an absent trailerField field."
    let trailer = trailer.map_or(Ok(1), |trailer| single(trailer.content, Tag::Integer)?.decode::<u8>())?;
    let is_used = |hash: &DigestAlgorithm| {
        mask_function == MGF1 && mask_hash == Some(*hash) && usize::from(salt) == length(*hash) && trailer == 1
    };
    Ok(hash.filter(is_used))
}

/// The hash function of an algorithm identifier, whose parameters are absent or NULL.
fn sha2(element: &Element<'_>) -> der::Result<Option<DigestAlgorithm>> {
    let algorithm: AlgorithmIdentifierOwned = element.decode()?;
    Ok(algorithm_identifier::hash(&algorithm).filter(|_| has_none_or_null(&algorithm)))
}

/// The length of a hash in bytes.
fn length(hash: DigestAlgorithm) -> usize {
    match hash {
        DigestAlgorithm::Sha256 => 32,
        DigestAlgorithm::Sha384 => 48,
        DigestAlgorithm::Sha512 => 64,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use der::Decode as _;
    use testing::der::{oid, sequence, tlv};

    use super::*;

    const SHA1: &str = "1.3.14.3.2.26";
    const SHA2_256: &str = "2.16.840.1.101.3.4.2.1";
    const SHA2_384: &str = "2.16.840.1.101.3.4.2.2";
    const SHA2_512: &str = "2.16.840.1.101.3.4.2.3";
    const NULL: &[u8] = &[5, 0];

    /// The fields of the parameters, each in DER.
    fn fields(hash: &str, hash_parameters: &[u8], mask: &str, mask_parameters: &[u8], salt: u8) -> [Vec<u8>; 3] {
        let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &sequence(&[&oid(mask), mask_parameters])]);
        [tlv(0xa0, &sequence(&[&oid(hash), hash_parameters])), tlv(0xa1, &mask), tlv(0xa2, &[2, 1, salt])]
    }

    fn parsed(der: &[u8]) -> Option<DigestAlgorithm> {
        hash(&Any::from_der(der).unwrap())
    }

    fn of(fields: &[Vec<u8>]) -> Option<DigestAlgorithm> {
        parsed(&tlv(0x30, &fields.concat()))
    }

    #[test]
    fn every_encoding_of_the_same_parameters_is_accepted() {
        for (id, salt, expected) in [
            (SHA2_256, 32, DigestAlgorithm::Sha256),
            (SHA2_384, 48, DigestAlgorithm::Sha384),
            (SHA2_512, 64, DigestAlgorithm::Sha512),
        ] {
            for (hash, mask) in [(NULL, NULL), (&[], &[]), (NULL, &[]), (&[], NULL)] {
                let [hash, mask, salt] = fields(id, hash, id, mask, salt);
                assert_eq!(of(&[hash.clone(), mask.clone(), salt.clone()]), Some(expected));
                assert_eq!(of(&[hash, mask, salt, tlv(0xa3, &[2, 1, 1])]), Some(expected));
            }
        }
    }

    #[test]
    fn other_functions_salts_and_trailers_are_refused() {
        for (hash, mask, salt) in [
            (SHA1, SHA1, 20),
            (SHA2_256, SHA1, 32),
            (SHA2_256, SHA2_384, 32),
            (SHA2_256, SHA2_256, 20),
            (SHA2_256, SHA2_256, 33),
            (SHA2_256, SHA2_256, 0),
            (SHA2_512, SHA2_512, 32),
        ] {
            assert_eq!(of(&fields(hash, NULL, mask, NULL, salt)), None, "{hash} {mask} {salt}");
        }
        let [hash, mask, salt] = fields(SHA2_256, NULL, SHA2_256, NULL, 32);
        for trailer in [&[2, 1, 2][..], &[2, 1, 0], &[2, 2, 0, 1], &[2, 2, 1, 1], &[2, 1, 0xff], &[4, 1, 1], &[]] {
            assert_eq!(of(&[hash.clone(), mask.clone(), salt.clone(), tlv(0xa3, trailer)]), None, "{trailer:?}");
        }
        // What is absent is SHA-1, or a salt of 20 bytes.
        for absent in 0..3 {
            let mut fields = fields(SHA2_256, NULL, SHA2_256, NULL, 32).to_vec();
            fields.remove(absent);
            assert_eq!(of(&fields), None, "{absent}");
        }
        assert_eq!(of(&[]), None);
        // Another mask generation function than MGF1.
        let other = tlv(0xa1, &sequence(&[&oid(SHA2_256), &sequence(&[&oid(SHA2_256)])]));
        assert_eq!(of(&[hash, other, salt]), None);
    }

    #[test]
    fn malformed_parameters_are_refused() {
        let right = fields(SHA2_256, NULL, SHA2_256, NULL, 32);
        let [hash, mask, salt] = &right;
        let id = sequence(&[&oid(SHA2_256)]);
        let mgf1 = oid("1.2.840.113549.1.1.8");
        for wrong in [
            // Trailing, repeated and misplaced fields.
            vec![hash.clone(), mask.clone(), salt.clone(), NULL.to_vec()],
            vec![hash.clone(), hash.clone(), mask.clone(), salt.clone()],
            vec![hash.clone(), mask.clone(), mask.clone(), salt.clone()],
            vec![hash.clone(), mask.clone(), salt.clone(), salt.clone()],
            vec![mask.clone(), hash.clone(), salt.clone()],
            vec![hash.clone(), mask.clone(), salt.clone(), tlv(0xa4, &[2, 1, 1])],
            vec![hash.clone(), mask.clone(), salt.clone(), tlv(0xa3, &[2, 1, 1]), tlv(0xa3, &[2, 1, 1])],
            // Other tags, and content after the value.
            vec![tlv(0x80, &id), mask.clone(), salt.clone()],
            vec![id.clone(), mask.clone(), salt.clone()],
            vec![tlv(0xa0, &[&id[..], NULL].concat()), mask.clone(), salt.clone()],
            vec![hash.clone(), tlv(0xa1, &mgf1), salt.clone()],
            vec![hash.clone(), tlv(0xa1, &sequence(&[&mgf1])), salt.clone()],
            vec![hash.clone(), tlv(0xa1, &sequence(&[&mgf1, &id, NULL])), salt.clone()],
            vec![hash.clone(), mask.clone(), tlv(0xa2, &[2, 2, 0, 32])],
            vec![hash.clone(), mask.clone(), tlv(0xa2, &[2, 1, 32, 5, 0])],
            vec![hash.clone(), mask.clone(), tlv(0x82, &[32])],
            vec![hash.clone(), mask.clone(), tlv(0xa2, &[])],
            // A long form of a length.
            vec![[&[0xa0, 0x81, id.len() as u8], &id[..]].concat(), mask.clone(), salt.clone()],
        ] {
            assert_eq!(of(&wrong), None, "{wrong:02x?}");
        }
        // Parameters of a hash function other than NULL.
        for parameters in [&[5, 1, 0][..], &[2, 1, 0], &[0x30, 0], &[5, 0, 5, 0]] {
            let [hash, mask, salt] = fields(SHA2_256, parameters, SHA2_256, NULL, 32);
            assert_eq!(of(&[hash, mask, salt]), None, "{parameters:?}");
            let [hash, mask, salt] = fields(SHA2_256, NULL, SHA2_256, parameters, 32);
            assert_eq!(of(&[hash, mask, salt]), None, "{parameters:?}");
        }
        assert_eq!(parsed(NULL), None);
        assert_eq!(parsed(&tlv(0x31, &right.concat())), None);
    }
}
