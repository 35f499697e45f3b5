//! How values are written for people and for documents, and text from outside made fit to be: names in certificates, keys of
//! JSON objects, messages of services.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest text that is passed on, in characters.
const MOST: usize = 4000;

/// The text, made fit for a terminal and a log: bounded, each control character and each character that changes the direction
/// or the look of those around it replaced by a space.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().take(MOST).map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// As [`printable`], of any length and with its line ends.
pub fn printable_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_unprintable(c) { ' ' } else { c }).collect()
}

/// Whether a character steers a terminal, or changes the direction or the look of those around it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// The text with the letters of both cases made equal, as Go's JSON reader compares keys: beside ASCII, it takes the long s for
/// an s and the Kelvin sign for a k.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_lowercase().replace('ſ', "s")
}

/// A time in the form of RFC 3339, in UTC and without fractions: as the specification writes times.
#[must_use]
pub fn rfc3339(time: OffsetDateTime) -> String {
    let whole = time.to_offset(time::UtcOffset::UTC).truncate_to_second();
    // It fails only for years beyond 9999, which no certificate and no signature can name.
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

/// An RFC 3339 time in the form that notation reads: `T` and `Z` are capital letters, and there are no leap seconds.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<OffsetDateTime> {
    // The time crate takes any byte in the place of the T, and a z for the Z.
    let is_strict = text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z') && text.get(17..19) != Some("60");
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| is_strict)
}

/// Characters of Unicode's category "format" that hide or reorder text, and its line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{MOST, folded, parse_rfc3339, printable};

    #[test]
    fn keys_that_go_takes_for_one_another_are_folded_to_the_same() {
        for variant in ["signingTask", "SIGNINGTASK", "ſigningTask", "signingTas\u{212a}", "SigningTaſk"] {
            assert_eq!(folded(variant), "signingtask", "{variant}");
        }
        assert_ne!(folded("signingTosk"), "signingtask");
    }

    #[test]
    fn a_time_has_the_form_of_rfc_3339_and_no_other() {
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
    fn what_would_steer_a_terminal_or_hide_text_becomes_a_space() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}b\r\n\u{202e}c\u{200b}\u{feff}d"), "a [2J b   c  d");
        assert_eq!(printable("Überprüfung ✓ 署名"), "Überprüfung ✓ 署名");
        assert_eq!(printable(&"ü".repeat(5000)).chars().count(), MOST);
    }
}
