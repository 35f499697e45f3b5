//! Which references are accepted, as what, and why others are refused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use notary::Digest;
use notary::reference::{ReferenceError, Tag, Target};
use proptest::prelude::*;

use super::{ImageReference, InvalidReference};

const SHA256: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn parse(text: &str) -> ImageReference {
    ImageReference::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn refusal(text: &str) -> InvalidReference {
    match ImageReference::parse(text) {
        Ok(reference) => panic!("{text} was accepted as {reference}"),
        Err(why) => why,
    }
}

#[test]
fn references_are_completed_as_container_runtimes_do() {
    for (text, full) in [
        // Docker Hub.
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx:1.27", "docker.io/library/nginx:1.27"),
        ("docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/library/nginx:1.27", "docker.io/library/nginx:1.27"),
        ("docker.io/library/foo/bar", "docker.io/library/foo/bar:latest"),
        ("library/foo/bar", "docker.io/library/foo/bar:latest"),
        ("store/foo/bar", "docker.io/store/foo/bar:latest"),
        ("docker/docker", "docker.io/docker/docker:latest"),
        ("fooo/bar", "docker.io/fooo/bar:latest"),
        ("other/library", "docker.io/other/library:latest"),
        ("docker.io/docker/docker", "docker.io/docker/docker:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx:1", "docker.io/library/nginx:1"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/docker/docker", "docker.io/docker/docker:latest"),
        ("ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base:latest"),
        ("test_com", "docker.io/library/test_com:latest"),
        ("test_com/foo", "docker.io/test_com/foo:latest"),
        ("docker-rules/docker", "docker.io/docker-rules/docker:latest"),
        ("docker---rules/docker", "docker.io/docker---rules/docker:latest"),
        ("dock__er/docker", "docker.io/dock__er/docker:latest"),
        ("d/docker", "docker.io/d/docker:latest"),
        ("jess/t", "docker.io/jess/t:latest"),
        ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"),
        // A name without a slash is no registry.
        ("test.com:tag", "docker.io/library/test.com:tag"),
        ("test.com:5000", "docker.io/library/test.com:5000"),
        ("foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"),
        ("localhost", "docker.io/library/localhost:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("192.168.1.1", "docker.io/library/192.168.1.1:latest"),
        ("192.168.1.1:tag", "docker.io/library/192.168.1.1:tag"),
        // Docker Hub's API host is a registry like others: runtimes do not complete it.
        ("registry-1.docker.io/nginx", "registry-1.docker.io/nginx:latest"),
        ("docker.io:443/nginx", "docker.io:443/nginx:latest"),
        // Other registries.
        ("test.com/repo:tag", "test.com/repo:tag"),
        ("test:5000/repo", "test:5000/repo:latest"),
        ("test:5000/repo:tag", "test:5000/repo:tag"),
        ("test.com:8080/foo", "test.com:8080/foo:latest"),
        ("test-com:8080/foo", "test-com:8080/foo:latest"),
        ("sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux:latest"),
        ("sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com/bar/baz/quux:some-long-tag"),
        ("b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io/test.example.com/my-app:test.example.com"),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/x/y:1", "localhost:5000/x/y:1"),
        ("127.0.0.1:5000/docker/docker", "127.0.0.1:5000/docker/docker:latest"),
        ("192.168.0.1:8/debian", "192.168.0.1:8/debian:latest"),
        ("192.168.1.1/repo", "192.168.1.1/repo:latest"),
        ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050"),
        ("[2001:db8::1]/repo", "[2001:db8::1]/repo:latest"),
        ("[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]/repo:tag"),
        ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
        ("[2001:db8::]:5000/repo", "[2001:db8::]:5000/repo:latest"),
        ("[::1]:5000/repo", "[::1]:5000/repo:latest"),
        ("[fc00::1]:5000/docker/docker", "[fc00::1]:5000/docker/docker:latest"),
        ("localhost.localdomain/x", "localhost.localdomain/x:latest"),
        // Hosts are the same in capital letters.
        ("Registry.Example.COM/app:V1", "registry.example.com/app:V1"),
        ("LOCALHOST:5000/app", "localhost:5000/app:latest"),
        ("Localhost/app", "localhost/app:latest"),
        ("TEST:5000/app", "test:5000/app:latest"),
        ("[FC00::1]/app", "[fc00::1]/app:latest"),
        // Tags.
        ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"),
        ("app:_", "docker.io/library/app:_"),
        ("app:v1.2.3-rc_4", "docker.io/library/app:v1.2.3-rc_4"),
        // Prefixes of other tools are names of repositories.
        ("oci:folder", "docker.io/library/oci:folder"),
        ("docker-archive:x.tar", "docker.io/library/docker-archive:x.tar"),
        // A name that has an id's letters, but a registry.
        (
            "docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
            "docker.io/library/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a:latest",
        ),
        (
            "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
            "docker.io/library/thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev:latest",
        ),
        (
            "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9",
            "docker.io/library/dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9:latest",
        ),
        ("library/sha256:1.0", "docker.io/library/sha256:1.0"),
    ] {
        let reference = parse(text);
        assert_eq!(reference.to_string(), full, "{text}");
        assert_eq!(parse(full), reference, "{text}");
        let (repository, tag) = full.rsplit_once(':').unwrap();
        assert_eq!(reference.repository(), repository);
        assert_eq!(reference.registry(), repository.split_once('/').unwrap().0);
        assert_eq!(reference.name().to_string(), repository);
        assert_eq!(reference.tag().map(Tag::as_str), Some(tag));
        assert_eq!(reference.digest(), None);
        assert_eq!(reference.target().to_string(), tag);
    }
}

#[test]
fn with_a_digest_the_tag_is_kept_for_display_and_selects_nothing() {
    let sha512 = Digest::compute(notary::DigestAlgorithm::Sha512, b"").to_string();
    let sha384 = Digest::compute(notary::DigestAlgorithm::Sha384, b"").to_string();
    for digest in [SHA256, &sha384, &sha512] {
        for (name, repository, tag) in [
            ("nginx", "docker.io/library/nginx", None),
            ("nginx:1.27", "docker.io/library/nginx", Some("1.27")),
            ("index.docker.io/a/b:c", "docker.io/a/b", Some("c")),
            ("test:5000/repo", "test:5000/repo", None),
            ("test:5000/repo:tag", "test:5000/repo", Some("tag")),
            ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo", None),
            ("Quay.io/repo:tag", "quay.io/repo", Some("tag")),
        ] {
            let reference = parse(&format!("{name}@{digest}"));
            assert_eq!(reference.repository(), repository);
            assert_eq!(reference.tag().map(Tag::as_str), tag);
            assert_eq!(reference.digest().map(Digest::as_str), Some(digest));
            assert!(matches!(reference.target(), Target::Digest(target) if target.as_str() == digest));
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            assert_eq!(reference.to_string(), format!("{repository}{tag}@{digest}"));
            assert_eq!(parse(&reference.to_string()), reference);
        }
    }
}

#[test]
fn malformed_names_are_refused() {
    for text in [
        ":justtag",
        "/nginx",
        "nginx/",
        "docker/",
        "docker.io/",
        "-docker",
        "-docker/docker",
        "-docker.io/docker/docker",
        "docker-/docker",
        "docker///docker",
        "docker.io/docker///docker",
        "____/____",
        "_docker/_docker",
        "dock..er/docker",
        "dock_.er/docker",
        "dock-.er/docker",
        "a___b",
        "../nginx",
        "registry.example.com/../admin",
        "registry.example.com/a/../b",
        "registry.example.com/./b",
        "registry.example.com/a/..",
        "..",
        ".",
        "/",
        "a%2fb",
        "a%2e%2e/b",
        "aa/asdf$$^/aa",
        "app?tag=1",
        "app#1",
        "app;id",
        "a\\b",
        "registry.example.com\\app",
        "{{.Image}}",
        "$(IMAGE)",
        "*",
        "registry.example.com/*",
        "[fc00::1]",
        "[fc00::1]:5000",
        "[2001:db8::1]:tag",
        "fc00::1:5000/debian",
        "[fe80::1%eth0]:5000/repo",
        "[2001:db8:3:4::192.0.2.33]:5000/debian",
        "[2001:db8:0:0:0:0:0:1]/repo",
        "[::ffff:127.0.0.1]/repo",
        "127.1/repo",
        "0x7f.0.0.1/repo",
        "2130706433:80/repo",
        "host:/repo",
        "host:0/repo",
        "host:65536/repo",
        "host:port/repo",
        "registry.example.com./repo",
        ".example.com/repo",
        "registry_1.example.com/repo",
        "nginx:latest/foo",
        "registry.example.com/a:1/b",
        "a:b:c",
        "app:",
        "app:.hidden",
        "app:-flag",
        "app:a/b",
        "app:sha256+x",
    ] {
        assert!(matches!(refusal(text), InvalidReference::Reference(_)), "{text}");
    }
}

#[test]
fn a_registry_alone_is_read_as_a_repository_of_docker_hub() {
    assert_eq!(parse("quay.io").to_string(), "docker.io/library/quay.io:latest");
    assert_eq!(parse("docker.io").to_string(), "docker.io/library/docker.io:latest");
}

#[test]
fn malformed_digests_are_refused() {
    for text in [
        "repo@sha256:ffffffffffffffffffffffffffffffffff",
        "repo@sha256:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "repo@SHA256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "repo@md5:ffffffffffffffffffffffffffffffff",
        "repo@ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "validname@invaliddigest:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "repo@",
        "repo@latest",
    ] {
        assert!(matches!(refusal(text), InvalidReference::Reference(ReferenceError::Digest(_))), "{text}");
    }
    assert!(matches!(refusal(&format!("repo@{SHA256}@{SHA256}")), InvalidReference::Reference(_)));
    assert!(matches!(refusal(&format!("@{SHA256}")), InvalidReference::Reference(_)));
    assert!(matches!(refusal(&format!("repo@{SHA256}:tag")), InvalidReference::Reference(_)));
}

#[test]
fn capital_letters_in_the_repository_are_refused() {
    for text in [
        "Uppercase:tag",
        "docker/Docker",
        "docker.io/docker/Docker",
        "test:5000/Uppercase/lowercase:tag",
        "registry.example.com/App",
    ] {
        assert!(matches!(refusal(text), InvalidReference::Reference(ReferenceError::Capitals { .. })), "{text}");
    }
}

#[test]
fn a_first_part_in_capital_letters_that_programs_read_differently_is_refused() {
    for text in
        ["Docker/docker", "DOCKER/docker", "Foo/bar", "Docker.io/nginx", "DOCKER.IO/a/b", "Index.Docker.io/nginx"]
    {
        assert!(matches!(refusal(text), InvalidReference::Capitals(_)), "{text}");
    }
    assert_eq!(refusal("Foo/bar").to_string(), "the image has capital letters in \"Foo\": write foo");
}

/// A runtime that has an image with this id runs it without asking a registry.
#[test]
fn the_id_of_an_image_on_a_node_is_refused() {
    let digits = SHA256.trim_start_matches("sha256:");
    for text in [digits, SHA256, "sha256:abcdef", "sha256:latest", "sha512:00", "sha384:00"] {
        assert_eq!(refusal(text), InvalidReference::ImageId, "{text}");
    }
    assert_eq!(refusal(&format!("sha256:abc@{SHA256}")), InvalidReference::ImageId);
}

#[test]
fn schemes_and_user_names_are_refused() {
    for text in ["https://github.com/docker/docker", "docker://nginx", "oci://registry.example.com/app", "http://"] {
        assert!(matches!(refusal(text), InvalidReference::Reference(ReferenceError::Url { .. })), "{text}");
    }
    for text in ["user@registry.example.com/app", "user:secret@registry.example.com/app:1", "a@b/c", "@/"] {
        assert_eq!(refusal(text), InvalidReference::UserInfo, "{text}");
    }
    let why = refusal("user:secret@registry.example.com/app").to_string();
    assert!(!why.contains("secret"), "{why}");
}

#[test]
fn white_space_control_characters_and_letters_beyond_ascii_are_refused() {
    for (text, character) in [
        (" nginx", ' '),
        ("nginx ", ' '),
        ("nginx\n", '\n'),
        ("\tnginx", '\t'),
        ("ng\0inx", '\0'),
        ("nginx:1\u{1b}[31m", '\u{1b}'),
        ("nginx\u{7f}", '\u{7f}'),
        ("nginx\r\nHost: x", '\r'),
        ("ngіnx", 'і'),
        ("ｎginx", 'ｎ'),
        ("registry。example/app", '。'),
        ("bücher.example/app", 'ü'),
        ("nginx:\u{202e}", '\u{202e}'),
        ("nginx\u{200b}", '\u{200b}'),
        ("registry.example.com/\u{212a}", '\u{212a}'),
    ] {
        assert_eq!(refusal(text), InvalidReference::Character(character), "{text:?}");
        assert!(refusal(text).to_string().chars().all(|c| !c.is_control()), "{text:?}");
    }
    assert_eq!(refusal(""), InvalidReference::Empty);
}

#[test]
fn names_have_at_most_255_characters_and_tags_128() {
    let longest = format!("{}a", "a/".repeat(118));
    let on_hub = parse(&longest);
    assert_eq!(on_hub.repository().len(), 247);
    let registry = "r.example.com:5000";
    let path = "p".repeat(255 - registry.len() - 1);
    assert_eq!(parse(&format!("{registry}/{path}")).repository().len(), 255);
    assert!(matches!(
        refusal(&format!("{registry}/{path}p")),
        InvalidReference::Reference(ReferenceError::Repository(_))
    ));
    assert!(matches!(refusal(&"p".repeat(250)), InvalidReference::Reference(ReferenceError::Repository(_))));
    assert_eq!(parse(&format!("a:{}", "t".repeat(128))).target().to_string().len(), 128);
    assert!(matches!(refusal(&format!("a:{}", "t".repeat(129))), InvalidReference::Reference(ReferenceError::Tag(_))));
    let sha512 = Digest::compute(notary::DigestAlgorithm::Sha512, b"");
    parse(&format!("{registry}/{path}:{}@{sha512}", "t".repeat(128)));
    assert_eq!(refusal(&"a".repeat(1_000_000)), InvalidReference::TooLong(1_000_000));
}

fn reference() -> impl Strategy<Value = String> {
    let registry = "(|nginx/|docker\\.io/|index\\.docker\\.io/|[a-zA-Z]{1,4}/|[a-z]{1,3}\\.[A-Za-z]{2}(:[1-9]{1,4})?/|localhost(:5000)?/|\\[::[1-9a-f]\\]/)";
    let digest = format!("(|@{SHA256})");
    let rest = format!("[a-zA-Z0-9._/-]{{0,12}}(|:[a-zA-Z0-9._-]{{0,5}}){digest}");
    let like_one = proptest::string::string_regex(&format!("{registry}{rest}")).unwrap();
    prop_oneof![like_one, ".{0,40}", "[a-zA-Z0-9:@/.\\[\\]_-]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_has_a_full_form_that_stands_for_itself(text in reference()) {
        if let Ok(reference) = ImageReference::parse(&text) {
            let full = reference.to_string();
            let again = ImageReference::parse(&full);
            prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(full.clone()));
            prop_assert_eq!(again, Ok(reference.clone()));
            let registry = format!("{}/", reference.registry());
            prop_assert!(full.starts_with(&registry));
            prop_assert!(full.is_ascii() && reference.repository().len() <= 255);
            prop_assert!(!reference.repository().bytes().any(|b| b.is_ascii_uppercase()));
            prop_assert!(reference.repository() != "docker.io" && reference.registry() != "index.docker.io");
        }
    }
}
