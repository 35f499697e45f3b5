//! `notation-aws-signer verify`: resolves artifacts, and checks their signatures against the trust policy.

mod artifact;
mod report;
mod show;

use std::num::NonZeroUsize;
use std::sync::Arc;

use aws_names::SignerArn;
use notary::trust::policy::RegistryScope;
use notation::verify::{Demands, Evaluate, Requirement, RequirementError};
use notation::{NotationFolder, read_trust_policy};

use self::artifact::{Verification, verify};
use self::report::VerifiedArtifact;
use self::show::show;
use crate::arguments::artifact_reference::ArtifactReference;
use crate::arguments::number::count;
use crate::arguments::profiles::ArnOrArgument;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::artifacts::ArtifactsReport;
use crate::output::exit::{CliError, ExitStatus};
use crate::parallel::in_order;
use crate::verification::{TRUSTED, VerificationArgs, VerificationIntent, arns_of};

/// Verify the signatures of artifacts in registries and OCI image layouts.
///
/// Choose the signers to trust with --trusted-profile, or with a trust policy file: --policy, or by default notation's
/// own policy. An artifact is verified if one of its signatures passes every check: integrity, authenticity (a trusted
/// signer), expiry, authenticTimestamp (certificates valid at signing time) and revocation. A tag is resolved once:
/// deploy the digest that is printed, because a tag can change afterwards. A verified artifact takes one line; -v shows
/// each check.
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
    /// An artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    references: Vec<ArtifactReference>,

    #[command(flatten)]
    verification: VerificationArgs,

    /// For OCI image layouts: apply the trust policy statement of this repository
    #[arg(long, value_name = "REGISTRY/REPOSITORY", conflicts_with_all = TRUSTED)]
    scope: Option<RegistryScope>,

    /// Require valid signatures of this many different trusted signing profiles, or other trusted identities of the
    /// policy: signers that match the same one count once
    #[arg(long, value_name = "N", value_parser = count)]
    require: Option<NonZeroUsize>,

    /// With --require: count only these signing profiles or aliases [default: those of --trusted-profile, or all that
    /// the policy trusts]
    #[arg(long, value_name = "ARN", num_args = 1.., requires = "require")]
    from: Vec<ArnOrArgument<SignerArn>>,

    /// Also verify the manifests that an index (multi-platform image) lists: each needs its own signature
    #[arg(long)]
    recursive: bool,

    /// Fail if an artifact has more signatures than this
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
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let (references, verification, jobs) = intent(args, output)?;
    let verification = Arc::new(verification);
    let what = match &references[..] {
        [only] => format!("verifying {only}"),
        _ => "verifying".to_owned(),
    };
    let progress = output.progress(references.len(), &what);
    let mut report = ArtifactsReport::new();
    let work = |reference: ArtifactReference| {
        let verification = verification.clone();
        async move { verify(&verification, &reference).await }
    };
    in_order(references, jobs, work, |reference, verified| {
        let verified = verified.unwrap_or_else(|why| vec![VerifiedArtifact::failed(&reference, None, why)]);
        progress.add(1);
        verified.iter().try_for_each(|artifact| show(artifact, output))?;
        report.add(verified, VerifiedArtifact::short_name, output);
        Ok(())
    })
    .await?;
    drop(progress);
    report.finish(output)
}

/// What the arguments mean: the artifacts, what they are verified with, and how many in parallel.
fn intent(args: Args, output: &Output) -> Result<(Vec<ArtifactReference>, Verification, usize), CliError> {
    // `--trusted-profile ARN REF` makes clap take REF for another ARN.
    let (intent, beyond_trusted) = args.verification.into_intent()?;
    let (from, beyond_from) = arns_of("--from", args.from)?;
    let mut references = args.references;
    for text in beyond_trusted.into_iter().chain(beyond_from) {
        references.push(text.parse()?);
    }
    if references.is_empty() {
        return Err(CliError::configuration("no artifact is given")
            .with_advice("Name one as REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER."));
    }
    if args.scope.is_some() && references.iter().all(|reference| reference.repository().is_some()) {
        let why = CliError::configuration("--scope is for OCI image layouts only");
        return Err(why.with_advice("Remove it: artifacts in a registry have their repository's policy."));
    }
    let requirement = args.require.map(|signatures| requirement(signatures, from, &intent)).transpose()?;
    let policies = intent.policies(read_trust_policy, NotationFolder::trust_policy)?;
    let verifier = intent.verifier(&args.signer, args.max_signatures.get(), output)?;
    let evaluate = if requirement.is_some() { Evaluate::All } else { Evaluate::UntilVerified };
    let demands = Demands { user_metadata: intent.user_metadata()?, evaluate };
    let registry = args.registry.client_for(&references, output)?;
    let recursive = args.recursive;
    let verification =
        Verification { policies, scope: args.scope, recursive, requirement, verifier, demands, registry };
    Ok((references, verification, args.jobs.get()))
}

/// The requirement of this many signatures, by default from the trusted profiles.
fn requirement(
    signatures: NonZeroUsize,
    from: Vec<SignerArn>,
    intent: &VerificationIntent,
) -> Result<Requirement, CliError> {
    let named = if from.is_empty() { intent.trusted.clone() } else { from };
    let mut from: Vec<SignerArn> = named.into_iter().map(SignerArn::without_version).collect();
    from.sort_by_key(ToString::to_string);
    from.dedup();
    if !from.is_empty() && from.len() < signatures.get() {
        let why = RequirementError::Impossible { needed: signatures, named: from.len() };
        return Err(CliError::configuration(why).with_advice("Name more signing profiles, or require fewer signers."));
    }
    Ok(Requirement { signers: signatures, from })
}
