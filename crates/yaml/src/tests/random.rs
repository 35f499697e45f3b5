//! Random documents: none may cause a panic or take long, and what is read stays within the limits.

use proptest::prelude::*;

use crate::{Field, Limits, parse, parse_within};

/// Parts of YAML that mean something to its parser.
const TOKENS: [&str; 44] = [
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    " ",
    "  ",
    "\t",
    "\r\n",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "?",
    ",",
    "[",
    "]",
    "{",
    "}",
    "|",
    ">",
    "|+\n",
    ">-2\n",
    "\"",
    "'",
    "\\",
    "\\x41",
    "#",
    " # c\n",
    "&a ",
    "*a",
    "*a ",
    "!t ",
    "!!str ",
    "---",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "key",
    "1.5",
    "true",
    "\u{feff}",
    "\u{85}é\0",
];

/// Reads everything in a document; returns the number of its values.
fn read(field: &Field<'_>, depth: usize) -> usize {
    assert!(depth <= Limits::default().depth, "{}", field.path());
    let _ = (field.text(), field.boolean(), field.integer(0..=9), field.number(0.0..=1.0));
    let _ = field.duration(std::time::Duration::from_secs(1));
    if let Ok(items) = field.items() {
        return 1 + items.iter().map(|item| read(item, depth + 1)).sum::<usize>();
    }
    match field.members() {
        Ok(members) => 1 + members.rest().map(|(_, value)| read(&value, depth + 1)).sum::<usize>(),
        Err(_) => 1,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_document_causes_a_panic(tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..60)) {
        let text = tokens.concat();
        match parse(text.as_bytes()) {
            Ok(document) => {
                prop_assert!(read(&document.root(), 0) <= Limits::default().values);
            }
            Err(error) => {
                prop_assert!(error.position().line >= 1 && error.position().column >= 1);
                prop_assert!(!error.problem().is_empty());
            }
        }
        let few = Limits { values: 3, depth: 2, ..Limits::default() };
        if let Ok(document) = parse_within(text.as_bytes(), &few) {
            prop_assert!(read(&document.root(), 0) <= 3);
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }
}
