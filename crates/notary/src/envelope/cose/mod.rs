//! A signature envelope in its COSE form: `signature-envelope-cose.md`, a `COSE_Sign1_Tagged` of RFC 9052.
//!
//! Parsing is strict: exactly the tag, four elements and the parameters that the specification defines, each in its
//! place and of its type. Claims come from the protected header only; the unprotected header provides the signing agent
//! and the timestamp, and the chain unless the protected header does.

mod header;
mod protected;
mod unprotected;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use minicbor::Encoder;
use minicbor::encode::Error;

use self::header::Header;
use self::unprotected::Unprotected;
use super::EnvelopeFormat;
use super::attributes::AttributeError;
use super::parsed::{Envelope, EnvelopeError, ParseChain};
use crate::cbor::{self, CborError, Item};

/// The tag of a `COSE_Sign1`.
pub(super) const SIGN1_TAG: u64 = 18;
/// The tag of an epoch-based time: RFC 8949, section 3.4.2.
pub(super) const EPOCH_TIME_TAG: u64 = 1;

/// Labels of header parameters: RFC 9052, section 3.1, RFC 9360, RFC 9596, and draft-ietf-cose-hash-envelope.
pub(super) mod label {
    pub(in crate::envelope) const ALGORITHM: i128 = 1;
    pub(in crate::envelope) const CRITICAL: i128 = 2;
    pub(in crate::envelope) const CONTENT_TYPE: i128 = 3;
    pub(in crate::envelope) const KEY_ID: i128 = 4;
    pub(in crate::envelope) const IV: i128 = 5;
    pub(in crate::envelope) const PARTIAL_IV: i128 = 6;
    pub(in crate::envelope) const TYPE: i128 = 16;
    pub(in crate::envelope) const CERTIFICATE_CHAIN: i128 = 33;
    pub(in crate::envelope) const THUMBPRINT: i128 = 34;
    /// Payload hash algorithm, preimage content type and payload location of a hash envelope.
    pub(super) const HASH_ENVELOPE: std::ops::RangeInclusive<i128> = 258..=260;
}

/// Parses an envelope in its COSE form.
pub(super) fn parse(bytes: &[u8], parse_chain: ParseChain<'_>) -> Result<Envelope, EnvelopeError> {
    let Sign1 { protected, unprotected, payload, signature } = Sign1::read(cbor::parse(bytes)?)?;
    let protected_header = Header::of_bytes(&protected).map_err(AttributeError::from)?;
    let unprotected = Header::of_map(unprotected)?;
    unprotected::refuse_claims(&unprotected, &protected_header)?;
    header::refuse_two_ivs(&protected_header, &unprotected)?;
    let protected::Protected { attributes, chain } = protected::read(protected_header)?;
    let Unprotected { certificates, signing_agent, timestamp_signature } = Unprotected::read(unprotected, chain)?;
    let chain = parse_chain(certificates)?;
    let signing_input = sig_structure(&protected, &payload);
    Ok(Envelope {
        format: EnvelopeFormat::Cose,
        payload: payload.into_owned(),
        attributes,
        chain,
        signing_agent,
        timestamp_signature,
        signature: signature.into_owned(),
        signing_input,
    })
}

/// The elements of a `COSE_Sign1`: RFC 9052, section 4.2.
struct Sign1<'a> {
    protected: Cow<'a, [u8]>,
    unprotected: BTreeMap<Item<'a>, Item<'a>>,
    payload: Cow<'a, [u8]>,
    signature: Cow<'a, [u8]>,
}

impl<'a> Sign1<'a> {
    fn read(item: Item<'a>) -> Result<Self, EnvelopeError> {
        let Item::Tag(SIGN1_TAG, item) = item else {
            return Err(EnvelopeError::NotSign1("it does not have the tag of a COSE_Sign1 message, 18"));
        };
        let Item::Array(elements) = *item else {
            return Err(EnvelopeError::NotSign1("a COSE_Sign1 message is an array"));
        };
        let Ok([protected, unprotected, payload, signature]) = <[Item<'a>; 4]>::try_from(elements) else {
            return Err(EnvelopeError::NotSign1("a COSE_Sign1 message has exactly four elements"));
        };
        let Item::Map(unprotected) = unprotected else {
            return Err(unprotected.wrong("unprotected", "a map").into());
        };
        if payload.is_null() {
            return Err(EnvelopeError::NotSign1("the payload is detached, and must be part of the envelope"));
        }
        Ok(Self {
            protected: bytes("protected", protected)?,
            unprotected,
            payload: present("payload", bytes("payload", payload)?)?,
            signature: present("signature", bytes("signature", signature)?)?,
        })
    }
}

fn bytes<'a>(name: &str, item: Item<'a>) -> Result<Cow<'a, [u8]>, CborError> {
    match item {
        Item::Bytes(bytes) => Ok(bytes),
        other => Err(other.wrong(name, "a byte string")),
    }
}

fn present<'a>(name: &str, bytes: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, CborError> {
    if bytes.is_empty() { Err(CborError::Missing(name.to_owned())) } else { Ok(bytes) }
}

/// The bytes that the signature is over, `Sig_structure`: RFC 9052, section 4.4. The protected header is in it as it is
/// in the envelope; what is around it has one encoding, with definite lengths of the minimal size (section 9).
pub(super) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    const EXTERNAL_AAD: &[u8] = &[];
    written(|encoder| {
        // The heads of the array and of its four strings have at most 29 bytes, "Signature1" has ten.
        encoder.writer_mut().reserve_exact(protected.len() + payload.len() + 40);
        encoder.array(4)?.str("Signature1")?.bytes(protected)?.bytes(EXTERNAL_AAD)?.bytes(payload)?.ok()
    })
}

/// What `write` encodes.
pub(super) fn written(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), Error<Infallible>>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    #[expect(clippy::expect_used, reason = "an encoder fails only if its writer does, and memory takes every byte")]
    write(&mut encoder).expect("writing to memory");
    encoder.into_writer()
}
