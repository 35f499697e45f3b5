//! `notation-aws-signer verify`: resolves artifacts, and checks their signatures against the trust policy.

mod artifact;
mod policy;
mod report;
mod show;

use std::num::NonZeroUsize;
use std::sync::Arc;

use aws_names::ProfileArn;
use notary::trust::policy::RegistryScope;
use notation::verify::{Evaluate, Requirement, RequirementError, VerifyOptions};
use notation::{NotationFolder, read_trust_policy};

use self::artifact::{Verification, verify};
use self::report::ArtifactReport;
use self::show::show;
use crate::arguments::artifact_reference::Place;
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::report::Report;
use crate::parallel::in_order;
use crate::verification::{TrustedProfile, VerificationArgs, strays};

/// Verify the signatures of artifacts in registries and OCI image layouts.
///
/// Choose the signers to trust with --trusted-profile, or with a trust policy file: --policy, or by default notation's own policy.
/// An artifact is verified if one of its signatures passes every check: integrity, authenticity (a trusted signer), expiry,
/// authenticTimestamp (certificates valid at signing time) and revocation. A tag is resolved once: deploy the digest that is
/// printed, because a tag can change afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Verify that a signing profile has signed an image; needs no setup:
    notation-aws-signer verify registry.example.com/app@sha256:... \\
      --trusted-profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Verify with notation's trust policy and trust stores:
    notation-aws-signer verify registry.example.com/app:v1

  Require signatures of two profiles, both with this metadata:
    notation-aws-signer verify registry.example.com/app:v1 \\
      --user-metadata commit=4f2a --trusted-profile ARN ARN --require 2

  Verify an image in an OCI image layout with the policy of a repository:
    notation-aws-signer verify oci:./image:v1 --policy trustpolicy.json \\
      --scope registry.example.com/app

Exit codes: 0 all verified, or skipped because the trust policy says so (a note reports it); 1 an artifact was refused; 2 the \
  command line, the trust policy or a permission is wrong, or an artifact does not exist; 3 no verdict because of the \
  network, throttling or an unknown revocation status: a retry may succeed.")]
pub struct Args {
    /// An artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG|@DIGEST] for an OCI image layout
    #[arg(value_name = "REF")]
    references: Vec<String>,

    #[command(flatten)]
    verification: VerificationArgs,

    /// For OCI image layouts: apply the trust policy statement of this repository
    #[arg(long, value_name = "REGISTRY/REPOSITORY", conflicts_with = "trusted_profiles")]
    scope: Option<RegistryScope>,

    /// Require valid signatures of this many different trusted signing profiles
    #[arg(long, value_name = "N", value_parser = count)]
    require: Option<NonZeroUsize>,

    /// With --require: count only these signing profiles [default: those of --trusted-profile, or all that the policy trusts]
    #[arg(long, value_name = "ARN", num_args = 1.., requires = "require")]
    from: Vec<String>,

    /// Also verify the manifests that an index (multi-platform image) lists: each needs its own signature
    #[arg(long)]
    recursive: bool,

    /// Refuse an artifact that has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    /// The number of artifacts to verify in parallel
    #[arg(long, value_name = "N", default_value = "8", value_parser = count)]
    jobs: NonZeroUsize,

    #[command(flatten)]
    signer: SignerArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if an option or the trust policy is invalid. Failures of single artifacts are in the results.
pub async fn run(mut args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let places = places(&mut args)?;
    let jobs = args.jobs.get();
    let verification = Arc::new(verification(args, &places, output)?);
    let progress = output.progress(places.len(), "verifying");
    let mut report = Report::default();
    let work = |place| {
        let verification = verification.clone();
        async move { verify(&verification, place).await }
    };
    in_order(places, jobs, work, |artifacts: Vec<ArtifactReport>| {
        progress.inc(1);
        progress.suspend(|| artifacts.iter().try_for_each(|artifact| show(artifact, output)))?;
        report.artifacts.extend(artifacts);
        Ok(())
    })
    .await?;
    progress.finish_and_clear();
    output.json(&report.finished())?;
    Ok(report.status())
}

/// The artifacts to verify. `--trusted-profile ARN REF` makes clap take REF for another ARN.
fn places(args: &mut Args) -> Result<Vec<Place>, CliError> {
    let mut references = std::mem::take(&mut args.references);
    references.extend(args.verification.take_strays()?);
    references.extend(strays("--from", &mut args.from)?);
    if references.is_empty() {
        return Err(CliError::usage(
            "no artifact is given: name one as REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER",
        ));
    }
    references.iter().map(|text| text.parse().map_err(CliError::from)).collect()
}

fn verification(args: Args, places: &[Place], output: &Output) -> Result<Verification, CliError> {
    let requirement = requirement(args.require, &args.from, &args.verification.trusted()?)?;
    if args.scope.is_some() && places.iter().all(|place| place.repository().is_some()) {
        return Err(CliError::usage(
            "--scope is for OCI image layouts only: remove it, because artifacts in a registry have their repository's policy",
        ));
    }
    let policies = args.verification.policies(read_trust_policy, NotationFolder::trust_policy)?;
    let options = VerifyOptions {
        max_signatures: args.max_signatures.get(),
        evaluate: if requirement.is_some() { Evaluate::All } else { Evaluate::UntilVerified },
        ..args.verification.options(&args.signer)?
    };
    let registry = args.registry.client_for(places, output)?;
    Ok(Verification { policies, scope: args.scope, recursive: args.recursive, requirement, options, registry })
}

fn requirement(
    needed: Option<NonZeroUsize>,
    from: &[String],
    trusted: &[TrustedProfile],
) -> Result<Option<Requirement>, CliError> {
    let Some(signatures) = needed else { return Ok(None) };
    let mut from: Vec<ProfileArn> = from.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    if from.is_empty() {
        from = trusted.iter().map(|trusted| trusted.profile().clone()).collect();
    }
    from.sort_by_key(ToString::to_string);
    from.dedup();
    if !from.is_empty() && from.len() < signatures.get() {
        return Err(CliError::usage(RequirementError::Impossible { needed: signatures, named: from.len() }));
    }
    Ok(Some(Requirement { signatures, from }))
}
