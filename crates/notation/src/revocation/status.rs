//! The revocation status of a certificate.

use std::fmt;

use limits::Deadline;
use notary::text::rfc3339;
use notary::x509::Certificate;
use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;

use super::error::{Method, SourceFailure, shown};

/// A request for the revocation status of a certificate.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) certificate: Certificate,
    pub(super) issuer: Certificate,
    pub(super) signing_time: Option<OffsetDateTime>,
    /// The latest time at which the signature was made, which counts for CRLs alone.
    pub(super) timestamp: Option<OffsetDateTime>,
    pub(super) now: OffsetDateTime,
    pub(super) deadline: Deadline,
}

/// A revocation as published by the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The time of the revocation.
    pub time: OffsetDateTime,
    /// The reason, if the issuer gives one.
    pub reason: Option<CrlReason>,
    /// When the key was (or may have been) compromised, if the issuer gives a time.
    pub invalidity_date: Option<OffsetDateTime>,
}

impl Revocation {
    /// Whether the revocation applies to a signature made at this time. It always does without an *authentic* signing
    /// time: the holder of a stolen key can write any other time into a signature.
    #[must_use]
    pub fn counts_at(&self, authentic_signing_time: Option<OffsetDateTime>) -> bool {
        match authentic_signing_time.zip(self.invalidity_date) {
            Some((signed, invalid)) => signed >= invalid,
            None => true,
        }
    }
}

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revoked at {}", rfc3339(self.time))?;
        if let Some(reason) = self.reason {
            write!(f, " ({})", reason_name(reason))?;
        }
        match self.invalidity_date {
            Some(date) => write!(f, ", invalid since {}", rfc3339(date)),
            None => Ok(()),
        }
    }
}

/// The name of a CRLReason in RFC 5280.
fn reason_name(reason: CrlReason) -> &'static str {
    match reason {
        CrlReason::Unspecified => "unspecified",
        CrlReason::KeyCompromise => "keyCompromise",
        CrlReason::CaCompromise => "cACompromise",
        CrlReason::AffiliationChanged => "affiliationChanged",
        CrlReason::Superseded => "superseded",
        CrlReason::CessationOfOperation => "cessationOfOperation",
        CrlReason::CertificateHold => "certificateHold",
        CrlReason::RemoveFromCRL => "removeFromCRL",
        CrlReason::PrivilegeWithdrawn => "privilegeWithdrawn",
        CrlReason::AaCompromise => "aACompromise",
    }
}

/// The OCSP responder or CRL that gave a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The protocol.
    pub method: Method,
    /// The URL in the certificate.
    pub url: String,
    /// The end of the response's validity (`nextUpdate`).
    pub until: OffsetDateTime,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, shown(&self.url))
    }
}

/// The revocation status of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The certificate names neither an OCSP responder nor a CRL and is treated as not revoked.
    NotRevocable,
    /// The certificate is not revoked.
    Good(Source),
    /// The certificate is revoked, but its invalidity date is after the authentic signing time: this signature stays
    /// valid.
    GoodWhenSigned(Source, Revocation),
    /// The certificate is revoked.
    Revoked(Source, Revocation),
    /// No OCSP responder or CRL of the certificate gave a valid answer.
    Unknown(Vec<SourceFailure>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRevocable => f.write_str("names no OCSP responder or CRL"),
            Self::Good(source) => write!(f, "good according to the {source}"),
            Self::GoodWhenSigned(source, revocation) => {
                write!(f, "good at the signing time according to the {source}: {revocation}")
            }
            Self::Revoked(source, revocation) => write!(f, "{revocation} according to the {source}"),
            Self::Unknown(failures) => {
                let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
                write!(f, "unknown: {}", all.join("; "))
            }
        }
    }
}

/// The revocation status of one certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The index in the chain; 0 is the signing certificate.
    pub position: usize,
    /// The subject, escaped for terminals.
    pub subject: String,
    /// The status.
    pub status: Status,
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {} ({}): {}", self.position, self.subject, self.status)
    }
}
