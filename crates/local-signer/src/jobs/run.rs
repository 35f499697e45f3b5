//! One run of a job: read, sign, write.

use code_signing::Content as _;
use limits::Deadline;
use s3::Written;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::failure::JobFailure;
use super::sign::{Plan, sign};
use crate::buckets::BucketError;
use crate::operations::Service;
use crate::platforms::{self, Kind};
use crate::store::{Job, ObjectLocation, ProfileStatus};

/// Signs the job's object and returns where the signed one is. The signing time is that of the request, so that a job
/// that is run again makes the same signature.
pub(super) async fn run(service: &Service, job: &Job, deadline: Deadline) -> Result<ObjectLocation, JobFailure> {
    let platform = platforms::find(&job.platform_id).filter(|platform| platform.kind != Kind::Notation);
    let platform = platform.ok_or_else(|| JobFailure::Platform(job.platform_id.clone()))?;
    let (Some(source), Some(destination)) = (&job.source, &job.destination) else {
        return Err(JobFailure::Platform(job.platform_id.clone()));
    };
    let now = service.clock.now();
    check_profile(service, job, now)?;
    let plan = Plan::of(service, job, platform, now)?;
    let most = u64::from(platform.max_size_in_mb) * 1024 * 1024;
    let region = job.arn.location().region();
    let code = service.buckets.read(region, source, most, deadline).await.map_err(stopped(JobFailure::Source))?;
    let (signed, code) =
        spawn_blocking(move || sign(&plan, &code).map(|signed| (signed, code))).await.unwrap_or_else(|why| {
            if why.is_panic() { Err(JobFailure::Internal(why.to_string())) } else { Err(JobFailure::Stopped) }
        })?;
    let key = signed_key(job, platform.kind, &destination.key);
    let signed_object = ObjectLocation { bucket_name: destination.bucket_name.clone(), key };
    let size = code.size().unwrap_or_default();
    let written = service.buckets.write(region, &signed_object, signed, code, deadline).await;
    match written.map_err(stopped(JobFailure::Destination))? {
        Written::Now => tracing::debug!(job = %job.arn, size, "signed an object"),
        Written::Already => tracing::info!(job = %job.arn, "the signed object was there from an earlier run"),
    }
    Ok(signed_object)
}

/// The key of the signed object: the prefix of the destination with the id of the job. Recorded from AWS: `.zip`
/// follows for AWS Lambda, and nothing for the platforms of devices.
fn signed_key(job: &Job, kind: Kind, prefix: &str) -> String {
    format!("{prefix}{}{}", job.arn.id(), if kind == Kind::Lambda { ".zip" } else { "" })
}

fn check_profile(service: &Service, job: &Job, now: OffsetDateTime) -> Result<(), JobFailure> {
    let profile = service.store.profile(job.profile.profile(), now);
    let profile = profile.map_err(|why| JobFailure::Internal(why.to_string()))?;
    match profile {
        Some(profile) if profile.arn == job.profile && profile.status == ProfileStatus::Active => Ok(()),
        _ => Err(JobFailure::ProfileNotActive),
    }
}

fn stopped(failure: fn(BucketError) -> JobFailure) -> impl Fn(BucketError) -> JobFailure {
    move |why| match why {
        BucketError::Stopped => JobFailure::Stopped,
        why => failure(why),
    }
}
