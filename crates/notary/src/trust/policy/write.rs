//! Writing trust policy documents as JSON: `trust-store-trust-policy.md`.

use aws_names::ProfileArn;
use serde_json::{Value, json};

use super::identities::TrustedIdentities;
use super::scope::RegistryScopes;
use super::statement::TrustPolicy;
use super::store_name::TrustStoreName;
use super::verification::{SignatureVerification, VerificationLevel, VerifyTimestamp};

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
    /// The trusted signing profiles.
    pub profiles: Vec<ProfileArn>,
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
