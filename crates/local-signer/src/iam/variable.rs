//! Policy variables: `${aws:username}`, `${aws:username, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters
//! ("IAM policy elements: Variables and tags" in the IAM User Guide).

use super::condition::Key;
use super::error::Problem;

/// A variable in a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The condition key that gives the value.
    pub key: Key,
    /// The value where the request does not have the key.
    pub default: Option<String>,
}

/// What `${...}` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// A character that is not special here.
    Character(char),
    /// The value of a condition key.
    Variable(Variable),
}

impl Placeholder {
    /// Parses what is between `${` and `}`.
    pub fn parse(inside: &str) -> Result<Self, Problem> {
        let unknown = || Problem::Variable(format!("${{{inside}}}"));
        match inside {
            "*" => return Ok(Self::Character('*')),
            "?" => return Ok(Self::Character('?')),
            "$" => return Ok(Self::Character('$')),
            _ => {}
        }
        let (name, default) = match inside.split_once(',') {
            None => (inside, None),
            Some((name, rest)) => {
                let quoted = rest.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                let default = quoted.filter(|text| !text.contains('\'')).ok_or_else(unknown)?;
                (name, Some(default.to_owned()))
            }
        };
        let key = Key::parse(name.trim()).map_err(|_| unknown())?;
        // A key with several values has no value to put in, and a key of another service never has one.
        if matches!(key, Key::TagKeys | Key::Other) {
            return Err(unknown());
        }
        Ok(Self::Variable(Variable { key, default }))
    }
}
