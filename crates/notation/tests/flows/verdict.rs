//! Verdicts as data for programs, and which of several reasons decides.

use notary::{Advice, Disposition, ReasonCode};
use notation::Failure;
use notation::revocation::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use notation::verify::{Conclusion, Reason, Signer, Verifier};
use serde_json::{Value, json};
use testbed::test_env::{TestEnv, every};

/// Reports a revocation of the signing profile `revoked`, and does not know the status of others.
#[derive(Debug)]
struct KnowsOneProfile {
    revoked: String,
}

impl RevocationSource for KnowsOneProfile {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        let Signer::AwsSigner(signer) = &question.signer else { panic!("{question:?}") };
        let status = if signer.profile_version.unversioned() == self.revoked {
            let version = signer.profile_version.to_string();
            let entities = vec![aws_signer::RevokedEntity::SigningProfile(version)];
            RevocationStatus::Revoked { entities, message: "revoked".to_owned() }
        } else {
            RevocationStatus::Unknown(Failure::new(ReasonCode::Unreachable, "no answer"))
        };
        Box::pin(std::future::ready(status))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_decides_the_advice_although_another_signature_is_undetermined() {
    let mut env = TestEnv::new().await;
    let second = env.put_profile("Second").await;
    env.trust.identities.push(second.to_string().parse().unwrap());
    env.sign_and_attach_by(&second).await;
    env.sign_and_attach().await;
    let verifier = Verifier::with_revocation(KnowsOneProfile { revoked: env.profile.to_string() });
    let verdict = env.verify_by(&env.trust.clone().into(), &verifier, &every()).await;
    let codes: Vec<_> = verdict.signatures.iter().map(|signature| signature.reason().unwrap().code()).collect();
    assert!(codes.contains(&ReasonCode::Revoked) && codes.contains(&ReasonCode::Unreachable), "{codes:?}");
    assert_eq!(verdict.conclusion(), Conclusion::NotVerified(Disposition::Undetermined));
    let (signature, reason) = verdict.deciding().unwrap();
    assert_eq!(signature.signed.as_ref().unwrap().signer(), second.to_string());
    assert!(matches!(reason, Reason::Undecided(_)), "{reason:?}");
    assert_eq!(verdict.code(), Some(ReasonCode::Unreachable));
    assert_eq!(verdict.advice(), Some(Advice::InvestigateRevocation));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_small_plain_data() {
    let mut env = TestEnv::new().await;
    let envelope = env.sign_and_attach().await.signature.envelope;
    env.attach(b"{}");
    let second = env.put_profile("Second").await;
    env.sign_and_attach_by(&second).await;
    env.trust.identities.push(second.to_string().parse().unwrap());
    let verifier = Verifier::with_revocation(KnowsOneProfile { revoked: second.to_string() });
    let verdict = env.verify_by(&env.trust.clone().into(), &verifier, &every()).await;
    let json = serde_json::to_value(&verdict).unwrap();

    let text = json.to_string();
    let envelope: Value = serde_json::from_slice(&envelope).unwrap();
    for member in [&envelope["payload"], &envelope["protected"], &envelope["signature"], &envelope["header"]["x5c"][0]]
    {
        assert!(!text.contains(member.as_str().unwrap()), "{text}");
    }
    assert!(text.len() < 8 * 1024, "{}", text.len());

    assert_eq!(json["artifact"]["digest"], json!(env.image.digest.as_str()));
    assert_eq!(json["skipped"], json!(false));
    let signatures = json["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), 3);
    let mut codes = Vec::new();
    for signature in signatures {
        assert!(signature["digest"].as_str().unwrap().starts_with("sha256:"), "{signature}");
        let checks = signature["checks"].as_array().unwrap();
        for passed in &checks[..checks.len() - 1] {
            assert!(passed["outcome"]["passed"].is_string(), "{passed}");
        }
        let failed = &checks.last().unwrap()["outcome"]["failed"];
        let members: Vec<&String> = failed.as_object().unwrap().keys().collect();
        assert_eq!(members, ["advice", "code", "message"], "{failed}");
        assert!(!failed["message"].as_str().unwrap().is_empty(), "{failed}");
        codes.push((failed["code"].as_str().unwrap(), failed["advice"].is_string()));
    }
    codes.sort_unstable();
    assert_eq!(codes, [("integrity", false), ("revoked", true), ("unreachable", false)]);
    let says = |name: &str| signatures.iter().filter(|signature| signature["signed"][name].is_string()).count();
    assert_eq!((says("profileVersion"), says("job"), says("signingTime")), (2, 2, 2));
}
