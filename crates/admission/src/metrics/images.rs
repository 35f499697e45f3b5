//! Images: by outcome, reason and rule. The names of rules come from the configuration, and change with it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::{Number, count_of, descriptor};
use crate::decision::{Code, Decided, Outcome};

/// The most rules that are counted apart.
pub const MAX_RULES: usize = 1000;
/// The label of the others.
pub const OTHER: &str = "other";
/// Twice as many slots as rules and a power of two: a search ends after one or two slots.
const SLOTS: usize = 2048;

/// The metrics of images: a hash table with open addressing that only grows, which needs no lock.
#[derive(Debug)]
pub struct Images {
    slots: Box<[OnceLock<Box<Rule>>]>,
    hasher: RandomState,
    used: AtomicUsize,
    /// Images that no rule matched.
    none: Rule,
    other: Rule,
}

#[derive(Debug)]
struct Rule {
    name: Box<str>,
    /// By outcome, then by reason: the last is for images without one.
    counts: [[Number; Code::ALL.len() + 1]; Outcome::ALL.len()],
}

impl Rule {
    fn new(name: &str) -> Self {
        Self { name: name.into(), counts: Default::default() }
    }
}

impl Images {
    pub fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceLock::new()).collect(),
            hasher: RandomState::new(),
            used: AtomicUsize::new(0),
            none: Rule::new(""),
            other: Rule::new(OTHER),
        }
    }

    pub fn reserve(&self, rules: &[&str]) {
        for rule in rules {
            self.rule(rule);
        }
    }

    pub fn decided(&self, images: &[Decided]) {
        for image in images {
            let rule = image.rule.as_deref().map_or(&self.none, |name| self.rule(name));
            let reason = image.why.as_ref().map_or(Code::ALL.len(), |why| why.code as usize);
            rule.counts[image.outcome as usize][reason].add(1);
        }
    }

    /// The images that a rule decided about, or that no rule matched, by the outcomes in the order of their
    /// declaration.
    pub fn decided_by(&self, rule: Option<&str>) -> [u64; Outcome::ALL.len()] {
        let rule = rule.map_or(&self.none, |name| self.rule(name));
        rule.counts.each_ref().map(|reasons| reasons.iter().map(Number::get).sum())
    }

    fn rule(&self, name: &str) -> &Rule {
        let first = usize::try_from(self.hasher.hash_one(name) % SLOTS as u64).unwrap_or_default();
        for probe in 0..SLOTS {
            let slot = &self.slots[(first + probe) % SLOTS];
            let found = match slot.get() {
                Some(rule) => rule,
                None if self.used.load(Ordering::Relaxed) >= MAX_RULES => return &self.other,
                // Another thread may fill the slot first, perhaps with another name: then the search goes on.
                None => slot.get_or_init(|| {
                    self.used.fetch_add(1, Ordering::Relaxed);
                    Box::new(Rule::new(name))
                }),
            };
            if *found.name == *name {
                return found;
            }
        }
        &self.other
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Images that were judged, by outcome, reason and rule.";
        let mut family = descriptor(encoder, "notation_admission_images", help, MetricType::Counter)?;
        let rules = self.slots.iter().filter_map(|slot| slot.get().map(AsRef::as_ref));
        for rule in rules.chain([&self.none, &self.other]) {
            for (outcome, counts) in Outcome::ALL.iter().zip(&rule.counts) {
                let reasons = Code::ALL.iter().map(|code| code.as_str()).chain([""]);
                // Most combinations never occur: a rule has 52.
                for (reason, value) in reasons.zip(counts).filter(|(_, value)| value.get() > 0) {
                    let labels = [("outcome", outcome.as_str()), ("reason", reason), ("rule", &rule.name)];
                    count_of(&mut family, &labels, value.get())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_and_outcome_is_at_its_place() {
        for (place, each) in Code::ALL.iter().enumerate() {
            assert_eq!(*each as usize, place);
        }
        for (place, each) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*each as usize, place);
        }
    }

    #[test]
    fn rules_after_the_first_thousand_are_counted_together() {
        let images = Images::new();
        for number in 0..3 * MAX_RULES {
            images.rule(&format!("rule {number}"));
        }
        assert_eq!(images.slots.iter().filter(|slot| slot.get().is_some()).count(), MAX_RULES);
        assert_eq!(*images.rule("rule 7").name, *"rule 7");
        assert_eq!(*images.rule("rule 2999").name, *OTHER);
    }

    #[test]
    fn threads_that_meet_a_new_rule_at_once_count_into_the_same_series() {
        let images = Images::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for number in 0..200 {
                        images.rule(&format!("rule {number}")).counts[0][0].add(1);
                    }
                });
            }
        });
        for number in 0..200 {
            assert_eq!(images.rule(&format!("rule {number}")).counts[0][0].get(), 8, "{number}");
        }
    }
}
