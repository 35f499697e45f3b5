//! Signatures that name a verification plugin other than AWS Signer's: real programs, judged beside the real notation.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notation_aws_signer::envelope::SigningScheme;
use notation_aws_signer::envelope::header::{VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION};
use notation_aws_signer::verify::ValidationType::{self, Authenticity, Integrity, Revocation};
use notation_aws_signer::verify::plugin::PluginFolder;
use notation_aws_signer::verify::{Check, CheckOutcome, Conclusion, Verdict, VerifyOptions};
use serde_json::{Value, json};

use super::own_key::{OwnKey, add_critical};
use super::world::{World, options};
use crate::support::notation::Notation;

const NAME: &str = "org.example.judge";
const ATTRIBUTE: &str = "org.example.ticket";
const IDENTITY: &str = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY";
const REVOCATION: &str = "SIGNATURE_VERIFIER.REVOCATION_CHECK";

/// An image with one signature that names the plugin and has a critical attribute for it.
struct Court {
    world: World,
    folder: PathBuf,
    notation: Option<Notation>,
}

impl Court {
    async fn new() -> Court {
        Court::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Value)) -> Court {
        let world = World::new().await;
        let key = OwnKey::new(|_| ());
        let envelope = key.sign_with(&world.image, SigningScheme::X509, |protected| {
            add_critical(protected, VERIFICATION_PLUGIN, NAME);
            add_critical(protected, ATTRIBUTE, "T-1");
            change(protected);
        });
        world.attach(&envelope);
        world.put_trust_store("ca/own", &key.root());
        let credentials = world.folder().join("none");
        let notation = crate::support::peers().map(|peers| Notation::new(&peers, &credentials));
        let folder = match &notation {
            Some(notation) => {
                let store = notation.config_folder().join("truststore/x509/ca/own");
                std::fs::create_dir_all(&store).unwrap();
                std::fs::write(store.join("root.crt"), key.root().der()).unwrap();
                notation.config_folder().join("plugins")
            }
            None => world.folder().join("plugins"),
        };
        std::fs::create_dir_all(&folder).unwrap();
        Court { world, folder, notation }
    }

    fn program(&self) -> PathBuf {
        self.folder.join(NAME).join(format!("notation-{NAME}"))
    }

    /// Installs a plugin: what it does at `get-plugin-metadata` and at `verify-signature`, as a shell has it.
    fn install(&self, metadata: &str, verify: &str) {
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in\nget-plugin-metadata) cat >/dev/null; {metadata};;\n\
             verify-signature) cat >\"$0.request\"; {verify};;\n*) exit 9;;\nesac\n"
        );
        let program = self.program();
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        let source = self.world.folder().join("script");
        std::fs::write(&source, script).unwrap();
        // Another process writes the program: a file that this one has open for writing cannot be run.
        let install = std::process::Command::new("install").args(["-m", "755"]).arg(&source).arg(&program).status();
        assert!(install.unwrap().success());
    }

    fn options(&self) -> VerifyOptions {
        let config = [("colour".to_owned(), "blue".to_owned())].into();
        let plugins = Some(PluginFolder::at(&self.folder).with_config(config));
        VerifyOptions { plugins, ..options(&self.world.config) }
    }

    async fn verify(&self, level: &Value) -> Verdict {
        self.verify_by(level, &self.options()).await
    }

    async fn verify_by(&self, level: &Value, options: &VerifyOptions) -> Verdict {
        let policy = self.world.policy_for(level, &["ca:own"], &["org.example: anybody"]);
        self.world.verify_by(&policy, options).await
    }

    /// Whether notation accepts the signature; none where there is no notation.
    fn notation_accepts(&self, level: &Value) -> Option<bool> {
        let notation = self.notation.as_ref()?;
        let policy = json!({ "version": "1.0", "trustPolicies": [{
            "name": "test", "registryScopes": ["*"], "signatureVerification": level,
            "trustStores": ["ca:own"], "trustedIdentities": ["org.example: anybody"],
        }]});
        std::fs::write(notation.config_folder().join("trustpolicy.json"), policy.to_string()).unwrap();
        let image = format!("{}:v1", self.world.layout.path().display());
        Some(notation.run(&["verify", "--verbose", "--oci-layout", "--scope", "local/a", &image]).is_success())
    }
}

/// The metadata of a plugin with these capabilities, after a change.
fn metadata(capabilities: &[&str], change: impl FnOnce(&mut Value)) -> String {
    let mut metadata = json!({
        "name": NAME, "description": "a judge", "version": "1.2.0", "url": "https://example.org",
        "supportedContractVersions": ["1.0"], "capabilities": capabilities,
    });
    change(&mut metadata);
    say(&metadata)
}

fn both() -> String {
    metadata(&[IDENTITY, REVOCATION], |_| ())
}

/// The answer of a plugin that finds everything good, after a change.
fn good(change: impl FnOnce(&mut Value)) -> String {
    let mut answer = json!({
        "verificationResults": {
            IDENTITY: { "success": true, "reason": "known\u{1b}[2J" },
            REVOCATION: { "success": true },
        },
        "processedAttributes": [ATTRIBUTE],
    });
    change(&mut answer);
    say(&answer)
}

fn say(answer: &Value) -> String {
    format!("echo '{answer}'")
}

fn remove(answer: &mut Value, result: &str) {
    answer["verificationResults"].as_object_mut().unwrap().remove(result);
}

fn strict() -> Value {
    json!({ "level": "strict" })
}

/// The last check and its reason, of a signature that is refused.
fn refusal(verdict: &Verdict) -> (ValidationType, String) {
    assert!(!verdict.is_verified(), "{verdict:?}");
    let [signature] = verdict.signatures() else { panic!("{verdict:?}") };
    let last = signature.checks.last().unwrap();
    assert!(last.outcome.is_refused(), "{verdict:?}");
    let Check::Validation(validation) = last.check else { panic!("{verdict:?}") };
    (validation, last.outcome.reason().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_finds_everything_good_makes_the_signature_verify_and_gets_what_the_protocol_says() {
    let court = Court::with(|protected| add_critical(protected, VERIFICATION_PLUGIN_MIN_VERSION, "1.2.0-rc.1")).await;
    court.install(&both(), &good(|_| ()));
    assert_ne!(court.notation_accepts(&strict()), Some(false));
    let theirs = std::fs::read(court.program().with_extension("judge.request")).ok();
    let verdict = court.verify(&strict()).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    let signature = &verdict.signatures()[0];
    assert!(signature.checks.iter().all(|check| check.outcome.is_passed()), "{verdict:?}");
    assert!(signature.outcome(Authenticity).unwrap().reason().ends_with("known [2J"), "{verdict:?}");

    let ours = std::fs::read(court.program().with_extension("judge.request")).unwrap();
    let mut ours: Value = serde_json::from_slice(&ours).unwrap();
    let critical = ours["signature"]["criticalAttributes"].as_object_mut().unwrap();
    assert_eq!(critical.remove("verificationPlugin"), Some(json!(NAME)));
    assert_eq!(critical.remove("verificationPluginMinVersion"), Some(json!("1.2.0-rc.1")));
    assert_eq!(ours["signature"]["unprocessedAttributes"], json!([ATTRIBUTE]));
    assert_eq!(ours["signature"]["criticalAttributes"]["extendedAttributes"], json!({ ATTRIBUTE: "T-1" }));
    // notation leaves out those two members, which the specification has, and sends Go's zero time for what is absent.
    if let Some(theirs) = theirs {
        let mut theirs: Value = serde_json::from_slice(&theirs).unwrap();
        let expiry = theirs["signature"]["criticalAttributes"].as_object_mut().unwrap().remove("expiry");
        assert_eq!(expiry, Some(json!("0001-01-01T00:00:00Z")));
        theirs.as_object_mut().unwrap().remove("pluginConfig");
        let told = ours.as_object_mut().unwrap().remove("pluginConfig");
        assert_eq!(told, Some(json!({ "colour": "blue" })));
        assert_eq!(ours, theirs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_refuses_fails_the_check_that_it_made() {
    for (result, check) in [(IDENTITY, Authenticity), (REVOCATION, Revocation)] {
        let court = Court::new().await;
        let no = json!({ "success": false, "reason": "not this one" });
        court.install(&both(), &good(|answer| answer["verificationResults"][result] = no));
        let (found, reason) = refusal(&court.verify(&strict()).await);
        assert_eq!(found, check);
        assert!(reason.contains("not this one") && reason.contains(NAME), "{reason}");
        assert_ne!(court.notation_accepts(&strict()), Some(true));
        // What the policy logs only is a warning.
        let audit = json!({ "level": "audit" });
        let verdict = court.verify(&audit).await;
        assert!(verdict.is_verified(), "{verdict:?}");
        assert_eq!(verdict.signatures()[0].warnings().map(|(check, _)| check).collect::<Vec<_>>(), [check]);
        assert!(verdict.verified_profiles().is_empty());
        assert_ne!(court.notation_accepts(&audit), Some(false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_the_policy_skips_is_not_asked_of_the_plugin() {
    let court = Court::new().await;
    court.install(&both(), &good(|answer| remove(answer, REVOCATION)));
    let skip = json!({ "level": "strict", "override": { "revocation": "skip" } });
    let verdict = court.verify(&skip).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert!(matches!(verdict.signatures()[0].outcome(Revocation), Some(CheckOutcome::Skipped(_))), "{verdict:?}");
    let request = std::fs::read_to_string(court.program().with_extension("judge.request")).unwrap();
    assert!(request.contains(IDENTITY) && !request.contains(REVOCATION), "{request}");
    assert_ne!(court.notation_accepts(&skip), Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_cannot_check_is_checked_as_without_it() {
    let court = Court::new().await;
    court.install(&metadata(&[IDENTITY], |_| ()), &good(|answer| remove(answer, REVOCATION)));
    assert!(court.verify(&strict()).await.is_verified());
    assert_ne!(court.notation_accepts(&strict()), Some(false));
    // Of trusted identities the policy has none that names a certificate.
    court.install(&metadata(&[REVOCATION], |_| ()), &good(|answer| remove(answer, IDENTITY)));
    let (check, reason) = refusal(&court.verify(&strict()).await);
    assert!(check == Authenticity && reason.contains("x509.subject"), "{reason}");
    assert_ne!(court.notation_accepts(&strict()), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_not_what_the_signature_demands_is_refused_at_every_level() {
    type Change = fn(&mut Value);
    for (capabilities, change, why) in [
        (&[IDENTITY, REVOCATION][..], (|m| m["name"] = json!("org.example.other")) as Change, "its name is"),
        (&[IDENTITY, REVOCATION], |m| m["version"] = json!("1.1.9"), "version 1.2.0 of it, and 1.1.9"),
        (&[IDENTITY, REVOCATION], |m| m["version"] = json!("1.2.0-rc.1"), "version 1.2.0 of it, and 1.2.0-rc.1"),
        (&[IDENTITY, REVOCATION], |m| m["version"] = json!("new"), "not a version"),
        (
            &[IDENTITY, REVOCATION],
            |m| m["supportedContractVersions"] = json!(["2.0"]),
            "version 1.0 of the plugin protocol",
        ),
        (&[IDENTITY, REVOCATION], |m| m["url"] = json!(""), "url is missing or empty"),
        (&["SIGNATURE_GENERATOR.RAW"], |_| (), "neither trusted identities nor revocation"),
    ] {
        let court = Court::with(|protected| add_critical(protected, VERIFICATION_PLUGIN_MIN_VERSION, "1.2.0")).await;
        court.install(&metadata(capabilities, change), &good(|_| ()));
        for level in ["strict", "audit"] {
            let level = json!({ "level": level });
            let (check, reason) = refusal(&court.verify(&level).await);
            assert!(check == Integrity && reason.contains(why), "{why}: {reason}");
            assert_ne!(court.notation_accepts(&level), Some(true), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_the_protocols_is_refused_at_every_level() {
    let all = |change: fn(&mut Value)| good(change);
    let cases = [
        (
            all(|a| a["processedAttributes"] = json!([])),
            "did not process the critical attribute \"org.example.ticket\"",
        ),
        (all(|a| a["processedAttributes"] = json!(null)), "did not process"),
        (all(|a| remove(a, REVOCATION)), "its results are"),
        (all(|a| a["verificationResults"][IDENTITY] = json!({ "reason": "yes" })), "success is missing"),
        (all(|a| a["verificationResults"][IDENTITY] = json!({ "success": "true" })), "success must be"),
        (all(|a| a["verificationResults"][IDENTITY] = json!(null)), "is missing"),
        ("echo verified".to_owned(), "not a valid JSON document"),
        (format!("{}; echo '{{}}'", good(|_| ())), "not a valid JSON document"),
        ("head -c 3000000 /dev/zero | tr '\\0' '['".to_owned(), "more than 1048576 bytes"),
        ("yes '{'".to_owned(), "more than 1048576 bytes"),
        (format!("{}; kill -9 $$", good(|_| ())), "it says nothing more"),
        (format!("{}; echo oops >&2; exit 3", good(|_| ())), "failed: oops"),
        ("true".to_owned(), "not a valid JSON document"),
    ];
    let court = Court::new().await;
    for (answer, why) in cases {
        court.install(&both(), &answer);
        for level in ["strict", "audit"] {
            let level = json!({ "level": level });
            let verdict = court.verify(&level).await;
            let (check, reason) = refusal(&verdict);
            assert!(check == Integrity && reason.contains(why), "{why}: {reason}");
            assert_eq!(verdict.conclusion(), Conclusion::Refused);
        }
        if !answer.starts_with("yes") && !answer.contains("success") {
            assert_ne!(court.notation_accepts(&strict()), Some(true), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_could_not_find_out_makes_the_verdict_undetermined_and_one_that_failed_does_not() {
    let court = Court::new().await;
    for (code, conclusion) in [
        ("THROTTLED", Conclusion::Undetermined),
        ("ACCESS_DENIED", Conclusion::Misconfigured),
        ("VALIDATION_ERROR", Conclusion::Refused),
    ] {
        let error = json!({ "errorCode": code, "errorMessage": "it went wrong" });
        court.install(&both(), &format!("echo '{error}' >&2; exit 1"));
        let verdict = court.verify(&strict()).await;
        let (_, reason) = refusal(&verdict);
        assert!(reason.contains(&format!("{code}: it went wrong")), "{reason}");
        assert_eq!(verdict.conclusion(), conclusion, "{code}");
        assert_ne!(court.notation_accepts(&strict()), Some(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_is_killed_with_what_it_has_started() {
    let court = Court::new().await;
    let options = VerifyOptions { budget: Duration::from_millis(700), ..court.options() };
    let child = court.folder.join("child");
    for answer in [
        format!("sleep 600 & echo $! >{}; wait", child.display()),
        // It ends, but something that it started holds its output open.
        format!("sleep 600 & echo $! >{}; {}", child.display(), good(|_| ())),
    ] {
        court.install(&both(), &answer);
        let verdict = court.verify_by(&strict(), &options).await;
        let (_, reason) = refusal(&verdict);
        assert!(reason.contains("did not end within the 0.7 s"), "{reason}");
        assert_eq!(verdict.conclusion(), Conclusion::Undetermined);
        let child = std::fs::read_to_string(&child).unwrap();
        while is_running(child.trim()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Whether there is such a process, and it is no zombie.
fn is_running(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_run_only_from_a_file_that_is_its_own_and_nobody_elses() {
    let court = Court::new().await;
    let refused = async |why: &str| {
        let (check, reason) = refusal(&court.verify(&strict()).await);
        assert!(check == Integrity && reason.contains(why), "{why}: {reason}");
        assert!(!court.program().with_extension("judge.request").exists(), "{why}");
    };
    refused("does not exist").await;
    let advice = court.verify(&strict()).await.advice().map(str::to_owned);
    assert!(advice.as_ref().is_some_and(|advice| advice.contains("install the plugin")), "{advice:?}");
    court.install(&both(), &good(|_| ()));
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let program = court.program();
    for (path, wrong, right, why) in [
        (program.as_path(), 0o757, 0o755, "other users may write"),
        (&program, 0o644, 0o755, "not executable"),
        (program.parent().unwrap(), 0o777, 0o755, "other users may write"),
        (&court.folder, 0o777, 0o755, "other users may write"),
    ] {
        mode(path, wrong);
        refused(why).await;
        mode(path, right);
    }
    let real = court.folder.join("real");
    std::fs::rename(&program, &real).unwrap();
    std::os::unix::fs::symlink(&real, &program).unwrap();
    refused("a symbolic link").await;
    std::fs::remove_file(&program).unwrap();
    std::fs::create_dir(&program).unwrap();
    refused("a folder").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_out_of_the_folder_and_a_version_that_is_none_are_refused() {
    for name in ["../evil", "..", "a/b", ".hidden", "-x", "a b", "é"] {
        let court = Court::with(|protected| protected[VERIFICATION_PLUGIN] = json!(name)).await;
        let (check, reason) = refusal(&court.verify(&strict()).await);
        assert!(check == Integrity && reason.contains("is not a plugin's name"), "{name}: {reason}");
    }
    let court = Court::with(|protected| add_critical(protected, VERIFICATION_PLUGIN_MIN_VERSION, "newest")).await;
    court.install(&both(), &good(|_| ()));
    let (check, reason) = refusal(&court.verify(&strict()).await);
    assert!(check == Integrity && reason.contains("not a version"), "{reason}");
    assert_ne!(court.notation_accepts(&strict()), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_plugin_is_run_without_a_folder_of_plugins_or_for_a_chain_that_nobody_trusts() {
    let court = Court::new().await;
    court.install("touch \"$0.run\"", "touch \"$0.run\"");
    let without = VerifyOptions { plugins: None, ..court.options() };
    let (check, reason) = refusal(&court.verify_by(&strict(), &without).await);
    assert!(check == Integrity && reason.contains(NAME), "{reason}");
    court.world.put_trust_store("ca/own", &OwnKey::new(|_| ()).root());
    let (check, _) = refusal(&court.verify(&strict()).await);
    assert_eq!(check, Authenticity);
    assert!(!court.program().with_extension("judge.run").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_critical_attribute_that_is_no_primitive_and_one_that_no_check_is_asked_for_are_refused() {
    let court = Court::with(|protected| protected[ATTRIBUTE] = json!({ "a": 1 })).await;
    court.install(&both(), &good(|_| ()));
    let (check, reason) = refusal(&court.verify(&strict()).await);
    assert!(check == Integrity && reason.contains("an array or an object"), "{reason}");

    let court = Court::new().await;
    court.install(&metadata(&[REVOCATION], |_| ()), &good(|_| ()));
    let none = json!({ "level": "audit", "override": { "revocation": "skip" } });
    let (check, reason) = refusal(&court.verify(&none).await);
    assert!(check == Integrity && reason.contains("did not process"), "{reason}");
}
