//! Strict reading of untrusted JSON (RFC 8259) into a tree that borrows from the text.
//!
//! Readers of one text must not disagree about what it says, and its tree must not take much more memory than the text.
//! So duplicate members are refused at any depth, and depth and number of values are bounded while reading. The tree is
//! in an arena: an ordinary Pod has some two hundred values, each of which would be an allocation of its own. Members
//! that no reader looks at can be left out: their text is checked, but they are not in the tree.

mod read;
#[cfg(test)]
mod tests;

use bumpalo::Bump;

/// The deepest nesting of arrays and objects. Objects of Kubernetes have some 20 levels.
pub const MAX_DEPTH: usize = 64;

/// The most values of a text, members of objects included. A value takes up to 40 bytes beside its text, and up to 120
/// while it is read.
pub const MAX_VALUES: usize = 300_000;

/// The most room that is taken before a text is read.
const MAX_ROOM: usize = 64 * 1024;

/// Where the tree of a text is.
#[derive(Debug)]
pub struct Arena(Bump);

impl Arena {
    /// Room for the tree of an ordinary text of this length; it grows if the text has more.
    #[must_use]
    pub fn for_text(length: usize) -> Self {
        Self(Bump::with_capacity(length.min(MAX_ROOM)))
    }
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// Any other.
    Float(f64),
}

impl Number {
    /// The number; a large one is rounded.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "as JSON readers of other languages round")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl From<Number> for serde_json::Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Unsigned(number) => number.into(),
            Number::Signed(number) => number.into(),
            Number::Float(number) => number.into(),
        }
    }
}

/// A JSON value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, borrowed from the text if it is written without escapes.
    String(&'a str),
    /// An array.
    Array(&'a [Json<'a>]),
    /// An object: its members in their order, each name once.
    Object(&'a [(&'a str, Json<'a>)]),
    /// A value that was left out. It is not absent, and it has no type.
    LeftOut,
}

/// Members of an object that are left out of the tree, or have members that are.
pub type LeaveOut = &'static [(&'static str, Below)];

/// What is left out below a member.
#[derive(Debug, Clone, Copy)]
pub enum Below {
    /// Its whole value.
    All,
    /// Members of its value, if that is an object.
    Members(LeaveOut),
}

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is not UTF-8.
    #[error("it is not UTF-8: invalid bytes at offset {0}")]
    NotUtf8(usize),
    /// It is not JSON, has duplicate members, or is beyond the limits.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
}

impl<'a> Json<'a> {
    /// Reads a text that is one JSON value.
    ///
    /// # Errors
    /// Returns an error that says what is wrong, and where, if it is not UTF-8 or not JSON, if an object has a member
    /// twice, and if it has more than [`MAX_DEPTH`] levels or [`MAX_VALUES`] values.
    pub fn read(text: &'a [u8], arena: &'a Arena) -> Result<Self, JsonError> {
        Self::read_without(text, &[], arena)
    }

    /// As [`Self::read`], without the values of some members. Within these, duplicate members are not refused, and
    /// neither levels nor values are counted: they take no memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_without(text: &'a [u8], leave_out: LeaveOut, arena: &'a Arena) -> Result<Self, JsonError> {
        read::read(text, leave_out, &arena.0)
    }

    /// The member of an object. `None` if it has no such member, and if the value is not an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'a Self> {
        self.object()?.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// As [`Self::member`]; a member that is `null` counts as absent, as Go's readers have it.
    #[must_use]
    pub fn present(&self, name: &str) -> Option<&'a Self> {
        self.member(name).filter(|value| !value.is_null())
    }

    /// The value that a JSON pointer (RFC 6901) leads to.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| match value {
            Self::Object(_) if token.contains('~') => value.member(&token.replace("~1", "/").replace("~0", "~")),
            Self::Object(_) => value.member(token),
            Self::Array(items) => items.get(array_index(token)?),
            _ => None,
        })
    }

    /// The text of a string.
    #[must_use]
    pub fn str(&self) -> Option<&'a str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    #[must_use]
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The values of an array.
    #[must_use]
    pub fn array(&self) -> Option<&'a [Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn object(&self) -> Option<&'a [(&'a str, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The type with its article, for messages: `an object`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::LeftOut => "a value that is not looked at",
        }
    }
}

/// The index of a JSON pointer's token: decimal, without leading zeros.
fn array_index(token: &str) -> Option<usize> {
    let is_decimal = token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if is_decimal { token.parse().ok() } else { None }
}
