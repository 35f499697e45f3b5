//! The results of `inspect`: docs/output/inspect.schema.json.

use std::collections::BTreeMap;

use aws_signer::SignerAttributes;
use notary::envelope::{SignedAttributes, header};
use notary::text::rfc3339;
use notary::{Descriptor, ReasonCode};
use notation::verify::{Finding, InspectedEnvelope, InspectedSignature, Reason};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::artifact_reference::ArtifactReference;
use crate::output::SCHEMA_VERSION;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::outcome::{StepOutcome, StepReport};
use crate::output::vocabulary::{NamedArtifact, SignatureReport, SignedContent, TimestampDetails};
use crate::verification::reason_error;

/// The results of the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    pub artifact: NamedArtifact,
    pub signatures: Vec<InspectedSignatureReport>,
    #[serde(skip)]
    pub exit: ExitStatus,
}

/// One signature, and either the details of its envelope or the error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectedSignatureReport {
    #[serde(flatten)]
    pub signature: SignatureReport,
    #[serde(flatten)]
    pub details: Option<EnvelopeDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FailureReport>,
}

/// What only `inspect` shows of an envelope.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnvelopeDetails {
    pub signature_algorithm: String,
    pub signed_attributes: BTreeMap<String, Value>,
    pub unsigned_attributes: UnsignedAttributes,
    pub signed_artifact: Descriptor,
    pub integrity: StepReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<StepReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnsignedAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_agent: Option<String>,
    /// Whether there is a timestamp.
    pub timestamp_signature: bool,
    /// What the timestamp says. It is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampDetails>,
    /// Why the timestamp cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_error: Option<FailureReport>,
}

impl InspectReport {
    pub(super) fn new(reference: &ArtifactReference, artifact: &Descriptor, signatures: &[InspectedSignature]) -> Self {
        let signatures: Vec<_> = signatures.iter().map(InspectedSignatureReport::new).collect();
        let exit = ExitStatus::worst(signatures.iter().map(InspectedSignatureReport::status));
        Self {
            schema_version: SCHEMA_VERSION,
            status: exit.as_str(),
            artifact: reference.named(Some(artifact)),
            signatures,
            exit,
        }
    }
}

impl InspectedSignatureReport {
    fn new(signature: &InspectedSignature) -> Self {
        let manifest = SignatureReport::from_manifest(&signature.manifest);
        match &signature.content {
            Err(why) => Self { signature: manifest, details: None, error: Some(reason_error(why).into()) },
            Ok(content) => Self {
                signature: manifest.with_content(signed_content(content)),
                details: Some(EnvelopeDetails::new(content)),
                error: None,
            },
        }
    }

    /// What the command fails for.
    pub(super) fn failures(&self) -> impl Iterator<Item = &FailureReport> {
        let details = self.details.as_ref();
        let integrity = details.and_then(|details| details.integrity.explanation.error());
        // A revoked signature is a successful answer; an unknown status is a failure.
        let is_unanswered = |code: ReasonCode| code.disposition() != notary::Disposition::Refused;
        let revocation = details.and_then(|details| details.revocation.as_ref());
        let unanswered = revocation.and_then(|step| step.explanation.error()).filter(|error| is_unanswered(error.code));
        [self.error.as_ref(), integrity, unanswered].into_iter().flatten()
    }

    /// The command's exit status for this signature alone.
    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.failures().map(FailureReport::status))
    }
}

/// What the envelope says.
fn signed_content(content: &InspectedEnvelope) -> SignedContent {
    let attributes = &content.envelope.attributes;
    let signer = SignerAttributes::from_signed(attributes).ok();
    let metadata = content.payload.target_artifact.annotations.clone();
    let certificates = content.envelope.chain.certificates();
    SignedContent::new(content.envelope.format, attributes, certificates, metadata, signer.as_ref())
}

impl EnvelopeDetails {
    fn new(content: &InspectedEnvelope) -> Self {
        let InspectedEnvelope { envelope, payload, timestamp, integrity, revocation, .. } = content;
        let (read, unreadable) = match timestamp {
            Some(Ok(token)) => (Some(token), None),
            Some(Err(why)) => (None, Some(why)),
            None => (None, None),
        };
        let Descriptor { media_type, digest, size, .. } = payload.target_artifact.clone();
        let step = |result: &Result<Finding, Reason>| match result {
            Ok(finding) => StepReport::fine(StepOutcome::Ok, finding.to_string()),
            Err(why) => StepReport::not_passed(reason_error(why)),
        };
        Self {
            signature_algorithm: algorithm(&envelope.attributes.algorithm).to_owned(),
            signed_attributes: signed_attributes(&envelope.attributes),
            unsigned_attributes: UnsignedAttributes {
                signing_agent: envelope.signing_agent.clone(),
                timestamp_signature: envelope.timestamp_signature().is_some(),
                timestamp: read.as_ref().map(|token| TimestampDetails::from_token(token)),
                timestamp_error: unreadable.map(|why| CliError::new(why.code(), why).into()),
            },
            signed_artifact: Descriptor { media_type, digest, size, artifact_type: None, annotations: BTreeMap::new() },
            integrity: step(integrity),
            revocation: revocation.as_ref().map(step),
        }
    }
}

fn signed_attributes(attributes: &SignedAttributes) -> BTreeMap<String, Value> {
    let extended = attributes.extended.iter().chain(&attributes.extended_critical);
    let mut all: BTreeMap<String, Value> = extended.map(|(name, value)| (name.clone(), value.clone())).collect();
    let plugin = [
        (header::VERIFICATION_PLUGIN, &attributes.verification_plugin),
        (header::VERIFICATION_PLUGIN_MIN_VERSION, &attributes.verification_plugin_min_version),
    ];
    all.extend(plugin.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into()))));
    // Set last, so that an extended attribute of the same name cannot replace them.
    all.insert("signingScheme".to_owned(), attributes.signing_scheme.as_str().into());
    all.insert("signingTime".to_owned(), rfc3339(attributes.signing_time).into());
    match attributes.expiry {
        Some(expiry) => all.insert("expiry".to_owned(), rfc3339(expiry).into()),
        None => all.remove("expiry"),
    };
    all
}

/// notation's name of an algorithm, given that of JWS, which stands for it in both formats.
fn algorithm(jws: &str) -> &str {
    match jws {
        "ES256" => "ECDSA-SHA-256",
        "ES384" => "ECDSA-SHA-384",
        "ES512" => "ECDSA-SHA-512",
        "PS256" => "RSASSA-PSS-SHA-256",
        "PS384" => "RSASSA-PSS-SHA-384",
        "PS512" => "RSASSA-PSS-SHA-512",
        other => other,
    }
}
