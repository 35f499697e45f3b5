//! A CBOR data item in memory.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::{Number, Value};

use super::CborError;

/// The maximum length of an item in an error, in characters.
const MOST_SHOWN: usize = 500;

const FALSE: u8 = 20;
const TRUE: u8 = 21;
const NULL: u8 = 22;
const UNDEFINED: u8 = 23;

/// A data item. Two items are equal if the generic data model of RFC 8949 (section 2) says so, however they are
/// encoded. Strings in one part borrow from the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item<'a> {
    /// An unsigned or negative integer, major types 0 and 1.
    Integer(i128),
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Array(Vec<Item<'a>>),
    Map(BTreeMap<Item<'a>, Item<'a>>),
    Tag(u64, Box<Item<'a>>),
    /// A simple value, such as false, true, null or undefined.
    Simple(u8),
    Float(Float),
}

/// A floating-point number of any width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Float(f64);

impl Float {
    pub(super) fn new(value: f64) -> Self {
        // As keys, all NaNs are the same.
        Self(if value.is_nan() { f64::NAN } else { value })
    }

    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Item<'_> {
    pub(super) const FALSE: Self = Self::Simple(FALSE);
    pub(super) const TRUE: Self = Self::Simple(TRUE);
    pub(super) const NULL: Self = Self::Simple(NULL);
    pub(super) const UNDEFINED: Self = Self::Simple(UNDEFINED);

    /// The type of the item, for errors.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Bytes(_) => "a byte string",
            Self::Text(_) => "text",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Tag(..) => "a tagged item",
            Self::Simple(FALSE | TRUE) => "a boolean",
            Self::Simple(NULL) => "null",
            Self::Simple(_) => "a simple value",
            Self::Float(_) => "a floating-point number",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::NULL
    }

    /// The error for an item that is not of the expected type.
    pub(crate) fn wrong(&self, name: impl Into<String>, expected: &'static str) -> CborError {
        CborError::Type { name: name.into(), expected, found: self.kind() }
    }

    /// The start of the item in diagnostic notation, for people.
    pub(crate) fn shown(&self) -> String {
        let mut shown = Start { text: String::new(), left: MOST_SHOWN };
        // Fails where the start ends.
        let _ = write!(shown, "{self}");
        shown.text
    }

    /// The item as JSON, if JSON has a value that is the same. Byte strings, tags, keys that are not text and numbers
    /// that JSON cannot express have none.
    pub(crate) fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Integer(integer) => {
                let unsigned = || u64::try_from(*integer).map(Number::from);
                Value::Number(i64::try_from(*integer).map(Number::from).or_else(|_| unsigned()).ok()?)
            }
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_json).collect::<Option<_>>()?),
            Self::Map(entries) => {
                let member = |(key, value): (&Self, &Self)| match key {
                    Self::Text(name) => Some((name.clone().into_owned(), value.to_json()?)),
                    _ => None,
                };
                Value::Object(entries.iter().map(member).collect::<Option<_>>()?)
            }
            Self::Simple(FALSE) => Value::Bool(false),
            Self::Simple(TRUE) => Value::Bool(true),
            Self::Simple(NULL) => Value::Null,
            Self::Float(float) => Value::Number(Number::from_f64(float.get())?),
            Self::Bytes(_) | Self::Tag(..) | Self::Simple(_) => return None,
        })
    }
}

/// Diagnostic notation: RFC 8949, section 8.
impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Bytes(bytes) => {
                f.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Array(items) => {
                let parts = items.iter().map(|item| (item, None));
                list(f, '[', parts, ']')
            }
            Self::Map(entries) => list(f, '{', entries.iter().map(|(key, value)| (key, Some(value))), '}'),
            Self::Tag(number, item) => write!(f, "{number}({item})"),
            Self::Simple(FALSE) => f.write_str("false"),
            Self::Simple(TRUE) => f.write_str("true"),
            Self::Simple(NULL) => f.write_str("null"),
            Self::Simple(UNDEFINED) => f.write_str("undefined"),
            Self::Simple(value) => write!(f, "simple({value})"),
            Self::Float(float) if float.get().is_infinite() => {
                f.write_str(if float.get() > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Float(float) => write!(f, "{:?}", float.get()),
        }
    }
}

fn list<'a, 'b: 'a>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    parts: impl Iterator<Item = (&'a Item<'b>, Option<&'a Item<'b>>)>,
    close: char,
) -> fmt::Result {
    f.write_char(open)?;
    for (position, (item, value)) in parts.enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
        if let Some(value) = value {
            write!(f, ": {value}")?;
        }
    }
    f.write_char(close)
}

/// Keeps the start of what is written, and then refuses more: an item may be as long as an envelope.
struct Start {
    text: String,
    left: usize,
}

impl fmt::Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.left == 0 {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.text.push(c);
        }
        Ok(())
    }
}
