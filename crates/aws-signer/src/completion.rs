//! Completes names of signing profiles and jobs, with the region and the account that the AWS configuration names. No
//! request is made, and no credentials are read: what is not written down stays unknown.

use aws_names::{AccountId, Location, Partition, ProfileArn, ProfileName, Region};

use super::config::SignerConfig;
use super::settings::AwsSettings;

/// Why a name cannot be completed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompletionError {
    /// The name is one of a profile with credentials.
    #[error("{0:?} is the name of an AWS profile (credentials), so it is not taken for that of a signing profile")]
    Credentials(String),
    /// The shared AWS configuration cannot be read.
    #[error("{name:?} is not an ARN, and the AWS configuration, which could complete it, cannot be read: {why}")]
    Unreadable {
        /// The name.
        name: String,
        /// The error.
        why: String,
    },
    /// The region or the account is unknown.
    #[error("{name:?} is not an ARN, and the {what} that would complete it is not known")]
    Unknown {
        /// The name.
        name: String,
        /// `region` or `account`.
        what: &'static str,
    },
}

/// Returns the region for a name without one: `region`, or else `AWS_REGION`, `AWS_DEFAULT_REGION`, or that of the
/// profile of the shared configuration in use. `None` if no region is set, or it is not the name of a region.
#[must_use]
pub fn default_region(config: &SignerConfig, region: Option<&str>) -> Option<Region> {
    region_of(&AwsSettings::load(config.named_profile(&Partition::AWS)), region)
}

fn region_of(settings: &AwsSettings, region: Option<&str>) -> Option<Region> {
    let set = |name: &str| settings.environment().get(name).map(str::to_owned);
    let selected = || settings.shared().profile(&settings.selected().name);
    let region = region
        .map(str::to_owned)
        .or_else(|| set("AWS_REGION"))
        .or_else(|| set("AWS_DEFAULT_REGION"))
        .or_else(|| selected()?.get("region").map(str::to_owned));
    region?.parse().ok()
}

/// Completes the name of a signing profile.
///
/// - The region is that of [`default_region`].
/// - The account is the one of the credentials in use: `AWS_ACCOUNT_ID` beside access keys in the environment,
///   otherwise `aws_account_id`, `sso_account_id` or the account of `role_arn` of the profile in use, otherwise the
///   account of `AWS_ROLE_ARN`.
///
/// # Errors
/// Returns [`CompletionError`] if one of them is unknown, or the name is that of a profile with credentials.
pub fn complete_profile_name(
    config: &SignerConfig,
    name: &ProfileName,
    region: Option<&str>,
) -> Result<ProfileArn, CompletionError> {
    complete(&AwsSettings::load(config.named_profile(&Partition::AWS)), name, region)
}

fn complete(settings: &AwsSettings, name: &ProfileName, region: Option<&str>) -> Result<ProfileArn, CompletionError> {
    let shared = settings.shared();
    if let Some(why) = shared.unusable_file() {
        return Err(CompletionError::Unreadable { name: name.to_string(), why: why.to_string() });
    }
    if shared.profile(name.as_str()).is_some() {
        return Err(CompletionError::Credentials(name.to_string()));
    }
    let set = |name: &str| settings.environment().get(name).map(str::to_owned);
    let selected = shared.profile(&settings.selected().name);
    let property = |name: &str| selected.as_ref().and_then(|profile| profile.get(name)).map(str::to_owned);
    let is_given = settings.is_given();
    let account = if !is_given && set("AWS_ACCESS_KEY_ID").is_some() {
        set("AWS_ACCOUNT_ID")
    } else {
        let of_profile = property("aws_account_id").or_else(|| property("sso_account_id"));
        let of_profile = of_profile.or_else(|| property("role_arn").and_then(|role| account_of(&role)));
        of_profile.or_else(|| set("AWS_ROLE_ARN").filter(|_| !is_given).and_then(|role| account_of(&role)))
    };
    let unknown = |what| CompletionError::Unknown { name: name.to_string(), what };
    let region = region_of(settings, region).ok_or_else(|| unknown("region"))?;
    let account: AccountId = account.and_then(|account| account.parse().ok()).ok_or_else(|| unknown("account"))?;
    Ok(ProfileArn::new(Location::new(region, account), name.clone()))
}

/// The account of a role: `arn:PARTITION:iam::ACCOUNT:role/NAME`.
fn account_of(role: &str) -> Option<String> {
    match role.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", _, account, _] => Some(account.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::environment::Environment;
    use crate::shared_config::{NamedProfile, SharedConfig};

    /// Completes `release` with this shared configuration, `aws-profile` and these variables.
    fn completed(file: &str, profile: Option<&str>, variables: &[(&str, &str)]) -> Result<String, CompletionError> {
        let environment: Environment = variables.iter().copied().collect();
        let named =
            profile.map(|name| NamedProfile { name: name.to_owned(), named_by: Some("aws-profile".to_owned()) });
        let settings = AwsSettings::new(environment, SharedConfig::from_contents(file.as_bytes(), b""), named);
        complete(&settings, &"release".parse().unwrap(), None).map(|arn| arn.to_string())
    }

    const KEYS: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIA");
    const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

    #[test]
    fn completes_with_the_account_of_the_credentials_in_use() {
        let sso = "[default]\nregion = us-east-1\nsso_account_id = 444455556666\n[profile ci]\nregion = cn-north-1\n\
                   role_arn = arn:aws-cn:iam::777788889999:role/ci\nsource_profile = default\n";
        for (profile, variables, arn) in [
            (None, &[][..], "arn:aws:signer:us-east-1:444455556666:/signing-profiles/release"),
            (None, &[REGION], "arn:aws:signer:eu-west-1:444455556666:/signing-profiles/release"),
            (None, &[("AWS_PROFILE", "ci")], "arn:aws-cn:signer:cn-north-1:777788889999:/signing-profiles/release"),
            (Some("ci"), &[KEYS], "arn:aws-cn:signer:cn-north-1:777788889999:/signing-profiles/release"),
            (
                None,
                &[KEYS, REGION, ("AWS_ACCOUNT_ID", "111122223333")],
                "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release",
            ),
        ] {
            assert_eq!(completed(sso, profile, variables).as_deref(), Ok(arn), "{profile:?} {variables:?}");
        }
        let role = ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/deploy");
        let arn = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release";
        assert_eq!(completed("", None, &[REGION, role]).as_deref(), Ok(arn));
    }

    #[test]
    fn never_takes_the_account_of_other_credentials() {
        let default = "[default]\naws_account_id = 444455556666\n";
        let unknown = |what| Err(CompletionError::Unknown { name: "release".to_owned(), what });
        assert_eq!(completed(default, None, &[KEYS, REGION]), unknown("account"));
        assert_eq!(completed(default, None, &[]), unknown("region"));
        let keys = [REGION, ("AWS_ACCOUNT_ID", "1")];
        assert_eq!(completed("", None, &keys), unknown("account"));
        let named = "[profile release]\nregion = eu-west-1\n";
        assert_eq!(completed(named, None, &[]), Err(CompletionError::Credentials("release".to_owned())));
    }
}
