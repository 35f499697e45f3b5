//! Requests for timestamps: `TimeStampReq`, RFC 3161, 2.4.1.

use der::asn1::{Int, OctetString, Uint};
use der::{Encode as _, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::response::{ResponseError, token_of};
use super::signed_data::TimestampToken;
use crate::DigestAlgorithm;
use crate::algorithm_identifier;

/// A request for a timestamp of a message, to be sent to a timestamping authority. Only the hash of the message leaves
/// this machine.
#[derive(Debug, Clone)]
pub struct TimestampRequest {
    algorithm: DigestAlgorithm,
    hashed_message: Vec<u8>,
    /// The nonce in DER.
    nonce: Vec<u8>,
    der: Vec<u8>,
}

#[derive(Debug, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    nonce: Uint,
    cert_req: bool,
}

#[derive(Debug, Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

impl TimestampRequest {
    /// The number of random bytes of a nonce.
    pub const NONCE_SIZE: usize = 16;

    /// Creates a request for a timestamp of `message`, which is hashed with `algorithm`. `nonce` must be random: it
    /// ties the response to this request. The token must include the certificates of the authority: "The `certReq`
    /// field in the timestamping request MUST be set to true" (signing-and-verification-workflow.md).
    ///
    /// # Errors
    /// Returns an error only for values that have no DER encoding, which cannot occur.
    pub fn new(message: &[u8], algorithm: DigestAlgorithm, nonce: [u8; Self::NONCE_SIZE]) -> Result<Self, der::Error> {
        let hashed_message = algorithm.hash(message).as_ref().to_vec();
        let nonce = Uint::new(&nonce)?;
        let nonce_der = nonce.to_der()?;
        let hash_algorithm = AlgorithmIdentifierOwned {
            oid: algorithm_identifier::of_hash(algorithm),
            parameters: Some(der::asn1::Any::null()),
        };
        let request = TimeStampReq {
            version: 1,
            message_imprint: MessageImprint {
                hash_algorithm,
                hashed_message: OctetString::new(hashed_message.clone())?,
            },
            nonce,
            cert_req: true,
        };
        Ok(Self { algorithm, hashed_message, nonce: nonce_der, der: request.to_der()? })
    }

    /// Returns the request in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks that a response grants this request: returns the token in DER, and parsed. It is not verified.
    ///
    /// # Errors
    /// Returns [`ResponseError`] if the authority refuses, or if the response is malformed or answers another request.
    pub fn check(&self, response: &[u8]) -> Result<(Vec<u8>, TimestampToken), ResponseError> {
        let der = token_of(response)?;
        let token = TimestampToken::parse(der).map_err(ResponseError::Token)?;
        let info = token.info();
        if info.hash_algorithm != self.algorithm || info.hashed_message != self.hashed_message {
            return Err(ResponseError::OtherMessage);
        }
        // "The nonce [...] MUST be present if it was present in the TimeStampReq. In such a case it MUST equal the
        // value provided in the TimeStampReq structure" (RFC 3161, 2.4.2).
        let nonce = info.nonce.as_ref().and_then(|content| Int::new(content).ok()?.to_der().ok());
        if nonce.as_ref() != Some(&self.nonce) {
            return Err(ResponseError::Nonce);
        }
        Ok((der.to_vec(), token))
    }
}
