//! `notation-aws-signer demo`: signs, verifies and revokes an image on this machine, with the local signer.

mod folder;
mod image;
mod steps;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_credential_types::Credentials;
use aws_names::{ArnError, NOTATION_PLATFORM, NameError, ProfileArn};
use aws_sdk_signer::types::{SignatureValidityPeriod, ValidityType};
use aws_signer::{ClientPool, RevokedEntity, SignerClient, SignerConfig};
use limits::Deadline;
use local_signer::{LocalSigner, Options, StartError};
use notary::manifest::SignatureForm;
use notary::reference::{ReferenceError, Tag, Target};
use notary::trust::policy::TrustedIdentity;
use notary::{Descriptor, ReasonCode, UserMetadata};
use notation::sign::{SignArtifactError, SignedArtifact, attach, sign_artifact};
use notation::trust_store::{TrustStoreError, read_certificates};
use notation::verify::{Demands, NoVerdict, Reason, Trust, Verdict, VerificationPolicy, Verifier};
use registry::{Layout, LayoutError, Store, StoreError as ArtifactsError};
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};

use self::folder::Folder;
use self::steps::Steps;
use crate::output::Output;
use crate::output::exit::CliError;

const REGION: &str = "us-west-2";
const PROFILE: &str = "demo";
const TAG: &str = "v1";
/// The folder of the image.
const LAYOUT: &str = "layout";
/// The folder of the local signer.
const SIGNER: &str = "signer";

/// Sign, verify and revoke a sample image, without network, registry or AWS account.
///
/// Creates a small image in a folder, starts the local signer (a stand-in for AWS Signer on this machine), signs the
/// image, verifies it, revokes the signature, and verifies again, which must now fail. Exits with code 1 if a step does
/// not end as expected.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Run in a new temporary folder, and remove it at the end:
    notation-aws-signer demo

  Keep the files, to look at them or to continue with notation:
    notation-aws-signer demo --keep

  Keep the files in a folder of your choice:
    notation-aws-signer demo --keep --dir ./demo")]
pub struct Args {
    /// The folder for the files, which must be empty or not exist [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Keep the files, which are removed at the end otherwise
    #[arg(long)]
    keep: bool,
}

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The folder cannot be used.
    #[error("{path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The folder is not empty.
    #[error("{0} is not empty: name an empty or a new folder with --dir")]
    NotEmpty(PathBuf),
    /// The layout cannot be written or read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The image cannot be resolved, or its signatures cannot be listed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// The tag is invalid.
    #[error(transparent)]
    Tag(#[from] ReferenceError),
    /// The local signer did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The root certificate cannot be read.
    #[error(transparent)]
    Store(#[from] TrustStoreError),
    /// The local signer returned an invalid profile ARN.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// The region is not valid.
    #[error(transparent)]
    Region(#[from] NameError),
    /// A call to the local signer failed.
    #[error("{operation}: {why}")]
    Call {
        /// The operation.
        operation: &'static str,
        /// The error.
        why: String,
    },
    /// Signing failed.
    #[error(transparent)]
    Sign(Box<SignArtifactError>),
    /// Verification reached no verdict.
    #[error(transparent)]
    NoVerdict(#[from] NoVerdict),
    /// A valid signature was refused.
    #[error("the image has a valid signature, but verification failed: {0}")]
    Refused(String),
    /// Verification did not report the revocation.
    #[error("the signature was revoked, but verification did not report it: {0}")]
    NotRefused(String),
    /// Standard output cannot be written to.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
    /// Signals of the system cannot be received.
    #[error("signals: {0}")]
    Signal(io::Error),
    /// The demo was interrupted.
    #[error("the demo was interrupted")]
    Interrupted,
}

impl From<SignArtifactError> for DemoError {
    fn from(error: SignArtifactError) -> Self {
        Self::Sign(Box::new(error))
    }
}

impl From<DemoError> for CliError {
    fn from(why: DemoError) -> Self {
        let code = match &why {
            DemoError::Folder { .. } | DemoError::Output(_) => ReasonCode::File,
            DemoError::NotEmpty(_) => ReasonCode::Exists,
            DemoError::Interrupted | DemoError::Signal(_) => ReasonCode::Internal,
            // A step did not end as expected.
            _ => ReasonCode::Integrity,
        };
        Self::new(code, why)
    }
}

/// Runs the command.
///
/// # Errors
/// Returns [`DemoError`] if a step fails, or does not end as expected.
pub async fn run(args: Args, output: &Output) -> Result<(), DemoError> {
    let mut interrupted = signal(SignalKind::interrupt()).map_err(DemoError::Signal)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(DemoError::Signal)?;
    let folder = Folder::new(args.dir, args.keep)?;
    // A step ends before the demo does: the local signer would still write to the folder that is removed.
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        stopping.store(true, Ordering::Relaxed);
    });
    let steps = run_in(&folder, Steps::new(7, stop, output)).await?;
    if let Folder::Stays(path) = folder {
        steps.end("All steps ended as expected. The files are in")?;
        steps.command(&path.display().to_string())?;
        steps.end("To continue with notation or the aws CLI, start the local signer with the same state:")?;
        let tool = std::env::current_exe().unwrap_or_else(|_| "notation-aws-signer".into());
        let signer = path.join(SIGNER);
        return Ok(steps.command(&format!("{} local-signer serve --dir {}", tool.display(), signer.display()))?);
    }
    folder.remove()?;
    Ok(steps.end("All steps ended as expected. The files were removed; pass --keep to keep them.")?)
}

/// Runs the steps in the folder.
async fn run_in(folder: &Folder, mut steps: Steps) -> Result<Steps, DemoError> {
    let path = folder.path();
    steps.title("Sign an image, verify it, revoke the signature, and verify again: all on this machine.")?;

    steps
        .start("Create an image", "A small image in an OCI image layout: a folder with the content of a repository.")?;
    let layout = Layout::create(path.join(LAYOUT))?;
    let image = image::write(&layout, TAG)?;
    let store = Store::Layout(layout.clone());
    let target = Target::Tag(TAG.parse::<Tag>()?);
    steps.done(&[("image", format!("{}:{TAG}", layout.path().display())), ("digest", image.digest.to_string())])?;

    steps.start(
        "Start the local signer",
        "A service on this machine with AWS Signer's API and its own certificate authority.",
    )?;
    let service = LocalSigner::start(Options::new(path.join(SIGNER))).await?;
    let root = service.root_certificate().to_owned();
    steps.done(&[("endpoint", service.endpoint_url()), ("root certificate", root.display().to_string())])?;

    steps.start(
        "Create a signing profile",
        "A profile is the signing identity: trust policies name its ARN. It also sets how long signatures are valid.",
    )?;
    let config = config_for(&service);
    let client = SignerClient::new(&config, REGION.parse()?).await;
    let profile = put_profile(&client).await?;
    steps.done(&[("profile", profile.to_string())])?;

    steps.start(
        "Sign and attach",
        "SignPayload returns a signature envelope. It is checked, and then stored as a referrer of the image.",
    )?;
    let deadline = || Deadline::new(Deadline::DEFAULT_BUDGET);
    let signed = sign_artifact(&store, &target, UserMetadata::default(), &client, &profile, deadline()).await?;
    let signature = attach(&store, &signed, SignatureForm::default()).await?;
    steps.done(&[("job", signed.signature.signer.job.to_string()), ("signature", signature.digest.to_string())])?;

    steps.start("Verify", "Five checks at level strict: each must pass.")?;
    let trust =
        Trust { roots: read_certificates(&root)?, identities: vec![TrustedIdentity::SigningProfile(profile.clone())] };
    let policy = VerificationPolicy::from(trust);
    let verifier = Verifier::new(ClientPool::new(config.clone()));
    let demands = Demands::default();
    let verify = || verifier.verify(&store, &target, &policy, &demands, OffsetDateTime::now_utc());
    let verdict = verify().await?;
    accepted(&verdict)?;
    steps.done_with_checks("accepted", &verdict)?;

    steps.start(
        "Revoke the signature",
        "As if the image had turned out to be malicious. A revocation cannot be undone.",
    )?;
    revoke(&client, &signed).await?;
    steps.done(&[("revoked", signed.signature.signer.job.to_string())])?;

    steps.start("Verify again", "The signature has not changed, but the local signer now reports it as revoked.")?;
    let verdict = verify().await?;
    refused(&verdict, &signed, &signature)?;
    steps.done_with_checks("refused, as expected", &verdict)?;

    service.shutdown().await;
    Ok(steps)
}

/// The configuration for the local signer in this process. It ignores the AWS settings of the environment.
fn config_for(service: &LocalSigner) -> SignerConfig {
    let keys = service.credentials();
    let credentials = Credentials::new(keys.access_key_id(), keys.secret_access_key(), None, None, "local signer");
    SignerConfig::default().with_endpoint_url(service.endpoint_url()).with_credentials(credentials)
}

async fn put_profile(client: &SignerClient) -> Result<ProfileArn, DemoError> {
    let validity = SignatureValidityPeriod::builder().r#type(ValidityType::Days).value(90).build();
    let request = client.sdk().put_signing_profile().profile_name(PROFILE).platform_id(NOTATION_PLATFORM);
    let answer = request.signature_validity_period(validity).send().await.map_err(call("PutSigningProfile"))?;
    Ok(answer.arn().unwrap_or_default().parse()?)
}

async fn revoke(client: &SignerClient, signed: &SignedArtifact) -> Result<(), DemoError> {
    let request = client.sdk().revoke_signature().job_id(signed.signature.signer.job.id());
    request.reason("demonstration").send().await.map(|_| ()).map_err(call("RevokeSignature"))
}

fn call<E: std::error::Error + 'static>(operation: &'static str) -> impl Fn(E) -> DemoError {
    move |error| DemoError::Call { operation, why: aws_signer::error_chain(&error) }
}

fn accepted(verdict: &Verdict) -> Result<(), DemoError> {
    if verdict.is_verified() { Ok(()) } else { Err(DemoError::Refused(steps::reasons(verdict))) }
}

/// Checks that the signature was refused because its own job was revoked.
fn refused(verdict: &Verdict, signed: &SignedArtifact, signature: &Descriptor) -> Result<(), DemoError> {
    let job = signed.signature.signer.job.to_string();
    let revoked = RevokedEntity::Signature(job);
    let for_that_reason = verdict.signatures.iter().any(|s| {
        s.digest == signature.digest
            && matches!(s.reason(), Some(Reason::Revoked { entities, .. }) if entities.contains(&revoked))
    });
    if !verdict.is_verified() && for_that_reason { Ok(()) } else { Err(DemoError::NotRefused(steps::reasons(verdict))) }
}
