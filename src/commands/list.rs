//! `notation-aws-signer list`: lists the signatures of an artifact.

use std::num::NonZeroUsize;

use aws_signer::SignerAttributes;
use limits::Deadline;
use notary::envelope::{Envelope, EnvelopeFormat, MAX_ENVELOPE_SIZE, Payload};
use notary::manifest::Manifest;
use notary::text::printable;
use notary::{Descriptor, ReasonCode};
use notation::verify::{Finding, Reason};
use registry::{Store, StoredSignature};
use serde::Serialize;

use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::outcome::{StepOutcome, StepReport};
use crate::output::table::Table;
use crate::output::vocabulary::{NamedArtifact, SignatureReport, SignedContent};
use crate::output::{Output, SCHEMA_VERSION};
use crate::verification::reason_error;

/// How much of an artifact's envelopes is read, in bytes. AWS Signer's have about 10 KiB each.
const MAX_READ: u64 = 2 * 1024 * 1024;

/// List the signatures of an artifact.
///
/// Shows for each who signed, when, and until when it is valid. Does not check whether the signers are trusted: use
/// `verify`. Use `inspect` to show everything that is in the signatures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the signatures of an image in a registry:
    notation-aws-signer list registry.example.com/app:v1

  Print the digests only, for an image in an OCI image layout:
    notation-aws-signer list oci:./image:v1 --output json \\
      | jq -r '.signatures[].digest'

Exit codes: 0 listed, also if there are no signatures; 1 a listed signature is malformed, or has an unknown format; \
  2 the command line or a permission is wrong, or the artifact does not exist; 3 the registry could not be \
  reached.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: ArtifactReference,

    /// Fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The results: docs/output/list.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    artifact: NamedArtifact,
    signatures: Vec<ListedSignature>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedSignature {
    #[serde(flatten)]
    signature: SignatureReport,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope_digest: Option<String>,
    /// Why the manifest cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
    /// Whether the envelope is intact and for this artifact. Otherwise what it says is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<StepReport>,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if the artifact cannot be resolved, or its signatures cannot be listed.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let waiting = output.waiting(&format!("listing the signatures of {}", args.reference));
    let OpenedArtifact { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let mut listed = store.list_signatures(&artifact, args.max_signatures.get()).await?;
    let mut envelopes = Envelopes { store: &store, artifact: &artifact, left: MAX_READ, deadline: None };
    let mut signatures = Vec::with_capacity(listed.left());
    while let Some(signature) = listed.next().await {
        signatures.push(ListedSignature::new(signature, &mut envelopes).await);
    }
    drop(waiting);
    let errors = signatures.iter().filter_map(|signature| signature.error.as_ref());
    let status = ExitStatus::worst(errors.map(FailureReport::status));
    let report = ListReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        artifact: args.reference.named(Some(&artifact)),
        signatures,
    };
    report.show(output)?;
    output.json(&report)?;
    Ok(status)
}

/// Reads the envelopes of an artifact's signatures.
struct Envelopes<'a> {
    store: &'a Store,
    artifact: &'a Descriptor,
    /// How many bytes may still be read.
    left: u64,
    /// For all envelopes together, from the first one on.
    deadline: Option<Deadline>,
}

impl Envelopes<'_> {
    /// What an envelope says, if it is intact and for the artifact.
    async fn read(&mut self, format: EnvelopeFormat, envelope: &Descriptor) -> Result<SignedContent, CliError> {
        if envelope.size > self.left {
            let why = format!("not read: the envelopes of an artifact are read up to {MAX_READ} bytes");
            return Err(CliError::new(ReasonCode::TooMany, why));
        }
        self.left -= envelope.size;
        let deadline = *self.deadline.get_or_insert_with(|| Deadline::new(Deadline::DEFAULT_BUDGET));
        match deadline.run(self.store.blob(envelope, MAX_ENVELOPE_SIZE as u64)).await {
            Some(bytes) => content(format, &bytes?, self.artifact),
            None => {
                let seconds = deadline.budget().as_secs_f32();
                Err(CliError::new(ReasonCode::Deadline, format!("not read within {seconds} s")))
            }
        }
    }
}

/// What an intact envelope of the artifact says.
fn content(format: EnvelopeFormat, envelope: &[u8], artifact: &Descriptor) -> Result<SignedContent, CliError> {
    let invalid = |why: Reason| CliError::new(why.code(), why);
    let envelope = Envelope::parse(format, envelope).map_err(|why| invalid(why.into()))?;
    let verified = envelope.verify_integrity().map_err(|why| invalid(why.into()))?;
    let signed = Payload::parse(verified.payload()).map_err(|why| invalid(why.into()))?.target_artifact;
    if !signed.is_same_content(artifact) {
        return Err(invalid(Reason::OtherArtifact { signed: Box::new(signed) }));
    }
    let attributes = verified.attributes();
    let signer = SignerAttributes::from_signed(attributes).ok();
    let certificates = verified.chain().certificates();
    Ok(SignedContent::new(format, attributes, certificates, signed.annotations, signer.as_ref()))
}

impl ListedSignature {
    async fn new(StoredSignature { descriptor, manifest }: StoredSignature, envelopes: &mut Envelopes<'_>) -> Self {
        let signature = SignatureReport::from_manifest(&descriptor);
        let size = descriptor.size;
        let envelope = manifest.map_err(CliError::from).and_then(|manifest| envelope_of(&manifest));
        let (format, envelope) = match envelope {
            Ok(envelope) => envelope,
            Err(why) => {
                return Self { signature, size, envelope_digest: None, error: Some(why.into()), integrity: None };
            }
        };
        let (content, integrity) = match envelopes.read(format, &envelope).await {
            Ok(content) => {
                let finding = Finding::Intact { digest: envelopes.artifact.digest.clone() };
                (Some(content), StepReport::fine(StepOutcome::Ok, finding))
            }
            Err(why) => (None, StepReport::not_passed(why)),
        };
        let signature = SignatureReport { content, envelope_media_type: Some(envelope.media_type), ..signature };
        let envelope_digest = Some(envelope.digest.to_string());
        Self { signature, size, envelope_digest, error: None, integrity: Some(integrity) }
    }

    /// Why the signature cannot be shown.
    fn failure(&self) -> Option<&FailureReport> {
        self.error.as_ref().or_else(|| self.integrity.as_ref()?.explanation.error())
    }

    /// The row of the table.
    fn row(&self) -> Vec<String> {
        let digest = self.signature.digest.clone();
        match (&self.signature.content, &self.error) {
            (Some(signed), _) => {
                let signer = signed.profile.as_ref().unwrap_or(&signed.subject).clone();
                let expiry = signed.expiry.clone().unwrap_or_else(|| "never".to_owned());
                vec![digest, signer, signed.signing_time.clone(), expiry]
            }
            (None, Some(_)) => vec![digest, "unreadable".to_owned()],
            (None, None) => vec![digest, "invalid".to_owned()],
        }
    }
}

/// The format and the descriptor of a signature's envelope.
fn envelope_of(manifest: &Manifest) -> Result<(EnvelopeFormat, Descriptor), CliError> {
    let envelope = manifest.envelope().map_err(|why| reason_error(&Reason::NotASignature(why)));
    envelope.map(|(format, envelope)| (format, envelope.clone()))
}

impl ListReport {
    /// Writes the report as text.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let name = printable(&self.artifact.artifact);
        if self.signatures.is_empty() {
            return output.text(format!("{name} has no associated signature"));
        }
        output.text(name)?;
        let mut table = Table::new(&["SIGNATURE", "SIGNER", "SIGNED AT", "EXPIRES"]);
        self.signatures.iter().for_each(|signature| table.add(signature.row()));
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
        for signature in &self.signatures {
            let Some(why) = signature.failure() else { continue };
            let message = format!("{}: {}", signature.signature.digest, why.message);
            match &signature.error {
                Some(error) => output.failure(message, error.advice.as_deref()),
                // It is listed all the same.
                None => output.warning(message),
            }
        }
        Ok(())
    }
}
