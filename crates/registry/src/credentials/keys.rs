//! Which entry of a file is for a repository: the keys of `auths` and `credHelpers`.
//!
//! Docker and notation write a registry's host, and for Docker Hub `https://index.docker.io/v1/`. podman also writes
//! namespaces (`HOST/TEAM`). Old versions and other tools write URLs, with the path of an API.

use notary::reference::RepositoryName;
use serde_json::{Map, Value};

/// The key of Docker Hub in these files.
pub(super) const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The entry for the repository: that of the longest namespace; then that of the exact host; then that of another
/// spelling of the host. Of several spellings, those with content come first.
pub(super) fn entry<'a>(entries: &'a Map<String, Value>, repository: &RepositoryName) -> Option<&'a Value> {
    let exact = server(repository.registry());
    namespace(entries, repository).or_else(|| entries.get(exact)).or_else(|| {
        let others = entries.iter().filter(|(key, _)| is_spelling_of(key, repository.registry()));
        others
            .min_by_key(|(key, value)| (is_empty(value), key.starts_with("http://"), key.len()))
            .map(|(_, value)| value)
    })
}

/// The name of a registry for the files, and for credential helpers.
pub(super) fn server(registry: &str) -> &str {
    if is_docker_hub(registry) { DOCKER_HUB } else { registry }
}

/// The entry of the longest namespace that the repository is in, without that of the host.
fn namespace<'a>(entries: &'a Map<String, Value>, repository: &RepositoryName) -> Option<&'a Value> {
    let full = repository.to_string();
    let ends = full.match_indices('/').map(|(end, _)| end).chain([full.len()]);
    let names: Vec<&str> = ends.skip(1).map(|end| &full[..end]).collect();
    names.into_iter().rev().find_map(|name| entries.get(name))
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(|members| {
        members.values().all(|value| value.is_null() || value.as_str().is_some_and(str::is_empty))
    })
}

/// Whether a key is the registry's host in another form: with a scheme, with the path of an API, or with both. The keys
/// of Docker Hub that end in `access-token` and `refresh-token` are not for the registry.
fn is_spelling_of(key: &str, registry: &str) -> bool {
    let url = ["https://", "http://"].iter().find_map(|scheme| key.strip_prefix(scheme));
    let (host, path) = url.unwrap_or(key).split_once('/').unwrap_or((url.unwrap_or(key), ""));
    let path = path.trim_end_matches('/');
    let is_host = matches!(path, "" | "v1" | "v2");
    // A URL is not a namespace, whatever its path.
    let is_token = matches!(path.rsplit('/').next(), Some("access-token" | "refresh-token"));
    let same = host.eq_ignore_ascii_case(registry) || (is_docker_hub(host) && is_docker_hub(registry));
    same && (is_host || (url.is_some() && !is_token))
}

fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;

    /// The key whose entry is used, of these keys. A key with `-` after it has an empty entry.
    fn found(keys: &[&str], repository: &str) -> Option<String> {
        let entry = |key: &str| match key.strip_suffix('-') {
            Some(key) => (key.to_owned(), json!({ "auth": "", "note": null })),
            None => (key.to_owned(), json!({ "auth": key })),
        };
        let entries: Map<String, Value> = keys.iter().map(|key| entry(key)).collect();
        let value = super::entry(&entries, &repository.parse().unwrap())?;
        Some(value["auth"].as_str().unwrap().to_owned())
    }

    #[test]
    fn the_exact_key_comes_before_other_spellings() {
        let host = "r.example:5000";
        for other in
            ["https://r.example:5000/v1/", "https://r.example:5000/v2/-", "http://r.example:5000", "r.example:5000/v1"]
        {
            assert_eq!(found(&[other, host], "r.example:5000/a/b").as_deref(), Some(host), "{other}");
        }
        // An empty entry of the exact key is the entry of the registry, too.
        assert_eq!(found(&["r.example-", "https://r.example"], "r.example/a").as_deref(), Some(""));
    }

    #[test]
    fn finds_other_spellings_of_the_host() {
        for key in [
            "https://r.example",
            "https://r.example/",
            "http://r.example",
            "https://r.example/v1/",
            "https://r.example/v2",
            "https://r.example/api/registry/",
            "r.example/",
            "r.example/v1",
            "r.example/v1/",
            "r.example/v2/",
            "R.Example",
        ] {
            assert_eq!(found(&["other.example", key], "r.example/a/b").as_deref(), Some(key));
        }
        for key in
            ["r.example:443", "https://r.example.evil/v1/", "evil/r.example", "r.example/ab", "https://", "/v1/", ""]
        {
            assert_eq!(found(&[key], "r.example/a/b"), None, "{key}");
        }
        let several = ["http://r.example", "https://r.example/v2/-", "https://r.example/v1/"];
        assert_eq!(found(&several, "r.example/a").as_deref(), Some("https://r.example/v1/"));
    }

    #[test]
    fn the_tokens_of_docker_hub_are_no_passwords() {
        let tokens = ["https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"];
        for repository in ["docker.io/library/app", "registry-1.docker.io/library/app"] {
            assert_eq!(found(&tokens, repository), None);
            for key in
                [DOCKER_HUB, "docker.io", "index.docker.io", "https://registry-1.docker.io/v2/", "index.docker.io/v1/"]
            {
                assert_eq!(found(&[tokens[0], key, tokens[1]], repository).as_deref(), Some(key));
            }
            assert_eq!(found(&["docker.io", DOCKER_HUB], repository).as_deref(), Some(DOCKER_HUB));
        }
        assert_eq!(found(&["https://r.example/v1/access-token/"], "r.example/a"), None);
    }

    #[test]
    fn the_longest_namespace_wins() {
        let keys = ["q.example", "q.example/team", "q.example/team/app", "docker.io/library", DOCKER_HUB];
        for (repository, key) in [
            ("q.example/teams", "q.example"),
            ("q.example/team/x", "q.example/team"),
            ("q.example/team/app", "q.example/team/app"),
            ("q.example/team/app/x", "q.example/team/app"),
            ("docker.io/library/app", "docker.io/library"),
            ("docker.io/other/app", DOCKER_HUB),
        ] {
            assert_eq!(found(&keys, repository).as_deref(), Some(key), "{repository}");
        }
    }
}
