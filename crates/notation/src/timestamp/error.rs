//! Why a signature got no timestamp.

use std::time::Duration;

use http_client::TlsFailure;
use notary::envelope::{EnvelopeError, VerifyError};
use notary::timestamp::{ResponseError, TimestampError};
use notary::x509::ChainError;
use notary::{Advice, ReasonCode};

use crate::failure::Failure;

/// Why a signature got no timestamp. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TimestampingError {
    /// The envelope is malformed.
    #[error("the signature gets no timestamp: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The envelope was altered, or its certificates may not sign.
    #[error("the signature gets no timestamp, because it does not verify: {0}")]
    Verify(#[from] VerifyError),
    /// The signing authority, such as AWS Signer, has signed the signing time itself.
    #[error(
        "the signature needs no timestamp: its signing scheme notary.x509.signingAuthority, which AWS Signer uses, has an \
         authentic signing time"
    )]
    SigningAuthority,
    /// A root certificate is unusable.
    #[error("the root certificates of the timestamping authority: {0}")]
    Root(String),
    /// The request cannot be made.
    #[error("the request for the timestamp: {0}")]
    Request(String),
    /// The authority cannot be reached, or the connection broke.
    #[error("the timestamping authority {url}: {why}")]
    Connection {
        /// Its URL.
        url: String,
        /// The error.
        why: String,
    },
    /// The TLS handshake failed, and would fail again.
    #[error("the timestamping authority {url}: {why}")]
    Tls {
        /// Its URL.
        url: String,
        /// The reason.
        why: TlsFailure,
    },
    /// No complete answer arrived in time.
    #[error("the timestamping authority {url} did not answer within {} s", .time.as_secs_f32())]
    Timeout {
        /// Its URL.
        url: String,
        /// The time limit.
        time: Duration,
    },
    /// The authority answered another HTTP status than 200.
    #[error("the timestamping authority {url} answered with HTTP status {status}")]
    Status {
        /// Its URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer is of another type.
    #[error("the timestamping authority {url} answered with the media type {found:?}, not application/timestamp-reply")]
    ContentType {
        /// Its URL.
        url: String,
        /// The media type.
        found: String,
    },
    /// The answer is too large.
    #[error("the timestamping authority {url} answered with more than {most} bytes, the size limit")]
    TooLarge {
        /// Its URL.
        url: String,
        /// The limit in bytes.
        most: u64,
    },
    /// The response has no token for the request.
    #[error("the timestamping authority {url}: {source}")]
    Response {
        /// Its URL.
        url: String,
        /// The error.
        source: Box<ResponseError>,
    },
    /// The token does not verify.
    #[error("the timestamping authority {url} sent a timestamp that does not verify: {source}")]
    Token {
        /// Its URL.
        url: String,
        /// The error.
        source: Box<TimestampError>,
    },
    /// The certificates of the signer were not valid at the time of the timestamp, which would prove nothing.
    #[error("a timestamp comes too late or too early for this signature: {0}")]
    NotValid(ChainError),
    /// The certificates of the signer are valid now, but were not at the time of the timestamp.
    #[error(
        "the timestamping authority {url} stamped another time than now, or with too little accuracy, so that the \
         timestamp proves nothing: {source}"
    )]
    Time {
        /// Its URL.
        url: String,
        /// The certificate of the signer, and the limit of the time at which it was not valid.
        source: Box<ChainError>,
    },
    /// A certificate of the authority is revoked. The message names the source.
    #[error("{}", revoked_authority(.0))]
    Revoked(String),
    /// Whether the authority's certificates are revoked is unknown.
    #[error("the timestamping authority: {0}")]
    Undecided(Failure),
}

impl TimestampingError {
    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Envelope(_) | Self::Verify(_) => ReasonCode::Integrity,
            Self::SigningAuthority | Self::Root(_) | Self::Tls { .. } => ReasonCode::Configuration,
            Self::Request(_) => ReasonCode::Internal,
            Self::Connection { .. } => ReasonCode::Unreachable,
            Self::Timeout { .. } => ReasonCode::Deadline,
            Self::Status { status: 429, .. } => ReasonCode::Throttled,
            Self::Status { status: 401, .. } => ReasonCode::Credentials,
            Self::Status { status: 403, .. } => ReasonCode::Denied,
            Self::Status { status: 404 | 410, .. } => ReasonCode::NotFound,
            // These may pass: a timeout, and a request that came too early.
            Self::Status { status: 408 | 425, .. } => ReasonCode::Protocol,
            Self::Status { status: 400..=499, .. } => ReasonCode::Configuration,
            Self::Status { .. } | Self::ContentType { .. } | Self::TooLarge { .. } => ReasonCode::Protocol,
            Self::Response { source, .. } => source.code(),
            // The user names the roots; what else is wrong with the token is the authority's failure.
            Self::Token { source, .. } => match **source {
                TimestampError::UntrustedChain { .. } => ReasonCode::Configuration,
                _ => ReasonCode::Protocol,
            },
            Self::Time { .. } => ReasonCode::Protocol,
            Self::NotValid(_) => ReasonCode::CertificateValidity,
            // The user names the authority. No signature was judged.
            Self::Revoked(_) => ReasonCode::Configuration,
            Self::Undecided(failure) => failure.code,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Connection { .. } => Some(Advice::CheckNetwork),
            Self::Tls { why: TlsFailure::UnknownAuthority, .. } => Some(Advice::TrustServerAuthority),
            Self::Timeout { .. } => Some(Advice::AllowTimestampMoreTime),
            Self::NotValid(_) => Some(Advice::SignAgain),
            Self::Status { url, .. } if matches!(self.code(), ReasonCode::NotFound | ReasonCode::Configuration) => {
                Some(Advice::CheckEndpoint { url: url.clone() })
            }
            Self::Token { source, .. } => match &**source {
                TimestampError::UntrustedChain { .. } => None,
                TimestampError::Chain(ChainError::NotValidAt { .. }) => Some(Advice::CorrectAuthorityTime),
                _ => Some(Advice::UseAnotherAuthority),
            },
            Self::Time { .. } => Some(Advice::CorrectAuthorityTime),
            Self::Revoked(_) => Some(Advice::UseAnotherAuthority),
            // The deadline is that of the timestamp.
            Self::Undecided(Failure { advice: Some(Advice::AllowMoreTime), .. }) => {
                Some(Advice::AllowTimestampMoreTime)
            }
            Self::Undecided(failure) => failure.advice.clone(),
            _ => None,
        }
    }
}

/// Says of a revocation that it concerns the authority, not the signer.
pub(crate) fn revoked_authority(message: &str) -> String {
    let which = message.strip_prefix("revoked: ").unwrap_or(message);
    format!("a certificate of the timestamping authority is revoked: {which}")
}
