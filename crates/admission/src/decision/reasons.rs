//! The reasons of others in the words of decisions.

use limits::Wait;
use notary::text::{printable, start_of};
use notary::{Disposition, ReasonCode};
use notation::Failure;
use notation::verify::NoVerdict;

use super::answer::{Code, Outcome, Why};
use super::reference::ImageReference;
use crate::cache::Seen;
use crate::metrics::ResponseCode;

impl Why {
    /// A reason without a check.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, check: None, message: message.into() }
    }

    /// Adds which credentials could not be used. `None` if access was not refused.
    #[must_use]
    pub fn hinting(&self, hint: &str) -> Option<Self> {
        let is_refused = matches!(self.code, Code::Credentials | Code::NotFound);
        is_refused.then(|| Self { message: format!("{}; {hint}", self.message), ..self.clone() })
    }

    /// The time of the request is over, and this is known of the work that has not ended.
    #[must_use]
    pub fn deadline(image: &ImageReference, seen: &Seen) -> Self {
        if let Some(Wait { host, why, is_throttled, .. }) = &seen.failure {
            let code = if *is_throttled { Code::Throttled } else { Code::Unreachable };
            let why = format!("{}: {}", printable(host), start_of(&printable(why)));
            return Self::new(code, format!("{why}; the time of the request was over while it was asked again"));
        }
        let whom = seen.asked.as_deref().unwrap_or(image.registry());
        Self::new(Code::Deadline, format!("the time of the request was over; {whom} did not answer before"))
    }
}

impl From<&Failure> for Why {
    fn from(failure: &Failure) -> Self {
        let message = printable(&failure.message);
        let message = match failure.code {
            ReasonCode::NotFound => {
                format!("the image does not exist, or its registry hides it without credentials: {message}")
            }
            _ => message,
        };
        Self::new(code(failure.code), message)
    }
}

impl From<&NoVerdict> for Why {
    fn from(why: &NoVerdict) -> Self {
        Self::new(code(why.code()), printable(&why.to_string()))
    }
}

/// Only judgements refuse: what must be corrected somewhere is undetermined for the image.
pub(super) fn outcome(disposition: Disposition) -> Outcome {
    match disposition {
        Disposition::Refused => Outcome::Refused,
        Disposition::Undetermined | Disposition::Misconfigured => Outcome::Undetermined,
    }
}

/// The kind of reason in answers and metrics.
pub(super) fn code(code: ReasonCode) -> Code {
    use ReasonCode as R;
    match code {
        R::Unsigned => Code::Unsigned,
        R::Untrusted | R::MissingSigners | R::Metadata => Code::Untrusted,
        R::Revoked => Code::Revoked,
        R::Expired | R::CertificateValidity => Code::Expired,
        R::Integrity | R::OtherArtifact | R::Timestamp | R::Unsupported | R::TooMany => Code::Integrity,
        R::NotFound => Code::NotFound,
        R::Throttled => Code::Throttled,
        R::Quota => Code::Quota,
        R::Deadline => Code::Deadline,
        R::Credentials | R::Denied => Code::Credentials,
        R::Unreachable
        | R::Protocol
        | R::WrongContent
        | R::Contention
        | R::Internal
        | R::Configuration
        | R::File
        | R::Exists
        | R::JobFailed => Code::Unreachable,
    }
}

/// The label of a request that ended so; `None` is success.
pub(super) fn response(code: Option<ReasonCode>) -> ResponseCode {
    match code {
        None => ResponseCode::from_status(200),
        Some(ReasonCode::Deadline) => ResponseCode::TIMEOUT,
        Some(ReasonCode::Throttled | ReasonCode::Quota) => ResponseCode::from_status(429),
        Some(ReasonCode::NotFound) => ResponseCode::from_status(404),
        Some(ReasonCode::Credentials) => ResponseCode::from_status(401),
        Some(ReasonCode::Denied) => ResponseCode::from_status(403),
        Some(_) => ResponseCode::FAILED,
    }
}
