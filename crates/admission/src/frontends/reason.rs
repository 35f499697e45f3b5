//! Reasons in answers: at most [`MAX_MESSAGE`] bytes.

use super::MAX_MESSAGE;
use crate::decision::Why;

/// The check that failed, if one did, and why.
pub fn reason(why: &Why) -> String {
    shortened(match why.check {
        Some(check) => format!("{check}: {}", why.message),
        None => why.message.clone(),
    })
}

/// The text, or its beginning if it is too long.
pub fn shortened(mut text: String) -> String {
    const CUT: &str = "…";
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE - CUT.len()));
        text.push_str(CUT);
    }
    text
}
