//! The members of a mapping. A program asks for each by its name, and [`Members::finish`] refuses the others.

use crate::document::Entry;
use crate::error::{Error, Position};
use crate::field::Field;

/// The members of a mapping.
#[derive(Debug, Clone)]
#[must_use = "call `finish`, which refuses unknown members"]
pub struct Members<'d> {
    position: Position,
    path: String,
    entries: &'d [Entry],
    known: Vec<&'static str>,
}

impl<'d> Members<'d> {
    pub(crate) fn new(position: Position, path: String, entries: &'d [Entry]) -> Self {
        Self { position, path, entries, known: Vec::new() }
    }

    /// The member `name`, if it is there.
    pub fn optional(&mut self, name: &'static str) -> Option<Field<'d>> {
        self.known.push(name);
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        Some(Field::member(&self.path, name, &entry.value))
    }

    /// The member `name`.
    ///
    /// # Errors
    /// Returns [`Error`] at the mapping if it is not there.
    pub fn required(&mut self, name: &'static str) -> Result<Field<'d>, Error> {
        let missing = || Error::new(self.position, &self.path, format!("the member \"{name}\" is missing"));
        let missing = missing();
        self.optional(name).ok_or(missing)
    }

    /// The members that were not asked for, with their keys: for mappings with names of the user's choice. After it,
    /// [`Members::finish`] is not needed.
    pub fn rest(self) -> impl Iterator<Item = (Key<'d>, Field<'d>)> {
        let Self { path, entries, known, .. } = self;
        entries.iter().filter(move |entry| !known.contains(&entry.key.as_str())).map(move |entry| {
            let field = Field::member(&path, &entry.key, &entry.value);
            (Key { text: &entry.key, position: entry.key_position, path: field.path().to_owned() }, field)
        })
    }

    /// Refuses members that were not asked for.
    ///
    /// # Errors
    /// Returns [`Error`] at the key of the first such member.
    pub fn finish(self) -> Result<(), Error> {
        let unknown = self.entries.iter().find(|entry| !self.known.contains(&entry.key.as_str()));
        let Some(entry) = unknown else { return Ok(()) };
        let key: String = entry.key.chars().take(40).collect();
        let problem = format!("unknown member {key:?}; the members here are {}", self.known.join(", "));
        Err(Error::new(entry.key_position, self.path, problem))
    }
}

/// The key of a member whose name the user chose.
#[derive(Debug, Clone)]
pub struct Key<'d> {
    /// The key.
    pub text: &'d str,
    position: Position,
    path: String,
}

impl Key<'_> {
    /// An error at this key.
    #[must_use]
    pub fn error(&self, problem: impl Into<String>) -> Error {
        Error::new(self.position, &self.path, problem)
    }
}
