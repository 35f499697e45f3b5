//! Names of buckets and keys of objects: Amazon S3 user guide, "Bucket naming rules" and "Naming objects".

/// The longest key in bytes.
pub const MAX_KEY: usize = 1024;

/// Whether a text is the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots.
#[must_use]
pub fn is_bucket(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| letter(*b) || matches!(b, b'-' | b'.'))
        && bytes.first().is_some_and(|b| letter(*b))
        && bytes.last().is_some_and(|b| letter(*b))
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// Whether a text is the key of an object.
#[must_use]
pub fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_by_the_rules_of_s3() {
        for name in ["abc", "a.b-c", "1bucket", &"a".repeat(63)] {
            assert!(is_bucket(name), "{name}");
        }
        for name in
            ["", "ab", "Abc", "a_b", "-abc", "abc-", ".abc", "a..b", "192.168.5.4", "a/b", "\u{fc}bc", &"a".repeat(64)]
        {
            assert!(!is_bucket(name), "{name}");
        }
        assert!(is_key("a") && !is_key("") && !is_key(&"a".repeat(1025)));
    }
}
