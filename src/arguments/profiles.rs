//! Signing profiles on the command line.

use std::str::FromStr;

use aws_names::{ArnError, SignerArn};

/// Parses the ARN of a signing profile in all versions, or of an alias. A version would have to be added to the policy
/// again whenever the profile gets a new one.
///
/// # Errors
/// Returns [`ArnError`] for other ARNs, and for that of a version with the ARN of its profile.
pub fn without_version(text: &str) -> Result<SignerArn, ArnError> {
    match text.parse()? {
        SignerArn::Version(_) => text.parse().map(SignerArn::Profile),
        signer => Ok(signer),
    }
}

/// A value of an option that takes several ARNs. clap cannot tell them from the command's own arguments after the
/// option, which never start with `arn:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArnOrArgument<T> {
    /// An ARN.
    Arn(T),
    /// An argument of the command.
    Argument(String),
}

impl<T: FromStr> FromStr for ArnOrArgument<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        match text.starts_with("arn:") {
            true => text.parse().map(Self::Arn),
            false => Ok(Self::Argument(text.to_owned())),
        }
    }
}

/// Separates the ARNs of an option from the arguments after it.
///
/// # Errors
/// Returns an error if the option is given but has no ARN, for example because a shell variable is empty. Treating the
/// option as absent would apply another policy.
pub fn separate<T>(values: Vec<ArnOrArgument<T>>) -> Result<(Vec<T>, Vec<String>), NoArn> {
    let is_given = !values.is_empty();
    let mut arns = Vec::new();
    let mut arguments = Vec::new();
    for value in values {
        match value {
            ArnOrArgument::Arn(arn) => arns.push(arn),
            ArnOrArgument::Argument(argument) => arguments.push(argument),
        }
    }
    if is_given && arns.is_empty() { Err(NoArn(arguments)) } else { Ok((arns, arguments)) }
}

/// An option for ARNs has none, but maybe other values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoArn(pub Vec<String>);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use aws_names::ProfileArn;

    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/prod";

    #[test]
    fn rejects_an_option_without_arns() {
        let separated = |given: &[&str]| {
            let values = given.iter().map(|text| text.parse::<ArnOrArgument<ProfileArn>>().unwrap());
            separate(values.collect()).map(|(arns, arguments)| (arns.len(), arguments))
        };
        assert_eq!(separated(&[]), Ok((0, Vec::new())));
        assert_eq!(separated(&[PROFILE, "r/a:v1"]), Ok((1, vec!["r/a:v1".to_owned()])));
        for lost in [&["r/a:v1"][..], &[""], &["$PROFILE", "r/a:v1"]] {
            assert!(matches!(separated(lost), Err(NoArn(_))), "{lost:?}");
        }
        assert!("arn:aws:s3:::bucket".parse::<ArnOrArgument<ProfileArn>>().is_err());
    }
}
