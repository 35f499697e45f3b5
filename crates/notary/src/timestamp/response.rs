//! Responses of timestamping authorities: `TimeStampResp`, RFC 3161, 2.4.2.

use std::fmt;

use der::Tag;
use der::asn1::BitStringRef;

use super::error::TimestampError;
use crate::ReasonCode;
use crate::element::{Element, single};
use crate::text::{printable, start_of};

/// Why a response has no token for the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The response is not a `TimeStampResp` in DER.
    #[error("not a timestamp response: {0}")]
    Malformed(String),
    /// The authority refuses the request.
    #[error("the timestamping authority refuses the request: {0}")]
    Refused(PkiStatus),
    /// The response has a token although it refuses the request, or the reverse.
    #[error("the timestamp response has the status {0}, which does not go with {1}")]
    Contradiction(u8, &'static str),
    /// The token is malformed.
    #[error(transparent)]
    Token(TimestampError),
    /// The token is for another message.
    #[error("the timestamp is for another message than the one requested")]
    OtherMessage,
    /// The token has no nonce, or another one.
    #[error("the timestamp does not have the nonce of the request: it may be the answer to an older one")]
    Nonce,
}

impl ResponseError {
    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            // "the TSA's time source is not available" and "system failure" may pass.
            Self::Refused(status) if !status.is_temporary() => ReasonCode::Denied,
            _ => ReasonCode::Protocol,
        }
    }
}

/// `PKIStatusInfo` of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PkiStatus {
    status: u8,
    text: String,
    failures: Vec<u32>,
}

/// `PKIFailureInfo`: the bits and their meaning, in the words of RFC 3161.
const FAILURES: [(u32, &str); 8] = [
    (0, "badAlg: unrecognized or unsupported algorithm"),
    (2, "badRequest: transaction not permitted or supported"),
    (5, "badDataFormat: the data submitted has the wrong format"),
    (TIME_NOT_AVAILABLE, "timeNotAvailable: its time source is not available"),
    (15, "unacceptedPolicy: the requested policy is not supported"),
    (16, "unacceptedExtension: the requested extension is not supported"),
    (17, "addInfoNotAvailable: the additional information is not understood or not available"),
    (SYSTEM_FAILURE, "systemFailure: system failure"),
];
const TIME_NOT_AVAILABLE: u32 = 14;
const SYSTEM_FAILURE: u32 = 25;
/// `PKIStatus` waiting.
const WAITING: u8 = 3;

impl PkiStatus {
    fn is_temporary(&self) -> bool {
        self.status == WAITING || self.failures.iter().any(|bit| [TIME_NOT_AVAILABLE, SYSTEM_FAILURE].contains(bit))
    }
}

impl fmt::Display for PkiStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.status {
            2 => "rejection",
            WAITING => "waiting",
            4 => "revocationWarning",
            5 => "revocationNotification",
            _ => "unknown status",
        })?;
        for failure in &self.failures {
            match FAILURES.iter().find(|(bit, _)| bit == failure) {
                Some((_, meaning)) => write!(f, ", {meaning}")?,
                None => write!(f, ", unknown failure {failure}")?,
            }
        }
        match self.text.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", printable(&self.text)),
        }
    }
}

/// Returns the token of a response that grants the request.
pub(super) fn token_of(response: &[u8]) -> Result<&[u8], ResponseError> {
    let malformed = |why: der::Error| ResponseError::Malformed(why.to_string());
    let mut fields = single(response, Tag::Sequence).and_then(|response| response.elements()).map_err(malformed)?;
    let info = fields.required(Tag::Sequence).map_err(malformed)?;
    let status = status(&info).map_err(malformed)?;
    let token = fields.optional(Tag::Sequence).map_err(malformed)?;
    fields.finish().map_err(malformed)?;
    // "When the status contains the value zero or one, a TimeStampToken MUST be present. When status contains a value
    // other than zero or one, a TimeStampToken MUST NOT be present."
    match (status.status, token) {
        (0 | 1, Some(token)) => Ok(token.der),
        (granted @ (0 | 1), None) => Err(ResponseError::Contradiction(granted, "a missing timestamp")),
        (refused, Some(_)) => Err(ResponseError::Contradiction(refused, "a timestamp")),
        (_, None) => Err(ResponseError::Refused(status)),
    }
}

fn status(info: &Element<'_>) -> der::Result<PkiStatus> {
    let mut fields = info.elements()?;
    let status = fields.decode()?;
    let mut text = String::new();
    if let Some(lines) = fields.optional(Tag::Sequence)? {
        let mut lines = lines.elements()?;
        while !lines.is_finished() && text.len() < 1000 {
            let line: String = lines.required(Tag::Utf8String)?.decode()?;
            let separator = if text.is_empty() { "" } else { "; " };
            text = format!("{text}{separator}{}", start_of(&line));
        }
    }
    let failures = fields.optional(Tag::BitString)?.map(|bits| bits.decode::<BitStringRef<'_>>()).transpose()?;
    fields.finish()?;
    let failures = failures.iter().flat_map(|bits| bits.bits().take(64)).zip(0..).filter(|(is_set, _)| *is_set);
    Ok(PkiStatus { status, text, failures: failures.map(|(_, bit)| bit).collect() })
}
