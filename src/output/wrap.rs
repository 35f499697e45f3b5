//! Text wrapped between words to the width of the terminal.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;
pub use textwrap::core::display_width;
use textwrap::core::{Fragment as _, Word};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, fill, wrap};

use super::{DIM, paint};

/// The width of a terminal that does not tell it.
const COLUMNS: usize = 80;
/// In fewer columns text is not wrapped: the terminal does it better.
const FEWEST: usize = 20;

/// The text after `first`, such as `error: `, with all further lines indented by `indent`. Words that are longer than a
/// line stay whole, so that digests, paths and ARNs can be copied. `columns` is `None` if the text does not go to a
/// terminal: like gh and cargo, it then has no line breaks of its own, and can be searched.
#[must_use]
pub fn hanging(first: &str, indent: usize, text: &str, columns: Option<usize>) -> String {
    let further = " ".repeat(indent);
    match columns.filter(|columns| columns.saturating_sub(indent) >= FEWEST) {
        Some(columns) => fill(text, options(columns).initial_indent(first).subsequent_indent(&further)),
        None => format!("{first}{}", text.replace('\n', &format!("\n{further}"))),
    }
}

/// The text for a line that already has `indent` columns, with all further lines indented as much.
#[must_use]
pub fn wrapped(text: &str, indent: usize, columns: Option<usize>) -> String {
    let already = " ".repeat(indent);
    let all = hanging(&already, indent, text, columns);
    all.strip_prefix(&already).map_or_else(|| all.clone(), str::to_owned)
}

/// The lines of the text, each of at most `columns`.
#[must_use]
pub fn lines(text: &str, columns: Option<usize>) -> Vec<String> {
    match columns.filter(|columns| *columns >= FEWEST) {
        Some(columns) => wrap(text, options(columns)).into_iter().map(std::borrow::Cow::into_owned).collect(),
        None => vec![text.to_owned()],
    }
}

/// The text with each line wrapped on its own, and further lines indented as much as the line and two columns more.
#[must_use]
pub fn reflowed(text: &str, columns: Option<usize>) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        hanging("", indent + 2, line, columns)
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A line with a name, padded to `width` columns, and its value. A value that fits only on a line of its own gets one:
/// otherwise the terminal would split the digest.
#[must_use]
pub fn fact(indent: usize, name: &str, width: usize, value: &str, columns: Option<usize>) -> String {
    let start = indent + width + 1;
    let longest = value.split(' ').map(display_width).max().unwrap_or_default();
    let fits_alone = columns.is_some_and(|columns| start + longest > columns && indent + 2 + longest <= columns);
    let space = " ".repeat(indent);
    if fits_alone {
        let alone = " ".repeat(indent + 2);
        return format!("{space}{}\n{}", paint(DIM, name), hanging(&alone, indent + 2, value, columns));
    }
    hanging(&format!("{space}{} ", paint(DIM, format!("{name:width$}"))), start, value, columns)
}

/// The width of a stream in columns, if it is a terminal.
pub fn columns(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    Some(size.filter(|columns| *columns > 0).unwrap_or(COLUMNS))
}

fn options<'a>(columns: usize) -> Options<'a> {
    Options::new(columns)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::Custom(first_fit))
}

/// Fills each line with as many words as fit. A word that is longer than a line gets a line of its own.
fn first_fit<'a, 'b>(words: &'b [Word<'a>], widths: &'b [usize]) -> Vec<&'b [Word<'a>]> {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0.0);
    for (position, word) in words.iter().enumerate() {
        let width_of = |line: usize| widths.get(line).or(widths.last()).map_or(0.0, |width| *width as f64);
        let length = word.width();
        let fits = used + length <= width_of(lines.len());
        if position > start && !fits {
            lines.push(&words[start..position]);
            (start, used) = (position, 0.0);
        }
        used += length + word.whitespace_width();
    }
    lines.push(&words[start..]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0fac0ae58";

    #[test]
    fn wraps_between_words() {
        let text = "the chain ends in arn:aws:signer:us-west-2 which is long";
        assert_eq!(wrapped(text, 4, None), text);
        assert_eq!(wrapped(text, 4, Some(28)), "the chain ends in\n    arn:aws:signer:us-west-2\n    which is long");
        assert_eq!(wrapped(text, 30, Some(40)), text);
        assert_eq!(wrapped(DIGEST, 4, Some(40)), DIGEST);
        assert_eq!(wrapped("", 4, Some(80)), "");
        assert_eq!(hanging("error: ", 2, "a\nb", None), "error: a\n  b");
        assert_eq!(hanging("error: ", 2, "a\nb", Some(80)), "error: a\n  b");
    }

    #[test]
    fn never_splits_a_word_even_at_a_hyphen() {
        let text = format!("registry.example.com/a-very-long-name@{DIGEST} is refused");
        for columns in 20..120 {
            let all = hanging("error: ", 2, &text, Some(columns));
            assert_eq!(all.split_whitespace().skip(1).collect::<Vec<_>>(), text.split(' ').collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_gets_its_own() {
        let text = "the signing job 0123456789012345678901234567890 was revoked today";
        assert_eq!(
            hanging("", 2, text, Some(30)),
            "the signing job\n  0123456789012345678901234567890\n  was revoked today"
        );
    }

    #[test]
    fn styles_take_no_columns() {
        let text = "word ".repeat(14);
        let plain = hanging("error: ", 2, &text, Some(80));
        let painted = hanging(&format!("{} ", paint(DIM, "error:")), 2, &text, Some(80));
        assert_eq!(painted, plain.replacen("error:", &paint(DIM, "error:"), 1));
    }

    #[test]
    fn a_digest_that_fits_only_alone_gets_its_own_line() {
        let plain = |columns| fact(2, "signature", 15, DIGEST, columns).replace(&paint(DIM, "signature"), "signature");
        assert_eq!(plain(Some(80)), format!("  signature\n    {DIGEST}"));
        let beside = fact(2, "signature", 15, DIGEST, Some(100));
        assert_eq!((beside.lines().count(), fact(2, "signature", 15, DIGEST, None)), (1, beside.clone()));
        // It fits nowhere.
        assert_eq!(fact(2, "signature", 15, DIGEST, Some(60)), beside);
    }
}
