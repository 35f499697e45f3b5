//! The text output of `inspect`: notation's tree, in notation's order, followed by our own entries.

use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::text::printable;
use serde_json::Value;

use super::report::{EnvelopeReport, Report, StatusReport};
use crate::output::tree::Tree;
use crate::output::{BAD, GOOD, WARN, paint};

/// The attributes that come first, as in notation's output.
const FIRST: [&str; 3] = ["signingScheme", "signingTime", "expiry"];

pub(super) fn of(report: &Report) -> String {
    if report.signatures.is_empty() {
        return format!("{} has no associated signature", printable(&report.artifact));
    }
    let mut root = Tree::new(&report.artifact);
    let list = root.add(Tree::new(SIGNATURE_MEDIA_TYPE));
    for signature in &report.signatures {
        let node = list.add(Tree::new(&signature.digest));
        match (&signature.content, &signature.error) {
            (Some(content), _) => add(node, content),
            (None, why) => {
                let why = printable(why.as_deref().unwrap_or_default());
                node.add(Tree::styled(paint(BAD, format!("unreadable: {why}"))));
            }
        }
    }
    format!("Inspecting all signatures for signed artifact\n{root}")
}

fn add(node: &mut Tree, content: &EnvelopeReport) {
    node.pair("media type", &content.media_type);
    node.pair("signature algorithm", &content.signature_algorithm);
    let signed = node.add(Tree::new("signed attributes"));
    let attributes = &content.signed_attributes;
    let first = FIRST.iter().filter_map(|name| attributes.get_key_value(*name));
    for (name, value) in first.chain(attributes.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()))) {
        match value {
            Value::String(text) => signed.pair(name, text),
            other => signed.pair(name, other),
        };
    }
    let user_defined = node.add(Tree::new("user defined attributes"));
    for (name, value) in &content.user_defined_attributes {
        user_defined.pair(name, value);
    }
    if content.user_defined_attributes.is_empty() {
        user_defined.add(Tree::new("(empty)"));
    }
    let unsigned = node.add(Tree::new("unsigned attributes"));
    if content.unsigned_attributes.timestamp_signature {
        unsigned.pair("timestamp signature", "present, not checked");
    }
    if let Some(agent) = &content.unsigned_attributes.signing_agent {
        unsigned.pair("signingAgent", agent);
    }
    let certificates = node.add(Tree::new("certificates"));
    for certificate in &content.certificates {
        let one = certificates.pair("SHA256 fingerprint", &certificate.fingerprint);
        one.pair("issued to", &certificate.issued_to);
        one.pair("issued by", &certificate.issued_by);
        one.pair("expiry", &certificate.expiry);
    }
    let artifact = node.add(Tree::new("signed artifact"));
    artifact.pair("media type", &content.signed_artifact.media_type);
    artifact.pair("digest", &content.signed_artifact.digest);
    artifact.pair("size", content.signed_artifact.size);
    status(node, "integrity", &content.integrity);
    if let Some(revocation) = &content.revocation {
        status(node, "revocation", revocation);
    }
}

fn status(node: &mut Tree, name: &str, status: &StatusReport) {
    let word = match status.outcome {
        "intact" | "not-revoked" => paint(GOOD, "ok"),
        "unknown" => paint(WARN, "unknown"),
        _ => paint(BAD, "failed"),
    };
    let reason = printable(&status.reason);
    node.add(Tree::styled(format!("{name}: {word}: {reason}")));
}
