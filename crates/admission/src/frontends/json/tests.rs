#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Arena, Below, Json, LeaveOut, MAX_DEPTH, MAX_VALUES, Number};

/// The same value as serde_json's tree.
fn tree(value: &Json<'_>) -> serde_json::Value {
    match value {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(value) => (*value).into(),
        Json::String(value) => (*value).into(),
        Json::Array(items) => items.iter().map(tree).collect::<Vec<_>>().into(),
        Json::Object(members) => {
            serde_json::Value::Object(members.iter().map(|(name, value)| (name.to_string(), tree(value))).collect())
        }
        Json::LeftOut => panic!("a value was left out"),
    }
}

fn error(text: &str) -> String {
    Json::read(text.as_bytes(), &Arena::for_text(0)).expect_err("it is refused").to_string()
}

/// Any value, not deep.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        (-1e300..1e300).prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(6, 64, 24, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..24).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..24)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in values(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        // Through its own reader first: it may round numbers.
        let expected: serde_json::Value = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(tree(&Json::read(&text, &Arena::for_text(0)).unwrap()), expected);
    }

    #[test]
    fn agrees_with_serde_json_about_changed_texts(value in values(), at: prop::sample::Index, byte: u8, cut: bool) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        let expected = serde_json::from_slice::<serde_json::Value>(&text);
        let arena = Arena::for_text(0);
        match Json::read(&text, &arena) {
            Ok(read) => prop_assert_eq!(tree(&read), expected.unwrap()),
            Err(error) => prop_assert!(expected.is_err() || error.to_string().contains("twice"), "{}", error),
        }
    }

    #[test]
    fn never_panics(text: Vec<u8>) {
        let _ = Json::read(&text, &Arena::for_text(0));
    }
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = r#"{"a": "b", "c": "d\n"}"#;
    let arena = Arena::for_text(0);
    let json = Json::read(text.as_bytes(), &arena).unwrap();
    let in_text = |value: &Json<'_>| text.as_bytes().as_ptr_range().contains(&value.str().unwrap().as_ptr());
    assert!(in_text(json.member("a").unwrap()));
    assert!(!in_text(json.member("c").unwrap()));
    assert_eq!(json.member("c").unwrap().str(), Some("d\n"));
}

#[test]
fn duplicate_members_are_refused_at_any_depth() {
    for text in [
        r#"{"a": 1, "a": 1}"#,
        r#"{"a": 1, "\u0061": 2}"#,
        r#"[[{"x": {"b": 1, "a": 1, "c": 2, "a": null}}]]"#,
        r#"{"": 1, "": 2}"#,
    ] {
        assert!(error(text).contains("twice"), "{}", error(text));
    }
    assert!(error(r#"{"a": {"b": 1, "b": 2}}"#).contains("the member \"b\" twice; it ends at line 1 column"));
    Json::read(br#"{"a": {"a": 1}, "b": {"a": 1}, "A": 1}"#, &Arena::for_text(0))
        .expect("the same name in different objects");
}

#[test]
fn duplicate_members_of_large_objects_are_found_in_linear_time() {
    let mut text = String::from("{");
    for number in 0..200_000 {
        write!(text, "\"{number}\":1,").unwrap();
    }
    Json::read(format!("{text}\"x\":1}}").as_bytes(), &Arena::for_text(0)).expect("all names differ");
    assert!(error(&format!("{text}\"7\":1}}")).contains("\"7\" twice"));
}

#[test]
fn what_follows_the_value_is_refused() {
    for text in ["{} {}", "{}x", "1 2", "null,", "{}\0"] {
        assert!(error(text).contains("trailing characters"), "{text}");
    }
    Json::read(b" {} \r\n\t", &Arena::for_text(0)).expect("white space");
}

#[test]
fn invalid_utf_8_is_refused() {
    for text in [&b"\"\xff\""[..], b"\"\xed\xa0\x80\"", b"\"\xc0\x80\"", b"{\"\xff\":1}", b"{}\xff"] {
        assert!(Json::read(text, &Arena::for_text(0)).unwrap_err().to_string().contains("not UTF-8"));
    }
    for text in ["\"\\ud800\"", "\"\\udc00\"", "\u{feff}{}"] {
        error(text);
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    Json::read(nested(MAX_DEPTH).as_bytes(), &Arena::for_text(0)).expect("the deepest");
    assert!(error(&nested(MAX_DEPTH + 1)).contains("more than 64 levels"));
    assert!(error(&"{\"a\":[".repeat(1_000_000)).contains("more than 64 levels"));
}

#[test]
fn the_number_of_values_is_bounded() {
    let many = |count: usize| format!("[{}1]", "1,".repeat(count - 2));
    Json::read(many(MAX_VALUES).as_bytes(), &Arena::for_text(0)).expect("the most");
    assert!(error(&many(MAX_VALUES + 1)).contains("more than 300000 values"));
    // It fails early: the rest of the text is not read.
    assert!(error(&format!("[{}", "[],".repeat(5_000_000))).contains("more than 300000 values at line 1 column 89999"));
}

#[test]
fn errors_are_short_and_printable() {
    let long = "\\u001b".repeat(100_000);
    let text = error(&format!("{{\"{long}\":1,\"{long}\":1}}"));
    assert!(text.len() < 1000 && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn pointers_lead_to_values() {
    let arena = Arena::for_text(0);
    let json = Json::read(br#"{"a": [{"b/c~d": 1}], "": {"": 2}, "0": 3}"#, &arena).unwrap();
    let number = |pointer: &str| json.pointer(pointer).map(|value| tree(value).as_u64().unwrap());
    assert_eq!(number("/a/0/b~1c~0d"), Some(1));
    assert_eq!(number("//"), Some(2));
    assert_eq!(number("/0"), Some(3));
    assert_eq!(json.pointer(""), Some(&json));
    for pointer in ["a", "/a/1", "/a/00", "/a/-", "/a/+0", "/b", "/a/0/b/c~d", "/a/99999999999999999999"] {
        assert_eq!(json.pointer(pointer), None, "{pointer}");
    }
}

#[test]
fn null_members_count_as_absent_where_asked() {
    let arena = Arena::for_text(0);
    let json = Json::read(br#"{"a": null, "b": 1}"#, &arena).unwrap();
    assert!(json.member("a").is_some() && json.present("a").is_none() && json.present("b").is_some());
    assert!(json.member("b").unwrap().member("x").is_none(), "a number has no members");
}

#[test]
fn members_are_left_out_at_their_places_only() {
    const LEAVE_OUT: LeaveOut = &[("a", Below::Members(&[("b", Below::All)]))];
    let read = |text: &str, look: &dyn Fn(&Json<'_>)| {
        look(&Json::read_without(text.as_bytes(), LEAVE_OUT, &Arena::for_text(0)).unwrap());
    };
    read(r#"{"a": {"b": {"c": 1}, "d": 2}, "b": 3, "e": {"a": {"b": 4}}, "f": [{"a": {"b": 5}}]}"#, &|json| {
        assert_eq!(json.pointer("/a/b"), Some(&Json::LeftOut));
        assert_eq!(json.pointer("/a/b/c"), None);
        for (place, number) in [("/a/d", 2), ("/b", 3), ("/e/a/b", 4), ("/f/0/a/b", 5)] {
            assert_eq!(json.pointer(place), Some(&Json::Number(Number::Unsigned(number))), "{place}");
        }
    });
    // A member's name counts as it is read, not as it is written; and what is left out is there.
    read(r#"{"\u0061": {"\u0062": null}}"#, &|json| {
        assert_eq!(json.pointer("/a").unwrap().present("b"), Some(&Json::LeftOut));
    });
    read(r#"{"a": [{"b": 1}]}"#, &|json| {
        assert_eq!(json.pointer("/a/0/b"), Some(&Json::Number(Number::Unsigned(1))));
    });
}

#[test]
fn what_is_left_out_is_json_and_comes_once() {
    const LEAVE_OUT: LeaveOut = &[("a", Below::All)];
    let read = |text: &str| Json::read_without(text.as_bytes(), LEAVE_OUT, &Arena::for_text(0)).map(drop);
    let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    for text in [r#"{"a": {"b": 1, "b": 2}}"#, r#"{"a": 1e999}"#, &deep] {
        assert!(read(text).is_ok(), "{:.40}", text);
    }
    for text in [
        r#"{"a": {"b": 1}, "a": {"b": 1}}"#,
        r#"{"a": {"b"}}"#,
        r#"{"a": [1,]}"#,
        r#"{"a": "\x"}"#,
        r#"{"a": 01}"#,
        r#"{"a": nul}"#,
        r#"{"a": ["#,
        r#"{"a": ]}"#,
        "{\"a\": \"\n\"}",
        r#"{"a": 1} 2"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
