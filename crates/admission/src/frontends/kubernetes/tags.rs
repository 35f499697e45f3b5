//! Verified images that run by tag: the digest that was verified may not be the one that runs.

use std::sync::Arc;

use crate::decision::{Code, Decision, ImageDecision, Outcome, Why};

/// Makes refusals of verified images without digest: `kubernetes.tags: refuse`.
pub(super) fn refuse(decision: &mut Decision) {
    for image in decision.images.iter_mut().filter(|image| runs_by_tag(image)) {
        let pinned = image.pinned_with_tag();
        let message = match pinned {
            Some(pinned) => format!("the image is verified, but its tag can move; write {pinned}"),
            None => "the image is verified, but its tag can move; add its digest".to_owned(),
        };
        *image = image.changed(|image| {
            image.outcome = Outcome::Refused;
            image.why = Some(Arc::new(Why { code: Code::InvalidReference, check: None, message }));
        });
    }
}

/// Whether an image was verified and is written without digest.
pub(super) fn runs_by_tag(image: &ImageDecision) -> bool {
    image.outcome == Outcome::Verified && image.name.as_ref().is_none_or(|name| !name.is_pinned)
}
