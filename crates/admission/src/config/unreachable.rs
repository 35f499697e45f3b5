//! Rules that never decide, because an earlier one matches all that they match.

use std::fmt;

use super::{Config, Rule};

/// A rule that never decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreachableRule {
    /// Its name.
    pub rule: String,
    /// The earlier rule.
    pub hidden_by: String,
}

impl fmt::Display for UnreachableRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, hidden_by } = self;
        write!(
            f,
            "rules: \"{rule}\" never applies, because the earlier rule \"{hidden_by}\" matches everything that it \
             matches; put \"{rule}\" before it"
        )
    }
}

impl Config {
    /// The rules that are certain never to decide. Patterns are compared as they are written, so a rule that is hidden
    /// by other patterns is not found.
    #[must_use]
    pub fn unreachable_rules(&self) -> Vec<UnreachableRule> {
        let hidden = |(place, rule): (usize, &Rule)| {
            let by = self.rules[..place].iter().find(|earlier| hides(earlier, rule))?;
            Some(UnreachableRule { rule: rule.name.clone(), hidden_by: by.name.clone() })
        };
        self.rules.iter().enumerate().filter_map(hidden).collect()
    }
}

/// Whether a rule matches all that a later one matches.
fn hides(earlier: &Rule, later: &Rule) -> bool {
    let labels = match (&earlier.namespace_labels, &later.namespace_labels) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier), Some(later)) => earlier.iter().all(|(name, value)| later.get(name) == Some(value)),
    };
    labels && has_all(&earlier.namespaces, &later.namespaces) && has_all(&earlier.images, &later.images)
}

/// Whether the patterns of a rule include those of a later one. Without patterns, a rule matches all.
fn has_all<P: PartialEq>(earlier: &Option<Vec<P>>, later: &Option<Vec<P>>) -> bool {
    match (earlier, later) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier), Some(later)) => later.iter().all(|pattern| earlier.contains(pattern)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::path::Path;

    use super::*;

    #[test]
    fn rules_after_one_that_matches_as_much_are_found() {
        for (rules, expected) in [
            ("{name: a, action: exempt}, {name: b, images: ['x.example/**'], policy: p, action: enforce}", "b after a"),
            ("{name: b, images: ['x.example/**'], action: exempt}, {name: a, policy: p, action: enforce}", ""),
            (
                "{name: a, namespaces: [x, y], action: exempt}, {name: b, namespaces: [y], action: exempt}, \
                 {name: c, namespaces: [y, z], action: exempt}",
                "b after a",
            ),
            (
                "{name: a, namespaceSelector: {matchLabels: {x: y}}, action: exempt}, \
                 {name: b, namespaceSelector: {matchLabels: {x: y, z: z}}, action: exempt}, \
                 {name: c, namespaceSelector: {matchLabels: {x: z}}, action: exempt}, {name: d, action: exempt}",
                "b after a",
            ),
            (
                "{name: a, namespaces: [x], images: ['x.example/**'], action: exempt}, \
                 {name: b, namespaces: [x], action: exempt}, {name: c, images: ['x.example/**'], action: exempt}",
                "",
            ),
        ] {
            let text = format!(
                "version: 1\npolicies: {{p: {{trustedProfiles: \
                 [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}}}\nrules: [{rules}]\n"
            );
            let config = Config::parse(text.as_bytes(), Path::new("/")).unwrap();
            let found: Vec<_> = config.unreachable_rules();
            let found: Vec<_> = found.iter().map(|rule| format!("{} after {}", rule.rule, rule.hidden_by)).collect();
            assert_eq!(found.join(", "), expected, "{rules}");
        }
    }
}
