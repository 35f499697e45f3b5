//! `notation-aws-signer revoke signature`.

use std::path::PathBuf;

use aws_names::{AccountId, JobArn, Location, Region};
use aws_signer::{SignerClient, SignerConfig, revoke_signature};
use limits::Deadline;
use notary::Digest;
use serde::Serialize;

use super::found::{Found, Passed, signatures};
use super::profile::same_partition;
use super::reason;
use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::registry::RegistryArgs;
use crate::arguments::roots::roots;
use crate::arguments::signer::{SignerArgs, budget};
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, DIM, GOOD, Output, SCHEMA_VERSION, paint};

/// Revoke the signatures of an artifact, or the signature of one signing job.
///
/// Each signature of AWS Signer comes from one signing job, which is what AWS Signer revokes. Given an artifact, this command reads
/// the jobs from its signatures; a signature is skipped if it is not intact or not from AWS Signer. Requires the permission
/// signer:RevokeSignature.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["reference", "job_id"])),
    after_help = "Examples:
  Revoke all signatures of an image that turned out to be malicious:
    notation-aws-signer revoke signature registry.example.com/app@sha256:... \\
      --reason \"ships a backdoor\"

  Revoke one of several signatures, by its digest as `list` shows it:
    notation-aws-signer revoke signature registry.example.com/app:v1 \\
      --signature sha256:... --reason \"wrong build\"

  Revoke by signing job and without confirmation, in a pipeline:
    notation-aws-signer revoke signature \\
      --job-id arn:aws:signer:us-west-2:111122223333:/signing-jobs/ID \\
      --reason \"key leaked\" --yes

Exit codes: 0 all revoked; 2 an option or a permission is wrong, the signature does not exist, or you did not confirm; 3 \
  AWS Signer did not answer for a signature, so it may or may not be revoked."
)]
pub(super) struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG|@DIGEST] for an OCI image layout
    #[arg(value_name = "REF")]
    reference: Option<Place>,

    /// The signing job: its ARN, or its id together with --aws-region (default: AWS_REGION)
    #[arg(long, value_name = "ID|ARN")]
    job_id: Option<String>,

    /// With --job-id: the account that owns the job [default: the account of the credentials]
    #[arg(long, value_name = "ACCOUNT", requires = "job_id")]
    job_owner: Option<AccountId>,

    /// With REF: revoke only this signature, by its digest as `list` shows it. Repeat for several
    #[arg(long = "signature", value_name = "DIGEST", requires = "reference")]
    signatures: Vec<Digest>,

    /// With REF: the root certificate of the signatures, if it is not AWS's (PEM or DER)
    #[arg(long = "root", value_name = "FILE", requires = "reference")]
    roots: Vec<PathBuf>,

    /// With REF: fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100")]
    max_signatures: usize,

    /// The reason, which AWS Signer stores with the revocation
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,

    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    signer: SignerArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// docs/output/revoke-signature.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact: Option<String>,
    revocations: Vec<Revocation>,
    skipped: Vec<Skipped>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Revocation {
    job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_version: Option<String>,
    revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Skipped {
    signature: String,
    reason: String,
}

/// A signing job to revoke the signature of.
struct Job {
    /// The ARN, or the id and region if the account is unknown.
    name: String,
    id: String,
    owner: Option<AccountId>,
    region: Region,
    of: Option<Found>,
}

impl Job {
    fn of_arn(arn: &JobArn, of: Option<Found>) -> Result<Self, CliError> {
        let location = arn.location();
        same_partition(location)?;
        Ok(Self {
            name: arn.to_string(),
            id: arn.id().to_owned(),
            owner: Some(location.account().clone()),
            region: location.region().clone(),
            of,
        })
    }

    async fn revoke(&self, config: &SignerConfig, reason: &str) -> Result<(), CliError> {
        let client = SignerClient::new(config, self.region.clone()).await;
        let deadline = Deadline::new(budget(config));
        Ok(revoke_signature(&client, &self.id, self.owner.as_ref(), reason, deadline).await?)
    }
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config()?;
    let (artifact, jobs, passed) = match (&args.reference, &args.job_id) {
        (Some(place), _) => {
            let (artifact, found, passed) = of_artifact(place, &args, output).await?;
            let jobs = found.into_iter().map(|found| Job::of_arn(&found.signer.job.clone(), Some(found)));
            (Some(artifact), jobs.collect::<Result<Vec<_>, _>>()?, passed)
        }
        (None, Some(job)) => (None, vec![named_job(job, &args)?], Vec::new()),
        (None, None) => return Err(CliError::usage("nothing to revoke: give an artifact, or a job with --job-id")),
    };
    if let Some(artifact) = artifact.as_ref().filter(|_| !jobs.is_empty() || !passed.is_empty()) {
        output.note(format!("Signatures of {artifact}:"));
    }
    for job in &jobs {
        show(job, output);
    }
    for passed in &passed {
        output.note(format!("  {} skipped: {}", passed.signature, passed.why));
    }
    if jobs.is_empty() {
        let artifact = artifact.as_deref().unwrap_or("it");
        return Err(CliError::usage(format!("{artifact} has no signature of AWS Signer that can be revoked")));
    }
    if let Some(passed) = passed.iter().find(|_| !args.signatures.is_empty()) {
        return Err(CliError::usage(format!(
            "nothing was done: --signature {} cannot be revoked: {}",
            passed.signature, passed.why
        )));
    }
    let what = if jobs.len() == 1 { "this signature".into() } else { format!("these {} signatures", jobs.len()) };
    confirm(args.yes, &format!("revoke {what}, which cannot be undone"))?;

    let mut revocations = Vec::new();
    let mut status = ExitStatus::Done;
    for job in &jobs {
        let error = job.revoke(&config, &args.reason).await.err();
        match &error {
            None => output.text(format!("{} the signature of the job {}", paint(GOOD, "revoked"), job.name))?,
            Some(why) => output.error(format!("{} {}: {}", job.name, paint(BAD, "not revoked"), why.message)),
        }
        status = error.as_ref().map_or(status, |why| status.max(why.status));
        revocations.push(Revocation {
            job: job.name.clone(),
            signature: job.of.as_ref().map(|found| found.signature.to_string()),
            profile_version: job.of.as_ref().map(|found| found.signer.profile_version.to_string()),
            revoked: error.is_none(),
            error: error.map(|why| why.message),
        });
    }
    if passed.iter().any(|passed| passed.is_unread) {
        output.error("some signatures could not be read and were not revoked: run this command again");
        status = status.max(ExitStatus::Undetermined);
    }
    if status == ExitStatus::Done {
        output.note(
            "From now on, verification refuses the revoked signatures, unless the trust policy ignores revocation.",
        );
    }
    let skip = |passed: Passed| Skipped { signature: passed.signature.to_string(), reason: passed.why };
    let skipped = passed.into_iter().map(skip).collect();
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), artifact, revocations, skipped })?;
    Ok(status)
}

/// The selected signatures of the artifact.
async fn of_artifact(
    place: &Place,
    args: &Args,
    output: &Output,
) -> Result<(String, Vec<Found>, Vec<Passed>), CliError> {
    let trusted = roots(&args.roots)?;
    let Opened { store, target } = place.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let (mut found, mut passed) = signatures(&store, &artifact, &trusted, args.max_signatures).await?;
    if !args.signatures.is_empty() {
        let known = |digest: &&Digest| {
            found.iter().map(|f| &f.signature).chain(passed.iter().map(|p| &p.signature)).any(|known| known == *digest)
        };
        if let Some(missing) = args.signatures.iter().find(|digest| !known(digest)) {
            return Err(CliError::usage(format!("--signature {missing}: the artifact has no such signature")));
        }
        found.retain(|found| args.signatures.contains(&found.signature));
        passed.retain(|passed| args.signatures.contains(&passed.signature));
    }
    Ok((place.pinned(&artifact.digest), found, passed))
}

fn named_job(job: &str, args: &Args) -> Result<Job, CliError> {
    if job.starts_with("arn:") || job.contains(':') {
        let arn: JobArn = job.parse().map_err(|why| CliError::usage(format!("--job-id: {why}")))?;
        if let Some(owner) = args.job_owner.as_ref().filter(|owner| *owner != arn.location().account()) {
            return Err(CliError::usage(format!(
                "--job-owner {owner} is not the account of {arn}: remove --job-owner"
            )));
        }
        return Job::of_arn(&arn, None);
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = args.signer.region().map(str::to_owned);
    let region = region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let region = region
        .ok_or_else(|| CliError::usage("the region of --job-id is unknown: pass --aws-region, or the job's ARN"))?;
    let region: Region = region.parse()?;
    let account = args.job_owner.as_ref();
    // Checks the id before it becomes part of a request.
    let location = Location::new(region.clone(), account.cloned().unwrap_or(AccountId::EXAMPLE));
    let arn = JobArn::new(location, job)?;
    Ok(Job {
        name: if account.is_some() { arn.to_string() } else { format!("{job} in {region}") },
        id: job.to_owned(),
        owner: account.cloned(),
        region,
        of: None,
    })
}

fn show(job: &Job, output: &Output) {
    let line = |name: &str, value: &str| output.note(format!("    {} {value}", paint(DIM, format!("{name:15}"))));
    match &job.of {
        None => output.note(format!("The signature of the job {}", job.name)),
        Some(found) => {
            output.note(format!("  {}", found.signature));
            line("job", &job.name);
            line("profile version", &found.signer.profile_version.to_string());
            line("signed at", &found.signing_time);
        }
    }
}
