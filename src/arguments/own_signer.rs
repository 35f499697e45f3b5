//! The options of `sign` and `blob sign` for signers other than AWS Signer.

use std::path::PathBuf;
use std::time::Duration as StdDuration;

use limits::Deadline;
use notary::envelope::EnvelopeFormat;
use notation::plugin_host::PluginFolder;
use notation::sign::own::{LocalKey, OwnSigner, SigningPlugin};
use notation::timestamp::{TimestampingAuthority, TimestampingError};
use time::Duration;

use super::metadata::{Pair, collect, pair};
use super::timestamping;
use super::validity::validity;
use crate::output::exit::CliError;
use crate::output::file::OutputFile;

/// Who signs in place of AWS Signer.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Other signers")]
pub struct OwnSignerArgs {
    /// Sign with this signing plugin of notation, which is installed in notation's plugin folder
    #[arg(long, value_name = "NAME", requires = "id", conflicts_with_all = KEY_IN_FILE)]
    plugin: Option<String>,

    /// With --plugin: the id of the key, as the plugin names it
    #[arg(long, value_name = "KEY", requires = "plugin", conflicts_with_all = KEY_IN_FILE)]
    id: Option<String>,

    /// With --plugin: configuration for the plugin. Repeat for several
    #[arg(long = "plugin-config", value_name = "KEY=VALUE", value_parser = pair, requires = "plugin", conflicts_with_all = KEY_IN_FILE)]
    plugin_config: Vec<Pair>,

    /// Sign with the private key in this file (PEM, not encrypted): for tests and small teams
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// With --key: the certificate of the key, followed by those of its issuers up to the root (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate_chain: Option<PathBuf>,

    /// The format of the signature. AWS Signer's signatures have the format jws
    #[arg(long, value_enum, default_value = "jws", value_name = "FORMAT")]
    signature_format: SignatureFormat,

    /// Have the signature expire after this time, such as 90d, 12h, 1.5h or 3h20m; 0s is never [default: never]. The
    /// signatures of AWS Signer expire as their signing profile says
    #[arg(long, short = 'e', value_name = "TIME", value_parser = validity, allow_hyphen_values = true)]
    expiry: Option<Duration>,

    /// Have this timestamping authority (RFC 3161) confirm the time, so that the signature stays valid when its
    /// certificates have expired. AWS Signer's signatures need no timestamp
    #[arg(long, value_name = "URL", value_parser = timestamping::url, requires = "timestamp_root")]
    timestamp_url: Option<String>,

    /// With --timestamp-url: the root certificate of the authority (PEM or DER)
    #[arg(long, value_name = "FILE", requires = "timestamp_url")]
    timestamp_root: Vec<PathBuf>,

    /// With --timestamp-url: the time limit for the timestamp of one signature, with the revocation check of the
    /// authority's certificates, in seconds from 0.1 to 600 [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = timestamping::seconds, requires = "timestamp_url")]
    timestamp_timeout: Option<StdDuration>,
}

/// The options for a key in a file.
const KEY_IN_FILE: [&str; 2] = ["key", "certificate_chain"];

/// The options that name a signer in place of AWS Signer. They exclude those for AWS Signer.
pub const OWN_SIGNER: [&str; 5] = ["plugin", "id", "plugin_config", "key", "certificate_chain"];

/// The formats of envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SignatureFormat {
    /// JSON Web Signature, which AWS Signer uses
    Jws,
    /// CBOR Object Signing and Encryption
    Cose,
}

impl From<SignatureFormat> for EnvelopeFormat {
    fn from(format: SignatureFormat) -> Self {
        match format {
            SignatureFormat::Jws => Self::Jws,
            SignatureFormat::Cose => Self::Cose,
        }
    }
}

impl OwnSignerArgs {
    /// The signer in place of AWS Signer, if one was named.
    ///
    /// # Errors
    /// Returns [`CliError`] if the key cannot be used or the plugin folder is not known.
    pub fn signer(&self) -> Result<Option<OwnSigner>, CliError> {
        if let Some((name, id)) = self.plugin.as_ref().zip(self.id.as_ref()) {
            let folder = PluginFolder::from_environment(|name| std::env::var_os(name))?;
            let folder = folder.with_config(collect(self.plugin_config.clone())?);
            return Ok(Some(OwnSigner::Plugin(SigningPlugin::new(folder, name.clone(), id.clone()))));
        }
        if self.key.is_some() && self.certificate_chain.is_none() {
            // notation and cosign name keys of all kinds by this option.
            let why = CliError::configuration("--key is the file of a private key, and needs --certificate-chain");
            return Err(why.with_advice(
                "To sign with AWS Signer, use --profile ARN; with a plugin of notation, --plugin NAME --id KEY.",
            ));
        }
        let files = self.key.as_ref().zip(self.certificate_chain.as_ref());
        files.map(|(key, chain)| Ok(OwnSigner::Key(LocalKey::read(key, chain)?))).transpose()
    }

    /// The format of the signature.
    #[must_use]
    pub fn format(&self) -> EnvelopeFormat {
        self.signature_format.into()
    }

    /// The file for the signature. Only JWS is text.
    ///
    /// # Errors
    /// Returns [`CliError`] if the path cannot be written to, or if it exists and `force` is not set.
    pub fn output_file(&self, named: PathBuf, force: bool) -> Result<OutputFile, CliError> {
        let file = OutputFile::new(named, force)?;
        if self.format() == EnvelopeFormat::Jws { Ok(file) } else { file.for_binary() }
    }

    /// How long the signature is to be valid, if not for ever.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expiry.filter(|time| time.is_positive())
    }

    /// The error if neither AWS Signer nor another signer is named.
    #[must_use]
    pub fn none() -> CliError {
        CliError::configuration("no signer is named").with_advice(
            "Pass --profile ARN for AWS Signer, --plugin NAME --id KEY for a signing plugin of notation, or --key FILE \
             --certificate-chain FILE for a key in a file.",
        )
    }

    /// Refuses the options that do not apply to AWS Signer.
    ///
    /// # Errors
    /// Returns [`CliError`] if one was given.
    pub fn refuse_for_aws_signer(&self) -> Result<(), CliError> {
        let format = self.format();
        if format != EnvelopeFormat::Jws {
            let why = CliError::configuration(format!("AWS Signer makes no signatures in the format {format}"));
            return Err(why.with_advice("Remove --signature-format, or name another signer with --plugin or --key."));
        }
        if self.expires_in().is_some() {
            let why = CliError::configuration("the signing profile decides when signatures of AWS Signer expire");
            return Err(why.with_advice(
                "Remove --expiry, and set the validity of a new profile with 'profile put NAME --validity TIME'.",
            ));
        }
        if self.timestamp_url.is_some() {
            let why = CliError::from(TimestampingError::SigningAuthority).context("--timestamp-url");
            return Err(why.with_advice("Remove --timestamp-url and --timestamp-root."));
        }
        Ok(())
    }

    /// The timestamping authority, if one was named.
    ///
    /// # Errors
    /// Returns [`CliError`] if its URL or a root certificate cannot be used.
    pub fn authority(&self) -> Result<Option<TimestampingAuthority>, CliError> {
        self.timestamp_url.as_ref().map(|url| timestamping::authority(url, &self.timestamp_root)).transpose()
    }

    /// The time limit for the timestamp of one signature.
    #[must_use]
    pub fn timestamp_time(&self) -> StdDuration {
        self.timestamp_timeout.unwrap_or(Deadline::DEFAULT_BUDGET)
    }
}
