//! Text for terminals: no control sequence reaches them except those of styles. Names and paths come from arguments,
//! registries and services, whose escape sequences could hide or change what the terminal shows. What is quoted is
//! cleaned of styles, too, where it enters a text: [`printable`](notary::text::printable).

use notary::text::is_unprintable;

/// The text with all control and invisible characters replaced by spaces, except line feeds, tabs and styles.
#[must_use]
pub fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = style_at_start(rest);
        match style {
            Some(style) => out.push_str(style),
            None if !matches!(c, '\n' | '\t') && is_unprintable(c) => out.push(' '),
            None => out.push(c),
        }
        rest = &rest[style.map_or(c.len_utf8(), str::len)..];
    }
    out
}

/// The control sequence at the start of the text that selects a style (ECMA-48, SGR), if there is one.
fn style_at_start(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let length = text.len() - parameters.len() + end + 1;
    parameters[end..].starts_with('m').then(|| &text[..length])
}

#[cfg(test)]
mod tests {
    use super::cleaned;
    use crate::output::{BAD, DIM, paint};

    #[test]
    fn keeps_styles_and_no_other_control_sequences() {
        let text = format!("a {} b\n\t{}", paint(BAD, "c"), paint(DIM, "d"));
        assert_eq!(cleaned(&text), text);
        for (text, expected) in [
            ("oci:a\u{1b}[2J\u{1b}[1;1Hb\u{1b}c", "oci:a [2J [1;1Hb c"),
            ("a\u{1b}]0;title\u{7}b\u{1b}[", "a ]0;title b ["),
            ("a\u{1b}[?25lb\u{1b}[31", "a [?25lb [31"),
            ("a\u{9b}2Jb\rc\u{8}\u{202e}d", "a 2Jb c  d"),
            ("Grün ✓ 署名", "Grün ✓ 署名"),
        ] {
            assert_eq!(cleaned(text), expected);
        }
    }
}
