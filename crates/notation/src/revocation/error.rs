//! Errors of the OCSP responders and CRLs that a certificate names.

use std::fmt;
use std::time::Duration;

use der::asn1::ObjectIdentifier;
use notary::text::{printable, rfc3339};
use time::OffsetDateTime;

/// Why one OCSP responder or CRL gave no status. The certificate may be good or revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The certificate's extension with the URLs is malformed.
    #[error("the certificate's extension is malformed: {0}")]
    Extension(String),
    /// The certificate names more URLs than the limit.
    #[error("the certificate names {found} URLs, more than the limit of {most}")]
    TooManyUrls {
        /// The number of URLs in the certificate.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// The URL has another scheme than HTTP or contains credentials.
    #[error("not an http:// or https:// URL without user name and password")]
    NotAUrl,
    /// The URL has an address that is valid on one link only, such as those of instance metadata services.
    #[error("the URL has an address of this machine's link, which is not used")]
    LinkAddress,
    /// The connection failed or ended early.
    #[error("{0}")]
    Connection(String),
    /// No complete answer arrived in time.
    #[error("no complete answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The server answered another HTTP status than 200.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The server redirected too often, or to an unsupported URL.
    #[error("redirect not followed: {0}")]
    Redirect(&'static str),
    /// The response is larger than the limit in bytes.
    #[error("the response has more than {0} bytes, the size limit")]
    TooLarge(usize),
    /// The OCSP response is invalid or gives no status.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// The CRL is invalid or does not cover the certificate.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The responder's own certificate is revoked or its status is unknown.
    #[error("the certificate that signed the OCSP response is revoked or cannot be checked: {0}")]
    Responder(String),
}

/// Why an OCSP response is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// The data is not an OCSP response in DER.
    #[error("not an OCSP response: {0}")]
    Malformed(String),
    /// The responder answered with an error status.
    #[error("the responder answered {0}")]
    Refused(&'static str),
    /// The response type is not `id-pkix-ocsp-basic`, the only type in use.
    #[error("unsupported response type {0}; only basic OCSP responses are supported")]
    Type(ObjectIdentifier),
    /// Neither the issuer nor a responder authorized by the issuer signed the response.
    #[error("the response is not signed by the certificate's issuer: {0}")]
    Signer(&'static str),
    /// The response has an unsupported critical extension.
    #[error("the response has the unsupported critical extension {0}")]
    CriticalExtension(ObjectIdentifier),
    /// The response does not cover the certificate.
    #[error("the response does not cover the certificate")]
    OtherCertificate,
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate")]
    Unknown,
    /// The response has expired, is not valid yet, or has no end.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

/// Why a CRL is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// The data is not a CRL in DER.
    #[error("not a CRL: {0}")]
    Malformed(String),
    /// The CRL's issuer is not the certificate's issuer.
    #[error("the CRL and the certificate name different issuers")]
    OtherIssuer,
    /// The issuer's key does not verify the CRL's signature.
    #[error("the CRL is not signed by the certificate's issuer")]
    Signature,
    /// The CRL is signed with an algorithm that is not supported.
    #[error("the CRL is signed with the algorithm {0}, which is not supported with its parameters")]
    Algorithm(ObjectIdentifier),
    /// The issuer's key usage does not include signing CRLs.
    #[error("the certificate's issuer may not sign CRLs: its keyUsage lacks cRLSign")]
    NoCrlSign,
    /// The CRL has expired, is not valid yet, or has no end.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// The CRL or one of its entries has an unsupported critical extension.
    #[error("the CRL has the unsupported critical extension {0}")]
    CriticalExtension(ObjectIdentifier),
    /// The certificate or some revocation reasons are outside the CRL's scope.
    #[error("the CRL does not cover the certificate: {0}")]
    Scope(&'static str),
    /// A delta CRL in place of a complete one or the reverse, or a delta CRL that does not fit its base CRL.
    #[error("the delta CRL cannot be used: {0}")]
    Delta(&'static str),
    /// The delta CRL that the base CRL names could not be fetched or is invalid.
    #[error("delta CRL {url}: {source}")]
    DeltaSource {
        /// The URL of the delta CRL.
        url: String,
        /// The error.
        source: Box<SourceError>,
    },
}

/// Why an OCSP response or a CRL is not valid at the current time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// There is no `nextUpdate`, so it would never expire.
    #[error("nextUpdate is missing")]
    NoNextUpdate,
    /// `nextUpdate` is in the past.
    #[error("expired: nextUpdate is {}", rfc3339(*.0))]
    Expired(OffsetDateTime),
    /// `thisUpdate` is in the future.
    #[error("not valid yet: thisUpdate is {}", rfc3339(*.0))]
    NotYetValid(OffsetDateTime),
}

/// The protocol of a status request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Online Certificate Status Protocol, RFC 6960.
    Ocsp,
    /// Certificate revocation list, RFC 5280.
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

/// An OCSP responder or CRL that gave no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// The protocol.
    pub method: Method,
    /// The URL in the certificate; empty if the certificate has no readable one.
    pub url: String,
    /// The error.
    pub error: SourceError,
}

impl fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.url.is_empty() { "" } else { " " };
        write!(f, "{}{separator}{}: {}", self.method, shown(&self.url), self.error)
    }
}

/// Shortens a URL to 200 characters and escapes it for an error message.
pub(super) fn shown(url: &str) -> String {
    printable(&url.chars().take(200).collect::<String>())
}
