//! The signed attributes that AWS Signer adds to those of the specification: signing profile version, signing job and,
//! if the profile was used through one, its alias.

use aws_names::{AliasArn, ArnError, JobArn, PLUGIN_NAME, SigningProfileVersion};
use notary::envelope::{SignedAttributes, SigningScheme, header};
use notary::json::JsonError;
use notary::text::start_of;
use notary::trust::SigningIdentity;
use notary::{Advice, ReasonCode};
use semver::Version;

/// Signed attributes that do not belong to AWS Signer, or that this program cannot evaluate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// The signing scheme is not that of a signing authority.
    #[error("the signing scheme is {}, not notary.x509.signingAuthority: AWS Signer did not sign it", .0.as_str())]
    Scheme(SigningScheme),
    /// It requires another verification plugin.
    #[error("it requires the verification plugin {0:?}, not {PLUGIN_NAME}")]
    OtherPlugin(String),
    /// It requires a newer verification plugin.
    #[error("it requires version {demanded:?} of the verification plugin, this is {}", env!("CARGO_PKG_VERSION"))]
    NewerPlugin {
        /// The required minimum version.
        demanded: String,
    },
    /// It has an unknown critical attribute.
    #[error("it has the unknown critical attribute {0:?}")]
    UnknownCritical(String),
    /// An attribute of AWS Signer is missing, malformed or not critical.
    #[error("a critical attribute of AWS Signer: {0}")]
    Missing(#[from] JsonError),
    /// An attribute of AWS Signer is not the expected ARN.
    #[error("a critical attribute of AWS Signer: {0}")]
    Arn(#[from] ArnError),
}

impl AttributesError {
    /// Returns the kind of this failure, as a judgement of the signature.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::OtherPlugin(_) | Self::NewerPlugin { .. } | Self::UnknownCritical(_) => ReasonCode::Unsupported,
            Self::Scheme(_) | Self::Missing(_) | Self::Arn(_) => ReasonCode::Integrity,
        }
    }

    /// Returns what to do about the failure.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::NewerPlugin { .. } => Some(Advice::UpdatePlugin { name: PLUGIN_NAME.to_owned() }),
            _ => None,
        }
    }
}

/// The signing profile version, its alias and the signing job from the signed attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerAttributes {
    /// The signing profile version.
    pub profile_version: SigningProfileVersion,
    /// The alias through which the profile was used, if any.
    pub alias: Option<AliasArn>,
    /// The signing job.
    pub job: JobArn,
}

impl SignerAttributes {
    /// Returns what trusted identities are compared with.
    #[must_use]
    pub fn identity(&self) -> SigningIdentity<'_> {
        SigningIdentity { profile_version: &self.profile_version, alias: self.alias.as_ref() }
    }

    /// Reads the attributes of AWS Signer, and checks that no other attribute is critical.
    ///
    /// # Errors
    /// Returns [`AttributesError`] if an attribute is missing, invalid or unknown.
    pub fn from_signed(attributes: &SignedAttributes) -> Result<Self, AttributesError> {
        if let Some(other) = attributes.verification_plugin.as_ref().filter(|name| *name != PLUGIN_NAME) {
            return Err(AttributesError::OtherPlugin(start_of(other)));
        }
        if attributes.signing_scheme != SigningScheme::SigningAuthority {
            return Err(AttributesError::Scheme(attributes.signing_scheme));
        }
        if let Some(demanded) = &attributes.verification_plugin_min_version
            && !is_at_least(env!("CARGO_PKG_VERSION"), demanded)
        {
            return Err(AttributesError::NewerPlugin { demanded: start_of(demanded) });
        }
        let known = [header::SIGNING_PROFILE_VERSION, header::SIGNING_PROFILE_ALIAS, header::SIGNING_JOB];
        if let Some(unknown) = attributes.extended_critical.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(AttributesError::UnknownCritical(start_of(unknown)));
        }
        Ok(Self {
            profile_version: attributes.critical_string(header::SIGNING_PROFILE_VERSION)?.parse()?,
            alias: match attributes.extended_critical.contains_key(header::SIGNING_PROFILE_ALIAS) {
                true => Some(attributes.critical_string(header::SIGNING_PROFILE_ALIAS)?.parse()?),
                false => None,
            },
            job: attributes.critical_string(header::SIGNING_JOB)?.parse()?,
        })
    }
}

/// Whether a version is at least `demanded`, by precedence. Always false if `demanded` is malformed.
fn is_at_least(version: &str, demanded: &str) -> bool {
    match (Version::parse(version), Version::parse(demanded)) {
        (Ok(version), Ok(demanded)) => version.cmp_precedence(&demanded).is_ge(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn compares_versions_numerically() {
        for demanded in ["2.0.0", "1.99.99", "2.0.0-rc.1", "2.0.0+build"] {
            assert!(is_at_least("2.0.0", demanded), "{demanded}");
        }
        for demanded in ["2.0.1", "10.0.0", "2.0", "v1.0.0", "", "1.0.0.0", "-1.0.0"] {
            assert!(!is_at_least("2.0.0", demanded), "{demanded}");
        }
    }
}
