//! Writing trust policy documents as JSON: `trust-store-trust-policy.md`.

use aws_names::SignerArn;
use serde_json::{Value, json};

use super::document::TrustPolicyDocument;
use super::error::PolicyError;
use super::identities::TrustedIdentities;
use super::scope::RegistryScopes;
use super::statement::TrustPolicy;
use super::store_name::TrustStoreName;
use super::verification::{SignatureVerification, VerificationLevel, VerifyTimestamp};
use crate::json::JsonError;

/// A new trust policy statement. It is validated by parsing the document that contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    /// The name.
    pub name: String,
    /// The artifacts that the statement applies to.
    pub applies_to: AppliesTo,
    /// The verification level.
    pub level: VerificationLevel,
    /// The trust stores.
    pub trust_stores: Vec<TrustStoreName>,
    /// The trusted signing profiles and aliases.
    pub profiles: Vec<SignerArn>,
}

/// The artifacts that a statement applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliesTo {
    /// OCI artifacts of these repositories.
    Repositories(RegistryScopes),
    /// Blobs.
    Blobs {
        /// Whether this is the global policy, used if no policy is named.
        global: bool,
    },
}

impl NewStatement {
    /// Returns the statement as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut statement = match &self.applies_to {
            AppliesTo::Repositories(scopes) => json!({ "name": self.name, "registryScopes": scopes_json(scopes) }),
            AppliesTo::Blobs { global: true } => json!({ "name": self.name, "globalPolicy": true }),
            AppliesTo::Blobs { global: false } => json!({ "name": self.name }),
        };
        statement["signatureVerification"] = json!({ "level": self.level.as_str() });
        statement["trustStores"] = self.trust_stores.iter().map(ToString::to_string).collect();
        statement["trustedIdentities"] = self.profiles.iter().map(ToString::to_string).collect();
        statement
    }

    /// Returns a document with only this statement, formatted for a file.
    #[must_use]
    pub fn to_document(&self) -> String {
        let document = json!({ "version": "1.0", "trustPolicies": [self.to_json()] });
        format!("{document:#}\n")
    }
}

/// Returns a parsed statement as JSON.
#[must_use]
pub fn statement_json(scopes: Option<&RegistryScopes>, policy: &TrustPolicy) -> Value {
    let mut statement = json!({ "name": policy.name() });
    if let Some(scopes) = scopes {
        statement["registryScopes"] = scopes_json(scopes);
    }
    statement["signatureVerification"] = verification_json(policy.signature_verification());
    if !policy.is_skip() {
        statement["trustStores"] = policy.trust_stores().iter().map(ToString::to_string).collect();
        statement["trustedIdentities"] = identities_json(policy.trusted_identities());
    }
    statement
}

/// Returns a document with more statements, and with others in place of those with their names. Everything else stays
/// as it is.
///
/// # Errors
/// Returns [`PolicyError`] if the result is not a valid document, for example because two statements have the same
/// scope.
pub fn with_statements(document: &[u8], added: Vec<Value>, changed: Vec<Value>) -> Result<String, PolicyError> {
    TrustPolicyDocument::parse(document)?;
    let unreadable = || PolicyError::Json(JsonError::Missing { path: "trustPolicies".to_owned() });
    let mut document: Value = serde_json::from_slice(document).map_err(|_| unreadable())?;
    let statements = document["trustPolicies"].as_array_mut().ok_or_else(unreadable)?;
    for new in changed {
        let old = statements.iter_mut().find(|statement| statement["name"] == new["name"]);
        *old.ok_or_else(unreadable)? = new;
    }
    statements.extend(added);
    let text = format!("{document:#}\n");
    TrustPolicyDocument::parse(text.as_bytes())?;
    Ok(text)
}

fn scopes_json(scopes: &RegistryScopes) -> Value {
    match scopes {
        RegistryScopes::Global => json!(["*"]),
        RegistryScopes::Listed(scopes) => scopes.iter().map(ToString::to_string).collect(),
    }
}

fn identities_json(identities: &TrustedIdentities) -> Value {
    identities.to_strings().into()
}

fn verification_json(verification: &SignatureVerification) -> Value {
    let mut value = json!({ "level": verification.level().as_str() });
    if !verification.overrides().is_empty() {
        let overrides = verification.overrides().iter();
        value["override"] = overrides.map(|(kind, action)| (kind.to_string(), json!(action.as_str()))).collect();
    }
    if verification.verify_timestamp() != VerifyTimestamp::default() {
        value["verifyTimestamp"] = json!(verification.verify_timestamp().as_str());
    }
    value
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::super::{BlobTrustPolicyDocument, TrustPolicyDocument};
    use super::*;

    fn statement(applies_to: AppliesTo) -> NewStatement {
        NewStatement {
            name: "aws-signer".to_owned(),
            applies_to,
            level: VerificationLevel::Strict,
            trust_stores: vec!["signingAuthority:aws-signer-ts".parse().unwrap()],
            profiles: vec!["arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo".parse().unwrap()],
        }
    }

    #[test]
    fn written_documents_round_trip() {
        let scopes = RegistryScopes::Listed(vec!["registry.example.com/app".parse().unwrap()]);
        for scopes in [RegistryScopes::Global, scopes] {
            let new = statement(AppliesTo::Repositories(scopes.clone()));
            let read = TrustPolicyDocument::parse(new.to_document().as_bytes()).unwrap();
            assert_eq!(read.policies()[0].0, scopes);
            assert_eq!(statement_json(Some(&scopes), &read.policies()[0].1), new.to_json());
        }
        for global in [true, false] {
            let new = statement(AppliesTo::Blobs { global });
            let read = BlobTrustPolicyDocument::parse(new.to_document().as_bytes()).unwrap();
            assert_eq!(read.global().is_some(), global);
        }
    }

    #[test]
    fn adds_and_changes_statements_and_keeps_the_others() {
        let all = statement(AppliesTo::Repositories(RegistryScopes::Global));
        let document = all.to_document();
        let own = NewStatement {
            name: "own".to_owned(),
            ..statement(AppliesTo::Repositories(RegistryScopes::Listed(vec!["r.example/a".parse().unwrap()])))
        };
        let changed = NewStatement { level: VerificationLevel::Audit, ..all.clone() };
        let text = with_statements(document.as_bytes(), vec![own.to_json()], vec![changed.to_json()]).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["trustPolicies"], json!([changed.to_json(), own.to_json()]));
        // The scope and the name are taken; there is no such statement.
        for (added, changed) in [(vec![all.to_json()], vec![]), (vec![], vec![own.to_json()])] {
            assert!(with_statements(document.as_bytes(), added, changed).is_err());
        }
    }

    #[test]
    fn keeps_overrides_and_verify_timestamp() {
        let written = json!({
            "name": "n", "registryScopes": ["*"],
            "signatureVerification": {
                "level": "strict", "override": { "revocation": "skip" }, "verifyTimestamp": "afterCertExpiry"
            },
            "trustStores": ["ca:a"], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=x"],
        });
        let document = json!({ "version": "1.0", "trustPolicies": [written] }).to_string();
        let read = TrustPolicyDocument::parse(document.as_bytes()).unwrap();
        let (scopes, policy) = &read.policies()[0];
        let again = statement_json(Some(scopes), policy);
        assert_eq!(again["signatureVerification"], written["signatureVerification"]);
    }
}
