//! The expected verdicts of a case, and the found ones.

use super::rules::Rule;

/// The expected verdicts. A reason is part of this library's message: a refusal for another reason would test something
/// else.
#[derive(Debug, Clone, Copy)]
pub enum Expected {
    Accepted,
    Refused(&'static str),
    OnlyNotationAccepts(Rule, &'static str),
    OnlyWeAccept(Rule),
}

/// The verdicts of this library and notation on a case.
pub struct Verdicts {
    pub ours: Result<(), String>,
    pub notation: Result<(), String>,
}

impl Expected {
    /// The difference from the table, as a sentence.
    pub fn difference(self, verdicts: &Verdicts) -> Option<String> {
        let (we_accept, notation_accepts, reason, rule) = match self {
            Self::Accepted => (true, true, "", None),
            Self::Refused(reason) => (false, false, reason, None),
            Self::OnlyNotationAccepts(rule, reason) => (false, true, reason, Some(rule)),
            Self::OnlyWeAccept(rule) => (true, false, "", Some(rule)),
        };
        if (verdicts.ours.is_ok(), verdicts.notation.is_ok()) != (we_accept, notation_accepts) {
            let listed = rule.map_or("no difference".to_owned(), |rule| format!("a difference decided by {rule}"));
            return Some(format!("the table lists {listed}"));
        }
        match &verdicts.ours {
            Err(why) if !why.contains(reason) => Some(format!("we refuse it for a reason other than {reason:?}")),
            _ => None,
        }
    }
}
