//! The error of a name that AWS does not allow.

/// A name with characters or a length that AWS does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} {value:?} is not valid: {rule}")]
pub struct NameError {
    /// The kind of name: `partition`, `region`, `account`, `profile name`, `profile version`, `job id`, `alias`, `id`
    /// or `role`.
    pub part: &'static str,
    /// The name as given.
    pub value: String,
    /// The names that AWS allows.
    pub rule: &'static str,
}

impl NameError {
    pub(crate) fn new(part: &'static str, value: &str, rule: &'static str) -> Self {
        Self { part, value: value.to_owned(), rule }
    }
}

/// Whether a text consists of words of lower-case letters and digits, separated by hyphens.
pub(crate) fn is_hyphenated(text: &str) -> bool {
    text.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}
