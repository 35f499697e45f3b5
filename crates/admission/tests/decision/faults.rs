//! Panics, registries that lie or never end, and memory.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use admission::decision::{Code, Outcome};
use notary::manifest::IMAGE_MANIFEST_MEDIA_TYPE;
use registry::{Layout, Store};
use testbed::fault::Reply;
use testbed::test_env::add_image;

use crate::registry::Asked;
use crate::scene::{ENFORCE, LONG, STRICT, Scene, Tenant, assert_said, assert_verified, said};

#[tokio::test]
async fn a_panic_is_undetermined_and_forgotten() {
    let scene = Scene::new("");
    scene.signed();
    scene.source.say_by(|_| panic!("told to"));
    assert_eq!(scene.one_and_idle(&scene.app()).await.outcome, Outcome::Undetermined);
    scene.source.say(crate::source::not_revoked());
    scene.clock.advance(Duration::from_secs(1));
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    // In the task of a question, one image or several.
    scene.tenants.panics.store(true, Ordering::Relaxed);
    for images in [vec![scene.app()], vec![scene.app(), scene.registry.name("app:v2")]] {
        for decided in &scene.ask_in(None, &images, LONG).await.images {
            assert_said(decided, Outcome::Undetermined, Code::Unreachable);
            assert_eq!(decided.rule.as_deref(), Some("all"));
        }
    }
    scene.tenants.panics.store(false, Ordering::Relaxed);
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    assert_eq!(scene.memory.under_way(), 0);
}

#[tokio::test]
async fn a_registry_that_does_not_do_its_work_is_undetermined_in_time() {
    let time = Duration::from_secs(2);
    type Fault = fn() -> Reply;
    let faults: [(&str, Fault); 7] = [
        ("hang", || Reply::Hang("")),
        ("hang in the head", || Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")),
        ("close", || Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")),
        ("flood", || Reply::Flood(256 << 20)),
        ("garbage", || Reply::content("text/html", "<html>")),
        ("error", || Reply::status(500)),
        ("redirect", || Reply::Answer(307, vec![("Location", "/v2/app/manifests/v1".to_owned())], Vec::new())),
    ];
    for (name, fault) in faults {
        for place in [Asked::Image, Asked::List, Asked::Signature, Asked::Envelope] {
            let scene = Scene::with(&format!("{STRICT}\n{ENFORCE}"), time);
            scene.signed();
            scene.registry.fail(move |asked, _| (asked == place).then(fault));
            let began = Instant::now();
            let decided = scene.ask_in(None, &[scene.app()], time).await.images.remove(0);
            // A registry that answers with something else than an index has no Referrers API: its tags are looked at.
            let has_no_list = place == Asked::List && ["garbage", "redirect"].contains(&name);
            let expected = if has_no_list { Outcome::Refused } else { Outcome::Undetermined };
            assert_eq!(decided.outcome, expected, "{name} {place:?}: {decided:?}");
            assert!(began.elapsed() < time * 4, "{name} {place:?}: {:?}", began.elapsed());
            scene.idle().await;
            // It counts for a moment only.
            scene.registry.heal();
            scene.clock.advance(Duration::from_secs(if has_no_list { 60 } else { 1 }));
            assert_verified(&scene.one(&scene.app()).await);
        }
    }
}

#[tokio::test]
async fn a_registry_that_lies_about_digests_is_not_believed() {
    let scene = Scene::new("");
    let image = scene.signed();
    let other = "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}";
    let digest = image.digest.to_string();
    // Other content under the digest, and under a tag with the digest in a header.
    scene.registry.fail(move |asked, _| {
        let headers =
            vec![("Content-Type", IMAGE_MANIFEST_MEDIA_TYPE.to_owned()), ("Docker-Content-Digest", digest.clone())];
        (asked == Asked::Image).then(|| Reply::Answer(200, headers, other.as_bytes().to_vec()))
    });
    for name in [scene.app(), scene.by_digest(&image)] {
        let decided = scene.one(&name).await;
        assert_eq!(decided.outcome, Outcome::Undetermined, "{decided:?}");
    }
    // Other content as the signature, or as the envelope.
    for place in [Asked::Signature, Asked::Envelope] {
        let scene = Scene::new("");
        scene.signed();
        scene.registry.fail(move |asked, _| (asked == place).then(|| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, other)));
        let decided = scene.one(&scene.app()).await;
        assert_eq!(decided.outcome, Outcome::Undetermined, "{place:?}: {decided:?}");
    }
}

#[tokio::test]
async fn a_missing_image_is_not_remembered() {
    let scene = Scene::new("");
    assert_said(&scene.one(&scene.app()).await, Outcome::Undetermined, Code::NotFound);
    scene.signed();
    assert_verified(&scene.one(&scene.app()).await);
}

/// Fills all caches with images of a layout, each under many names.
async fn fill(scene: &Scene, names: usize) {
    let layout = Layout::create(scene.folder.path().join("layout")).unwrap();
    add_image(&layout, "v1");
    scene.tenants.put(None, Tenant { id: "layout", store: Some(Store::Layout(layout)), ..Tenant::default() });
    for first in (0..names).step_by(500) {
        let images: Vec<_> = (first..first + 500).map(|name| format!("registry.example.com/app-{name}:v1")).collect();
        let decision = scene.ask_in(None, &images, LONG).await;
        assert!(decision.images.iter().all(|image| said(image) == (Outcome::Refused, Some(Code::Unsigned))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_distinct_references_stay_within_the_memory() {
    let (memory, names) = (2 << 20, 20_000);
    let scene = Scene::new("cache: {memory: 2MiB, tag: 1h, signatures: 1h, unsigned: 1h}");
    fill(&scene, names).await;
    let (entries, bytes) = scene.memory.size();
    assert!(bytes <= memory && bytes > memory / 8, "{bytes} bytes of {memory}, {entries} entries");
    assert!(entries < names, "{entries}");
    assert_eq!(scene.memory.under_way(), 0);
}

/// As above with the default memory and ten times as many names; takes minutes without optimization.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn two_hundred_thousand_distinct_references_stay_within_the_memory() {
    let scene = Scene::new("cache: {tag: 1h, signatures: 1h, unsigned: 1h}");
    fill(&scene, 200_000).await;
    let (entries, bytes) = scene.memory.size();
    assert!(bytes <= 64 << 20 && entries > 10_000, "{bytes} bytes, {entries} entries");
    assert_eq!(scene.memory.under_way(), 0);
}

#[tokio::test]
async fn a_request_that_ends_first_says_what_it_waited_for() {
    let (long, short) = (Duration::from_secs(20), Duration::from_millis(500));
    for (status, code) in [(429, Code::Throttled), (503, Code::Unreachable), (500, Code::Unreachable)] {
        for place in [Asked::Image, Asked::List, Asked::Signature, Asked::Envelope] {
            let scene = Scene::with(&format!("{STRICT}\n{ENFORCE}"), long);
            scene.signed();
            let later = vec![("Retry-After", "5".to_owned())];
            let later = move || Reply::Answer(status, later.clone(), Vec::new());
            scene.registry.fail(move |asked, _| (asked == place).then(&later));
            let registry = scene.registry.name("");
            // Both wait for the same work.
            for _ in 0..2 {
                let decided = scene.ask_in(None, &[scene.app()], short).await.images.remove(0);
                assert_said(&decided, Outcome::Undetermined, code);
                let message = &decided.why.as_ref().unwrap().message;
                let is_told = message.contains(registry.trim_end_matches('/')) && message.contains(&status.to_string());
                assert!(is_told && !message.contains("AWS Signer"), "{place:?}: {message}");
            }
        }
    }
    // The registry did its part.
    let scene = Scene::with(&format!("{STRICT}\n{ENFORCE}"), long);
    scene.signed();
    scene.source.say_nothing();
    let decided = scene.ask_in(None, &[scene.app()], short).await.images.remove(0);
    assert_said(&decided, Outcome::Undetermined, Code::Deadline);
    let message = &decided.why.as_ref().unwrap().message;
    assert!(message.contains("says whether the signing certificate is revoked did not answer"), "{message}");
}
