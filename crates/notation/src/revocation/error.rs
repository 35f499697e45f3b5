//! Why somebody whom a certificate names did not say what its status is.

use std::fmt;
use std::time::Duration;

use der::asn1::ObjectIdentifier;
use notary::text::{printable, rfc3339};
use time::OffsetDateTime;

/// Why there is no status from one place. None of it says that the certificate is good, and none that it was revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The extension of the certificate that names the place cannot be read.
    #[error("the certificate's extension cannot be read: {0}")]
    Extension(String),
    /// The certificate names more places than are asked.
    #[error("the certificate names {found} places, at most {most} are asked")]
    TooManyPlaces {
        /// How many it names.
        found: usize,
        /// How many are asked.
        most: usize,
    },
    /// The place is nothing that can be asked.
    #[error("it is not an http:// or https:// URL without user and password")]
    NotAUrl,
    /// No answer, or not the whole of one.
    #[error("{0}")]
    Connection(String),
    /// No complete answer in time.
    #[error("no complete answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// An answer that is no success.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer leads elsewhere, in a way that is not followed.
    #[error("the redirect is not followed: {0}")]
    Redirect(&'static str),
    /// The answer is larger than such answers may be.
    #[error("the answer has more than {0} bytes, the most that is read of it")]
    TooLarge(usize),
    /// The answer is no OCSP response that counts.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// The answer is no CRL that counts.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The certificate that signed the OCSP response may itself have been revoked.
    #[error("the certificate that signed the OCSP response was revoked or cannot be checked: {0}")]
    Responder(String),
}

/// Why an OCSP response does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// Not an OCSP response in DER.
    #[error("not an OCSP response: {0}")]
    Malformed(String),
    /// The responder says that it does not answer.
    #[error("the responder answers {0}")]
    Refused(&'static str),
    /// The response has another form than the one that everybody knows.
    #[error("the response is of the type {0}, not a basic OCSP response")]
    Type(ObjectIdentifier),
    /// Neither the issuer nor a responder of the issuer's signed it.
    #[error("the response is not signed by the certificate's issuer: {0}")]
    Signer(&'static str),
    /// It has a critical extension that is not known.
    #[error("the response has the critical extension {0}, which is not supported")]
    CriticalExtension(ObjectIdentifier),
    /// It says nothing about this certificate.
    #[error("the response is about other certificates")]
    OtherCertificate,
    /// The responder does not know the certificate.
    #[error("the responder says that it does not know the certificate")]
    Unknown,
    /// It does not count at this time.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

/// Why a CRL does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Not a CRL in DER.
    #[error("not a CRL: {0}")]
    Malformed(String),
    /// It is another authority's.
    #[error("the CRL names another issuer than the certificate")]
    OtherIssuer,
    /// The issuer's key did not sign it.
    #[error("the CRL is not signed by the certificate's issuer")]
    Signature,
    /// The issuer may not sign CRLs.
    #[error("the certificate's issuer may not sign CRLs: its keyUsage lacks cRLSign")]
    NoCrlSign,
    /// It does not count at this time.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// The CRL or one of its entries has a critical extension that is not known.
    #[error("the CRL has the critical extension {0}, which is not supported")]
    CriticalExtension(ObjectIdentifier),
    /// It is not the list that the certificate would stand on.
    #[error("the certificate would not be on this CRL: {0}")]
    Scope(&'static str),
    /// A delta CRL where a whole one is wanted, or the other way round, or one that does not continue the whole one.
    #[error("the delta CRL cannot be used: {0}")]
    Delta(&'static str),
    /// No delta CRL could be had, though there is one.
    #[error("the delta CRL at {url}: {source}")]
    DeltaSource {
        /// Where it should be.
        url: String,
        /// What went wrong.
        source: Box<SourceError>,
    },
}

/// Why an answer does not count at this time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// It does not say until when it counts.
    #[error("it has no nextUpdate")]
    NoNextUpdate,
    /// It is too old.
    #[error("it has expired: nextUpdate is {}", rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// It is from the future.
    #[error("it is not valid yet: thisUpdate is {}", rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
}

/// The protocol by which a status is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// RFC 6960.
    Ocsp,
    /// RFC 5280.
    Crl,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ocsp => "OCSP responder",
            Self::Crl => "CRL",
        })
    }
}

/// One place, and why there is no status from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// How it was asked.
    pub method: Method,
    /// The place as the certificate names it; empty where it names none that can be read.
    pub url: String,
    /// Why there is no status.
    pub error: SourceError,
}

impl fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.url.is_empty() { "" } else { " " };
        write!(f, "{}{separator}{}: {}", self.method, shown(&self.url), self.error)
    }
}

/// A URL of somebody else's, fit for a line of an error.
pub(super) fn shown(url: &str) -> String {
    printable(&url.chars().take(200).collect::<String>())
}
