//! Header parameters in messages.

use std::fmt;

use super::cose::label::{
    ALGORITHM, CERTIFICATE_CHAIN, CONTENT_TYPE, CRITICAL, IV, KEY_ID, PARTIAL_IV, THUMBPRINT, TYPE,
};

/// A header parameter as it is shown: JWS has names, COSE has names and labels. A name is in quotes, and a label has
/// the name beside it that its RFC has for it: RFC 9052, 3.1; RFC 9360, 2; RFC 9596, 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter(String);

impl From<&str> for Parameter {
    fn from(name: &str) -> Self {
        Self(format!("{name:?}"))
    }
}

impl From<String> for Parameter {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<i128> for Parameter {
    fn from(label: i128) -> Self {
        let name = match label {
            ALGORITHM => "alg",
            CRITICAL => "crit",
            CONTENT_TYPE => "content type",
            KEY_ID => "kid",
            IV => "IV",
            PARTIAL_IV => "Partial IV",
            TYPE => "typ",
            CERTIFICATE_CHAIN => "x5chain",
            THUMBPRINT => "x5t",
            _ => return Self(format!("label {label}")),
        };
        Self(format!("label {label} ({name})"))
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Parameter;

    #[test]
    fn labels_are_shown_with_their_names() {
        for (label, shown) in [
            (1, "label 1 (alg)"),
            (2, "label 2 (crit)"),
            (3, "label 3 (content type)"),
            (16, "label 16 (typ)"),
            (33, "label 33 (x5chain)"),
            (-7, "label -7"),
            (i128::from(u64::MAX), "label 18446744073709551615"),
        ] {
            assert_eq!(Parameter::from(label).to_string(), shown);
        }
        assert_eq!(Parameter::from("x\"5c").to_string(), r#""x\"5c""#);
    }
}
