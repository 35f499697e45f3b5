//! `notation-aws-signer demo`: the whole of it on this machine, in one command: sign, verify, revoke, be refused.

mod image;
mod steps;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use aws_credential_types::Credentials;
use aws_names::{ArnError, NOTATION_PLATFORM, ProfileArn};
use aws_sdk_signer::types::{SignatureValidityPeriod, ValidityType};
use aws_signer::{RevokedEntity, SignerClient, SignerConfig};
use limits::Deadline;
use local_signer::{LocalSigner, Options, StartError};
use notary::Descriptor;
use notary::manifest::SignatureForm;
use notary::reference::{ReferenceError, Tag, Target};
use notation::sign::{SignArtifactError, SignedArtifact, attach, sign_artifact};
use notation::trust_store::{StoreError, read_certificates};
use notation::verify::{Trust, Verdict, VerificationPolicy, VerifyOptions, verify_artifact};
use registry::{Layout, LayoutError, Store, StoreError as ArtifactsError};
use time::OffsetDateTime;

use self::steps::Steps;
use crate::output::Output;

const REGION: &str = "us-west-2";
const PROFILE: &str = "demo";
const TAG: &str = "v1";

/// See it work, without a network, a registry or an AWS account.
///
/// Makes a small image in a folder, starts the local signer, signs the image with the code of the Notation plugin, verifies it,
/// revokes the signature, verifies again and is refused. Ends with code 1 if any step goes otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  In a folder of its own for temporary files:
    notation-aws-signer demo

  In a folder that is kept:
    notation-aws-signer demo --dir ./demo")]
pub struct Args {
    /// Where the files go: a folder that does not exist or is empty; by default a new one for temporary files
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Why the demonstration did not go as told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be used.
    #[error("{path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has files already.
    #[error("{0} is not empty; name a folder that does not exist")]
    NotEmpty(PathBuf),
    /// The image or its signature cannot be written or read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The image is not found where it was written, or its signatures cannot be listed.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// The tag is not one.
    #[error(transparent)]
    Tag(#[from] ReferenceError),
    /// The local signer did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The root certificate cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The local signer named its profile wrongly.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// A call to the local signer failed.
    #[error("{operation}: {why}")]
    Call {
        /// The operation.
        operation: &'static str,
        /// What went wrong.
        why: String,
    },
    /// The image was not signed.
    #[error(transparent)]
    Sign(Box<SignArtifactError>),
    /// A signature that is good was refused.
    #[error("the image should have been accepted, but was refused: {0}")]
    Refused(String),
    /// A signature that was revoked was not refused for that reason.
    #[error("the image should have been refused because its signature was revoked, but: {0}")]
    NotRefused(String),
    /// The terminal cannot be written to.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl From<SignArtifactError> for Error {
    fn from(error: SignArtifactError) -> Self {
        Self::Sign(Box::new(error))
    }
}

/// Runs the command.
///
/// # Errors
/// [`Error`] names the step that did not go as told.
pub async fn run(args: Args, output: &Output) -> Result<(), Error> {
    let folder = folder(args.dir)?;
    let mut steps = Steps::new(7, output.is_quiet());
    steps.title("Sign an image, verify it, revoke the signature, and see it refused: all on this machine.")?;

    steps.start("Make an image", "A small image in an OCI image layout: a folder with what a registry would hold.")?;
    let layout = Layout::create(folder.join("layout"))?;
    let image = image::write(&layout, TAG)?;
    let (store, target) = (Store::Layout(layout.clone()), Target::Tag(TAG.parse::<Tag>()?));
    steps.done(&[("image", format!("{}:{TAG}", layout.path().display())), ("digest", image.digest.to_string())])?;

    steps.start(
        "Start the local signer",
        "A service that speaks AWS Signer's API, with a certificate authority of its own.",
    )?;
    let service = LocalSigner::start(Options::new(folder.join("signer"))).await?;
    let root = service.root_certificate().to_owned();
    steps.done(&[("endpoint", service.endpoint_url()), ("root certificate", root.display().to_string())])?;

    steps.start(
        "Create a signing profile",
        "Trust policies name a profile by its ARN; it also says how long signatures are valid.",
    )?;
    let config = config_for(&service);
    let client = SignerClient::new(&config, "aws", REGION.to_owned()).await;
    let profile = put_profile(&client).await?;
    steps.done(&[("profile", profile.to_string())])?;

    steps.start(
        "Sign and attach",
        "AWS Signer's SignPayload makes the envelope; it is checked, then stored beside the image as its referrer.",
    )?;
    let deadline = || Deadline::new(Deadline::DEFAULT_BUDGET);
    let signed = sign_artifact(&store, &target, BTreeMap::new(), &client, &profile, deadline()).await?;
    let signature = attach(&store, &signed, SignatureForm::default()).await?;
    steps.done(&[("job", signed.signature.signer.job.to_string()), ("signature", signature.digest.to_string())])?;

    steps.start("Verify", "Five checks at strict level; each must pass.")?;
    let trust = Trust { roots: read_certificates(&root)?, identities: vec![profile.to_string()] };
    let policy = VerificationPolicy::from(trust);
    let options = VerifyOptions::new(config.clone(), OffsetDateTime::now_utc());
    let verify = || verify_artifact(&store, &target, &policy, &options);
    let verdict = verify().await?;
    accepted(&verdict)?;
    steps.done_with_checks("accepted", &verdict)?;

    steps.start(
        "Revoke the signature",
        "As if the image had turned out to be malicious. In AWS this cannot be undone.",
    )?;
    revoke(&client, &signed).await?;
    steps.done(&[("revoked", signed.signature.signer.job.to_string())])?;

    steps.start("Verify again", "The envelope has not changed, but AWS Signer now says that it is revoked.")?;
    let verdict = verify().await?;
    refused(&verdict, &signed, &signature)?;
    steps.done_with_checks("refused, as it must be", &verdict)?;

    service.shutdown().await;
    steps.title(&format!(
        "All steps went as told. The files are in {}\n\n\
         To go on with notation or the aws CLI, serve the same state again:\n  \
         {} local-signer serve --dir {}",
        folder.display(),
        std::env::current_exe().unwrap_or_else(|_| "notation-aws-signer".into()).display(),
        folder.join("signer").display()
    ))?;
    Ok(())
}

fn folder(given: Option<PathBuf>) -> Result<PathBuf, Error> {
    let Some(path) = given else {
        let temporary = std::env::temp_dir();
        let made = tempfile::Builder::new().prefix("notation-aws-signer-demo-").tempdir();
        return made.map(tempfile::TempDir::keep).map_err(|source| Error::Folder { path: temporary, source });
    };
    let error = |source| Error::Folder { path: path.clone(), source };
    std::fs::create_dir_all(&path).map_err(error)?;
    let path = path.canonicalize().map_err(error)?;
    if std::fs::read_dir(&path).map_err(error)?.next().is_some() {
        return Err(Error::NotEmpty(path));
    }
    Ok(path)
}

/// The configuration for the service in this process. What the user's environment says of AWS does not count.
fn config_for(service: &LocalSigner) -> SignerConfig {
    let keys = service.credentials();
    let credentials = Credentials::new(keys.access_key_id(), keys.secret_access_key(), None, None, "local signer");
    SignerConfig::default().with_endpoint_url(service.endpoint_url()).with_credentials(credentials)
}

async fn put_profile(client: &SignerClient) -> Result<ProfileArn, Error> {
    let validity = SignatureValidityPeriod::builder().r#type(ValidityType::Days).value(90).build();
    let request = client.sdk().put_signing_profile().profile_name(PROFILE).platform_id(NOTATION_PLATFORM);
    let answer = request.signature_validity_period(validity).send().await.map_err(call("PutSigningProfile"))?;
    Ok(answer.arn().unwrap_or_default().parse()?)
}

async fn revoke(client: &SignerClient, signed: &SignedArtifact) -> Result<(), Error> {
    let request = client.sdk().revoke_signature().job_id(signed.signature.signer.job.id());
    request.reason("demonstration").send().await.map(|_| ()).map_err(call("RevokeSignature"))
}

fn call<E: std::error::Error + 'static>(operation: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Call { operation, why: aws_signer::error_chain(&error) }
}

fn accepted(verdict: &Verdict) -> Result<(), Error> {
    if verdict.is_verified() { Ok(()) } else { Err(Error::Refused(steps::reasons(verdict))) }
}

/// Makes sure that the one signature was refused, and because its own job was revoked.
fn refused(verdict: &Verdict, signed: &SignedArtifact, signature: &Descriptor) -> Result<(), Error> {
    let job = signed.signature.signer.job.to_string();
    let for_that_reason = verdict.signatures().iter().any(|s| {
        let last = s.checks.last().and_then(|check| check.outcome.failure());
        s.manifest.digest == signature.digest
            && last.is_some_and(|failure| failure.revoked.contains(&RevokedEntity::Signature(job.clone())))
    });
    if !verdict.is_verified() && for_that_reason { Ok(()) } else { Err(Error::NotRefused(steps::reasons(verdict))) }
}
