//! Lines with a name and a value below a heading.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::output::exit::CliError;
use crate::output::{Output, show_fact};

/// Writes names in a column of `width`, each with its value.
#[derive(Debug)]
pub struct Facts<'a> {
    output: &'a Output,
    width: usize,
}

impl<'a> Facts<'a> {
    /// Facts whose names have at most `width` letters.
    #[must_use]
    pub fn new(output: &'a Output, width: usize) -> Self {
        Self { output, width }
    }

    /// Writes a fact.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn say(&self, name: &str, value: impl Display) -> Result<(), CliError> {
        show_fact(name, self.width, value, self.output)
    }

    /// Writes a fact that is known.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub fn say_known(&self, name: &str, value: Option<impl Display>) -> Result<(), CliError> {
        value.map_or(Ok(()), |value| self.say(name, value))
    }

    /// Writes pairs, one a line.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub fn say_pairs(&self, name: &str, pairs: &BTreeMap<String, String>) -> Result<(), CliError> {
        let mut name = name;
        for (key, value) in pairs {
            self.say(name, format!("{key}={value}"))?;
            name = "";
        }
        Ok(())
    }
}
