//! Entries of the shared cache: what, under which name, asked for when, until when, with a MAC (HMAC-SHA-256, RFC 2104)
//! over all of it. An entry is believed only under its own name and in its time.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use time::OffsetDateTime;

use crate::cache::Key;

/// The most bytes of an entry. A signature of AWS Signer has 7,000 with its manifest; larger ones are not shared.
pub const MAX_ENTRY: usize = 32 * 1024;
/// The bytes of an entry beside its body.
pub const OVERHEAD: usize = HEADER + MAC;

/// Version, kind, name, asked, expires.
const HEADER: usize = 1 + 1 + NAME + 8 + 8;
const NAME: usize = 32;
const MAC: usize = 32;
const VERSION: u8 = 1;
/// What the MAC is for: one with the same key for another purpose is another one.
const PURPOSE: &[u8] = b"notation-aws-signer admission: entry of the shared cache\0";
const PRIVATE: &[u8] = b"notation-aws-signer admission: name in the shared cache\0";
/// How far ahead the clock of the replica that wrote an entry may be. See `connection`, which compares clocks.
const AHEAD: u64 = 5_000;
/// No entry is for longer.
const LONGEST: u64 = 25 * 60 * 60 * 1000;

/// What an entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer about revocation: nothing is revoked.
    NotRevoked,
    /// An answer about revocation: something is.
    Revoked,
    /// A signature: its manifest and its envelope.
    Signature,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::NotRevoked => 1,
            Self::Revoked => 2,
            Self::Signature => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::NotRevoked => "not-revoked",
            Self::Revoked => "revoked",
            Self::Signature => "signature",
        }
    }
}

/// The name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name([u8; NAME]);

impl Name {
    /// The name of what everyone may know to be asked for.
    pub fn of(kind: Kind, key: &Key) -> Self {
        Self(*Key::of("shared").with([kind.number()]).with(key.as_bytes()).key().as_bytes())
    }

    /// The key in Redis.
    pub fn in_redis(&self, kind: Kind) -> String {
        format!("notation-admission:{}:{}", kind.word(), hex::encode(self.0))
    }
}

/// A time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milliseconds(u64);

impl Milliseconds {
    pub fn of(time: OffsetDateTime) -> Self {
        // Times before 1970 are those of a clock that was never set.
        Self(u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
    }

    pub fn utc(self) -> OffsetDateTime {
        // An entry that is believed is not far ahead of now.
        let nanoseconds = i128::from(self.0) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// How much later it is than `other`.
    pub fn after(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

/// Why an entry is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// Its MAC is of none of the keys: it was changed, cut, or written by a stranger or with another key.
    Forged,
    /// It is that of another name.
    Moved,
    /// Its time is over.
    Expired,
    /// It is from the future: a clock is wrong.
    Future,
    /// It is too long or too short, or of a version or form that this program does not write.
    Malformed,
}

/// The keys that entries are believed by. The first one signs.
pub struct Keys(Vec<hmac::Key>);

/// An entry that is believed.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// When its content was asked for; not later than now.
    pub asked: Milliseconds,
    /// The content.
    pub body: &'a [u8],
}

impl Keys {
    /// Keys with these secrets, at least one. `None` if there is none.
    #[must_use]
    pub fn new(secrets: &[Vec<u8>]) -> Option<Self> {
        let keys: Vec<_> = secrets.iter().map(|secret| hmac::Key::new(HMAC_SHA256, secret)).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// A name that tells nothing about `key` to those without the first key.
    pub fn private_name(&self, key: &Key) -> Name {
        let mut name = [0; NAME];
        // There is a first key, and an HMAC-SHA-256 has 32 bytes.
        if let Some(first) = self.0.first() {
            let mut context = hmac::Context::with_key(first);
            context.update(PRIVATE);
            context.update(key.as_bytes());
            name.copy_from_slice(context.sign().as_ref());
        }
        Name(name)
    }

    /// An entry for this name.
    pub fn seal(&self, kind: Kind, name: &Name, asked: Milliseconds, expires: Milliseconds, body: &[u8]) -> Vec<u8> {
        let mut entry = Vec::with_capacity(OVERHEAD + body.len());
        entry.extend_from_slice(&[VERSION, kind.number()]);
        entry.extend_from_slice(&name.0);
        entry.extend_from_slice(&asked.0.to_be_bytes());
        entry.extend_from_slice(&expires.0.to_be_bytes());
        entry.extend_from_slice(body);
        if let Some(first) = self.0.first() {
            let mac = hmac::sign(first, &message(&entry));
            entry.extend_from_slice(mac.as_ref());
        }
        entry
    }

    /// Checks what was found under a name. Nothing of it is looked at before its MAC.
    ///
    /// # Errors
    /// Returns why it is not believed.
    pub fn open<'a>(
        &self,
        kind: Kind,
        name: &Name,
        entry: &'a [u8],
        now: Milliseconds,
    ) -> Result<Opened<'a>, Rejection> {
        if entry.len() > MAX_ENTRY {
            return Err(Rejection::Malformed);
        }
        let (signed, mac) = entry.split_last_chunk::<MAC>().ok_or(Rejection::Malformed)?;
        let content = message(signed);
        if !self.0.iter().any(|key| hmac::verify(key, &content, mac).is_ok()) {
            return Err(Rejection::Forged);
        }
        let (header, body) = signed.split_first_chunk::<HEADER>().ok_or(Rejection::Malformed)?;
        let [version, number, rest @ ..] = header;
        if *version != VERSION {
            return Err(Rejection::Malformed);
        }
        let (of_name, times) = rest.split_at(NAME);
        if *of_name != name.0 || *number != kind.number() {
            return Err(Rejection::Moved);
        }
        let (asked, expires) = times.split_at(8);
        let (asked, expires) = (milliseconds(asked), milliseconds(expires));
        if expires <= asked || expires.after(asked) > LONGEST {
            return Err(Rejection::Malformed);
        }
        if expires <= now {
            return Err(Rejection::Expired);
        }
        if asked.after(now) > AHEAD {
            return Err(Rejection::Future);
        }
        Ok(Opened { asked: asked.min(now), body })
    }

    /// Stands for the keys, to tell whether they are others.
    pub(super) fn fingerprint(secrets: &[Vec<u8>]) -> Vec<Vec<u8>> {
        secrets.iter().map(|secret| digest(&SHA256, secret).as_ref().to_vec()).collect()
    }
}

/// Without the keys.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

/// What the MAC is over.
fn message(entry: &[u8]) -> Vec<u8> {
    [PURPOSE, entry].concat()
}

/// Eight bytes.
fn milliseconds(bytes: &[u8]) -> Milliseconds {
    Milliseconds(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
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
        for (secret, content) in
            [(vec![1; 32], signed.to_vec()), (vec![], message(signed)), (vec![0; 32], message(signed))]
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
        let at =
            |now: u64| keys.open(Kind::NotRevoked, &name("a"), &entry, Milliseconds(now)).map(|opened| opened.asked);
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
}
