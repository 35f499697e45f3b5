//! Options of the verifying commands.

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

/// Which signers to trust, and what else to require of a signature.
#[derive(Debug, clap::Args)]
pub struct VerificationArgs {
    /// Use the trust policy in this file, with the trust stores in notation's configuration
    #[arg(long, value_name = "FILE", conflicts_with = "trusted_profiles")]
    policy: Option<PathBuf>,

    /// Trust only these signing profiles or profile versions, with AWS's root certificates. Every check must pass (level strict)
    #[arg(long = "trusted-profile", value_name = "ARN", num_args = 1..)]
    trusted_profiles: Vec<String>,

    /// With --trusted-profile: trust this root certificate instead of AWS's (PEM or DER). Repeat for several
    #[arg(long = "root", value_name = "FILE", requires = "trusted_profiles")]
    roots: Vec<PathBuf>,

    /// Require that this metadata was signed. Repeat for several
    #[arg(long = "user-metadata", short = 'm', value_name = "KEY=VALUE", value_parser = metadata::pair)]
    user_metadata: Vec<Pair>,

    /// A setting for verification plugins, in notation's form. For AWS Signer, use the options under "AWS"
    #[arg(long, value_name = "KEY=VALUE", value_parser = metadata::pair)]
    plugin_config: Vec<Pair>,
}

impl VerificationArgs {
    /// Takes the values after `--trusted-profile` that are not ARNs: clap cannot tell them from the command's own arguments.
    ///
    /// # Errors
    /// Returns [`CliError`] if no ARN is left.
    pub fn take_strays(&mut self) -> Result<Vec<String>, CliError> {
        strays("--trusted-profile", &mut self.trusted_profiles)
    }

    /// The profiles of `--trusted-profile`.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is not the ARN of a profile or a profile version.
    pub fn trusted(&self) -> Result<Vec<TrustedProfile>, CliError> {
        self.trusted_profiles.iter().map(|text| text.parse().map_err(CliError::from)).collect()
    }

    /// The source of the trust policy. `read` and `own` are as in [`Policies::of_document`].
    ///
    /// # Errors
    /// Returns [`CliError`] if there is no policy, or it is invalid.
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

    /// The options for verification. With `--trusted-profile`, no verification plugins run.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is invalid.
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

/// Takes the values that are not ARNs out of `arns`. A reference never starts with `arn:`.
///
/// # Errors
/// Returns [`CliError`] if the option is given but no ARN is left, for example because a shell variable is empty. Treating the
/// option as absent would apply another policy.
pub fn strays(option: &str, arns: &mut Vec<String>) -> Result<Vec<String>, CliError> {
    let is_given = !arns.is_empty();
    let strays = arns.extract_if(.., |text| !text.starts_with("arn:")).collect();
    if is_given && arns.is_empty() {
        return Err(CliError::usage(format!("{option} is given without the ARN of a signing profile: add the ARN")));
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_an_option_without_arns() {
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
