//! A signature that names a verification plugin, the plugin, and both verifiers: this library and the real notation.

use std::path::PathBuf;

use notary::Descriptor;
use notary::envelope::header::VERIFICATION_PLUGIN;
use notary::envelope::{EnvelopeFormat, SigningScheme};
use notary::x509::Certificate;
use notation::plugin_host::PluginFolder;
use notation::verify::{Check, Reason, ValidationType, Verdict, Verifier};
use serde_json::{Value, json};

use crate::support::notation::Notation;
use crate::support::own_key::{OwnKey, add_critical};
use crate::support::test_env::{TestEnv, every, verifier};

pub(super) const NAME: &str = "org.example.judge";
pub(super) const ATTRIBUTE: &str = "org.example.ticket";
pub(super) const IDENTITY: &str = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY";
pub(super) const REVOCATION: &str = "SIGNATURE_VERIFIER.REVOCATION_CHECK";

/// An image with one signature that names the plugin and has a critical attribute for the plugin to process.
pub(super) struct Fixture {
    pub(super) env: TestEnv,
    pub(super) folder: PathBuf,
    root: Certificate,
    notation: Option<Notation>,
}

impl Fixture {
    pub(super) async fn new() -> Fixture {
        Fixture::with(|_| ()).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Value)) -> Fixture {
        let sign = |key: &OwnKey, image: &Descriptor| {
            key.sign_with(image, SigningScheme::X509, |protected| {
                add_critical(protected, VERIFICATION_PLUGIN, NAME);
                add_critical(protected, ATTRIBUTE, "T-1");
                change(protected);
            })
        };
        Fixture::signed(sign).await
    }

    /// A fixture whose signature is in this format, and requires this version of the plugin.
    pub(super) async fn in_format(format: EnvelopeFormat, version: &str) -> Fixture {
        let sign = |key: &OwnKey, image: &Descriptor| {
            key.sign_in_with(format, image, SigningScheme::X509, |attributes| {
                attributes.verification_plugin = Some(NAME.to_owned());
                attributes.verification_plugin_min_version = Some(version.to_owned());
                attributes.extended.push((ATTRIBUTE.to_owned(), "T-1".to_owned()));
            })
        };
        Fixture::signed(sign).await
    }

    async fn signed(sign: impl FnOnce(&OwnKey, &Descriptor) -> Vec<u8>) -> Fixture {
        let env = TestEnv::new().await;
        let key = OwnKey::new(|_| ());
        env.attach(&sign(&key, &env.image));
        env.put_trust_store("ca/own", &key.root());
        let folder = env.folder().join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        Fixture { env, folder, root: key.root(), notation: None }
    }

    /// Adds the real notation, which trusts the same root and has the same plugin folder.
    pub(super) fn with_notation(self) -> Fixture {
        let notation = Notation::new(&crate::support::peers(), &self.env.folder().join("none"));
        let store = notation.config_folder().join("truststore/x509/ca/own");
        std::fs::create_dir_all(&store).unwrap();
        std::fs::write(store.join("root.crt"), self.root.der()).unwrap();
        let folder = notation.config_folder().join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        Fixture { folder, notation: Some(notation), ..self }
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(NAME).join(format!("notation-{NAME}"))
    }

    /// Installs a plugin that runs these shell commands for `get-plugin-metadata` and `verify-signature`.
    pub(super) fn install(&self, metadata: &str, verify: &str) {
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in\nget-plugin-metadata) cat >/dev/null; {metadata};;\n\
             verify-signature) cat >\"$0.request\"; {verify};;\n*) exit 9;;\nesac\n"
        );
        let program = self.program();
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        let source = self.env.folder().join("script");
        std::fs::write(&source, script).unwrap();
        // Another process writes the program: a file open for writing here could not be executed (ETXTBSY).
        let install = std::process::Command::new("install").args(["-m", "755"]).arg(&source).arg(&program).status();
        assert!(install.unwrap().success());
    }

    /// A verifier that runs the plugins of the folder.
    pub(super) fn verifier(&self) -> Verifier {
        let config = [("colour".to_owned(), "blue".to_owned())].into();
        verifier(&self.env.config).with_plugins(PluginFolder::at(&self.folder).with_config(config))
    }

    pub(super) async fn verify(&self, level: &Value) -> Verdict {
        self.verify_by(level, &self.verifier()).await
    }

    pub(super) async fn verify_by(&self, level: &Value, verifier: &Verifier) -> Verdict {
        let policy = self.env.policy_for(level, &["ca:own"], &["org.example: anybody"]);
        self.env.verify_by(&policy, verifier, &every()).await
    }

    /// Whether the notation of [`Fixture::with_notation`] accepts the signature.
    pub(super) fn notation_accepts(&self, level: &Value) -> bool {
        let notation = self.notation.as_ref().unwrap();
        let policy = json!({ "version": "1.0", "trustPolicies": [{
            "name": "test", "registryScopes": ["*"], "signatureVerification": level,
            "trustStores": ["ca:own"], "trustedIdentities": ["org.example: anybody"],
        }]});
        std::fs::write(notation.config_folder().join("trustpolicy.json"), policy.to_string()).unwrap();
        let image = format!("{}:v1", self.env.layout.path().display());
        notation.run(&["verify", "--verbose", "--oci-layout", "--scope", "local/a", &image]).is_success()
    }
}

/// A command that prints the metadata of a plugin with these capabilities, after a change.
pub(super) fn metadata(capabilities: &[&str], change: impl FnOnce(&mut Value)) -> String {
    let mut metadata = json!({
        "name": NAME, "description": "a judge", "version": "1.2.0", "url": "https://example.org",
        "supportedContractVersions": ["1.0"], "capabilities": capabilities,
    });
    change(&mut metadata);
    say(&metadata)
}

pub(super) fn both() -> String {
    metadata(&[IDENTITY, REVOCATION], |_| ())
}

/// A command that prints the answer of a plugin that passes every check, after a change.
pub(super) fn good(change: impl FnOnce(&mut Value)) -> String {
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

pub(super) fn say(answer: &Value) -> String {
    format!("echo '{answer}'")
}

pub(super) fn remove(answer: &mut Value, result: &str) {
    answer["verificationResults"].as_object_mut().unwrap().remove(result);
}

pub(super) fn strict() -> Value {
    json!({ "level": "strict" })
}

/// Asserts that the only signature was refused. Returns its last check and the reason.
pub(super) fn refusal(verdict: &Verdict) -> (ValidationType, Reason) {
    assert!(!verdict.is_verified(), "{verdict:?}");
    let [signature] = &verdict.signatures[..] else { panic!("{verdict:?}") };
    let last = signature.checks.last().unwrap();
    assert!(last.outcome.is_failed(), "{verdict:?}");
    let Check::Validation(validation) = last.check else { panic!("{verdict:?}") };
    (validation, last.outcome.reason().unwrap().clone())
}
