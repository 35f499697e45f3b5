//! The keys of the caches.

use aws_lc_rs::digest::{SHA256, digest};

/// Enough for the parts of nearly all keys.
const USUAL: usize = 384;

/// Everything that an entry depends on, as a SHA-256 digest: equal keys mean equal questions, even if a stranger chose
/// the names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

/// Makes a key of parts. Each part counts with its length, so that no two lists of parts make the same key.
///
/// They are gathered and hashed at once: a hash in steps has a state on the heap.
pub struct KeyBuilder(Vec<u8>);

impl Key {
    /// Starts a key for this kind of question.
    #[must_use]
    pub fn of(kind: &str) -> KeyBuilder {
        KeyBuilder(Vec::with_capacity(USUAL)).with(kind)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", hex::encode(&self.0[..6]))
    }
}

impl KeyBuilder {
    /// Adds a part.
    #[must_use]
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// The key.
    #[must_use]
    pub fn key(self) -> Key {
        let mut bytes = [0; 32];
        // SHA-256 has 32 bytes.
        bytes.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        Key(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keys = [
            Key::of("a").with("bc").key(),
            Key::of("ab").with("c").key(),
            Key::of("a").with("b").with("c").key(),
            Key::of("a").with("bc").with("").key(),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(at));
        }
    }
}
