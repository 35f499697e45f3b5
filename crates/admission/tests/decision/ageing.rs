//! How long what was found out is used. The clock of the caches is set forward.

use std::sync::atomic::Ordering;
use std::time::Duration;

use admission::decision::{Code, Outcome};
use notary::envelope::{EnvelopeFormat, SigningScheme, header};
use notary::text::rfc3339;
use testbed::fault::Reply;
use testbed::own_key::{OwnKey, add_critical};
use time::OffsetDateTime;

use crate::registry::Asked;
use crate::scene::{ENFORCE, STRICT, Scene, assert_said, assert_verified, until};
use crate::source::{revoked, unknown};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_signature_that_comes_later_counts_after_unsigned() {
    let scene = Scene::new("cache: {unsigned: 5s, tag: 1h, signatures: 1h}");
    let image = scene.registry.push("app", "v1", "content");
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Unsigned);
    scene.registry.attach(&image, &scene.key.sign(&image, SigningScheme::X509));
    scene.clock.advance(Duration::from_millis(3500));
    let soon = scene.one_and_idle(&scene.app()).await;
    assert!(soon.is_cached);
    assert_said(&soon, Outcome::Refused, Code::Unsigned);
    scene.clock.advance(Duration::from_millis(1500));
    assert_verified(&scene.one(&scene.app()).await);
}

#[tokio::test]
async fn a_moved_tag_counts_after_tag_and_a_digest_ignores_the_tag() {
    let scene = Scene::new("cache: {tag: 10s}");
    let image = scene.signed();
    let both = scene.registry.name(&format!("app:v1@{}", image.digest));
    assert_verified(&scene.one(&scene.app()).await);
    assert_verified(&scene.one(&both).await);
    let other = scene.registry.push("app", "v1", "other");
    scene.clock.advance(seconds(7));
    let old = scene.one(&scene.app()).await;
    assert_eq!((old.outcome, old.digest.as_ref()), (Outcome::Verified, Some(&image.digest)));
    scene.clock.advance(seconds(3));
    let new = scene.one(&scene.app()).await;
    assert_said(&new, Outcome::Refused, Code::Unsigned);
    assert_eq!(new.digest.as_ref(), Some(&other.digest));
    // With a digest the tag counts for nothing, wherever it points.
    let pinned = scene.one(&both).await;
    assert_eq!((pinned.outcome, pinned.digest.as_ref()), (Outcome::Verified, Some(&image.digest)));
    let unsigned = scene.one(&scene.registry.name(&format!("app:v1@{}", other.digest))).await;
    assert_said(&unsigned, Outcome::Refused, Code::Unsigned);
}

#[tokio::test]
async fn a_list_is_read_again_after_signatures() {
    let scene = Scene::new("cache: {signatures: 60s, tag: 1h}");
    let image = scene.signed();
    assert_verified(&scene.one(&scene.app()).await);
    scene.registry.detach(&image);
    scene.clock.advance(seconds(44));
    assert_verified(&scene.one(&scene.app()).await);
    scene.clock.advance(seconds(16));
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Unsigned);
}

#[tokio::test]
async fn nothing_is_remembered_where_the_times_are_zero() {
    let scene = Scene::new("cache: {tag: 0s, signatures: 0s, unsigned: 0s}");
    let image = scene.signed();
    for asked in 1..=3 {
        let decided = scene.one_and_idle(&scene.app()).await;
        assert_verified(&decided);
        assert!(!decided.is_cached);
        // The envelope never changes, and revocation has a time of its own.
        assert_eq!((scene.registry.counts(), scene.source.count()), ([asked, asked, 1, 1], 1));
    }
    scene.registry.detach(&image);
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Unsigned);
}

#[tokio::test]
async fn an_envelope_is_remembered_with_its_format() {
    for format in EnvelopeFormat::ALL {
        let scene = Scene::new("cache: {tag: 0s, signatures: 0s, unsigned: 0s}");
        let image = scene.registry.push("app", "v1", "content");
        scene.registry.attach(&image, &scene.key.sign_in(format, &image, SigningScheme::X509));
        for asked in 1..=3 {
            assert_verified(&scene.one_and_idle(&scene.app()).await);
            assert_eq!(scene.registry.counts(), [asked, asked, 1, 1], "{format}");
        }
    }
}

/// Revokes `when` seconds after the first answer, and asks each second or, if `rarely`, once at the end.
async fn seconds_until_refused(when: u64, rarely: bool, are_known: bool) -> u64 {
    let scene = Scene::new("cache: {signatures: 20s, tag: 1h}\naws: {revocation: {ttl: 30s}}");
    scene.tenants.are_known.store(are_known, Ordering::Relaxed);
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    for _ in 0..when {
        scene.clock.advance(seconds(1));
        assert_verified(&scene.one_and_idle(&scene.app()).await);
    }
    scene.source.say(revoked());
    for second in 1.. {
        assert!(second <= 30, "not refused {second} s after the revocation, which was after {when} s");
        scene.clock.advance(seconds(1));
        if rarely && second < 30 {
            continue;
        }
        let decided = scene.one_and_idle(&scene.app()).await;
        if decided.outcome == Outcome::Refused {
            assert_said(&decided, Outcome::Refused, Code::Revoked);
            return second;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn a_revocation_counts_after_the_ttl_at_the_latest() {
    for when in [0, 1, 7, 15, 19, 21, 24, 26, 29, 31, 45, 58] {
        seconds_until_refused(when, false, when % 2 == 0).await;
        seconds_until_refused(when, true, when % 2 == 0).await;
    }
}

#[tokio::test]
async fn an_answer_that_ages_while_something_else_is_read_is_not_used() {
    let mut scene = Scene::new("");
    let second = OwnKey::new(|leaf| leaf.distinguished_name.push(rcgen::DnType::CommonName, "second"));
    std::fs::write(scene.folder.path().join("second.der"), second.root().der()).unwrap();
    scene.reload(&format!(
        "policies: {{strict: {{trustPolicy: strict.json, roots: [root.der, second.der], require: 2}}}}\n{ENFORCE}\ncache: \
         {{signatures: 20s, tag: 1h}}\naws: {{revocation: {{ttl: 30s}}}}"
    ));
    let image = scene.signed();
    assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    scene.registry.attach(&image, &second.sign(&image, SigningScheme::X509));
    // The first signer is revoked, which is not known for another second; the second signature comes slowly.
    let thumbprint = scene.key.root().thumbprint().to_owned();
    scene.source.say_by(move |question| {
        let is_first = question.chain.certificates().iter().any(|known| known.thumbprint() == thumbprint);
        Some(if is_first { revoked() } else { crate::source::not_revoked() })
    });
    scene.clock.advance(seconds(29));
    scene.registry.close(Asked::Signature);
    let (decider, app) = (scene.decider.clone(), scene.app());
    let asked = tokio::spawn(async move { crate::scene::ask(&decider, None, &[app], crate::scene::LONG).await });
    until(|| scene.registry.count(Asked::Signature) >= 2).await;
    scene.clock.advance(seconds(5));
    scene.registry.open();
    let decided = &asked.await.unwrap().images[0];
    assert_ne!(decided.outcome, Outcome::Verified, "{decided:?}");
}

#[tokio::test]
async fn no_verdict_outlives_the_signature() {
    let scene = Scene::new("cache: {signatures: 1h, tag: 1h}\naws: {revocation: {ttl: 1h}}");
    let image = scene.registry.push("app", "v1", "content");
    let expiry = rfc3339(OffsetDateTime::now_utc() + seconds(600));
    let envelope =
        scene.key.sign_with(&image, SigningScheme::X509, |header| add_critical(header, header::EXPIRY, &expiry));
    scene.registry.attach(&image, &envelope);
    assert_verified(&scene.one(&scene.app()).await);
    scene.clock.advance(seconds(540));
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.clock.advance(seconds(61));
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Expired);
}

#[tokio::test]
async fn no_verdict_outlives_the_certificate() {
    let mut scene = Scene::new("cache: {signatures: 1h, tag: 1h}\naws: {revocation: {ttl: 1h}}");
    scene.key = OwnKey::new(|leaf| leaf.not_after = OffsetDateTime::now_utc() + seconds(600));
    std::fs::write(scene.folder.path().join("root.der"), scene.key.root().der()).unwrap();
    scene.reload(&format!("{STRICT}\n{ENFORCE}\ncache: {{signatures: 1h, tag: 1h}}\naws: {{revocation: {{ttl: 1h}}}}"));
    scene.signed();
    assert_verified(&scene.one(&scene.app()).await);
    scene.clock.advance(seconds(601));
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Expired);
}

#[tokio::test]
async fn while_an_image_is_in_use_no_request_waits() {
    for are_known in [true, false] {
        let scene = Scene::new("cache: {signatures: 60s, tag: 10s}\naws: {revocation: {ttl: 100s}}");
        scene.tenants.are_known.store(are_known, Ordering::Relaxed);
        scene.signed();
        assert_verified(&scene.one_and_idle(&scene.app()).await);
        for second in 1..=400 {
            scene.clock.advance(seconds(1));
            let decided = scene.one_and_idle(&scene.app()).await;
            assert_verified(&decided);
            assert!(decided.is_cached, "a request waited after {second} s; known: {are_known}");
        }
        let [images, lists, signatures, envelopes] = scene.registry.counts();
        assert!((40..=56).contains(&images) && (7..=25).contains(&lists), "{images} images, {lists} lists");
        assert_eq!((signatures, envelopes), (1, 1));
        assert!((4..=8).contains(&scene.source.count()), "{}", scene.source.count());
    }
}

#[tokio::test]
async fn a_refresh_is_not_waited_for() {
    let scene = Scene::new("cache: {signatures: 20s, tag: 10s}\naws: {revocation: {ttl: 30s}}");
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.registry.close(Asked::Image);
    scene.clock.advance(seconds(9));
    let decided = scene.one(&scene.app()).await;
    assert!(decided.is_cached && scene.memory.under_way() > 0);
    assert_verified(&decided);
    scene.registry.open();
    scene.idle().await;
}

#[tokio::test]
async fn a_failed_refresh_keeps_the_verdict_until_its_time_is_over_and_no_longer() {
    let scene = Scene::new("cache: {signatures: 20s, tag: 1h}\naws: {revocation: {ttl: 1h}}");
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.registry.fail(|_, _| Some(Reply::status(503)));
    let before = scene.registry.count(Asked::List);
    for _ in 1..20 {
        scene.clock.advance(seconds(1));
        // Many requests in a second do not repeat what failed just now.
        for _ in 0..5 {
            assert_verified(&scene.one_and_idle(&scene.app()).await);
        }
    }
    let failed = scene.registry.count(Asked::List) - before;
    scene.clock.advance(seconds(1));
    let decided = scene.one_and_idle(&scene.app()).await;
    assert_said(&decided, Outcome::Undetermined, Code::Unreachable);
    // The client tries each a few times.
    let tries = scene.registry.count(Asked::List) - before - failed;
    assert!(failed > 0 && failed <= 6 * tries, "{failed} requests, {tries} for one refresh");
    scene.registry.heal();
    scene.clock.advance(seconds(1));
    assert_verified(&scene.one(&scene.app()).await);
}

#[tokio::test]
async fn a_refresh_that_hangs_does_not_lengthen_the_verdict_for_those_who_join_it() {
    let config = format!("{STRICT}\n{ENFORCE}\ncache: {{signatures: 20s, tag: 1h}}\naws: {{revocation: {{ttl: 1h}}}}");
    let scene = Scene::with(&config, Duration::from_secs(1));
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.registry.close(Asked::List);
    scene.clock.advance(seconds(19));
    assert_verified(&scene.one(&scene.app()).await);
    until(|| scene.registry.count(Asked::List) >= 2).await;
    scene.clock.advance(seconds(2));
    let joined = scene.one(&scene.app()).await;
    assert_eq!(joined.outcome, Outcome::Undetermined, "{joined:?}");
    scene.registry.open();
    scene.idle().await;
}

#[tokio::test]
async fn a_revocation_check_that_hangs_does_not_lengthen_the_verdict() {
    let config = format!("{STRICT}\n{ENFORCE}\ncache: {{signatures: 1h, tag: 1h}}\naws: {{revocation: {{ttl: 20s}}}}");
    let scene = Scene::with(&config, Duration::from_secs(1));
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say_nothing();
    scene.clock.advance(seconds(19));
    assert_verified(&scene.one(&scene.app()).await);
    until(|| scene.source.count() >= 2).await;
    scene.clock.advance(seconds(2));
    let joined = scene.one(&scene.app()).await;
    assert_said(&joined, Outcome::Undetermined, Code::Deadline);
    scene.idle().await;
}

#[tokio::test]
async fn a_revocation_is_kept_for_a_day_and_not_asked_again() {
    let scene = Scene::new("cache: {signatures: 60s, tag: 1h}\naws: {revocation: {ttl: 60s}}");
    scene.signed();
    scene.source.say(revoked());
    assert_said(&scene.one(&scene.app()).await, Outcome::Refused, Code::Revoked);
    scene.source.say(unknown());
    for _ in 0..17 {
        scene.clock.advance(seconds(3600));
        assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Refused, Code::Revoked);
    }
    assert_eq!(scene.source.count(), 1);
    scene.clock.advance(seconds(7 * 3600));
    assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Undetermined, Code::Unreachable);
    assert_eq!(scene.source.count(), 2);
}

#[tokio::test]
async fn what_is_not_known_is_kept_for_a_second() {
    let scene = Scene::new("cache: {tag: 1h}");
    scene.signed();
    scene.source.say(unknown());
    for asked in 1..=3 {
        assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Undetermined, Code::Unreachable);
        assert_eq!(scene.source.count(), asked);
        let again = scene.one_and_idle(&scene.app()).await;
        assert!(again.is_cached);
        assert_eq!(scene.source.count(), asked);
        scene.clock.advance(seconds(1));
    }
    scene.source.say(crate::source::not_revoked());
    assert_verified(&scene.one(&scene.app()).await);
}

#[tokio::test]
async fn a_signature_of_unknown_revocation_beside_a_valid_one_is_not_asked_about_by_each_request() {
    let scene = Scene::new("cache: {tag: 1h}");
    let image = scene.registry.push("app", "v1", "content");
    let day = |day: i64| rfc3339(OffsetDateTime::now_utc() - time::Duration::days(day));
    for signed in [day(2), day(1)] {
        let envelope = scene
            .key
            .sign_with(&image, SigningScheme::X509, |protected| protected[header::SIGNING_TIME] = signed.into());
        scene.registry.attach(&image, &envelope);
    }
    let boundary = OffsetDateTime::now_utc() - time::Duration::hours(36);
    scene.source.say_by(move |question| {
        Some(if question.signing_time < boundary { unknown() } else { crate::source::not_revoked() })
    });
    for _ in 0..10 {
        assert_verified(&scene.one_and_idle(&scene.app()).await);
    }
    assert_eq!(scene.source.count(), 2);
}
