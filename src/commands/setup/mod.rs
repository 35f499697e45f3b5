//! `notation-aws-signer setup`: all that notation and this program need to sign and verify with AWS Signer, checked end to end.

mod plugin;
mod policy;
mod report;
mod service;
mod stores;

use std::path::PathBuf;

use aws_names::ProfileArn;
use notary::trust::policy::{TrustStoreName, TrustedIdentity};
use notation::NotationFolder;
use notation::plugin_host::PluginFolder;

use self::plugin::Plugin;
use self::policy::Wanted;
use self::report::Report;
use self::stores::Root;
use super::policy::{Scope, scopes, signing_authority, stores_of};
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Set up notation and this program for AWS Signer, and check that everything works.
///
/// Installs the plugin for notation, puts the root certificates of AWS Signer into trust stores, writes a strict trust policy for
/// the profiles, and asks AWS Signer about them. What is there already is never overwritten without --force; running it again
/// changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Everything that signing and verifying with a profile needs:
    notation-aws-signer setup \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Trust the profile for one repository only:
    notation-aws-signer setup --profile ARN --scope registry.example.com/app

  What is wrong, and what to do, without changing anything:
    notation-aws-signer setup --check

  With the local signer (AWS_ENDPOINT_URL_SIGNER and its credentials are set):
    notation-aws-signer setup --root signer/ca/root.pem --profile ARN

Exit codes: 0 all is right now; 2 something is not, or was not overwritten: it says what to do; 3 AWS Signer could not be \
  asked.")]
pub struct Args {
    /// A signing profile to trust: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME. May be given several times
    #[arg(long = "profile", value_name = "ARN")]
    profiles: Vec<ProfileArn>,

    /// A repository that the profiles are trusted for. May be given several times [default: * for all]
    #[arg(long = "scope", value_name = "REGISTRY/REPO", requires = "profiles")]
    scopes: Vec<Scope>,

    /// Replace what is in the way: another or newer plugin, another trust policy, a certificate file of the same name
    #[arg(long, conflicts_with = "check")]
    force: bool,

    /// Change nothing; say what is wrong and what to do
    #[arg(long)]
    check: bool,

    /// Do not call AWS Signer: for images that are built without credentials
    #[arg(long)]
    offline: bool,

    /// The plugin's program; by default the one in the folder of this program
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,

    /// Trust this root certificate instead of AWS's, such as the local signer's (PEM or DER)
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,

    /// The trust store for the certificate of --root
    #[arg(long, value_name = "NAME", requires = "root", default_value = "local-signer", value_parser = signing_authority)]
    store: TrustStoreName,

    #[command(flatten)]
    signer: SignerArgs,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when nothing could be begun; how it is with each part is in the results.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config()?;
    let variable = |name: &str| std::env::var_os(name);
    let (folder, plugins) = (NotationFolder::of_environment(variable)?, PluginFolder::of_environment(variable)?);
    let mut given: Vec<ProfileArn> = Vec::new();
    for profile in args.profiles {
        if !given.contains(&profile) {
            given.push(profile);
        }
    }
    let profiles = if given.is_empty() { trusted_profiles(&folder) } else { given.clone() };
    let scopes = scopes(&args.scopes)?;
    let roots = match &args.root {
        Some(file) => vec![stores::of_file(file, &args.store)?],
        None => stores::of_aws(),
    };
    let needed = match &args.root {
        Some(_) => vec![args.store],
        None if given.is_empty() => named_stores(&folder),
        None => stores_of(&given)?,
    };
    let is_needed = |root: &&Root| needed.contains(&root.store);

    let plugin = Plugin { folder: plugins.root(), program: args.plugin.as_ref(), force: args.force, check: args.check };
    let mut items = vec![plugin.ensure().await];
    items.extend(roots.iter().map(|root| root.ensure(&folder, args.force, args.check, is_needed(&root))));
    let of_profiles: Vec<Root> = roots.iter().filter(is_needed).cloned().collect();
    let wanted = Wanted { profiles: &given, scopes: &scopes, roots: &of_profiles };
    items.extend(wanted.ensure(&folder, args.force, args.check));
    if !args.offline {
        for profile in &profiles {
            items.extend(service::check(&config, profile).await);
        }
    }

    let report = Report::of(items);
    report.show(output)?;
    if profiles.is_empty() && !args.offline {
        output
            .note("AWS Signer was not asked: name your profiles with --profile to check credentials and permissions.");
    }
    if report.status() == ExitStatus::Done && !args.check && !report.has_changes() {
        output.note("Nothing had to be changed.");
    }
    output.json(&report)?;
    Ok(report.status())
}

/// The profiles that the trust policy in use names.
fn trusted_profiles(folder: &NotationFolder) -> Vec<ProfileArn> {
    let mut profiles = Vec::new();
    let Ok(document) = folder.trust_policy() else { return profiles };
    for identity in document.policies().iter().flat_map(|(_, policy)| policy.trusted_identities().listed()) {
        let profile = match identity {
            TrustedIdentity::SigningProfile(profile) => profile,
            TrustedIdentity::SigningProfileVersion(version) => version.profile(),
            _ => continue,
        };
        if !profiles.contains(profile) {
            profiles.push(profile.clone());
        }
    }
    profiles
}

/// The trust stores that the trust policy in use names.
fn named_stores(folder: &NotationFolder) -> Vec<TrustStoreName> {
    let Ok(document) = folder.trust_policy() else { return Vec::new() };
    document.policies().iter().flat_map(|(_, policy)| policy.trust_stores()).cloned().collect()
}
