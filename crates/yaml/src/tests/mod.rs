#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod random;

use std::time::Duration;

use super::*;

fn refused(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn unknown_members_are_errors_with_line_and_column() {
    let document = parse(b"version: 1\nquotas:\n  enabled: true\n  defualt: 25\n").unwrap();
    let mut members = document.root().members().unwrap();
    let mut quotas = members.required("quotas").unwrap().members().unwrap();
    assert!(quotas.optional("enabled").unwrap().boolean().unwrap());
    assert!(quotas.optional("default").is_none());
    assert_eq!(
        quotas.finish().unwrap_err().to_string(),
        "line 4, column 3: quotas: unknown member \"defualt\"; the members here are enabled, default"
    );
    assert_eq!(
        members.required("events").unwrap_err().to_string(),
        "line 1, column 1: the member \"events\" is missing"
    );
}

#[test]
fn wrong_types_are_errors_at_the_value() {
    let document = parse(b"n: 1.5\nt: 12\nl: [a, {b: 1}]\nnothing:\nb: \"true\"\nd: 5 s\nlate: 3h").unwrap();
    let mut members = document.root().members().unwrap();
    let mut field = |name| members.required(name).unwrap();
    let problem = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        problem(field("n").integer(1..=9).map(drop)),
        "line 1, column 4: n: expected a whole number from 1 to 9, found the number 1.5"
    );
    assert_eq!(
        problem(field("t").text().map(drop)),
        "line 2, column 4: t: expected text, found the number 12; put it in quotes"
    );
    let items = field("l").items().unwrap();
    assert_eq!(items[0].text().unwrap(), "a");
    assert_eq!(problem(items[1].text().map(drop)), "line 3, column 8: l[1]: expected text, found members");
    assert!(
        problem(field("nothing").members().map(drop))
            .ends_with("nothing: expected members (`name: value`), found no value")
    );
    assert!(problem(field("b").boolean().map(drop)).ends_with("b: expected true or false, found \"true\""));
    assert!(problem(field("d").duration(Duration::MAX).map(drop)).contains("expected a duration such as 200ms"));
    assert!(
        problem(field("late").duration(Duration::from_secs(60)).map(drop))
            .ends_with("the longest duration here is 60s")
    );
    assert_eq!(field("n").number(0.0..=2.0).unwrap(), 1.5);
    assert!(field("n").number(2.0..=3.0).is_err());
    assert_eq!(field("late").duration(Duration::MAX).unwrap(), Duration::from_secs(3 * 3600));
}

#[test]
fn numbers_out_of_range_and_other_notations_are_refused() {
    let document = parse(b"[0, 18446744073709551616, -1, 0x10, '7', +7, 7]").unwrap();
    let accepted: Vec<_> = document.root().items().unwrap().iter().map(|item| item.integer(1..=9).ok()).collect();
    assert_eq!(accepted, [None, None, None, None, None, None, Some(7)]);
}

#[test]
fn documents_that_two_readers_could_read_differently_are_refused() {
    assert_eq!(refused("a: 1\nb: 2\na: 3\n"), "line 3, column 1: the key \"a\" is already used at line 1, column 1");
    assert_eq!(refused("a: 1\n---\nb: 2\n"), "line 2, column 1: only one document is allowed");
    assert!(refused("a: !!str 1").ends_with("tags (`!`) are not supported"));
    assert!(refused("? [a]\n: 1").ends_with("a key must be text"));
    assert!(refused("a: &x k\n? *x\n: 1").ends_with("a key must be text, not an alias"));
    assert_eq!(refused(""), "line 1, column 1: the file is empty");
    assert!(refused("a: [1, 2").starts_with("line 2, column 1: invalid YAML: "), "{}", refused("a: [1, 2"));
    assert_eq!(parse(b"a: b\nc: \xff").unwrap_err().to_string(), "line 2, column 4: the file is not valid UTF-8");
    parse("\u{feff}a: 1".as_bytes()).unwrap();
}

#[test]
fn aliases_repeat_values_but_cannot_exhaust_memory() {
    let document = parse(b"a: &x [1, 2]\nb: *x").unwrap();
    let mut members = document.root().members().unwrap();
    assert_eq!(members.required("b").unwrap().items().unwrap().len(), 2);
    assert!(refused("a: &x [*x]").contains("inside the value"), "{}", refused("a: &x [*x]"));

    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        let before = i - 1;
        laughs += &format!("a{i}: &a{i} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n");
    }
    assert!(refused(&laughs).ends_with("the file has more than 10000 values"));
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for i in 1..40 {
        deep += &format!("a{i}: &a{i} [*a{}]\n", i - 1);
    }
    assert!(refused(&deep).ends_with("values are nested deeper than 32"));
}

#[test]
fn depth_and_size_are_limited() {
    for open in ["[", "{a: ", "- "] {
        assert!(refused(&open.repeat(40)).ends_with("nested deeper than 32"), "{open}");
        // The parser has a limit of its own, which it may reach while it looks ahead.
        let problem = refused(&open.repeat(50_000));
        assert!(problem.contains("deeper than 32") || problem.contains("limit"), "{open} {problem}");
    }
    assert!(refused(&"#".repeat(2 << 20)).ends_with("larger than 262144 bytes"));
    assert!(refused(&"- a\n".repeat(20_000)).ends_with("more than 10000 values"));
}

#[test]
fn names_of_the_users_choice_are_read_with_their_keys() {
    let document = parse(b"enabled: true\nbeta: 1\nalpha: 2").unwrap();
    let mut members = document.root().members().unwrap();
    members.optional("enabled");
    let rest: Vec<_> = members.rest().map(|(key, value)| (key.text, value.integer(0..=9).unwrap())).collect();
    assert_eq!(rest, [("beta", 1), ("alpha", 2)]);
}
