//! What a successful answer of AWS Signer must be, beyond what the AWS SDK demands of it.
//!
//! The SDK takes an empty body as an answer whose members are all absent.

use notary::json;
use notary::json::JsonError;

/// How much of a foreign answer is shown, in bytes.
const SHOWN: usize = 80;

/// Why an answer is not one of AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AnswerError {
    /// It is not one JSON object.
    #[error("{why}{}", beginning(.start))]
    NotAnObject {
        /// What is wrong with it.
        why: JsonError,
        /// How it begins.
        start: String,
    },
    /// It is larger than any answer of AWS Signer.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// It is an object, but a member is missing or of another type.
    #[error(transparent)]
    Member(#[from] JsonError),
}

fn beginning(start: &str) -> String {
    if start.is_empty() { String::new() } else { format!("; it begins with {start:?}") }
}

/// Checks the body of a successful answer to a request with this method.
pub(super) fn check(method: &str, body: &[u8]) -> Result<(), AnswerError> {
    // Some changes have no result.
    if method == "PUT" && body.is_empty() {
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
    fn an_answer_is_one_json_object_and_a_foreign_one_is_shown() {
        assert_eq!(check("GET", b"{}"), Ok(()));
        for body in ["", "[]", "null", "{}{}", r#"{"a":1,"a":2}"#] {
            assert!(check("GET", body.as_bytes()).is_err(), "{body}");
        }
        let why = check("GET", b"<html><title>Sign in").map_err(|why| why.to_string());
        assert!(why.is_err_and(|why| why.contains("<html><title>Sign in")));
    }

    #[test]
    fn only_a_change_may_be_answered_by_nothing() {
        assert_eq!(check("PUT", b""), Ok(()));
        assert!(check("POST", b"").is_err());
    }
}
