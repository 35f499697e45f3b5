//! Keys and tokens that can be sent: without line ends around them, and without control characters inside.
//!
//! A secret that was made with `echo` ends with a line feed. The AWS SDK panics if an access key id has one.

use aws_credential_types::Credentials;

use super::error::CredentialsFailure;
use crate::environment::Environment;

/// The names of the three parts, for errors.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub id: String,
    pub secret: String,
    pub token: String,
}

impl Names {
    pub fn of_environment() -> Self {
        Self::of(|name| name.to_ascii_uppercase())
    }

    /// The names in a file or an answer.
    pub fn within(place: impl std::fmt::Display) -> Self {
        Self::of(|name| format!("{name} from {place}"))
    }

    fn of(name: impl Fn(&str) -> String) -> Self {
        Self { id: name("aws_access_key_id"), secret: name("aws_secret_access_key"), token: name("aws_session_token") }
    }
}

/// Returns the credentials without spaces and line ends around each part.
///
/// # Errors
/// Returns [`CredentialsFailure::Value`] if a part is empty or has characters that cannot be sent.
pub(super) fn usable(credentials: &Credentials, names: &Names) -> Result<Credentials, CredentialsFailure> {
    let id = part(credentials.access_key_id(), &names.id, true)?;
    let secret = part(credentials.secret_access_key(), &names.secret, false)?;
    let token = match credentials.session_token().filter(|token| !trimmed(token).is_empty()) {
        Some(token) => Some(part(token, &names.token, true)?),
        None => None,
    };
    let mut builder = Credentials::builder().access_key_id(id).secret_access_key(secret).provider_name("aws-signer");
    builder.set_session_token(token.map(str::to_owned));
    builder.set_expiry(credentials.expiry());
    builder.set_account_id(credentials.account_id().cloned());
    Ok(builder.build())
}

/// Returns a part without spaces and line ends around it. `in_header`: it is sent as it is, in a header.
fn part<'a>(value: &'a str, name: &str, in_header: bool) -> Result<&'a str, CredentialsFailure> {
    let wrong = |why: &str| Err(CredentialsFailure::Value { name: name.to_owned(), why: why.to_owned() });
    let value = trimmed(value);
    if value.is_empty() {
        return wrong("is empty");
    }
    if value.contains(['\n', '\r']) {
        return wrong("contains a line feed");
    }
    if value.chars().any(char::is_control) {
        return wrong("contains a control character");
    }
    if in_header && !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return wrong("contains a character that is not allowed in a request");
    }
    Ok(value)
}

pub(super) fn trimmed(value: &str) -> &str {
    value.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

/// Returns the keys of the environment, if there are any.
///
/// # Errors
/// Returns [`CredentialsFailure::Value`] if one of the two is missing or cannot be sent.
pub(super) fn from_environment(environment: &Environment) -> Result<Option<Credentials>, CredentialsFailure> {
    const ID: &str = "AWS_ACCESS_KEY_ID";
    const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
    let secret = environment.first(&[SECRET, "SECRET_ACCESS_KEY"]).map(|(_, secret)| secret);
    let missing = |name: &str, other: &str| {
        Err(CredentialsFailure::Value { name: name.to_owned(), why: format!("is not set, but {other} is") })
    };
    match (environment.get(ID), secret) {
        (None, None) => Ok(None),
        (Some(_), None) => missing(SECRET, ID),
        (None, Some(_)) => missing(ID, SECRET),
        (Some(id), Some(secret)) => {
            let token = environment.get("AWS_SESSION_TOKEN").map(str::to_owned);
            let keys = Credentials::new(id, secret, token, None, "environment");
            usable(&keys, &Names::of_environment()).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn keys(id: &str, secret: &str, token: Option<&str>) -> Result<Credentials, CredentialsFailure> {
        let keys = Credentials::new(id, secret, token.map(str::to_owned), None, "test");
        usable(&keys, &Names::of_environment())
    }

    #[test]
    fn trims_line_feeds_at_the_ends() {
        let keys = keys("AKID\n", "\tsecret/+=\r\n", Some("token==\n\0")).unwrap();
        assert_eq!((keys.access_key_id(), keys.secret_access_key()), ("AKID", "secret/+="));
        assert_eq!(keys.session_token(), Some("token=="));
    }

    #[test]
    fn names_the_part_with_a_control_character_and_hides_its_value() {
        for (id, secret, token, name) in [
            ("AK\nID", "secret", None, "AWS_ACCESS_KEY_ID"),
            ("AK ID", "secret", None, "AWS_ACCESS_KEY_ID"),
            ("AKÏD", "secret", None, "AWS_ACCESS_KEY_ID"),
            ("\n", "secret", None, "AWS_ACCESS_KEY_ID"),
            ("AKID", "hunter\u{7}2", None, "AWS_SECRET_ACCESS_KEY"),
            ("AKID", "hunter\r\n2", None, "AWS_SECRET_ACCESS_KEY"),
            ("AKID", "secret", Some("hunter\n2"), "AWS_SESSION_TOKEN"),
        ] {
            let why = keys(id, secret, token).unwrap_err();
            assert!(matches!(&why, CredentialsFailure::Value { name: found, .. } if found == name), "{why}");
            assert!(!why.to_string().contains("hunter"), "{why}");
        }
    }

    #[test]
    fn half_a_pair_in_the_environment_is_an_error() {
        let with = |names: &[&'static str]| {
            from_environment(&names.iter().map(|name| (*name, "value")).collect::<Environment>())
        };
        assert!(with(&[]).unwrap().is_none());
        assert!(with(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).unwrap().is_some());
        for half in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            assert!(with(&[half]).unwrap_err().to_string().contains("is not set, but"));
        }
    }
}
