//! `notation-aws-signer verify`: resolve, find the signatures, check each as the trust policy says.

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

/// Verify artifacts in registries and OCI image layouts with their signatures.
///
/// Whom to trust is said by --trusted-profile, by a trust policy in a file, or by notation's own trust policy. An artifact is
/// verified when one of its signatures passes every check: integrity, authenticity, expiry, authenticTimestamp, revocation.
/// A tag is resolved once; what was verified is the digest that is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Verify an image that a signing profile must have signed, without any set-up:
    notation-aws-signer verify registry.example.com/app@sha256:... \\
      --trusted-profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Verify with notation's own trust policy and trust stores:
    notation-aws-signer verify registry.example.com/app:v1

  Demand that the build and the security team have both signed, and metadata:
    notation-aws-signer verify registry.example.com/app:v1 \\
      --user-metadata commit=4f2a --trusted-profile ARN ARN --require 2

  Verify an image of an OCI image layout by the policy of a repository:
    notation-aws-signer verify oci:./image:v1 --policy trustpolicy.json \\
      --scope registry.example.com/app

Exit codes: 0 all verified (or skipped by the trust policy, which is said); 1 an artifact was refused; 2 the command line, \
  the trust policy or a permission is not right, or there is no such artifact; 3 some could not be determined: network, \
  throttling, no answer about revocation.")]
pub struct Args {
    /// An artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER[:TAG|@DIGEST]
    #[arg(value_name = "REF")]
    references: Vec<String>,

    #[command(flatten)]
    verification: VerificationArgs,

    /// Judge layouts by the trust policy for this repository
    #[arg(long, value_name = "REGISTRY/REPOSITORY", conflicts_with = "trusted_profiles")]
    scope: Option<RegistryScope>,

    /// Demand signatures of so many different signing profiles that are trusted
    #[arg(long, value_name = "N", value_parser = count)]
    require: Option<NonZeroUsize>,

    /// Of --require: count these signing profiles only [default: those of --trusted-profile, else all that the policy trusts]
    #[arg(long, value_name = "ARN", num_args = 1.., requires = "require")]
    from: Vec<String>,

    /// Verify the manifests of an index, too: each must be signed itself
    #[arg(long)]
    recursive: bool,

    /// How many signatures an artifact may have; one that has more is refused, because nothing is decided on a part of them
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    /// How many artifacts to work on at once
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
/// [`CliError`] when nothing could be begun; what becomes of each artifact is in the results.
pub async fn run(mut args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let (places, jobs) = (places(&mut args)?, args.jobs.get());
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

/// The artifacts. An option with several ARNs before them has taken them for its own.
fn places(args: &mut Args) -> Result<Vec<Place>, CliError> {
    let mut references = std::mem::take(&mut args.references);
    references.extend(args.verification.take_strays()?);
    references.extend(strays("--from", &mut args.from)?);
    if references.is_empty() {
        return Err(CliError::usage(
            "no artifact is named: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER",
        ));
    }
    references.iter().map(|text| text.parse().map_err(CliError::from)).collect()
}

fn verification(args: Args, places: &[Place], output: &Output) -> Result<Verification, CliError> {
    let requirement = requirement(args.require, &args.from, &args.verification.trusted()?)?;
    if args.scope.is_some() && places.iter().all(|place| place.repository().is_some()) {
        return Err(CliError::usage(
            "--scope is for OCI image layouts: artifacts of a registry are judged by the policy for their repository",
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
