//! The COSE form: notaryproject/specifications, `signature-envelope-cose.md`.

use std::convert::Infallible;

use minicbor::Encoder;
use minicbor::data::Tag;
use minicbor::encode::Error;

use super::{Claim, Claims, UnprotectedAttributes};
use crate::envelope::PAYLOAD_MEDIA_TYPE;
use crate::envelope::cose::{EPOCH_TIME_TAG, SIGN1_TAG, label, sig_structure, written};
use crate::envelope::header::{SIGNING_AGENT, TIMESTAMP_SIGNATURE};

/// A `COSE_Sign1_Tagged` before it is signed.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    protected: Vec<u8>,
    payload: Vec<u8>,
    sig_structure: Vec<u8>,
}

impl Parts {
    pub(super) fn new(payload: &[u8], claims: &Claims<'_>) -> Self {
        let protected = written(|encoder| protected_header(encoder, claims));
        let sig_structure = sig_structure(&protected, payload);
        Self { protected, payload: payload.to_vec(), sig_structure }
    }

    pub(super) fn sig_structure(&self) -> &[u8] {
        &self.sig_structure
    }

    pub(super) fn into_envelope(self, signature: &[u8], unprotected: UnprotectedAttributes<'_>) -> Vec<u8> {
        written(|encoder| {
            encoder.tag(Tag::new(SIGN1_TAG))?.array(4)?.bytes(&self.protected)?;
            unprotected_header(encoder, unprotected)?;
            encoder.bytes(&self.payload)?.bytes(signature)?.ok()
        })
    }
}

fn protected_header(encoder: &mut Encoder<Vec<u8>>, claims: &Claims<'_>) -> Result<(), Error<Infallible>> {
    encoder.map(3 + claims.all().count() as u64)?;
    encoder.i128(label::ALGORITHM)?.i64(claims.algorithm.cose_value())?;
    encoder.i128(label::CRITICAL)?.array(claims.critical_names().len() as u64)?;
    for name in claims.critical_names() {
        encoder.str(name)?;
    }
    encoder.i128(label::CONTENT_TYPE)?.str(PAYLOAD_MEDIA_TYPE)?;
    for (name, claim) in claims.all() {
        encoder.str(name)?;
        match claim {
            Claim::Text(text) => encoder.str(text)?,
            Claim::Time(time) => encoder.tag(Tag::new(EPOCH_TIME_TAG))?.i64(time.unix_timestamp())?,
        };
    }
    encoder.ok()
}

/// The chain is an array whatever its length, as the specification has it, and as notation reads it.
fn unprotected_header(
    encoder: &mut Encoder<Vec<u8>>,
    unprotected: UnprotectedAttributes<'_>,
) -> Result<(), Error<Infallible>> {
    let UnprotectedAttributes { chain, signing_agent, timestamp_signature } = unprotected;
    encoder.map(2 + u64::from(timestamp_signature.is_some()))?;
    encoder.i128(label::CERTIFICATE_CHAIN)?.array(chain.len() as u64)?;
    for certificate in chain {
        encoder.bytes(certificate)?;
    }
    encoder.str(SIGNING_AGENT)?.str(signing_agent)?;
    if let Some(timestamp) = timestamp_signature {
        encoder.str(TIMESTAMP_SIGNATURE)?.bytes(timestamp)?;
    }
    encoder.ok()
}
