//! The parameters of a request, read from path, query and body.

use std::borrow::Cow;

use notary::text::{printable, start_of};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{At, Member, Shape};
use crate::error::ApiError;

/// The values of the parameters in a path, percent-decoded.
pub type PathValues = Vec<(&'static str, Vec<u8>)>;

/// The parameters of a request by name. A parameter that is absent or null has no entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(Map<String, Value>);

impl Parameters {
    /// Reads the parameters `members` of an operation from the decoded parts of a request. Other members of the body,
    /// and other parameters of the query, are ignored, as AWS does.
    ///
    /// # Errors
    /// Returns [`ApiError::Serialization`] if the body is not a JSON object, or a value has another type than the
    /// parameter.
    pub fn read<'a>(
        members: &[Member],
        path: PathValues,
        query: impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)>,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let mut read = Map::new();
        if members.iter().any(|member| member.at == At::Body) && !body.is_empty() {
            let body: Map<String, Value> = serde_json::from_slice(body)
                .map_err(|error| ApiError::Serialization(format!("the body is not a JSON object: {error}")))?;
            for (name, value) in body {
                let known = members.iter().find(|member| member.at == At::Body && member.name == name);
                if let Some(member) = known.filter(|_| !value.is_null()) {
                    let typed = typed(member.name, &member.shape, value)?;
                    read.insert(name, typed);
                }
            }
        }
        for (name, value) in path {
            read.insert(name.to_owned(), Value::String(text(value.into())));
        }
        for (name, value) in query {
            let named = |member: &&Member| member.at == At::Query && member.name.as_bytes() == name.as_ref();
            let Some(member) = members.iter().find(named) else { continue };
            let value = text(value);
            match member.shape {
                Shape::List { of, .. } => {
                    let value = from_text(member.name, of, value)?;
                    let list = read.entry(member.name).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(list) = list {
                        list.push(value);
                    }
                }
                // Of several values, the first one counts.
                _ if read.contains_key(member.name) => {}
                _ => {
                    let value = from_text(member.name, &member.shape, value)?;
                    read.insert(member.name.to_owned(), value);
                }
            }
        }
        Ok(Self(read))
    }

    /// The parameters as the typed input of an operation.
    ///
    /// # Errors
    /// Returns [`ApiError::Serialization`] if a value does not fit the type.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        serde_json::from_value(Value::Object(self.0)).map_err(|error| ApiError::Serialization(error.to_string()))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of a parameter; `None` if it is absent or not a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// All parameters by name.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for Parameters {
    fn from(parameters: Map<String, Value>) -> Self {
        Self(parameters.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }
}

/// The replacement character stands for bytes that are not UTF-8; no parameter's pattern allows it.
fn text(bytes: Cow<'_, [u8]>) -> String {
    String::from_utf8(bytes.into_owned()).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A value of a query.
fn from_text(name: &str, shape: &Shape, value: String) -> Result<Value, ApiError> {
    let parsed = match shape {
        Shape::Integer { .. } => value.parse::<i64>().ok().map(Value::from),
        Shape::Boolean => value.parse::<bool>().ok().map(Value::from),
        Shape::Timestamp => {
            let value = Value::String(value.clone());
            super::Timestamp::of(&value).map(|_| value)
        }
        _ => return Ok(Value::String(value)),
    };
    parsed.ok_or_else(|| mistyped(name, shape))
}

/// The value of a body, without null members; an error if its type is not that of `shape`.
fn typed(name: &str, shape: &Shape, value: Value) -> Result<Value, ApiError> {
    let fits = match (shape, &value) {
        (Shape::String { .. } | Shape::Enum(_) | Shape::Blob { .. }, Value::String(_))
        | (Shape::Boolean, Value::Bool(_)) => true,
        // A number without fraction, as some clients write 25.0.
        (Shape::Integer { .. }, Value::Number(number)) => {
            return match number.as_i64().or_else(|| whole(number.as_f64()?)) {
                Some(number) => Ok(number.into()),
                None => Err(mistyped(name, shape)),
            };
        }
        (Shape::Timestamp, value) => super::Timestamp::of(value).is_some(),
        (Shape::List { .. }, Value::Array(_)) | (Shape::Map { .. } | Shape::Structure(_), Value::Object(_)) => true,
        _ => false,
    };
    if !fits {
        return Err(mistyped(name, shape));
    }
    match (shape, value) {
        (Shape::List { of, .. }, Value::Array(list)) => {
            let list: Result<_, _> = list.into_iter().map(|value| typed(name, of, value)).collect();
            list.map(Value::Array)
        }
        (Shape::Map { value: of, .. }, Value::Object(map)) => {
            let entries = map.into_iter().map(|(key, value)| {
                let value = typed(&format!("{name}.{}", start_of(&printable(&key))), of, value)?;
                Ok((key, value))
            });
            entries.collect::<Result<_, _>>().map(Value::Object)
        }
        (Shape::Structure(members), Value::Object(map)) => {
            let mut read = Map::new();
            for (key, value) in map {
                let Some(member) = members.iter().find(|member| member.name == key) else { continue };
                if !value.is_null() {
                    let value = typed(&format!("{name}.{key}"), &member.shape, value)?;
                    read.insert(key, value);
                }
            }
            Ok(Value::Object(read))
        }
        (_, value) => Ok(value),
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and a fraction rejected")]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn mistyped(name: &str, shape: &Shape) -> ApiError {
    let expected = match shape {
        Shape::String { .. } | Shape::Enum(_) => "a string",
        Shape::Blob { .. } => "a base64 string",
        Shape::Integer { .. } => "an integer",
        Shape::Boolean => "true or false",
        Shape::Timestamp => "a time",
        Shape::List { .. } => "a list",
        Shape::Map { .. } => "a map",
        Shape::Structure(_) => "an object",
    };
    ApiError::Serialization(format!("the value of {name} is not {expected}"))
}
