//! Compares the result with the real notation's for the same signature, policy and answers.

use std::path::Path;

use notary::envelope::SigningScheme;
use testing::status::{entry, good, reason, revoked, unknown};
use time::{Duration, OffsetDateTime};

use crate::support::authority::{Authority, SERIAL};
use crate::support::fault::Reply;
use crate::support::notation::Notation;
use crate::support::own_key::SUBJECT;
use crate::support::peers;
use crate::support::test_env::TestEnv;

/// Whether notation verifies the env's image with the authority's root as its only trusted certificate.
fn notation_verifies(peers: &Path, env: &TestEnv, authority: &Authority, level: &str) -> bool {
    let notation = Notation::new(peers, Path::new("/nonexistent"));
    let root = env.folder().join("root.crt");
    std::fs::write(&root, authority.key.root().der()).unwrap();
    let root = root.to_str().unwrap();
    notation.run(&["cert", "add", "--type", "ca", "--store", "own", root]).succeeded();
    notation.import_policy_for(level, &["ca:own"], SUBJECT);
    let layout = env.folder().join("layout");
    let image = format!("{}@{}", layout.display(), env.image.digest);
    let verified = notation.run(&["verify", "--verbose", "--oci-layout", "--scope", "local/a", &image]);
    if !verified.is_success() {
        // Revocation is the only reason.
        assert!(verified.stderr.contains("revo"), "{}", verified.stderr);
    }
    verified.is_success()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn notation_agrees_about_ocsp_and_crl_answers() {
    let peers = peers();
    let ocsp = Authority::new(&["/ocsp"], &[]);
    let crl = Authority::new(&[], &["/crl"]);
    let both = Authority::new(&["/ocsp"], &["/crl"]);
    let now = OffsetDateTime::now_utc();
    let bad = || revoked(now, Some(1));
    let gone = |_: &_| Reply::status(404);
    let entries = vec![entry(&SERIAL, now, &[reason(1)])];
    let old = Some(now - Duration::HOUR / 2);
    type Set<'a> = Box<dyn Fn() + 'a>;
    let cases: Vec<(&str, &Authority, Set<'_>, &str)> = vec![
        ("OCSP good", &ocsp, Box::new(|| ocsp.answer_with("/ocsp", ocsp.ocsp(good(), |_| ()))), "good"),
        ("OCSP revoked", &ocsp, Box::new(|| ocsp.answer_with("/ocsp", ocsp.ocsp(bad(), |_| ()))), "revoked"),
        ("OCSP unknown", &ocsp, Box::new(|| ocsp.answer_with("/ocsp", ocsp.ocsp(unknown(), |_| ()))), "unknown"),
        ("OCSP away", &ocsp, Box::new(|| ocsp.answer("/ocsp", gone)), "unknown"),
        ("OCSP later", &ocsp, Box::new(|| ocsp.answer_with("/ocsp", vec![0x30, 3, 10, 1, 3])), "unknown"),
        (
            "OCSP expired",
            &ocsp,
            Box::new(|| ocsp.answer_with("/ocsp", ocsp.ocsp(good(), |draft| draft.singles[0].next_update = old))),
            "unknown",
        ),
        ("OCSP of a stranger", &ocsp, Box::new(|| ocsp.answer_with("/ocsp", crl.ocsp(good(), |_| ()))), "unknown"),
        ("CRL empty", &crl, Box::new(|| crl.answer_with("/crl", crl.crl(Vec::new(), |_| ()))), "good"),
        ("CRL with it", &crl, Box::new(|| crl.answer_with("/crl", crl.crl(entries.clone(), |_| ()))), "revoked"),
        ("CRL away", &crl, Box::new(|| crl.answer("/crl", gone)), "unknown"),
        (
            "CRL expired",
            &crl,
            Box::new(|| crl.answer_with("/crl", crl.crl(Vec::new(), |draft| draft.next_update = old))),
            "unknown",
        ),
        ("CRL of a stranger", &crl, Box::new(|| crl.answer_with("/crl", ocsp.crl(Vec::new(), |_| ()))), "unknown"),
        ("OCSP away, CRL empty", &both, Box::new(|| both.answer_with("/crl", both.crl(Vec::new(), |_| ()))), "good"),
        (
            "OCSP away, CRL with it",
            &both,
            Box::new(|| both.answer_with("/crl", both.crl(entries.clone(), |_| ()))),
            "revoked",
        ),
        ("both away", &both, Box::new(|| both.answer("/crl", gone)), "unknown"),
    ];
    for (what, authority, set, kind) in cases {
        set();
        authority.revocation_result().await.is(kind, &[]);
        let env = TestEnv::new().await;
        env.attach(&authority.key.sign(&env.image, SigningScheme::X509));
        for level in ["strict", "permissive"] {
            let ours = authority.verify_in(&env, level).await.is_verified();
            let theirs = tokio::task::block_in_place(|| notation_verifies(&peers, &env, authority, level));
            assert_eq!(ours, theirs, "{what} at {level}");
            assert_eq!(theirs, kind == "good" || level == "permissive", "{what} at {level}");
        }
    }
}
