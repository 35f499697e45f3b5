//! Which entry of a pull secret is for a repository, as the kubelet decides it: kubernetes.io/docs, "Images",
//! "Interpretation of config.json".
//!
//! A key of `auths` is a host, perhaps with a port, a path, and a scheme that does not count. `*` and `?` stand for
//! letters of one label of the host: `*.example.com` is not `a.b.example.com`. The entry of an exact host comes before
//! that of a pattern, that of a longer path before that of a shorter one. Other than in the kubelet a path ends at a
//! slash: `/team` is not for `/team-b`.

use std::cmp::Reverse;
use std::fmt;
use std::path::Path;

use notary::json::{self, Object};
use notary::reference::RepositoryName;
use registry::{Credential, CredentialError, stored_credential};
use serde_json::{Value, json};

/// The most bytes of a file that are read.
pub const MAX_CONFIG: usize = 512 * 1024;
/// The most entries that are looked at.
const MAX_ENTRIES: usize = 1000;
/// The longest key that counts.
const MAX_KEY: usize = 1024;

/// The forms in which Kubernetes keeps Docker's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `kubernetes.io/dockerconfigjson`: `config.json`, with the entries in `auths`.
    ConfigJson,
    /// `kubernetes.io/dockercfg`: the entries alone.
    Cfg,
}

/// The entries of a pull secret, in the order in which they are tried.
pub struct Keyring(Vec<Entry>);

struct Entry {
    pattern: Pattern,
    /// Has secrets.
    value: Value,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} entries, <redacted>)", self.0.len())
    }
}

impl Keyring {
    /// Parses the content of a Secret. The error says what is wrong, without values.
    pub fn parse(form: Form, content: &[u8]) -> Result<Self, String> {
        let mut object = json::parse_object("config", content).map_err(|why| why.to_string())?;
        let auths = match form {
            Form::Cfg => object.into_members(),
            Form::ConfigJson => {
                let auths = object.optional_object("auths").map_err(|why| why.to_string())?;
                auths.map(Object::into_members).unwrap_or_default()
            }
        };
        if auths.len() > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} registries"));
        }
        let entries = auths.into_iter();
        let mut entries: Vec<Entry> =
            entries.filter_map(|(key, value)| Some(Entry { pattern: Pattern::parse(&key)?, value })).collect();
        // The sort is stable, and the map sorted by its keys: what is left equal has a known order.
        entries.sort_by_key(|entry| (entry.pattern.has_wildcard, Reverse(entry.pattern.path.len())));
        Ok(Self(entries))
    }

    /// The first credential for a repository. `path` names the Secret in errors.
    pub fn credential(&self, path: &Path, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        let (host, port) = split_port(repository.registry());
        let host = canonical(host);
        for entry in self.0.iter().filter(|entry| entry.pattern.matches(&host, port, repository.path())) {
            // The decoder of the other files reads it, under a key that certainly matches.
            let file = json!({ "auths": { repository.registry(): entry.value } }).to_string();
            if let Some(found) = stored_credential(path, file.as_bytes(), repository)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The bytes that it holds, about.
    pub fn size(&self) -> usize {
        let size = |entry: &Entry| {
            let members = entry.value.as_object().map_or(0, |members| {
                members.iter().map(|(name, value)| 64 + name.len() + value.as_str().map_or(32, str::len)).sum()
            });
            size_of::<Entry>() + entry.pattern.host.len() + entry.pattern.path.len() + members
        };
        self.0.iter().map(size).sum()
    }
}

/// A key of `auths`.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    port: Option<String>,
    /// Without slashes at its ends.
    path: String,
    has_wildcard: bool,
}

impl Pattern {
    fn parse(key: &str) -> Option<Self> {
        let rest = ["https://", "http://"].iter().find_map(|scheme| key.strip_prefix(scheme)).unwrap_or(key);
        if rest.is_empty() || key.len() > MAX_KEY {
            return None;
        }
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        // The paths of the API are those of the host.
        let api = ["v1", "v2"].into_iter().find_map(|version| path.strip_prefix(version));
        let path = api.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path);
        let (host, port) = split_port(address);
        let host = canonical(host);
        if host.is_empty() {
            return None;
        }
        let has_wildcard = host.contains(['*', '?']);
        Some(Self { host, port: port.map(str::to_owned), path: path.trim_matches('/').to_owned(), has_wildcard })
    }

    fn matches(&self, host: &str, port: Option<&str>, path: &str) -> bool {
        let is_host = if self.has_wildcard {
            let (labels, patterns) = (host.split('.'), self.host.split('.'));
            labels.clone().count() == patterns.clone().count()
                && patterns.zip(labels).all(|(pattern, label)| matches_label(pattern.as_bytes(), label.as_bytes()))
        } else {
            self.host == host
        };
        let is_path = self.path.is_empty()
            || path.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_host && self.port.as_deref() == port && is_path
    }
}

/// Whether a label matches a pattern with `*` and `?`, in time of the product of their lengths at most.
fn matches_label(pattern: &[u8], label: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The last star, and where the rest after it was tried.
    let mut star: Option<(usize, usize)> = None;
    while at < label.len() {
        match pattern.get(from) {
            Some(b'*') => {
                star = Some((from, at));
                from += 1;
            }
            Some(byte) if *byte == b'?' || *byte == label[at] => {
                from += 1;
                at += 1;
            }
            _ => match star {
                Some((place, tried)) => {
                    star = Some((place, tried + 1));
                    from = place + 1;
                    at = tried + 1;
                }
                None => return false,
            },
        }
    }
    pattern[from..].iter().all(|byte| *byte == b'*')
}

fn split_port(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (address, None),
    }
}

/// The host in small letters; one name for Docker Hub.
fn canonical(host: &str) -> String {
    match host.to_ascii_lowercase().as_str() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        host => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// The key whose entry is used, of these keys.
    fn found(keys: &[&str], repository: &str) -> Option<String> {
        let entries: serde_json::Map<String, Value> =
            keys.iter().map(|key| ((*key).to_owned(), json!({ "username": key, "password": "p" }))).collect();
        let keyring = Keyring::parse(Form::ConfigJson, json!({ "auths": entries }).to_string().as_bytes()).unwrap();
        match keyring.credential(Path::new("a secret"), &repository.parse().unwrap()).unwrap()? {
            Credential::Password { username, .. } => Some(username),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hosts_match_exactly_in_every_spelling() {
        for key in [
            "r.example",
            "https://r.example",
            "http://r.example/",
            "r.example/",
            "https://r.example/v1/",
            "r.example/v2/",
            "https://r.example/v2",
            "R.Example",
        ] {
            assert_eq!(found(&["other.example", key], "r.example/a/b").as_deref(), Some(key));
        }
        for key in ["r.example:443", "r.example.evil", "evil/r.example", "https://", "/", "", "example", "r"] {
            assert_eq!(found(&[key], "r.example/a/b"), None, "{key}");
        }
        assert_eq!(found(&["localhost:5000"], "localhost:5000/a").as_deref(), Some("localhost:5000"));
        for key in ["localhost", "localhost:5001", "localhost:500*"] {
            assert_eq!(found(&[key], "localhost:5000/a"), None, "{key}");
        }
    }

    #[test]
    fn docker_hub_has_several_names() {
        for key in ["https://index.docker.io/v1/", "index.docker.io/v1", "docker.io", "registry-1.docker.io"] {
            assert_eq!(found(&[key], "docker.io/library/nginx").as_deref(), Some(key));
        }
        assert_eq!(found(&["https://index.docker.io/v1/access-token"], "docker.io/library/nginx"), None);
    }

    #[test]
    fn wildcards_stand_for_one_label() {
        for (key, repository, matches) in [
            ("*.example.com", "a.example.com/x", true),
            ("*.example.com", "a.b.example.com/x", false),
            ("*.example.com", "example.com/x", false),
            ("*.*.example.com", "a.b.example.com/x", true),
            ("prefix.*.com", "prefix.kubernetes.com/x", true),
            ("*-good.example.com", "prefix-good.example.com/x", true),
            ("*-good.example.com", "prefix-good2.example.com/x", false),
            ("r?.example.com", "r1.example.com/x", true),
            ("r?.example.com", "r.example.com/x", false),
            ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.us-west-2.amazonaws.com/x", true),
            ("*.example.com:5000", "a.example.com:5000/x", true),
            ("*.example.com", "a.example.com:5000/x", false),
            ("*.com", "a.example.com/x", false),
            ("*", "a.example.com/x", false),
            ("a.example.*", "a.example.com/x", true),
            // An attack: the pattern must not reach into the path, nor the path into the host.
            ("*.example.com", "evil.com/a.example.com", false),
            ("a.example.com*", "a.example.comx/y", true),
        ] {
            assert_eq!(found(&[key], repository).is_some(), matches, "{key} {repository}");
        }
    }

    #[test]
    fn exact_hosts_and_long_paths_come_first() {
        let keys =
            ["*.example.com", "*.example.com/team", "r.example.com", "r.example.com/team", "r.example.com/team/app"];
        for (repository, key) in [
            ("r.example.com/team/app", "r.example.com/team/app"),
            ("r.example.com/team/app/x", "r.example.com/team/app"),
            ("r.example.com/team/application", "r.example.com/team"),
            ("r.example.com/team-b/app", "r.example.com"),
            ("s.example.com/team/app", "*.example.com/team"),
            ("s.example.com/x", "*.example.com"),
        ] {
            assert_eq!(found(&keys, repository).as_deref(), Some(key), "{repository}");
        }
    }

    #[test]
    fn an_empty_entry_does_not_hide_the_next() {
        let content = br#"{"auths":{"r.example/team":{"auth":""},"r.example":{"auth":"dTpw"}}}"#;
        let keyring = Keyring::parse(Form::ConfigJson, content).unwrap();
        let found = keyring.credential(Path::new("s"), &"r.example/team/x".parse().unwrap()).unwrap();
        assert!(matches!(found, Some(Credential::Password { .. })));
    }

    #[test]
    fn both_forms_are_read() {
        let cfg = br#"{"https://r.example":{"username":"u","password":"p","email":"e","auth":"dTpw"}}"#;
        let keyring = Keyring::parse(Form::Cfg, cfg).unwrap();
        assert!(keyring.credential(Path::new("s"), &"r.example/x".parse().unwrap()).unwrap().is_some());
        // The entries of one form are not those of the other.
        let keyring = Keyring::parse(Form::ConfigJson, cfg).unwrap();
        assert!(keyring.credential(Path::new("s"), &"r.example/x".parse().unwrap()).unwrap().is_none());
        assert!(Keyring::parse(Form::ConfigJson, b"{}").unwrap().0.is_empty());
    }

    #[test]
    fn a_malformed_entry_matters_only_to_its_registry_and_is_not_shown() {
        let content = br#"{"auths":{"a.example":{"auth":"c2VjcmV0"},"b.example":{"auth":"dTpw"}}}"#;
        let keyring = Keyring::parse(Form::ConfigJson, content).unwrap();
        let secret = Path::new("the Secret n/s");
        assert!(keyring.credential(secret, &"b.example/x".parse().unwrap()).unwrap().is_some());
        let why = keyring.credential(secret, &"a.example/x".parse().unwrap()).unwrap_err().to_string();
        assert!(why.starts_with("the Secret n/s has an auth") && !why.contains("c2VjcmV0"), "{why}");
    }

    #[test]
    fn malformed_content_is_described_without_values() {
        for content in [
            r#"{"auths":"hunter2"}"#,
            r#"{"auths":{"a.example":{"auth":"hunter2"}}"#,
            r#"["hunter2"]"#,
            r#"{"auths":{"a.example":{"auth":"hunter2"},"a.example":{}}}"#,
            "hunter2",
            "",
        ] {
            let why = Keyring::parse(Form::ConfigJson, content.as_bytes()).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
        let many: String = (0..2000).map(|number| format!(r#""r{number}.example":{{}},"#)).collect();
        let why = Keyring::parse(Form::Cfg, format!("{{{}}}", many.trim_end_matches(',')).as_bytes()).unwrap_err();
        assert!(why.contains("more than 1000"), "{why}");
    }

    #[test]
    fn debug_hides_secrets() {
        let keyring = Keyring::parse(Form::Cfg, br#"{"a.example":{"password":"hunter2"}}"#).unwrap();
        assert!(!format!("{keyring:?}").contains("hunter2"));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(400);
        assert!(!matches_label(pattern.as_bytes(), "a".repeat(63).as_bytes()));
        assert!(matches_label(b"**a*", b"a"));
        assert!(matches_label(b"*", b""));
    }
}
