//! Challenges in the header `WWW-Authenticate`: RFC 7235, section 2.1.

/// The most parameters that are read of one challenge.
const MAX_PARAMETERS: usize = 32;

/// One authentication method that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Whether the challenge has this scheme, given in lowercase.
    pub(super) fn is(&self, scheme: &str) -> bool {
        self.scheme == scheme
    }

    /// The parameter's value; `name` is in lowercase.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges in the header's values, in their order. A syntax error ends the parsing of a value.
pub(super) fn challenges<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for value in values.take(8) {
        let mut rest = value;
        while let Some((word, after)) = token(rest) {
            if let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) {
                let Some((value, after)) = quoted(value).or_else(|| token(value).map(|(v, a)| (v.to_owned(), a)))
                else {
                    break;
                };
                let Some(Challenge { parameters, .. }) = found.last_mut() else { break };
                if parameters.len() < MAX_PARAMETERS {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            } else {
                found.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
    found
}

/// The token at the start, after separators, and the rest.
fn token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t', ',']);
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(c))).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The quoted string at the start, without quotes, and the rest.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.strip_prefix('"')?.char_indices();
    let mut value = String::new();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 2..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<Challenge> {
        challenges(std::iter::once(value))
    }

    #[test]
    fn parses_parameters_of_a_bearer_challenge() {
        let read = read(
            r#"Bearer realm="https://auth.example/token",service="registry, \"one\"" , scope="repository:a/b:pull,push""#,
        );
        assert_eq!(read.len(), 1);
        assert!(read[0].is("bearer"));
        assert_eq!(read[0].parameter("realm"), Some("https://auth.example/token"));
        assert_eq!(read[0].parameter("service"), Some("registry, \"one\""));
        assert_eq!(read[0].parameter("scope"), Some("repository:a/b:pull,push"));
    }

    #[test]
    fn parses_several_challenges_in_one_or_more_values() {
        let both = read(r#"Basic realm=x, BEARER Realm = "y""#);
        assert_eq!(challenges(["Basic realm=x", r#"Bearer realm="y""#].into_iter()), both);
        assert_eq!(
            both.iter().map(|c| (c.is("basic"), c.parameter("realm"))).collect::<Vec<_>>(),
            [(true, Some("x")), (false, Some("y"))]
        );
    }

    #[test]
    fn ignores_malformed_challenges() {
        for value in ["", ",,,", "=", r#"="x""#, r#"realm="x"#, "\u{1}"] {
            assert!(read(value).iter().all(|c| c.parameters.is_empty()), "{value}");
        }
        assert_eq!(read(r#"Bearer realm="unfinished"#)[0].parameter("realm"), None);
        assert!(read(&"Bearer a=b,".repeat(1000)).iter().all(|c| c.parameters.len() <= MAX_PARAMETERS));
    }
}
