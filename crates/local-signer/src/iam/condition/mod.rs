//! The element `Condition` ("IAM JSON policy elements: Condition" and "Condition operators" in the IAM User Guide).

mod key;
mod operator;
mod value;

use serde_json::Value as Json;

pub use self::key::Key;
use self::operator::{Operator, Set, Test};
use self::value::Value;
use super::error::{PolicyError, Problem};
use super::reader::Part;
use super::request::{Context, Values};

/// The conditions of a statement, all of which must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    clauses: Vec<Clause>,
}

/// An operator, a key and the values to compare with, one of which must match.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    operator: Operator,
    key: Key,
    values: Vec<Value>,
}

impl Condition {
    /// Parses the element. In a statement `for_signer`, which matches operations of AWS Signer, keys of other services
    /// are refused.
    pub fn parse(part: Part, variables: bool, for_signer: bool) -> Result<Self, PolicyError> {
        let mut clauses = Vec::new();
        for (name, part) in part.members()?.into_parts() {
            let operator = Operator::parse(&name).map_err(|problem| part.error(problem))?;
            for (name, part) in part.members()?.into_parts() {
                let key = key_for(&name, &operator, for_signer).map_err(|problem| part.error(problem))?;
                let values = part.items()?.into_iter().map(|item| value(item, &operator, variables));
                clauses.push(Clause { operator, key, values: values.collect::<Result<_, _>>()? });
            }
        }
        Ok(Self { clauses })
    }

    /// Whether all conditions are met. A negated condition with a variable that has no value is not.
    pub fn is_met(&self, context: &Context<'_>) -> bool {
        self.clauses.iter().all(|clause| clause.is_met(context))
    }
}

fn key_for(name: &str, operator: &Operator, for_signer: bool) -> Result<Key, Problem> {
    let key = Key::parse(name)?;
    match key {
        Key::Other if for_signer => return Err(Problem::UnknownKey(name.to_owned())),
        Key::Other => return Ok(key),
        _ => {}
    }
    if operator.test == Test::Null {
        return Ok(key);
    }
    if !key.kind().allows(operator.test) {
        return Err(Problem::KeyType(name.to_owned(), key.kind().name(), key.kind().operators()));
    }
    if key == Key::TagKeys && operator.set.is_none() {
        return Err(Problem::SetNeeded(name.to_owned()));
    }
    Ok(key)
}

fn value(item: Part, operator: &Operator, variables: bool) -> Result<Value, PolicyError> {
    // IAM takes booleans and numbers for their text.
    let text = match &item.value {
        Json::String(text) => text.clone(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        _ => return Err(item.error(Problem::Type("a string, a number or a boolean"))),
    };
    Value::parse(&text, operator.test, variables).map_err(|problem| item.error(problem))
}

impl Clause {
    fn is_met(&self, context: &Context<'_>) -> bool {
        let Operator { set, test, negated, if_exists } = self.operator;
        let present = context.values(&self.key);
        if test == Test::Null {
            return self.values.iter().any(|value| *value == Value::Boolean(present.is_none()));
        }
        let holds = |value: &str| self.holds(value, negated, context);
        let values = match &present {
            None => Vec::new(),
            Some(Values::One(value)) => vec![value.as_ref()],
            Some(Values::Many(values)) => values.clone(),
        };
        match set {
            Some(Set::ForAllValues) => values.iter().all(|value| holds(value)),
            Some(Set::ForAnyValue) if values.is_empty() => if_exists,
            None if values.is_empty() => if_exists || negated,
            Some(Set::ForAnyValue) | None => values.iter().any(|value| holds(value)),
        }
    }

    /// Whether one value of the request matches a value of the policy or, for a negated operator, none.
    fn holds(&self, value: &str, negated: bool, context: &Context<'_>) -> bool {
        let matched: Vec<Option<bool>> =
            self.values.iter().map(|expected| expected.matches(value, self.operator.test, context)).collect();
        match (matched.contains(&Some(true)), negated) {
            (true, negated) => !negated,
            (false, false) => false,
            (false, true) => !matched.contains(&None),
        }
    }
}
