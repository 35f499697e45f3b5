//! Checks of successful answers from AWS Signer that the AWS SDK does not make.
//!
//! The SDK accepts an empty body as an answer without members.

use notary::json;
use notary::json::JsonError;

/// How many bytes of an invalid answer are shown.
const SHOWN: usize = 80;

/// An answer that does not come from AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AnswerError {
    /// It is not one JSON object.
    #[error("{why}{}", beginning(.start))]
    NotAnObject {
        /// The error.
        why: JsonError,
        /// The start of the answer.
        start: String,
    },
    /// It is too large.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// It is a success of another kind than the operation has.
    #[error("it has the status {0} instead of 200")]
    Status(u16),
    /// It names an error, although its status is that of a success.
    #[error("it has the status of a success, but names the error {0}")]
    ErrorInSuccess(String),
    /// A member is missing or has the wrong type.
    #[error(transparent)]
    Member(#[from] JsonError),
}

fn beginning(start: &str) -> String {
    if start.is_empty() { String::new() } else { format!("; it begins with {start:?}") }
}

/// Checks the body of a successful answer to a request with the HTTP method `method`.
pub(super) fn check(method: &str, body: &[u8]) -> Result<(), AnswerError> {
    // Some PUT and DELETE operations return an empty body.
    if matches!(method, "PUT" | "DELETE") && body.is_empty() {
        return Ok(());
    }
    match json::parse_small_object("the answer", body) {
        Ok(_) => Ok(()),
        Err(why) => {
            let start = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned();
            Err(AnswerError::NotAnObject { why, start })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn rejects_and_shows_other_answers() {
        assert_eq!(check("GET", b"{}"), Ok(()));
        for body in ["", "[]", "null", "{}{}", r#"{"a":1,"a":2}"#] {
            assert!(check("GET", body.as_bytes()).is_err(), "{body}");
        }
        let why = check("GET", b"<html><title>Sign in").map_err(|why| why.to_string());
        assert!(why.is_err_and(|why| why.contains("<html><title>Sign in")));
    }

    #[test]
    fn accepts_empty_answers_to_put_and_delete_only() {
        assert_eq!(check("PUT", b""), Ok(()));
        assert_eq!(check("DELETE", b""), Ok(()));
        assert!(check("POST", b"").is_err() && check("GET", b"").is_err());
    }
}
