//! Options of the verifying commands.

use std::path::{Path, PathBuf};

use aws_names::SignerArn;
use aws_signer::ClientPool;
use notary::UserMetadata;
use notation::plugin_host::PluginFolder;
use notation::verify::{Limits, Verifier};
use notation::{FolderError, NotationFolder};

use super::policies::Policies;
use crate::arguments::metadata;
use crate::arguments::metadata::Pair;
use crate::arguments::profiles::{ArnOrArgument, NoArn, separate};
use crate::arguments::signer::{SignerArgs, budget};
use crate::arguments::usage::may_be_credentials;
use crate::output::Output;
use crate::output::exit::CliError;

/// The options that say whom to trust without a trust policy.
pub const TRUSTED: [&str; 2] = ["trusted_profiles", "roots"];

/// Which signers to trust, and what else to require of a signature.
#[derive(Debug, clap::Args)]
pub struct VerificationArgs {
    /// Use the trust policy in this file, with the trust stores in notation's configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = TRUSTED)]
    policy: Option<PathBuf>,

    /// Trust only these signing profiles, profile versions or aliases, with AWS's root certificates. Every check must
    /// pass (level strict)
    #[arg(long = "trusted-profile", value_name = "ARN", num_args = 1..)]
    trusted_profiles: Vec<ArnOrArgument<SignerArn>>,

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

/// What to verify with: the meaning of [`VerificationArgs`].
#[derive(Debug)]
pub struct VerificationIntent {
    /// The trusted signers; a trust policy applies if there are none.
    pub trusted: Vec<SignerArn>,
    policy: Option<PathBuf>,
    roots: Vec<PathBuf>,
    user_metadata: Vec<Pair>,
    plugin_config: Vec<Pair>,
}

impl VerificationArgs {
    /// The meaning of the options, and the command's own arguments that clap took for values of `--trusted-profile`.
    ///
    /// # Errors
    /// Returns [`CliError`] if `--trusted-profile` has no ARN.
    pub fn into_intent(self) -> Result<(VerificationIntent, Vec<String>), CliError> {
        let Self { policy, trusted_profiles, roots, user_metadata, plugin_config } = self;
        let (trusted, arguments) = arns_of("--trusted-profile", trusted_profiles)?;
        Ok((VerificationIntent { trusted, policy, roots, user_metadata, plugin_config }, arguments))
    }
}

/// The ARNs of an option, and the arguments of the command after them.
///
/// # Errors
/// Returns [`CliError`] if the option is given without an ARN.
pub fn arns_of<T>(option: &str, values: Vec<ArnOrArgument<T>>) -> Result<(Vec<T>, Vec<String>), CliError> {
    separate(values).map_err(|NoArn(given)| {
        let why = format!("{option} is given without the ARN of a signing profile");
        let advice = "Add the ARN: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME.";
        let credentials = given.first().filter(|text| may_be_credentials(text));
        CliError::configuration(why).with_advice(match credentials {
            Some(name) => format!("{advice} For the credentials of an AWS profile, use --aws-profile {name}."),
            None => advice.to_owned(),
        })
    })
}

impl VerificationIntent {
    /// Whether profiles are trusted with the root certificates of AWS, which are built in, and with no others.
    #[must_use]
    pub fn trusts_only_aws(&self) -> bool {
        !self.trusted.is_empty() && self.roots.is_empty()
    }

    /// The source of the trust policy. `read` and `own` are as in [`Policies::from_document`].
    ///
    /// # Errors
    /// Returns [`CliError`] if there is no policy, or it is invalid.
    pub fn policies<Document>(
        &self,
        read: fn(&Path) -> Result<Document, FolderError>,
        own: fn(&NotationFolder) -> Result<Document, FolderError>,
    ) -> Result<Policies<Document>, CliError> {
        match &self.trusted[..] {
            [] => Policies::from_document(self.policy.as_deref(), read, own),
            trusted => Policies::from_profiles(trusted, &self.roots),
        }
    }

    /// The verifier. With `--trusted-profile`, no verification plugins run.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is invalid.
    pub fn verifier(&self, signer: &SignerArgs, signatures: usize, output: &Output) -> Result<Verifier, CliError> {
        let plugin_config = metadata::collect(self.plugin_config.clone())?;
        let config = signer.config_beside(plugin_config.clone())?.with_waits(output.waits());
        let limits = Limits { time: budget(&config), signatures };
        let verifier = Verifier::new(ClientPool::new(config)).with_limits(limits);
        Ok(match self.trusted.is_empty() {
            true => {
                let folder = PluginFolder::from_environment(|name| std::env::var_os(name))?;
                verifier.with_plugins(folder.with_config(plugin_config))
            }
            false => verifier,
        })
    }

    /// The metadata that must have been signed.
    ///
    /// # Errors
    /// Returns [`CliError`] if a key is reserved or given twice.
    pub fn user_metadata(&self) -> Result<UserMetadata, CliError> {
        Ok(UserMetadata::from_pairs(self.user_metadata.clone())?)
    }
}
