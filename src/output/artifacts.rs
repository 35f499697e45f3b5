//! The results of a command for several artifacts.

use std::collections::BTreeMap;

use notary::Descriptor;
use notary::links::UnknownEntry;
use notary::text::printable;
use serde::Serialize;

use super::exit::{CliError, ExitStatus};
use super::wrap::hanging;
use super::{Output, SCHEMA_VERSION};

/// The result for one artifact.
pub trait ArtifactResult {
    /// The command's exit status for this artifact alone.
    fn status(&self) -> ExitStatus;

    /// What became of it, for the summary of several artifacts.
    fn became(&self) -> Became;
}

/// What became of an artifact. The summary lists these in order: what was wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Became {
    /// Whether it is not what was wanted. The summary names these artifacts.
    pub is_named: bool,
    /// The place in the summary among the others.
    pub place: u8,
    /// In a word, such as `verified`.
    pub word: &'static str,
}

/// What `--recursive` found in an index that is not a manifest.
#[derive(Debug, Default)]
pub struct PassedOver {
    pub others: Vec<Descriptor>,
    pub unknown: Vec<UnknownEntry>,
}

impl PassedOver {
    /// Writes a note about each entry.
    pub fn note(&self, output: &Output) {
        for Descriptor { digest, media_type, .. } in &self.others {
            let media_type = printable(media_type);
            output.note(format!("note: passed over {digest} of the index: {media_type} is not a manifest"));
        }
        for entry in &self.unknown {
            output.note(format!("note: passed over {}", unknown(entry)));
        }
    }
}

/// An entry of an index that cannot be read. Its texts come from the index, and can have any content.
#[must_use]
pub fn unknown(entry: &UnknownEntry) -> String {
    let short = |text: &str| printable(&text.chars().take(128).collect::<String>());
    let name = entry.digest.as_deref().map_or_else(|| "an entry".to_owned(), short);
    format!("{name} of the index ({}): {}", short(&entry.media_type), entry.why)
}

/// The results of a command for each artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactsReport<Artifact> {
    schema_version: u32,
    status: &'static str,
    /// In the order of the command line.
    artifacts: Vec<Artifact>,
    #[serde(skip)]
    exit: ExitStatus,
    #[serde(skip)]
    summary: Summary,
}

impl<Artifact: ArtifactResult + Serialize> ArtifactsReport<Artifact> {
    /// A report without results.
    #[must_use]
    pub fn new() -> Self {
        let exit = ExitStatus::DONE;
        let status = exit.as_str();
        Self { schema_version: SCHEMA_VERSION, status, artifacts: Vec::new(), exit, summary: Summary::default() }
    }

    /// Adds the results for one name of the command line; `name` is how the summary names each. The worst result
    /// determines the status. Results that will not be written as JSON are dropped, since there may be thousands.
    pub fn add(&mut self, artifacts: Vec<Artifact>, name: impl Fn(&Artifact) -> String, output: &Output) {
        self.exit = ExitStatus::worst(artifacts.iter().map(ArtifactResult::status).chain([self.exit]));
        self.status = self.exit.as_str();
        for artifact in &artifacts {
            self.summary.add(artifact.became(), || name(artifact));
        }
        if output.is_json() {
            self.artifacts.extend(artifacts);
        }
    }

    /// Writes the results if JSON is selected, and returns the command's exit status. Ends the text with a summary if
    /// there are several artifacts.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written.
    pub fn finish(&self, output: &Output) -> Result<ExitStatus, CliError> {
        output.json(self)?;
        self.summary.show(output);
        Ok(self.exit)
    }
}

/// How many artifacts ended in which way, with the names of those that did not end as wanted.
#[derive(Debug, Default)]
struct Summary(BTreeMap<Became, (usize, Vec<String>)>);

impl Summary {
    fn add(&mut self, became: Became, name: impl FnOnce() -> String) {
        let (count, names) = self.0.entry(became).or_default();
        *count += 1;
        if became.is_named {
            names.push(printable(&name()));
        }
    }

    /// `2 verified, 1 refused: app:a; 1 undetermined: app:b`
    fn text(&self) -> String {
        let mut text = String::new();
        let mut between = "";
        for (became, (count, names)) in &self.0 {
            text += &format!("{between}{count} {}", became.word);
            between = ", ";
            if !names.is_empty() {
                text += &format!(": {}", names.join(", "));
                between = "; ";
            }
        }
        text
    }

    /// Writes the summary to standard error. It is an error if an artifact did not end as wanted.
    fn show(&self, output: &Output) {
        let total: usize = self.0.values().map(|(count, _)| count).sum();
        let is_error = self.0.keys().any(|became| became.is_named);
        if total > 1 && (is_error || !output.is_quiet()) {
            output.error_line(hanging("", 2, &self.text(), Output::error_columns()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Became, Summary};

    #[test]
    fn counts_all_and_names_those_that_did_not_end_as_wanted() {
        let became = |place, word| Became { is_named: place > 0, place, word };
        let mut summary = Summary::default();
        for (name, became) in [
            ("app:a", became(2, "undetermined")),
            ("app:b", became(0, "verified")),
            ("app:c", became(1, "refused")),
            ("app:d", became(0, "verified")),
            ("app:e", became(1, "refused")),
        ] {
            summary.add(became, || name.to_owned());
        }
        assert_eq!(summary.text(), "2 verified, 2 refused: app:c, app:e; 1 undetermined: app:a");
        let mut all_good = Summary::default();
        all_good.add(became(0, "verified"), || "app".to_owned());
        assert_eq!(all_good.text(), "1 verified");
    }
}
