//! Formatting of values, and sanitizing of untrusted text: certificate names, JSON keys, messages of services.

use std::error::Error;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The maximum length of sanitized text in characters.
const MOST: usize = 4000;
/// The maximum length of a value from outside in an error, in characters.
const MOST_OF_VALUE: usize = 500;

/// Sanitizes text for terminals and logs: truncates it, and replaces control characters and invisible or bidirectional
/// formatting characters with spaces.
#[must_use]
pub fn printable(text: &str) -> String {
    // Nearly all texts are short and ASCII.
    if text.len() <= MOST && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars().take(MOST).map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// Like [`printable`], but keeps line feeds and the full length.
pub fn printable_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_unprintable(c) { ' ' } else { c }).collect()
}

/// Returns the start of a value from outside, for an error that lives longer than the document with the value. A name
/// in an envelope can be as long as an envelope.
#[must_use]
pub fn start_of(value: &str) -> String {
    value.chars().take(MOST_OF_VALUE).collect()
}

/// Whether a character is a control character or an invisible formatting character.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// The innermost cause of an error, in the words of the system: libraries of connections wrap it several times.
///
/// ```
/// let why = std::io::Error::from_raw_os_error(111);
/// assert_eq!(notary::text::innermost_cause(&why), "Connection refused");
/// ```
#[must_use]
pub fn innermost_cause(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let cause = causes.last().map(ToString::to_string).unwrap_or_default();
    let cause = cause.strip_prefix("failed to lookup address information: ").unwrap_or(&cause);
    match cause.strip_prefix("tunnel error: ") {
        Some("unsuccessful") => "the proxy refused the connection to the host".to_owned(),
        Some("proxy authorization required") => "the proxy requires a user name and password".to_owned(),
        Some(other) => format!("the answer of the proxy: {other}"),
        None => printable(without_number(cause)),
    }
}

/// The message of the system without its number, such as "(os error 2)".
#[must_use]
pub fn without_number(message: &str) -> &str {
    let number = |rest: &str| rest.strip_suffix(')').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
    match message.rsplit_once(" (os error ") {
        Some((words, rest)) if number(rest) => words,
        _ => message,
    }
}

/// Makes a message a sentence: with a capital and a full stop.
#[must_use]
pub fn sentence(message: &str) -> String {
    let mut chars = message.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// Folds case the way Go's JSON decoder compares keys: besides ASCII, it treats the long s as s and the Kelvin sign as
/// k.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_lowercase().replace('ſ', "s")
}

/// Formats a time as RFC 3339 in UTC without fractional seconds, as the specification does.
#[must_use]
pub fn rfc3339(time: OffsetDateTime) -> String {
    let whole = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time).truncate_to_second();
    // Fails only for years before 0 and after 9999, which neither certificates nor signatures can express.
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

/// Parses an RFC 3339 time as strictly as notation: capital `T` and `Z`, no leap seconds. The year must have four
/// digits in UTC too, whatever the offset, so that the time can be shown.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<OffsetDateTime> {
    // The time crate accepts any byte in place of the T, and a z for the Z.
    let is_strict = text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z') && text.get(17..19) != Some("60");
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| is_strict)?;
    time.checked_to_offset(UtcOffset::UTC).filter(|utc| (0..=9999).contains(&utc.year()))
}

/// Unicode format characters that hide or reorder text, and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{MOST, folded, parse_rfc3339, printable, rfc3339, sentence};

    #[test]
    fn a_message_becomes_a_sentence() {
        for (message, expected) in [("", ""), ("not revoked", "Not revoked."), ("Ä: b.", "Ä: b."), ("é", "É.")] {
            assert_eq!(sentence(message), expected);
        }
    }

    #[test]
    fn folds_keys_that_go_treats_as_equal() {
        for variant in ["signingTask", "SIGNINGTASK", "ſigningTask", "signingTas\u{212a}", "SigningTaſk"] {
            assert_eq!(folded(variant), "signingtask", "{variant}");
        }
        assert_ne!(folded("signingTosk"), "signingtask");
    }

    #[test]
    fn parses_only_strict_rfc_3339() {
        for time in
            ["2026-07-01T12:00:00Z", "2026-07-01T12:00:00.5Z", "2026-07-01T14:00:00+02:00", "2028-02-29T00:00:00Z"]
        {
            assert!(parse_rfc3339(time).is_some(), "{time}");
        }
        for time in [
            "",
            "2026-07-01",
            "2026-07-01 12:00:00Z",
            "2026-07-01t12:00:00Z",
            "2026-07-01T12:00:00z",
            "2026-07-01T12:00:00",
            "2026-07-01T12:00:00,5Z",
            "2026-07-01T12:00:00.Z",
            "2026-07-01T12:00Z",
            "2026-07-01T24:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-07-01T12:00:00+24:00",
            "2026-07-01T12:00:00 Z",
            " 2026-07-01T12:00:00Z",
            "2026-07-01T12:00:00Z\n",
            "+2026-07-01T12:00:00Z",
            "02026-07-01T12:00:00Z",
            "2026-07-01ſ12:00:00Z",
            "1782907200",
        ] {
            assert_eq!(parse_rfc3339(time), None, "{time}");
        }
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_are_shown_or_rejected() {
        for (text, shown) in [
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
            ("9999-12-31T23:59:59+23:59", Some("9999-12-31T00:00:59Z")),
            ("9999-12-31T23:59:59-23:59", None),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00Z")),
            ("0000-01-01T00:00:00-23:59", Some("0000-01-01T23:59:00Z")),
            ("0000-01-01T00:00:00+23:59", None),
        ] {
            assert_eq!(parse_rfc3339(text).map(rfc3339).as_deref(), shown, "{text}");
        }
        // Times from elsewhere may be outside.
        for time in [datetime!(9999-12-31 23:59:59 -23:59), datetime!(0000-01-01 00:00:00 +23:59)] {
            assert!(!rfc3339(time).is_empty());
        }
    }

    #[test]
    fn replaces_control_and_invisible_characters() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}b\r\n\u{202e}c\u{200b}\u{feff}d"), "a [2J b   c  d");
        assert_eq!(printable("Überprüfung ✓ 署名"), "Überprüfung ✓ 署名");
        assert_eq!(printable(&"ü".repeat(5000)).chars().count(), MOST);
    }
}
