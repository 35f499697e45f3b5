//! `notation-aws-signer sign`: resolves, signs, checks and attaches.

mod artifact;
mod own;
mod report;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;

use aws_signer::ClientPool;
use limits::RateLimit;
use notary::UserMetadata;
use notary::manifest::SignatureForm;
use notation::verify::{Limits, Verifier};

use self::artifact::{Signer, Signing, sign};
pub(super) use self::own::{NewSignature, OwnSigning};
use self::report::SignedArtifactReport;
pub(super) use self::report::{show_new_signature, where_written};
use crate::arguments::artifact_reference::ArtifactReference;
use crate::arguments::metadata;
use crate::arguments::metadata::Pair;
use crate::arguments::number::count;
use crate::arguments::own_signer::{OWN_SIGNER, OwnSignerArgs};
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::{SignerArgs, budget};
use crate::arguments::signing_profile::SigningProfile;
use crate::output::Output;
use crate::output::artifacts::ArtifactsReport;
use crate::output::exit::{CliError, ExitStatus};
use crate::parallel::in_order;

/// AWS Signer's default quota for most operations, in calls per second for an account and region.
const AWS_RATE: NonZeroU32 = NonZeroU32::new(25).expect("it is not 0");

/// The options for signatures that are attached.
const NOT_DETACHED: [&str; 4] = ["recursive", "if_unsigned", "roots", "manifest_form"];

/// Sign artifacts in registries and OCI image layouts with AWS Signer.
///
/// Signing plugins of notation and keys in files can sign, too.
///
/// A tag is resolved once, and the digest is signed. The signature is checked, and then stored next to the artifact,
/// where notation finds it, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Sign an image that was just pushed:
    notation-aws-signer sign registry.example.com/app:v1 \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Sign a multi-platform image (index) with its images; safe to run again:
    notation-aws-signer sign registry.example.com/app@sha256:... \\
      --profile ARN --recursive --if-unsigned

  Sign with a signing plugin of notation, and have the time confirmed:
    notation-aws-signer sign registry.example.com/app:v1 \\
      --plugin NAME --id KEY \\
      --timestamp-url http://tsa.example.com --timestamp-root tsa-root.pem

  Sign an image in an OCI image layout, and write the signature to a file:
    notation-aws-signer sign oci:./image:v1 --profile ARN --detach image.sig

Exit codes: 0 all signed; 2 the command line, the configuration or a permission is wrong, or an artifact does not exist; 3 \
  a registry or AWS Signer could not be reached or failed: a retry may succeed.")]
pub struct Args {
    /// An artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF", required = true)]
    references: Vec<ArtifactReference>,

    /// The signing profile, which is the signing identity in AWS Signer:
    /// arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME. A NAME alone is completed if the AWS configuration has
    /// region and account
    #[arg(long, value_name = "ARN", conflicts_with_all = OWN_SIGNER)]
    profile: Option<SigningProfile>,

    /// Sign this metadata with the artifact; `verify --user-metadata` checks it. Repeat for several
    #[arg(long = "user-metadata", short = 'm', value_name = "KEY=VALUE", value_parser = metadata::pair)]
    user_metadata: Vec<Pair>,

    /// Also sign the manifests that an index (multi-platform image) lists
    #[arg(long)]
    recursive: bool,

    /// With --profile: skip artifacts that already have a valid signature by this profile
    #[arg(long, requires = "profile", conflicts_with_all = OWN_SIGNER)]
    if_unsigned: bool,

    /// With --if-unsigned: the root certificate of the signatures, if it is not AWS's (PEM or DER)
    #[arg(long = "root", value_name = "FILE", requires = "if_unsigned", conflicts_with_all = OWN_SIGNER)]
    roots: Vec<PathBuf>,

    /// Write the signature to this file instead of attaching it; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_DETACHED)]
    detach: Option<PathBuf>,

    /// With --detach: replace the file if it exists
    #[arg(long, requires = "detach", conflicts_with_all = NOT_DETACHED)]
    force: bool,

    /// How to mark the manifest as a signature. notation 1.3 does not find "artifact-type" in OCI image layouts
    #[arg(long, value_enum, default_value = "config", value_name = "FORM")]
    manifest_form: ManifestForm,

    /// Show what would be signed, without signing
    #[arg(long)]
    dry_run: bool,

    /// The number of artifacts to sign in parallel
    #[arg(long, value_name = "N", default_value = "8", value_parser = count)]
    jobs: NonZeroUsize,

    /// Limit the calls to AWS Signer per second; 0 is no limit [default: 25, or no limit with a custom endpoint URL]
    #[arg(long, value_name = "N")]
    rate: Option<u32>,

    #[command(flatten)]
    own: OwnSignerArgs,

    #[command(flatten)]
    signer: SignerArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The forms of a signature's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ManifestForm {
    /// By the media type of its config
    Config,
    /// By its artifactType, with an empty config
    ArtifactType,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if an option or the configuration is invalid. Failures of single artifacts are in the results.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    if args.detach.is_some() && args.references.len() > 1 {
        let why = CliError::configuration("--detach writes one signature to one file");
        return Err(why.with_advice("Give only one artifact."));
    }
    let detach = args.detach.map(|file| args.own.output_file(file, args.force)).transpose()?;
    let output = &detach.as_ref().map_or_else(|| Ok(output.clone()), |file| file.beside(output))?;
    let user_metadata = UserMetadata::from_pairs(args.user_metadata)?;
    let registry = args.registry.client_for(&args.references, output)?;
    let config = args.signer.config()?.with_waits(output.waits());
    let time = budget(&config);
    let clients = ClientPool::new(config.clone());
    let (signer, policy, default_rate) = match (args.profile, OwnSigning::new(&args.own, &clients)?) {
        (_, Some(own)) => (Signer::Own(Box::new(own)), None, None),
        (Some(profile), None) => {
            args.own.refuse_for_aws_signer()?;
            let profile = profile.arn(&args.signer, &config, output)?;
            let client = clients.for_signing(&profile).await?;
            let default_rate = client.endpoint_url().is_none().then_some(AWS_RATE);
            let policy = artifact::trust(args.if_unsigned, &args.roots, &profile)?;
            (Signer::AwsSigner { profile, client: Box::new(client) }, policy, default_rate)
        }
        (None, None) => return Err(OwnSignerArgs::none()),
    };
    let rate = args.rate.map_or(default_rate, NonZeroU32::new);
    let signing = Arc::new(Signing {
        rate: rate.map(RateLimit::per_second),
        if_unsigned: policy,
        signer,
        recursive: args.recursive,
        detach,
        dry_run: args.dry_run,
        form: match args.manifest_form {
            ManifestForm::Config => SignatureForm::Config,
            ManifestForm::ArtifactType => SignatureForm::ArtifactType,
        },
        verifier: Verifier::new(clients).with_limits(Limits { time, ..Limits::default() }),
        user_metadata,
        registry,
    });

    let what = match &args.references[..] {
        [only] => format!("signing {only}"),
        _ => "signing".to_owned(),
    };
    let progress = output.progress(args.references.len(), &what);
    let mut report = ArtifactsReport::new();
    let work = |reference: ArtifactReference| {
        let signing = signing.clone();
        async move { sign(&signing, &reference).await }
    };
    in_order(args.references, args.jobs.get(), work, |reference, signed| {
        let signed = signed.unwrap_or_else(|why| vec![SignedArtifactReport::failed(&reference, None, why)]);
        progress.add(1);
        signed.iter().try_for_each(|artifact| artifact.show(output))?;
        report.add(signed, |artifact| artifact.short_name(&reference), output);
        Ok(())
    })
    .await?;
    drop(progress);
    report.finish(output)
}
