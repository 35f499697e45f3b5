//! Verifying an envelope: `signing-and-verification-workflow.md` and `signature-specification.md`, what needs no trust store.

use time::OffsetDateTime;

use super::algorithm::SignatureAlgorithm;
use super::attributes::{SignedAttributes, SigningScheme};
use super::jws::Envelope;
use crate::x509::{CertificateChain, ChainCache, ChainError};

/// Why an envelope does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signing certificate's key is of a kind or size that may not sign.
    #[error("the signing certificate's key may not sign: RSA of 2048, 3072 or 4096 bits, P-256, P-384 or P-521 may")]
    UnsupportedKey,
    /// `alg` is not the algorithm of the signing certificate's key.
    #[error("alg is {found:?}, but the signing certificate's key signs with {expected:?}")]
    Algorithm {
        /// What the header says.
        found: String,
        /// What the key implies.
        expected: &'static str,
    },
    /// The signature is not one by the signing certificate over the protected header and the payload.
    #[error("the signature does not verify under the signing certificate: the envelope was altered or wrongly signed")]
    Signature,
    /// The chain breaks a rule at the time that counts.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// An envelope whose signature was verified, and whose chain meets the requirements and links up. Whether the chain is valid at
/// the time that counts was checked by [`Envelope::verify`] and not by [`Envelope::verify_integrity`]. Whether its root is
/// trusted, its signer is the expected one, it has expired or was revoked is for the caller to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedEnvelope(Envelope);

impl Envelope {
    /// Verifies the signature under the leaf of the chain, and the chain by the rules for code signing certificates, judged
    /// at the authentic signing time where the scheme has one, else at `now`.
    ///
    /// # Errors
    /// [`VerifyError`], the signature's before the chain's.
    pub fn verify(self, now: OffsetDateTime) -> Result<VerifiedEnvelope, VerifyError> {
        let verified = self.verify_integrity()?;
        verified.check_validity(now)?;
        Ok(verified)
    }

    /// As [`Self::verify`], but for the chain's validity in time: that belongs to the validation `authenticTimestamp`, which a
    /// trust policy need not enforce. The caller owes a call of [`VerifiedEnvelope::check_validity`].
    ///
    /// # Errors
    /// [`VerifyError`], the signature's before the chain's.
    pub fn verify_integrity(self) -> Result<VerifiedEnvelope, VerifyError> {
        self.verify_integrity_by(CertificateChain::check_requirements)
    }

    /// As [`Self::verify_integrity`], but a chain that `chains` remembers is not checked again; the envelope's own signature
    /// always is.
    ///
    /// # Errors
    /// As there.
    pub fn verify_integrity_with(self, chains: &ChainCache) -> Result<VerifiedEnvelope, VerifyError> {
        self.verify_integrity_by(|chain| chains.check_requirements(chain))
    }

    fn verify_integrity_by(
        self,
        check_requirements: impl FnOnce(&CertificateChain) -> Result<(), ChainError>,
    ) -> Result<VerifiedEnvelope, VerifyError> {
        let key = self.chain.leaf().public_key().ok_or(VerifyError::UnsupportedKey)?;
        let algorithm = SignatureAlgorithm::of_key(key).ok_or(VerifyError::UnsupportedKey)?;
        if self.attributes.algorithm != algorithm.jws_name() {
            let found = self.attributes.algorithm;
            return Err(VerifyError::Algorithm { found, expected: algorithm.jws_name() });
        }
        if !algorithm.verify(key, &self.signing_input, &self.signature) {
            return Err(VerifyError::Signature);
        }
        check_requirements(&self.chain)?;
        Ok(VerifiedEnvelope(self))
    }
}

impl VerifiedEnvelope {
    /// Checks that every certificate of the chain was valid at the authentic signing time where the scheme has one, else that
    /// it is valid at `now`.
    ///
    /// # Errors
    /// [`ChainError::NotValidAt`].
    pub fn check_validity(&self, now: OffsetDateTime) -> Result<(), ChainError> {
        let attributes = self.attributes();
        self.chain().check_validity(match attributes.signing_scheme {
            SigningScheme::SigningAuthority => attributes.signing_time,
            SigningScheme::X509 => now,
        })
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.0.payload
    }

    /// The signed attributes.
    #[must_use]
    pub fn attributes(&self) -> &SignedAttributes {
        &self.0.attributes
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &CertificateChain {
        &self.0.chain
    }

    /// The program that made the envelope, if it says so; unsigned.
    #[must_use]
    pub fn signing_agent(&self) -> Option<&str> {
        self.0.signing_agent.as_deref()
    }
}
