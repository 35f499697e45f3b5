//! The results of `setup`: docs/output/setup.schema.json.

use std::fmt::Display;

use notary::ReasonCode;
use notary::text::printable;
use serde::Serialize;
use serde_json::Value;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::outcome::{StepOutcome, StepReport};
use crate::output::wrap::{display_width, hanging};
use crate::output::{DIM, Output, SCHEMA_VERSION, paint, show_advice, show_each_time, wrapped};

/// The number of columns before an item's message beside its part.
const BESIDE: usize = 25;
/// The number of columns before an item's message below its part.
const BELOW: usize = 9;
/// Fewer columns beside the part are not filled with sentences and ARNs.
const NARROW: usize = 80;

/// The part of the setup that an item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    Plugin,
    TrustStore,
    TrustPolicy,
    SigningProfile,
    RevocationCheck,
    AdmissionConfiguration,
    Containerd,
    Verifier,
    DropIn,
    Pulls,
    Object,
    Service,
    Webhook,
    ApiServer,
}

impl Part {
    fn title(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::TrustStore => "trust store",
            Self::TrustPolicy => "trust policy",
            Self::SigningProfile => "signing profile",
            Self::RevocationCheck => "revocation",
            Self::AdmissionConfiguration => "configuration",
            Self::Containerd => "containerd",
            Self::Verifier => "verifier",
            Self::DropIn => "drop-in",
            Self::Pulls => "pulls",
            Self::Object => "object",
            Self::Service => "service",
            Self::Webhook => "webhook",
            Self::ApiServer => "API server",
        }
    }
}

/// One part of the setup.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    part: Part,
    /// Which one: a file, a trust store, a statement, a signing profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    step: StepReport,
    /// The statement that the trust policy should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<Value>,
}

impl Item {
    /// A part that is right.
    pub(super) fn ok(part: Part, message: impl Display) -> Self {
        Self::new(part, StepReport::fine(StepOutcome::Ok, message))
    }

    /// A part that is right now.
    pub(super) fn changed(part: Part, message: impl Display) -> Self {
        Self::new(part, StepReport::fine(StepOutcome::Changed, message))
    }

    /// A part that works, with something worth knowing.
    pub(super) fn warning(part: Part, why: CliError) -> Self {
        Self::new(part, StepReport::warning(why))
    }

    /// A part that is wrong, or could not be checked.
    pub(super) fn failed(part: Part, why: CliError) -> Self {
        Self::new(part, StepReport::failed(why))
    }

    fn new(part: Part, step: StepReport) -> Self {
        Self { part, name: None, step, statement: None }
    }

    pub(super) fn about(self, name: impl Display) -> Self {
        Self { name: Some(printable(&name.to_string())), ..self }
    }

    pub(super) fn with_statement(self, statement: Value) -> Self {
        Self { statement: Some(statement), ..self }
    }

    /// Whether AWS Signer has no such signing profile.
    pub(super) fn is_missing_profile(&self) -> bool {
        let error = self.step.explanation.error();
        self.part == Part::SigningProfile && error.is_some_and(|error| error.code == ReasonCode::NotFound)
    }

    pub(super) fn is_ok(&self) -> bool {
        self.step.outcome == StepOutcome::Ok
    }

    fn status(&self) -> ExitStatus {
        match (self.step.outcome, self.step.explanation.error()) {
            (StepOutcome::Warning, _) | (_, None) => ExitStatus::DONE,
            (_, Some(error)) => error.status(),
        }
    }

    fn advice(&self) -> Option<&str> {
        self.step.explanation.error().and_then(|error| error.advice.as_deref())
    }

    /// Writes the item, with its advice unless that was `said` just before.
    fn show(&self, said: Option<&str>, output: &Output) -> Result<(), CliError> {
        let title = self.part.title();
        let name = self.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let message = self.step.explanation.message();
        // The title says it already.
        let message = message.strip_prefix(title).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
        let message = format!("{name}{message}");
        if self.status() != ExitStatus::DONE {
            let advice = self.step.explanation.error().and_then(|error| error.advice.as_deref());
            output.failure_beside_text(format!("{title}: {message}"), advice);
        }
        let word = self.step.outcome.word(8);
        output.text(match output.columns() {
            Some(columns) if columns < BESIDE + NARROW && columns < BESIDE + display_width(&message) => {
                let below = hanging(&" ".repeat(BELOW), BELOW, &message, Some(columns));
                format!("{word} {}\n{below}", paint(DIM, title))
            }
            columns => {
                let beside = wrapped(&message, BESIDE, columns);
                format!("{word} {} {beside}", paint(DIM, format!("{title:15}")))
            }
        })?;
        let advice = self.advice().filter(|advice| self.statement.is_some() || said != Some(advice));
        match &self.statement {
            Some(statement) => {
                let advice = advice.map(|advice| format!("{advice} ")).unwrap_or_default();
                show_each_time(&format!("{advice}The statement should read:"), BELOW, output)?;
                output.text(format!("{statement:#}"))
            }
            None => advice.map_or(Ok(()), |advice| show_advice(advice, BELOW, output)),
        }
    }
}

/// The results of the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupReport {
    schema_version: u32,
    status: &'static str,
    items: Vec<Item>,
    #[serde(skip)]
    exit: ExitStatus,
}

impl SetupReport {
    pub(super) fn new(items: Vec<Item>) -> Self {
        let exit = ExitStatus::worst(items.iter().map(Item::status));
        Self { schema_version: SCHEMA_VERSION, status: exit.as_str(), items, exit }
    }

    pub(super) fn status(&self) -> ExitStatus {
        self.exit
    }

    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        let before = std::iter::once(None).chain(self.items.iter().map(Item::advice));
        self.items.iter().zip(before).try_for_each(|(item, said)| item.show(said, output))
    }

    /// Whether anything was changed.
    pub(super) fn has_changes(&self) -> bool {
        self.items.iter().any(|item| item.step.outcome == StepOutcome::Changed)
    }
}
