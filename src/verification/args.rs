//! Options of the commands that verify.

use std::path::{Path, PathBuf};

use notation::plugin_host::PluginFolder;
use notation::verify::VerifyOptions;
use notation::{FolderError, NotationFolder};
use time::OffsetDateTime;

use super::policies::{Policies, TrustedProfile};
use crate::arguments::metadata;
use crate::arguments::metadata::Pair;
use crate::arguments::signer::{SignerArgs, budget};
use crate::output::exit::CliError;

/// By what signatures are judged, and what is demanded of them.
#[derive(Debug, clap::Args)]
pub struct VerificationArgs {
    /// Use the trust policy in this file; the trust stores are notation's
    #[arg(long, value_name = "FILE", conflicts_with = "trusted_profiles")]
    policy: Option<PathBuf>,

    /// Trust these signing profiles, or versions of them, and nobody else, at level strict and under AWS's roots
    #[arg(long = "trusted-profile", value_name = "ARN", num_args = 1..)]
    trusted_profiles: Vec<String>,

    /// Of --trusted-profile: a root certificate in place of AWS's (PEM or DER). May be given several times
    #[arg(long = "root", value_name = "FILE", requires = "trusted_profiles")]
    roots: Vec<PathBuf>,

    /// Demand that this was signed, too. May be given several times
    #[arg(long = "user-metadata", short = 'm', value_name = "KEY=VALUE", value_parser = metadata::pair)]
    user_metadata: Vec<Pair>,

    /// A setting of verification plugins as notation takes it; for AWS Signer's the options under "AWS" are the same
    #[arg(long, value_name = "KEY=VALUE", value_parser = metadata::pair)]
    plugin_config: Vec<Pair>,
}

impl VerificationArgs {
    /// What stands after --trusted-profile and is no ARN: the option has taken for its own what the command is about.
    ///
    /// # Errors
    /// When it is left without any.
    pub fn take_strays(&mut self) -> Result<Vec<String>, CliError> {
        strays("--trusted-profile", &mut self.trusted_profiles)
    }

    /// The profiles that the command line trusts.
    ///
    /// # Errors
    /// When one is no ARN of a profile or of a version.
    pub fn trusted(&self) -> Result<Vec<TrustedProfile>, CliError> {
        self.trusted_profiles.iter().map(|text| text.parse().map_err(CliError::from)).collect()
    }

    /// Where the policy comes from. `read` and `own` are as for [`Policies::of_document`].
    ///
    /// # Errors
    /// When there is none.
    pub fn policies<Document>(
        &self,
        read: fn(&Path) -> Result<Document, FolderError>,
        own: fn(&NotationFolder) -> Result<Document, FolderError>,
    ) -> Result<Policies<Document>, CliError> {
        match &self.trusted()?[..] {
            [] => Policies::of_document(self.policy.as_deref(), read, own),
            trusted => Policies::of_profiles(trusted, &self.roots),
        }
    }

    /// How to verify. Where profiles are trusted, and nobody else, no signature is judged by a plugin.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub fn options(self, signer: &SignerArgs) -> Result<VerifyOptions, CliError> {
        let plugin_config = metadata::collect(self.plugin_config)?;
        let config = signer.config_beside(plugin_config.clone())?;
        let plugins = match self.trusted_profiles.is_empty() {
            true => Some(PluginFolder::of_environment(|name| std::env::var_os(name))?.with_config(plugin_config)),
            false => None,
        };
        Ok(VerifyOptions {
            budget: budget(&config),
            user_metadata: metadata::collect(self.user_metadata)?,
            plugins,
            ..VerifyOptions::new(config, OffsetDateTime::now_utc())
        })
    }
}

/// Takes out what is no ARN. No reference begins as an ARN does. An option that is left without any, as where a variable is empty,
/// must not be as if it were not given: another policy would judge.
///
/// # Errors
/// When that is so.
pub fn strays(option: &str, arns: &mut Vec<String>) -> Result<Vec<String>, CliError> {
    let is_given = !arns.is_empty();
    let strays = arns.extract_if(.., |text| !text.starts_with("arn:")).collect();
    if is_given && arns.is_empty() {
        return Err(CliError::usage(format!("{option} is given without the ARN of a signing profile: name one")));
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_has_lost_its_arns_is_not_as_if_it_were_not_given() {
        let taken = |given: &[&str]| {
            let mut arns = given.iter().map(|text| (*text).to_owned()).collect();
            strays("--from", &mut arns).map(|strays| (arns, strays))
        };
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(taken(&[]), Ok((texts(&[]), texts(&[]))));
        assert_eq!(taken(&["arn:a", "r/a:v1"]), Ok((texts(&["arn:a"]), texts(&["r/a:v1"]))));
        for lost in [&["r/a:v1"][..], &[""], &["$PROFILE", "r/a:v1"]] {
            assert!(taken(lost).is_err(), "{lost:?}");
        }
    }
}
