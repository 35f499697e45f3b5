//! `notation-aws-signer policy show`.

use notary::text::printable;
use notary::trust::policy::{RegistryScope, RegistryScopes, TrustPolicy, TrustStoreName, statement_json};
use notation::{FolderError, NotationFolder};
use serde::Serialize;
use serde_json::Value;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::CertificateReport;
use crate::output::{BAD, DIM, GOOD, Output, SCHEMA_VERSION, paint, show_fact};

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
    #[arg(value_name = "REF", conflicts_with = "blob", value_parser = RegistryScope::from_reference)]
    reference: Option<RegistryScope>,

    /// Show the policy for blobs (files)
    #[arg(long)]
    blob: bool,
}

/// docs/output/policy-show.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyShowReport {
    schema_version: u32,
    status: &'static str,
    documents: Vec<String>,
    statements: Vec<StatementReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatementReport {
    /// The name of the statement.
    policy: String,
    /// The statement as in the document.
    statement: Value,
    trust_stores: Vec<StoreState>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreState {
    trust_store: String,
    certificates: Vec<CertificateReport>,
    /// Why the store cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let (files, statements) = if args.blob {
        let document = folder.blob_trust_policy().map_err(with_advice)?;
        let statement = |policy| StatementReport::new(folder, None, policy, document.global().map(TrustPolicy::name));
        (vec![folder.blob_trust_policy_file()], document.policies().iter().map(statement).collect::<Vec<_>>())
    } else {
        let document = folder.trust_policy().map_err(with_advice)?;
        let applicable = match &args.reference {
            None => None,
            Some(scope) => Some(document.applicable(scope)?.name().to_owned()),
        };
        let chosen = document
            .policies()
            .iter()
            .filter(|(_, policy)| applicable.as_ref().is_none_or(|name| name == policy.name()));
        let statements = chosen.map(|(scopes, policy)| StatementReport::new(folder, Some(scopes), policy, None));
        (folder.existing_trust_policy_files(), statements.collect())
    };
    let documents: Vec<_> = files.iter().map(|file| printable(&file.display().to_string())).collect();
    output.sentence(&paint(DIM, documents.join(", ")))?;
    statements.iter().try_for_each(|statement| statement.show(output))?;
    let status = ExitStatus::DONE;
    output.json(&PolicyShowReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        documents,
        statements,
    })?;
    Ok(status)
}

/// Adds the command that writes a policy to the error about a missing one.
fn with_advice(why: FolderError) -> CliError {
    match why {
        FolderError::NoPolicy(_) => CliError::from(why).with_advice("Run `notation-aws-signer policy init`."),
        why => why.into(),
    }
}

impl StatementReport {
    fn new(
        folder: &NotationFolder,
        scopes: Option<&RegistryScopes>,
        policy: &TrustPolicy,
        global: Option<&str>,
    ) -> Self {
        let state = |name: &TrustStoreName| {
            let (certificates, error) = match folder.trust_store(name) {
                Ok(store) => (store.certificates().iter().map(CertificateReport::new).collect(), None),
                Err(why) => (Vec::new(), Some(CliError::from(why).into())),
            };
            StoreState { trust_store: name.to_string(), certificates, error }
        };
        let mut json = statement_json(scopes, policy);
        if global == Some(policy.name()) {
            json["globalPolicy"] = true.into();
        }
        let trust_stores = policy.trust_stores().iter().map(state).collect();
        Self { policy: policy.name().to_owned(), statement: json, trust_stores }
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        let policy = &self.statement;
        let text = |value: &Value| printable(value.as_str().unwrap_or_default());
        let line = |name: &str, value: &str| show_fact(name, 10, value, output);
        output.text(paint(GOOD, printable(&self.policy)))?;
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
            let state = match (&store.error, store.certificates.len()) {
                (Some(error), _) => format!("{} {}", paint(BAD, "failed:"), printable(&error.message)),
                (None, 1) => "1 certificate".to_owned(),
                (None, number) => format!("{number} certificates"),
            };
            line("store", &format!("{} ({state})", store.trust_store))?;
        }
        for identity in policy["trustedIdentities"].as_array().into_iter().flatten() {
            line("identity", &text(identity))?;
        }
        Ok(())
    }
}
