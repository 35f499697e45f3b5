//! `notation-aws-signer policy show`.

use notary::text::printable;
use notary::trust::policy::{RegistryScope, RegistryScopes, TrustPolicy, statement_json};
use notation::{FolderError, NotationFolder};
use serde::Serialize;
use serde_json::Value;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, DIM, GOOD, Output, SCHEMA_VERSION, paint};

/// Show the trust policy in use, or the statement that applies to an artifact.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show the whole policy, and the number of certificates in its trust stores:
    notation-aws-signer policy show

  Show the statement that applies to an image:
    notation-aws-signer policy show registry.example.com/app:v1

  Show the policy for blobs (files):
    notation-aws-signer policy show --blob

Exit codes: 0 shown; 2 there is no policy, the policy is invalid, or no statement applies.")]
pub(super) struct Args {
    /// An artifact in a registry, or a repository: show only the statement that applies to it
    #[arg(value_name = "REF", conflicts_with = "blob")]
    reference: Option<String>,

    /// Show the policy for blobs (files)
    #[arg(long)]
    blob: bool,
}

/// docs/output/policy-show.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    files: Vec<String>,
    statements: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    /// The statement as in the document.
    policy: Value,
    trust_stores: Vec<StoreState>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreState {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let (files, statements) = if args.blob {
        let document = folder.blob_trust_policy().map_err(with_advice)?;
        let statement = |policy| Statement::of(folder, None, policy, document.global().map(TrustPolicy::name));
        (vec![folder.blob_trust_policy_file()], document.policies().iter().map(statement).collect::<Vec<_>>())
    } else {
        let document = folder.trust_policy().map_err(with_advice)?;
        let applicable = match &args.reference {
            None => None,
            Some(reference) => {
                let scope = RegistryScope::of_reference(reference).map_err(CliError::usage)?;
                Some(document.applicable(&scope).map_err(CliError::usage)?.name().to_owned())
            }
        };
        let chosen = document
            .policies()
            .iter()
            .filter(|(_, policy)| applicable.as_ref().is_none_or(|name| name == policy.name()));
        let statements = chosen.map(|(scopes, policy)| Statement::of(folder, Some(scopes), policy, None));
        (folder.existing_trust_policy_files(), statements.collect())
    };
    let files: Vec<_> = files.iter().map(|file| printable(&file.display().to_string())).collect();
    output.text(paint(DIM, files.join(", ")))?;
    statements.iter().try_for_each(|statement| statement.show(output))?;
    let status = ExitStatus::Done;
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), files, statements })?;
    Ok(status)
}

/// Adds the command that writes a policy to the error that there is none.
fn with_advice(why: FolderError) -> CliError {
    match why {
        FolderError::NoPolicy(_) => CliError::usage(format!("{why} (run `notation-aws-signer policy init`)")),
        why => why.into(),
    }
}

impl Statement {
    fn of(
        folder: &NotationFolder,
        scopes: Option<&RegistryScopes>,
        policy: &TrustPolicy,
        global: Option<&str>,
    ) -> Self {
        let state = |name| match folder.trust_store(name) {
            Ok(store) => {
                StoreState { name: name.to_string(), certificates: Some(store.certificates().len()), problem: None }
            }
            Err(why) => {
                StoreState { name: name.to_string(), certificates: None, problem: Some(printable(&why.to_string())) }
            }
        };
        let mut json = statement_json(scopes, policy);
        if global == Some(policy.name()) {
            json["globalPolicy"] = true.into();
        }
        Self { policy: json, trust_stores: policy.trust_stores().iter().map(state).collect() }
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        let policy = &self.policy;
        let text = |value: &Value| printable(value.as_str().unwrap_or_default());
        let line = |name: &str, value: &str| output.text(format!("  {} {value}", paint(DIM, format!("{name:10}"))));
        output.text(paint(GOOD, text(&policy["name"])))?;
        let verification = &policy["signatureVerification"];
        line("level", &text(&verification["level"]))?;
        for (validation, action) in verification["override"].as_object().into_iter().flatten() {
            line("override", &format!("{validation}: {}", text(action)))?;
        }
        for scope in policy["registryScopes"].as_array().into_iter().flatten() {
            line("scope", &text(scope))?;
        }
        if policy["globalPolicy"] == true {
            line("scope", "global: applies if no other statement is named")?;
        }
        for store in &self.trust_stores {
            let state = match (&store.certificates, &store.problem) {
                (Some(1), _) => "1 certificate".to_owned(),
                (Some(number), _) => format!("{number} certificates"),
                (None, why) => format!("{} {}", paint(BAD, "problem:"), why.as_deref().unwrap_or_default()),
            };
            line("store", &format!("{} ({state})", store.name))?;
        }
        for identity in policy["trustedIdentities"].as_array().into_iter().flatten() {
            line("identity", &text(identity))?;
        }
        Ok(())
    }
}
