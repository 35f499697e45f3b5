//! Why a call to an AWS service failed, and what kind of failure it is.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use notary::text::innermost_cause;
use notary::{Advice, ReasonCode};

use super::answer::AnswerError;
use super::config::ConfigError;
use super::credentials::CredentialsFailure;
use super::http::{ConnectError, ThroughProxy};
use super::journal::{UsedCredentials, Waiting};
use super::watched::NotHttp;

/// The maximum length of a service's text in bytes.
const MAX_TEXT: usize = 2000;

/// The failure of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// AWS answered with an error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// AWS's error code, such as `AccessDeniedException`.
        code: Option<String>,
        /// AWS's message, or the start of a body that does not come from AWS.
        message: Option<String>,
        /// The request id.
        request_id: Option<String>,
    },
    /// No credentials were obtained, so the service was not called.
    Credentials(Box<CredentialsFailure>),
    /// The deadline has passed.
    Timeout {
        /// The time budget.
        budget: Duration,
        /// What the call was waiting for, if it had begun.
        waiting: Option<Box<Waiting>>,
    },
    /// The service could not be reached, or the connection broke.
    Connection {
        /// The host.
        host: Option<String>,
        /// The error.
        why: String,
    },
    /// The answer does not come from AWS Signer.
    Answer(String),
    /// The request could not be created.
    Request(String),
    /// The AWS configuration is invalid.
    Configuration(ConfigError),
    /// No connection is made because of the settings of this machine: proxy, certificate authorities.
    Connect(ConnectError),
}

impl Failure {
    /// Returns the kind of this failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Refused { status, code, .. } => code_of_refusal(*status, code.as_deref().unwrap_or_default()),
            Self::Credentials(why) => why.code(),
            Self::Timeout { .. } => ReasonCode::Deadline,
            Self::Connection { .. } => ReasonCode::Unreachable,
            Self::Answer(_) => ReasonCode::Protocol,
            Self::Request(_) => ReasonCode::Internal,
            Self::Configuration(why) => why.code(),
            Self::Connect(_) => ReasonCode::Configuration,
        }
    }

    /// Returns the AWS error code of a refusal, such as `AccessDeniedException`.
    #[must_use]
    pub fn aws_code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Returns what to do about the failure of a call that needs the IAM permission `action`. `used` are the
    /// credentials that it was made with.
    #[must_use]
    pub fn advice(&self, action: &str, used: Option<&UsedCredentials>) -> Option<Advice> {
        match (self, self.code()) {
            (Self::Credentials(why), _) => why.advice(action),
            (_, ReasonCode::Credentials) => {
                let used = used.cloned().unwrap_or_else(UsedCredentials::unknown);
                let UsedCredentials { source, temporary } = used;
                Some(match self.aws_code() {
                    Some("ExpiredToken" | "ExpiredTokenException") => {
                        Advice::RenewAwsCredentials { source, temporary: true }
                    }
                    _ => Advice::CheckAwsCredentials { source, temporary },
                })
            }
            (_, ReasonCode::Denied) => Some(Advice::GrantPermission { action: action.to_owned() }),
            (_, ReasonCode::Throttled) => Some(Advice::SendFewerRequests),
            (Self::Timeout { waiting: Some(waiting), .. }, _) if waiting.is_instance_metadata() => {
                Some(Advice::RaiseHopLimit)
            }
            (Self::Timeout { .. }, _) => Some(Advice::AllowMoreTime),
            (Self::Connection { .. }, _) => Some(Advice::CheckNetwork),
            (Self::Connect(why), _) => why.advice(None),
            (Self::Configuration(_), _) => Some(Advice::CorrectSetting),
            _ => None,
        }
    }

    /// Returns the failure with the host that was called, where the connection failed.
    #[must_use]
    pub fn at_host(self, called: Option<String>) -> Self {
        match self {
            Self::Connection { host: None, why } => Self::Connection { host: called, why },
            other => other,
        }
    }
}

/// What happened to the call: the predicate of a sentence that begins with the operation.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, code, message, request_id } => {
                let code = code.as_deref().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
                write!(f, "was refused: {code}")?;
                if let Some(message) = message {
                    write!(f, ": {message}")?;
                }
                request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request id {id})"))
            }
            Self::Credentials(why) => write!(f, "was not made: {}", why.to_string().trim_end_matches('.')),
            Self::Timeout { budget, waiting } => {
                let budget = budget.as_secs_f64();
                match waiting.as_deref() {
                    Some(waiting @ Waiting::Credentials { .. }) => {
                        write!(f, "was not made: no credentials from {waiting} within {budget} s")
                    }
                    Some(Waiting::Service { host: Some(host) }) => {
                        write!(f, "got no complete answer from {host} within {budget} s")
                    }
                    _ => write!(f, "got no complete answer within {budget} s"),
                }
            }
            Self::Connection { host: Some(host), why } => {
                write!(f, "failed: the service at {host} could not be reached: {why}")
            }
            Self::Connection { host: None, why } => write!(f, "failed: the service could not be reached: {why}"),
            Self::Answer(why) => write!(f, "got an invalid answer: {why}"),
            Self::Request(why) => write!(f, "could not be made: {why}"),
            Self::Configuration(why) => write!(f, "was not made: {why}"),
            Self::Connect(why) => write!(f, "failed: {why}"),
        }
    }
}

/// The kind of a refusal, by AWS's error code, otherwise by the HTTP status.
pub(super) fn code_of_refusal(status: u16, code: &str) -> ReasonCode {
    match code {
        "ValidationException" | "BadRequestException" | "SerializationException" => ReasonCode::Configuration,
        // The endpoint does not have the operation, so a retry fails in the same way.
        "UnknownOperationException" | "UnsupportedOperationException" => ReasonCode::Configuration,
        "NotFoundException" | "ResourceNotFoundException" => ReasonCode::NotFound,
        "ServiceLimitExceededException" => ReasonCode::TooMany,
        "ConflictException" => ReasonCode::Contention,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown" => ReasonCode::Throttled,
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "UnauthorizedException" => ReasonCode::Denied,
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => ReasonCode::Credentials,
        _ => match status {
            401 => ReasonCode::Credentials,
            403 => ReasonCode::Denied,
            429 => ReasonCode::Throttled,
            500.. => ReasonCode::Unreachable,
            // Whether the request or the endpoint is wrong is unknown: a proxy or a gateway may have answered.
            _ => ReasonCode::Protocol,
        },
    }
}

impl Failure {
    /// Classifies an error of the AWS SDK.
    pub fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if let SdkError::ServiceError(service) = &error {
            let raw = service.raw();
            if raw.status().is_success() {
                // The SDK reports an unreadable success as a service error.
                let why: &(dyn Error + 'static) = service.err();
                return Self::Answer(error_chain(why.source().unwrap_or(why)));
            }
            let code = service.err().code().map(|code| printable(code.as_bytes()));
            let message = service.err().message().map(|message| printable(message.as_bytes()));
            return Self::Refused {
                status: raw.status().as_u16(),
                message: message.or_else(|| {
                    raw.body().bytes().filter(|_| code.is_none()).map(printable).filter(|text| !text.is_empty())
                }),
                code,
                request_id: raw.request_id().map(|id| printable(id.as_bytes())),
            };
        }
        if let Some(credentials) = find::<CredentialsFailure>(&error) {
            return Self::Credentials(Box::new(credentials.clone()));
        }
        if let Some(why) = find::<ConnectError>(&error) {
            return Self::Connect(why.clone());
        }
        if let Some(other) = find::<CredentialsError>(&error) {
            return Self::Request(error_chain(other));
        }
        if let Some(answer) = find::<AnswerError>(&error) {
            return Self::Answer(error_chain(answer));
        }
        let connection = |error| Self::Connection { host: None, why: error_chain(error) };
        match &error {
            SdkError::TimeoutError(_) => connection(&error),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(e) if e.is_io() || e.is_timeout() => connection(e),
                // The connection ended before the answer was complete. The SDK retries this.
                Some(e) if e.as_other().is_some() => connection(e),
                Some(e) if find::<NotHttp>(e).is_some() => Self::Answer(error_chain(e.source().unwrap_or(e))),
                // The SDK reports a request that it could not create or sign in this way, too.
                Some(e) => Self::Request(error_chain(e.source().unwrap_or(e))),
                None => connection(&error),
            },
            SdkError::ResponseError(_) => Self::Answer(error_chain(&error)),
            _ => Self::Request(error_chain(&error)),
        }
    }
}

/// Returns the first error of type `T` in the chain of sources.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}

/// Joins the messages of an error and its sources, without repetitions. Of a failed connection, it returns the
/// innermost cause, and the proxy if there was one.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    if let Some(connection) = find::<ConnectorError>(error).filter(|error| find::<AnswerError>(*error).is_none()) {
        let why = innermost_cause(connection);
        return match find::<ThroughProxy>(connection) {
            Some(proxy) => format!("{why} ({proxy})"),
            None => why,
        };
    }
    let mut text = String::new();
    for part in std::iter::successors(Some(error), |&e| e.source()).map(ToString::to_string) {
        if text.is_empty() {
            text = part;
        } else if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
    }
    printable(text.as_bytes())
}

/// Sanitizes text from outside.
fn printable(bytes: &[u8]) -> String {
    notary::text::printable(&String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)])).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use notary::{CredentialsSource, Disposition};

    use super::*;

    fn refused(status: u16, code: Option<&str>) -> Failure {
        Failure::Refused { status, code: code.map(str::to_owned), message: None, request_id: None }
    }

    #[test]
    fn a_request_that_could_not_be_built_is_no_answer() {
        type SigningError = SdkError<aws_sdk_signer::operation::sign_payload::SignPayloadError, HttpResponse>;
        let invalid = || ConnectorError::other("invalid header".into(), None);
        for error in [SigningError::dispatch_failure(invalid()), SigningError::construction_failure("invalid")] {
            let failure = Failure::from_sdk(error);
            assert!(matches!(&failure, Failure::Request(why) if why.contains("invalid")), "{failure:?}");
        }
        let from_peer = ConnectorError::other(NotHttp(invalid()).into(), None);
        assert!(matches!(Failure::from_sdk(SigningError::dispatch_failure(from_peer)), Failure::Answer(_)));
    }

    #[test]
    fn a_failed_connection_has_its_innermost_cause() {
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let wrapped = ConnectorError::io(Box::new(ConnectorError::io(refused().into())));
        type SignError = SdkError<aws_sdk_signer::operation::sign_payload::SignPayloadError, HttpResponse>;
        let failure = Failure::from_sdk(SignError::dispatch_failure(wrapped));
        let expected = refused().to_string();
        assert_eq!(failure, Failure::Connection { host: None, why: expected });
        assert_eq!(failure.code(), ReasonCode::Unreachable);
    }

    #[test]
    fn a_timeout_says_what_was_waited_for() {
        let timeout = |waiting: Option<Waiting>| Failure::Timeout {
            budget: Duration::from_secs(4),
            waiting: waiting.map(Box::new),
        };
        let source = CredentialsSource::Process { profile: "ci".to_owned() };
        for (waiting, text) in [
            (None, "got no complete answer within 4 s"),
            (
                Some(Waiting::Service { host: Some("signer.us-west-2.amazonaws.com".to_owned()) }),
                "got no complete answer from signer.us-west-2.amazonaws.com within 4 s",
            ),
            (
                Some(Waiting::Credentials { source, host: None }),
                "was not made: no credentials from credential_process of the AWS profile \"ci\" within 4 s",
            ),
        ] {
            assert_eq!(timeout(waiting).to_string(), text);
        }
        let source = CredentialsSource::InstanceMetadata;
        let waiting = Some(Waiting::Credentials { source, host: Some("169.254.169.254".to_owned()) });
        assert_eq!(timeout(waiting).advice("signer:SignPayload", None), Some(Advice::RaiseHopLimit));
    }

    #[test]
    fn the_remedy_is_that_of_the_source_in_use() {
        let expired = refused(400, Some("ExpiredTokenException"));
        for (source, word) in [
            (CredentialsSource::Environment, "AWS_SESSION_TOKEN"),
            (CredentialsSource::Profile { profile: "ci".to_owned() }, "aws_session_token of the AWS profile \"ci\""),
            (CredentialsSource::Sso { profile: "my ci".to_owned() }, "aws sso login --profile 'my ci'"),
        ] {
            let used = UsedCredentials { source, temporary: true };
            let advice = expired.advice("signer:SignPayload", Some(&used)).map(|advice| advice.to_string());
            assert!(advice.is_some_and(|advice| advice.contains(word)), "{word}");
        }
    }

    #[test]
    fn no_failure_of_the_service_is_a_refusal() {
        for code in ["", "AccessDeniedException", "ResourceNotFoundException", "ThrottlingException", "Unknown"] {
            for status in [400, 401, 403, 404, 418, 429, 500, 503] {
                let reason = refused(status, Some(code)).code();
                assert_ne!(reason.disposition(), Disposition::Refused, "{status} {code}");
            }
        }
    }

    #[test]
    fn the_code_of_aws_precedes_the_status() {
        for (status, code, expected) in [
            (400, Some("ExpiredTokenException"), ReasonCode::Credentials),
            (403, Some("AccessDeniedException"), ReasonCode::Denied),
            (403, Some("InvalidSignatureException"), ReasonCode::Credentials),
            (400, Some("ThrottlingException"), ReasonCode::Throttled),
            (404, Some("ResourceNotFoundException"), ReasonCode::NotFound),
            (404, Some("NotFoundException"), ReasonCode::NotFound),
            (404, Some("UnknownOperationException"), ReasonCode::Configuration),
            (400, Some("ValidationException"), ReasonCode::Configuration),
            (400, Some("BadRequestException"), ReasonCode::Configuration),
            (402, Some("ServiceLimitExceededException"), ReasonCode::TooMany),
            (409, Some("ConflictException"), ReasonCode::Contention),
            (429, Some("TooManyRequestsException"), ReasonCode::Throttled),
            (500, Some("InternalServiceErrorException"), ReasonCode::Unreachable),
            (429, None, ReasonCode::Throttled),
            (502, None, ReasonCode::Unreachable),
            (404, None, ReasonCode::Protocol),
        ] {
            assert_eq!(refused(status, code).code(), expected, "{status} {code:?}");
        }
    }
}
