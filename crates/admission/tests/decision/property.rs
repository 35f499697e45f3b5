//! Whatever the registry and the source of revocation status say, an image is verified only if it is.

use std::time::Duration;

use admission::decision::Outcome;
use notary::Descriptor;
use notary::envelope::{SigningScheme, header};
use notary::text::rfc3339;
use notation::revocation::RevocationStatus;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testbed::fault::Reply;
use testbed::images::block_on;
use testbed::own_key::{OwnKey, add_critical};
use time::OffsetDateTime;

use crate::registry::Asked;
use crate::scene::{Scene, assert_verified};
use crate::source::{not_revoked, revoked, unknown};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Status {
    Good,
    Revoked,
    Unknown,
}

impl Status {
    fn answer(self) -> RevocationStatus {
        match self {
            Self::Good => not_revoked(),
            Self::Revoked => revoked(),
            Self::Unknown => unknown(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Signature {
    signer: Signer,
    defect: Defect,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Signer {
    First,
    Second,
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Defect {
    None,
    Expired,
    OtherArtifact,
    Tampered,
    Garbage,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    None,
    At(Asked, u16),
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![3 => Just(Status::Good), 1 => Just(Status::Revoked), 1 => Just(Status::Unknown)]
}

fn signature() -> impl Strategy<Value = Signature> {
    let signer = prop_oneof![3 => Just(Signer::First), 3 => Just(Signer::Second), 1 => Just(Signer::Stranger)];
    let defect = prop_oneof![
        4 => Just(Defect::None),
        1 => Just(Defect::Expired),
        1 => Just(Defect::OtherArtifact),
        1 => Just(Defect::Tampered),
        1 => Just(Defect::Garbage),
    ];
    (signer, defect, status()).prop_map(|(signer, defect, status)| Signature { signer, defect, status })
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let places = [Asked::Image, Asked::List, Asked::Signature, Asked::Envelope];
    let at = (prop::sample::select(places.to_vec()), prop::sample::select(vec![403_u16, 404, 429, 500]));
    prop_oneof![4 => Just(Trouble::None), 1 => at.prop_map(|(place, status)| Trouble::At(place, status))]
}

impl Signature {
    /// The envelope. The signing time tells the signatures of a case apart.
    fn envelope(self, keys: [&OwnKey; 3], image: &Descriptor, number: i64) -> Vec<u8> {
        let now = OffsetDateTime::now_utc();
        let key = keys[self.signer as usize];
        let artifact = match self.defect {
            Defect::OtherArtifact => Descriptor::from_content(&image.media_type, b"other"),
            _ => image.clone(),
        };
        let envelope = key.sign_with(&artifact, SigningScheme::X509, |protected| {
            protected[header::SIGNING_TIME] = rfc3339(now - time::Duration::days(100 + number)).into();
            if self.defect == Defect::Expired {
                add_critical(protected, header::EXPIRY, &rfc3339(now - time::Duration::days(1)));
            }
        });
        match self.defect {
            Defect::Garbage => format!("{{\"payload\": {number}}}").into_bytes(),
            Defect::Tampered => {
                let text = String::from_utf8(envelope).unwrap();
                let (before, rest) = text.split_once("\"signature\":\"").unwrap();
                let other = if rest.starts_with('A') { 'B' } else { 'A' };
                format!("{before}\"signature\":\"{other}{}", &rest[1..]).into_bytes()
            }
            _ => envelope,
        }
    }

    fn is_good(self) -> bool {
        self.signer != Signer::Stranger && self.defect == Defect::None && self.status == Status::Good
    }
}

#[test]
fn verified_means_that_enough_trusted_signers_have_signed_and_nothing_is_revoked() {
    let second = OwnKey::new(|leaf| leaf.distinguished_name.push(rcgen::DnType::CommonName, "second"));
    let stranger = OwnKey::new(|_| ());
    let case = (prop::collection::vec(signature(), 0..5), trouble(), 1_usize..=2);
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let check = |(signatures, trouble, require): (Vec<Signature>, Trouble, usize)| {
        block_on(async {
            let mut scene = Scene::new("");
            std::fs::write(scene.folder.path().join("second.der"), second.root().der()).unwrap();
            scene.reload(&format!(
                "policies: {{strict: {{trustPolicy: strict.json, roots: [root.der, second.der], require: {require}}}}}\n\
                 rules: [{{policy: strict, action: enforce}}]"
            ));
            let image = scene.registry.push("app", "v1", "content");
            for (number, signature) in (0..).zip(&signatures) {
                let envelope = signature.envelope([&scene.key, &second, &stranger], &image, number);
                scene.registry.attach(&image, &envelope);
            }
            let statuses: Vec<Status> = signatures.iter().map(|signature| signature.status).collect();
            let now = OffsetDateTime::now_utc();
            scene.source.say_by(move |question| {
                let days = (now - question.signing_time).whole_days() - 100;
                let number = usize::try_from(days).unwrap_or(0).min(statuses.len() - 1);
                Some(statuses[number].answer())
            });
            if let Trouble::At(place, status) = trouble {
                scene.registry.fail(move |asked, _| (asked == place).then(|| Reply::status(status)));
            }
            let good = |signer| signatures.iter().any(|signature| signature.signer == signer && signature.is_good());
            let signers = usize::from(good(Signer::First)) + usize::from(good(Signer::Second));
            for _ in 0..2 {
                let decided = scene.one_and_idle(&scene.app()).await;
                let is_verified = decided.outcome == Outcome::Verified;
                assert!(!is_verified || (signers >= require && trouble == Trouble::None), "{decided:?}");
                assert!(is_verified || signers < require || trouble != Trouble::None, "{decided:?}");
                assert!(!decided.is_stale && decided.outcome != Outcome::Exempt, "{decided:?}");
            }
        });
        Ok(())
    };
    runner.run(&case, check).unwrap();
}

/// What happens in the life of an image.
#[derive(Debug, Clone, Copy)]
enum Event {
    Time(u64),
    Revocation(Status),
    Sign,
    Unsign,
    Registry(bool),
    Ask,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_u64..20).prop_map(Event::Time),
        2 => status().prop_map(Event::Revocation),
        1 => Just(Event::Sign),
        1 => Just(Event::Unsign),
        1 => any::<bool>().prop_map(Event::Registry),
        6 => Just(Event::Ask),
    ]
}

const SIGNATURES: u64 = 20;
const TTL: u64 = 30;
const STALE: u64 = 40;

/// The times at which something ended, in seconds. `None` if it lasts.
#[derive(Debug, Default)]
struct Lasted {
    is_so: bool,
    ended: Option<u64>,
}

impl Lasted {
    fn set(&mut self, is_so: bool, now: u64) {
        if self.is_so && !is_so {
            self.ended = Some(now);
        }
        self.is_so = is_so;
    }

    /// Whether it was so at some time of the last seconds.
    fn within(&self, seconds: u64, now: u64) -> bool {
        self.is_so || self.ended.is_some_and(|ended| now < ended + seconds)
    }
}

#[test]
fn whatever_happens_verified_rests_on_what_was_true_within_the_times() {
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let case = (prop::collection::vec(event(), 1..60), any::<bool>());
    let check = |(events, is_stale_allowed): (Vec<Event>, bool)| {
        block_on(async {
            let stale = if is_stale_allowed { ", whenUnavailable: allow-stale, staleFor: 40s" } else { "" };
            let scene = Scene::new(&format!(
                "cache: {{signatures: {SIGNATURES}s, unsigned: 5s, tag: 1h}}\naws: {{revocation: {{ttl: {TTL}s{stale}}}}}"
            ));
            let image = scene.registry.push("app", "v1", "content");
            let envelope = scene.key.sign(&image, SigningScheme::X509);
            let mut now = 0;
            let (mut signed, mut good) = (Lasted::default(), Lasted { is_so: true, ended: None });
            for event in events {
                match event {
                    Event::Time(seconds) => {
                        scene.clock.advance(Duration::from_secs(seconds));
                        now += seconds;
                    }
                    // A revocation is not taken back.
                    Event::Revocation(status) => {
                        scene.source.say(status.answer());
                        good.set(status == Status::Good, now);
                    }
                    Event::Sign => {
                        scene.registry.detach(&image);
                        scene.registry.attach(&image, &envelope);
                        signed.set(true, now);
                    }
                    Event::Unsign => {
                        scene.registry.detach(&image);
                        signed.set(false, now);
                    }
                    Event::Registry(up) => {
                        if up {
                            scene.registry.heal();
                        } else {
                            scene.registry.fail(|_, _| Some(Reply::status(404)));
                        }
                    }
                    Event::Ask => {
                        let decided = scene.one_and_idle(&scene.app()).await;
                        if decided.outcome == Outcome::Verified {
                            let extra = if decided.is_stale { STALE + LONGEST_STALE } else { 0 };
                            assert!(is_stale_allowed || !decided.is_stale);
                            assert!(signed.within(SIGNATURES + extra, now), "{decided:?} at {now}: {signed:?}");
                            let ttl = if decided.is_stale { TTL + STALE } else { TTL };
                            assert!(good.within(ttl, now), "{decided:?} at {now}: {good:?}");
                        }
                    }
                }
            }
            // Nothing is stuck: in the end, what is right is found.
            scene.registry.heal();
            scene.registry.detach(&image);
            let fresh = scene.key.sign_with(&image, SigningScheme::X509, |protected| {
                let time = OffsetDateTime::now_utc() - time::Duration::days(7);
                protected[header::SIGNING_TIME] = rfc3339(time).into();
            });
            scene.registry.attach(&image, &fresh);
            scene.source.say(not_revoked());
            scene.clock.advance(Duration::from_secs(2 * 3600));
            assert_verified(&scene.one_and_idle(&scene.app()).await);
        });
        Ok(())
    };
    runner.run(&case, check).unwrap();
}

/// How long a stale verdict is used while the service is asked again: the longest time for one image, and a second.
const LONGEST_STALE: u64 = 61;
