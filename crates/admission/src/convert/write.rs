//! The configuration as YAML, and trust policy documents as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::objects::TrustPolicy;
use super::{Policy, Trust};

/// The configuration. Its texts are in quotation marks, so that each reader of YAML takes them for texts.
pub fn config(policies: &[Policy]) -> String {
    let mut text = String::from(
        "# From TrustPolicy and TrustStore objects, by `notation-aws-signer admission convert`.\n\
         version: 1\nserver:\n  adapters: [kyverno]\npolicies:\n",
    );
    for policy in policies {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {}:", quoted(&policy.name));
        let roots = match &policy.trust {
            Trust::Profiles { profiles, roots } => {
                text.push_str("    trustedProfiles:\n");
                for profile in profiles {
                    let _ = writeln!(text, "      - {}", quoted(profile));
                }
                roots
            }
            Trust::Document { path, roots } => {
                let _ = writeln!(text, "    trustPolicy: {}", quoted_path(path));
                roots
            }
        };
        if let Some(roots) = roots {
            let _ = writeln!(text, "    roots: [{}]", quoted_path(roots));
        }
    }
    let first = policies.iter().find(|policy| policy.name == "default").or(policies.first());
    let name = first.map(|policy| quoted(&policy.name)).unwrap_or_default();
    let _ = write!(
        text,
        "# Requests of Kyverno name their policy; the rule says what happens to images that do not satisfy it.\n\
         rules:\n  - {{name: rest, policy: {name}, action: enforce}}\n"
    );
    text
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// The document of notation: the objects have its form.
pub fn document(policy: &TrustPolicy) -> Vec<u8> {
    let statements: Vec<Value> = policy
        .statements
        .iter()
        .map(|statement| {
            let mut verification = json!({ "level": statement.level });
            if !statement.overrides.is_empty() {
                verification["override"] = json!(statement.overrides);
            }
            let mut value = json!({
                "name": statement.name,
                "registryScopes": statement.scopes,
                "signatureVerification": verification,
            });
            if !statement.stores.is_empty() {
                value["trustStores"] = json!(statement.stores);
            }
            if !statement.identities.is_empty() {
                value["trustedIdentities"] = json!(statement.identities);
            }
            value
        })
        .collect();
    let document = json!({ "version": "1.0", "trustPolicies": statements });
    let mut text = format!("{document:#}").into_bytes();
    text.push(b'\n');
    text
}
