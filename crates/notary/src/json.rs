//! Strict reading of untrusted JSON (RFC 8259): one document, no equal keys in an object, and objects only where objects are
//! expected.
//!
//! `serde`'s derived structs take an array in place of an object, and its maps let the last of two equal keys win. Where a
//! signature depends on what was read, both are ways to make two readers see two documents.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

use crate::text::printable;

/// What is wrong with a JSON document. A path is written as in JavaScript: `signature.certificateChain[2]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not one well-formed JSON document, or two equal keys in an object, or nested too deep.
    #[error("not a valid JSON document: {0}")]
    Syntax(String),
    /// A required value is absent, null or empty.
    #[error("{path} is missing or empty")]
    Missing {
        /// Where the value should be.
        path: String,
    },
    /// A value is of another type than it must be.
    #[error("{path} must be {expected}, not {found}")]
    Type {
        /// Where the value is.
        path: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// An array, or a whole document, has more items than are read.
    #[error("{path} has more than {most} items")]
    TooMany {
        /// Where the array is, or the document's name.
        path: String,
        /// How many are read.
        most: usize,
    },
    /// It is made to fill the memory.
    #[error("it has more than {objects} objects, {values} arrays or {values} values")]
    TooManyValues {
        /// How many objects are read.
        objects: usize,
        /// How many arrays, and how many values, are read.
        values: usize,
    },
    /// An object has a member that the format does not know.
    #[error("{path} is not a member that is allowed here")]
    Unknown {
        /// Where the member is.
        path: String,
    },
}

/// How much a document may hold. In memory an object takes a hundred times the bytes that it has in the document, and a number
/// twenty times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most objects.
    pub objects: usize,
    /// The most arrays, and the most values, about.
    pub values: usize,
}

/// What documents of a few MiB hold that are not made to fill the memory.
const USUAL: Limits = Limits { objects: 32 * 1024, values: 200_000 };

/// What a document holds that is small by its nature: an envelope, a payload, an answer of AWS Signer.
const SMALL: Limits = Limits { objects: 5_000, values: 10_000 };

/// Reads one JSON document whose top level is an object.
///
/// # Errors
/// [`JsonError::Syntax`] for anything but one document without equal keys (nesting is limited to 128 levels),
/// [`JsonError::TooManyValues`], and [`JsonError::Type`] when it is not an object.
pub fn parse_object(name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    parse_object_within(USUAL, name, bytes)
}

/// As [`parse_object`], for a document that may hold more.
pub fn parse_object_within(limits: Limits, name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    let Limits { objects, values } = limits;
    // Those within strings count as well: nothing else is quick enough to come before the parser.
    let count = |byte: u8| bytes.iter().filter(|b| **b == byte).count();
    if count(b'{') > objects || count(b'[') > values || count(b',') > values {
        return Err(JsonError::TooManyValues { objects, values });
    }
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let syntax = |e: serde_json::Error| JsonError::Syntax(e.to_string());
    let value = NoDuplicates.deserialize(&mut input).map_err(syntax)?;
    input.end().map_err(syntax)?;
    match value {
        Value::Object(members) => Ok(Object { path: name.to_owned(), top: true, members }),
        other => Err(JsonError::Type { path: name.to_owned(), expected: "an object", found: kind(&other) }),
    }
}

/// As [`parse_object`], for a document of a few values, some of which may be long.
///
/// # Errors
/// As there.
pub fn parse_small_object(name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    parse_object_within(SMALL, name, bytes)
}

/// A JSON object that knows where it was found, so that every error can say so.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    path: String,
    top: bool,
    members: Map<String, Value>,
}

impl Object {
    /// Where the member `name` of this object is, for people: fit for a terminal.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        let name = printable(name);
        if self.top { name } else { format!("{}.{name}", self.path) }
    }

    /// Takes the member out; null counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|v| !v.is_null())
    }

    /// The names of the members that have not been taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Takes the remaining members.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// Takes an optional string.
    ///
    /// # Errors
    /// [`JsonError::Type`] when there is something else.
    pub fn optional_string(&mut self, name: &str) -> Result<Option<String>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// Takes a string that must be there and not be empty.
    ///
    /// # Errors
    /// [`JsonError::Missing`] or [`JsonError::Type`].
    pub fn string(&mut self, name: &str) -> Result<String, JsonError> {
        self.optional_string(name)?.filter(|s| !s.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// Takes an optional object.
    ///
    /// # Errors
    /// [`JsonError::Type`] when there is something else.
    pub fn optional_object(&mut self, name: &str) -> Result<Option<Object>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Object { path: self.path(name), top: false, members })),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Takes an object that must be there.
    ///
    /// # Errors
    /// [`JsonError::Missing`] or [`JsonError::Type`].
    pub fn object(&mut self, name: &str) -> Result<Object, JsonError> {
        self.optional_object(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes an array of strings; absent is an empty one.
    ///
    /// # Errors
    /// [`JsonError::Type`] when it is something else or holds something else.
    pub fn strings(&mut self, name: &str) -> Result<Vec<String>, JsonError> {
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(name, "an array of strings", &other)),
        };
        let string = |(i, item)| match item {
            Value::String(s) => Ok(s),
            other => Err(self.wrong(&format!("{name}[{i}]"), "a string", &other)),
        };
        items.into_iter().enumerate().map(string).collect()
    }

    /// Takes an array of at most `most` objects; absent is an empty one.
    ///
    /// # Errors
    /// [`JsonError::Type`] when it is something else or holds something else, [`JsonError::TooMany`] when there are more.
    pub fn objects(&mut self, name: &str, most: usize) -> Result<Vec<Object>, JsonError> {
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() > most => {
                return Err(JsonError::TooMany { path: self.path(name), most });
            }
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(name, "an array of objects", &other)),
        };
        let object = |(i, item)| match item {
            Value::Object(members) => Ok(Object { path: self.path(&format!("{name}[{i}]")), top: false, members }),
            other => Err(self.wrong(&format!("{name}[{i}]"), "an object", &other)),
        };
        items.into_iter().enumerate().map(object).collect()
    }

    /// Takes a whole number that is not negative and must be there.
    ///
    /// # Errors
    /// [`JsonError::Missing`] or [`JsonError::Type`].
    pub fn unsigned(&mut self, name: &str) -> Result<u64, JsonError> {
        let value = self.take(name).ok_or_else(|| self.missing(name))?;
        value.as_u64().ok_or_else(|| self.wrong(name, "a whole number that is not negative", &value))
    }

    /// Takes an optional boolean.
    ///
    /// # Errors
    /// [`JsonError::Type`] when there is something else.
    pub fn optional_boolean(&mut self, name: &str) -> Result<Option<bool>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// Takes the remaining members as a map of text to text.
    ///
    /// # Errors
    /// [`JsonError::Type`] when one is something else.
    pub fn into_strings(self) -> Result<BTreeMap<String, String>, JsonError> {
        let Self { path, top, members } = self;
        let place = Self { path, top, members: Map::new() };
        members
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                other => Err(place.wrong(&name, "a string", &other)),
            })
            .collect()
    }

    /// Refuses members that have not been taken: for formats that allow no others.
    ///
    /// # Errors
    /// [`JsonError::Unknown`] names the first of them.
    pub fn finish(self) -> Result<(), JsonError> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(JsonError::Unknown { path: self.path(name) }),
        }
    }

    /// The error for a member that must be there.
    #[must_use]
    pub fn missing(&self, name: &str) -> JsonError {
        JsonError::Missing { path: self.path(name) }
    }

    /// The error for a member of the wrong type.
    #[must_use]
    pub fn wrong(&self, name: &str, expected: &'static str, found: &Value) -> JsonError {
        JsonError::Type { path: self.path(name), expected, found: kind(found) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Builds a [`Value`], refusing equal keys at every level.
#[derive(Clone, Copy)]
struct NoDuplicates;

impl<'de> DeserializeSeed<'de> for NoDuplicates {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoDuplicates {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        Value::deserialize(de::value::F64Deserializer::new(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(de::Error::custom(format_args!("the key {key:?} stands twice in one object")));
            }
            members.insert(key, map.next_value_seed(self)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests;
