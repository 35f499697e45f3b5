//! `notation-aws-signer local-signer principal`: the users and roles that a local signer knows.

mod add;
mod list;
mod remove;

use clap::Subcommand;
use local_signer::credentials::CredentialsError;
use local_signer::iam::IdentityKind;
use local_signer::principals::{ListedPrincipal, PrincipalsError};
use notary::ReasonCode;
use notary::text::rfc3339;
use serde::Serialize;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Add, list and remove the users and roles of a local signer.
///
/// They have access keys and IAM policies, and may do only what the policies allow. The profile `default` of
/// DIR/credentials is the root of the service's account, which may do everything in its account.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    List(list::Args),
    Remove(remove::Args),
}

pub(super) fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Add(args) => add::run(args, output),
        Command::List(args) => list::run(&args, output),
        Command::Remove(args) => remove::run(&args, output),
    }
}

/// A user or role in the results, without its secrets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PrincipalReport {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    account: String,
    arn: String,
    access_key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    policies: Vec<String>,
}

impl From<&ListedPrincipal> for PrincipalReport {
    fn from(listed: &ListedPrincipal) -> Self {
        Self {
            name: listed.identity.name().to_owned(),
            kind: kind(listed.identity.kind()),
            account: listed.identity.account().to_string(),
            arn: listed.arn.clone(),
            access_key_id: listed.access_key_id.clone(),
            expires: listed.expires.map(rfc3339),
            policies: listed.policies.clone(),
        }
    }
}

fn kind(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Root => "root",
        IdentityKind::User => "user",
        IdentityKind::Role => "role",
    }
}

impl From<PrincipalsError> for CliError {
    fn from(why: PrincipalsError) -> Self {
        let code = match &why {
            PrincipalsError::Directory(_)
            | PrincipalsError::Damaged { .. }
            | PrincipalsError::Credentials(CredentialsError::Directory(_) | CredentialsError::NotText(_)) => {
                ReasonCode::File
            }
            PrincipalsError::NotFound(_) => ReasonCode::NotFound,
            _ => ReasonCode::Configuration,
        };
        let advice = matches!(why, PrincipalsError::NotFound(_))
            .then_some("Run `notation-aws-signer local-signer principal list` to see the names.");
        let error = Self::new(code, why);
        match advice {
            None => error,
            Some(advice) => error.with_advice(advice),
        }
    }
}
