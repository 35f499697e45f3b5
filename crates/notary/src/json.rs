//! Strict parsing of untrusted JSON (RFC 8259): one document, no duplicate keys, and no array in place of an object.
//!
//! `serde`'s derived structs accept an array for an object, and its maps keep the last of two duplicate keys. With
//! signed data, both let an attacker make two parsers see different documents.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

use crate::text::{printable, start_of};

/// An invalid JSON document. Paths use JavaScript notation: `signature.certificateChain[2]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not a single well-formed JSON document, a duplicate key, or nested too deeply.
    #[error("not a valid JSON document: {0}")]
    Syntax(String),
    /// A required value is absent, null or empty.
    #[error("{path} is missing or empty")]
    Missing {
        /// The path of the value.
        path: String,
    },
    /// A value has the wrong type.
    #[error("{path} must be {expected}, not {found}")]
    Type {
        /// The path of the value.
        path: String,
        /// The expected type.
        expected: &'static str,
        /// The actual type.
        found: &'static str,
    },
    /// An array has too many items.
    #[error("{path} has more than {most} items")]
    TooMany {
        /// The path of the array.
        path: String,
        /// The maximum number of items.
        most: usize,
    },
    /// The document exceeds the limits that protect against memory exhaustion.
    #[error("the document has more than {objects} objects, {values} arrays or {values} values")]
    TooManyValues {
        /// The maximum number of objects.
        objects: usize,
        /// The maximum number of arrays, and of values.
        values: usize,
    },
    /// An object has a member that the format does not define.
    #[error("unknown member {path}")]
    Unknown {
        /// The path of the member.
        path: String,
    },
}

/// Limits on the content of a document. In memory an object takes a hundred times as many bytes as in the document, a
/// number twenty times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of objects.
    pub objects: usize,
    /// The approximate maximum number of arrays, and of values.
    pub values: usize,
}

/// Limits for ordinary documents of up to a few MiB.
const USUAL: Limits = Limits { objects: 32 * 1024, values: 200_000 };

/// Limits for documents with few values: envelopes, payloads and responses of AWS Signer.
const SMALL: Limits = Limits { objects: 5_000, values: 10_000 };

/// What some editors put before a text, in UTF-8 and UTF-16. JSON does not allow it (RFC 8259, section 8.1).
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// Parses one JSON document whose top level is an object. `name` is used in error messages.
///
/// # Errors
/// Returns [`JsonError::Syntax`] if the input is not exactly one document, has duplicate keys or is nested deeper than
/// 128 levels, [`JsonError::TooManyValues`] if it exceeds the limits, and [`JsonError::Type`] if it is not an object.
pub fn parse_object(name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    parse_object_within(USUAL, name, bytes)
}

/// Like [`parse_object`], with the given limits.
pub fn parse_object_within(limits: Limits, name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    if BYTE_ORDER_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        let why = "it begins with a byte order mark (BOM); save it as UTF-8 without BOM";
        return Err(JsonError::Syntax(why.to_owned()));
    }
    let Limits { objects, values } = limits;
    // Also counts characters within strings: an exact count would need a parser.
    let count = |byte: u8| bytes.iter().filter(|b| **b == byte).count();
    if count(b'{') > objects || count(b'[') > values || count(b',') > values {
        return Err(JsonError::TooManyValues { objects, values });
    }
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let syntax = |e: serde_json::Error| JsonError::Syntax(start_of(&e.to_string()));
    let value = NoDuplicates.deserialize(&mut input).map_err(syntax)?;
    input.end().map_err(syntax)?;
    match value {
        Value::Object(members) => Ok(Object { path: name.to_owned(), top: true, members }),
        other => Err(JsonError::Type { path: name.to_owned(), expected: "an object", found: kind(&other) }),
    }
}

/// Like [`parse_object`], for a document with few, possibly long values.
///
/// # Errors
/// See [`parse_object`].
pub fn parse_small_object(name: &'static str, bytes: &[u8]) -> Result<Object, JsonError> {
    parse_object_within(SMALL, name, bytes)
}

/// A JSON object with its path in the document, for error messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    path: String,
    top: bool,
    members: Map<String, Value>,
}

impl Object {
    /// Returns the path of the member `name`, safe to print on a terminal.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        let name = printable(name);
        if self.top { name } else { format!("{}.{name}", self.path) }
    }

    /// Removes and returns the member. Null counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|v| !v.is_null())
    }

    /// Returns the names of the remaining members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Returns the remaining members.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// Takes an optional string.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member has another type.
    pub fn optional_string(&mut self, name: &str) -> Result<Option<String>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// Takes a required, non-empty string.
    ///
    /// # Errors
    /// Returns [`JsonError::Missing`] if the member is absent or empty, and [`JsonError::Type`] if it has another type.
    pub fn string(&mut self, name: &str) -> Result<String, JsonError> {
        self.optional_string(name)?.filter(|s| !s.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// Takes an optional object.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member has another type.
    pub fn optional_object(&mut self, name: &str) -> Result<Option<Object>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Object { path: self.path(name), top: false, members })),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Takes a required object.
    ///
    /// # Errors
    /// Returns [`JsonError::Missing`] if the member is absent, and [`JsonError::Type`] if it has another type.
    pub fn object(&mut self, name: &str) -> Result<Object, JsonError> {
        self.optional_object(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes an array of strings. Absent counts as empty.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member or one of its items has another type.
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

    /// Takes an array of at most `most` objects. Absent counts as empty.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member or one of its items has another type, and [`JsonError::TooMany`] if
    /// there are more than `most` items.
    pub fn objects(&mut self, name: &str, most: usize) -> Result<Vec<Object>, JsonError> {
        self.items(name, most)?.into_iter().collect()
    }

    /// Takes an array of at most `most` objects as [`Self::objects`] does. An item of another type is an error of its
    /// own, so that it does not affect the other items.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member has another type, and [`JsonError::TooMany`] if there are more than
    /// `most` items.
    pub fn items(&mut self, name: &str, most: usize) -> Result<Vec<Result<Object, JsonError>>, JsonError> {
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
        Ok(items.into_iter().enumerate().map(object).collect())
    }

    /// Takes a required non-negative integer.
    ///
    /// # Errors
    /// Returns [`JsonError::Missing`] if the member is absent, and [`JsonError::Type`] if it is not such a number.
    pub fn unsigned(&mut self, name: &str) -> Result<u64, JsonError> {
        let value = self.take(name).ok_or_else(|| self.missing(name))?;
        value.as_u64().ok_or_else(|| self.wrong(name, "a non-negative integer", &value))
    }

    /// Takes an optional boolean.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if the member has another type.
    pub fn optional_boolean(&mut self, name: &str) -> Result<Option<bool>, JsonError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// Returns the remaining members as a map of strings.
    ///
    /// # Errors
    /// Returns [`JsonError::Type`] if a member is not a string.
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

    /// Rejects remaining members, for formats that allow no unknown members.
    ///
    /// # Errors
    /// Returns [`JsonError::Unknown`] with the first remaining member.
    pub fn finish(self) -> Result<(), JsonError> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(JsonError::Unknown { path: self.path(name) }),
        }
    }

    /// Returns the error for a missing member.
    #[must_use]
    pub fn missing(&self, name: &str) -> JsonError {
        JsonError::Missing { path: self.path(name) }
    }

    /// Returns the error for a member of the wrong type.
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

/// Deserializes a [`Value`], rejecting duplicate keys at every level.
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
                return Err(de::Error::custom(format_args!("duplicate key {key:?}")));
            }
            members.insert(key, map.next_value_seed(self)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests;
