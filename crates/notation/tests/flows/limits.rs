//! The limits of a verification: one artifact cannot take more time than its own, nor the time and memory of others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notary::envelope::{SigningScheme, header};
use notary::manifest::ManifestError;
use notary::reference::Target;
use notary::{Descriptor, Disposition, ReasonCode};
use notation::verify::{Conclusion, Demands, Limits, NoVerdict, Reason, Verdict, Verifier};
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use serde_json::{Value, json};
use testbed::fault::{FaultServer, Reply, Request};
use testbed::own_key::{OwnKey, SUBJECT, add_critical};
use testbed::test_env::{TestEnv, every, verifier};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::served::{client, serve, store};

const UNDETERMINED: Conclusion = Conclusion::NotVerified(Disposition::Undetermined);

async fn verify(verifier: &Verifier, store: &Store, env: &TestEnv, demands: &Demands) -> Result<Verdict, NoVerdict> {
    let target = Target::Tag("v1".parse().unwrap());
    verifier.verify(store, &target, &env.trust.clone().into(), demands, OffsetDateTime::now_utc()).await
}

fn within(env: &TestEnv, time: Duration) -> Verifier {
    verifier(&env.config).with_limits(Limits { time, ..Limits::default() })
}

/// Signature manifests that each claim an envelope of this size.
fn attach_many(env: &TestEnv, count: usize, size: u64) -> Vec<Descriptor> {
    let attach = |number: usize| {
        env.attach_with(b"{}", |manifest| {
            manifest.layers[0].size = size;
            manifest.annotations.insert("number".to_owned(), number.to_string());
        })
    };
    (0..count).map(attach).collect()
}

fn asks_for(request: &Request, signatures: &[Descriptor]) -> bool {
    request.path.contains("/manifests/") && signatures.iter().any(|one| request.path.ends_with(one.digest.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_signature_manifests_end_with_the_time_of_the_artifact() {
    let env = TestEnv::new().await;
    let signatures = attach_many(&env, 20, 2);
    let slow = signatures.clone();
    let server = serve(&env.layout, &env.image, &signatures, move |request| {
        if asks_for(request, &slow) {
            sleep(Duration::from_millis(500));
        }
        None
    });
    let began = Instant::now();
    let verifier = within(&env, Duration::from_secs(2));
    let verdict = verify(&verifier, &store(&client(), &server), &env, &every()).await.unwrap();
    assert_eq!((verdict.conclusion(), verdict.code()), (UNDETERMINED, Some(ReasonCode::Deadline)));
    assert_eq!((verdict.signatures.len(), verdict.unchecked), (20, 0));
    let codes: Vec<_> = verdict.signatures.iter().map(|signature| signature.reason().unwrap().code()).collect();
    let judged = codes.iter().filter(|code| **code == ReasonCode::Integrity).count();
    let late = codes.iter().filter(|code| **code == ReasonCode::Deadline).count();
    assert!(judged < 4 && judged + late == 20, "{codes:?}");
    // Each gets a share of the time, and some a second one.
    let asked = server.seen().iter().filter(|request| asks_for(request, &signatures)).count();
    assert!(asked <= 40, "{asked}");
    // All 20 would take 10 s.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_manifest_that_hangs_hides_no_valid_signature() {
    let env = TestEnv::new().await;
    let mut signatures = attach_many(&env, 2, 2);
    let hanging = signatures.clone();
    signatures.push(env.attach(&env.sign("v1").await.signature.envelope));
    let server = serve(&env.layout, &env.image, &signatures, move |request| {
        asks_for(request, &hanging).then_some(Reply::Hang(""))
    });
    let verifier = within(&env, Duration::from_secs(9));
    let demands = Demands::default();
    let verdict = verify(&verifier, &store(&client(), &server), &env, &demands).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_signature_manifests_hide_no_valid_signature() {
    let answers: [fn() -> Reply; 3] = [|| Reply::status(500), || Reply::status(503), || Reply::Hang("")];
    for (count, answer) in [(3, answers[0]), (20, answers[0]), (20, answers[1]), (3, answers[2]), (20, answers[2])] {
        let env = TestEnv::new().await;
        let mut signatures = attach_many(&env, count, 2);
        let failing = signatures.clone();
        signatures.push(env.attach(&env.sign("v1").await.signature.envelope));
        let server =
            serve(&env.layout, &env.image, &signatures, move |request| asks_for(request, &failing).then(answer));
        // The registry client retries as it does outside of tests.
        let mut options = ClientOptions::default();
        options.lock_folder = None;
        let client = RegistryClient::new(options, Credentials::none());
        let verifier = verifier(&env.config).with_limits(Limits::default());
        let verdict = verify(&verifier, &store(&client, &server), &env, &Demands::default()).await.unwrap();
        assert_eq!(verdict.conclusion(), Conclusion::Verified, "{count}: {verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_manifest_that_fails_once_is_read_again_after_the_others() {
    let env = TestEnv::new().await;
    let mut signatures = attach_many(&env, 3, 2);
    let failing = signatures.clone();
    let valid = env.attach(&env.sign("v1").await.signature.envelope);
    signatures.push(valid.clone());
    let asked = AtomicUsize::new(0);
    let server = serve(&env.layout, &env.image, &signatures, move |request| {
        let is_first = || asks_for(request, std::slice::from_ref(&valid)) && asked.fetch_add(1, Ordering::Relaxed) == 0;
        (asks_for(request, &failing) || is_first()).then(|| Reply::status(503))
    });
    let mut options = ClientOptions::default();
    options.lock_folder = None;
    let client = RegistryClient::new(options, Credentials::none());
    let verifier = verifier(&env.config).with_limits(Limits::default());
    let verdict = verify(&verifier, &store(&client, &server), &env, &Demands::default()).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Verified, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_hangs_gives_no_verdict_within_the_time_of_the_artifact() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    let beginning = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    for (hangs_at, answer) in [("/manifests/v1", ""), ("/manifests/v1", beginning), ("/referrers/", beginning)] {
        let server = serve(&env.layout, &env.image, std::slice::from_ref(&signature), move |request| {
            request.path.contains(hangs_at).then_some(Reply::Hang(answer))
        });
        let limit = Duration::from_millis(500);
        let verdict = verify(&within(&env, limit), &store(&client(), &server), &env, &every()).await;
        let error = verdict.unwrap_err();
        assert!(matches!(error, NoVerdict::Deadline(time) if time == limit), "{hangs_at}: {error:?}");
        assert_eq!(error.code(), ReasonCode::Deadline);
        assert_eq!(error.code().disposition(), Disposition::Undetermined);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_does_not_arrive_is_undetermined() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    let server = serve(&env.layout, &env.image, &[signature], |request| {
        request.path.contains("/blobs/").then_some(Reply::Hang(""))
    });
    let began = Instant::now();
    let verifier = within(&env, Duration::from_secs(1));
    let verdict = verify(&verifier, &store(&client(), &server), &env, &every()).await.unwrap();
    assert_eq!((verdict.conclusion(), verdict.code()), (UNDETERMINED, Some(ReasonCode::Deadline)));
    assert!(matches!(verdict.reason(), Some(Reason::Undecided(_))), "{verdict:?}");
    // The limits of the registry client alone are 20 s of silence and 60 s in all.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn envelopes_that_are_claimed_but_not_delivered_block_no_other_artifact() {
    const CLAIMED: u64 = 10 << 20;
    let slow = TestEnv::new().await;
    let env = TestEnv::new().await;
    let claims = attach_many(&slow, 100, CLAIMED);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n";
    let withholding: FaultServer = serve(&slow.layout, &slow.image, &claims, move |request| {
        request.path.contains("/blobs/").then_some(Reply::Hang(head))
    });
    // Too large for the part of each envelope that is not counted: it waits if the claims hold the memory.
    let spaces = " ".repeat(200_000).into_bytes();
    let signature = env.attach(&[spaces, env.sign("v1").await.signature.envelope].concat());
    let server = serve(&env.layout, &env.image, &[signature], |_| None);

    let client = client();
    let verifier = within(&env, Duration::from_secs(30));
    let waiting = store(&client, &withholding);
    let stranger = std::sync::Arc::new(slow);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let verifier = verifier.clone();
            let waiting = waiting.clone();
            let stranger = stranger.clone();
            tokio::spawn(async move { verify(&verifier, &waiting, &stranger, &every()).await })
        })
        .collect();
    let reads = || withholding.seen().iter().filter(|request| request.path.contains("/blobs/")).count();
    let all_wait = async {
        while reads() < tasks.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(20), all_wait).await.is_ok(), "only {} envelopes are read", reads());
    let verdict = verify(&verifier, &store(&client, &server), &env, &Demands::default()).await.unwrap();
    assert!(verdict.is_verified(), "{verdict:?}");
    assert!(tasks.iter().all(|task| !task.is_finished()));
    for task in tasks {
        task.abort();
    }
}

/// A signature that is refused for a value of many MiB must not keep that value in the verdict: there may be a hundred.
#[tokio::test(flavor = "multi_thread")]
async fn verdicts_do_not_keep_long_values_of_refused_signatures() {
    let long = "x".repeat(2 << 20);
    let env = TestEnv::new().await;
    env.sign("v1").await;
    let key = OwnKey::new(|_| ());
    let protected = |change: &dyn Fn(&mut Value)| key.sign_with(&env.image, SigningScheme::X509, |p| change(p));
    let mut other = Descriptor::from_content(&long, b"other");
    other.artifact_type = Some(long.clone());
    other.annotations.insert(long.clone(), long.clone());
    let mut unprotected: Value = serde_json::from_slice(&protected(&|_| ())).unwrap();
    unprotected["header"][format!("io.cncf.notary.{long}")] = json!("x");
    let twice = format!(r#"{{"{long}":1,"{long}":1}}"#);
    let mut payload: Value = unprotected.clone();
    payload["header"].as_object_mut().unwrap().retain(|name, _| name == "x5c");
    payload["protected"] = json!(URL_SAFE_NO_PAD.encode(&twice));
    let envelopes = [
        protected(&|p| p["alg"] = json!(long)),
        protected(&|p| p["cty"] = json!(long)),
        protected(&|p| p["crit"].as_array_mut().unwrap().push(json!(long))),
        protected(&|p| p[header::SIGNING_SCHEME] = json!(long)),
        protected(&|p| p[header::SIGNING_TIME] = json!(long)),
        protected(&|p| (p[&long], p[long.to_uppercase()]) = (json!(1), json!(1))),
        protected(&|p| add_critical(p, &long, "x")),
        protected(&|p| add_critical(p, header::VERIFICATION_PLUGIN, &long)),
        protected(&|p| add_critical(p, header::VERIFICATION_PLUGIN_MIN_VERSION, &long)),
        protected(&|p| {
            add_critical(p, header::VERIFICATION_PLUGIN, "com.amazonaws.signer.notation.plugin");
            add_critical(p, &long, "x");
        }),
        env.forge(|attributes| {
            attributes.extended.push((header::VERIFICATION_PLUGIN_MIN_VERSION.to_owned(), long.clone()))
        }),
        env.forge(|attributes| attributes.extended.push((long.clone(), "x".to_owned()))),
        env.forge(|attributes| attributes.extended[0].1 = long.clone()),
        key.sign(&other, SigningScheme::X509),
        unprotected.to_string().into_bytes(),
        payload.to_string().into_bytes(),
        twice.into_bytes(),
    ];
    for envelope in &envelopes {
        env.attach(envelope);
    }
    let verdict = env.verify().await;
    assert_eq!(verdict.signatures.len(), envelopes.len());
    for (number, signature) in verdict.signatures.iter().enumerate() {
        let shown = format!("{:?}", signature.checks);
        assert!(shown.len() < 16 * 1024, "{number}: {} bytes, {}", shown.len(), &shown[..200]);
        assert_eq!(signature.reason().map(Reason::disposition), Some(Disposition::Refused), "{number}: {shown}");
    }
}

/// At the level audit everybody's signature is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn verdicts_keep_the_content_of_large_envelopes_only_of_trusted_signers() {
    let env = TestEnv::new().await;
    let key = OwnKey::new(|_| ());
    env.put_trust_store("ca/own", &key.root());
    let mut image = env.image.clone();
    image.annotations.insert("k".to_owned(), "v".repeat(100_000));
    env.attach(&key.sign(&image, SigningScheme::X509));
    for (identity, is_kept) in [(SUBJECT, true), ("x509.subject: C=US, ST=WA, O=Else", false)] {
        let audit = env.policy_for(&json!({ "level": "audit" }), &["ca:own"], &[identity]);
        let verdict = env.verify_under(&audit, &env.config).await;
        assert!(verdict.is_verified());
        assert_eq!(verdict.signatures[0].signed.is_some(), is_kept, "{identity}");
    }
}

#[test]
fn errors_of_manifests_do_not_keep_long_values() {
    let long = "x".repeat(1 << 20);
    for manifest in [format!(r#"{{"mediaType":"{long}"}}"#), format!(r#"{{"{long}":1,"{long}":1}}"#)] {
        let why: ManifestError = notary::media_type::media_type_of(None, manifest.as_bytes()).unwrap_err();
        assert!(why.to_string().len() < 16 * 1024);
    }
}
