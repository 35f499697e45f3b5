//! The trusted identities of a policy. `trust-store-trust-policy.md`, "Trusted Identities Constraints": "Other types of
//! trusted identities may be supported, by using an alternate prefix, or a different format".

use std::fmt;
use std::str::FromStr;

use aws_names::{AliasArn, AliasedProfileArn, ArnError, Location, ProfileArn, ProfileVersionArn, SignerArn};

use crate::trust::{DistinguishedName, DistinguishedNameError, Subject};

const X509_SUBJECT: &str = "x509.subject";

/// An invalid trusted identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The identity has no prefix.
    #[error(
        "{0:?} has no prefix; use \"x509.subject: C=..., ST=..., O=...\", the ARN of a signing \
         profile or an alias, or \"*\" alone"
    )]
    NoPrefix(String),
    /// The distinguished name is invalid.
    #[error("{identity:?}: {source}")]
    DistinguishedName {
        /// The identity.
        identity: String,
        /// The error.
        source: DistinguishedNameError,
    },
}

/// A trusted identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedIdentity {
    /// `x509.subject:` with a full or partial subject of the signing certificate.
    X509Subject(DistinguishedName),
    /// A signing profile of AWS Signer, in any version.
    SigningProfile(ProfileArn),
    /// One version of a signing profile of AWS Signer.
    SigningProfileVersion(ProfileVersionArn),
    /// An alias of a signing profile of AWS Signer: signatures that were made through it.
    SigningProfileAlias(AliasArn),
    /// A signing profile of AWS Signer that may be used through its alias only.
    AliasedSigningProfile(AliasedProfileArn),
    /// An identity with another prefix, for a verification plugin. Without a plugin it matches nothing.
    Other(OtherIdentity),
}

/// A trusted identity with an unknown prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherIdentity(String);

impl OtherIdentity {
    /// Returns the identity with its prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// If this looks like a misspelt ARN of a signing profile or of an alias, which matches nothing: returns what is
    /// wrong with the ARN.
    #[must_use]
    pub fn misspelt_arn(&self) -> Option<ArnError> {
        let arn = self.0.trim();
        let is_meant = arn.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) && arn.contains("signer");
        self.0.parse::<SignerArn>().err().filter(|_| is_meant)
    }
}

impl TrustedIdentity {
    /// Returns the signer of AWS Signer that this names, if it names one.
    #[must_use]
    pub fn signer(&self) -> Option<SignerArn> {
        match self.clone() {
            Self::SigningProfile(profile) => Some(SignerArn::Profile(profile)),
            Self::SigningProfileVersion(version) => Some(SignerArn::Version(version)),
            Self::SigningProfileAlias(alias) => Some(SignerArn::Alias(alias)),
            Self::AliasedSigningProfile(profile) => Some(SignerArn::Aliased(profile)),
            Self::X509Subject(_) | Self::Other(_) => None,
        }
    }

    /// Returns where the signer of AWS Signer is that this names, if it names one.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::SigningProfile(profile) => Some(profile.location()),
            Self::SigningProfileVersion(version) => Some(version.location()),
            Self::SigningProfileAlias(alias) => Some(alias.location()),
            Self::AliasedSigningProfile(profile) => Some(profile.location()),
            Self::X509Subject(_) | Self::Other(_) => None,
        }
    }

    /// Parses an identity that a host has passed to its plugin. A malformed one matches nothing.
    #[must_use]
    pub fn parse_lenient(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self::Other(OtherIdentity(text.to_owned())))
    }
}

impl From<SignerArn> for TrustedIdentity {
    fn from(signer: SignerArn) -> Self {
        match signer {
            SignerArn::Profile(profile) => Self::SigningProfile(profile),
            SignerArn::Version(version) => Self::SigningProfileVersion(version),
            SignerArn::Alias(alias) => Self::SigningProfileAlias(alias),
            SignerArn::Aliased(profile) => Self::AliasedSigningProfile(profile),
        }
    }
}

impl FromStr for TrustedIdentity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (prefix, value) = text.split_once(':').ok_or_else(|| IdentityError::NoPrefix(text.to_owned()))?;
        if prefix == X509_SUBJECT {
            let wrong = |source| IdentityError::DistinguishedName { identity: text.to_owned(), source };
            return value.parse().map(Self::X509Subject).map_err(wrong);
        }
        Ok(text.parse::<SignerArn>().map_or_else(|_| Self::Other(OtherIdentity(text.to_owned())), Self::from))
    }
}

impl fmt::Display for TrustedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X509Subject(name) => write!(f, "{X509_SUBJECT}: {name}"),
            Self::SigningProfile(arn) => arn.fmt(f),
            Self::SigningProfileVersion(arn) => arn.fmt(f),
            Self::SigningProfileAlias(arn) => arn.fmt(f),
            Self::AliasedSigningProfile(arn) => arn.fmt(f),
            Self::Other(identity) => f.write_str(&identity.0),
        }
    }
}

/// The trusted identities of a trust policy. Signers must also have a certificate chain to one of its trust stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedIdentities {
    /// `*`: any identity.
    Any,
    /// The listed identities. Empty at the level `skip`.
    Listed(Vec<TrustedIdentity>),
}

impl TrustedIdentities {
    /// Parses identities that a host has passed to its plugin. Malformed ones match nothing, and `*` beside others
    /// counts as `*`.
    #[must_use]
    pub fn parse_lenient(texts: &[String]) -> Self {
        match texts.iter().any(|text| text == "*") {
            true => Self::Any,
            false => Self::Listed(texts.iter().map(|text| TrustedIdentity::parse_lenient(text)).collect()),
        }
    }

    /// Returns the `x509.subject` identity that `subject` matches. Always `None` for [`Self::Any`].
    #[must_use]
    pub fn matching_subject(&self, subject: &Subject) -> Option<&DistinguishedName> {
        self.x509_subjects().find(|name| subject.matches(name))
    }

    /// Returns the `x509.subject` identities.
    pub fn x509_subjects(&self) -> impl Iterator<Item = &DistinguishedName> {
        self.listed().iter().filter_map(|identity| match identity {
            TrustedIdentity::X509Subject(name) => Some(name),
            _ => None,
        })
    }

    /// Returns the listed identities; empty for [`Self::Any`].
    #[must_use]
    pub fn listed(&self) -> &[TrustedIdentity] {
        match self {
            Self::Any => &[],
            Self::Listed(identities) => identities,
        }
    }

    /// Returns the identities in the form that verification plugins expect.
    #[must_use]
    pub fn to_strings(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::Listed(identities) => identities.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd";

    fn identity(text: &str) -> TrustedIdentity {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn parses_each_type_of_identity() {
        assert!(matches!(identity("x509.subject: C=US, ST=WA, O=x"), TrustedIdentity::X509Subject(_)));
        assert!(matches!(identity(PROFILE), TrustedIdentity::SigningProfile(_)));
        assert!(matches!(identity(&format!("{PROFILE}/Ab12Cd34Ef")), TrustedIdentity::SigningProfileVersion(_)));
        let alias = "arn:aws:signer:us-west-2:111122223333:/aliases/release";
        let aliased =
            "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        assert!(matches!(identity(alias), TrustedIdentity::SigningProfileAlias(_)));
        assert!(matches!(identity(aliased), TrustedIdentity::AliasedSigningProfile(_)));
        for text in [alias, aliased] {
            assert_eq!(identity(text).signer().map(|arn| arn.to_string()).as_deref(), Some(text));
            assert_eq!(identity(text).to_string(), text);
        }
        for text in ["did:example:1", "arn:aws:iam::111122223333:role/x", "X509.subject:C=US", "x509.subject :x", "a:"]
        {
            let TrustedIdentity::Other(other) = identity(text) else { panic!("{text}") };
            assert_eq!(other.as_str(), text);
            assert_eq!(other.misspelt_arn(), None, "{text}");
            assert_eq!(TrustedIdentity::Other(other).to_string(), text);
        }
    }

    #[test]
    fn recognizes_misspelt_profile_arns() {
        for text in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profile/NotationProd",
            "arn:aws:signer:us-west-2:1111:/signing-profiles/NotationProd",
            "ARN:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd",
            "arn:aws:signer:us-west-2:111122223333:/alias/release",
            "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/release",
        ] {
            let TrustedIdentity::Other(other) = identity(text) else { panic!("{text}") };
            assert!(other.misspelt_arn().is_some(), "{text}");
        }
    }

    #[test]
    fn rejects_missing_prefixes_and_malformed_names() {
        for text in ["", "C=US", "**"] {
            assert_eq!(text.parse::<TrustedIdentity>(), Err(IdentityError::NoPrefix(text.to_owned())));
        }
        for text in ["x509.subject:", "x509.subject: ", "x509.subject: C=US"] {
            assert!(matches!(text.parse::<TrustedIdentity>(), Err(IdentityError::DistinguishedName { .. })), "{text}");
        }
    }
}
