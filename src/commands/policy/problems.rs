//! Mistakes in policy statements beside those of their form, which make verification fail, or trust fewer or more
//! signers than intended.

use aws_signer::aws_signer_roots;
use notary::ReasonCode;
use notary::reference::{ReferenceError, RepositoryName};
use notary::text::rfc3339;
use notary::trust::policy::{
    RegistryScope, StatementDraft, TrustStoreName, TrustStoreType, TrustedIdentities, TrustedIdentity,
};
use notation::trust_store::{TrustStore, TrustStoreError};
use time::OffsetDateTime;

use crate::output::exit::CliError;
use crate::output::outcome::StepReport;

/// A finding about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether signatures that should be trusted are refused; otherwise it may be intended.
    pub is_problem: bool,
    pub error: CliError,
}

impl Finding {
    fn problem(error: CliError) -> Self {
        Self { is_problem: true, error }
    }

    fn warning(error: CliError) -> Self {
        Self { is_problem: false, error }
    }

    /// The finding as a step of a check.
    pub(crate) fn into_step(self) -> StepReport {
        if self.is_problem { StepReport::failed(self.error) } else { StepReport::warning(self.error) }
    }
}

/// The findings for a statement. `read` reads its trust stores.
pub(crate) fn statement_findings(
    statement: &StatementDraft,
    read: impl Fn(&TrustStoreName) -> Result<TrustStore, TrustStoreError>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = statement.scopes.iter().filter_map(unreachable).collect();
    let mut has_aws_root = false;
    for name in &statement.trust_stores {
        match read(name) {
            Err(why) => findings.push(Finding::problem(why.into())),
            Ok(store) => {
                findings.extend(expired(&store, now));
                has_aws_root |= name.store_type() == TrustStoreType::SigningAuthority
                    && aws_signer_roots().iter().any(|root| store.certificates().contains(root.certificate()));
            }
        }
    }
    findings.extend(misspelt(&statement.trusted_identities));
    if statement.is_complete {
        findings.extend(identities(statement, has_aws_root));
    }
    findings
}

/// The finding for a scope that no reference to an artifact can have. A scope without a host name can be one for
/// layouts.
fn unreachable(scope: &RegistryScope) -> Option<Finding> {
    match scope.as_str().parse::<RepositoryName>() {
        Ok(_) | Err(ReferenceError::NoRegistry { .. }) => None,
        Err(why) => {
            let why = format!("registryScopes: {:?} matches no artifact: {why}", scope.as_str());
            Some(Finding::warning(CliError::configuration(why)))
        }
    }
}

/// The findings for identities that match nothing.
fn misspelt(identities: &TrustedIdentities) -> Vec<Finding> {
    let mut findings = Vec::new();
    for identity in identities.listed() {
        let TrustedIdentity::Other(other) = identity else { continue };
        findings.push(match other.misspelt_arn() {
            Some(why) => Finding::problem(CliError::configuration(format!("trustedIdentities: {why}"))),
            None => {
                let text = other.as_str();
                let why =
                    format!("trustedIdentities: {text:?} matches nothing unless a verification plugin supports it");
                Finding::warning(CliError::configuration(why))
            }
        });
    }
    findings
}

fn expired(store: &TrustStore, now: OffsetDateTime) -> Vec<Finding> {
    let all = store.certificates();
    let expired: Vec<_> = all.iter().filter(|certificate| now > certificate.not_after()).collect();
    // Signatures of a signing authority are verified as of their signing time: old ones stay valid after the root
    // expires.
    let is_problem = expired.len() == all.len();
    let finding = |certificate: &&notary::x509::Certificate| {
        let name = store.name();
        let subject = certificate.subject();
        let time = rfc3339(certificate.not_after());
        let why = format!("trust store {name}: the certificate {subject} expired on {time}");
        Finding { is_problem, error: CliError::new(ReasonCode::CertificateValidity, why) }
    };
    expired.iter().map(finding).collect()
}

/// The findings for the trust stores and identities together.
fn identities(statement: &StatementDraft, has_aws_root: bool) -> Vec<Finding> {
    let has_store_of = |kind| statement.trust_stores.iter().any(|store| store.store_type() == kind);
    let has_authority = has_store_of(TrustStoreType::SigningAuthority);
    let has_ca = has_store_of(TrustStoreType::Ca);
    let listed = match &statement.trusted_identities {
        TrustedIdentities::Any if has_aws_root => {
            let why =
                "trustedIdentities is \"*\", which would trust every AWS account: signatures of AWS Signer are refused";
            return vec![Finding::problem(
                CliError::configuration(why).with_advice("List the ARNs of the signing profiles instead."),
            )];
        }
        TrustedIdentities::Any => return Vec::new(),
        TrustedIdentities::Listed(listed) => listed,
    };
    let is_profile = |identity: &TrustedIdentity| identity.signer().is_some();
    let mut findings = Vec::new();
    if listed.iter().any(is_profile) && !has_authority {
        let why = "trustedIdentities has signing profiles or aliases of AWS Signer, but there is no trust store of the type signingAuthority";
        let error = CliError::configuration(why).with_advice("Add signingAuthority:aws-signer-ts to trustStores.");
        findings.push(Finding::problem(error));
    }
    if has_aws_root && !listed.is_empty() && !listed.iter().any(is_profile) {
        let why = "trustStores has a root of AWS Signer, but trustedIdentities has no signing profile or alias, so signatures of AWS \
                   Signer are refused";
        let error = CliError::configuration(why).with_advice("Add the ARNs of the signing profiles.");
        findings.push(Finding::problem(error));
    }
    let has_subject = listed.iter().any(|identity| matches!(identity, TrustedIdentity::X509Subject(_)));
    if has_subject && has_authority && !has_ca && !has_aws_root && !listed.iter().any(is_profile) {
        let why = "all trust stores have the type signingAuthority, which does not apply to signatures with your own certificates";
        let error = CliError::configuration(why).with_advice("Add a trust store of the type ca for them.");
        findings.push(Finding::warning(error));
    }
    if has_ca && !has_subject && !listed.is_empty() {
        let why = "trustStores has a store of the type ca, but trustedIdentities has no x509.subject, so signatures of the \
                   scheme notary.x509 are refused";
        findings.push(Finding::warning(CliError::configuration(why)));
    }
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::trust::policy::TrustPolicyDocument;
    use notation::NotationFolder;
    use serde_json::json;

    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo";
    const SUBJECT: &str = "x509.subject: C=US, ST=WA, O=x";

    /// The findings for a statement with these stores and identities; the store `aws` has AWS's root.
    fn findings(stores: &[&str], identities: &[&str], now: OffsetDateTime) -> Vec<Finding> {
        let home = tempfile::tempdir().unwrap();
        let folder = NotationFolder::at(home.path().join("notation"));
        let aws = "signingAuthority:aws".parse().unwrap();
        folder.add_certificates(&aws, "aws.pem".as_ref(), aws_signer_roots()[0].pem().as_bytes(), false).unwrap();
        let ca = "ca:own".parse().unwrap();
        folder.add_certificates(&ca, "own.pem".as_ref(), aws_signer_roots()[0].pem().as_bytes(), false).unwrap();
        let document = json!({ "version": "1.0", "trustPolicies": [{
            "name": "n", "registryScopes": ["*"], "signatureVerification": { "level": "strict" },
            "trustStores": stores, "trustedIdentities": identities,
        }]});
        let document = TrustPolicyDocument::parse(document.to_string().as_bytes()).unwrap();
        let (scopes, policy) = &document.policies()[0];
        statement_findings(&StatementDraft::of(Some(scopes), policy), |name| folder.trust_store(name), now)
    }

    #[test]
    fn warns_about_scopes_that_no_reference_can_have() {
        for (scope, is_warned) in [
            ("127.1/x", true),
            ("0x7f000001:5000/x", true),
            ("registry.example.com:05000/x", true),
            ("docker.io/app", true),
            ("docker.io/library/app", false),
            ("127.0.0.1:5000/x", false),
            ("local/my-layout", false),
        ] {
            let finding = unreachable(&scope.parse().unwrap());
            assert_eq!(finding.map(|finding| finding.is_problem), is_warned.then_some(false), "{scope}");
        }
    }

    #[test]
    fn accepts_profiles_with_the_aws_root() {
        let now = OffsetDateTime::now_utc();
        assert_eq!(findings(&["signingAuthority:aws"], &[PROFILE], now), []);
        assert_eq!(findings(&["signingAuthority:aws", "ca:own"], &[PROFILE, SUBJECT], now), []);
    }

    #[test]
    fn reports_mistakes_as_problems() {
        let now = OffsetDateTime::now_utc();
        let wrong = PROFILE.replace("signing-profiles", "signing-profile");
        for (stores, identities, why) in [
            (["signingAuthority:aws"], [SUBJECT], "no signing profile or alias"),
            (["signingAuthority:aws"], ["*"], "every AWS account"),
            (["signingAuthority:none"], [PROFILE], "does not exist"),
            (["signingAuthority:aws"], [wrong.as_str()], "did you mean"),
            (["ca:own"], [PROFILE], "no trust store of the type signingAuthority"),
        ] {
            let found = findings(&stores, &identities, now);
            let is_said = found.iter().any(|finding| finding.is_problem && finding.error.message.contains(why));
            assert!(is_said, "{why}: {found:?}");
        }
        let later = time::macros::datetime!(2200-01-01 0:00 UTC);
        assert!(findings(&["signingAuthority:aws"], &[PROFILE], later)[0].error.message.contains("expired on"));
    }
}
