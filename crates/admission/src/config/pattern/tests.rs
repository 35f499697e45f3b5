#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn image(pattern: &str) -> ImagePattern {
    pattern.parse().unwrap_or_else(|why| panic!("{pattern}: {why}"))
}

fn host(pattern: &str) -> HostPattern {
    pattern.parse().unwrap_or_else(|why| panic!("{pattern}: {why}"))
}

fn namespace(pattern: &str) -> NamespacePattern {
    pattern.parse().unwrap_or_else(|why| panic!("{pattern}: {why}"))
}

fn image_problem(pattern: &str) -> String {
    pattern.parse::<ImagePattern>().unwrap_err().to_string()
}

#[test]
fn patterns_include_what_is_certain_to_match_no_more() {
    for (pattern, included, others) in [
        (
            "r.example/**",
            &["r.example/a", "r.example/a/b", "r.example/a/*", "r.example/**", "r.example/*/a-*", "r.example/a/**"][..],
            &["r.example:5000/a", "x.example/a", "*.example/a", "*/a/b", "**", "**/a"][..],
        ),
        (
            "r.example/a/**",
            &["r.example/a/b", "r.example/a/**", "r.example/a/**/b", "r.example/a/*/b"],
            &["r.example/a", "r.example/a-b/c", "r.example/**", "r.example/*/b"],
        ),
        (
            "r.example/*/b",
            &["r.example/a/b", "r.example/*/b", "r.example/a-*/b"],
            &["r.example/**/b", "r.example/b", "r.example/a/c/b", "r.example/a/**"],
        ),
        ("r.example/**/b", &["r.example/a/b", "r.example/*/b", "r.example/**/a/b"], &["r.example/b", "r.example/**"]),
        ("*.example/a", &["r.example/a", "*.example/a", "r-*.example/a"], &["r.x.example/a", "*/a/b", "**/a", "*/a"]),
        ("localhost:*/a", &["localhost:5000/a", "localhost:*/a"], &["localhost/a"]),
        ("**", &["**", "*/**", "**/a", "*/a/*", "r.example/a", "localhost:5000/a", "*.example/**"], &[]),
        ("*/**", &["**", "*/**", "**/a", "*/a/*", "r.example/a", "[::1]:5000/a"], &[]),
        ("**/a", &["**/a", "r.example/a", "r.example/b/a", "*/a"], &["**", "r.example/b"]),
        ("r.example/a*c", &["r.example/abc", "r.example/a*bc"], &["r.example/a*", "r.example/*c", "r.example/ab"]),
    ] {
        for (text, expected) in included.iter().map(|text| (text, true)).chain(others.iter().map(|text| (text, false)))
        {
            assert_eq!(image(pattern).includes(&image(text)), expected, "{pattern} and {text}");
        }
    }
    for (pattern, included, others) in [
        ("a-*", &["a-b", "a-b-*", "a-*"][..], &["a", "a*", "*", "b-a", "ecs:a-b"][..]),
        ("*", &["a", "a-*", "*"], &["ecs:a", "ecs:*"]),
        ("ecs:*", &["ecs:a", "ecs:A-*"], &["a", "*"]),
        ("a", &["a"], &["*", "a*", "ecs:a"]),
    ] {
        for (text, expected) in included.iter().map(|text| (text, true)).chain(others.iter().map(|text| (text, false)))
        {
            assert_eq!(namespace(pattern).includes(&namespace(text)), expected, "{pattern} and {text}");
        }
    }
}

proptest! {
    #[test]
    fn what_an_included_pattern_matches_the_other_matches(
        one in "(\\*\\*|r|\\*|r\\*)(/(a|b|a\\*|\\*|\\*\\*)){1,3}",
        other in "(\\*\\*|r|\\*|r\\*)(/(a|b|a\\*|\\*|\\*\\*)){1,3}",
        name in "(r|rx|x)(/(a|b|ab)){1,4}",
    ) {
        let registry = |text: String| text.replace("r*", "r*.e").replace("r/", "r.e/");
        let (Ok(one), Ok(other)) = (registry(one).parse::<ImagePattern>(), registry(other).parse::<ImagePattern>())
        else {
            return Ok(());
        };
        let name = name.replacen('/', ".e/", 1);
        if one.includes(&other) && other.matches(&name) {
            prop_assert!(one.matches(&name), "{one} {other} {name}");
        }
    }
}

#[test]
fn suggested_patterns_are_accepted() {
    for (pattern, suggested) in [
        ("NGINX/**", "write docker.io/nginx/**"),
        ("NGINX", "write docker.io/library/nginx"),
        ("nginx:1.27", "write docker.io/library/nginx"),
        ("NGINX:1.27@sha256:00", "write docker.io/library/nginx"),
        ("https://Index.docker.io/nginx:1", "write docker.io/library/nginx"),
        ("index.docker.io/nginx", "write docker.io/library/nginx"),
        ("https://r.example", "write r.example/**"),
        ("R.example", "write r.example/**"),
        ("r.example/a:1", "write r.example/a"),
    ] {
        let problem = image_problem(pattern);
        assert!(problem.contains(suggested), "{pattern}: {problem}");
        let corrected = suggested.strip_prefix("write ").unwrap();
        assert!(problem.ends_with(corrected) || problem.contains(&format!("{corrected}, or")), "{pattern}: {problem}");
        image(corrected);
    }
    for (pattern, suggested) in [("https://Index.docker.io", "write docker.io"), ("R.example", "write r.example")] {
        let problem = pattern.parse::<HostPattern>().unwrap_err().to_string();
        assert!(problem.ends_with(suggested), "{pattern}: {problem}");
    }
}

#[test]
fn images_match_whole_components() {
    for (pattern, matching, others) in [
        (
            "docker.io/library/nginx",
            &["docker.io/library/nginx"][..],
            &[
                "docker.io/library/nginx2",
                "docker.io/library/nginx/x",
                "docker.io/library",
                "docker.io/nginx",
                "evil.example/docker.io/library/nginx",
                "docker.io.evil.example/library/nginx",
                "docker.io:443/library/nginx",
            ][..],
        ),
        (
            "r.example/vendor/**",
            &["r.example/vendor/a", "r.example/vendor/a/b/c"],
            &[
                "r.example/vendor",
                "r.example/vendor-evil/a",
                "r.example/evil/vendor/a",
                "r.example:5000/vendor/a",
                "r.example.evil/vendor/a",
                "xr.example/vendor/a",
            ],
        ),
        (
            "r.example/*/app",
            &["r.example/a/app", "r.example/a-b/app"],
            &["r.example/app", "r.example/a/b/app", "r.example/a/app/x", "r.example/a/apps"],
        ),
        (
            "r.example/team-*/**",
            &["r.example/team-a/x", "r.example/team-/x/y"],
            &["r.example/team-a", "r.example/team/x"],
        ),
        (
            "r.example/**/app",
            &["r.example/a/app", "r.example/a/b/app", "r.example/app/app"],
            &["r.example/app", "r.example/a/app/b"],
        ),
        (
            "r.example/a/**/b/**/c",
            &["r.example/a/x/b/y/c", "r.example/a/b/b/b/c/c"],
            &["r.example/a/b/c", "r.example/a/x/b/c", "r.example/a/x/b/y/c/d"],
        ),
        (
            "**/nginx",
            &["docker.io/library/nginx", "r.example/nginx", "localhost:5000/a/b/nginx"],
            &["docker.io/library/nginx-evil", "r.example/nginx/x"],
        ),
        ("**", &["r.example/a", "localhost:5000/a/b"], &["", "r.example"]),
        ("**/a/**", &["r.example/a/b", "r.example/x/a/b"], &["r.example/a", "r.example/x/a"]),
        ("*/library/nginx", &["docker.io/library/nginx", "localhost:5000/library/nginx"], &["a/b/library/nginx"]),
        ("*.example/a", &["r.example/a"], &["example/a", "x.r.example/a", "r.example.evil/a", "r.example:1/a"]),
        (
            "111122223333.dkr.ecr.*.amazonaws.com/prod/**",
            &["111122223333.dkr.ecr.eu-central-1.amazonaws.com/prod/a"],
            &[
                "111122223333.dkr.ecr.a.evil.example.amazonaws.com/prod/a",
                "111122223333.dkr.ecr.eu-central-1.amazonaws.com.evil.example/prod/a",
                "111122223333.dkr.ecr.eu-central-1.amazonaws.com/prod",
            ],
        ),
        ("localhost:5000/**", &["localhost:5000/a"], &["localhost/a", "localhost:50000/a", "localhost:500/a"]),
        ("[::1]:5000/a", &["[::1]:5000/a"], &["[::1]/a", "[::11]:5000/a"]),
        ("r.example/a.b", &["r.example/a.b"], &["r.example/axb"]),
        (
            "r.example/*-*-x*",
            &["r.example/a-b-x", "r.example/--x", "r.example/a-b-c-xy"],
            &["r.example/a-x", "r.example/a-b-y"],
        ),
    ] {
        let pattern = image(pattern);
        for name in matching {
            assert!(pattern.matches(name), "{pattern} {name}");
        }
        for name in others {
            assert!(!pattern.matches(name), "{pattern} {name}");
        }
    }
}

/// An image with such a host is from the same registry, so a rule for the registry must not be passed by.
#[test]
fn capital_letters_of_a_host_evade_no_pattern() {
    assert!(image("r.example/**").matches("R.Example/a"));
    assert!(image("*.example/**").matches("R.EXAMPLE/a"));
    assert!(host("*.dkr.ecr.*.amazonaws.com").matches("1.DKR.ecr.X.amazonaws.COM"));
    assert!(!image("r.example/a").matches("r.example/A"));
}

#[test]
fn hosts_match_label_by_label() {
    for (pattern, matching, others) in [
        ("docker.io", &["docker.io"][..], &["docker.io:443", "xdocker.io", "docker.io.evil.example"][..]),
        ("localhost:5000", &["localhost:5000"], &["localhost", "localhost:5001"]),
        ("localhost:*", &["localhost:5000"], &["localhost", "localhost.example:1"]),
        ("*.example:8443", &["r.example:8443"], &["r.example", "x.r.example:8443", "r.example:443"]),
        (
            "*.dkr.ecr.*.amazonaws.com",
            &["111122223333.dkr.ecr.us-west-2.amazonaws.com"],
            &[
                "111122223333.dkr.ecr.us-west-2.amazonaws.com.cn",
                "111122223333.dkr.ecr.us-west-2.amazonaws.com:443",
                "dkr.ecr.us-west-2.amazonaws.com",
                "111122223333.dkr.ecr.x.evil.amazonaws.com",
                "111122223333xdkr.ecr.us-west-2.amazonaws.com",
            ],
        ),
        ("*", &["docker.io", "localhost:5000", "[::1]:80"], &[]),
        ("*.*", &["docker.io"], &["localhost", "a.b.c", "[::1]", "[::1.2]"]),
        ("[::1]:5000", &["[::1]:5000"], &["[::1]", "[::1]:500"]),
        ("10.0.0.*", &["10.0.0.7"], &["10.0.0.7:80", "10.0.0", "10.0.0.7.evil.example"]),
    ] {
        let pattern = host(pattern);
        for name in matching {
            assert!(pattern.matches(name), "{pattern} {name}");
        }
        for name in others {
            assert!(!pattern.matches(name), "{pattern} {name}");
        }
    }
}

#[test]
fn namespaces_match_whole_names() {
    for (pattern, matching, others) in [
        ("kube-system", &["kube-system"][..], &["kube-system-evil", "xkube-system", "Kube-System", ""][..]),
        ("staging-*", &["staging-a", "staging-"], &["staging", "xstaging-a", "ecs:staging-a"]),
        ("*-system", &["kube-system", "-system"], &["ecs:kube-system", "a:b-system", "kube-systems"]),
        ("*", &["default", ""], &["ecs:default", "a:b"]),
        ("ecs:prod", &["ecs:prod"], &["prod", "ecs:prod2", "ecs:Prod"]),
        ("ecs:*", &["ecs:prod", "ecs:Prod_1"], &["prod", "ecs", "ecs:a:b"]),
        ("a*b*c", &["abc", "axxbyyc", "abbc"], &["ab", "acb", "abcd"]),
    ] {
        let pattern = namespace(pattern);
        for name in matching {
            assert!(pattern.matches(name), "{pattern} {name:?}");
        }
        for name in others {
            assert!(!pattern.matches(name), "{pattern} {name:?}");
        }
    }
}

#[test]
fn patterns_that_match_nothing_are_refused_with_the_correction() {
    for (pattern, expected) in [
        ("nginx", "write docker.io/library/nginx, or **/nginx for all registries"),
        ("nginx*", "write docker.io/library/nginx*, or **/nginx* for all registries"),
        ("library/nginx", "write docker.io/library/nginx, or **/library/nginx for all registries"),
        ("vendor/**", "write docker.io/vendor/**, or **/vendor/** for all registries"),
        ("*", "has no registry: write docker.io/library/*, or **/* for all registries"),
        ("registry.example.com", "write registry.example.com/** for all of its repositories"),
        ("localhost:5000", "write localhost:5000/** for all of its repositories"),
        ("docker.io/nginx", "write docker.io/library/nginx for Docker's own images"),
        ("docker.io/*", "write docker.io/library/* for Docker's own images, or docker.io/** for all"),
        ("index.docker.io/library/nginx", "write docker.io/library/nginx"),
        ("registry-1.docker.io", "write docker.io"),
        ("r.example/Team/app", "has capital letters, and names of images have none: write r.example/team/app"),
        ("R.example/app", "write r.example/app"),
        ("nginx:1.27", "has a tag, and patterns match all tags: write docker.io/library/nginx"),
        ("r.example/app:v1", "write r.example/app"),
        ("localhost:5000/app:*", "write localhost:5000/app"),
        ("r.example/app@sha256:00", "has a digest, and patterns match all digests: write r.example/app"),
        ("https://user:hunter2@r.example/app", "a registry is named without scheme: write r.example/app"),
        ("r.example/", "has an empty component"),
        ("r.example//a", "has an empty component"),
        ("r.example/a/", "has an empty component"),
        ("/a/b", "has no registry"),
        ("r.example/a**", "** is written between slashes"),
        ("r.example/***", "** is written between slashes"),
        ("**.example/a", "** is written between slashes"),
        ("r.example/a b", "\"a b\" is no component of a repository"),
        ("r.example/-a", "\"-a\" is no component of a repository"),
        ("r.example/a..b", "is no component of a repository"),
        ("r.example/..", "is no component of a repository"),
        ("r.example/a\u{1b}", "is no component of a repository"),
        ("r.example/ä", "is no component of a repository"),
        ("r.example/[a-z]", "is no component of a repository"),
        ("127.1/a", "\"127.1\" is not a registry"),
        ("a..b/c", "is not a registry"),
        ("r.example:0/c", "is not a registry"),
        ("*.example:x/c", "is not a registry"),
        ("[::*]/c", "is not a registry"),
        ("r_x.*/c", "is not a registry"),
    ] {
        let problem = image_problem(pattern);
        assert!(problem.contains(expected) && !problem.contains("hunter2"), "{pattern}\n  {problem}\n  {expected}");
    }
    assert_eq!(image_problem(&format!("r.example/{}", "a".repeat(600))), "the pattern has more than 512 characters");
    for pattern in
        ["r.example/a", "a**b.example", "", "r.example:99999", "http://r.example", "DOCKER.io", "-x.*", "*:", "a b"]
    {
        assert!(pattern.parse::<HostPattern>().is_err(), "{pattern}");
    }
    for pattern in ["", "Default", "a b", "a/b", "ecs:", "ecs:a:b", "a.b", "ä", &"a".repeat(64)] {
        assert!(pattern.parse::<NamespacePattern>().is_err(), "{pattern}");
    }
}

/// The suggested corrections are patterns themselves.
#[test]
fn corrections_are_valid() {
    for pattern in
        ["nginx", "vendor/**", "index.docker.io/a/b", "a.example/Team/**", "https://a.example/b", "a.example/b:v1"]
    {
        let corrected = match pattern.parse::<ImagePattern>().unwrap_err() {
            PatternError::NoRegistry { given, corrected } => {
                image(&format!("**/{given}"));
                corrected
            }
            PatternError::DockerHost { corrected, .. }
            | PatternError::Capitals { corrected, .. }
            | PatternError::Url { corrected }
            | PatternError::Tag { corrected, .. } => corrected,
            other => panic!("{pattern}: {other}"),
        };
        image(&corrected);
    }
}

#[test]
fn hostile_names_take_no_time() {
    let start = Instant::now();
    let within = image(&format!("r.example/{}b", "*a".repeat(200)));
    let across = image(&format!("r.example/{}b", "**/a/".repeat(90)));
    let labels = host(&format!("{}b.example", "*a".repeat(200)));
    let names = namespace(&format!("{}b", "*a".repeat(30)));
    for _ in 0..20 {
        assert!(!within.matches(&format!("r.example/{}", "a".repeat(1000))));
        assert!(!across.matches(&format!("r.example/{}a", "a/".repeat(500))));
        assert!(!labels.matches(&format!("{}.example", "a".repeat(1000))));
        assert!(!names.matches(&"a".repeat(255)));
    }
    // Names from requests can be as large as their body.
    let large = "a".repeat(16 << 20);
    assert!(!image("**").matches(&format!("r.example/{large}")));
    assert!(!namespace("*").matches(&large));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// The same by trying everything, with exponential time.
fn matches_by_trying(pattern: &[&str], name: &[&str]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((&"**", others)), Some((_, rest))) => (0..=rest.len()).any(|n| matches_by_trying(others, &rest[n..])),
        (Some((glob, others)), Some((part, rest))) => {
            within(glob.as_bytes(), part.as_bytes()) && matches_by_trying(others, rest)
        }
        _ => false,
    }
}

fn within(glob: &[u8], part: &[u8]) -> bool {
    match (glob.split_first(), part.split_first()) {
        (None, None) => true,
        (Some((b'*', others)), _) => (0..=part.len()).any(|n| within(others, &part[n..])),
        (Some((expected, others)), Some((found, rest))) => expected == found && within(others, rest),
        _ => false,
    }
}

proptest! {
    #[test]
    fn images_match_as_by_trying_everything(
        pattern in "(\\*\\*|[ab*]{1,4})(/(\\*\\*|[ab]|[ab*]{1,4})){0,5}",
        name in "[ab]{1,4}(/[ab]{1,4}){0,7}",
    ) {
        let Ok(parsed) = format!("r.example/{pattern}").parse::<ImagePattern>() else { return Ok(()) };
        let expected = matches_by_trying(&pattern.split('/').collect::<Vec<_>>(), &name.split('/').collect::<Vec<_>>());
        prop_assert_eq!(parsed.matches(&format!("r.example/{name}")), expected, "{} {}", pattern, name);
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in "\\PC{0,40}", name in "\\PC{0,40}") {
        if let Ok(pattern) = text.parse::<ImagePattern>() {
            let _ = pattern.matches(&name);
        }
        if let Ok(pattern) = text.parse::<HostPattern>() {
            let _ = pattern.matches(&name);
        }
        if let Ok(pattern) = text.parse::<NamespacePattern>() {
            let _ = pattern.matches(&name);
        }
    }
}
