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
/// How far ahead the clock of the replica that wrote an entry may be. See `connect`, which compares clocks.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejection {
    /// It was changed, cut, or written by a stranger or with another key.
    #[error("its MAC is of none of the keys in cache.redis.keyFiles")]
    Forged,
    /// It was moved.
    #[error("it was written under another name")]
    Moved,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// A clock is wrong.
    #[error("it is from the future")]
    Future,
    /// It is too long or too short, or of a version or form that this program does not write.
    #[error("it has no form that this version writes")]
    Malformed,
}

impl Rejection {
    /// Those that late answers and clocks do not explain: a replica has other keys or another version, or a stranger
    /// writes.
    pub const SUSPICIOUS: [Self; 3] = [Self::Forged, Self::Moved, Self::Malformed];
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
    /// Keys with these secrets. `None` if the list is empty.
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
mod tests;
