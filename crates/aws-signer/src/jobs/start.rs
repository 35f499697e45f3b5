//! `StartSigningJob`.

use aws_names::{AccountId, JobArn, ProfileName};
use aws_sdk_signer::types::{Destination, S3Destination, S3Source, Source};
use limits::Deadline;

use super::{S3Object, arn};
use crate::client::SignerClient;
use crate::error::CallError;
use crate::failure::Failure;
use crate::members::{invalid, required};

const OPERATION: &str = "StartSigningJob";

/// A signing job to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The signing profile.
    pub profile: ProfileName,
    /// The account of the profile; `None` for the caller's.
    pub profile_owner: Option<AccountId>,
    /// What to sign. AWS Signer requires its version.
    pub source: S3Object,
    /// Where the signed object goes.
    pub destination: S3Prefix,
    /// All calls with this token start the same job.
    pub client_request_token: String,
}

/// The beginning of the keys of signed objects in Amazon S3, to which AWS Signer adds the id of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Prefix {
    /// The bucket.
    pub bucket: String,
    /// The prefix; `None` for keys that are the id alone.
    pub prefix: Option<String>,
}

/// Starts a signing job in the client's region. Returns its id, and its ARN if the answer names the account.
///
/// # Errors
/// Returns [`CallError`] if the call fails. The job may have started: a call with the same token tells.
pub async fn start_signing_job(
    client: &SignerClient,
    job: &NewJob,
    deadline: Deadline,
) -> Result<(String, Option<JobArn>), CallError> {
    let NewJob { profile, profile_owner, source, destination, client_request_token } = job;
    let from = S3Source::builder().bucket_name(&source.bucket).key(&source.key);
    let from = from.version(source.version.as_deref().unwrap_or_default()).build();
    let from = from.map_err(|why| client.failed(OPERATION, Failure::Request(why.to_string())))?;
    let to = S3Destination::builder().bucket_name(&destination.bucket).set_prefix(destination.prefix.clone());
    let request = client
        .sdk()
        .start_signing_job()
        .profile_name(profile.as_str())
        .set_profile_owner(profile_owner.as_ref().map(ToString::to_string))
        .source(Source::builder().s3(from).build())
        .destination(Destination::builder().s3(to.build()).build())
        .client_request_token(client_request_token);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let id = required("jobId", answer.job_id).map_err(|why| invalid(client, OPERATION, why))?;
    let arn = arn(client.region(), answer.job_owner.as_deref(), &id);
    Ok((id, arn))
}
