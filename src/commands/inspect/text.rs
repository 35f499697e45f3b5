//! The text output of `inspect`: notation's tree, in notation's order, followed by our own entries.

use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::text::printable;
use serde_json::Value;

use super::report::{EnvelopeDetails, InspectReport, InspectedSignatureReport};
use crate::output::outcome::StepReport;
use crate::output::short::shortened;
use crate::output::tree::Tree;
use crate::output::vocabulary::{CertificateReport, SignatureReport, SignedContent};
use crate::output::{BAD, paint};

/// The attributes that come first, as in notation's output.
const FIRST: [&str; 3] = ["signingScheme", "signingTime", "expiry"];

pub(super) fn render(report: &InspectReport, columns: Option<usize>) -> String {
    if report.signatures.is_empty() {
        return format!("{} has no associated signature", printable(&report.artifact.artifact));
    }
    let mut root = Tree::new(&report.artifact.artifact);
    let list = root.add(Tree::new(SIGNATURE_MEDIA_TYPE));
    for InspectedSignatureReport { signature, details, error } in &report.signatures {
        let node = list.add(Tree::new(&signature.digest));
        if let (Some(content), Some(details)) = (&signature.content, details) {
            add(node, signature, content, details);
        }
        if let Some(error) = error {
            node.add(Tree::styled(paint(BAD, format!("unreadable: {}", printable(&error.message)))));
        }
    }
    format!("Inspecting all signatures for signed artifact\n{}", root.text(columns))
}

fn add(node: &mut Tree, signature: &SignatureReport, content: &SignedContent, details: &EnvelopeDetails) {
    node.pair("media type", signature.envelope_media_type.as_deref().unwrap_or_default());
    node.pair("signature algorithm", &details.signature_algorithm);
    let signed = node.add(Tree::new("signed attributes"));
    let attributes = &details.signed_attributes;
    let first = FIRST.iter().filter_map(|name| attributes.get_key_value(*name));
    for (name, value) in first.chain(attributes.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()))) {
        match value {
            Value::String(text) => signed.pair(name, text),
            other => signed.pair(name, other),
        };
    }
    let user_defined = node.add(Tree::new("user defined attributes"));
    for (name, value) in &content.user_metadata {
        user_defined.pair(name, value);
    }
    if content.user_metadata.is_empty() {
        user_defined.add(Tree::new("(empty)"));
    }
    let unsigned = node.add(Tree::new("unsigned attributes"));
    if details.unsigned_attributes.timestamp_signature {
        let node = unsigned.add(Tree::new("timestamp signature (not verified)"));
        if let Some(timestamp) = &details.unsigned_attributes.timestamp {
            node.pair("timestamp", timestamp.when());
            add_certificates(node, &timestamp.certificates);
        }
        if let Some(error) = &details.unsigned_attributes.timestamp_error {
            node.add(Tree::styled(paint(BAD, format!("invalid: {}", printable(&error.message)))));
        }
    }
    if let Some(agent) = &details.unsigned_attributes.signing_agent {
        unsigned.pair("signingAgent", agent);
    }
    add_certificates(node, &content.certificates);
    let artifact = node.add(Tree::new("signed artifact"));
    artifact.pair("media type", &details.signed_artifact.media_type);
    artifact.pair("digest", &details.signed_artifact.digest);
    artifact.pair("size", details.signed_artifact.size);
    // The signed artifact above has the whole digest.
    let above = details.signed_artifact.digest.as_str();
    add_step(node, "integrity", &details.integrity, above);
    if let Some(revocation) = &details.revocation {
        add_step(node, "revocation", revocation, above);
    }
}

fn add_certificates(node: &mut Tree, all: &[CertificateReport]) {
    let certificates = node.add(Tree::new("certificates"));
    for certificate in all {
        let one = certificates.pair("SHA256 fingerprint", &certificate.thumbprint);
        one.pair("issued to", &certificate.subject);
        one.pair("issued by", &certificate.issuer);
        one.pair("expiry", &certificate.not_after);
    }
}

fn add_step(node: &mut Tree, name: &str, step: &StepReport, above: &str) {
    let message = shortened(&printable(step.explanation.message()), above);
    node.add(Tree::styled(format!("{name}: {}: {message}", step.outcome.word(0))));
}
