//! Trust policy documents as they are written: the JSON that `trust-store-trust-policy.md` describes.

use aws_names::ProfileArn;
use serde_json::{Value, json};

use super::identities::TrustedIdentities;
use super::scope::RegistryScopes;
use super::statement::TrustPolicy;
use super::store_name::TrustStoreName;
use super::verification::{SignatureVerification, VerificationLevel, VerifyTimestamp};

/// A statement that is to be written. Whether it is one that may be is found out by reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    /// Its name.
    pub name: String,
    /// Which artifacts it is for.
    pub applies_to: AppliesTo,
    /// How signatures are verified.
    pub level: VerificationLevel,
    /// The trust stores.
    pub trust_stores: Vec<TrustStoreName>,
    /// The signing profiles that are trusted.
    pub profiles: Vec<ProfileArn>,
}

/// Which artifacts a statement is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliesTo {
    /// OCI artifacts of these repositories.
    Repositories(RegistryScopes),
    /// Blobs, for which this is the global policy or one that is named.
    Blobs {
        /// Whether it holds where no policy is named.
        global: bool,
    },
}

impl NewStatement {
    /// The statement in JSON.
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

    /// A document with this statement only, as it is written to a file.
    #[must_use]
    pub fn to_document(&self) -> String {
        let document = json!({ "version": "1.0", "trustPolicies": [self.to_json()] });
        format!("{document:#}\n")
    }
}

/// A statement that was read, in JSON: as it stands in a document.
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
    fn what_is_written_is_read_as_the_same() {
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
    fn overrides_and_the_time_of_timestamps_are_kept() {
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
