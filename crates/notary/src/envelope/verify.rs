//! Verifying an envelope without a trust store: `signing-and-verification-workflow.md` and
//! `signature-specification.md`.

use time::OffsetDateTime;

use super::algorithm::SignatureAlgorithm;
use super::attributes::{SignedAttributes, SigningScheme};
use super::format::EnvelopeFormat;
use super::parsed::Envelope;
use crate::text::start_of;
use crate::x509::{CertificateChain, ChainCache, ChainError, Check, LinkedChain};

/// An error while verifying an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The type or size of the signing certificate's key is not allowed.
    #[error("unsupported key in the signing certificate: use RSA with 2048, 3072 or 4096 bits, P-256, P-384 or P-521")]
    UnsupportedKey,
    /// `alg` is not the algorithm of the signing certificate's key.
    #[error("alg is {found:?}, but the signing certificate's key signs with {expected:?}")]
    Algorithm {
        /// The value of the header.
        found: String,
        /// The algorithm that belongs to the key.
        expected: &'static str,
    },
    /// The signature over protected header and payload was not made by the signing certificate's key.
    #[error(
        "the signature does not verify with the signing certificate: the envelope was altered or signed with another key"
    )]
    Signature,
    /// The certificate chain is invalid.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// An envelope with a verified signature and a chain that links up and meets the requirements for code signing.
///
/// [`Envelope::verify`] has also checked the chain's validity period; [`Envelope::verify_integrity`] has not. The
/// caller must check trust in the root, the signer's identity, expiry and revocation.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedEnvelope {
    format: EnvelopeFormat,
    payload: Vec<u8>,
    attributes: SignedAttributes,
    chain: LinkedChain,
    signing_agent: Option<String>,
    timestamp_signature: Option<Vec<u8>>,
    signature: Vec<u8>,
}

impl Envelope {
    /// Verifies the signature with the signing certificate, and the chain by the rules for code signing certificates.
    /// The validity of the chain is checked at the authentic signing time if the scheme has one, otherwise at `now`.
    ///
    /// # Errors
    /// Returns [`VerifyError`] if the signature or the chain is invalid. An invalid signature is reported first.
    pub fn verify(self, now: OffsetDateTime) -> Result<VerifiedEnvelope, VerifyError> {
        let verified = self.verify_integrity()?;
        verified.check_validity(now)?;
        Ok(verified)
    }

    /// Like [`Self::verify`], but does not check the validity period of the chain. That belongs to the validation
    /// `authenticTimestamp`, which a trust policy need not enforce. The caller must call
    /// [`VerifiedEnvelope::check_validity`].
    ///
    /// # Errors
    /// Returns [`VerifyError`] if the signature or the chain is invalid. An invalid signature is reported first.
    pub fn verify_integrity(self) -> Result<VerifiedEnvelope, VerifyError> {
        self.verify_integrity_by(|chain, signature| chain.check_requirements_and(signature, false))
    }

    /// Like [`Self::verify_integrity`], but skips the check of a chain that is in `chains`. The signature of the
    /// envelope is always checked.
    ///
    /// # Errors
    /// See [`Self::verify_integrity`].
    pub fn verify_integrity_with(self, chains: &ChainCache) -> Result<VerifiedEnvelope, VerifyError> {
        self.verify_integrity_by(|chain, signature| chains.check_requirements_and(chain, signature))
    }

    fn verify_integrity_by(
        self,
        check: impl FnOnce(CertificateChain, Check<'_>) -> (bool, Result<LinkedChain, ChainError>),
    ) -> Result<VerifiedEnvelope, VerifyError> {
        let key = self.chain.leaf().public_key().ok_or(VerifyError::UnsupportedKey)?;
        let algorithm = SignatureAlgorithm::from_key(key).ok_or(VerifyError::UnsupportedKey)?;
        if self.attributes.algorithm != algorithm.jws_name() {
            let found = start_of(&self.attributes.algorithm);
            return Err(VerifyError::Algorithm { found, expected: algorithm.jws_name() });
        }
        let signature = || algorithm.verify(key, &self.signing_input, &self.signature);
        // The clone shares the certificates.
        let (passed, chain) = check(self.chain.clone(), &signature);
        if !passed {
            return Err(VerifyError::Signature);
        }
        let chain = chain?;
        let Self { format, payload, attributes, signing_agent, timestamp_signature, signature, .. } = self;
        Ok(VerifiedEnvelope { format, payload, attributes, chain, signing_agent, timestamp_signature, signature })
    }
}

impl VerifiedEnvelope {
    /// Checks that every certificate of the chain is valid at the authentic signing time if the scheme has one,
    /// otherwise at `now`.
    ///
    /// # Errors
    /// Returns [`ChainError::NotValidAt`] for the first certificate that is not valid at that time.
    pub fn check_validity(&self, now: OffsetDateTime) -> Result<(), ChainError> {
        let attributes = self.attributes();
        self.chain().check_validity(match attributes.signing_scheme {
            SigningScheme::SigningAuthority => attributes.signing_time,
            SigningScheme::X509 => now,
        })
    }

    /// Returns the form of the envelope.
    #[must_use]
    pub fn format(&self) -> EnvelopeFormat {
        self.format
    }

    /// Returns the payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the signed attributes.
    #[must_use]
    pub fn attributes(&self) -> &SignedAttributes {
        &self.attributes
    }

    /// Returns the certificate chain.
    #[must_use]
    pub fn chain(&self) -> &LinkedChain {
        &self.chain
    }

    /// Returns the program that created the envelope, if stated. This is not signed.
    #[must_use]
    pub fn signing_agent(&self) -> Option<&str> {
        self.signing_agent.as_deref()
    }

    /// Returns the timestamp countersignature: the bytes of an RFC 3161 `TimeStampToken`, if the envelope has one. It
    /// is neither signed nor checked here.
    #[must_use]
    pub fn timestamp_signature(&self) -> Option<&[u8]> {
        self.timestamp_signature.as_deref()
    }

    /// Returns the bytes of the verified signature, which a timestamp countersignature covers.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}
