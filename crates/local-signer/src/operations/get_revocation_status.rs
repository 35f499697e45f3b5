//! `GetRevocationStatus`: returns which of a signature's profile version, job and certificates are revoked.

use aws_names::{JobArn, Location, ProfileVersionArn};
use notary::text::parse_rfc3339;
use serde::Serialize;

use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::RevocationQuery;

/// Two SHA-384 hashes in hex: of the TBS bytes of a certificate and of its issuer.
const IDENTIFIER_LENGTH: usize = 192;

/// The operation's parameters.
#[derive(Debug, Default)]
pub struct Input {
    /// The signing time, RFC 3339.
    pub signature_timestamp: Option<String>,
    /// The platform.
    pub platform_id: Option<String>,
    /// The profile version that signed.
    pub profile_version_arn: Option<String>,
    /// The job that signed.
    pub job_arn: Option<String>,
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
/// Returns [`ApiError::Validation`] if a parameter is absent, malformed, or of another partition.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let timestamp = parameters::required("signatureTimestamp", input.signature_timestamp)?;
    let signed_at = parse_rfc3339(&timestamp).ok_or_else(|| {
        parameters::invalid("signatureTimestamp", "Member must be a time such as 2026-01-02T03:04:05Z")
    })?;
    parameters::platform_id(input.platform_id.as_deref())?;
    let profile: ProfileVersionArn = parameters::required("profileVersionArn", input.profile_version_arn)?.parse()?;
    let job: JobArn = parameters::required("jobArn", input.job_arn)?.parse()?;
    same_partition(caller, "profileVersionArn", profile.location())?;
    same_partition(caller, "jobArn", job.location())?;

    let certificates = &input.certificate_hashes;
    if certificates.is_empty() {
        return Err(parameters::invalid("certificateHashes", "Member must not be null"));
    }
    let is_identifier = |text: &String| text.len() == IDENTIFIER_LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !certificates.iter().all(is_identifier) {
        let rule = "each member must be two SHA-384 hashes in hexadecimal (192 digits)";
        return Err(parameters::invalid("certificateHashes", rule));
    }

    let signed_at = i64::try_from(signed_at.unix_timestamp_nanos() / 1_000_000)
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    let query = RevocationQuery { profile: &profile, job: &job, certificates, signed_at };
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
