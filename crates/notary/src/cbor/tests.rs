//! Well-formedness and limits. The examples of RFC 8949 are in its appendices A and F.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::{CborError, Item, MAX_DEPTH, MAX_ITEMS, parse};

fn shown(text: &str) -> String {
    parse(&hex::decode(text).unwrap()).unwrap().to_string()
}

fn refused(bytes: &[u8]) -> CborError {
    parse(bytes).unwrap_err()
}

#[test]
fn reads_the_examples_of_appendix_a() {
    for (bytes, diagnostic) in [
        ("00", "0"),
        ("1818", "24"),
        ("1bffffffffffffffff", "18446744073709551615"),
        ("3bffffffffffffffff", "-18446744073709551616"),
        ("20", "-1"),
        ("f90000", "0.0"),
        ("f98000", "-0.0"),
        ("f93e00", "1.5"),
        ("fa47c35000", "100000.0"),
        ("fb3ff199999999999a", "1.1"),
        ("f90001", "5.960464477539063e-8"),
        ("f97c00", "Infinity"),
        ("f97e00", "NaN"),
        ("fbfff0000000000000", "-Infinity"),
        ("f4", "false"),
        ("f5", "true"),
        ("f6", "null"),
        ("f7", "undefined"),
        ("f0", "simple(16)"),
        ("f8ff", "simple(255)"),
        ("c11a514b67b0", "1(1363896240)"),
        ("c1fb41d452d9ec200000", "1(1363896240.5)"),
        ("d818456449455446", "24(h'6449455446')"),
        ("40", "h''"),
        ("4401020304", "h'01020304'"),
        ("62225c", r#""\"\\""#),
        ("8301820203820405", "[1, [2, 3], [4, 5]]"),
        ("a26161016162820203", r#"{"a": 1, "b": [2, 3]}"#),
        ("5f42010243030405ff", "h'0102030405'"),
        ("7f657374726561646d696e67ff", r#""streaming""#),
        ("9fff", "[]"),
        ("9f018202039f0405ffff", "[1, [2, 3], [4, 5]]"),
        ("bf61610161629f0203ffff", r#"{"a": 1, "b": [2, 3]}"#),
    ] {
        assert_eq!(shown(bytes), diagnostic, "{bytes}");
    }
}

#[test]
fn forms_that_are_longer_than_necessary_are_the_same_item() {
    let one = parse(&[0x01]).unwrap();
    for bytes in ["1801", "190001", "1a00000001", "1b0000000000000001"] {
        assert_eq!(parse(&hex::decode(bytes).unwrap()).unwrap(), one);
    }
    assert_eq!(shown("a20201190001f4"), "{1: false, 2: 1}");
    assert_eq!(shown("d80100"), "1(0)");
    assert_eq!(shown("580101"), "h'01'");
}

#[test]
fn refuses_what_is_not_well_formed() {
    // RFC 8949, appendix F.1: end of input, reserved additional information, reserved simple values, chunks, breaks.
    for bytes in [
        "",
        "18",
        "19",
        "1a",
        "1b",
        "1901",
        "1a0102",
        "1b01020304050607",
        "38",
        "58",
        "78",
        "98",
        "9a01ff00",
        "b8",
        "d8",
        "f8",
        "f900",
        "fa0000",
        "fb000000",
        "41",
        "61",
        "5affffffff00",
        "5bffffffffffffffff010203",
        "7affffffff00",
        "7b7fffffffffffffff010203",
        "81",
        "818181818181818181",
        "8200",
        "a1",
        "a20102",
        "a100",
        "a2000000",
        "c0",
        "5f4100",
        "7f6100",
        "9f",
        "9f0102",
        "bf",
        "bf01020202",
        "819f",
        "9f8000",
        "9f9f9f9f9fffffffff",
        "9f819f819f9fffffff",
        "1c",
        "1d",
        "1e",
        "3c",
        "3d",
        "3e",
        "5c",
        "5d",
        "5e",
        "7c",
        "7d",
        "7e",
        "9c",
        "9d",
        "9e",
        "bc",
        "bd",
        "be",
        "dc",
        "dd",
        "de",
        "fc",
        "fd",
        "fe",
        "f800",
        "f801",
        "f818",
        "f81f",
        "f814",
        "5f00ff",
        "5f21ff",
        "5f6100ff",
        "5f80ff",
        "5fa0ff",
        "5fc000ff",
        "5fe0ff",
        "7f4100ff",
        "5f5f4100ffff",
        "7f7f6100ffff",
        "ff",
        "81ff",
        "8200ff",
        "a1ff",
        "a1ff00",
        "a100ff",
        "a20000ff",
        "9f81ff",
        "9f829f819f9fffffffff",
        "bf00ff",
        "bf000000ff",
        "1f",
        "3f",
        "df",
        "61ff",
        "62c328",
        "7f61c361a9ff",
    ] {
        let why = refused(&hex::decode(bytes).unwrap());
        assert!(matches!(why, CborError::Malformed { .. }), "{bytes}: {why}");
    }
}

#[test]
fn refuses_bytes_after_the_item() {
    assert_eq!(refused(&[0x01, 0x02]), CborError::Trailing(1));
    assert_eq!(refused(&[0x9f, 0xff, 0xff]), CborError::Trailing(1));
}

#[test]
fn refuses_a_key_twice_at_every_level_and_in_every_form() {
    for (bytes, key) in [
        ("a201000100", "1"),
        ("a20100180100", "1"),
        ("bf010019000100ff", "1"),
        ("a2616100616100", r#""a""#),
        ("a26161007f6161ff00", r#""a""#),
        ("a24101005f4101ff00", "h'01'"),
        ("81a16161a2200020f6", "-1"),
        ("a2f97e0000fb7ff800000000000100", "NaN"),
        ("a2f9000000fa0000000000", "0.0"),
        ("a2820102009f0102ff00", "[1, 2]"),
        ("a2a20102030400a20304010200", "{1: 2, 3: 4}"),
    ] {
        assert_eq!(refused(&hex::decode(bytes).unwrap()), CborError::DuplicateKey(key.to_owned()), "{bytes}");
    }
    // These are different keys.
    for bytes in ["a201006131f6", "a20100f93c0000", "a2f9000000f9800000", "a2410100610100"] {
        parse(&hex::decode(bytes).unwrap()).unwrap();
    }
}

#[test]
fn limits_depth_and_items() {
    for nested in [vec![0x81], vec![0x9f], vec![0xa1, 0x00], vec![0xc1], vec![0xd8, 0x2a]] {
        let closing = |depth: usize| if nested == [0x9f] { vec![0xff; depth] } else { Vec::new() };
        let document = |depth: usize| [nested.repeat(depth), vec![0x00], closing(depth)].concat();
        parse(&document(MAX_DEPTH)).unwrap();
        assert_eq!(refused(&document(MAX_DEPTH + 1)), CborError::TooDeep);
        assert_eq!(refused(&document(5_000_000)), CborError::TooDeep);
    }
    let array = |items: usize| [vec![0x9f], vec![0x00; items], vec![0xff]].concat();
    parse(&array(MAX_ITEMS - 1)).unwrap();
    assert_eq!(refused(&array(MAX_ITEMS)), CborError::TooMany);
    assert_eq!(refused(&array(5_000_000)), CborError::TooMany);
    for part in [[0x5f, 0x40], [0x7f, 0x60]] {
        let parts = |count: usize| [&part[..1], &part[1..].repeat(count), &[0xff]].concat();
        parse(&parts(MAX_ITEMS - 1)).unwrap();
        assert_eq!(refused(&parts(MAX_ITEMS)), CborError::TooMany);
    }
    // A length that the document does not have reserves no memory.
    for head in ["9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff"] {
        assert!(matches!(refused(&hex::decode(head).unwrap()), CborError::Malformed { .. }));
    }
}

#[test]
fn only_the_same_values_become_json() {
    let json = |bytes: &str| parse(&hex::decode(bytes).unwrap()).unwrap().to_json();
    assert_eq!(json("a261618201f561626163"), Some(json!({"a": [1, true], "b": "c"})));
    assert_eq!(json("1bffffffffffffffff"), Some(json!(u64::MAX)));
    assert_eq!(json("3b7fffffffffffffff"), Some(json!(i64::MIN)));
    assert_eq!(json("f93e00"), Some(json!(1.5)));
    assert_eq!(json("f6"), Some(json!(null)));
    for without in ["3b8000000000000000", "4101", "c100", "f7", "f8ff", "f97e00", "f97c00", "a10000", "8141ff"] {
        assert_eq!(json(without), None, "{without}");
    }
}

#[test]
fn errors_have_the_start_of_a_long_item() {
    let long = [vec![0x59, 0xff, 0xff], vec![0xab; 0xffff]].concat();
    let shown = parse(&long).unwrap().shown();
    assert!(shown.starts_with("h'abab") && shown.ends_with("ab…"), "{shown}");
    assert_eq!(shown.chars().count(), 501);
    assert_eq!(Item::Text("a".into()).shown(), r#""a""#);
}
