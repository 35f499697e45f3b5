//! The form that all ARNs of AWS Signer have in common, and how an ARN can be wrong.

use super::{Location, NameError, mistakes};

pub(super) const PROFILES: &str = "/signing-profiles/";
pub(super) const JOBS: &str = "/signing-jobs/";
pub(super) const ALIASES: &str = "/aliases/";
pub(super) const ALIASED_PROFILES: &str = "/aliased-signing-profiles/";
const MAX_LENGTH: usize = 512;

/// An invalid ARN, or one of an unexpected type. The fields contain the text as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text is not six parts separated by colons, starting with `arn`.
    #[error("{0:?} is not an ARN: expected arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE")]
    NotAnArn(String),
    /// The text is an ARN of AWS Signer with a common mistake.
    #[error("{arn:?} is not an ARN of AWS Signer: {what}; did you mean {corrected}?")]
    Mistake {
        /// The text as given.
        arn: String,
        /// The mistake.
        what: &'static str,
        /// The corrected ARN.
        corrected: String,
    },
    /// The ARN belongs to another service.
    #[error("{arn:?} is an ARN of the service {service:?}, not of signer")]
    OtherService {
        /// The whole ARN.
        arn: String,
        /// Its service part.
        service: String,
    },
    /// A part has characters or a length that AWS does not allow.
    #[error("{arn:?}: {why}")]
    Part {
        /// The whole ARN.
        arn: String,
        /// The part, and the values that AWS allows.
        #[source]
        why: NameError,
    },
    /// The resource has an unexpected type.
    #[error("{arn:?} is not {expected}: {hint}")]
    Resource {
        /// The whole ARN.
        arn: String,
        /// The expected type, with its format.
        expected: &'static str,
        /// The actual type, or the corrected ARN.
        hint: String,
    },
}

/// Splits an ARN of AWS Signer into location and resource.
pub(super) fn split(text: &str) -> Result<(Location, &str), ArnError> {
    let not_an_arn = || ArnError::NotAnArn(text.chars().take(MAX_LENGTH).collect());
    if text.len() > MAX_LENGTH {
        return Err(not_an_arn());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else {
        return Err(mistakes::find(text).unwrap_or_else(not_an_arn));
    };
    if service != "signer" {
        return Err(ArnError::OtherService { arn: text.to_owned(), service: service.to_owned() });
    }
    let location = Location::parse(partition, region, account);
    let location =
        location.map_err(|why| mistakes::find(text).unwrap_or_else(|| ArnError::Part { arn: text.to_owned(), why }))?;
    Ok((location, resource))
}

/// Returns the error for a resource of an unexpected type, with the corrected ARN for common mistakes.
pub(super) fn wrong_resource(arn: &str, location: &Location, resource: &str, expected: &'static str) -> ArnError {
    const MISSPELT: [(&[&str], &str, &str); 3] = [
        (&["signing-profiles/", "/signing-profile/", "signing-profile/"], PROFILES, "NAME"),
        (&["aliases/", "/alias/", "alias/"], ALIASES, "NAME"),
        (
            &["aliased-signing-profiles/", "/aliased-signing-profile/", "aliased-signing-profile/"],
            ALIASED_PROFILES,
            "UUID",
        ),
    ];
    let corrected = MISSPELT.iter().find_map(|(mistakes, right, name)| {
        let rest = mistakes.iter().find_map(|mistake| resource.strip_prefix(mistake))?;
        Some(format!("the resource is written {right}{name}; did you mean {location}{right}{rest}?"))
    });
    let hint = corrected.unwrap_or_else(|| {
        let kinds = [
            (JOBS, "it names a signing job"),
            (PROFILES, "it names a signing profile"),
            (ALIASES, "it names an alias of a signing profile"),
            (ALIASED_PROFILES, "it names an aliased signing profile"),
        ];
        let known = kinds.iter().find(|(start, _)| resource.starts_with(start));
        known.map_or("its resource has another type", |(_, what)| what).to_owned()
    });
    ArnError::Resource { arn: arn.to_owned(), expected, hint }
}
