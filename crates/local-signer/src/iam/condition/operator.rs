//! Condition operators.

use std::cmp::Ordering;

use crate::iam::action::distance;
use crate::iam::error::Problem;

/// How numbers and times are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Equal.
    Equal,
    /// The value of the request is less.
    Less,
    /// The value of the request is less, or equal.
    LessOrEqual,
    /// The value of the request is greater.
    Greater,
    /// The value of the request is greater, or equal.
    GreaterOrEqual,
}

impl Relation {
    /// Whether the relation of the request's value to the policy's is this one.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What an operator compares, without its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `StringEquals`
    TextEquals,
    /// `StringEqualsIgnoreCase`
    TextEqualsIgnoringCase,
    /// `StringLike`
    TextLike,
    /// `ArnEquals` and `ArnLike`, which AWS treats alike
    Arn,
    /// `NumericEquals` and so on
    Number(Relation),
    /// `DateEquals` and so on
    Time(Relation),
    /// `Bool`
    Boolean,
    /// `IpAddress`
    Address,
    /// `Null`: whether the key is absent
    Null,
}

/// How an operator treats the values of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Every value of the request must match. A key without values matches.
    ForAllValues,
    /// At least one value of the request must match.
    ForAnyValue,
}

/// A condition operator with its qualifier and suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`
    pub set: Option<Set>,
    /// What it compares.
    pub test: Test,
    /// Whether it is met if no value matches.
    pub negated: bool,
    /// `...IfExists`: met if the request does not have the key.
    pub if_exists: bool,
}

const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::TextEquals, false),
    ("StringNotEquals", Test::TextEquals, true),
    ("StringEqualsIgnoreCase", Test::TextEqualsIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::TextEqualsIgnoringCase, true),
    ("StringLike", Test::TextLike, false),
    ("StringNotLike", Test::TextLike, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("NumericEquals", Test::Number(Relation::Equal), false),
    ("NumericNotEquals", Test::Number(Relation::Equal), true),
    ("NumericLessThan", Test::Number(Relation::Less), false),
    ("NumericLessThanEquals", Test::Number(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Relation::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Relation::GreaterOrEqual), false),
    ("DateEquals", Test::Time(Relation::Equal), false),
    ("DateNotEquals", Test::Time(Relation::Equal), true),
    ("DateLessThan", Test::Time(Relation::Less), false),
    ("DateLessThanEquals", Test::Time(Relation::LessOrEqual), false),
    ("DateGreaterThan", Test::Time(Relation::Greater), false),
    ("DateGreaterThanEquals", Test::Time(Relation::GreaterOrEqual), false),
    ("Bool", Test::Boolean, false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Parses the name of an operator.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let (set, rest) = match text.split_once(':') {
            None => (None, text),
            Some(("ForAllValues", rest)) => (Some(Set::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::ForAnyValue), rest),
            Some(_) => return Err(Problem::Operator("; the qualifiers are ForAllValues: and ForAnyValue:".to_owned())),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let Some((_, test, negated)) = OPERATORS.iter().find(|(known, ..)| *known == name) else {
            return Err(Problem::Operator(nearest(name)));
        };
        if *test == Test::Null && (set.is_some() || if_exists) {
            return Err(Problem::OperatorForm("Null has no qualifier and no IfExists: it asks whether the key exists"));
        }
        Ok(Self { set, test: *test, negated: *negated, if_exists })
    }
}

fn nearest(name: &str) -> String {
    match OPERATORS.iter().map(|(known, ..)| (distance(known, name), *known)).min() {
        // In a short name, few changes make any other.
        Some((distance, known)) if distance <= 4.min(name.len() / 3) => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}
