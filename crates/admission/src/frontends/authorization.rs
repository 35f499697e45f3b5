//! The credentials of a caller: a bearer token (RFC 6750, section 2.1).

use std::fmt;

use hyper::header::{AUTHORIZATION, HeaderMap};

/// The longest token. Those of Kubernetes have some 1,500 bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// What the header `Authorization` says. `Debug` omits the token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Authorization(Option<String>);

impl Authorization {
    /// Reads the header. More than one, another scheme, and what is no token count as absent.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self::default() };
        Self(value.to_str().ok().and_then(token).map(str::to_owned))
    }

    /// A bearer token.
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self(Some(token.to_owned()))
    }

    /// The bearer token, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_token = (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Authorization(bearer token)" } else { "Authorization(none)" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        Authorization::of(&headers).token().map(str::to_owned)
    }

    #[test]
    fn only_one_bearer_token_counts() {
        assert_eq!(read(&["Bearer abc.def"]).as_deref(), Some("abc.def"));
        assert_eq!(read(&["bearer  abc"]).as_deref(), Some("abc"));
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN + 1));
        for values in
            [&[][..], &["Bearer"], &["Bearer "], &["Basic abc"], &["Bearer a b"], &["Bearer a", "Bearer b"], &[&long]]
        {
            assert_eq!(read(values), None, "{values:?}");
        }
    }

    #[test]
    fn debug_output_omits_the_token() {
        assert!(!format!("{:?}", Authorization::bearer("secret")).contains("secret"));
    }
}
