//! `staleFor`: what was verified stays so while revocation cannot be checked.

use std::time::{Duration, Instant};

use admission::decision::{Code, Decided, Outcome};
use notary::envelope::{SigningScheme, header};
use notary::text::rfc3339;
use testbed::fault::Reply;
use testbed::own_key::{OwnKey, add_critical};
use time::OffsetDateTime;

use crate::registry::Asked;
use crate::scene::{ENFORCE, STRICT, Scene, Tenant, assert_said, assert_verified};
use crate::source::{not_revoked, revoked, unknown};

const STALE: &str = "cache: {signatures: 20s, tag: 1h}\n\
                     aws: {revocation: {ttl: 60s, whenUnavailable: allow-stale, staleFor: 10m}}";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn assert_stale(decision: &Decided) {
    assert_said(decision, Outcome::Verified, Code::Unreachable);
    assert!(decision.is_stale && decision.signer.is_some(), "{decision:?}");
}

/// A scene whose image was verified, and whose revocation is not known any more.
async fn doubtful() -> Scene {
    let scene = Scene::new(STALE);
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say(unknown());
    scene.clock.advance(seconds(61));
    scene
}

/// The decision when what is asked meanwhile is known.
async fn settled(scene: &Scene) -> Decided {
    scene.one_and_idle(&scene.app()).await;
    scene.one_and_idle(&scene.app()).await
}

#[tokio::test]
async fn a_verified_image_stays_so_for_the_time_and_no_longer() {
    for step in [1, 7, 50] {
        let scene = doubtful().await;
        // The answer that nothing is revoked is of the start. The time that the test itself takes counts, too.
        let end = scene.clock.now() + seconds(660 - 61);
        while scene.clock.now() + seconds(step + 3) < end {
            assert_stale(&scene.one_and_idle(&scene.app()).await);
            scene.clock.advance(seconds(step));
        }
        scene.clock.advance(end + seconds(1) - scene.clock.now());
        assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Undetermined, Code::Unreachable);
        scene.clock.advance(seconds(100));
        assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Undetermined, Code::Unreachable);
        scene.source.say(not_revoked());
        scene.clock.advance(seconds(1));
        assert_verified(&scene.one_and_idle(&scene.app()).await);
    }
}

#[tokio::test]
async fn a_request_with_little_time_gets_it_although_the_service_hangs() {
    let scene = doubtful().await;
    scene.source.say_nothing();
    for _ in 0..2 {
        // Gatekeeper waits three seconds by default. What was given once is not given any more.
        let decision = scene.ask_in(None, &[scene.app()], Duration::from_millis(1200)).await;
        assert_said(&decision.images[0], Outcome::Verified, Code::Deadline);
        assert!(decision.images[0].is_stale, "{decision:?}");
        scene.clock.advance(seconds(30));
    }
}

#[tokio::test]
async fn the_service_is_asked_again_and_its_word_counts_soon() {
    for (word, expected) in [(not_revoked(), Outcome::Verified), (revoked(), Outcome::Refused)] {
        let scene = doubtful().await;
        assert_stale(&scene.one_and_idle(&scene.app()).await);
        scene.source.say(word);
        scene.clock.advance(seconds(2));
        // In use: this request is answered at once, and the next is not stale.
        let next = settled(&scene).await;
        assert!(next.outcome == expected && !next.is_stale, "{next:?}");
    }
}

#[tokio::test]
async fn an_image_that_was_not_verified_before_does_not_become_so() {
    let scene = doubtful().await;
    let other = scene.registry.push("app", "v2", "other");
    scene.registry.attach(&other, &scene.key.sign(&other, SigningScheme::X509));
    for _ in 0..3 {
        let decided = scene.one_and_idle(&scene.registry.name("app:v2")).await;
        assert_said(&decided, Outcome::Undetermined, Code::Unreachable);
        scene.clock.advance(seconds(1));
    }
}

#[tokio::test]
async fn a_registry_that_fails_is_not_excused() {
    let scene = doubtful().await;
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    scene.registry.fail(|asked, _| (asked == Asked::List).then(|| Reply::status(503)));
    // The list is read again when its time is over.
    scene.clock.advance(seconds(30));
    let failed = settled(&scene).await;
    assert_said(&failed, Outcome::Undetermined, Code::Unreachable);
    assert!(!failed.is_stale);
    // That trouble is over, and the other is not.
    scene.registry.heal();
    scene.clock.advance(seconds(2));
    assert_stale(&scene.one_and_idle(&scene.app()).await);
}

#[tokio::test]
async fn a_list_that_does_not_verify_any_more_is_refused_for_good() {
    let scene = doubtful().await;
    let image = scene.registry.push("app", "v1", "content");
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    scene.registry.detach(&image);
    scene.clock.advance(seconds(30));
    assert_said(&settled(&scene).await, Outcome::Refused, Code::Unsigned);
    // A signature of an unknown signer beside it, and then the old one again.
    scene.registry.attach(&image, &OwnKey::new(|_| ()).sign(&image, SigningScheme::X509));
    scene.clock.advance(seconds(30));
    assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Refused, Code::Untrusted);
    scene.registry.attach(&image, &scene.key.sign(&image, SigningScheme::X509));
    scene.clock.advance(seconds(30));
    let again = scene.one_and_idle(&scene.app()).await;
    assert!(again.outcome == Outcome::Undetermined && !again.is_stale, "{again:?}");
}

#[tokio::test]
async fn a_revoked_signature_ends_it_for_good() {
    let scene = Scene::new(STALE);
    let image = scene.registry.push("app", "v1", "content");
    let days = |days: i64| rfc3339(OffsetDateTime::now_utc() - time::Duration::days(days));
    for signed in [days(3), days(1)] {
        let envelope = scene
            .key
            .sign_with(&image, SigningScheme::X509, |protected| protected[header::SIGNING_TIME] = signed.into());
        scene.registry.attach(&image, &envelope);
    }
    let boundary = OffsetDateTime::now_utc() - time::Duration::days(2);
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    // One is revoked, and of the other it is not known.
    scene.source.say_by(move |question| Some(if question.signing_time < boundary { revoked() } else { unknown() }));
    scene.clock.advance(seconds(61));
    let decided = scene.one_and_idle(&scene.app()).await;
    assert!(decided.outcome == Outcome::Undetermined && !decided.is_stale, "{decided:?}");
    // Both are revoked: refused. Then nothing is known of either.
    scene.source.say(revoked());
    scene.clock.advance(seconds(2));
    assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Refused, Code::Revoked);
    scene.source.say(unknown());
    scene.clock.advance(seconds(25 * 3600));
    let decided = scene.one_and_idle(&scene.app()).await;
    assert!(decided.outcome == Outcome::Undetermined && !decided.is_stale, "{decided:?}");
}

#[tokio::test]
async fn another_policy_credential_or_repository_has_nothing_of_it() {
    let config = format!(
        "policies:\n  strict: {{trustPolicy: strict.json, roots: [root.der]}}\n  other: {{trustPolicy: strict.json, \
         roots: [root.der], maxSignatures: 99}}\nrules: [{{namespaces: [other], policy: other, action: enforce}}, \
         {{policy: strict, action: enforce}}]\n{STALE}"
    );
    let scene = Scene::with(&config, seconds(60));
    scene.signed();
    scene.registry.push("copy", "v1", "content");
    scene.tenants.put(Some("tenant"), Tenant { id: "tenant", ..Tenant::default() });
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say(unknown());
    scene.clock.advance(seconds(61));
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    for (namespace, image) in [(Some("other"), "app:v1"), (Some("tenant"), "app:v1"), (None, "copy:v1")] {
        let decided = scene.one_in(namespace, &scene.registry.name(image)).await;
        assert_said(&decided, Outcome::Undetermined, Code::Unreachable);
    }
}

#[tokio::test]
async fn all_required_signers_must_still_have_signed() {
    let config = format!(
        "policies: {{strict: {{trustPolicy: strict.json, roots: [root.der, second.der], require: 2}}}}\n{ENFORCE}\n{STALE}"
    );
    let mut scene = Scene::new("");
    let second = OwnKey::new(|leaf| leaf.distinguished_name.push(rcgen::DnType::CommonName, "second"));
    std::fs::write(scene.folder.path().join("second.der"), second.root().der()).unwrap();
    scene.reload(&config);
    let image = scene.signed();
    let first = scene.key.sign(&image, SigningScheme::X509);
    scene.registry.attach(&image, &second.sign(&image, SigningScheme::X509));
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say(unknown());
    scene.clock.advance(seconds(61));
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    // The second signature is taken away: the first alone would not do even if it were not revoked.
    scene.registry.detach(&image);
    scene.registry.attach(&image, &first);
    scene.clock.advance(seconds(30));
    let decided = settled(&scene).await;
    assert!(!decided.outcome.is_good(), "{decided:?}");
}

#[tokio::test]
async fn an_expired_signature_is_refused_all_the_same() {
    let scene = Scene::new(STALE);
    let image = scene.registry.push("app", "v1", "content");
    let expiry = rfc3339(OffsetDateTime::now_utc() + seconds(120));
    let envelope =
        scene.key.sign_with(&image, SigningScheme::X509, |header| add_critical(header, header::EXPIRY, &expiry));
    scene.registry.attach(&image, &envelope);
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say(unknown());
    scene.clock.advance(seconds(110));
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    scene.clock.advance(seconds(11));
    let decided = scene.one_and_idle(&scene.app()).await;
    assert_said(&decided, Outcome::Refused, Code::Expired);
}

#[tokio::test]
async fn without_stale_for_nothing_stays_also_after_a_reload() {
    let mut scene = doubtful().await;
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    scene.reload(&format!(
        "{STRICT}\n{ENFORCE}\ncache: {{signatures: 20s, tag: 1h}}\naws: {{revocation: {{ttl: 60s}}}}"
    ));
    assert_said(&scene.one_and_idle(&scene.app()).await, Outcome::Undetermined, Code::Unreachable);
    // The same configuration keeps what it knows, so that a reload during an outage stops nothing.
    let mut scene = doubtful().await;
    assert_stale(&scene.one_and_idle(&scene.app()).await);
    scene.reload(&format!("{STRICT}\n{ENFORCE}\n{STALE}"));
    assert_stale(&scene.one_and_idle(&scene.app()).await);
}

#[tokio::test]
async fn a_service_that_does_not_answer_at_all_is_not_waited_for_too_long() {
    let time = Duration::from_secs(2);
    let scene = Scene::with(&format!("{STRICT}\n{ENFORCE}\n{STALE}"), time);
    scene.signed();
    assert_verified(&scene.one_and_idle(&scene.app()).await);
    scene.source.say_nothing();
    scene.clock.advance(seconds(61));
    // The first request waits, and is answered before its deadline.
    let first = scene.ask_in(None, &[scene.app()], time).await.images.remove(0);
    assert!(first.outcome == Outcome::Verified && first.is_stale, "{first:?}");
    // The next ones are not held up.
    for _ in 0..5 {
        let began = Instant::now();
        let next = scene.one(&scene.app()).await;
        assert!(next.is_stale && next.is_cached, "{next:?} after {:?}", began.elapsed());
        scene.clock.advance(Duration::from_millis(400));
    }
    scene.idle().await;
}
