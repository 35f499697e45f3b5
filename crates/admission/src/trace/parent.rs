//! The header `traceparent` of W3C Trace Context, level 1: the span of the caller, and whether its trace is recorded.

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The trace.
    pub trace: u128,
    /// The caller's span.
    pub span: u64,
    /// Whether the caller records its trace. If it does not, nothing is recorded here.
    pub is_sampled: bool,
}

impl Parent {
    /// Reads the header. `None` if it is malformed: then the request begins a trace of its own, as the specification
    /// says.
    pub fn read(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let mut parts = text.splitn(5, '-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hex(version, 2)?;
        // Later versions may have more parts.
        if version == 0xff || version == 0 && parts.next().is_some() {
            return None;
        }
        let trace = hex(trace, 32).filter(|trace| *trace != 0)?;
        let span = u64::try_from(hex(span, 16)?).ok().filter(|span| *span != 0)?;
        Some(Self { trace, span, is_sampled: hex(flags, 2)? & 1 == 1 })
    }
}

/// So many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_hex)).then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_header_as_the_specification_says() {
        let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent =
            Parent { trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, span: 0xb7ad_6b71_6920_3331, is_sampled: true };
        assert_eq!(Parent::read(valid.as_bytes()), Some(parent));
        let unsampled = valid.replace("-01", "-00");
        assert_eq!(Parent::read(unsampled.as_bytes()), Some(Parent { is_sampled: false, ..parent }));
        assert_eq!(Parent::read(valid.replace("-01", "-ff").as_bytes()), Some(parent));
        assert_eq!(Parent::read(valid.replacen("00-", "01-", 1).as_bytes()), Some(parent));
        assert_eq!(Parent::read(format!("{}-more", valid.replacen("00-", "cc-", 1)).as_bytes()), Some(parent));
        for bad in [
            String::new(),
            format!("{valid}-more"),
            format!("{valid}-"),
            format!(" {valid}"),
            valid.to_uppercase(),
            valid.replacen("00-", "ff-", 1),
            valid.replacen("00-", "0-", 1),
            valid.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            valid.replace("b7ad6b7169203331", &"0".repeat(16)),
            valid.replace("b7ad6b7169203331", "+7ad6b7169203331"),
            valid.replace("-01", "-1"),
            valid.replace('a', "ä"),
            "-".repeat(100_000),
        ] {
            assert_eq!(Parent::read(bad.as_bytes()), None, "{bad:.80}");
        }
        assert_eq!(Parent::read(b"\xff-"), None);
    }
}
