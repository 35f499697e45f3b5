//! `notation-aws-signer tag`: tags of signing profiles.

mod add;
mod list;
mod remove;

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use aws_signer::{CallError, SignerClient};
use clap::Subcommand;
use serde::Serialize;

use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::NamedProfile;
use crate::management::service::Service;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// List, add and remove the tags of signing profiles.
///
/// Tags are pairs of key and value that AWS stores with a signing profile, for example to permit access by tag. To give
/// an image another tag, use `copy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Remove(remove::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Add(args) => add::run(args, output).await,
        Command::List(args) => list::run(&args, output).await,
        Command::Remove(args) => remove::run(&args, output).await,
    }
}

/// The results: docs/output/tag-add.schema.json, tag-list and tag-remove.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TagReport<'a> {
    schema_version: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    profile: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag_keys: Option<&'a [String]>,
}

/// The profile whose tags are meant, by its ARN.
struct Tagged {
    profile: NamedProfile,
    arn: ProfileArn,
}

impl Tagged {
    /// Completes a name with the account of the credentials, which AWS Signer knows.
    async fn new(given: &SigningProfile, service: &Service) -> Result<Self, CliError> {
        let profile = service.profile(given).await?;
        let arn = match &profile.arn {
            Some(arn) => arn.clone(),
            None => service.own(&profile).await?.version.profile().clone(),
        };
        Ok(Self { profile, arn })
    }

    fn client(&self) -> &SignerClient {
        &self.profile.client
    }

    /// The result of a call about the tags.
    async fn checked<T>(&self, result: Result<T, CallError>, service: &Service) -> Result<T, CliError> {
        match result {
            Ok(answer) => Ok(answer),
            Err(why) => Err(service.explained(why, &self.profile).await),
        }
    }
}
