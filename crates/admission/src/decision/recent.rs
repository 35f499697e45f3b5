//! What was decided recently, kept ready for the next who asks the same: cluster after cluster asks about the same few
//! images.
//!
//! An entry is what follows from a question and the configuration alone (the reference, the rule, the policy), with the
//! remembered answers that a decision came from. It is used only while the caches have exactly these answers and none
//! of them is to be refreshed, so nothing is decided here, and nothing lives longer than in the caches.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use super::answer::Decided;
use super::judge::Basis;
use super::question::PullIdentity;
use super::reference::ImageReference;
use crate::cache::Key;

/// The most bytes of all entries.
const BYTES: u64 = 2 * 1024 * 1024;
/// The most bytes of a question that is kept.
const LONGEST: usize = 2048;
/// What an entry takes beside its texts: the decision, its digest, and the texts that frontends derive from it.
const OVERHEAD: usize = 1536;

/// The decisions by their questions.
#[derive(Debug)]
pub(super) struct Recent {
    entries: Cache<Asked, Arc<Entry>, Sizes>,
}

/// A decision, and what it came from.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) decided: Decided,
    /// `None` if it follows from the question and the configuration alone.
    pub(super) source: Option<Source>,
}

/// Whose credentials read the image, and what the caches said.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) reference: Arc<ImageReference>,
    pub(super) access: Key,
    pub(super) basis: Basis,
}

/// A question about one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asking<'a> {
    /// The policy that takes the place of those that the rules name.
    pub(super) policy: Option<usize>,
    pub(super) image: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) secrets: &'a [String],
    pub(super) service_account: Option<&'a str>,
}

/// A question that is kept.
#[derive(Debug, Clone)]
struct Asked {
    policy: Option<usize>,
    image: Box<str>,
    namespace: Option<Box<str>>,
    secrets: Box<[String]>,
    service_account: Option<Box<str>>,
}

#[derive(Debug, Clone)]
struct Sizes;

impl Weighter<Asked, Arc<Entry>> for Sizes {
    fn weight(&self, asked: &Asked, entry: &Arc<Entry>) -> u64 {
        let why = entry.decided.why.as_ref().map_or(0, |why| why.message.len());
        // The image is in the question, in the decision, and in its texts.
        (OVERHEAD + 6 * asked.asking().bytes() + 3 * why) as u64
    }
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        policy: Option<usize>,
        image: &'a str,
        namespace: Option<&'a str>,
        pull: &'a PullIdentity,
    ) -> Self {
        Self { policy, image, namespace, secrets: &pull.secrets, service_account: pull.service_account.as_deref() }
    }

    fn bytes(&self) -> usize {
        let secrets: usize = self.secrets.iter().map(|secret| secret.len() + size_of::<String>()).sum();
        self.image.len() + self.namespace.map_or(0, str::len) + secrets + self.service_account.map_or(0, str::len)
    }
}

impl Asked {
    fn asking(&self) -> Asking<'_> {
        Asking {
            policy: self.policy,
            image: &self.image,
            namespace: self.namespace.as_deref(),
            secrets: &self.secrets,
            service_account: self.service_account.as_deref(),
        }
    }
}

impl From<Asking<'_>> for Asked {
    fn from(asking: Asking<'_>) -> Self {
        Self {
            policy: asking.policy,
            image: asking.image.into(),
            namespace: asking.namespace.map(Into::into),
            secrets: asking.secrets.into(),
            service_account: asking.service_account.map(Into::into),
        }
    }
}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.asking().hash(state);
    }
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.asking() == other.asking()
    }
}

impl Eq for Asked {}

impl Equivalent<Asked> for Asking<'_> {
    fn equivalent(&self, asked: &Asked) -> bool {
        *self == asked.asking()
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self { entries: Cache::with_weighter(512, BYTES, Sizes) }
    }
}

impl Recent {
    /// What was decided about the image. Whether it still holds is for the caller to find out.
    pub(super) fn get(&self, asking: &Asking<'_>) -> Option<Arc<Entry>> {
        self.entries.get(asking)
    }

    /// Keeps a decision.
    pub(super) fn keep(&self, asking: Asking<'_>, decided: &Decided, source: Option<Source>) {
        if asking.bytes() <= LONGEST {
            self.entries.insert(asking.into(), Arc::new(Entry { decided: decided.clone(), source }));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::decision::ImageDecision;

    fn decided(image: &str) -> Decided {
        ImageDecision::new(image, None).into()
    }

    #[test]
    fn a_decision_is_found_by_its_whole_question() {
        let recent = Recent::default();
        let pull = |secrets: &[&str], account: Option<&str>| PullIdentity {
            secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
            service_account: account.map(str::to_owned),
        };
        let pulls = [
            pull(&[], None),
            pull(&["a"], None),
            pull(&["a", "b"], None),
            pull(&["ab"], None),
            pull(&["a"], Some("b")),
        ];
        let mut asked = Vec::new();
        for pull in &pulls {
            for namespace in [None, Some("a"), Some("b")] {
                for image in ["a", "b", "ab"] {
                    asked.push(Asking::new(None, image, namespace, pull));
                    asked.push(Asking::new(Some(0), image, namespace, pull));
                    asked.push(Asking::new(Some(1), image, namespace, pull));
                }
            }
        }
        for (number, asking) in asked.iter().enumerate() {
            assert!(recent.get(asking).is_none());
            recent.keep(*asking, &decided(&format!("{number}")), None);
        }
        for (number, asking) in asked.iter().enumerate() {
            assert_eq!(recent.get(asking).unwrap().decided.image, number.to_string());
        }
    }

    #[test]
    fn the_bytes_are_bounded() {
        let recent = Recent::default();
        let pull = PullIdentity::default();
        for number in 0..10_000 {
            let image = format!("registry.example.com/{number}");
            recent.keep(Asking::new(None, &image, None, &pull), &decided(&image), None);
        }
        assert!(recent.entries.weight() <= BYTES && recent.entries.len() > 500, "{}", recent.entries.len());
        let long = "a".repeat(LONGEST + 1);
        recent.keep(Asking::new(None, &long, None, &pull), &decided(&long), None);
        assert!(recent.get(&Asking::new(None, &long, None, &pull)).is_none());
    }
}
