//! Checks parameters against the constraints of the model, in the words of AWS's services.

use std::fmt;

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
    members(expected, parameters.all(), None, &mut problems);
    problems.into_result()
}

/// The name of a value in an error: that of a parameter, or of what is within it. Only an error needs its text.
#[derive(Clone, Copy)]
enum Name<'a> {
    Member { within: Option<&'a Self>, name: &'a str },
    Item { list: &'a Self, index: usize },
    Entry { map: &'a Self, key: &'a str },
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { within: None, name } => f.write_str(name),
            Self::Member { within: Some(within), name } => write!(f, "{within}.{name}"),
            Self::Item { list, index } => write!(f, "{list}.{}.member", index + 1),
            Self::Entry { map, key } => write!(f, "{map}.{}.member", shown(key)),
        }
    }
}

#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, name: &Name<'_>, value: Option<&str>, constraint: &str) {
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

fn members(members: &[Member], values: &Map<String, Value>, within: Option<&Name<'_>>, problems: &mut Problems) {
    for member in members {
        let name = Name::Member { within, name: member.name };
        match values.get(member.name) {
            Some(value) => check(&member.shape, value, &name, problems),
            None if member.required => problems.add(&name, None, "Member must not be null"),
            None => {}
        }
    }
}

fn check(shape: &Shape, value: &Value, name: &Name<'_>, problems: &mut Problems) {
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
                check(of, value, &Name::Item { list: name, index }, problems);
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
                check(of, value, &Name::Entry { map: name, key: found }, problems);
            }
        }
        (Shape::Structure(inner), Value::Object(map)) => members(inner, map, Some(name), problems),
        _ => {}
    }
}

fn count(found: usize, min: usize, max: usize, name: &Name<'_>, problems: &mut Problems) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;
    use crate::model::shapes;

    #[test]
    fn errors_name_the_value_within_its_parameter() {
        const LIST: Shape = Shape::List { of: &shapes::PROFILE_STATUS, min: 0, max: 9 };
        let expected = [
            Member::body("signatureValidityPeriod", shapes::VALIDITY_PERIOD),
            Member::body("overrides", shapes::OVERRIDES),
            Member::body("tags", shapes::TAG_MAP),
            Member::body("statuses", LIST),
            Member::body("reason", shapes::REASON).required(),
        ];
        let parameters = json!({
            "signatureValidityPeriod": {"type": "WEEKS"},
            "overrides": {"signingConfiguration": {"hashAlgorithm": "MD5"}},
            "tags": {"team": "x".repeat(257)},
            "statuses": ["Active", "Gone"],
        });
        let parameters = Parameters::from(parameters.as_object().unwrap().clone());
        let message = validate(&expected, &parameters).unwrap_err().to_string();
        let names: Vec<&str> =
            message.split(" at '").skip(1).filter_map(|text| text.split_once('\'')).map(|(name, _)| name).collect();
        let expected = [
            "signatureValidityPeriod.type",
            "overrides.signingConfiguration.hashAlgorithm",
            "tags.team.member",
            "statuses.2.member",
            "reason",
        ];
        assert_eq!(names, expected, "{message}");
    }
}
