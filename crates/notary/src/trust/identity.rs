//! Trusted identities of AWS Signer: the ARNs of signing profiles, or of their versions, in a trust policy.
//!
//! ARNs are compared exactly after parsing, without trimming or case folding. The reason names near misses, because
//! they are nearly always a mistake in the policy, or an attempt to exploit one.

use std::fmt;

use aws_names::{AliasArn, Location, ProfileArn, SignerArn, SigningProfileVersion};

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

/// Who signed with AWS Signer, as the signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningIdentity<'a> {
    /// The signing profile version.
    pub profile_version: &'a SigningProfileVersion,
    /// The alias through which the profile was used, if any.
    pub alias: Option<&'a AliasArn>,
}

impl SigningIdentity<'_> {
    /// Whether a trusted identity names this signer: the profile or exactly its version, the alias that was used, or
    /// exactly the aliased profile.
    #[must_use]
    pub fn is(&self, identity: &TrustedIdentity) -> bool {
        match identity {
            TrustedIdentity::SigningProfile(profile) => self.profile_version.profile() == Some(profile),
            TrustedIdentity::SigningProfileVersion(version) => self.profile_version.version() == Some(version),
            TrustedIdentity::SigningProfileAlias(alias) => self.alias == Some(alias),
            TrustedIdentity::AliasedSigningProfile(profile) => {
                matches!(self.profile_version, SigningProfileVersion::Aliased(own) if own == profile)
            }
            TrustedIdentity::X509Subject(_) | TrustedIdentity::Other(_) => false,
        }
    }

    /// Returns the ARN by which to trust this signer: of the profile, or of the alias if only that is known.
    #[must_use]
    pub fn to_trust(&self) -> String {
        match (self.profile_version, self.alias) {
            (SigningProfileVersion::Aliased(_), Some(alias)) => alias.to_string(),
            (version, _) => version.unversioned(),
        }
    }

    /// The texts that a trusted identity could have for this signer.
    fn names(&self) -> Vec<String> {
        let version = self.profile_version;
        let profile = version.profile().map(ToString::to_string);
        profile.into_iter().chain([version.to_string()]).chain(self.alias.map(ToString::to_string)).collect()
    }
}

impl fmt::Display for SigningIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.profile_version.fmt(f)?;
        self.alias.map_or(Ok(()), |alias| write!(f, " through {alias}"))
    }
}

/// Compares the signer with the trusted identities of a policy.
///
/// # Errors
/// Returns [`WildcardIdentity`] if the policy trusts every identity.
pub fn check_trusted_identity(
    signer: &SigningIdentity<'_>,
    trusted: &TrustedIdentities,
) -> Result<IdentityVerdict, WildcardIdentity> {
    let identities = match trusted {
        TrustedIdentities::Any => return Err(WildcardIdentity),
        TrustedIdentities::Listed(identities) => identities,
    };
    if let Some(identity) = identities.iter().find(|identity| signer.is(identity)) {
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

/// Describes how an identity differs from the signer, if that looks like a mistake.
fn near_miss(signer: &SigningIdentity<'_>, identity: &TrustedIdentity) -> Option<String> {
    let text = identity.to_string();
    let own = signer.names();
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
        TrustedIdentity::SigningProfileVersion(version)
            if signer.profile_version.profile() == Some(version.profile()) =>
        {
            Some("is another version of the same profile".to_owned())
        }
        TrustedIdentity::SigningProfileVersion(version) => elsewhere_profile(signer, version.profile()),
        TrustedIdentity::SigningProfile(profile) => elsewhere_profile(signer, profile),
        TrustedIdentity::SigningProfileAlias(alias) => match signer.alias {
            None => Some("is an alias, but the signature was not made through one".to_owned()),
            Some(own) if own.name() == alias.name() => elsewhere(own.location(), alias.location()),
            Some(_) => None,
        },
        TrustedIdentity::AliasedSigningProfile(profile) => match signer.profile_version {
            SigningProfileVersion::Aliased(own) if own.id() == profile.id() => {
                elsewhere(own.location(), profile.location())
            }
            _ => None,
        },
        TrustedIdentity::X509Subject(_) => None,
        TrustedIdentity::Other(_) if text.starts_with("x509.subject:") => None,
        TrustedIdentity::Other(_) => text.parse::<SignerArn>().err().map(|why| format!("is not usable: {why}")),
    }
}

/// Describes a profile of the same name in another location.
fn elsewhere_profile(signer: &SigningIdentity<'_>, other: &ProfileArn) -> Option<String> {
    let own = signer.profile_version.profile()?;
    if other.name() == own.name() { elsewhere(own.location(), other.location()) } else { None }
}

/// Describes how the location of an identity with the same name differs.
fn elsewhere(own: &Location, theirs: &Location) -> Option<String> {
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

    const ALIAS: &str = "arn:aws:signer:us-west-2:111122223333:/aliases/release";
    const ALIASED: &str =
        "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

    fn check(identities: &[&str]) -> IdentityVerdict {
        check_of(SIGNER, None, identities)
    }

    fn check_of(version: &str, alias: Option<&str>, identities: &[&str]) -> IdentityVerdict {
        let (version, alias) = (version.parse().unwrap(), alias.map(|alias| alias.parse().unwrap()));
        let signer = SigningIdentity { profile_version: &version, alias: alias.as_ref() };
        let identities: Vec<String> = identities.iter().map(|i| (*i).to_owned()).collect();
        check_trusted_identity(&signer, &TrustedIdentities::parse_lenient(&identities)).unwrap()
    }

    #[test]
    fn trusts_exactly_the_alias_that_was_used() {
        let profile = SIGNER.strip_suffix("/Ab12Cd34Ef").unwrap();
        for trusted in [ALIAS, profile, SIGNER] {
            assert!(check_of(SIGNER, Some(ALIAS), &[trusted]).trusted, "{trusted}");
        }
        for trusted in [ALIAS, ALIASED] {
            assert!(check_of(ALIASED, Some(ALIAS), &[trusted]).trusted, "{trusted}");
        }
        for other in [
            ALIAS.replace("release", "nightly"),
            ALIAS.replace("release", "Release"),
            format!("{ALIAS}2"),
            format!("{ALIAS}/"),
            ALIAS.replace("release", "relea*"),
            ALIAS.replace("us-west-2", "eu-west-1"),
            ALIAS.replace("111122223333", "999922223333"),
            ALIAS.replace("/aliases/release", "/signing-profiles/release"),
            ALIASED.replace("e1f0", "e1f1"),
            ALIASED.replace("a5b4", "A5B4"),
            format!("{ALIASED}/Ab12Cd34Ef"),
        ] {
            assert!(!check_of(ALIASED, Some(ALIAS), &[&other]).trusted, "{other}");
            assert!(!check_of(SIGNER, Some(ALIAS), &[&other]).trusted, "{other}");
        }
        assert!(!check_of(ALIASED, Some(ALIAS), &[profile, SIGNER]).trusted);
        assert!(!check_of(ALIASED, None, &[ALIAS]).trusted);
    }

    #[test]
    fn names_near_misses_of_aliases() {
        let other_account = ALIAS.replace("111122223333", "999922223333");
        for (alias, identity, why) in [
            (None, ALIAS, "was not made through one"),
            (Some(ALIAS), other_account.as_str(), "same name in another account"),
            (Some(ALIAS), "arn:aws:signer:us-west-2:111122223333:/alias/release", "did you mean"),
        ] {
            let verdict = check_of(SIGNER, alias, &[identity]);
            assert!(!verdict.trusted && verdict.reason.contains(why), "{identity}: {}", verdict.reason);
        }
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
        let version = SIGNER.parse().unwrap();
        let signer = SigningIdentity { profile_version: &version, alias: None };
        assert_eq!(check_trusted_identity(&signer, &identities), Err(WildcardIdentity));
    }
}
