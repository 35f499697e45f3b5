//! What a successful answer of AWS Signer must be, beyond what the AWS SDK demands of it.
//!
//! The SDK takes an empty body, and any object at all, as an answer whose members are absent. To a question about revocation
//! that reads as "nothing is revoked", so whatever stands between, a proxy or a wrong endpoint, could make everything pass.

use crate::json::{self, JsonError};

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
    /// It is an object of something else.
    #[error("it has no revokedEntities, but {0:?}")]
    NoRevokedEntities(String),
}

fn beginning(start: &str) -> String {
    if start.is_empty() { String::new() } else { format!("; it begins with {start:?}") }
}

/// Checks the body of a successful answer to a request with this method and URI.
pub(super) fn check(method: &str, uri: &str, body: &[u8]) -> Result<(), AnswerError> {
    // Some changes have no result.
    if method == "PUT" && body.is_empty() {
        return Ok(());
    }
    let object = json::parse_object("the answer", body).map_err(|why| {
        let start = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned();
        AnswerError::NotAnObject { why, start }
    })?;
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    // An object without any member is what a service answers that leaves out empty lists.
    let mut names = object.names().peekable();
    if path.ends_with("/revocations")
        && let Some(first) = names.peek().map(|name| (*name).to_owned())
        && !names.any(|name| name == "revokedEntities")
    {
        return Err(AnswerError::NoRevokedEntities(first));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_answer_about_revocation_has_the_entities_or_nothing_at_all() {
        let ask =
            |body: &str| check("GET", "http://h/prefix/revocations?a=b", body.as_bytes()).map_err(|e| e.to_string());
        for body in ["{}", r#"{"revokedEntities":[]}"#, r#"{"more":1,"revokedEntities":["x"]}"#] {
            assert_eq!(ask(body), Ok(()), "{body}");
        }
        for body in [r#"{"status":"ok"}"#, r#"{"RevokedEntities":[]}"#, "", "[]", "null", "<html>"] {
            assert!(ask(body).is_err(), "{body}");
        }
        assert!(ask("<html><title>Sign in").is_err_and(|why| why.contains("<html><title>Sign in")));
    }

    #[test]
    fn only_a_change_may_be_answered_by_nothing() {
        assert_eq!(check("PUT", "http://h/signing-jobs/x/revoke", b""), Ok(()));
        assert!(check("POST", "http://h/signing-jobs/with-payload", b"").is_err());
    }
}
