//! Trusted identities of AWS Signer: the ARNs of signing profiles, or of their versions, in a trust policy.
//!
//! ARNs are compared exactly after parsing, without trimming or case folding. The reason names near misses, because
//! they are nearly always a mistake in the policy, or an attempt to exploit one.

use aws_names::{ProfileArn, ProfileVersionArn};

use super::policy::{TrustedIdentities, TrustedIdentity};

/// The policy trusts every identity. It is rejected, since this does not restrict the AWS account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the trust policy's trustedIdentities has the wildcard \"*\", which would trust every AWS account; \
     list the ARNs of the signing profiles to trust"
)]
pub struct WildcardIdentity;

/// The result of comparing a signer with the trusted identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityVerdict {
    /// Whether the signer matches a trusted identity.
    pub trusted: bool,
    /// The reason.
    pub reason: String,
}

/// Compares the profile version that signed with the trusted identities of a policy.
///
/// # Errors
/// Returns [`WildcardIdentity`] if the policy trusts every identity.
pub fn check_trusted_identity(
    signer: &ProfileVersionArn,
    trusted: &TrustedIdentities,
) -> Result<IdentityVerdict, WildcardIdentity> {
    let identities = match trusted {
        TrustedIdentities::Any => return Err(WildcardIdentity),
        TrustedIdentities::Listed(identities) => identities,
    };
    if let Some(identity) = identities.iter().find(|identity| matches(signer, identity)) {
        let reason = format!("signed by {signer}, which the trusted identity {identity} names");
        return Ok(IdentityVerdict { trusted: true, reason });
    }
    let mut reason = format!("signed by {signer}, which no trusted identity of the policy names");
    let misses: Vec<String> = identities
        .iter()
        .filter_map(|identity| near_miss(signer, identity).map(|why| format!("{:?} {why}", identity.to_string())))
        .take(5)
        .collect();
    if !misses.is_empty() {
        reason.push_str(": ");
        reason.push_str(&misses.join("; "));
    }
    Ok(IdentityVerdict { trusted: false, reason })
}

fn matches(signer: &ProfileVersionArn, identity: &TrustedIdentity) -> bool {
    match identity {
        TrustedIdentity::SigningProfile(profile) => profile == signer.profile(),
        TrustedIdentity::SigningProfileVersion(version) => version == signer,
        TrustedIdentity::X509Subject(_) | TrustedIdentity::Other(_) => false,
    }
}

/// Describes how an identity differs from the signer, if that looks like a mistake.
fn near_miss(signer: &ProfileVersionArn, identity: &TrustedIdentity) -> Option<String> {
    let text = identity.to_string();
    let own = [signer.profile().to_string(), signer.to_string()];
    if own.iter().any(|own| own.eq_ignore_ascii_case(&text)) {
        return Some("differs only in case".to_owned());
    }
    if own.iter().any(|own| own == text.trim()) {
        return Some("has spaces around it".to_owned());
    }
    if let Some(prefix) = text.strip_suffix('*')
        && own.iter().any(|own| own.starts_with(prefix))
    {
        return Some("has a wildcard; only whole ARNs are compared".to_owned());
    }
    match identity {
        TrustedIdentity::SigningProfileVersion(version) if version.profile() == signer.profile() => {
            Some("is another version of the same profile".to_owned())
        }
        TrustedIdentity::SigningProfileVersion(version) => location(signer, version.profile()),
        TrustedIdentity::SigningProfile(profile) => location(signer, profile),
        TrustedIdentity::X509Subject(_) => None,
        TrustedIdentity::Other(_) if text.starts_with("x509.subject:") => None,
        TrustedIdentity::Other(_) => text.parse::<ProfileArn>().err().map(|why| format!("is not usable: {why}")),
    }
}

/// Describes a profile of the same name in another location.
fn location(signer: &ProfileVersionArn, other: &ProfileArn) -> Option<String> {
    let own = signer.profile().location();
    let theirs = other.location();
    if other.name() != signer.profile().name() {
        return None;
    }
    let differs = [
        (own.partition() != theirs.partition(), "partition"),
        (own.region() != theirs.region(), "region"),
        (own.account() != theirs.account(), "account"),
    ];
    let parts: Vec<&str> = differs.iter().filter(|(differs, _)| *differs).map(|(_, part)| *part).collect();
    (!parts.is_empty()).then(|| format!("has the same name in another {}", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const SIGNER: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd/Ab12Cd34Ef";

    fn check(identities: &[&str]) -> IdentityVerdict {
        let identities: Vec<String> = identities.iter().map(|i| (*i).to_owned()).collect();
        check_trusted_identity(&SIGNER.parse().unwrap(), &TrustedIdentities::parse_lenient(&identities)).unwrap()
    }

    #[test]
    fn trusts_the_profile_and_the_exact_version() {
        let profile = SIGNER.strip_suffix("/Ab12Cd34Ef").unwrap();
        assert!(check(&[profile]).trusted);
        assert!(check(&[SIGNER]).trusted);
        assert!(check(&["arn:aws:signer:us-west-2:111122223333:/signing-profiles/Other", profile]).trusted);
    }

    #[test]
    fn rejects_differences_and_names_near_misses() {
        for (identity, why) in [
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/notationprod", "differs only in case"),
            ("ARN:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd", "differs only in case"),
            (" arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd ", "spaces"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd/", "ends in a slash"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/Notation*", "wildcard"),
            ("arn:aws:signer:us-west-2:999922223333:/signing-profiles/NotationProd", "same name in another account"),
            ("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/NotationProd", "same name in another region"),
            (
                "arn:aws-cn:signer:us-west-2:111122223333:/signing-profiles/NotationProd",
                "same name in another partition",
            ),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd/Zz12Cd34Ef", "another version"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd2", "no trusted identity"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profile/NotationProd", "did you mean"),
            ("arn:aws:signer", "is not an ARN"),
            ("x509.subject: C=US, ST=WA, O=AWS", "no trusted identity"),
            ("", "is not an ARN"),
        ] {
            let verdict = check(&[identity]);
            assert!(!verdict.trusted, "{identity}");
            assert!(verdict.reason.contains(why), "{identity}: {}", verdict.reason);
        }
        assert!(!check(&[]).trusted);
    }

    #[test]
    fn rejects_a_wildcard_next_to_the_right_profile() {
        let identities = TrustedIdentities::parse_lenient(&[SIGNER.to_owned(), "*".to_owned()]);
        assert_eq!(check_trusted_identity(&SIGNER.parse().unwrap(), &identities), Err(WildcardIdentity));
    }
}
