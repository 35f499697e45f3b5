use super::samples::{TEMPLATES, create, object, review, spec};
use super::{DIGEST, Webhook, mutate, validate};
use crate::config::Tags;

const PINNED: &str = "app@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

#[test]
fn a_rule_that_warns_warns() {
    let warnings = validate(&create(&["warned-unsigned", "audited-unsigned", "exempt"])).warnings();
    assert_eq!(warnings, ["warned-unsigned: refused: it has no signature; rule \"rest\""]);
}

#[test]
fn a_verified_tag_is_allowed_with_a_warning() {
    let warnings = validate(&create(&["app:1", PINNED, "exempt:1", "audited:1", "app:1"])).warnings();
    assert_eq!(warnings, [format!("app:1 runs by tag; the digest that was verified is {DIGEST}")]);
    assert!(mutate(&create(&["app:1"])).warnings().is_empty(), "the mutating form pins it");
}

#[test]
fn verified_tags_are_refused_where_the_configuration_says_so() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.tags = Tags::Refuse;
    let answered = webhook.validate(&create(&["app:1", PINNED, "exempt:1"]));
    let (code, _, message) = answered.status();
    assert_eq!(code, 403);
    assert!(message.contains(&format!("write docker.io/library/app:1@{DIGEST}")), "{message}");
    assert_eq!(answered.annotation("decision"), "refused");
    assert!(webhook.validate(&create(&[PINNED, "exempt:1"])).is_allowed());
    assert!(webhook.mutate(&create(&["app:1"])).is_allowed(), "the mutating form pins it");
    let (group, kind, resource, path) = TEMPLATES[2];
    let deployment = object(group, kind, path, spec(&["app:1"]));
    assert!(!webhook.validate(&review("CREATE", (group, kind, resource), &deployment)).is_allowed());

    let answered = webhook.validate(&create(&["warned:1", "audited:1"]));
    assert!(answered.is_allowed());
    let warnings = answered.warnings();
    assert!(warnings.len() == 1 && warnings[0].starts_with("warned:1"), "{warnings:?}");
}

#[test]
fn stale_verdicts_are_warned_of() {
    let image = PINNED.replace("app", "stale");
    for answered in [validate(&create(&[&image])), mutate(&create(&[&image]))] {
        assert!(answered.is_allowed());
        let warnings = answered.warnings();
        assert_eq!(warnings, [format!("{image} was verified before; its revocation cannot be checked now")]);
    }
}

#[test]
fn warnings_are_bounded() {
    let long = format!("registry.example.com/{}:1", "ä".repeat(150));
    let warnings = validate(&create(&[&long])).warnings();
    assert!(
        warnings[0].len() <= 256 && warnings[0].ends_with(DIGEST),
        "the image is cut and not the digest: {warnings:?}"
    );

    let images: Vec<_> = (0..200).map(|number| format!("warned-unsigned:{number}\u{7}")).collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    let warnings = validate(&create(&images)).warnings();
    assert!(warnings.iter().map(String::len).sum::<usize>() <= 4096 && warnings.len() > 10);
    assert!(warnings.iter().all(|warning| warning.len() <= 256 && !warning.contains(char::is_control)));
    assert_eq!(warnings.last().unwrap(), &format!("and {} more warnings", 200 - (warnings.len() - 1)));
}
