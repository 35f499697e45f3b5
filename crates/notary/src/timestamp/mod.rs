//! Timestamps of signatures: tokens of a timestamping authority (TSA) that show when a signature existed. RFC 3161 and
//! RFC 5816, with the parts of CMS (RFC 5652) and of its signing certificate attribute (RFC 5035) that they use;
//! notaryproject/specifications, `trust-store-trust-policy.md`, "Timestamp Countersignature Verification details".
//!
//! A token is DER throughout: RFC 3161, 3.4, transports "the ASN.1 DER-encoded Time-Stamp Response message". CMS alone
//! would allow BER, which has many forms of one token.
//!
//! Whether a certificate of the authority was revoked is left to the caller, who gets the chain.

mod algorithm;
mod attributes;
mod cache;
mod error;
mod path;
mod request;
mod response;
mod signed_data;
#[cfg(test)]
mod tests;
mod tst_info;
mod unused;
mod verify;

pub use cache::AuthorityCache;
pub use error::TimestampError;
pub use request::TimestampRequest;
pub use response::{PkiStatus, ResponseError};
pub use signed_data::TimestampToken;
pub use tst_info::{Accuracy, TstInfo};
pub use verify::VerifiedTimestamp;

/// The maximum size of a token in bytes. Real ones have 3 to 10 KiB; notation reads no larger one from an authority.
pub const MAX_TOKEN_SIZE: usize = 1024 * 1024;
/// The media type of a request over HTTP: RFC 3161, 3.4.
pub const QUERY_MEDIA_TYPE: &str = "application/timestamp-query";
/// The media type of a response over HTTP: RFC 3161, 3.4.
pub const REPLY_MEDIA_TYPE: &str = "application/timestamp-reply";
