//! Which rule applies to an image: the first whose namespaces, labels and image patterns match.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{self, Enforcement, RuleAction};

/// The labels of a namespace; `None` if they are not known.
pub type Labels = Option<Arc<BTreeMap<String, String>>>;

/// The rules of a configuration, in their order.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<CompiledRule>,
}

#[derive(Debug)]
struct CompiledRule {
    rule: config::Rule,
    name: Arc<str>,
    action: Action,
}

/// What the rule for an image says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It runs unverified.
    Exempt,
    /// It is verified by the policy at this place of the configuration's.
    Verify {
        /// The place.
        policy: usize,
        /// What happens if it is not verified.
        enforcement: Enforcement,
    },
}

impl Action {
    /// Orders actions: the larger, the less runs.
    fn strictness(self) -> u8 {
        match self {
            Self::Exempt => 0,
            Self::Verify { enforcement: Enforcement::Audit, .. } => 1,
            Self::Verify { enforcement: Enforcement::Warn, .. } => 2,
            Self::Verify { enforcement: Enforcement::Enforce, .. } => 3,
        }
    }
}

/// The rule for an image.
#[derive(Debug)]
pub enum Selected {
    /// This rule.
    Rule {
        /// Its name.
        name: Arc<str>,
        /// What it says.
        action: Action,
    },
    /// A rule depends on labels of the namespace that are not known, so it is not known whether it applies.
    UnknownLabels {
        /// Its name.
        name: Arc<str>,
    },
    /// None.
    None,
}

impl Rules {
    /// The rules of a configuration, whose policies have this order.
    #[must_use]
    pub fn new(rules: &[config::Rule], policies: &[&str]) -> Self {
        let compile = |rule: &config::Rule| {
            let action = match &rule.action {
                RuleAction::Exempt => Action::Exempt,
                RuleAction::Verify { policy, enforcement } => Action::Verify {
                    // The configuration was checked: the policy exists. A place that does not exist verifies nothing.
                    policy: policies.iter().position(|name| name == policy).unwrap_or(usize::MAX),
                    enforcement: *enforcement,
                },
            };
            CompiledRule { rule: rule.clone(), name: rule.name.as_str().into(), action }
        };
        Self { rules: rules.iter().map(compile).collect() }
    }

    /// Whether a rule depends on labels of namespaces.
    #[must_use]
    pub fn need_labels(&self) -> bool {
        self.rules.iter().any(|rule| rule.rule.namespace_labels.is_some())
    }

    /// The rule for an image in a namespace. `repository` is its normalised name, `None` if it has no valid one. Then
    /// all rules that may be meant are looked at, up to the first for all images, and the strictest applies. `labels`
    /// are those of the namespace.
    #[must_use]
    pub fn select(&self, namespace: Option<&str>, repository: Option<&str>, labels: &Labels) -> Selected {
        let mut strictest: Option<&CompiledRule> = None;
        for compiled in &self.rules {
            let CompiledRule { rule, name, .. } = compiled;
            if let Some(patterns) = &rule.namespaces
                && !namespace.is_some_and(|namespace| patterns.iter().any(|pattern| pattern.matches(namespace)))
            {
                continue;
            }
            if let (Some(patterns), Some(repository)) = (&rule.images, repository)
                && !patterns.iter().any(|pattern| pattern.matches(repository))
            {
                continue;
            }
            if let Some(required) = &rule.namespace_labels {
                if namespace.is_none() {
                    continue;
                }
                let Some(labels) = labels else {
                    return Selected::UnknownLabels { name: Arc::clone(name) };
                };
                if !required.iter().all(|(key, value)| labels.get(key) == Some(value)) {
                    continue;
                }
            }
            let stricter = strictest.filter(|other| other.action.strictness() >= compiled.action.strictness());
            let decides = stricter.unwrap_or(compiled);
            if repository.is_none() && rule.images.is_some() {
                // It may be one of them, which exempts it from nothing.
                strictest = Some(decides).filter(|rule| rule.action != Action::Exempt);
                continue;
            }
            return Selected::Rule { name: Arc::clone(&decides.name), action: decides.action };
        }
        // An image without a valid name that only rules for some images may mean.
        Selected::None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn rules(text: &str) -> Rules {
        let head = "version: 1\npolicies: {default: {trustedProfiles: \
                    [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n";
        let config = Config::parse(format!("{head}rules:\n{text}").as_bytes(), Path::new("/")).unwrap();
        Rules::new(&config.rules, &["default"])
    }

    fn selected(rules: &Rules, namespace: Option<&str>, repository: Option<&str>, labels: &Labels) -> String {
        match rules.select(namespace, repository, labels) {
            Selected::Rule { name, .. } => name.to_string(),
            Selected::UnknownLabels { name } => format!("{name}?"),
            Selected::None => "none".to_owned(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = rules(
            "  - {name: system, namespaces: [kube-system, 'infra-*'], action: exempt}\n  \
             - {name: vendor, images: [\"registry.example.com/vendor/**\"], action: exempt}\n  \
             - {name: both, namespaces: [staging], images: [\"docker.io/**\"], policy: default, action: warn}\n  \
             - {name: rest, namespaces: ['*'], policy: default, action: enforce}\n",
        );
        for (namespace, repository, expected) in [
            (Some("kube-system"), "docker.io/library/nginx", "system"),
            (Some("infra-dns"), "docker.io/library/nginx", "system"),
            (Some("kube-system-evil"), "docker.io/library/nginx", "rest"),
            (Some("a"), "registry.example.com/vendor/agent", "vendor"),
            (Some("a"), "registry.example.com/vendor-evil/agent", "rest"),
            (None, "registry.example.com/vendor/agent", "vendor"),
            (Some("staging"), "docker.io/library/nginx", "both"),
            (Some("staging"), "ghcr.io/a/b", "rest"),
            (None, "docker.io/library/nginx", "none"),
        ] {
            assert_eq!(selected(&rules, namespace, Some(repository), &None), expected, "{namespace:?} {repository}");
        }
        assert_eq!(selected(&rules, Some("kube-system"), None, &None), "system");
        assert_eq!(selected(&rules, Some("a"), None, &None), "rest");
    }

    #[test]
    fn an_image_without_a_valid_name_does_not_slip_past_the_rules_for_some_images() {
        let strict = "{name: strict, images: [\"docker.io/**\"], policy: default, action: enforce}";
        let exempt = "{name: exempt, action: exempt}";
        let audit = "{name: audit, images: [\"a.example/**\"], policy: default, action: audit}";
        let system = "{name: system, namespaces: [kube-system], action: exempt}";
        let vendor = "{name: vendor, images: [\"b.example/**\"], action: exempt}";
        for (texts, expected) in [
            (vec![strict, exempt], "strict"),
            (vec![audit, strict, exempt], "strict"),
            (vec![audit, exempt], "audit"),
            (vec![vendor, exempt, strict], "exempt"),
            (vec![vendor, strict], "none"),
            (vec![system, strict, exempt], "strict"),
        ] {
            let text: String = texts.iter().map(|text| format!("  - {text}\n")).collect();
            assert_eq!(selected(&rules(&text), Some("a"), None, &None), expected, "{text}");
        }
        let rules = rules(&format!("  - {system}\n  - {strict}\n"));
        assert_eq!(selected(&rules, Some("kube-system"), None, &None), "system");
    }

    #[test]
    fn unknown_labels_exempt_nothing() {
        let rules = rules(
            "  - {name: free, namespaceSelector: {matchLabels: {verify: \"off\"}}, action: exempt}\n  \
             - {name: rest, policy: default, action: enforce}\n",
        );
        assert!(rules.need_labels());
        let labels = |value: &str| Some(Arc::new(BTreeMap::from([("verify".to_owned(), value.to_owned())])));
        let image = Some("docker.io/library/nginx");
        assert_eq!(selected(&rules, Some("a"), image, &labels("off")), "free");
        assert_eq!(selected(&rules, Some("a"), image, &labels("on")), "rest");
        assert_eq!(selected(&rules, Some("a"), image, &Some(Arc::default())), "rest");
        assert_eq!(selected(&rules, Some("a"), image, &None), "free?");
        assert_eq!(selected(&rules, None, image, &None), "rest");
    }
}
