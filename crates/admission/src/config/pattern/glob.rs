//! One part of a name against one part of a pattern: `*` stands for any characters of the part, or none.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glob {
    /// The part without `*`.
    Literal(Box<str>),
    /// The part with `*`.
    Wild(Box<str>),
}

impl Glob {
    pub fn new(part: &str) -> Self {
        if part.contains('*') { Self::Wild(part.into()) } else { Self::Literal(part.into()) }
    }

    /// Whether the part of a name matches, capital letters of ASCII counting as small ones if `folds`; the pattern has
    /// small letters then.
    pub fn matches(&self, part: &str, folds: bool) -> bool {
        match self {
            Self::Literal(text) if folds => text.eq_ignore_ascii_case(part),
            Self::Literal(text) => **text == *part,
            Self::Wild(pattern) => wild(pattern.as_bytes(), part.as_bytes(), folds),
        }
    }

    /// Whether everything that another pattern matches is certain to match. Its `*` is a character here that only `*`
    /// stands for.
    pub fn includes(&self, other: &Self) -> bool {
        let (Self::Literal(text) | Self::Wild(text)) = other;
        self.matches(text, false)
    }
}

/// Only the last `*` is ever tried again: if the text between two `*` is found early, what follows has the most choice.
/// So the time is at most the product of the two lengths, whatever the name.
fn wild(pattern: &[u8], text: &[u8], folds: bool) -> bool {
    let (mut at, mut position) = (0, 0);
    // Where the pattern goes on after its last `*`, and the text that this is tried on.
    let mut last: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(position) {
        let byte = if folds { byte.to_ascii_lowercase() } else { byte };
        match (pattern.get(at), last) {
            (Some(b'*'), _) => {
                at += 1;
                last = Some((at, position));
            }
            (Some(&expected), _) if expected == byte => {
                at += 1;
                position += 1;
            }
            (_, Some((after, tried))) => {
                at = after;
                position = tried + 1;
                last = Some((after, position));
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}
