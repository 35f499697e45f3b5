//! The validation `expiry`: an expired signature is refused.

use notary::envelope::SignedAttributes;
use time::OffsetDateTime;

use super::finding::Finding;
use super::reason::Reason;

pub(super) fn check(attributes: &SignedAttributes, now: OffsetDateTime) -> Result<Finding, Reason> {
    match attributes.expiry {
        Some(at) if now >= at => Err(Reason::Expired { at }),
        expiry => Ok(Finding::NotExpired { expiry }),
    }
}
