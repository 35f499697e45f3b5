//! The errors that a rule can inject: those that an operation documents in the AWS Signer API Reference, and those that
//! every AWS service can answer ("Common Errors"). The messages are AWS's.

/// An error to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InjectedError {
    /// The error code: the value of `x-amzn-ErrorType`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The message.
    pub message: &'static str,
    /// Whether every operation can answer it.
    is_common: bool,
}

const fn own(code: &'static str, status: u16, message: &'static str) -> InjectedError {
    InjectedError { code, status, message, is_common: false }
}

const fn common(code: &'static str, status: u16, message: &'static str) -> InjectedError {
    InjectedError { code, status, message, is_common: true }
}

const ERRORS: [InjectedError; 20] = [
    own("BadRequestException", 400, "The request contains invalid parameters for the ARN or tags."),
    own("ConflictException", 409, "The resource encountered a conflicting state."),
    own("NotFoundException", 404, "The signing profile was not found."),
    own("ResourceNotFoundException", 404, "A specified resource could not be found."),
    own("ServiceLimitExceededException", 402, "The client is making a request that exceeds service limits."),
    own("ValidationException", 400, "You signing certificate could not be validated."),
    common("AccessDeniedException", 403, "You do not have sufficient access to perform this action."),
    common("ExpiredTokenException", 403, "The security token included in the request is expired"),
    common("IncompleteSignatureException", 400, "The request signature does not conform to AWS standards."),
    common(
        "InternalFailure",
        500,
        "The request processing has failed because of an unknown error, exception or failure.",
    ),
    common("InternalServiceErrorException", 500, "An internal error occurred."),
    common(
        "InvalidSignatureException",
        403,
        "The request signature we calculated does not match the signature you provided.",
    ),
    common("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    common("OptInRequired", 403, "The AWS access key ID needs a subscription for the service."),
    common(
        "RequestExpired",
        400,
        "The request reached the service more than 15 minutes after the date stamp on the request.",
    ),
    common("RequestTimeoutException", 408, "The request did not arrive in time."),
    common("ServiceUnavailableException", 503, "The request has failed due to a temporary failure of the server."),
    common("ThrottlingException", 429, "Rate exceeded"),
    common("TooManyRequestsException", 429, "Rate exceeded"),
    common("UnrecognizedClientException", 403, "The security token included in the request is invalid."),
];

/// The operations with the errors that they document, besides the common ones.
const DOCUMENTED: [(&str, &[&str]); 19] = [
    (
        "AddProfilePermission",
        &["ValidationException", "ResourceNotFoundException", "ServiceLimitExceededException", "ConflictException"],
    ),
    ("CancelSigningProfile", &["ResourceNotFoundException"]),
    ("DescribeSigningJob", &["ResourceNotFoundException"]),
    ("GetRevocationStatus", &["ValidationException"]),
    ("GetSigningPlatform", &["ResourceNotFoundException"]),
    ("GetSigningProfile", &["ResourceNotFoundException"]),
    ("ListProfilePermissions", &["ValidationException", "ResourceNotFoundException"]),
    ("ListSigningJobs", &["ValidationException"]),
    ("ListSigningPlatforms", &["ValidationException"]),
    ("ListSigningProfiles", &[]),
    ("ListTagsForResource", &["BadRequestException", "NotFoundException"]),
    ("PutSigningProfile", &["ResourceNotFoundException", "ValidationException"]),
    ("RemoveProfilePermission", &["ValidationException", "ResourceNotFoundException", "ConflictException"]),
    ("RevokeSignature", &["ValidationException", "ResourceNotFoundException"]),
    ("RevokeSigningProfile", &["ValidationException", "ResourceNotFoundException"]),
    ("SignPayload", &["ValidationException", "ResourceNotFoundException"]),
    ("StartSigningJob", &["ValidationException", "ResourceNotFoundException"]),
    ("TagResource", &["BadRequestException", "NotFoundException"]),
    ("UntagResource", &["BadRequestException", "NotFoundException"]),
];

impl InjectedError {
    /// The error with this code, if the operation can answer it; `None` as the operation accepts the errors of all.
    #[must_use]
    pub fn of(operation: Option<&str>, code: &str) -> Option<Self> {
        let error = ERRORS.into_iter().find(|error| error.code == code)?;
        let is_possible = |name| error.is_common || documented(name).contains(&code);
        operation.is_none_or(is_possible).then_some(error)
    }

    /// The codes that an operation can answer; `None` for those of all operations.
    pub fn codes(operation: Option<&str>) -> impl Iterator<Item = &'static str> {
        ERRORS.into_iter().map(|error| error.code).filter(move |code| Self::of(operation, code).is_some())
    }
}

/// The errors that an operation documents besides the common ones; none for an unknown operation.
#[must_use]
pub fn documented(operation: &str) -> &'static [&'static str] {
    DOCUMENTED.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, errors)| errors)
}

/// The name of an operation as a constant, if AWS Signer has it.
#[must_use]
pub fn operation(name: &str) -> Option<&'static str> {
    DOCUMENTED.iter().find(|(known, _)| *known == name).map(|(known, _)| *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_answers_its_documented_errors_and_the_common_ones() {
        assert!(InjectedError::of(Some("GetRevocationStatus"), "ThrottlingException").is_some());
        assert!(InjectedError::of(Some("GetRevocationStatus"), "ConflictException").is_none());
        assert!(InjectedError::of(Some("AddProfilePermission"), "ConflictException").is_some());
        assert!(InjectedError::of(None, "ConflictException").is_some());
        assert!(InjectedError::of(None, "TeapotException").is_none());
        assert_eq!(InjectedError::codes(Some("ListSigningProfiles")).count(), 14);
    }

    #[test]
    fn the_errors_are_those_of_the_operation_table() {
        for operation in crate::operations::OPERATIONS {
            let is_common = |code: &&str| InjectedError::of(None, code).is_some_and(|error| error.is_common);
            let mut expected: Vec<_> = operation.errors.iter().map(|code| code.name()).collect();
            expected.retain(|code| !is_common(code));
            expected.sort_unstable();
            let mut found = documented(operation.name).to_vec();
            found.sort_unstable();
            assert_eq!(found, expected, "{}", operation.name);
            assert_eq!(super::operation(operation.name), Some(operation.name));
            for code in operation.errors {
                let injected = InjectedError::of(Some(operation.name), code.name());
                assert_eq!(injected.map(|error| error.status), Some(code.status()), "{} {code}", operation.name);
            }
        }
    }

    #[test]
    fn every_documented_error_can_be_injected() {
        for (name, errors) in DOCUMENTED {
            for code in errors {
                assert!(InjectedError::of(Some(name), code).is_some(), "{name} {code}");
            }
        }
    }
}
