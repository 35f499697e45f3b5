//! `notation-aws-signer setup`: installs and checks everything that notation and this tool need to sign and verify.

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
use self::report::SetupReport;
use self::stores::Root;
use super::policy::{Scope, scopes, signing_authority, stores_of};
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Set up notation and this tool for AWS Signer, and check that everything works.
///
/// Installs the plugin for notation, adds AWS Signer's root certificates to the trust stores (folders of trusted
/// certificates), writes a strict trust policy for the given signing profiles, and checks access to AWS Signer.
/// Existing files are kept unless you pass --force. You can run it again at any time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Set up everything to sign and verify with a profile:
    notation-aws-signer setup \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Trust the profile for one repository only:
    notation-aws-signer setup --profile ARN --scope registry.example.com/app

  Show what is missing or wrong, without changing anything:
    notation-aws-signer setup --check

  Set up for the local signer, after setting the variables that it prints:
    notation-aws-signer setup --root signer/ca/root.pem --profile ARN

Exit codes: 0 everything is set up; 2 a check failed, or an existing file was kept: the output says what to do; 3 AWS \
  Signer could not be reached.")]
pub struct Args {
    /// A signing profile to trust: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME. Repeat for several
    #[arg(long = "profile", value_name = "ARN")]
    profiles: Vec<ProfileArn>,

    /// Trust the profiles for this repository only. Repeat for several [default: *, all repositories]
    #[arg(long = "scope", value_name = "REGISTRY/REPO", requires = "profiles")]
    scopes: Vec<Scope>,

    /// Replace existing files: another or newer plugin, the trust policy, a certificate file of the same name
    #[arg(long, conflicts_with = "check")]
    force: bool,

    /// Only check and show what to do; change nothing
    #[arg(long)]
    check: bool,

    /// Do not call AWS Signer, for example in an image build without credentials
    #[arg(long)]
    offline: bool,

    /// The plugin program to install [default: the one in the folder of this tool]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,

    /// Trust this root certificate instead of AWS's, such as the local signer's (PEM or DER)
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,

    /// The trust store for the --root certificate
    #[arg(long, value_name = "NAME", requires = "root", default_value = "local-signer", value_parser = signing_authority)]
    store: TrustStoreName,

    #[command(flatten)]
    signer: SignerArgs,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if an option or the environment is invalid. Failures of single steps are in the results.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config()?;
    let variable = |name: &str| std::env::var_os(name);
    let folder = NotationFolder::from_environment(variable)?;
    let plugins = PluginFolder::from_environment(variable)?;
    let mut given: Vec<ProfileArn> = Vec::new();
    for profile in args.profiles {
        if !given.contains(&profile) {
            given.push(profile);
        }
    }
    let profiles = if given.is_empty() { trusted_profiles(&folder) } else { given.clone() };
    let scopes = scopes(&args.scopes)?;
    let roots = match &args.root {
        Some(file) => vec![stores::from_file(file, &args.store)?],
        None => stores::aws_roots(),
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
        let _waiting = output.waiting("asking AWS Signer");
        for profile in &profiles {
            items.extend(service::check(&config, profile).await);
        }
    }

    let report = SetupReport::new(items);
    report.show(output)?;
    if profiles.is_empty() && !args.offline {
        output.note("AWS Signer was not checked. Pass --profile ARN to check credentials and permissions.");
    }
    if report.status() == ExitStatus::DONE && !args.check && !report.has_changes() {
        output.note("Everything was already set up.");
    }
    output.json(&report)?;
    Ok(report.status())
}

/// The signing profiles in the current trust policy.
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

/// The trust stores in the current trust policy.
fn named_stores(folder: &NotationFolder) -> Vec<TrustStoreName> {
    let Ok(document) = folder.trust_policy() else { return Vec::new() };
    document.policies().iter().flat_map(|(_, policy)| policy.trust_stores()).cloned().collect()
}
