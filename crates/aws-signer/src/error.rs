//! Errors of calls to AWS Signer, and their classification.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::answer::AnswerError;
use super::config::{ConfigError, Keys};

/// The maximum length of a service's text in bytes.
const MAX_TEXT: usize = 2000;

/// A failed call to AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The operation, such as `SignPayload`.
    pub operation: &'static str,
    /// The region of the call.
    pub region: String,
    /// The profile of the shared AWS configuration for the credentials, if one was named.
    pub profile: Option<String>,
    /// The endpoint, if it is not AWS's default.
    pub endpoint: Option<String>,
    /// How the message refers to configuration keys.
    pub keys: Keys,
    /// The failure.
    pub failure: Failure,
}

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
    /// No credentials were found or loaded.
    NoCredentials(String),
    /// The deadline has passed. The value is the time budget.
    Timeout(Duration),
    /// The service could not be reached, or the connection broke.
    Connection(String),
    /// The answer does not come from AWS Signer.
    Answer(String),
    /// The request could not be created.
    Request(String),
    /// The AWS configuration is invalid.
    Configuration(ConfigError),
}

/// The kind of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The request is invalid, for example because of an unknown profile.
    Invalid,
    /// Credentials are missing, invalid or expired, or lack a permission.
    AccessDenied,
    /// Too many requests. A retry may succeed.
    Throttled,
    /// The deadline has passed. A retry may succeed.
    Timeout,
    /// Everything else.
    Other,
}

impl CallError {
    /// Returns the kind of this failure.
    #[must_use]
    pub fn kind(&self) -> CallErrorKind {
        match &self.failure {
            Failure::NoCredentials(_) => CallErrorKind::AccessDenied,
            Failure::Timeout(_) => CallErrorKind::Timeout,
            Failure::Configuration(_) => CallErrorKind::Invalid,
            Failure::Connection(_) | Failure::Answer(_) | Failure::Request(_) => CallErrorKind::Other,
            Failure::Refused { status, code, .. } => kind_of_code(code.as_deref().unwrap_or_default(), *status),
        }
    }
}

impl CallError {
    /// Returns advice as a sentence, if the call can only succeed after a change.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let credentials = match &self.profile {
            Some(profile) => format!("the AWS profile {profile}"),
            None => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
        };
        let operation = self.operation;
        match &self.failure {
            Failure::NoCredentials(_) => Some(format!(
                "Provide AWS credentials that may call signer:{operation}: set {credentials}, or name a profile of the \
                 shared AWS configuration (--aws-profile, aws-profile)."
            )),
            Failure::Configuration(_) => Some("Correct or remove the setting named in the error.".to_owned()),
            Failure::Refused { code, .. } if self.kind() == CallErrorKind::AccessDenied => {
                Some(match code.as_deref().unwrap_or_default() {
                    "ExpiredToken" | "ExpiredTokenException" => {
                        format!("The AWS credentials have expired: get new ones and set {credentials}.")
                    }
                    "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "UnauthorizedException" => {
                        format!("Allow signer:{operation} for these AWS credentials in an IAM policy, or use others.")
                    }
                    _ => format!("AWS rejected the credentials: check {credentials}, and the clock of this machine."),
                })
            }
            _ => None,
        }
    }
}

fn kind_of_code(code: &str, status: u16) -> CallErrorKind {
    match code {
        "ValidationException" | "BadRequestException" | "NotFoundException" | "ResourceNotFoundException" => {
            CallErrorKind::Invalid
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown" => CallErrorKind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnauthorizedException"
        | "UnrecognizedClientException" => CallErrorKind::AccessDenied,
        // Unknown codes are classified by status.
        _ => match status {
            401 | 403 => CallErrorKind::AccessDenied,
            429 => CallErrorKind::Throttled,
            _ => CallErrorKind::Other,
        },
    }
}

impl Failure {
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
        if let Some(credentials) = find::<CredentialsError>(&error) {
            // The SDK's wording for every source without credentials.
            let why = error_chain(credentials).replace("the credential provider was not enabled: ", "");
            return Self::NoCredentials(
                why.replace("the credential provider was not enabled", "it has no credentials"),
            );
        }
        if let Some(answer) = find::<AnswerError>(&error) {
            return Self::Answer(error_chain(answer));
        }
        match &error {
            SdkError::TimeoutError(_) => Self::Connection(error_chain(&error)),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(e) if e.is_io() || e.is_timeout() => Self::Connection(error_chain(e)),
                // The connection ended before the answer was complete. The SDK retries this.
                Some(e) if e.as_other().is_some() => Self::Connection(error_chain(e)),
                Some(e) if e.is_user() => Self::Request(error_chain(e)),
                // The answer is not HTTP.
                Some(e) => Self::Answer(error_chain(e.source().unwrap_or(e))),
                None => Self::Connection(error_chain(&error)),
            },
            SdkError::ResponseError(_) => Self::Answer(error_chain(&error)),
            _ => Self::Request(error_chain(&error)),
        }
    }
}

/// Returns the first error of type `T` in the chain of sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}

/// Joins the messages of an error and its sources, without repetitions.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
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

impl Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, region, profile, endpoint, keys, failure } = self;
        let key = keys.prefix();
        write!(f, "{operation} in {region}")?;
        if let Some(profile) = profile {
            write!(f, " (AWS profile {profile})")?;
        }
        match failure {
            Failure::Refused { status, code, message, request_id } => {
                let code = code.as_deref().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
                write!(f, " was refused: {code}")?;
                if let Some(message) = message {
                    write!(f, ": {message}")?;
                }
                if let Some(id) = request_id {
                    write!(f, " (request id {id})")?;
                }
                match self.kind() {
                    CallErrorKind::Throttled => {
                        f.write_str("; the account's quota of calls is used up, try again later")
                    }
                    _ => Ok(()),
                }
            }
            Failure::NoCredentials(why) => {
                write!(f, " was not made: there are no AWS credentials: {}. ", why.trim_end_matches('.'))?;
                let what = if *keys == Keys::PluginConfig { "the plugin configuration " } else { "" };
                match profile {
                    // With a named profile, the credentials in the environment are not used.
                    Some(_) => {
                        write!(f, "Check that profile in ~/.aws/config, or name another with {key}aws-profile")
                    }
                    None => write!(
                        f,
                        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with {what}{key}aws-profile"
                    ),
                }
            }
            Failure::Timeout(budget) => write!(
                f,
                " got no complete answer within {} s; set {key}aws-signer-timeout to allow more time",
                budget.as_secs_f64()
            ),
            Failure::Connection(why) => match endpoint {
                Some(url) => write!(
                    f,
                    " failed: the service could not be reached: {why}; check that {url} is the right endpoint \
                     ({key}aws-signer-endpoint-url, AWS_ENDPOINT_URL_SIGNER, AWS_ENDPOINT_URL) and that it is running"
                ),
                None => write!(f, " failed: the service could not be reached: {why}; check the network and the proxy"),
            },
            Failure::Answer(why) => write!(f, " got an invalid answer: {why}"),
            Failure::Request(why) => write!(f, " could not be made: {why}"),
            Failure::Configuration(why) => write!(f, " was not made: {why}"),
        }
    }
}
