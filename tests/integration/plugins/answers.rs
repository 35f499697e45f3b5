//! Plugin answers and the resulting verdicts.

use notary::envelope::EnvelopeFormat;
use notary::envelope::header::VERIFICATION_PLUGIN_MIN_VERSION;
use notary::{Disposition, ReasonCode};
use notation::verify::ValidationType::{Authenticity, Integrity, Revocation};
use notation::verify::{CheckOutcome, Conclusion, Finding, Reason};
use serde_json::{Value, json};

use super::fixture::{ATTRIBUTE, Fixture, IDENTITY, NAME, REVOCATION, both, good, metadata, refusal, remove, strict};
use crate::support::own_key::add_critical;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn accepts_a_passing_plugin_and_sends_a_request_of_the_protocol() {
    for format in EnvelopeFormat::ALL {
        accepts_a_passing_plugin(Fixture::in_format(format, "1.2.0-rc.1").await.with_notation()).await;
    }
}

async fn accepts_a_passing_plugin(fixture: Fixture) {
    fixture.install(&both(), &good(|_| ()));
    assert!(fixture.notation_accepts(&strict()));
    let theirs = std::fs::read(fixture.program().with_extension("judge.request")).unwrap();
    let verdict = fixture.verify(&strict()).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    let signature = &verdict.signatures[0];
    assert!(signature.checks.iter().all(|check| check.outcome.is_passed()), "{verdict:?}");
    let authenticity = signature.outcome(Authenticity).unwrap().to_string();
    assert!(authenticity.ends_with("known [2J"), "{authenticity}");
    let revocation = CheckOutcome::Passed(Finding::Plugin { name: NAME.to_owned(), reason: String::new() });
    assert_eq!(signature.outcome(Revocation), Some(&revocation));

    let ours = std::fs::read(fixture.program().with_extension("judge.request")).unwrap();
    let mut ours: Value = serde_json::from_slice(&ours).unwrap();
    let critical = ours["signature"]["criticalAttributes"].as_object_mut().unwrap();
    assert_eq!(critical.remove("verificationPlugin"), Some(json!(NAME)));
    assert_eq!(critical.remove("verificationPluginMinVersion"), Some(json!("1.2.0-rc.1")));
    assert_eq!(ours["signature"]["unprocessedAttributes"], json!([ATTRIBUTE]));
    assert_eq!(ours["signature"]["criticalAttributes"]["extendedAttributes"], json!({ ATTRIBUTE: "T-1" }));
    // notation omits these two members of the specification, and sends Go's zero time for an absent time.
    let mut theirs: Value = serde_json::from_slice(&theirs).unwrap();
    let expiry = theirs["signature"]["criticalAttributes"].as_object_mut().unwrap().remove("expiry");
    assert_eq!(expiry, Some(json!("0001-01-01T00:00:00Z")));
    theirs.as_object_mut().unwrap().remove("pluginConfig");
    let told = ours.as_object_mut().unwrap().remove("pluginConfig");
    assert_eq!(told, Some(json!({ "colour": "blue" })));
    assert_eq!(ours, theirs);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn a_plugins_refusal_fails_its_check() {
    for (result, check) in [(IDENTITY, Authenticity), (REVOCATION, Revocation)] {
        let fixture = Fixture::new().await.with_notation();
        let no = json!({ "success": false, "reason": "not this one" });
        fixture.install(&both(), &good(|answer| answer["verificationResults"][result] = no));
        let (found, reason) = refusal(&fixture.verify(&strict()).await);
        assert_eq!(found, check);
        let name = NAME.to_owned();
        let no = "not this one".to_owned();
        let expected = match check {
            Authenticity => Reason::PluginRejectedIdentity { name, reason: no },
            _ => Reason::PluginRejectedRevocation { name, reason: no },
        };
        assert_eq!(reason, expected);
        assert!(!fixture.notation_accepts(&strict()));
        // A failure that the policy only logs is a warning.
        let audit = json!({ "level": "audit" });
        let verdict = fixture.verify(&audit).await;
        assert!(verdict.is_verified(), "{verdict:?}");
        assert_eq!(verdict.signatures[0].warnings().map(|(check, _)| check).collect::<Vec<_>>(), [check]);
        assert!(verdict.verified_profiles().is_empty());
        assert!(fixture.notation_accepts(&audit));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn does_not_ask_the_plugin_for_skipped_revocation() {
    let fixture = Fixture::new().await.with_notation();
    fixture.install(&both(), &good(|answer| remove(answer, REVOCATION)));
    let skip = json!({ "level": "strict", "override": { "revocation": "skip" } });
    let verdict = fixture.verify(&skip).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert!(matches!(verdict.signatures[0].outcome(Revocation), Some(CheckOutcome::Skipped(_))), "{verdict:?}");
    let request = std::fs::read_to_string(fixture.program().with_extension("judge.request")).unwrap();
    assert!(request.contains(IDENTITY) && !request.contains(REVOCATION), "{request}");
    assert!(fixture.notation_accepts(&skip));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn checks_without_a_plugin_capability_run_locally() {
    let fixture = Fixture::new().await.with_notation();
    fixture.install(&metadata(&[IDENTITY], |_| ()), &good(|answer| remove(answer, REVOCATION)));
    assert!(fixture.verify(&strict()).await.is_verified());
    assert!(fixture.notation_accepts(&strict()));
    // No trusted identity of the policy names a certificate.
    fixture.install(&metadata(&[REVOCATION], |_| ()), &good(|answer| remove(answer, IDENTITY)));
    let (check, reason) = refusal(&fixture.verify(&strict()).await);
    assert!(matches!(reason, Reason::UntrustedSubject { policy_has_subjects: false, .. }), "{reason:?}");
    assert_eq!(check, Authenticity);
    assert!(!fixture.notation_accepts(&strict()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn rejects_an_unsuitable_plugin_at_every_level() {
    type Change = fn(&mut Value);
    for (capabilities, change, why) in [
        (
            &[IDENTITY, REVOCATION][..],
            (|m| m["name"] = json!("org.example.other")) as Change,
            "its metadata has the name",
        ),
        (&[IDENTITY, REVOCATION], |m| m["version"] = json!("1.1.9"), "version 1.2.0 or newer, but version 1.1.9"),
        (
            &[IDENTITY, REVOCATION],
            |m| m["version"] = json!("1.2.0-rc.1"),
            "version 1.2.0 or newer, but version 1.2.0-rc.1",
        ),
        (&[IDENTITY, REVOCATION], |m| m["version"] = json!("new"), "not a valid version"),
        (
            &[IDENTITY, REVOCATION],
            |m| m["supportedContractVersions"] = json!(["2.0"]),
            "version 1.0 of the plugin protocol",
        ),
        (&[IDENTITY, REVOCATION], |m| m["url"] = json!(""), "url is missing or empty"),
        (&["SIGNATURE_GENERATOR.RAW"], |_| (), "neither trusted identities nor revocation"),
    ] {
        let fixture = Fixture::with(|protected| add_critical(protected, VERIFICATION_PLUGIN_MIN_VERSION, "1.2.0"))
            .await
            .with_notation();
        fixture.install(&metadata(capabilities, change), &good(|_| ()));
        for level in ["strict", "audit"] {
            let level = json!({ "level": level });
            let (check, reason) = refusal(&fixture.verify(&level).await);
            assert!(check == Integrity && matches!(reason, Reason::Plugin { .. }), "{why}: {reason:?}");
            // Metadata that breaks the protocol says nothing about the signature.
            let is_broken = ["its metadata", "not a valid", "url is"].iter().any(|start| why.starts_with(start));
            let code = if is_broken { ReasonCode::Protocol } else { ReasonCode::Unsupported };
            assert_eq!(reason.code(), code, "{why}");
            assert!(reason.to_string().contains(why), "{why}: {reason}");
            assert!(!fixture.notation_accepts(&level), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn rejects_answers_that_violate_the_protocol_at_every_level() {
    let all = |change: fn(&mut Value)| good(change);
    let cases = [
        (
            all(|a| a["processedAttributes"] = json!([])),
            "did not process the critical attribute \"org.example.ticket\"",
        ),
        (all(|a| a["processedAttributes"] = json!(null)), "did not process"),
        (all(|a| remove(a, REVOCATION)), "it returned results for"),
        (all(|a| a["verificationResults"][IDENTITY] = json!({ "reason": "yes" })), "success is missing"),
        (all(|a| a["verificationResults"][IDENTITY] = json!({ "success": "true" })), "success must be"),
        (all(|a| a["verificationResults"][IDENTITY] = json!(null)), "is missing"),
        ("echo verified".to_owned(), "not a valid JSON document"),
        (format!("{}; echo '{{}}'", good(|_| ())), "not a valid JSON document"),
        ("head -c 3000000 /dev/zero | tr '\\0' '['".to_owned(), "more than 1048576 bytes"),
        ("yes '{'".to_owned(), "more than 1048576 bytes"),
        (format!("{}; kill -9 $$", good(|_| ())), "failed: it was ended by the signal 9 and wrote no message"),
        (format!("{}; echo oops >&2; exit 3", good(|_| ())), "failed: oops"),
        ("true".to_owned(), "not a valid JSON document"),
    ];
    let fixture = Fixture::new().await.with_notation();
    for (answer, why) in cases {
        fixture.install(&both(), &answer);
        for level in ["strict", "audit"] {
            let level = json!({ "level": level });
            let verdict = fixture.verify(&level).await;
            let (check, reason) = refusal(&verdict);
            assert!(check == Integrity && reason.to_string().contains(why), "{why}: {reason}");
            // What breaks the protocol has judged nothing.
            let is_judged = why.starts_with("did not process");
            let code = if is_judged { ReasonCode::Unsupported } else { ReasonCode::Protocol };
            assert_eq!(reason.code(), code, "{why}");
            assert_eq!(verdict.conclusion(), Conclusion::NotVerified(code.disposition()), "{why}");
        }
        if !answer.starts_with("yes") && !answer.contains("success") {
            assert!(!fixture.notation_accepts(&strict()), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn a_plugins_error_code_decides_whether_the_verdict_is_undetermined() {
    let fixture = Fixture::new().await.with_notation();
    for (error_code, code, disposition) in [
        ("THROTTLED", ReasonCode::Throttled, Disposition::Undetermined),
        ("ACCESS_DENIED", ReasonCode::Denied, Disposition::Misconfigured),
        ("VALIDATION_ERROR", ReasonCode::Unsupported, Disposition::Refused),
    ] {
        let error = json!({ "errorCode": error_code, "errorMessage": "it went wrong" });
        fixture.install(&both(), &format!("echo '{error}' >&2; exit 1"));
        let verdict = fixture.verify(&strict()).await;
        let (_, reason) = refusal(&verdict);
        assert!(reason.to_string().contains(&format!("{error_code}: it went wrong")), "{reason}");
        assert_eq!(reason.code(), code);
        assert_eq!(verdict.conclusion(), Conclusion::NotVerified(disposition), "{error_code}");
        assert!(!fixture.notation_accepts(&strict()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_structured_and_unrequested_critical_attributes() {
    let fixture = Fixture::with(|protected| protected[ATTRIBUTE] = json!({ "a": 1 })).await;
    fixture.install(&both(), &good(|_| ()));
    let (check, reason) = refusal(&fixture.verify(&strict()).await);
    assert!(check == Integrity && reason.to_string().contains("an array or an object"), "{reason}");

    let fixture = Fixture::new().await;
    fixture.install(&metadata(&[REVOCATION], |_| ()), &good(|_| ()));
    let none = json!({ "level": "audit", "override": { "revocation": "skip" } });
    let (check, reason) = refusal(&fixture.verify(&none).await);
    assert!(check == Integrity && reason.to_string().contains("did not process"), "{reason}");
}
