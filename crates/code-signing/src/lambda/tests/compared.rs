//! What is reported of a signed file that was changed.

use super::{sample, signed};
use crate::lambda::{Difference, MANIFEST, ManifestError, SIGNATURE, SignedZip};
use crate::zip::tests::forge::{Forged, archive, archive_with};
use crate::zip::{Limits, ZipError};

/// The entries of a signed file, to be changed.
fn entries() -> Vec<Forged> {
    let plain = [
        Forged::stored("a", b"content of a"),
        Forged::deflated("b", b"content of b"),
        Forged::stored("c", b"content of c"),
    ];
    let signed = signed(&archive(&plain)).unwrap();
    let opened = SignedZip::open(&signed, &Limits::LAMBDA).unwrap();
    let signature = [Forged::stored(MANIFEST, opened.manifest()), Forged::stored(SIGNATURE, opened.envelope())];
    plain.into_iter().chain(signature).collect()
}

fn found(entries: &[Forged]) -> Vec<String> {
    let zip = archive(entries);
    let opened = SignedZip::open(&zip, &Limits::LAMBDA).unwrap();
    opened.compare(&zip).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_differs_in_what_was_signed() {
    assert_eq!(found(&entries()), [""; 0]);
}

#[test]
fn every_difference_is_named() {
    let changed = |change: fn(&mut Vec<Forged>)| {
        let mut entries = entries();
        change(&mut entries);
        found(&entries)
    };
    assert_eq!(changed(|e| e[0] = Forged::stored("a", b"CONTENT of a")), ["a was changed: other content"]);
    assert_eq!(
        changed(|e| e[0] = Forged::stored("a", b"longer content of a")),
        ["a was changed: 19 bytes in place of 12"]
    );
    assert_eq!(
        changed(|e| e[1].central.external_attributes = 0o104_755 << 16),
        ["b was changed: mode 104755 in place of 100644"]
    );
    assert_eq!(changed(|e| e[1].central.external_attributes |= 1), ["b was changed: other attributes"]);
    assert_eq!(changed(|e| e[1].central.made_by = 0x0014), ["b was changed: other attributes"]);
    assert_eq!(changed(|e| e[1].central.local.modified += 1), ["b was changed: another time of the last change"]);
    assert_eq!(changed(|e| e[1] = Forged::stored("b", b"content of b")), ["b was changed: compressed in another way"]);
    assert_eq!(changed(|e| drop(e.remove(1))), ["b is missing"]);
    assert_eq!(changed(|e| e.insert(3, Forged::stored("d", b"x"))), ["d was added after signing"]);
    assert_eq!(changed(|e| e.push(Forged::stored("d", b"x"))), ["d was added after signing"]);
    assert_eq!(changed(|e| e[2] = Forged::stored("z", b"content of c")), ["c was renamed to z"]);
    assert_eq!(
        changed(|e| {
            e[2] = Forged::stored("z", b"content of c");
            e.insert(0, Forged::stored("x", b"new"));
            e[1] = Forged::stored("a", b"CONTENT of a");
        }),
        ["a was changed: other content", "c was renamed to z", "x was added after signing"]
    );
}

#[test]
fn orders_and_other_bytes_are_covered() {
    let changed = |change: fn(&mut Vec<Forged>)| {
        let mut entries = entries();
        change(&mut entries);
        let zip = archive(&entries);
        SignedZip::open(&zip, &Limits::LAMBDA).unwrap().compare(&zip).unwrap()
    };
    assert_eq!(changed(|e| e.swap(0, 1)), [Difference::Order]);
    assert_eq!(changed(|e| e.swap(2, 3)), [Difference::Archive], "the signature is not at the end");
    assert_eq!(changed(|e| e.swap(3, 4)), [Difference::Archive], "the signature is in another order");
    assert_eq!(changed(|e| e[0].comment = b"x".to_vec()), [Difference::Archive]);
    assert_eq!(changed(|e| e[0].local_extra = b"xx\0\0".to_vec()), [Difference::Archive]);
    assert_eq!(changed(|e| e[0].local.modified = 0), [Difference::Archive]);
    let recompressed = |e: &mut Vec<Forged>| {
        // A stored block in place of a compressed one: the same content in other bytes.
        let data = [&[1, 12, 0, 0xf3, 0xff][..], b"content of b"].concat();
        let size = u32::try_from(data.len()).unwrap();
        (e[1].local.compressed, e[1].central.local.compressed, e[1].data) = (size, size, data);
    };
    assert_eq!(changed(recompressed), [Difference::Archive]);
    let zip = archive_with(&entries(), b"a comment", |_| {});
    assert_eq!(SignedZip::open(&zip, &Limits::LAMBDA).unwrap().compare(&zip).unwrap(), [Difference::Archive]);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let whole = signed(&sample()).unwrap();
    let opened = SignedZip::open(&whole, &Limits::LAMBDA).unwrap();
    let (manifest, envelope) = (opened.manifest().to_vec(), opened.envelope().to_vec());
    let mut unnoticed = Vec::new();
    for at in 0..whole.len() {
        let mut zip = whole.clone();
        zip[at] ^= 0x20;
        let Ok(opened) = SignedZip::open(&zip, &Limits::LAMBDA) else { continue };
        // The envelope covers the manifest, and itself.
        if opened.manifest() != manifest || opened.envelope() != envelope {
            continue;
        }
        if opened.compare(&zip).is_ok_and(|differences| differences.is_empty()) {
            unnoticed.push(at);
        }
    }
    // What is left are the headers of the two entries of the signature, which no one signs: their times and attributes.
    let first = whole.windows(MANIFEST.len()).position(|bytes| bytes == MANIFEST.as_bytes()).unwrap() - 30;
    assert!(unnoticed.iter().all(|at| *at >= first), "{unnoticed:?}, of {first}");
    assert!(unnoticed.len() < 80, "{} bytes", unnoticed.len());
}

#[test]
fn a_manifest_in_another_form_is_refused() {
    let text = String::from_utf8(entries()[3].data.clone()).unwrap();
    for (other, why) in [
        (text.replace(":1,", ": 1,"), "only form"),
        (text.replace("\"schemaVersion\":1", "\"schemaVersion\":2"), "update"),
        (text.replace("{\"schemaVersion\":1", "{\"x\":1,\"schemaVersion\":1"), "unknown field"),
        (text.replace("\"size\"", "\"size\":1,\"size\""), "duplicate"),
        ("{}".to_owned(), "missing"),
    ] {
        let mut entries = entries();
        entries[3] = Forged::stored(MANIFEST, other.as_bytes());
        let zip = archive(&entries);
        let found = SignedZip::open(&zip, &Limits::LAMBDA).unwrap().compare(&zip).unwrap_err();
        assert!(
            matches!(found, crate::lambda::CompareError::Manifest(_)) && found.to_string().contains(why),
            "{found}"
        );
    }
    assert!(matches!(super::super::Manifest::parse(b"[1]"), Err(ManifestError::Json(_))));
}

#[test]
fn files_without_a_signature_are_told_apart() {
    let without = |at: usize| {
        let mut entries = entries();
        entries.remove(at);
        SignedZip::open(&archive(&entries), &Limits::LAMBDA).unwrap_err()
    };
    assert!(matches!(without(3), ZipError::NotSigned(MANIFEST)));
    assert!(matches!(without(4), ZipError::NotSigned(SIGNATURE)));
    assert!(matches!(SignedZip::open(&sample(), &Limits::LAMBDA), Err(ZipError::NotSigned(_))));
}
