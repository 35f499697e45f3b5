//! `notation-aws-signer policy`: the trust policies in notation's configuration folder, which both tools read.

mod check;
mod init;
mod problems;
mod show;

use aws_names::SignerArn;
use aws_signer::aws_signer_roots;
use clap::Subcommand;
use notary::trust::policy::{RegistryScope, RegistryScopes, ScopeError, TrustStoreName, TrustStoreType};
use notation::NotationFolder;
pub(super) use problems::statement_findings;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Show, check and write trust policies: whose signatures are trusted for which artifacts.
///
/// A trust policy says which signers are trusted for which artifacts. It is a file in notation's configuration folder;
/// notation and this tool use the same file.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Init(init::Args),
    Show(show::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error, or [`CliError`] if notation's configuration folder is unknown.
pub fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let folder = NotationFolder::from_environment(|name| std::env::var_os(name))?;
    match args.command {
        Command::Check(args) => check::run(&args, &folder, output),
        Command::Init(args) => init::run(&args, &folder, output),
        Command::Show(args) => show::run(&args, &folder, output),
    }
}

/// A registry scope on the command line: a repository, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Repository(RegistryScope),
}

impl std::str::FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if text == "*" { Ok(Self::All) } else { text.parse().map(Self::Repository) }
    }
}

/// The scopes of a statement; all artifacts if no scope is given.
pub(super) fn scopes(given: &[Scope]) -> Result<RegistryScopes, CliError> {
    let mut repositories = Vec::new();
    for scope in given {
        match scope {
            Scope::All if given.len() > 1 => {
                let why = CliError::configuration("--scope \"*\" already includes all artifacts");
                return Err(why.with_advice("Remove the other scopes."));
            }
            Scope::All => return Ok(RegistryScopes::Global),
            Scope::Repository(scope) if repositories.contains(scope) => {}
            Scope::Repository(scope) => repositories.push(scope.clone()),
        }
    }
    Ok(if repositories.is_empty() { RegistryScopes::Global } else { RegistryScopes::Listed(repositories) })
}

/// The trust stores of AWS's roots for these profiles, without duplicates.
pub(super) fn stores_of(profiles: &[SignerArn]) -> Result<Vec<TrustStoreName>, CliError> {
    let mut stores: Vec<TrustStoreName> = Vec::new();
    for profile in profiles {
        let partition = profile.location().partition();
        let root = aws_signer_roots().iter().find(|root| root.partition() == partition);
        let store = root.map(|root| root.trust_store()).ok_or_else(|| {
            CliError::configuration(format!(
                "this tool has no root certificate of AWS Signer for the partition {partition} of {profile}"
            ))
        })?;
        if !stores.contains(store) {
            stores.push(store.clone());
        }
    }
    Ok(stores)
}

/// Parses a trust store name of the type `signingAuthority`, with or without the type.
pub(super) fn signing_authority(text: &str) -> Result<TrustStoreName, String> {
    let store =
        if text.contains(':') { text.parse() } else { TrustStoreName::new(TrustStoreType::SigningAuthority, text) };
    let store = store.map_err(|why| why.to_string())?;
    match store.store_type() {
        TrustStoreType::SigningAuthority => Ok(store),
        kind => Err(format!("AWS Signer's signatures need a trust store of the type signingAuthority, not {kind}")),
    }
}
