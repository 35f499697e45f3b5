//! The certificate chain of a signature: an ordered list from the signing certificate to its self-signed root.

use std::ops::Deref;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::certificate::{Certificate, CertificateError};
use super::concurrent::{self, Check};
use super::requirements::{RequirementError, check_authority, check_leaf, check_timestamping};
use crate::text::rfc3339;

/// The maximum number of certificates in a chain, which bounds the work that a signature can cause. AWS Signer uses
/// five.
pub const MAX_CERTIFICATES: usize = 16;

/// An invalid chain. Positions count from 0, the signing certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The chain has no certificates.
    #[error("the certificate chain is empty")]
    Empty,
    /// The chain has more than [`MAX_CERTIFICATES`] certificates.
    #[error("the certificate chain has {0} certificates, at most {MAX_CERTIFICATES} are allowed")]
    TooLong(usize),
    /// A certificate is malformed.
    #[error("certificate {position} of the chain: {source}")]
    Certificate {
        /// Its position.
        position: usize,
        /// The error.
        source: CertificateError,
    },
    /// The last certificate is not a self-signed root.
    #[error("the certificate chain is incomplete: its last certificate ({subject}) is not a self-signed root")]
    NoRoot {
        /// The subject of the last certificate.
        subject: String,
    },
    /// A root before the end of the chain.
    #[error("certificate {position} of the chain ({subject}) is self-signed, but only the last one may be")]
    RootInside {
        /// Its position.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// A certificate was not issued by the one after it.
    #[error("certificate {position} of the chain ({subject}) was not issued by the next one ({next}): {why}")]
    BrokenLink {
        /// The position of the certificate whose issuer is wrong.
        position: usize,
        /// Its subject.
        subject: String,
        /// The subject of the next certificate.
        next: String,
        /// Whether the names differ or the signature does not verify.
        why: &'static str,
    },
    /// A certificate is signed with an algorithm that must not sign certificates, or that is not known.
    #[error(
        "certificate {position} of the chain ({subject}) is signed with the algorithm {algorithm}, which is not supported \
         with its parameters: RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is required"
    )]
    Algorithm {
        /// Its position.
        position: usize,
        /// Its subject.
        subject: String,
        /// The algorithm.
        algorithm: ObjectIdentifier,
    },
    /// A certificate is not valid at the time that counts.
    #[error("certificate {position} of the chain ({subject}) is valid from {not_before} to {not_after}, not at {time}")]
    NotValidAt {
        /// Its position.
        position: usize,
        /// Its subject.
        subject: String,
        /// The start of its validity period.
        not_before: String,
        /// The end of its validity period.
        not_after: String,
        /// The time of the check.
        time: String,
    },
    /// A certificate does not meet the specification's requirements.
    #[error("certificate {position} of the chain ({subject}): {source}")]
    Requirement {
        /// Its position.
        position: usize,
        /// Its subject.
        subject: String,
        /// The requirement.
        source: RequirementError,
    },
}

impl ChainError {
    /// The error of a certificate that is signed with an algorithm which is not supported.
    pub(crate) fn algorithm(position: usize, certificate: &Certificate) -> Self {
        let (subject, algorithm) = (certificate.subject().to_owned(), certificate.signature_algorithm());
        Self::Algorithm { position, subject, algorithm }
    }
}

/// The parsed, unverified certificates of a signature envelope, in the envelope's order. Clones share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChain(Arc<Chain>);

#[derive(Debug)]
struct Chain {
    certificates: Vec<Certificate>,
    hash: ChainHash,
}

impl PartialEq for Chain {
    fn eq(&self, other: &Self) -> bool {
        self.certificates == other.certificates
    }
}

impl Eq for Chain {}

/// SHA-256 over the certificates of a chain in order, each preceded by its length to rule out ambiguity.
pub(super) type ChainHash = [u8; 32];

/// Hashes the certificates of a chain.
pub(super) fn hash<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> ChainHash {
    let mut context = Context::new(&SHA256);
    for der in certificates {
        context.update(&(der.len() as u64).to_be_bytes());
        context.update(der);
    }
    let mut hash = ChainHash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn check_number(certificates: usize) -> Result<(), ChainError> {
    match certificates {
        0 => Err(ChainError::Empty),
        1..=MAX_CERTIFICATES => Ok(()),
        many => Err(ChainError::TooLong(many)),
    }
}

/// A chain in which each certificate was issued by the next one and the last one is a self-signed root. Made only by
/// [`CertificateChain::link`] and by verifying an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedChain(CertificateChain);

impl CertificateChain {
    /// Parses the certificates of an envelope or of a plugin request.
    ///
    /// # Errors
    /// Returns [`ChainError::Empty`] or [`ChainError::TooLong`] if the number of certificates is not allowed, and
    /// [`ChainError::Certificate`] if one is malformed.
    pub fn from_der(certificates: Vec<Vec<u8>>) -> Result<Self, ChainError> {
        check_number(certificates.len())?;
        let parse =
            |(position, der)| Certificate::from_der(der).map_err(|source| ChainError::Certificate { position, source });
        certificates.into_iter().enumerate().map(parse).collect::<Result<_, _>>().map(Self::of)
    }

    fn of(certificates: Vec<Certificate>) -> Self {
        let hash = hash(certificates.iter().map(Certificate::der));
        Self(Arc::new(Chain { certificates, hash }))
    }

    /// Returns the hash of the certificates.
    pub(super) fn hash(&self) -> &ChainHash {
        &self.0.hash
    }

    /// Returns the certificates, the signing certificate first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.0.certificates
    }

    /// Returns the signing certificate.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.0.certificates[0]
    }

    /// Returns the last certificate, which may not be a root: see [`LinkedChain::root`].
    #[must_use]
    pub fn last(&self) -> &Certificate {
        &self.0.certificates[self.0.certificates.len() - 1]
    }

    /// Checks that each certificate was issued by the next one, and that only the last one is a self-signed root.
    ///
    /// # Errors
    /// Returns the first [`ChainError`], starting at the leaf.
    pub fn link(self) -> Result<LinkedChain, ChainError> {
        self.link_and(None, false).1
    }

    /// Checks the links, and at the same time the signature that `other` checks. Returns its result and that of
    /// [`Self::link`]. `is_root_known` says that the last certificate is a root whose own signature was checked before.
    fn link_and(self, other: Option<Check<'_>>, is_root_known: bool) -> (bool, Result<LinkedChain, ChainError>) {
        let certificates = self.certificates();
        let own_issuer = certificates.last().filter(|_| !is_root_known);
        let links = certificates.iter().zip(certificates.iter().skip(1).chain(own_issuer));
        // Names are compared first: where they differ, the key of the other certificate does not matter.
        let links: Vec<_> = links
            .map(|(subject, issuer)| move || subject.names_as_issuer(issuer) && subject.is_signed_by(issuer))
            .collect();
        let mut checks: Vec<Check<'_>> = links.iter().map(|link| link as Check<'_>).collect();
        checks.extend(other);
        let mut signed = concurrent::make(&checks);
        let passed = other.is_none() || signed.pop() == Some(true);
        if is_root_known {
            signed.push(true);
        }
        let checked = self.check_links(&signed);
        (passed, checked.map(|()| LinkedChain(self)))
    }

    /// `signed` tells for each certificate whether the next one issued it; for the last one, whether it did so itself.
    fn check_links(&self, signed: &[bool]) -> Result<(), ChainError> {
        for (position, pair) in self.certificates().windows(2).enumerate() {
            let subject = &pair[0];
            let issuer = &pair[1];
            if subject.is_self_signed() {
                return Err(ChainError::RootInside { position, subject: subject.subject().to_owned() });
            }
            let why = if !subject.names_as_issuer(issuer) {
                "it names another issuer"
            } else if signed[position] {
                continue;
            } else if !subject.has_supported_algorithm() {
                return Err(ChainError::algorithm(position, subject));
            } else {
                "its signature does not verify under that certificate's key"
            };
            return Err(ChainError::BrokenLink {
                position,
                subject: subject.subject().to_owned(),
                next: issuer.subject().to_owned(),
                why,
            });
        }
        if signed.last() == Some(&true) {
            return Ok(());
        }
        let root = self.last();
        match root.is_self_issued() && !root.has_supported_algorithm() {
            true => Err(ChainError::algorithm(self.certificates().len() - 1, root)),
            false => Err(ChainError::NoRoot { subject: root.subject().to_owned() }),
        }
    }

    /// Checks a code signing chain at `time`: [`Self::check_requirements`] and [`Self::check_validity`].
    ///
    /// # Errors
    /// Returns the first [`ChainError`] found.
    pub fn check_code_signing(self, time: OffsetDateTime) -> Result<LinkedChain, ChainError> {
        let linked = self.check_requirements()?;
        linked.check_validity(time)?;
        Ok(linked)
    }

    /// Checks everything that does not depend on time: the specification's requirements for each certificate of a code
    /// signing chain, and the links.
    ///
    /// # Errors
    /// Returns the first [`ChainError`] found; never [`ChainError::NotValidAt`].
    pub fn check_requirements(self) -> Result<LinkedChain, ChainError> {
        self.check_each()?;
        self.link()
    }

    /// As [`Self::check_requirements`], and checks a signature by the leaf's key at the same time. Returns whether
    /// `signature` passed, and the result for the chain. `is_root_known` says that the last certificate is a root whose
    /// own signature was checked before.
    pub(crate) fn check_requirements_and(
        self,
        signature: Check<'_>,
        is_root_known: bool,
    ) -> (bool, Result<LinkedChain, ChainError>) {
        match self.check_each() {
            Ok(()) => self.link_and(Some(signature), is_root_known),
            Err(why) => (signature(), Err(why)),
        }
    }

    fn check_each(&self) -> Result<(), ChainError> {
        self.check_each_by(|certificate, position| match position.checked_sub(1) {
            None => check_leaf(certificate),
            Some(authorities_below) => check_authority(certificate, authorities_below),
        })
    }

    fn check_each_by(
        &self,
        check: impl Fn(&Certificate, usize) -> Result<(), RequirementError>,
    ) -> Result<(), ChainError> {
        for (position, certificate) in self.certificates().iter().enumerate() {
            check(certificate, position).map_err(|source| ChainError::Requirement {
                position,
                subject: certificate.subject().to_owned(),
                source,
            })?;
        }
        Ok(())
    }

    /// A chain of a timestamping authority that was found among certificates in any order.
    ///
    /// # Errors
    /// Returns [`ChainError::Empty`] or [`ChainError::TooLong`] if the number of certificates is not allowed.
    pub(crate) fn from_found(certificates: Vec<Certificate>) -> Result<Self, ChainError> {
        check_number(certificates.len())?;
        Ok(Self::of(certificates))
    }

    /// Checks the chain of a timestamping authority, whose links were checked when it was found: the specification's
    /// requirements for each certificate, and that only the last one is a self-signed root.
    ///
    /// # Errors
    /// Returns the first [`ChainError`] found; never [`ChainError::NotValidAt`] or [`ChainError::BrokenLink`].
    pub(crate) fn check_timestamping(self) -> Result<LinkedChain, ChainError> {
        self.check_each_by(check_timestamping)?;
        let certificates = self.certificates();
        let inside = certificates.iter().rev().skip(1).rev();
        if let Some((position, root)) = inside.enumerate().find(|(_, certificate)| certificate.is_self_signed()) {
            return Err(ChainError::RootInside { position, subject: root.subject().to_owned() });
        }
        if !self.last().is_self_signed() {
            return Err(ChainError::NoRoot { subject: self.last().subject().to_owned() });
        }
        Ok(LinkedChain(self))
    }

    /// Checks that every certificate is valid at `time`.
    ///
    /// # Errors
    /// Returns [`ChainError::NotValidAt`] for the first certificate that is not.
    pub fn check_validity(&self, time: OffsetDateTime) -> Result<(), ChainError> {
        for (position, certificate) in self.certificates().iter().enumerate() {
            // Both ends are inclusive: the time "must be less than or equal to certificate's notAfter attribute".
            if time < certificate.not_before() || time > certificate.not_after() {
                return Err(ChainError::NotValidAt {
                    position,
                    subject: certificate.subject().to_owned(),
                    not_before: rfc3339(certificate.not_before()),
                    not_after: rfc3339(certificate.not_after()),
                    time: rfc3339(time),
                });
            }
        }
        Ok(())
    }
}

impl LinkedChain {
    /// Returns a chain that is known to pass [`CertificateChain::check_requirements`], which includes the links.
    pub(super) fn from_known(chain: CertificateChain) -> Self {
        Self(chain)
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        self.last()
    }

    /// Returns the hashes that identify the certificates in revocation queries to AWS Signer: for each certificate the
    /// SHA-384 of its signed part followed by that of its issuer's, in lower-case hexadecimal. The root is its own
    /// issuer.
    #[must_use]
    pub fn revocation_hashes(&self) -> Vec<String> {
        let hashes: Vec<String> = self.certificates().iter().map(|c| hex::encode(c.tbs_sha384())).collect();
        let issuers = hashes.iter().skip(1).chain(hashes.last());
        hashes.iter().zip(issuers).map(|(subject, issuer)| format!("{subject}{issuer}")).collect()
    }
}

impl Deref for LinkedChain {
    type Target = CertificateChain;

    fn deref(&self) -> &CertificateChain {
        &self.0
    }
}
