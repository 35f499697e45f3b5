//! `notation-aws-signer revoke signature`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use aws_names::{AccountId, JobArn, Location, Region};
use aws_signer::{SignerClient, SignerConfig, revoke_signature};
use limits::Deadline;
use notary::{Descriptor, Digest, Disposition, ReasonCode};
use serde::Serialize;

use super::reason;
use super::revocable::{RevocableSignature, SkippedSignature, signatures};
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::roots::roots;
use crate::arguments::signer::{SignerArgs, budget};
use crate::management::job_name::JobName;
use crate::management::service::same_partition;
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::{NamedArtifact, SignatureReport};
use crate::output::wrap::fact;
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, paint};

/// The options that name a signing job in place of an artifact.
const OF_JOB: [&str; 2] = ["job_id", "job_owner"];

/// Revoke the signatures of an artifact, or the signature of one signing job.
///
/// Each signature of AWS Signer comes from one signing job, which is what AWS Signer revokes. Given an artifact, this
/// command reads the jobs from its signatures; a signature is skipped if it is not intact or not from AWS Signer.
/// Requires the permission signer:RevokeSignature.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["reference", "job_id"])),
    override_usage = "notation-aws-signer revoke signature [OPTIONS] --reason <TEXT>
       <REF|--job-id <ID|ARN>>",
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
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: Option<ArtifactReference>,

    /// The signing job: its ARN, or its id together with --aws-region (default: AWS_REGION)
    #[arg(long, value_name = "ID|ARN")]
    job_id: Option<JobName>,

    /// With --job-id: the account that owns the job [default: the account of the credentials]
    #[arg(long, value_name = "ACCOUNT", requires = "job_id", conflicts_with = "reference")]
    job_owner: Option<AccountId>,

    /// With REF: revoke only this signature, by its digest as `list` shows it. Repeat for several
    #[arg(long = "signature", value_name = "DIGEST", requires = "reference", conflicts_with_all = OF_JOB)]
    signatures: Vec<Digest>,

    /// With REF: the root certificate of the signatures, if it is not AWS's (PEM or DER)
    #[arg(long = "root", value_name = "FILE", requires = "reference", conflicts_with_all = OF_JOB)]
    roots: Vec<PathBuf>,

    /// With REF: fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count, conflicts_with_all = OF_JOB)]
    max_signatures: NonZeroUsize,

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
struct RevokeSignatureReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    artifact: Option<NamedArtifact>,
    revocations: Vec<Revocation>,
    skipped: Vec<SkippedReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Revocation {
    job: String,
    outcome: RevocationOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum RevocationOutcome {
    Revoked,
    #[serde(untagged)]
    Failed(Disposition),
}

#[derive(Debug, Serialize)]
struct SkippedReport {
    signature: SignatureReport,
    error: FailureReport,
}

/// A signing job to revoke the signature of.
struct Job {
    /// The ARN, or the id if the account is unknown.
    name: String,
    id: String,
    owner: Option<AccountId>,
    region: Region,
    signature: Option<RevocableSignature>,
}

impl Job {
    fn new(arn: &JobArn, signature: Option<RevocableSignature>) -> Result<Self, CliError> {
        let location = arn.location();
        same_partition(location)?;
        Ok(Self {
            name: arn.to_string(),
            id: arn.id().to_owned(),
            owner: Some(location.account().clone()),
            region: location.region().clone(),
            signature,
        })
    }

    async fn revoke(&self, config: &SignerConfig, reason: &str) -> Result<(), CliError> {
        let client = SignerClient::new(config, self.region.clone()).await;
        let deadline = Deadline::new(budget(config));
        Ok(revoke_signature(&client, &self.id, self.owner.as_ref(), reason, deadline).await?)
    }
}

/// What to revoke, and what not.
struct Selection {
    artifact: Option<NamedArtifact>,
    jobs: Vec<Job>,
    skipped: Vec<SkippedSignature>,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config()?.with_waits(output.waits());
    let Selection { artifact, jobs, skipped } = match (&args.reference, &args.job_id) {
        (Some(reference), _) => select(reference, &args, output).await?,
        (None, Some(job)) => Selection { artifact: None, jobs: vec![named_job(job, &args)?], skipped: Vec::new() },
        (None, None) => {
            let why = CliError::configuration("nothing to revoke");
            return Err(why.with_advice("Give an artifact, or a job with --job-id."));
        }
    };
    if let Some(artifact) = artifact.as_ref().filter(|_| !jobs.is_empty() || !skipped.is_empty()) {
        output.note(format!("Signatures of {}:", artifact.artifact));
    }
    for job in &jobs {
        show(job, output);
    }
    for SkippedSignature { manifest, why, .. } in &skipped {
        let advice = why.advice.as_ref().map(|advice| format!(". {advice}")).unwrap_or_default();
        output.indented_note(&format!("{} skipped: {}{advice}", manifest.digest, why.message), 2);
    }
    if jobs.is_empty() {
        let artifact = artifact.as_ref().map_or("it", |artifact| &artifact.artifact);
        let why = format!("{artifact} has no signature of AWS Signer that can be revoked");
        return Err(CliError::new(ReasonCode::NotFound, why));
    }
    if let Some(SkippedSignature { manifest, why, .. }) = skipped.iter().find(|_| !args.signatures.is_empty()) {
        let message = format!("nothing was done: --signature {} cannot be revoked: {}", manifest.digest, why.message);
        let error = CliError::configuration(message);
        return Err(why.advice.iter().fold(error, CliError::with_advice));
    }
    let what = if jobs.len() == 1 { "this signature".into() } else { format!("these {} signatures", jobs.len()) };
    confirm(args.yes, &format!("revoke {what}, which cannot be undone"))?;

    let waiting = output.progress(jobs.len(), "revoking");
    let mut revocations = Vec::new();
    let mut status = ExitStatus::DONE;
    for job in jobs {
        let error = job.revoke(&config, &args.reason).await.err();
        let outcome = match &error {
            None => {
                output.sentence(&format!("{} the signature of the job {}", paint(GOOD, "revoked"), job.name))?;
                RevocationOutcome::Revoked
            }
            Some(why) => {
                let message = format!("{} {}: {}", job.name, paint(BAD, "not revoked"), why.message);
                output.failure(message, why.advice.as_deref());
                status = status.max(why.status());
                RevocationOutcome::Failed(why.disposition())
            }
        };
        waiting.add(1);
        let report = |signature: RevocableSignature| {
            SignatureReport::from_manifest(&signature.manifest).with_content(signature.content)
        };
        let signature = job.signature.map(report);
        revocations.push(Revocation { job: job.name, outcome, signature, error: error.map(FailureReport::from) });
    }
    drop(waiting);
    if skipped.iter().any(|signature| signature.is_unread) {
        let why = "some signatures could not be read and were not revoked";
        output.failure(why, Some("Run this command again."));
        status = status.max(Disposition::Undetermined.into());
    }
    if status == ExitStatus::DONE {
        output.note(
            "From now on, verification refuses the revoked signatures, unless the trust policy ignores revocation.",
        );
    }
    let report = |skipped: SkippedSignature| SkippedReport {
        signature: SignatureReport::from_manifest(&skipped.manifest),
        error: skipped.why.into(),
    };
    let skipped = skipped.into_iter().map(report).collect();
    let schema_version = SCHEMA_VERSION;
    output.json(&RevokeSignatureReport { schema_version, status: status.as_str(), artifact, revocations, skipped })?;
    Ok(status)
}

/// The selected signatures of the artifact.
async fn select(reference: &ArtifactReference, args: &Args, output: &Output) -> Result<Selection, CliError> {
    let trusted = roots(&args.roots)?;
    let _waiting = output.waiting(&format!("reading the signatures of {reference}"));
    let OpenedArtifact { store, target } = reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let (mut revocable, mut skipped) = signatures(&store, &artifact, &trusted, args.max_signatures.get()).await?;
    if !args.signatures.is_empty() {
        let manifests = || revocable.iter().map(|s| &s.manifest).chain(skipped.iter().map(|s| &s.manifest));
        let is_known = |digest: &&Digest| manifests().any(|manifest| manifest.digest == **digest);
        if let Some(missing) = args.signatures.iter().find(|digest| !is_known(digest)) {
            let why = format!("--signature {missing}: the artifact has no such signature");
            return Err(CliError::new(ReasonCode::NotFound, why));
        }
        let is_selected = |manifest: &Descriptor| args.signatures.contains(&manifest.digest);
        revocable.retain(|signature| is_selected(&signature.manifest));
        skipped.retain(|signature| is_selected(&signature.manifest));
    }
    let job = |signature: RevocableSignature| Job::new(&signature.signer.job.clone(), Some(signature));
    let jobs = revocable.into_iter().map(job).collect::<Result<_, _>>()?;
    Ok(Selection { artifact: Some(reference.named(Some(&artifact))), jobs, skipped })
}

fn named_job(job: &JobName, args: &Args) -> Result<Job, CliError> {
    let id = match job {
        JobName::Id(id) => id,
        JobName::Arn(arn) => {
            if let Some(owner) = args.job_owner.as_ref().filter(|owner| *owner != arn.location().account()) {
                let why = format!("--job-owner {owner} is not the account of {arn}");
                return Err(CliError::configuration(why).with_advice("Remove --job-owner."));
            }
            return Job::new(arn, None);
        }
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = args.signer.region().map(str::to_owned);
    let region = region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let region = region.ok_or_else(|| {
        CliError::configuration("the region of --job-id is unknown").with_advice("Pass --aws-region, or the job's ARN.")
    })?;
    let region: Region = region.parse()?;
    let account = args.job_owner.as_ref();
    // Checks the id before it becomes part of a request.
    let location = Location::new(region.clone(), account.cloned().unwrap_or(AccountId::EXAMPLE));
    let arn = JobArn::new(location, id)?;
    Ok(Job {
        name: if account.is_some() { arn.to_string() } else { id.clone() },
        id: id.clone(),
        owner: account.cloned(),
        region,
        signature: None,
    })
}

fn show(job: &Job, output: &Output) {
    let line = |name: &str, value: &str| {
        if !output.is_quiet() {
            output.error_line(fact(4, name, 15, value, Output::error_columns()));
        }
    };
    match &job.signature {
        None => output.note(format!("The signature of the job {} in {}", job.name, job.region)),
        Some(signature) => {
            output.indented_note(signature.manifest.digest.as_str(), 2);
            line("job", &job.name);
            line("profile version", &signature.signer.profile_version.to_string());
            line("signed at", &signature.content.signing_time);
        }
    }
}
