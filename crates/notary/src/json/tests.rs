#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use proptest::prelude::*;

use super::*;

fn syntax(text: &str) -> String {
    match parse_object("request", text.as_bytes()) {
        Err(JsonError::Syntax(why)) => why,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn rejects_duplicate_keys_at_every_level() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"x":{"a":1,"a":2}}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
        assert!(syntax(text).contains("duplicate key"), "{text}");
    }
}

#[test]
fn rejects_anything_but_one_document() {
    assert!(parse_object("r", b" {} \n").is_ok());
    for text in ["", "{}{}", "{} x", "{\"a\":1,}", "nul", "{\"a\":NaN}", "\u{feff}{}"] {
        syntax(text);
    }
    syntax(&format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200)));
}

#[test]
fn rejects_millions_of_small_values() {
    for small in ["0,", "{},", r#"{"a":0},"#, "[[[[[[[[0]]]]]]]],"] {
        let document = format!(r#"{{"manifests":[{}0]}}"#, small.repeat(4_000_000 / small.len()));
        assert!(matches!(parse_object("r", document.as_bytes()), Err(JsonError::TooManyValues { .. })), "{small}");
    }
}

#[test]
fn rejects_arrays_in_place_of_objects() {
    assert_eq!(parse_object("request", b"[1]").unwrap_err().to_string(), "request must be an object, not an array");
    let mut outer = parse_object("request", br#"{"a":{"b":[1]}}"#).unwrap();
    let mut inner = outer.object("a").unwrap();
    assert_eq!(inner.object("b").unwrap_err().to_string(), "a.b must be an object, not an array");
}

#[test]
fn errors_contain_no_control_characters() {
    let unknown = parse_object("request", br#"{"a\u001b[2J\u202eb":1}"#).unwrap().finish().unwrap_err().to_string();
    assert_eq!(unknown, "unknown member a [2J b");
    let values = parse_object("request", br#"{"\r\u009bm":1}"#).unwrap().into_strings().unwrap_err().to_string();
    assert_eq!(values, "  m must be a string, not a number");
}

#[test]
fn treats_null_as_absent() {
    let mut o = parse_object("request", br#"{"a":null,"b":null,"c":""}"#).unwrap();
    assert_eq!(o.optional_string("a"), Ok(None));
    assert!(o.strings("b").unwrap().is_empty());
    assert_eq!(o.string("c").unwrap_err().to_string(), "c is missing or empty");
}

/// A JSON document as text, in a tree that allows duplicate keys.
#[derive(Debug, Clone)]
enum Node {
    Leaf(String),
    Array(Vec<Node>),
    /// Keys in their JSON form, and values.
    Object(Vec<(String, Node)>),
}

impl Node {
    fn text(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Array(items) => format!("[{}]", items.iter().map(Self::text).collect::<Vec<_>>().join(" ,")),
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(key, node)| format!("{key} :{}", node.text())).collect();
                format!("{{ {}}}", members.join(", "))
            }
        }
    }

    fn has_equal_keys(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            Self::Array(items) => items.iter().any(Self::has_equal_keys),
            Self::Object(members) => {
                let keys: std::collections::BTreeSet<String> =
                    members.iter().map(|(key, _)| serde_json::from_str(key).unwrap()).collect();
                keys.len() < members.len() || members.iter().any(|(_, node)| node.has_equal_keys())
            }
        }
    }
}

/// Documents with strings, escapes and numbers of every form. The keys come from a set small enough for duplicates.
fn node() -> impl Strategy<Value = Node> {
    let text = prop_oneof!["[abc]{0,2}", "\\PC{0,5}"].prop_map(|text| serde_json::to_string(&text).unwrap());
    let escaped = proptest::sample::select(vec![r#""\u0061""#, r#""\ud834\udd1e""#, r#""\/""#, r#""b\u0063""#]);
    let string = prop_oneof![text, escaped.prop_map(str::to_owned)];
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
    ];
    let word = proptest::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let key = string.clone();
    prop_oneof![string, number, word].prop_map(Node::Leaf).prop_recursive(4, 24, 5, move |inner| {
        let members = proptest::collection::vec((key.clone(), inner.clone()), 0..5);
        prop_oneof![proptest::collection::vec(inner, 0..4).prop_map(Node::Array), members.prop_map(Node::Object)]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_except_for_duplicate_keys(
        members in proptest::collection::vec(("[abc]{1,2}".prop_map(|k| format!("{k:?}")), node()), 0..5)
    ) {
        let node = Node::Object(members);
        let text = node.text();
        match (parse_object("document", text.as_bytes()), serde_json::from_str::<Value>(&text)) {
            (Ok(object), Ok(value)) => {
                prop_assert!(!node.has_equal_keys(), "{}", text);
                prop_assert_eq!(Value::Object(object.into_members()), value);
            }
            (Err(JsonError::Syntax(why)), Ok(_)) => prop_assert!(node.has_equal_keys() && why.contains("duplicate key"), "{}", why),
            (Err(_), Err(_)) => {}
            (read, other) => prop_assert!(false, "{}: {:?}, {:?}", text, read, other),
        }
    }

    #[test]
    fn rejects_what_serde_json_rejects(bytes in proptest::collection::vec(any::<u8>(), 0..40), text in "[\\[\\]{}\",:0-9a\\\\ eE.+-]{0,30}") {
        for input in [&bytes[..], text.as_bytes()] {
            if serde_json::from_slice::<Value>(input).is_err() {
                prop_assert!(parse_object("document", input).is_err());
            }
        }
    }
}

#[test]
fn names_a_byte_order_mark() {
    for bytes in [&b"\xef\xbb\xbf{}"[..], b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
        let why = parse_object("config", bytes).map_err(|why| why.to_string());
        assert!(why.is_err_and(|why| why.contains("byte order mark")), "{bytes:?}");
    }
}
