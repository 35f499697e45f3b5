//! The image verifier of containerd: containerd/docs/image-verification.md, "bindir".
//!
//! containerd calls a program for each image that is pulled, with the name, the digest and a description on standard
//! input. Exit code 0 lets the image be pulled. What the program writes is the reason that the user sees. Whatever goes
//! wrong blocks the image.
//!
//! | File | What it has |
//! |---|---|
//! | `arguments` | the command line |
//! | `input` | what is on standard input, which must be about the same image |
//! | `judgement` | from a decision to the exit code and the reason |
//! | `socket` | asking the service on the same machine |

mod arguments;
mod input;
mod judgement;
mod socket;

use limits::Deadline;
use notary::Digest;

pub use self::arguments::{Arguments, ArgumentsError, Operation};
pub use self::input::{InputError, MAX_INPUT, check_input};
pub use self::judgement::Judgement;
pub use self::socket::{NoAnswer, ask};
use crate::decision::{ImageReference, PullIdentity, Question};
use crate::frontends::Decide;

/// The image that is pulled: the repository of the name, by the digest that containerd resolved.
///
/// # Errors
/// Returns a sentence if the name is not a reference, or has another digest.
pub fn image(name: &str, digest: &Digest) -> Result<String, String> {
    let shown = || notary::text::printable(&notary::text::start_of(name));
    let reference = ImageReference::parse(name).map_err(|why| format!("{}: {why}", shown()))?;
    match reference.digest() {
        Some(named) if named != digest => {
            Err(format!("{} names another digest than {digest}, which would be pulled", shown()))
        }
        _ => Ok(format!("{}@{digest}", reference.repository())),
    }
}

/// Judges an image of [`image`]. Nodes have no namespaces, and containerd says nothing of pull secrets.
pub async fn judge(decider: &impl Decide, image: &str, deadline: Deadline) -> Judgement {
    let pull = PullIdentity::default();
    let question = Question { namespace: None, images: vec![image.to_owned()], pull, deadline };
    let decision = decider.decide(question).await;
    match &decision.images[..] {
        [decided] if decided.image == image => Judgement::of(decided),
        _ => Judgement::blocked("internal error: the decision is about another image"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::time::Duration;

    use super::*;
    use crate::frontends::scripted::{Confused, Scripted};

    #[test]
    fn the_image_is_the_repository_of_the_name_by_the_digest() {
        let digest = Digest::sha256(b"a");
        for (name, repository) in [
            ("docker.io/library/nginx:1.27", "docker.io/library/nginx"),
            ("nginx", "docker.io/library/nginx"),
            ("localhost:5000/app:v1", "localhost:5000/app"),
            (&format!("ghcr.io/a/b:1@{digest}"), "ghcr.io/a/b"),
        ] {
            assert_eq!(image(name, &digest).unwrap(), format!("{repository}@{digest}"));
        }
        let other = format!("ghcr.io/a/b@{}", Digest::sha256(b"b"));
        for (name, expected) in [
            (other.as_str(), "names another digest"),
            ("ghcr.io/A/b", "ghcr.io/A/b: "),
            ("", ": "),
            ("a\u{1b}b", "a b: "),
        ] {
            let why = image(name, &digest).unwrap_err();
            assert!(why.contains(expected) && !why.contains('\u{1b}'), "{why}");
        }
    }

    #[tokio::test]
    async fn images_are_judged_without_namespace() {
        let decider = Scripted::by_name();
        let deadline = Deadline::new(Duration::from_secs(1));
        for (image, is_allowed) in
            [("a/verified@x", true), ("a/exempt", true), ("a/refused", false), ("a/undetermined", false)]
        {
            assert_eq!(judge(&decider, image, deadline).await.is_allowed, is_allowed, "{image}");
        }
        assert!(decider.questions().iter().all(|question| question.namespace.is_none()));
    }

    #[tokio::test]
    async fn a_decision_about_another_image_blocks() {
        for confused in Confused::all() {
            assert!(!judge(&confused, "a", Deadline::new(Duration::from_secs(1))).await.is_allowed);
        }
    }
}
