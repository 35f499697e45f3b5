#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn error(text: &str) -> ReferenceError {
    match text.parse::<Reference>() {
        Err(error) => error,
        Ok(reference) => panic!("{text} was parsed as {reference:?}"),
    }
}

#[test]
fn parses_fully_qualified_names() {
    for (text, registry, path, tag, digest) in [
        ("localhost:5000/a/b@DIGEST", "localhost:5000", "a/b", None, true),
        ("localhost/app:v1", "localhost", "app", Some("v1"), false),
        ("[::1]:5000/a:x", "[::1]:5000", "a", Some("x"), false),
        ("[2001:db8::1]/a/b__c/d-----e.f:V_1.2-x@DIGEST", "[2001:db8::1]", "a/b__c/d-----e.f", Some("V_1.2-x"), true),
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "team/app",
            Some("1"),
            false,
        ),
        ("registry:443/a:latest", "registry:443", "a", Some("latest"), false),
    ] {
        let text = text.replace("DIGEST", DIGEST);
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.repository().registry(), registry, "{text}");
        assert_eq!(reference.repository().path(), path, "{text}");
        assert_eq!(reference.tag().map(Tag::as_str), tag, "{text}");
        assert_eq!(reference.digest().is_some(), digest, "{text}");
        assert_eq!(reference.to_string(), text);
    }
}

#[test]
fn prefers_the_digest_to_the_tag() {
    let reference: Reference = format!("localhost:5000/a:v1@{DIGEST}").parse().unwrap();
    assert_eq!(*reference.target(), Target::Digest(DIGEST.parse().unwrap()));
}

#[test]
fn rejects_incomplete_names_and_suggests_the_full_name() {
    for (text, corrected) in [
        ("alpine:3", "docker.io/library/alpine:3"),
        ("team/app:1", "docker.io/team/app:1"),
        ("docker.io/alpine:3", "write docker.io/library/alpine:3"),
        ("index.docker.io/alpine:3", "write docker.io/library/alpine:3"),
        (&format!("alpine@{DIGEST}"), &format!("docker.io/library/alpine@{DIGEST}")),
        ("https://ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("ghcr.io/Team/App:V1", "ghcr.io/team/app:V1"),
        ("ghcr.io/team/app", "ghcr.io/team/app:latest"),
    ] {
        let error = error(text).to_string();
        assert!(error.contains(corrected), "{text}: {error}");
    }
}

#[test]
fn rejects_malformed_references() {
    for text in [
        "",
        "/",
        "a",
        "localhost:5000",
        "localhost:5000/",
        "localhost:5000//a:1",
        "localhost:5000/a/:1",
        "localhost:0/a:1",
        "localhost:65536/a:1",
        "localhost:/a:1",
        "localhost:+1/a:1",
        "host..example/a:1",
        "-host.example/a:1",
        "user@host.example/a:1",
        "[::1/a:1",
        "[]/a:1",
        "[fe80::1%25eth0]/a:1",
        "localhost/a___b:1",
        "localhost/a..b:1",
        "localhost/.a:1",
        "localhost/a-:1",
        "localhost/a b:1",
        "localhost/ä:1",
        "localhost/a:",
        "localhost/a:-x",
        "localhost/a:.x",
        "localhost/a:x y",
        "localhost/a@",
        "localhost/a@sha256:00",
        "localhost/a@md5:d41d8cd98f00b204e9800998ecf8427e",
        "localhost/../a:1",
        "localhost/a?x:1",
        "localhost/a%2f:1",
        &format!("localhost/{}:1", "a".repeat(250)),
        &format!("localhost/a:{}", "t".repeat(129)),
    ] {
        error(text);
    }
}

#[test]
fn rejects_hosts_that_url_parsers_rewrite_and_suggests_the_usual_form() {
    for (text, corrected) in [
        ("127.1:5000/a:1", "write 127.0.0.1:5000"),
        ("2130706433:443/a:1", "write 127.0.0.1:443"),
        ("0x7f000001:5000/a:1", "write 127.0.0.1:5000"),
        ("[0::1]:5000/a:1", "write [::1]:5000"),
        ("256.1/a:1", "write a host name"),
    ] {
        let error = error(text);
        assert!(matches!(error, ReferenceError::RewrittenHost { .. }), "{text}: {error:?}");
        assert!(error.to_string().contains(corrected), "{text}: {error}");
    }
}

#[test]
fn recognizes_loopback_registries() {
    for (text, loopback) in [
        ("localhost/a", true),
        ("LOCALHOST:5000/a", true),
        ("127.0.0.1:5000/a", true),
        ("127.9.9.9/a", true),
        ("[::1]:5000/a", true),
        ("[::1]/a", true),
        ("localhost.example/a", false),
        ("10.0.0.1/a", false),
        ("127.0.0.1.example/a", false),
    ] {
        assert_eq!(text.parse::<RepositoryName>().unwrap().is_loopback(), loopback, "{text}");
    }
}

#[test]
fn referrers_tags_are_valid_for_every_digest_algorithm() {
    let sha512 = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    for digest in [DIGEST.parse().unwrap(), sha512] {
        let tag = Tag::from_subject(&digest);
        assert_eq!(tag.as_str().parse::<Tag>().unwrap(), tag);
        assert_eq!(tag.as_str().len(), "sha256-".len() + 64);
    }
}

proptest! {
    #[test]
    fn round_trips_every_reference_of_the_grammar(
        text in r"(localhost|[a-z0-9]{1,8}(-[a-z0-9]{1,3})?\.[A-Za-z][A-Za-z0-9]{1,5}|\[::[1-9a-f][0-9a-f]{0,3}\]|127\.0\.0\.1)(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}){1,3}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}|@sha256:[0-9a-f]{64}|:[a-z]{1,5}@sha384:[0-9a-f]{96})"
    ) {
        prop_assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
    }

    #[test]
    fn parsed_references_round_trip_and_have_no_special_characters_of_urls(text in r"[a-zA-Z0-9:/@.\[\]_%?# -]{0,40}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string(), text.clone());
            prop_assert!(!reference.repository().path().contains(['%', '?', '#', ' ', '@', ':']));
        }
    }

    #[test]
    fn never_panics(text in ".{0,60}") {
        let _ = text.parse::<Reference>();
        let _ = text.parse::<RepositoryName>();
    }
}
