//! Reading the parts of a policy document, with the path of each for error messages.

use notary::text::printable;
use serde_json::{Map, Value};

use super::error::{PolicyError, Problem};

/// A part of the document and its path.
#[derive(Debug)]
pub struct Part {
    pub path: String,
    pub value: Value,
}

impl Part {
    /// The error that this part has `problem`.
    pub fn error(&self, problem: Problem) -> PolicyError {
        PolicyError::At { path: self.path.clone(), problem }
    }

    /// The part as a string.
    pub fn string(self) -> Result<(String, String), PolicyError> {
        match self.value {
            Value::String(text) => Ok((self.path, text)),
            _ => Err(self.error(Problem::Type("a string"))),
        }
    }

    /// The part as an object.
    pub fn members(self) -> Result<Members, PolicyError> {
        match self.value {
            Value::Object(members) => Ok(Members { path: self.path, members }),
            _ => Err(self.error(Problem::Type("an object"))),
        }
    }

    /// The part, or its items if it is an array, which must not be empty.
    pub fn items(self) -> Result<Vec<Part>, PolicyError> {
        match self.value {
            Value::Array(items) if items.is_empty() => {
                Err(PolicyError::At { path: self.path, problem: Problem::Empty })
            }
            Value::Array(items) => {
                let path = &self.path;
                Ok(items
                    .into_iter()
                    .enumerate()
                    .map(|(i, value)| Part { path: format!("{path}[{i}]"), value })
                    .collect())
            }
            _ => Ok(vec![self]),
        }
    }
}

/// An object of the document and its path, which is empty for the document itself.
#[derive(Debug)]
pub struct Members {
    pub path: String,
    members: Map<String, Value>,
}

impl Members {
    /// The document itself.
    pub fn document(members: Map<String, Value>) -> Self {
        Self { path: String::new(), members }
    }

    /// The path of a member.
    pub fn path_of(&self, name: &str) -> String {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        match (plain, self.path.is_empty()) {
            (true, true) => name.to_owned(),
            (true, false) => format!("{}.{name}", self.path),
            (false, _) => format!("{}[{:?}]", self.path, printable(name)),
        }
    }

    /// Removes a member, if there is one.
    pub fn take(&mut self, name: &str) -> Option<Part> {
        let value = self.members.remove(name)?;
        Some(Part { path: self.path_of(name), value })
    }

    /// Removes a member that must be there.
    pub fn required(&mut self, name: &str) -> Result<Part, PolicyError> {
        self.take(name).ok_or_else(|| self.error(name, Problem::Missing))
    }

    /// The error that a member has `problem`.
    pub fn error(&self, name: &str, problem: Problem) -> PolicyError {
        PolicyError::At { path: self.path_of(name), problem }
    }

    /// Refuses the members that are left.
    pub fn finish(self, elements: &'static str) -> Result<(), PolicyError> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.error(name, Problem::UnknownElement(elements))),
        }
    }

    /// All members, with their names.
    pub fn into_parts(self) -> impl Iterator<Item = (String, Part)> {
        let paths: Vec<String> = self.members.keys().map(|name| self.path_of(name)).collect();
        self.members.into_iter().zip(paths).map(|((name, value), path)| (name, Part { path, value }))
    }
}
