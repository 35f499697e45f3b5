//! The elements `Action` and `NotAction`.

use super::access::{ACCESS, Access};
use super::error::Problem;
use super::pattern::{Pattern, Special, Token, matches, matches_ignoring_case};

/// The prefix of AWS Signer's actions.
const SERVICE: &str = "signer";

/// Operations that other services have, too: with another prefix they are not mistakes.
const COMMON: [&str; 3] = ["ListTagsForResource", "TagResource", "UntagResource"];

/// A pattern of actions. Matching ignores case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionPattern {
    /// `*`: every action of every service.
    Any,
    /// Actions of AWS Signer: the pattern after `signer:`.
    Signer(Vec<Token>),
    /// Actions of another service, which never match.
    Other,
}

impl ActionPattern {
    /// Parses `*`, or `SERVICE:OPERATION` with wildcards in the operation.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let malformed = || Problem::Action(text.to_owned());
        let (service, operation) = text.split_once(':').ok_or_else(malformed)?;
        let in_service = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let in_operation = |b: u8| b.is_ascii_alphanumeric() || b"*?_-:".contains(&b);
        if service.is_empty() || operation.is_empty() || !service.bytes().all(in_service) {
            return Err(malformed());
        }
        if !operation.bytes().all(in_operation) {
            return Err(malformed());
        }
        if !service.eq_ignore_ascii_case(SERVICE) {
            let signers = |access: &&Access| access.operation.eq_ignore_ascii_case(operation);
            return match ACCESS.iter().find(signers) {
                Some(access) if !COMMON.contains(&access.operation) => {
                    Err(Problem::OtherService(text.to_owned(), access.operation.to_owned()))
                }
                _ => Ok(Self::Other),
            };
        }
        let Pattern::Fixed(tokens) = Pattern::parse(operation, Special { wildcards: true, variables: false })? else {
            return Err(malformed());
        };
        if !ACCESS.iter().any(|access| matches_ignoring_case(&tokens, access.operation)) {
            return Err(Problem::UnknownAction(text.to_owned(), nearest(operation)));
        }
        let lower = |token: Token| match token {
            Token::Char(c) => Token::Char(c.to_ascii_lowercase()),
            other => other,
        };
        Ok(Self::Signer(tokens.into_iter().map(lower).collect()))
    }

    /// Whether the pattern matches the operation.
    pub fn matches(&self, access: &Access) -> bool {
        match self {
            Self::Any => true,
            Self::Signer(tokens) => matches(tokens, &access.operation.to_ascii_lowercase()),
            Self::Other => false,
        }
    }
}

/// A hint with the operation whose name is nearest, if one is near.
fn nearest(operation: &str) -> String {
    let near = ACCESS.iter().map(|access| (distance(access.operation, operation), access.operation));
    match near.min() {
        Some((distance, operation)) if distance <= 4 => format!("; did you mean \"signer:{operation}\"?"),
        _ => String::new(),
    }
}

/// The number of letters to insert, remove or replace to make one name the other, regardless of case.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<u8> = other.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a.to_ascii_lowercase() != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
