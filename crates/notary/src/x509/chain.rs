//! The certificate chain of a signature: an ordered list from the signing certificate to its self-signed root.

use time::OffsetDateTime;

use super::certificate::{Certificate, CertificateError};
use super::requirements::{RequirementError, check_authority, check_leaf};
use crate::text::rfc3339;

/// How many certificates a chain may have. AWS Signer's have five; the bound limits the work that a signature can cause.
pub const MAX_CERTIFICATES: usize = 16;

/// What is wrong with a chain. Positions count from 0, the signing certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// There is no certificate.
    #[error("the certificate chain is empty")]
    Empty,
    /// There are more certificates than [`MAX_CERTIFICATES`].
    #[error("the certificate chain has {0} certificates, at most {MAX_CERTIFICATES} are read")]
    TooLong(usize),
    /// A certificate cannot be parsed.
    #[error("certificate {position} of the chain: {source}")]
    Certificate {
        /// Its place.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The last certificate is not a self-signed root.
    #[error("the certificate chain is incomplete: its last certificate ({subject}) is not a self-signed root")]
    NoRoot {
        /// The subject of the last certificate.
        subject: String,
    },
    /// A root stands before the end.
    #[error("certificate {position} of the chain ({subject}) is self-signed, but only the last one may be")]
    RootInside {
        /// Its place.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// A certificate was not issued by the one after it.
    #[error("certificate {position} of the chain ({subject}) was not issued by the next one ({next}): {why}")]
    BrokenLink {
        /// The place of the certificate whose issuer is wrong.
        position: usize,
        /// Its subject.
        subject: String,
        /// The subject of the certificate after it.
        next: String,
        /// The names differ, or the signature does not verify.
        why: &'static str,
    },
    /// A certificate was not valid at the time that counts.
    #[error("certificate {position} of the chain ({subject}) is valid from {not_before} to {not_after}, not at {time}")]
    NotValidAt {
        /// Its place.
        position: usize,
        /// Its subject.
        subject: String,
        /// The beginning of its validity.
        not_before: String,
        /// The end of its validity.
        not_after: String,
        /// The time at which it was judged.
        time: String,
    },
    /// A certificate does not meet the specification's requirements.
    #[error("certificate {position} of the chain ({subject}): {source}")]
    Requirement {
        /// Its place.
        position: usize,
        /// Its subject.
        subject: String,
        /// Which requirement.
        source: RequirementError,
    },
}

/// Certificates in the order of a signature envelope, parsed and counted, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChain(Vec<Certificate>);

impl CertificateChain {
    /// Parses the certificates of an envelope or of a plugin request.
    ///
    /// # Errors
    /// [`ChainError::Empty`], [`ChainError::TooLong`] or [`ChainError::Certificate`].
    pub fn from_der(certificates: Vec<Vec<u8>>) -> Result<Self, ChainError> {
        if certificates.is_empty() {
            return Err(ChainError::Empty);
        }
        if certificates.len() > MAX_CERTIFICATES {
            return Err(ChainError::TooLong(certificates.len()));
        }
        let parse =
            |(position, der)| Certificate::from_der(der).map_err(|source| ChainError::Certificate { position, source });
        certificates.into_iter().enumerate().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The certificates, the signing certificate first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// The signing certificate.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.0[0]
    }

    /// The last certificate, which is the root of a chain that [`Self::check_links`] accepted.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.0[self.0.len() - 1]
    }

    /// Checks that each certificate was issued by the one after it, and that the last is a self-signed root and the only one.
    ///
    /// # Errors
    /// The first [`ChainError`] from the leaf on.
    pub fn check_links(&self) -> Result<(), ChainError> {
        for (position, pair) in self.0.windows(2).enumerate() {
            let (subject, issuer) = (&pair[0], &pair[1]);
            if subject.is_self_signed() {
                return Err(ChainError::RootInside { position, subject: subject.subject() });
            }
            let why = if !subject.names_as_issuer(issuer) {
                "it names another issuer"
            } else if !subject.is_signed_by(issuer) {
                "its signature does not verify under that certificate's key"
            } else {
                continue;
            };
            return Err(ChainError::BrokenLink { position, subject: subject.subject(), next: issuer.subject(), why });
        }
        let root = self.root();
        if !root.is_self_issued() || !root.is_signed_by(root) {
            return Err(ChainError::NoRoot { subject: root.subject() });
        }
        Ok(())
    }

    /// Checks the chain as that of a code signing certificate, judged at `time`: [`Self::check_requirements`] and
    /// [`Self::check_validity`].
    ///
    /// # Errors
    /// The first [`ChainError`] found.
    pub fn check_code_signing(&self, time: OffsetDateTime) -> Result<(), ChainError> {
        self.check_requirements()?;
        self.check_validity(time)
    }

    /// Checks what does not depend on a time: the requirements that the specification has for each certificate of a code
    /// signing chain, and the links.
    ///
    /// # Errors
    /// The first [`ChainError`] found; never [`ChainError::NotValidAt`].
    pub fn check_requirements(&self) -> Result<(), ChainError> {
        for (position, certificate) in self.0.iter().enumerate() {
            let checked = match position.checked_sub(1) {
                None => check_leaf(certificate),
                Some(authorities_below) => check_authority(certificate, authorities_below),
            };
            checked.map_err(|source| ChainError::Requirement { position, subject: certificate.subject(), source })?;
        }
        self.check_links()
    }

    /// Checks that every certificate is valid at `time`.
    ///
    /// # Errors
    /// [`ChainError::NotValidAt`] for the first certificate that is not.
    pub fn check_validity(&self, time: OffsetDateTime) -> Result<(), ChainError> {
        for (position, certificate) in self.0.iter().enumerate() {
            // Both ends belong to it: the time "must be less than or equal to certificate's notAfter attribute".
            if time < certificate.not_before() || time > certificate.not_after() {
                return Err(ChainError::NotValidAt {
                    position,
                    subject: certificate.subject(),
                    not_before: rfc3339(certificate.not_before()),
                    not_after: rfc3339(certificate.not_after()),
                    time: rfc3339(time),
                });
            }
        }
        Ok(())
    }

    /// The names under which AWS Signer is asked about the chain's certificates: for each the SHA-384 of its signed part
    /// and that of its issuer's, in lower-case hexadecimal; the root is its own issuer.
    ///
    /// They name something only for a chain that [`Self::check_links`] accepts.
    #[must_use]
    pub fn revocation_hashes(&self) -> Vec<String> {
        let hashes: Vec<String> = self.0.iter().map(|c| hex::encode(c.tbs_sha384())).collect();
        let issuers = hashes.iter().skip(1).chain(hashes.last());
        hashes.iter().zip(issuers).map(|(subject, issuer)| format!("{subject}{issuer}")).collect()
    }
}
