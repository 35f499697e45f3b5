//! Checks parameters against the constraints of the model, in the words of AWS's services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::text::printable;
use serde_json::{Map, Value};

use super::{Member, Parameters, Shape};
use crate::error::ApiError;

/// A longer value is not shown whole.
const MAX_SHOWN: usize = 256;
/// More problems are not listed.
const MAX_PROBLEMS: usize = 20;

/// Checks the parameters `expected` of an operation; the error lists all violated constraints.
///
/// # Errors
/// Returns [`ApiError::Validation`] if a required parameter is absent or a constraint is violated.
pub fn validate(expected: &[Member], parameters: &Parameters) -> Result<(), ApiError> {
    let mut problems = Problems::default();
    members(expected, parameters.all(), "", &mut problems);
    problems.into_result()
}

#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, name: &str, value: Option<&str>, constraint: &str) {
        if self.0.len() < MAX_PROBLEMS {
            let value = value.map_or_else(String::new, |value| format!(" '{}'", shown(value)));
            self.0.push(format!("Value{value} at '{name}' failed to satisfy constraint: {constraint}"));
        }
    }

    fn into_result(self) -> Result<(), ApiError> {
        let problems = self.0;
        match problems.len() {
            0 => Ok(()),
            1 => Err(ApiError::Validation(format!("1 validation error detected: {}", problems.concat()))),
            n => Err(ApiError::Validation(format!("{n} validation errors detected: {}", problems.join("; ")))),
        }
    }
}

fn shown(value: &str) -> String {
    let start: String = value.chars().take(MAX_SHOWN).collect();
    let more = if start.len() < value.len() { "..." } else { "" };
    format!("{}{more}", printable(&start))
}

fn members(members: &[Member], values: &Map<String, Value>, within: &str, problems: &mut Problems) {
    for member in members {
        let name = format!("{within}{}", member.name);
        match values.get(member.name) {
            Some(value) => check(&member.shape, value, &name, problems),
            None if member.required => problems.add(&name, None, "Member must not be null"),
            None => {}
        }
    }
}

fn check(shape: &Shape, value: &Value, name: &str, problems: &mut Problems) {
    match (shape, value) {
        (Shape::String { .. } | Shape::Enum(_) | Shape::Blob { .. }, Value::String(text)) => {
            for constraint in constraints(shape, text) {
                let shown = if matches!(shape, Shape::Blob { .. }) { None } else { Some(text.as_str()) };
                problems.add(name, shown, &constraint);
            }
        }
        (Shape::Integer { min, max }, Value::Number(number)) => {
            let Some(found) = number.as_i64() else { return };
            if found < *min {
                let constraint = format!("Member must have value greater than or equal to {min}");
                problems.add(name, Some(&number.to_string()), &constraint);
            }
            if found > *max {
                let constraint = format!("Member must have value less than or equal to {max}");
                problems.add(name, Some(&number.to_string()), &constraint);
            }
        }
        (Shape::List { of, min, max }, Value::Array(list)) => {
            count(list.len(), *min, *max, name, problems);
            for (index, value) in list.iter().enumerate() {
                check(of, value, &format!("{name}.{}.member", index + 1), problems);
            }
        }
        (Shape::Map { key, value: of, min, max }, Value::Object(map)) => {
            count(map.len(), *min, *max, name, problems);
            for (found, value) in map {
                let broken = constraints(key, found);
                if !broken.is_empty() {
                    let constraint = format!("Map keys must satisfy constraint: [{}]", broken.join(", "));
                    problems.add(name, Some(found), &constraint);
                }
                check(of, value, &format!("{name}.{}.member", shown(found)), problems);
            }
        }
        (Shape::Structure(inner), Value::Object(map)) => members(inner, map, &format!("{name}."), problems),
        _ => {}
    }
}

fn count(found: usize, min: usize, max: usize, name: &str, problems: &mut Problems) {
    if found < min {
        problems.add(name, None, &format!("Member must have length greater than or equal to {min}"));
    }
    if found > max {
        problems.add(name, None, &format!("Member must have length less than or equal to {max}"));
    }
}

/// The violated constraints of a text.
fn constraints(shape: &Shape, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut length = |found: usize, min: usize, max: usize| {
        if found < min {
            broken.push(format!("Member must have length greater than or equal to {min}"));
        }
        if found > max {
            broken.push(format!("Member must have length less than or equal to {max}"));
        }
    };
    match shape {
        Shape::String { min, max, pattern } => {
            length(text.chars().count(), *min, *max);
            if let Some(pattern) = pattern.filter(|pattern| !(pattern.matches)(text)) {
                broken.push(format!("Member must satisfy regular expression pattern: {}", pattern.text));
            }
        }
        Shape::Enum(values) if !values.contains(&text) => {
            broken.push(format!("Member must satisfy enum value set: [{}]", values.join(", ")));
        }
        Shape::Blob { min, max } => match STANDARD.decode(text) {
            Ok(bytes) => length(bytes.len(), *min, *max),
            Err(_) => broken.push("Member must be base64".to_owned()),
        },
        _ => {}
    }
    broken
}
