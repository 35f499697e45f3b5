//! Mistakes in well-formed policy statements, which make verification fail, or trust fewer or more signers than intended.

use aws_signer::aws_signer_roots;
use notary::text::rfc3339;
use notary::trust::policy::{TrustPolicy, TrustStoreName, TrustStoreType, TrustedIdentities, TrustedIdentity};
use notation::trust_store::{StoreError, TrustStore};
use serde::Serialize;
use time::OffsetDateTime;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// Signatures that should be trusted are refused.
    Problem,
    /// May be intended.
    Warning,
}

/// A severity and its message.
pub(crate) type Finding = (Severity, String);

/// The findings for a statement. `read` reads its trust stores.
pub(crate) fn of_statement(
    policy: &TrustPolicy,
    read: impl Fn(&TrustStoreName) -> Result<TrustStore, StoreError>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut has_aws_root = false;
    for name in policy.trust_stores() {
        match read(name) {
            Err(why) => findings.push((Severity::Problem, why.to_string())),
            Ok(store) => {
                findings.extend(expired(&store, now));
                has_aws_root |= name.store_type() == TrustStoreType::SigningAuthority
                    && aws_signer_roots().iter().any(|root| store.certificates().contains(root.certificate()));
            }
        }
    }
    findings.extend(identities(policy, has_aws_root));
    findings
}

fn expired(store: &TrustStore, now: OffsetDateTime) -> Vec<Finding> {
    let all = store.certificates();
    let expired: Vec<_> = all.iter().filter(|certificate| now > certificate.not_after()).collect();
    // Signatures of a signing authority are verified as of their signing time: old ones stay valid after the root expires.
    let severity = if expired.len() == all.len() { Severity::Problem } else { Severity::Warning };
    let finding = |certificate: &&notary::x509::Certificate| {
        let name = store.name();
        let subject = certificate.subject();
        let time = rfc3339(certificate.not_after());
        (severity, format!("trust store {name}: the certificate {subject} expired on {time}"))
    };
    expired.iter().map(finding).collect()
}

fn identities(policy: &TrustPolicy, has_aws_root: bool) -> Vec<Finding> {
    use Severity::{Problem, Warning};
    let has_authority = policy.trust_stores_of(TrustStoreType::SigningAuthority).next().is_some();
    let has_ca = policy.trust_stores_of(TrustStoreType::Ca).next().is_some();
    let listed = match policy.trusted_identities() {
        TrustedIdentities::Any if has_aws_root => {
            let why = "trustedIdentities is \"*\", which would trust every AWS account: signatures of AWS Signer are refused. \
                       List the ARNs of the signing profiles instead";
            return vec![(Problem, why.to_owned())];
        }
        TrustedIdentities::Any => return Vec::new(),
        TrustedIdentities::Listed(listed) => listed,
    };
    let is_profile = |i: &TrustedIdentity| {
        matches!(i, TrustedIdentity::SigningProfile(_) | TrustedIdentity::SigningProfileVersion(_))
    };
    let mut findings = Vec::new();
    for identity in listed {
        let TrustedIdentity::Other(other) = identity else { continue };
        findings.push(match other.misspelt_arn() {
            Some(why) => (Problem, format!("trustedIdentities: {why}")),
            None => {
                let text = other.as_str();
                (
                    Warning,
                    format!("trustedIdentities: {text:?} matches nothing unless a verification plugin supports it"),
                )
            }
        });
    }
    if listed.iter().any(is_profile) && !has_authority {
        let why = "trustedIdentities has signing profiles of AWS Signer, but there is no trust store of the type \
                   signingAuthority: add signingAuthority:aws-signer-ts to trustStores";
        findings.push((Problem, why.to_owned()));
    }
    if has_aws_root && !listed.is_empty() && !listed.iter().any(is_profile) {
        let why = "trustStores has a root of AWS Signer, but trustedIdentities has no signing profile, so signatures of AWS \
                   Signer are refused: add the ARNs of the profiles";
        findings.push((Problem, why.to_owned()));
    }
    let has_subject = listed.iter().any(|identity| matches!(identity, TrustedIdentity::X509Subject(_)));
    if has_subject && has_authority && !has_ca && !has_aws_root && !listed.iter().any(is_profile) {
        let why = "all trust stores have the type signingAuthority, which does not apply to signatures with your own \
                   certificates: add a trust store of the type ca for them";
        findings.push((Warning, why.to_owned()));
    }
    if has_ca && !has_subject && !listed.is_empty() {
        let why = "trustStores has a store of the type ca, but trustedIdentities has no x509.subject, so signatures of the \
                   scheme notary.x509 are refused";
        findings.push((Warning, why.to_owned()));
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
        of_statement(&document.policies()[0].1, |name| folder.trust_store(name), now)
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
            (["signingAuthority:aws"], [SUBJECT], "no signing profile"),
            (["signingAuthority:aws"], ["*"], "every AWS account"),
            (["signingAuthority:none"], [PROFILE], "does not exist"),
            (["signingAuthority:aws"], [wrong.as_str()], "did you mean"),
            (["ca:own"], [PROFILE], "no trust store of the type signingAuthority"),
        ] {
            let found = findings(&stores, &identities, now);
            let is_said = found.iter().any(|(severity, text)| *severity == Severity::Problem && text.contains(why));
            assert!(is_said, "{why}: {found:?}");
        }
        let later = time::macros::datetime!(2200-01-01 0:00 UTC);
        assert!(findings(&["signingAuthority:aws"], &[PROFILE], later)[0].1.contains("expired on"));
    }
}
