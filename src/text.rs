//! Text from outside that people read: names in certificates, keys of JSON objects, messages of services.

/// The longest text that is passed on, in characters.
const MOST: usize = 2000;

/// The text, made fit for a terminal and a log: bounded, each control character and each character that changes the direction
/// or the look of those around it replaced by a space.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().take(MOST).map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect()
}

/// Characters of Unicode's category "format" that hide or reorder text, and its line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_would_steer_a_terminal_or_hide_text_becomes_a_space() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}b\r\n\u{202e}c\u{200b}\u{feff}d"), "a [2J b   c  d");
        assert_eq!(printable("Überprüfung ✓ 署名"), "Überprüfung ✓ 署名");
        assert_eq!(printable(&"ü".repeat(3000)).chars().count(), 2000);
    }
}
