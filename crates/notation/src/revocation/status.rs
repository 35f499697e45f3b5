//! What is asked about a certificate, and what comes of it.

use std::fmt;

use limits::Deadline;
use notary::text::rfc3339;
use notary::x509::Certificate;
use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;

use super::error::{Method, SourceFailure, shown};

/// What is asked: whether the certificate was revoked by its issuer.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) certificate: Certificate,
    pub(super) issuer: Certificate,
    pub(super) signing_time: Option<OffsetDateTime>,
    pub(super) now: OffsetDateTime,
    pub(super) deadline: Deadline,
}

/// A revocation, as the issuer tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// When it was revoked.
    pub time: OffsetDateTime,
    /// Why, where the issuer says so.
    pub reason: Option<CrlReason>,
    /// Since when the key may not have been its owner's alone, where the issuer says so.
    pub invalidity_date: Option<OffsetDateTime>,
}

impl Revocation {
    /// Whether it counts for what was signed at this time. Without an *authentic* signing time it always does: who has the key can
    /// write any other time.
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

/// CRLReason in the words of RFC 5280.
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

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How it was asked.
    pub method: Method,
    /// The place as the certificate names it.
    pub url: String,
    /// Until when the answer counts (nextUpdate).
    pub until: OffsetDateTime,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, shown(&self.url))
    }
}

/// The status of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It names nobody who could be asked, and so counts as not revoked.
    NotRevocable,
    /// It was not revoked.
    Good(Source),
    /// It was revoked, but became invalid only after the authentic signing time: it counts as not revoked for this signature.
    GoodWhenSigned(Source, Revocation),
    /// It was revoked.
    Revoked(Source, Revocation),
    /// It cannot be determined: nobody whom it names gave an answer that counts.
    Unknown(Vec<SourceFailure>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRevocable => f.write_str("names no way to check revocation"),
            Self::Good(source) => write!(f, "good, says the {source}"),
            Self::GoodWhenSigned(source, revocation) => {
                write!(f, "good when it signed, says the {source}: {revocation}")
            }
            Self::Revoked(source, revocation) => write!(f, "{revocation}, says the {source}"),
            Self::Unknown(failures) => {
                let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
                write!(f, "unknown: {}", all.join("; "))
            }
        }
    }
}

/// The status of one certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// Its place in the chain; 0 is the signing certificate.
    pub position: usize,
    /// Its subject, fit for a terminal.
    pub subject: String,
    /// Its status.
    pub status: Status,
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {} ({}): {}", self.position, self.subject, self.status)
    }
}
