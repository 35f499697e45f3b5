//! What many ask at the same time is asked once.

use std::time::{Duration, Instant};

use admission::decision::{Code, Outcome};
use notary::envelope::SigningScheme;
use testbed::fault::Reply;

use crate::registry::{Asked, Registry};
use crate::scene::{LONG, Scene, Tenant, ask, assert_said, assert_verified, until};

#[tokio::test]
async fn two_hundred_questions_about_a_cold_image_ask_everything_once() {
    let scene = Scene::new("");
    let image = scene.signed();
    scene.tenants.put(Some("a"), Tenant { id: "shared", ..Tenant::default() });
    scene.tenants.put(Some("b"), Tenant { id: "shared", ..Tenant::default() });
    scene.registry.close(Asked::Image);
    let callers: Vec<_> = (0..200)
        .map(|number| {
            let (decider, app) = (scene.decider.clone(), scene.app());
            let namespace = if number % 2 == 0 { "a" } else { "b" };
            tokio::spawn(async move { ask(&decider, Some(namespace), &[app], LONG).await })
        })
        .collect();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    scene.registry.open();
    for caller in callers {
        let decision = &caller.await.unwrap().images[0];
        assert_verified(decision);
        assert_eq!(decision.digest.as_ref(), Some(&image.digest));
    }
    assert_eq!((scene.registry.counts(), scene.source.count()), ([1, 1, 1, 1], 1));
    assert_eq!(scene.memory.under_way(), 0);
    // The others shared the work, and the metrics say so.
    let metrics = scene.metrics.encode();
    assert!(metrics.contains("cache_requests_total{cache=\"tag\",result=\"shared\"} 199"), "{metrics}");
}

#[tokio::test]
async fn two_policies_share_what_is_read_and_judge_for_themselves() {
    let scene = Scene::with(
        "policies:\n  strict: {trustPolicy: strict.json, roots: [root.der]}\n  prod: {trustPolicy: strict.json, roots: \
         [root.der], userMetadata: {stage: prod}}\nrules: [{namespaces: [a], policy: strict, action: enforce}, {policy: \
         prod, action: enforce}]",
        LONG,
    );
    let image = scene.signed();
    for name in [scene.app(), scene.by_digest(&image)] {
        scene.registry.close(Asked::Image);
        let (strict, prod, ()) = tokio::join!(scene.one_in(Some("a"), &name), scene.one_in(Some("b"), &name), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            scene.registry.open();
        });
        assert_verified(&strict);
        assert_said(&prod, Outcome::Refused, Code::Untrusted);
    }
    // The digest is another name, but its verdicts are known.
    assert_eq!((scene.registry.counts(), scene.source.count()), ([1, 1, 1, 1], 1));
    let other = Scene::with(
        "policies:\n  a: {trustPolicy: strict.json, roots: [root.der]}\n  b: {trustPolicy: strict.json, roots: \
         [root.der], maxSignatures: 100, require: 2}\nrules: [{namespaces: [a], policy: a, action: enforce}, {policy: b, \
         action: enforce}]",
        LONG,
    );
    let name = other.by_digest(&other.signed());
    let (one, two) = tokio::join!(other.one_in(Some("a"), &name), other.one_in(Some("b"), &name));
    assert_verified(&one);
    assert_said(&two, Outcome::Refused, Code::Untrusted);
    assert_eq!((other.registry.counts(), other.source.count()), ([1, 1, 1, 1], 1));
}

#[tokio::test]
async fn the_first_caller_gives_up_in_time_and_the_work_is_done_once_for_the_others() {
    let scene = Scene::new("");
    scene.signed();
    scene.registry.close(Asked::List);
    let began = Instant::now();
    let hasty = scene.ask_in(None, &[scene.app()], Duration::from_millis(300)).await.images.remove(0);
    assert_said(&hasty, Outcome::Undetermined, Code::Deadline);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(scene.memory.under_way() > 0);
    let app = scene.app();
    let (first, second, ()) = tokio::join!(scene.one(&app), scene.one(&app), async { scene.registry.open() });
    assert_verified(&first);
    assert_verified(&second);
    assert_eq!((scene.registry.counts(), scene.source.count()), ([1, 1, 1, 1], 1));
}

#[tokio::test]
async fn another_registry_that_does_not_answer_holds_up_no_equal_signature() {
    let scene = Scene::new("");
    let image = scene.signed();
    let evil = Registry::start();
    evil.push("app", "v1", "content");
    evil.attach(&image, &scene.key.sign(&image, SigningScheme::X509));
    evil.close(Asked::Signature);
    // Its list has the very same signature manifest.
    let same = scene.key.sign(&image, SigningScheme::X509);
    scene.registry.detach(&image);
    evil.detach(&image);
    scene.registry.attach(&image, &same);
    evil.attach(&image, &same);
    let (decider, name) = (scene.decider.clone(), evil.name("app:v1"));
    let victim = tokio::spawn(async move { ask(&decider, None, &[name], LONG).await });
    until(|| evil.count(Asked::Signature) > 0).await;
    assert_verified(&scene.one(&scene.app()).await);
    evil.open();
    assert_verified(&victim.await.unwrap().images[0]);
}

#[tokio::test]
async fn equal_images_of_a_question_are_judged_once_and_answered_each() {
    let scene = Scene::new("");
    scene.signed();
    scene.registry.push("app", "bad", "other");
    let [good, bad] = [scene.app(), scene.registry.name("app:bad")];
    let images = [&good, &bad, &good, &good, &bad].map(Clone::clone);
    let decision = scene.ask_in(None, &images, LONG).await;
    let outcomes: Vec<_> = decision.images.iter().map(|image| (image.image.clone(), image.outcome)).collect();
    let expected = images.map(|image| {
        let outcome = if image == good { Outcome::Verified } else { Outcome::Refused };
        (image, outcome)
    });
    assert_eq!(outcomes, expected);
    assert_eq!(scene.registry.count(Asked::Image), 2);
    assert_eq!(decision.problems().len(), 1);
}

#[tokio::test]
async fn five_hundred_images_of_a_question_are_judged() {
    let scene = Scene::new("");
    let image = scene.signed();
    let images: Vec<String> = (0..512)
        .map(|number| {
            let text = if number % 8 == 0 { format!("unsigned {number}") } else { "content".to_owned() };
            scene.registry.push("app", &format!("t{number}"), &text);
            scene.registry.name(&format!("app:t{number}"))
        })
        .collect();
    let decision = scene.ask_in(None, &images, LONG).await;
    for (number, decided) in decision.images.iter().enumerate() {
        let expected = if number % 8 == 0 { Outcome::Refused } else { Outcome::Verified };
        assert_eq!(decided.outcome, expected, "{decided:?}");
    }
    assert_eq!(decision.images[1].digest.as_ref(), Some(&image.digest));
    // One list for the signed image, and one for each of the others.
    assert_eq!(scene.registry.counts(), [512, 65, 1, 1]);
    assert_eq!((scene.source.count(), scene.memory.under_way()), (1, 0));
}

#[tokio::test]
async fn images_of_a_registry_that_hangs_wait_for_nothing_but_their_deadline() {
    let scene = Scene::with(
        "policies: {strict: {trustPolicy: strict.json, roots: [root.der]}}\nrules: [{policy: strict, action: enforce}]",
        Duration::from_secs(3),
    );
    scene.signed();
    let hanging = Registry::start();
    hanging.fail(|_, _| Some(Reply::Hang("")));
    // More than there are places for one registry.
    let questions: Vec<_> = (0..8)
        .map(|question| {
            let images: Vec<_> = (0..16).map(|image| hanging.name(&format!("evil:q{question}-{image}"))).collect();
            let decider = scene.decider.clone();
            tokio::spawn(async move { ask(&decider, None, &images, Duration::from_secs(3)).await })
        })
        .collect();
    until(|| hanging.count(Asked::Image) >= 64).await;
    assert_verified(&scene.one(&scene.app()).await);
    for question in questions {
        for decided in &question.await.unwrap().images {
            assert_said(decided, Outcome::Undetermined, Code::Deadline);
        }
    }
    scene.idle().await;
}
