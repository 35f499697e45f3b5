//! Entries, and attacks on them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

const NOW: Milliseconds = Milliseconds(1_800_000_000_000);
const TTL: u64 = 300_000;

fn keys(secrets: &[u8]) -> Keys {
    Keys::new(&secrets.iter().map(|secret| vec![*secret; 32]).collect::<Vec<_>>()).unwrap()
}

fn name(text: &str) -> Name {
    Name::of(Kind::NotRevoked, &Key::of(text).key())
}

fn sealed(keys: &Keys) -> Vec<u8> {
    keys.seal(Kind::NotRevoked, &name("a"), NOW, Milliseconds(NOW.0 + TTL), b"not revoked")
}

fn open<'a>(keys: &Keys, entry: &'a [u8]) -> Result<&'a [u8], Rejection> {
    keys.open(Kind::NotRevoked, &name("a"), entry, NOW).map(|opened| opened.body)
}

#[test]
fn an_entry_is_believed_under_its_name_in_its_time_by_any_of_the_keys() {
    let old = keys(&[1]);
    let entry = sealed(&old);
    assert_eq!(open(&old, &entry), Ok(&b"not revoked"[..]));
    // Keys are replaced: first both are believed, then the new one signs, then the old one goes.
    assert_eq!(open(&keys(&[1, 2]), &entry), Ok(&b"not revoked"[..]));
    assert_eq!(open(&keys(&[2, 1]), &entry), Ok(&b"not revoked"[..]));
    assert_eq!(open(&keys(&[2]), &entry), Err(Rejection::Forged));
    assert_eq!(open(&old, &sealed(&keys(&[2, 1]))), Err(Rejection::Forged));
}

#[test]
fn an_entry_that_was_changed_in_any_bit_or_cut_is_forged() {
    let keys = keys(&[1]);
    let entry = sealed(&keys);
    for place in 0..entry.len() {
        for bit in 0..8 {
            let mut changed = entry.clone();
            changed[place] ^= 1 << bit;
            assert_eq!(open(&keys, &changed), Err(Rejection::Forged), "byte {place}, bit {bit}");
        }
    }
    for length in 0..entry.len() {
        let rejection = if length < MAC { Rejection::Malformed } else { Rejection::Forged };
        assert_eq!(open(&keys, &entry[..length]), Err(rejection), "{length} bytes");
        assert!(open(&keys, &entry[entry.len() - length..]).is_err());
    }
    let mut longer = entry.clone();
    longer.push(0);
    assert_eq!(open(&keys, &longer), Err(Rejection::Forged));
    assert_eq!(open(&keys, &[entry.clone(), entry].concat()), Err(Rejection::Forged));
    assert_eq!(open(&keys, &vec![0; MAX_ENTRY + 1]), Err(Rejection::Malformed));
    assert_eq!(open(&keys, b""), Err(Rejection::Malformed));
}

#[test]
fn a_mac_without_the_purpose_or_with_an_empty_key_is_not_one() {
    let entry = sealed(&keys(&[1]));
    let (signed, _) = entry.split_at(entry.len() - MAC);
    for (secret, content) in [(vec![1; 32], signed.to_vec()), (vec![], message(signed)), (vec![0; 32], message(signed))]
    {
        let mac = hmac::sign(&hmac::Key::new(HMAC_SHA256, &secret), &content);
        assert_eq!(open(&keys(&[1]), &[signed, mac.as_ref()].concat()), Err(Rejection::Forged));
    }
    assert!(Keys::new(&[]).is_none());
}

#[test]
fn an_entry_that_was_moved_to_another_name_or_kind_is_rejected() {
    let keys = keys(&[1]);
    let entry = sealed(&keys);
    assert_eq!(keys.open(Kind::NotRevoked, &name("b"), &entry, NOW), Err(Rejection::Moved));
    assert_eq!(keys.open(Kind::Revoked, &name("a"), &entry, NOW), Err(Rejection::Moved));
    let key = Key::of("a").key();
    let names = [Name::of(Kind::NotRevoked, &key), Name::of(Kind::Revoked, &key), keys.private_name(&key)];
    for (place, name) in names.iter().enumerate() {
        assert_eq!(names.iter().position(|other| other == name), Some(place));
    }
}

#[test]
fn an_entry_is_rejected_from_its_expiry_on_and_before_it_can_have_been_written() {
    let keys = keys(&[1]);
    let entry = sealed(&keys);
    let at = |now: u64| keys.open(Kind::NotRevoked, &name("a"), &entry, Milliseconds(now)).map(|opened| opened.asked);
    assert_eq!(at(NOW.0 + TTL - 1), Ok(NOW));
    assert_eq!(at(NOW.0 + TTL), Err(Rejection::Expired));
    assert_eq!(at(u64::MAX), Err(Rejection::Expired));
    // The clock of the writer is a little ahead: then it was asked for now, not later.
    assert_eq!(at(NOW.0 - AHEAD), Ok(Milliseconds(NOW.0 - AHEAD)));
    assert_eq!(at(NOW.0 - AHEAD - 1), Err(Rejection::Future));
    assert_eq!(at(0), Err(Rejection::Future));
}

#[test]
fn an_entry_without_an_end_is_malformed_even_with_the_right_key() {
    let keys = keys(&[1]);
    for (asked, expires) in
        [(NOW.0, u64::MAX), (NOW.0, NOW.0 + LONGEST + 1), (NOW.0, NOW.0), (NOW.0, 0), (0, NOW.0 + 1)]
    {
        let entry = keys.seal(Kind::NotRevoked, &name("a"), Milliseconds(asked), Milliseconds(expires), b"");
        assert_eq!(open(&keys, &entry), Err(Rejection::Malformed), "{asked} to {expires}");
    }
}

#[test]
fn names_of_signatures_say_nothing_without_the_key() {
    let key = Key::of("team-a/pull-secret").key();
    assert_eq!(keys(&[1]).private_name(&key), keys(&[1, 2]).private_name(&key));
    assert_ne!(keys(&[1]).private_name(&key), keys(&[2, 1]).private_name(&key));
    assert_eq!(format!("{:?}", keys(&[1, 2])), "Keys(2)");
}
