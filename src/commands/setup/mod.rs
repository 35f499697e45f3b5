//! `notation-aws-signer setup`: installs and checks everything that notation and this tool need to sign and verify.

pub(crate) mod containerd;
mod kubernetes;
mod plugin;
mod policy;
mod report;
mod service;
mod stores;

use std::path::PathBuf;

use aws_names::SignerArn;
use notary::trust::policy::TrustStoreName;
use notation::NotationFolder;
use notation::plugin_host::PluginFolder;

use self::plugin::Plugin;
use self::policy::{Existing, Wanted};
use self::report::{Item, SetupReport};
use self::stores::Root;
use super::policy::{Scope, scopes, signing_authority, stores_of};
use crate::arguments::profiles::without_version;
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};

/// Set up notation and this tool for AWS Signer, and check that everything works.
///
/// Installs the plugin for notation, adds AWS Signer's root certificates to the trust stores (folders of trusted
/// certificates), writes a strict trust policy for the given signing profiles, and checks access to AWS Signer. An
/// existing trust policy keeps its statements: what is missing is added, or setup says what is in the way. Changed
/// files are kept as .bak files. You can run it again at any time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Set up everything to sign and verify with a profile:
    notation-aws-signer setup \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Trust the profile for one repository only:
    notation-aws-signer setup --profile ARN --scope registry.example.com/app

  Show what is missing or wrong, without changing anything:
    notation-aws-signer setup --check

  Replace AWS's plugin by this one, after a question; the trust policy stays:
    notation-aws-signer setup --replace-plugin

  Set up for the local signer, after setting the variables that it prints:
    notation-aws-signer setup --root signer/ca/root.pem --profile ARN

Exit codes: 0 everything is set up; 2 a check failed, something is in the way, or you did not confirm: the output says what \
  to do; 3 AWS \
  Signer could not be reached.")]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<SetupCommand>,

    /// The ARN of a signing profile or alias to trust. Repeat for several
    ///
    /// arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME, or …:/aliases/NAME
    #[arg(long = "profile", value_name = "ARN", value_parser = without_version)]
    profiles: Vec<SignerArn>,

    /// Trust the profiles for this repository only. Repeat for several [default: *, all repositories]
    #[arg(long = "scope", value_name = "REGISTRY/REPO", requires = "profiles")]
    scopes: Vec<Scope>,

    /// Replace the installed plugin, although it is another implementation, newer or broken
    #[arg(long, conflicts_with = "check")]
    replace_plugin: bool,

    /// Replace the trust policy and all its statements by one statement for the given profiles
    #[arg(long, requires = "profiles", conflicts_with = "check")]
    replace_policy: bool,

    /// Replace the plugin and certificate files of the same name, without a question. The trust policy keeps its
    /// statements
    #[arg(long, conflicts_with = "check")]
    force: bool,

    /// Do not ask for confirmation before something is replaced
    #[arg(long, short)]
    yes: bool,

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

/// What is set up beside notation.
#[derive(Debug, clap::Subcommand)]
enum SetupCommand {
    Containerd(containerd::Args),
    Kubernetes(Box<kubernetes::Args>),
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if an option or the environment is invalid. Failures of single steps are in the results.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Some(SetupCommand::Containerd(args)) => return containerd::run(args, output).await,
        Some(SetupCommand::Kubernetes(args)) => return kubernetes::run(*args, output).await,
        None => {}
    }
    let config = args.signer.config()?;
    let variable = |name: &str| std::env::var_os(name);
    let folder = NotationFolder::from_environment(variable)?;
    let plugins = PluginFolder::from_environment(variable)?;
    let mut given: Vec<SignerArn> = Vec::new();
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

    let replace = args.replace_plugin || args.force;
    let plugin = Plugin { folder: plugins.root(), program: args.plugin.as_ref(), replace, check: args.check };
    let of_profiles: Vec<Root> = roots.iter().filter(is_needed).cloned().collect();
    let wanted = Wanted { signers: &given, scopes: &scopes, roots: &of_profiles };
    let mut goes: Vec<String> = plugin.goes().await.into_iter().collect();
    if args.replace_policy {
        goes.extend(wanted.goes(&folder));
    }
    ask(&goes, args.yes || args.force, output)?;

    let mut items = vec![plugin.ensure().await];
    items.extend(roots.iter().map(|root| root.ensure(&folder, args.force, args.check, is_needed(&root))));
    let existing = match (args.check, args.replace_policy) {
        (true, _) => Existing::Check,
        (false, true) => Existing::Replace,
        (false, false) => Existing::Extend,
    };
    // Before the policy trusts a profile: its ARN may be mistyped.
    let mut of_service = Vec::new();
    if !args.offline {
        let _waiting = output.waiting("asking AWS Signer");
        for profile in &profiles {
            of_service.extend(service::check(&config, profile).await);
        }
    }
    let is_missing = !given.is_empty() && of_service.iter().any(Item::is_missing_profile);
    items.extend(if is_missing { wanted.withheld(&folder, existing) } else { wanted.ensure(&folder, existing) });
    items.extend(of_service);

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

/// Asks before something is replaced, and lists what goes.
fn ask(goes: &[String], yes: bool, output: &Output) -> Result<(), CliError> {
    if goes.is_empty() {
        return Ok(());
    }
    output.note("This will be replaced, and kept in .bak files:");
    goes.iter().for_each(|line| output.indented_note(line, 2));
    confirm(yes, if goes.len() == 1 { "replace it" } else { "replace them" })
}

/// The signing profiles and aliases in the current trust policy.
fn trusted_profiles(folder: &NotationFolder) -> Vec<SignerArn> {
    let mut profiles = Vec::new();
    let Ok(document) = folder.trust_policy() else { return profiles };
    for identity in document.policies().iter().flat_map(|(_, policy)| policy.trusted_identities().listed()) {
        let signer = identity.signer().map(SignerArn::without_version);
        if let Some(signer) = signer.filter(|signer| !profiles.contains(signer)) {
            profiles.push(signer);
        }
    }
    profiles
}

/// The trust stores in the current trust policy.
fn named_stores(folder: &NotationFolder) -> Vec<TrustStoreName> {
    let Ok(document) = folder.trust_policy() else { return Vec::new() };
    document.policies().iter().flat_map(|(_, policy)| policy.trust_stores()).cloned().collect()
}
