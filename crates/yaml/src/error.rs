//! Errors and the positions that they name.

use std::fmt;

/// A place in a file, as editors count: lines and columns start at 1, and a column is a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document was refused. The text starts with the position, so that a caller puts the name of the file before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {}{problem}", prefix(.path))]
pub struct Error {
    position: Position,
    path: String,
    problem: String,
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

impl Error {
    /// An error at a position; `path` names the value, such as `quotas.default`, and is empty for the whole document.
    #[must_use]
    pub fn new(position: Position, path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { position, path: path.into(), problem: problem.into() }
    }

    /// Where the problem is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The value that has the problem, such as `quotas.default` or `faults[2].rate`; empty for the whole document.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The problem, without position and path.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}
