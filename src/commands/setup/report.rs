//! The results of `setup`: docs/output/setup.schema.json.

use notary::text::printable;
use serde::Serialize;
use serde_json::Value;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, DIM, GOOD, Output, SCHEMA_VERSION, WARN, paint};

/// The part of the setup that an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    Plugin,
    TrustStore,
    TrustPolicy,
    SigningProfile,
    RevocationCheck,
}

impl Part {
    fn title(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::TrustStore => "trust store",
            Self::TrustPolicy => "trust policy",
            Self::SigningProfile => "signing profile",
            Self::RevocationCheck => "revocation",
        }
    }
}

/// The result for one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Already set up.
    Ok,
    /// Set up now.
    Changed,
    /// Works, but worth knowing.
    Note,
    /// Wrong, or setting it up failed.
    Problem,
    /// The check could not be made.
    Undetermined,
}

/// One part of the setup.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    part: Part,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    outcome: Outcome,
    message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// The statement that the trust policy should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<Value>,
}

impl Item {
    pub(super) fn new(part: Part, outcome: Outcome, message: impl ToString) -> Self {
        let message = printable(&message.to_string());
        Self { part, subject: None, outcome, message, remedy: None, statement: None }
    }

    pub(super) fn about(self, subject: impl ToString) -> Self {
        Self { subject: Some(printable(&subject.to_string())), ..self }
    }

    pub(super) fn with_remedy(self, remedy: impl ToString) -> Self {
        Self { remedy: Some(printable(&remedy.to_string())), ..self }
    }

    pub(super) fn with_statement(self, statement: Value) -> Self {
        Self { statement: Some(statement), ..self }
    }

    fn status(&self) -> ExitStatus {
        match self.outcome {
            Outcome::Ok | Outcome::Changed | Outcome::Note => ExitStatus::Done,
            Outcome::Problem => ExitStatus::Usage,
            Outcome::Undetermined => ExitStatus::Undetermined,
        }
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        let (style, word) = match self.outcome {
            Outcome::Ok => (GOOD, "ok"),
            Outcome::Changed => (GOOD, "changed"),
            Outcome::Note => (WARN, "warning"),
            Outcome::Problem => (BAD, "failed"),
            Outcome::Undetermined => (WARN, "unknown"),
        };
        let title = self.part.title();
        let subject = self.subject.as_ref().map(|subject| format!("{subject}: ")).unwrap_or_default();
        output.text(format!(
            "{} {} {subject}{}",
            paint(style, format!("{word:8}")),
            paint(DIM, format!("{title:15}")),
            self.message
        ))?;
        if let Some(remedy) = &self.remedy {
            output.text(format!("{:9}{remedy}", ""))?;
        }
        match &self.statement {
            Some(statement) => output.text(format!("{statement:#}")),
            None => Ok(()),
        }
    }
}

/// The results of the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    schema_version: u32,
    status: &'static str,
    items: Vec<Item>,
    #[serde(skip)]
    exit: ExitStatus,
}

impl Report {
    pub(super) fn of(items: Vec<Item>) -> Self {
        let exit = items.iter().map(Item::status).max().unwrap_or(ExitStatus::Done);
        Self { schema_version: SCHEMA_VERSION, status: exit.as_str(), items, exit }
    }

    pub(super) fn status(&self) -> ExitStatus {
        self.exit
    }

    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        self.items.iter().try_for_each(|item| item.show(output))
    }

    /// Whether anything was changed.
    pub(super) fn has_changes(&self) -> bool {
        self.items.iter().any(|item| item.outcome == Outcome::Changed)
    }
}
