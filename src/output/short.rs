//! Short forms of digests, for text below a line that has them in full.

/// The hexadecimal digits that a short digest keeps at each end.
const KEPT: usize = 4;

/// The text with a short form of this digest, such as `sha256:fac0…ae58`.
#[must_use]
pub fn shortened(text: &str, digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) if hex.len() > 2 * KEPT && hex.is_ascii() => {
            text.replace(digest, &format!("{algorithm}:{}…{}", &hex[..KEPT], &hex[hex.len() - KEPT..]))
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn shortens_only_the_given_digest() {
        let (known, other) = (format!("sha256:fac0{}ae58", "1".repeat(56)), format!("sha256:{}", "2".repeat(64)));
        assert_eq!(
            shortened(&format!("for {other}, not {known}"), &known),
            format!("for {other}, not sha256:fac0…ae58")
        );
        for digest in ["", "sha256:", "sha256:12345678", "no digest"] {
            assert_eq!(shortened("as it is", digest), "as it is");
        }
    }
}
