//! The signed attributes that AWS Signer adds to those of the specification: which profile and which job signed.

use aws_names::{ArnError, JobArn, PLUGIN_NAME, ProfileVersionArn};
use notary::envelope::{SignedAttributes, SigningScheme, header};
use notary::json::JsonError;

/// Why the signed attributes are not those of a signature by AWS Signer that this program can judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// It is not of a signing authority.
    #[error("the signing scheme is {}, not notary.x509.signingAuthority: AWS Signer did not sign it", .0.as_str())]
    Scheme(SigningScheme),
    /// A verifier would have to run another plugin.
    #[error("it demands the verification plugin {0:?}, not {PLUGIN_NAME}")]
    OtherPlugin(String),
    /// A verifier would need a newer plugin.
    #[error("it demands version {demanded:?} of the verification plugin, this is {}", env!("CARGO_PKG_VERSION"))]
    NewerPlugin {
        /// The lowest version that would do.
        demanded: String,
    },
    /// It marks an attribute as critical that nobody here understands.
    #[error("it has the critical attribute {0:?}, which is not known")]
    UnknownCritical(String),
    /// An attribute of AWS Signer is missing, malformed, or not critical.
    #[error("a critical attribute of AWS Signer: {0}")]
    Missing(#[from] JsonError),
    /// An attribute of AWS Signer is not the ARN that it must be.
    #[error("a critical attribute of AWS Signer: {0}")]
    Arn(#[from] ArnError),
}

/// Which profile and which job signed, according to the signed attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerAttributes {
    /// The version of the signing profile.
    pub profile_version: ProfileVersionArn,
    /// The signing job.
    pub job: JobArn,
}

impl SignerAttributes {
    /// Reads the attributes of AWS Signer, and makes sure that nothing else is critical.
    ///
    /// # Errors
    /// [`AttributesError`] names what is missing or not understood.
    pub fn of(attributes: &SignedAttributes) -> Result<Self, AttributesError> {
        if let Some(other) = attributes.verification_plugin.as_ref().filter(|name| *name != PLUGIN_NAME) {
            return Err(AttributesError::OtherPlugin(other.clone()));
        }
        if attributes.signing_scheme != SigningScheme::SigningAuthority {
            return Err(AttributesError::Scheme(attributes.signing_scheme));
        }
        if let Some(demanded) = &attributes.verification_plugin_min_version
            && !is_at_least(env!("CARGO_PKG_VERSION"), demanded)
        {
            return Err(AttributesError::NewerPlugin { demanded: demanded.clone() });
        }
        let known = [header::SIGNING_PROFILE_VERSION, header::SIGNING_JOB];
        if let Some(unknown) = attributes.extended_critical.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(AttributesError::UnknownCritical(unknown.clone()));
        }
        Ok(Self {
            profile_version: attributes.critical_string(header::SIGNING_PROFILE_VERSION)?.parse()?,
            job: attributes.critical_string(header::SIGNING_JOB)?.parse()?,
        })
    }
}

/// Whether a released version is at least `demanded`, by SemVer. What is no version is not reached.
fn is_at_least(released: &str, demanded: &str) -> bool {
    // A pre-release comes before its release, so whoever reaches the release reaches it too; build metadata does not count.
    let core = demanded.split(['-', '+']).next().unwrap_or_default();
    let numbers = |version: &str| -> Option<[u64; 3]> {
        let numbers: Vec<u64> = version.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        numbers.try_into().ok()
    };
    numbers(core).is_some_and(|demanded| numbers(released).is_some_and(|released| released >= demanded))
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn versions_are_compared_by_number_and_nonsense_is_never_reached() {
        for demanded in ["2.0.0", "1.99.99", "2.0.0-rc.1", "2.0.0+build"] {
            assert!(is_at_least("2.0.0", demanded), "{demanded}");
        }
        for demanded in ["2.0.1", "10.0.0", "2.0", "v1.0.0", "", "1.0.0.0", "-1.0.0"] {
            assert!(!is_at_least("2.0.0", demanded), "{demanded}");
        }
    }
}
