//! `GetRevocationStatus`: returns which of a signature's profile version, job and certificates are revoked.

use aws_names::{JobArn, Location, ProfileVersionArn};
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, Shape, Timestamp, shapes};
use crate::store::RevocationQuery;

/// Two SHA-384 hashes in hex: of the TBS bytes of a certificate and of its issuer.
const IDENTIFIER_LENGTH: usize = 192;
/// More certificates than any chain has.
const MAX_CERTIFICATES: usize = 100;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "GetRevocationStatus",
    method: Method::GET,
    path: "/revocations",
    parameters: &[
        Member::query("signatureTimestamp", Shape::Timestamp).required(),
        Member::query("platformId", shapes::TEXT).required(),
        Member::query("profileVersionArn", shapes::ARN).required(),
        Member::query("jobArn", shapes::ARN).required(),
        Member::query("certificateHashes", Shape::List { of: &shapes::TEXT, min: 0, max: MAX_CERTIFICATES }).required(),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "Knows only the revocations of this local signer. Clients send it to the host `data-` + endpoint.",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?)?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The signing time.
    pub signature_timestamp: Timestamp,
    /// The platform.
    pub platform_id: String,
    /// The profile version that signed.
    pub profile_version_arn: String,
    /// The job that signed.
    pub job_arn: String,
    /// The composite identifiers of the chain's certificates.
    pub certificate_hashes: Vec<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    revoked_entities: Vec<String>,
}

/// Returns the revoked parts of a signature. Any account may ask about signatures of other accounts, since verifiers
/// usually use another account than the signer. Unknown parts are not revoked.
///
/// # Errors
/// Returns [`ApiError::Validation`] if a parameter is malformed, or of another partition.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    if !parameters::platform(&input.platform_id)?.revocation_supported {
        return Err(ApiError::Validation(format!("Revocation is not supported for platform {}.", input.platform_id)));
    }
    let profile: ProfileVersionArn = input.profile_version_arn.parse()?;
    let job: JobArn = input.job_arn.parse()?;
    same_partition(caller, "profileVersionArn", profile.location())?;
    same_partition(caller, "jobArn", job.location())?;

    let certificates = &input.certificate_hashes;
    let is_identifier = |text: &String| text.len() == IDENTIFIER_LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !certificates.iter().all(is_identifier) {
        let rule = "each member must be two SHA-384 hashes in hexadecimal (192 digits)";
        return Err(parameters::invalid("certificateHashes", rule));
    }

    let query = RevocationQuery {
        profile: &profile,
        job: &job,
        certificates,
        signed_at: input.signature_timestamp.milliseconds(),
        now: service.clock.now(),
    };
    Ok(Output { revoked_entities: service.store.revoked_entities(&query)? })
}

/// Rejects ARNs of another partition. Revocations are known only within their partition, so an answer here would report
/// revoked signatures as good.
fn same_partition(caller: &Caller, parameter: &str, location: &Location) -> Result<(), ApiError> {
    let here = caller.location();
    if location.partition() == here.partition() {
        return Ok(());
    }
    Err(parameters::invalid(
        parameter,
        &format!(
            "the ARN is of the partition {}, but the request is for region {} of the partition {}",
            location.partition(),
            here.region(),
            here.partition()
        ),
    ))
}
