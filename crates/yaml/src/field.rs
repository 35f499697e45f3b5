//! A value with its path, read as the type that a program expects.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::document::{Content, Node};
use crate::error::{Error, Position};
use crate::members::Members;
use crate::scalar::{Kind, Scalar};

/// A value of a document and its path in it.
#[derive(Debug, Clone)]
pub struct Field<'d> {
    node: &'d Node,
    path: String,
}

impl<'d> Field<'d> {
    pub(crate) fn root(node: &'d Node) -> Self {
        Self { node, path: String::new() }
    }

    pub(crate) fn member(path: &str, key: &str, node: &'d Node) -> Self {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        Self { node, path }
    }

    /// Where the value starts.
    #[must_use]
    pub fn position(&self) -> Position {
        self.node.position
    }

    /// The path of the value, such as `quotas.default` or `faults[2].rate`; empty for the whole document.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An error at this value.
    #[must_use]
    pub fn error(&self, problem: impl Into<String>) -> Error {
        Error::new(self.node.position, &self.path, problem)
    }

    /// The members of a mapping.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not a mapping.
    pub fn members(&self) -> Result<Members<'d>, Error> {
        match &self.node.content {
            Content::Mapping(entries) => Ok(Members::new(self.node.position, self.path.clone(), entries)),
            _ => Err(self.expected("members (`name: value`)")),
        }
    }

    /// The values of a sequence.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not a sequence.
    pub fn items(&self) -> Result<Vec<Self>, Error> {
        match &self.node.content {
            Content::Sequence(items) => {
                let item = |(index, node)| Self { node, path: format!("{}[{index}]", self.path) };
                Ok(items.iter().enumerate().map(item).collect())
            }
            _ => Err(self.expected("a list")),
        }
    }

    /// The text. What YAML reads as a number, a truth value or no value must be quoted to be text.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not text, or empty.
    pub fn text(&self) -> Result<&'d str, Error> {
        match self.scalar("text")? {
            scalar if scalar.kind() == Kind::Text && scalar.text.is_empty() => Err(self.error("it must not be empty")),
            scalar if scalar.kind() == Kind::Text => Ok(&scalar.text),
            scalar if scalar.kind() == Kind::Null => Err(self.expected("text")),
            scalar => Err(self.error(format!("expected text, found {}; put it in quotes", scalar.shown()))),
        }
    }

    /// The text, which may be empty if it is quoted.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not text.
    pub fn text_or_empty(&self) -> Result<&'d str, Error> {
        match &self.node.content {
            Content::Scalar(scalar) if scalar.kind() == Kind::Text => Ok(&scalar.text),
            _ => self.text(),
        }
    }

    /// Whether the value is `true`.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not `true` or `false`.
    pub fn boolean(&self) -> Result<bool, Error> {
        match self.scalar("true or false")?.kind() {
            Kind::Boolean(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Whether the value is the truth value `expected`, so that a caller can accept other types as well.
    #[must_use]
    pub fn is_boolean(&self, expected: bool) -> bool {
        matches!(&self.node.content, Content::Scalar(scalar) if scalar.kind() == Kind::Boolean(expected))
    }

    /// A whole number, written in decimal digits.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not such a number, or outside `range`.
    pub fn integer(&self, range: RangeInclusive<u64>) -> Result<u64, Error> {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        let scalar = self.scalar(&what)?;
        let digits = scalar.is_plain && scalar.text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| scalar.text.parse().ok()).flatten();
        number.filter(|number| range.contains(number)).ok_or_else(|| self.expected(&what))
    }

    /// A decimal number.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not a number, or outside `range`.
    pub fn number(&self, range: RangeInclusive<f64>) -> Result<f64, Error> {
        let what = format!("a number from {} to {}", range.start(), range.end());
        let scalar = self.scalar(&what)?;
        let number = (scalar.kind() == Kind::Number).then(|| scalar.text.parse().ok()).flatten();
        number.filter(|number| range.contains(number)).ok_or_else(|| self.expected(&what))
    }

    /// A duration: a whole number and one of the units `ms`, `s`, `m`, `h` and `d`, such as `200ms`.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is not a duration, or longer than `longest`.
    pub fn duration(&self, longest: Duration) -> Result<Duration, Error> {
        const WHAT: &str = "a duration such as 200ms, 5s, 10m, 2h or 1d";
        let text = &self.scalar(WHAT)?.text;
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let number: Option<u64> = text[..text.len() - unit.len()].parse().ok();
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 60 * 60 * 1000,
            "d" => 24 * 60 * 60 * 1000,
            _ => return Err(self.expected(WHAT)),
        };
        let duration = number.and_then(|number| number.checked_mul(unit)).map(Duration::from_millis);
        let duration = duration.ok_or_else(|| self.expected(WHAT))?;
        if duration > longest {
            return Err(self.error(format!("the longest duration here is {longest:?}")));
        }
        Ok(duration)
    }

    /// One of several words.
    ///
    /// # Errors
    /// Returns [`Error`] if the value is another one.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Error> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let what = names.join(", ");
        let what = if names.len() > 1 { format!("one of {what}") } else { what };
        let text = &self.scalar(&what)?.text;
        words.iter().find(|(name, _)| name == text).map(|(_, value)| *value).ok_or_else(|| self.expected(&what))
    }

    fn scalar(&self, expected: &str) -> Result<&'d Scalar, Error> {
        match &self.node.content {
            Content::Scalar(scalar) => Ok(scalar),
            _ => Err(self.expected(expected)),
        }
    }

    fn expected(&self, what: &str) -> Error {
        let found = match &self.node.content {
            Content::Scalar(scalar) => scalar.shown(),
            Content::Sequence(_) => "a list".to_owned(),
            Content::Mapping(_) => "members".to_owned(),
        };
        self.error(format!("expected {what}, found {found}"))
    }
}
