//! What a plain scalar means: YAML 1.2.2, 10.3.2 "Tag Resolution" of the core schema. `yes`, `no`, `on` and `off` are
//! text in this schema.

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without quotes and escapes.
    pub text: String,
    /// Whether it was written without quotes, so that it may be something else than text.
    pub is_plain: bool,
}

/// The kinds of values that a scalar can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No value: an empty one, `null` or `~`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole or decimal number.
    Number,
    /// Everything else.
    Text,
}

impl Scalar {
    /// The kind of the value.
    pub fn kind(&self) -> Kind {
        match self.text.as_str() {
            _ if !self.is_plain => Kind::Text,
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Boolean(true),
            "false" | "False" | "FALSE" => Kind::Boolean(false),
            text if is_number(text) => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// The value as it is shown in errors: shortened, and without control characters.
    pub fn shown(&self) -> String {
        const LONGEST: usize = 40;
        match self.kind() {
            Kind::Null => "no value".to_owned(),
            Kind::Boolean(value) => value.to_string(),
            Kind::Number if self.text.len() <= LONGEST => format!("the number {}", self.text),
            Kind::Number => "a number".to_owned(),
            Kind::Text if self.text.chars().count() > LONGEST => {
                format!("{:?}...", self.text.chars().take(LONGEST).collect::<String>())
            }
            Kind::Text => format!("{:?}", self.text),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_is_number = match (whole, fraction) {
        ("", fraction) => mantissa.starts_with('.') && digits(fraction),
        (whole, fraction) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    mantissa_is_number && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        Scalar { text: text.to_owned(), is_plain: true }.kind()
    }

    #[test]
    fn follows_the_core_schema() {
        for number in [
            "0",
            "-1",
            "+12",
            "0o17",
            "0xfF",
            "1.5",
            ".5",
            "1.",
            "-1e3",
            "1E-2",
            "685.230_15e+03",
            ".inf",
            "-.INF",
            ".nan",
        ] {
            assert_eq!(kind(number) == Kind::Number, !number.contains('_'), "{number}");
        }
        for text in ["yes", "off", "1s", "0o8", "0x", "1e", ".", "-", "+", "1.2.3", "12:30", "e3", "TrUe", "2026-01-01"]
        {
            assert_eq!(kind(text), Kind::Text, "{text}");
        }
        assert_eq!(kind("~"), Kind::Null);
        assert_eq!(kind("False"), Kind::Boolean(false));
        assert_eq!(Scalar { text: "true".to_owned(), is_plain: false }.kind(), Kind::Text);
    }

    #[test]
    fn shows_values_in_one_short_line() {
        let shown = Scalar { text: format!("a\nb{}", "x".repeat(100)), is_plain: false }.shown();
        assert!(shown.starts_with("\"a\\nbxx") && shown.len() < 60, "{shown}");
    }
}
