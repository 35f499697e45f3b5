//! What one policy says serves no other.

use admission::decision::{Code, Outcome};
use admission::frontends::Decide as _;
use notary::Descriptor;
use notary::envelope::SigningScheme;
use testbed::own_key::OwnKey;

use crate::scene::{ENFORCE, LONG, STRICT, Scene, ask, assert_said, assert_verified, skipping, until};

/// Signs an image with metadata.
fn sign_with_metadata(scene: &Scene, image: &Descriptor, pairs: &[(&str, &str)]) {
    let mut described = image.clone();
    described.annotations.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    scene.registry.attach(image, &scene.key.sign(&described, SigningScheme::X509));
}

#[tokio::test]
async fn the_verdict_of_a_lax_policy_does_not_serve_a_strict_one_and_the_other_way_round() {
    let config = "policies:\n  strict: {trustPolicy: strict.json, roots: [root.der]}\n  lax: {trustPolicy: audit.json, \
                  roots: [root.der]}\n  skip: {trustPolicy: skip.json, roots: [root.der]}\nrules:\n  - {namespaces: \
                  [lax], policy: lax, action: enforce}\n  - {namespaces: [skip], policy: skip, action: enforce}\n  - \
                  {policy: strict, action: enforce}";
    for order in [["lax", "strict", "skip"], ["strict", "lax", "skip"], ["skip", "strict", "lax"]] {
        let scene = Scene::with(config, LONG);
        let image = scene.registry.push("app", "v1", "content");
        scene.registry.attach(&image, &OwnKey::new(|_| ()).sign(&image, SigningScheme::X509));
        for name in [scene.app(), scene.by_digest(&image)] {
            for namespace in order.into_iter().chain(order) {
                let decided = scene.one_in(Some(namespace), &name).await;
                match namespace {
                    "lax" => assert_verified(&decided),
                    "strict" => assert_said(&decided, Outcome::Refused, Code::Untrusted),
                    _ => assert_eq!(decided.outcome, Outcome::Exempt),
                }
            }
        }
    }
}

#[tokio::test]
async fn required_metadata_and_signers_count_for_their_policy_only() {
    let config = "policies:\n  any: {trustPolicy: strict.json, roots: [root.der, second.der]}\n  prod: {trustPolicy: \
                  strict.json, roots: [root.der, second.der], userMetadata: {stage: prod}}\n  test: {trustPolicy: \
                  strict.json, roots: [root.der, second.der], userMetadata: {stage: test}}\n  two: {trustPolicy: \
                  strict.json, roots: [root.der, second.der], require: 2}\nrules:\n  - {namespaces: [any], policy: any, \
                  action: enforce}\n  - {namespaces: [prod], policy: prod, action: enforce}\n  - {namespaces: [test], \
                  policy: test, action: enforce}\n  - {namespaces: [two], policy: two, action: enforce}";
    let mut scene = Scene::new("");
    let second = OwnKey::new(|leaf| leaf.distinguished_name.push(rcgen::DnType::CommonName, "second"));
    std::fs::write(scene.folder.path().join("second.der"), second.root().der()).unwrap();
    scene.reload(config);
    let image = scene.registry.push("app", "v1", "content");
    sign_with_metadata(&scene, &image, &[("stage", "prod")]);
    for _ in 0..2 {
        for (namespace, is_good) in [("any", true), ("prod", true), ("test", false), ("two", false)] {
            let decided = scene.one_in(Some(namespace), &scene.app()).await;
            if is_good { assert_verified(&decided) } else { assert_said(&decided, Outcome::Refused, Code::Untrusted) }
        }
    }
    let both = scene.registry.push("app", "v2", "other");
    for key in [&scene.key, &second] {
        scene.registry.attach(&both, &key.sign(&both, SigningScheme::X509));
    }
    // One signer twice is one signer.
    let twice = scene.registry.push("app", "v3", "third");
    for _ in 0..2 {
        scene.registry.attach(&twice, &scene.key.sign(&twice, SigningScheme::X509));
    }
    assert_verified(&scene.one_in(Some("two"), &scene.registry.name("app:v2")).await);
    assert_said(&scene.one_in(Some("two"), &scene.registry.name("app:v3")).await, Outcome::Refused, Code::Untrusted);
    assert_said(&scene.one_in(Some("prod"), &scene.registry.name("app:v2")).await, Outcome::Refused, Code::Untrusted);
}

#[tokio::test]
async fn a_policy_of_the_same_name_with_other_content_judges_anew() {
    let mut scene = Scene::new("cache: {signatures: 1h, tag: 1h}");
    let times = "cache: {signatures: 1h, tag: 1h}";
    let same = format!("{STRICT}\n{ENFORCE}\n{times}");
    scene.signed();
    assert_verified(&scene.one(&scene.app()).await);
    // A setting of the policy.
    scene.reload(&format!(
        "policies: {{strict: {{trustPolicy: strict.json, roots: [root.der], userMetadata: {{a: b}}}}}}\n{ENFORCE}\n{times}"
    ));
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    scene.reload(&same);
    assert_verified(&scene.one(&scene.app()).await);
    // The content of a file that it names: a root.
    let root = scene.folder.path().join("root.der");
    let trusted = std::fs::read(&root).unwrap();
    std::fs::write(&root, OwnKey::new(|_| ()).root().der()).unwrap();
    scene.reload(&same);
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    std::fs::write(&root, trusted).unwrap();
    scene.reload(&same);
    assert_verified(&scene.one(&scene.app()).await);
    // The trust policy: another identity, and another level.
    let document_file = scene.folder.path().join("strict.json");
    let text = std::fs::read_to_string(&document_file).unwrap();
    std::fs::write(&document_file, text.replace("CN=leaf", "CN=other")).unwrap();
    scene.reload(&same);
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    std::fs::write(&document_file, skipping(&scene.registry.name("app"))).unwrap();
    scene.reload(&same);
    assert_eq!(scene.one(&scene.app()).await.outcome, Outcome::Exempt);
    // Nothing but the judgement was made anew.
    assert_eq!((scene.registry.counts(), scene.source.count()), ([1, 1, 1, 1], 1));
}

#[tokio::test]
async fn a_verdict_that_is_being_made_by_the_policy_before_does_not_serve_the_next_one() {
    let mut scene = Scene::new("");
    scene.signed();
    scene.source.say_nothing();
    let (decider, app) = (scene.decider.clone(), scene.app());
    let before =
        tokio::spawn(
            async move { crate::scene::ask(&decider, None, &[app], std::time::Duration::from_secs(20)).await },
        );
    until(|| scene.source.count() > 0).await;
    std::fs::write(scene.folder.path().join("root.der"), OwnKey::new(|_| ()).root().der()).unwrap();
    scene.reload(&format!("{STRICT}\n{ENFORCE}"));
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    before.abort();
}

#[tokio::test]
async fn a_moved_tag_is_another_image() {
    let scene = Scene::new("cache: {tag: 0s}");
    let good = scene.signed();
    assert_verified(&scene.one(&scene.app()).await);
    let evil = scene.registry.push("app", "v1", "evil");
    let decided = scene.one(&scene.app()).await;
    assert_said(&decided, Outcome::Refused, Code::Unsigned);
    assert_eq!(decided.digest, Some(evil.digest));
    // The signature of the one does not serve the other.
    scene.registry.attach(&scene.registry.push("app", "v2", "evil2"), &scene.key.sign(&good, SigningScheme::X509));
    assert_said(&scene.one(&scene.registry.name("app:v2")).await, Outcome::Refused, Code::Integrity);
}

#[tokio::test]
async fn a_policy_that_the_caller_names_takes_the_place_of_that_of_the_rule_and_of_nothing_else() {
    let config = "policies:\n  strict: {trustPolicy: strict.json, roots: [root.der]}\n  lax: {trustPolicy: audit.json, \
                  roots: [root.der]}\nrules:\n  - {namespaces: [free], action: exempt}\n  - {namespaces: [trial], \
                  policy: strict, action: warn}\n  - {namespaces: [default], policy: strict, action: enforce}";
    let scene = Scene::with(config, LONG);
    let image = scene.registry.push("app", "v1", "content");
    scene.registry.attach(&image, &OwnKey::new(|_| ()).sign(&image, SigningScheme::X509));
    assert!(scene.decider.with_policy("nosuch").is_none() && scene.decider.with_policy("").is_none());
    let [strict, lax] = ["strict", "lax"].map(|name| scene.decider.with_policy(name).unwrap());
    for _ in 0..2 {
        for (decider, is_good) in [(&strict, false), (&lax, true), (&scene.decider, false)] {
            for namespace in ["default", "trial", "free", "other"] {
                let decided = ask(decider, Some(namespace), &[scene.app()], LONG).await.images.remove(0);
                match namespace {
                    // Rules decide what is exempt, and without one nothing runs.
                    "free" => assert_eq!(decided.outcome, Outcome::Exempt),
                    "other" => assert_said(&decided, Outcome::Refused, Code::Untrusted),
                    _ if is_good => assert_verified(&decided),
                    _ => assert_said(&decided, Outcome::Refused, Code::Untrusted),
                }
                assert_eq!(decided.is_warned, namespace == "trial");
            }
        }
    }
}
