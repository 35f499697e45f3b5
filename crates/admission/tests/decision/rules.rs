//! What the rules say before an image is looked at.

use admission::decision::{Code, Outcome, Verdict};
use serde_json::json;

use crate::registry::Asked;
use crate::scene::{LONG, Scene, assert_said};

const RULES: &str = "policies:\n  strict: {trustPolicy: strict.json, roots: [root.der]}\n  skip: {trustPolicy: \
                     skip.json, roots: [root.der]}\n  scoped: {trustPolicy: scoped.json, roots: [root.der]}\nrules:\n  - \
                     {name: exempt, namespaces: [kube-system], action: exempt}\n  - {name: warn, namespaces: [warn], \
                     policy: strict, action: warn}\n  - {name: audit, namespaces: [audit], policy: strict, action: \
                     audit}\n  - {name: skip, namespaces: [skip], policy: skip, action: enforce}\n  - {name: scoped, \
                     namespaces: [scoped], policy: scoped, action: enforce}\n  - {name: labels, namespaces: [labels], \
                     namespaceSelector: {matchLabels: {a: b}}, action: exempt}\n  - {name: enforce, namespaces: \
                     [enforce, labels], policy: strict, action: enforce}";

fn scene() -> Scene {
    let mut scene = Scene::new("");
    let scoped = json!({ "version": "1.0", "trustPolicies": [{
        "name": "scoped", "registryScopes": ["registry.example.com/other"],
        "signatureVerification": { "level": "strict" },
        "trustStores": ["ca:test"], "trustedIdentities": ["*"],
    }] });
    std::fs::write(scene.folder.path().join("scoped.json"), scoped.to_string()).unwrap();
    scene.reload(RULES);
    scene
}

#[tokio::test]
async fn exempt_images_are_not_asked_for() {
    let scene = scene();
    for image in [&*scene.app(), "NOT a reference", "registry.example.com/a@sha256:12"] {
        let decided = scene.one_in(Some("kube-system"), image).await;
        assert_eq!((decided.outcome, decided.rule.as_deref()), (Outcome::Exempt, Some("exempt")), "{decided:?}");
        assert_eq!(decided.verdict(), Verdict::Allowed);
    }
    let skipped = scene.one_in(Some("skip"), &scene.app()).await;
    assert_eq!((skipped.outcome, skipped.rule.as_deref()), (Outcome::Exempt, Some("skip")));
    assert_eq!(scene.registry.counts(), [0; 4]);
}

#[tokio::test]
async fn warned_and_audited_images_run_whatever_is_found() {
    let scene = scene();
    scene.registry.push("app", "v1", "unsigned");
    let missing = scene.registry.name("missing:v1");
    for (namespace, is_warned) in [("warn", true), ("audit", false)] {
        for (image, outcome, code) in [
            (&*scene.app(), Outcome::Refused, Code::Unsigned),
            (&*missing, Outcome::Undetermined, Code::NotFound),
            ("a b", Outcome::Refused, Code::InvalidReference),
        ] {
            let decision = scene.ask_in(Some(namespace), &[image.to_owned()], LONG).await;
            let decided = &decision.images[0];
            assert_said(decided, outcome, code);
            assert_eq!((decision.verdict(), decision.warnings().len()), (Verdict::Allowed, usize::from(is_warned)));
            assert_eq!(decided.rule.as_deref(), Some(namespace));
        }
    }
}

#[tokio::test]
async fn images_without_rule_or_statement_and_invalid_ones_are_refused_unasked() {
    let scene = scene();
    for namespace in [None, Some("none")] {
        let decided = scene.one_in(namespace, &scene.app()).await;
        assert_said(&decided, Outcome::Refused, Code::Untrusted);
        assert_eq!((decided.verdict(), &decided.rule), (Verdict::Refused, &None));
        assert_said(&scene.one_in(namespace, "a b").await, Outcome::Refused, Code::InvalidReference);
    }
    let decided = scene.one_in(Some("scoped"), &scene.app()).await;
    assert_said(&decided, Outcome::Refused, Code::Untrusted);
    assert_eq!((decided.verdict(), decided.rule.as_deref()), (Verdict::Refused, Some("scoped")));
    let long = format!("registry.example.com/{}", "a/".repeat(1000));
    for image in
        ["", "https://a.example/b", "Docker.io/nginx", "user@host/a", "a/../b", "a\u{7}b", "a@sha256:1", &*long]
    {
        let decided = scene.one_in(Some("enforce"), image).await;
        assert_said(&decided, Outcome::Refused, Code::InvalidReference);
        let message = decided.to_string();
        assert!(message.len() < 5000 && !message.contains('\u{7}'), "{message:?}");
    }
    assert_eq!(scene.registry.counts(), [0; 4]);
}

#[tokio::test]
async fn labels_that_are_not_known_decide_nothing() {
    let scene = scene();
    let decided = scene.one_in(Some("labels"), &scene.app()).await;
    assert_said(&decided, Outcome::Undetermined, Code::Unreachable);
    assert_eq!((decided.verdict(), decided.rule.as_deref()), (Verdict::Undetermined, Some("labels")));
    // A rule before it does not need them.
    assert_eq!(scene.one_in(Some("kube-system"), &scene.app()).await.outcome, Outcome::Exempt);
    assert_eq!(scene.registry.count(Asked::Image), 0);
}
