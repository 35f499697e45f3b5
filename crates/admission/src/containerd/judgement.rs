//! What containerd is told: whether the image may be pulled, and the reason in one line.

use notary::text::printable;

use crate::decision::{ImageDecision, Verdict};
use crate::frontends::reason::shortened;

/// The answer to containerd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the image may be pulled: exit code 0.
    pub is_allowed: bool,
    /// Why, in one printable line of at most 4 kB.
    pub reason: String,
}

impl Judgement {
    /// The image must not be pulled.
    #[must_use]
    pub fn blocked(reason: impl AsRef<str>) -> Self {
        Self::new(false, reason.as_ref())
    }

    pub(super) fn new(is_allowed: bool, reason: &str) -> Self {
        Self { is_allowed, reason: shortened(printable(reason.trim())) }
    }

    /// What a decision means for the image.
    pub(super) fn of(decision: &ImageDecision) -> Self {
        let is_allowed = decision.verdict() == Verdict::Allowed;
        let mut reason = decision.to_string();
        if is_allowed && !decision.outcome.is_good() {
            reason.push_str("; allowed, because the rule only ");
            reason.push_str(if decision.is_warned { "warns" } else { "audits" });
        }
        if decision.is_stale {
            reason.push_str("; verified before, but revocation cannot be checked now");
        }
        Self::new(is_allowed, &reason)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decision::{Code, Outcome, Why};
    use crate::frontends::scripted::decision;

    #[test]
    fn the_reason_is_one_line_of_at_most_4_kb() {
        let mut refused = decision("a:1", Outcome::Refused);
        let message = format!("first\nsecond\u{1b}{}", "x".repeat(10_000));
        refused.why = Some(Arc::new(Why::new(Code::Revoked, message)));
        let judgement = Judgement::of(&refused);
        assert!(!judgement.is_allowed && judgement.reason.len() <= 4096, "{}", judgement.reason.len());
        assert!(!judgement.reason.chars().any(char::is_control));
        refused.is_enforced = false;
        refused.why = None;
        let judgement = Judgement::of(&refused);
        assert!(judgement.is_allowed && judgement.reason.ends_with("; allowed, because the rule only audits"));
    }
}
