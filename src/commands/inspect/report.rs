//! The results of `inspect`: docs/output/inspect.schema.json. Members that notation's output has too have the same names.

use std::collections::BTreeMap;

use notary::Descriptor;
use notary::envelope::{SignedAttributes, header};
use notary::text::rfc3339;
use notary::x509::Certificate;
use notation::verify::{CheckFailure, InspectedEnvelope, InspectedSignature};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::artifact_reference::Place;
use crate::output::SCHEMA_VERSION;
use crate::output::exit::ExitStatus;

/// The results of the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    schema_version: u32,
    status: &'static str,
    reference: String,
    pub artifact: String,
    descriptor: Descriptor,
    pub signatures: Vec<SignatureReport>,
    #[serde(skip)]
    pub exit: ExitStatus,
}

/// One signature: its digest, and either its content or the error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureReport {
    pub digest: String,
    #[serde(flatten)]
    pub content: Option<EnvelopeReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip)]
    exit: ExitStatus,
}

/// The content of an envelope.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnvelopeReport {
    pub media_type: String,
    pub signature_algorithm: String,
    pub signed_attributes: BTreeMap<String, Value>,
    pub user_defined_attributes: BTreeMap<String, String>,
    pub unsigned_attributes: UnsignedReport,
    pub certificates: Vec<CertificateReport>,
    pub signed_artifact: Descriptor,
    pub integrity: StatusReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<StatusReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnsignedReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_agent: Option<String>,
    /// Whether there is a timestamp. It is not checked.
    pub timestamp_signature: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateReport {
    #[serde(rename = "SHA256Fingerprint")]
    pub fingerprint: String,
    pub issued_to: String,
    pub issued_by: String,
    pub not_before: String,
    pub expiry: String,
}

/// The result of a check.
#[derive(Debug, Serialize)]
pub(super) struct StatusReport {
    pub outcome: &'static str,
    pub reason: String,
}

impl Report {
    pub(super) fn of(place: &Place, artifact: Descriptor, signatures: &[InspectedSignature]) -> Self {
        let signatures: Vec<_> = signatures.iter().map(SignatureReport::of).collect();
        let exit = signatures.iter().map(|signature| signature.exit).max().unwrap_or(ExitStatus::Done);
        Self {
            schema_version: SCHEMA_VERSION,
            status: exit.as_str(),
            reference: place.to_string(),
            artifact: place.pinned(&artifact.digest),
            descriptor: artifact,
            signatures,
            exit,
        }
    }
}

impl SignatureReport {
    fn of(signature: &InspectedSignature) -> Self {
        let exit = |failure: &CheckFailure| match failure.undetermined {
            true if failure.misconfigured => ExitStatus::Usage,
            true => ExitStatus::Undetermined,
            false => ExitStatus::Refused,
        };
        let digest = signature.manifest.digest.to_string();
        match &signature.content {
            Err(why) => Self { digest, content: None, exit: exit(why), error: Some(why.to_string()) },
            Ok(content) => {
                let integrity = content.integrity.as_ref().err().map(exit);
                // A revoked signature is a successful answer; an unknown status is a failure.
                let revocation = content.revocation.as_ref().and_then(|status| status.as_ref().err());
                let unknown = revocation.filter(|why| why.undetermined).map(exit);
                let exit = integrity.max(unknown).unwrap_or(ExitStatus::Done);
                Self { digest, content: Some(EnvelopeReport::of(content)), exit, error: None }
            }
        }
    }
}

impl EnvelopeReport {
    fn of(content: &InspectedEnvelope) -> Self {
        let InspectedEnvelope { descriptor, envelope, payload, integrity, revocation, .. } = content;
        let mut artifact = payload.target_artifact.clone();
        let user_defined_attributes = std::mem::take(&mut artifact.annotations);
        Self {
            media_type: descriptor.media_type.clone(),
            signature_algorithm: algorithm(&envelope.attributes.algorithm).to_owned(),
            signed_attributes: signed_attributes(&envelope.attributes),
            user_defined_attributes,
            unsigned_attributes: UnsignedReport {
                signing_agent: envelope.signing_agent.clone(),
                timestamp_signature: envelope.timestamp_signature.is_some(),
            },
            certificates: envelope.chain.certificates().iter().map(CertificateReport::of).collect(),
            signed_artifact: artifact,
            integrity: match integrity {
                Ok(reason) => StatusReport { outcome: "intact", reason: reason.clone() },
                Err(why) => StatusReport { outcome: "broken", reason: why.reason.clone() },
            },
            revocation: revocation.as_ref().map(|status| match status {
                Ok(reason) => StatusReport { outcome: "not-revoked", reason: reason.clone() },
                Err(why) if !why.revoked.is_empty() => StatusReport { outcome: "revoked", reason: why.reason.clone() },
                Err(why) => StatusReport { outcome: "unknown", reason: why.reason.clone() },
            }),
        }
    }
}

impl CertificateReport {
    fn of(certificate: &Certificate) -> Self {
        Self {
            fingerprint: certificate.thumbprint(),
            issued_to: certificate.subject(),
            issued_by: certificate.issuer(),
            not_before: rfc3339(certificate.not_before()),
            expiry: rfc3339(certificate.not_after()),
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

/// notation's name of a JWS algorithm.
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
