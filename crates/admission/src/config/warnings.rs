//! What a valid configuration has that its author can hardly want.

use std::fmt;

use url::{Host, Url};

use super::{Config, ImagePattern, NamespacePattern, Redis, Rule};

/// A warning about a valid configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigWarning {
    /// A rule never decides, because an earlier one matches all that it matches.
    UnreachableRule {
        /// Its name.
        rule: String,
        /// The earlier rule.
        hidden_by: String,
    },
    /// An entry of `registries` never counts, because an earlier one matches all hosts that it matches.
    UnreachableRegistry {
        /// Its pattern of hosts.
        host: String,
        /// That of the earlier entry.
        hidden_by: String,
    },
    /// The password for Redis is sent without TLS to another machine.
    PlainPassword,
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreachableRule { rule, hidden_by } => write!(
                f,
                "rules: \"{rule}\" never applies, because the earlier rule \"{hidden_by}\" matches everything that it \
                 matches; put \"{rule}\" before it"
            ),
            Self::UnreachableRegistry { host, hidden_by } => write!(
                f,
                "registries: the entry for \"{host}\" never applies, because the earlier one for \"{hidden_by}\" \
                 matches everything that it matches; put \"{host}\" before it"
            ),
            Self::PlainPassword => f.write_str(
                "cache.redis: the password is sent without encryption, and everyone on the network path can read it; \
                 use a rediss:// URL",
            ),
        }
    }
}

impl Config {
    /// The warnings.
    #[must_use]
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let plain = self.cache.redis.as_ref().filter(|redis| sends_password_in_plain(redis));
        let plain = plain.map(|_| ConfigWarning::PlainPassword);
        self.unreachable_rules().chain(self.unreachable_registries()).chain(plain).collect()
    }

    /// The rules that are certain never to decide, except about images without a valid name. A rule that only several
    /// earlier ones hide together is not found.
    fn unreachable_rules(&self) -> impl Iterator<Item = ConfigWarning> {
        self.rules.iter().enumerate().filter_map(|(place, rule)| {
            let by = self.rules[..place].iter().find(|earlier| hides(earlier, rule))?;
            Some(ConfigWarning::UnreachableRule { rule: rule.name.clone(), hidden_by: by.name.clone() })
        })
    }

    /// The entries of `registries` that are certain never to count.
    fn unreachable_registries(&self) -> impl Iterator<Item = ConfigWarning> {
        self.registries.iter().enumerate().filter_map(|(place, entry)| {
            let by = self.registries[..place].iter().find(|earlier| earlier.host.includes(&entry.host))?;
            let (host, hidden_by) = (entry.host.to_string(), by.host.to_string());
            Some(ConfigWarning::UnreachableRegistry { host, hidden_by })
        })
    }
}

/// Whether the password leaves this machine without TLS.
fn sends_password_in_plain(redis: &Redis) -> bool {
    let Ok(url) = Url::parse(&redis.url) else { return false };
    // The host of a scheme that the `url` crate does not know is text, also if it is an address.
    let is_here = match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    redis.password_file.is_some() && url.scheme() == "redis" && !is_here
}

/// Whether a rule matches all that a later one matches.
fn hides(earlier: &Rule, later: &Rule) -> bool {
    let labels = match (&earlier.namespace_labels, &later.namespace_labels) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier), Some(later)) => earlier.iter().all(|(name, value)| later.get(name) == Some(value)),
    };
    labels
        && has_all(&earlier.namespaces, &later.namespaces, NamespacePattern::includes)
        && has_all(&earlier.images, &later.images, ImagePattern::includes)
}

/// Whether the patterns of a rule include those of a later one. Without patterns, a rule matches all, also what no
/// pattern matches: requests without namespace, clusters of Amazon ECS, images without a valid name.
fn has_all<P>(earlier: &Option<Vec<P>>, later: &Option<Vec<P>>, includes: impl Fn(&P, &P) -> bool) -> bool {
    match (earlier, later) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier), Some(later)) => {
            later.iter().all(|later| earlier.iter().any(|earlier| includes(earlier, later)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::path::Path;

    use super::*;

    const POLICY: &str = "version: 1\n\
        policies: {p: {trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n";

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
                "{name: a, images: ['x.example/**'], action: exempt}, \
                 {name: b, images: [x.example/a/b, 'x.example/c/*'], policy: p, action: enforce}, \
                 {name: c, images: [x.example/a/b, y.example/a], policy: p, action: enforce}, \
                 {name: d, namespaces: ['team-*'], action: exempt}, {name: e, namespaces: [team-a, 'team-b-*'], \
                 images: [y.example/b], policy: p, action: enforce}",
                "b after a, e after d",
            ),
            (
                "{name: a, namespaces: ['*'], action: exempt}, {name: b, namespaces: [x, 'y-*'], action: exempt}, \
                 {name: c, namespaces: ['ecs:x'], action: exempt}, {name: d, images: ['**'], action: exempt}, \
                 {name: e, images: ['*/a/**', '**/b'], action: exempt}, {name: f, policy: p, action: enforce}",
                "b after a, e after d",
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
            let text = format!("{POLICY}rules: [{rules}]\n");
            let config = Config::parse(text.as_bytes(), Path::new("/")).unwrap();
            let words = |warning: &ConfigWarning| match warning {
                ConfigWarning::UnreachableRule { rule, hidden_by } => format!("{rule} after {hidden_by}"),
                other => other.to_string(),
            };
            let found: Vec<_> = config.warnings().iter().map(words).collect();
            assert_eq!(found.join(", "), expected, "{rules}");
        }
    }

    #[test]
    fn entries_of_registries_after_one_that_matches_as_much_are_found() {
        let text = format!(
            "{POLICY}rules: [{{policy: p, action: enforce}}]\nregistries: [{{host: '*.example.com'}}, \
             {{host: r.example.com}}, {{host: 'r.example.com:5000'}}, {{host: '*'}}, {{host: '*.example.org'}}]\n"
        );
        let found = Config::parse(text.as_bytes(), Path::new("/")).unwrap().warnings();
        let hidden = |host: &str, by: &str| ConfigWarning::UnreachableRegistry {
            host: host.to_owned(),
            hidden_by: by.to_owned(),
        };
        assert_eq!(found, [hidden("r.example.com", "*.example.com"), hidden("*.example.org", "*")]);
    }

    #[test]
    fn a_password_without_encryption_is_found_unless_it_stays_on_the_machine() {
        for (url, is_found) in [
            ("redis://redis.example:6379", true),
            ("redis://10.0.0.1", true),
            ("redis://127.0.0.1.example", true),
            ("redis://[2001:db8::1]:6379", true),
            ("rediss://redis.example:6379", false),
            ("redis://127.0.0.1:6379", false),
            ("redis://[::1]:6379", false),
            ("redis://localhost", false),
        ] {
            let config = |password: &str| {
                let redis = format!("cache: {{redis: {{url: '{url}', keyFiles: [key]{password}}}}}\n");
                let text = format!("{POLICY}rules: [{{name: a, policy: p, action: enforce}}]\n{redis}");
                Config::parse(text.as_bytes(), Path::new("/")).unwrap()
            };
            let found = config(", passwordFile: password").warnings();
            assert_eq!(found == [ConfigWarning::PlainPassword], is_found, "{url}: {found:?}");
            assert_eq!(config("").warnings(), [], "{url}");
        }
    }
}
