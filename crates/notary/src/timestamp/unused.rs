//! The parts of a token that nothing is concluded from. They must have their form nevertheless: otherwise one timestamp
//! would have many forms, and another reader could refuse what is accepted here.

use std::cmp::Ordering;

use der::Tag;

use super::attributes::{MAX_ATTRIBUTES, order};
use super::error::TimestampError as E;
use crate::element::{Element, single};
use crate::x509::MAX_CERTIFICATES;

/// How many digest algorithms are read at most. Tokens have one.
const MAX_ALGORITHMS: usize = 16;
/// How many constructed elements may be around a value. Tokens have about 15; a token in an attribute of another one
/// makes 30.
const MAX_DEPTH: usize = 64;

/// Checks that a part of a token has the form of DER throughout, whatever is in it.
pub(super) fn check_form(part: &'static str, der: &[u8]) -> Result<(), E> {
    single(der, Tag::Sequence).and_then(|element| element.check(MAX_DEPTH)).map_err(E::malformed(part))
}

/// `digestAlgorithms`, a SET OF AlgorithmIdentifier. The algorithm that counts is that of the signer: "There MAY be any
/// number of elements in the collection, including zero" (RFC 5652, 5.1).
pub(super) fn check_digest_algorithms(set: &Element<'_>) -> Result<(), E> {
    const PART: &str = "digestAlgorithms";
    let malformed = E::malformed(PART);
    let mut previous: &[u8] = &[];
    for algorithm in sequences(PART, set, MAX_ALGORITHMS)? {
        if order(previous, algorithm.der) == Ordering::Greater {
            return Err(E::wrong(PART, "the algorithms are not in the order of DER"));
        }
        previous = algorithm.der;
        let mut fields = algorithm.elements().map_err(&malformed)?;
        fields.required(Tag::ObjectIdentifier).map_err(&malformed)?;
        if !fields.is_finished() {
            fields.next().map_err(&malformed)?;
        }
        fields.finish().map_err(&malformed)?;
    }
    Ok(())
}

/// `crls`. They are as old as the timestamp. Those of other formats go with another version of `SignedData` (RFC 5652,
/// 5.1).
pub(super) fn check_crls(set: &Element<'_>) -> Result<(), E> {
    sequences("crls", set, MAX_CERTIFICATES).map(drop)
}

/// `unsignedAttrs`, a `SET SIZE (1..MAX) OF Attribute`. They state nothing that the authority signed. Their order does
/// not matter: widely used software does not sort them.
pub(super) fn check_unsigned_attributes(set: &Element<'_>) -> Result<(), E> {
    const PART: &str = "unsignedAttrs";
    let malformed = E::malformed(PART);
    let attributes = sequences(PART, set, MAX_ATTRIBUTES)?;
    if attributes.is_empty() {
        return Err(E::wrong(PART, "no attributes"));
    }
    for attribute in attributes {
        let mut fields = attribute.elements().map_err(&malformed)?;
        fields.required(Tag::ObjectIdentifier).map_err(&malformed)?;
        fields.required(Tag::Set).map_err(&malformed)?;
        fields.finish().map_err(&malformed)?;
    }
    Ok(())
}

/// The elements of a SET OF SEQUENCE.
fn sequences<'a>(part: &'static str, set: &Element<'a>, most: usize) -> Result<Vec<Element<'a>>, E> {
    let malformed = E::malformed(part);
    let mut elements = set.elements().map_err(&malformed)?;
    let mut sequences = Vec::new();
    while !elements.is_finished() {
        if sequences.len() == most {
            return Err(E::wrong(part, "too many elements"));
        }
        sequences.push(elements.required(Tag::Sequence).map_err(&malformed)?);
    }
    Ok(sequences)
}
