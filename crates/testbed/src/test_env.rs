//! An in-process local signer, a layout with an image, and trust in the signer.

use std::collections::BTreeMap;
use std::path::Path;

use aws_credential_types::Credentials;
use aws_names::ProfileArn;
use aws_sdk_signer::types::{SignatureValidityPeriod, ValidityType};
use aws_signer::{ClientPool, SignerClient, SignerConfig};
use limits::Deadline;
use local_signer::clock::Clock;
use local_signer::{LocalSigner, Options};
use notary::envelope::EnvelopeFormat;
use notary::envelope::build::ProtectedAttributes;
use notary::manifest::{EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, Manifest, SignatureForm};
use notary::reference::Target;
use notary::trust::policy::{TrustPolicyDocument, TrustedIdentity};
use notary::x509::Certificate;
use notary::{Descriptor, UserMetadata};
use notation::NotationFolder;
use notation::sign::{SignedArtifact, attach, sign_artifact};
use notation::verify::{Demands, Evaluate, Trust, Verdict, VerificationPolicy, Verifier};
use registry::{Layout, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::forge::{der_of, forge};

pub struct TestEnv {
    home: TempDir,
    pub signer: LocalSigner,
    pub config: SignerConfig,
    pub client: SignerClient,
    pub profile: ProfileArn,
    pub version: String,
    pub layout: Layout,
    pub image: Descriptor,
    pub trust: Trust,
}

/// Demands that have every signature checked, so a test sees each result.
pub fn every() -> Demands {
    Demands { evaluate: Evaluate::All, ..Demands::default() }
}

/// A verifier that asks the AWS Signer of this configuration about revocations.
pub fn verifier(config: &SignerConfig) -> Verifier {
    Verifier::new(ClientPool::new(config.clone()))
}

fn tag(tag: &str) -> Target {
    Target::Tag(tag.parse().unwrap())
}

impl TestEnv {
    pub async fn new() -> TestEnv {
        TestEnv::with_clock(Clock::system(), 135).await
    }

    /// An environment whose signer has this clock and a profile whose signatures are valid for this many days.
    pub async fn with_clock(clock: Clock, days: i32) -> TestEnv {
        let home = tempfile::tempdir().unwrap();
        let options = Options { clock, ..Options::new(home.path().join("signer")) };
        let signer = LocalSigner::start(options).await.unwrap();
        let id = signer.credentials().access_key_id();
        let secret = signer.credentials().secret_access_key();
        let credentials = Credentials::new(id, secret, None, None, "local signer");
        let config = SignerConfig::default().with_endpoint_url(signer.endpoint_url()).with_credentials(credentials);
        let client = SignerClient::new(&config, "us-west-2".parse().unwrap()).await;
        let period = SignatureValidityPeriod::builder().r#type(ValidityType::Days).value(days).build();
        let put = client.sdk().put_signing_profile().profile_name("Prod").platform_id("Notation-OCI-SHA384-ECDSA");
        let put = put.signature_validity_period(period).send().await.unwrap();
        let profile: ProfileArn = put.arn().unwrap().parse().unwrap();
        let version = put.profile_version().unwrap().to_owned();

        let layout = Layout::create(home.path().join("layout")).unwrap();
        let image = add_image(&layout, "v1");
        let roots = vec![root_of(&signer)];
        let trust = Trust { roots, identities: vec![TrustedIdentity::SigningProfile(profile.clone())] };
        TestEnv { home, signer, config, client, profile, version, layout, image, trust }
    }

    pub fn store(&self) -> Store {
        Store::Layout(self.layout.clone())
    }

    pub async fn sign(&self, reference: &str) -> SignedArtifact {
        let metadata = UserMetadata::from_pairs([("build".to_owned(), "7".to_owned())]).unwrap();
        let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
        sign_artifact(&self.store(), &tag(reference), metadata, &self.client, &self.profile, deadline).await.unwrap()
    }

    /// As [`TestEnv::sign_and_attach`], with another profile.
    pub async fn sign_and_attach_by(&self, profile: &ProfileArn) {
        let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
        let metadata = UserMetadata::default();
        let signed = sign_artifact(&self.store(), &tag("v1"), metadata, &self.client, profile, deadline).await;
        attach(&self.store(), &signed.unwrap(), SignatureForm::default()).await.unwrap();
    }

    /// Creates another signing profile.
    pub async fn put_profile(&self, name: &str) -> ProfileArn {
        let put = self.client.sdk().put_signing_profile().profile_name(name).platform_id("Notation-OCI-SHA384-ECDSA");
        put.send().await.unwrap().arn().unwrap().parse().unwrap()
    }

    pub async fn sign_and_attach(&self) -> SignedArtifact {
        let signed = self.sign("v1").await;
        attach(&self.store(), &signed, SignatureForm::default()).await.unwrap();
        signed
    }

    /// Attaches bytes to the image as an envelope.
    pub fn attach(&self, envelope: &[u8]) -> Descriptor {
        self.attach_with(envelope, |_| ())
    }

    /// As [`TestEnv::attach`], after a change to the signature's manifest.
    pub fn attach_with(&self, envelope: &[u8], change: impl FnOnce(&mut Manifest)) -> Descriptor {
        self.layout.put_blob(envelope).unwrap();
        self.layout.put_blob(EMPTY_CONFIG).unwrap();
        let mut manifest = Manifest::signature_in(
            SignatureForm::default(),
            EnvelopeFormat::of(envelope),
            self.image.clone(),
            envelope,
            BTreeMap::new(),
        );
        change(&mut manifest);
        self.layout.put_manifest(&manifest, None).unwrap()
    }

    pub async fn verify(&self) -> Verdict {
        self.verify_with(&self.trust, &self.config).await
    }

    pub async fn verify_with(&self, trust: &Trust, config: &SignerConfig) -> Verdict {
        self.verify_under(&trust.clone().into(), config).await
    }

    pub async fn verify_under(&self, policy: &VerificationPolicy, config: &SignerConfig) -> Verdict {
        self.verify_by(policy, &verifier(config), &every()).await
    }

    pub async fn verify_by(&self, policy: &VerificationPolicy, verifier: &Verifier, demands: &Demands) -> Verdict {
        verifier.verify(&self.store(), &tag("v1"), policy, demands, OffsetDateTime::now_utc()).await.unwrap()
    }

    /// A policy with this `signatureVerification` that trusts the signer and its profile.
    pub fn policy(&self, verification: &Value) -> VerificationPolicy {
        self.policy_for(verification, &["signingAuthority:local"], &[&self.profile.to_string()])
    }

    /// A notation trust policy with these trust stores and identities. `signingAuthority:local` contains the signer's
    /// root; other stores contain what [`TestEnv::put_trust_store`] added.
    pub fn policy_for(&self, verification: &Value, stores: &[&str], identities: &[&str]) -> VerificationPolicy {
        let mut policy =
            json!({ "name": "test", "registryScopes": ["local/a"], "signatureVerification": verification });
        if !stores.is_empty() {
            policy["trustStores"] = json!(stores);
            policy["trustedIdentities"] = json!(identities);
        }
        self.put_trust_store("signingAuthority/local", &root_of(&self.signer));
        let document = json!({ "version": "1.0", "trustPolicies": [policy] }).to_string();
        let document = TrustPolicyDocument::parse(document.as_bytes()).unwrap();
        let folder = NotationFolder::at(self.folder().join("notation"));
        let policy = document.applicable(&"local/a".parse().unwrap()).unwrap();
        VerificationPolicy::from_statement(policy, |name| folder.trust_store(name))
    }

    /// Creates the trust store `TYPE/NAME` with one certificate.
    pub fn put_trust_store(&self, name: &str, certificate: &Certificate) {
        let store = self.folder().join("notation/truststore/x509").join(name);
        std::fs::create_dir_all(&store).unwrap();
        std::fs::write(store.join("root.crt"), certificate.der()).unwrap();
    }

    /// An envelope over the image signed with the signer's own key, as an attacker who stole it could make it. `change`
    /// can set attributes that the service would not sign.
    pub fn forge(&self, change: impl FnOnce(&mut ProtectedAttributes)) -> Vec<u8> {
        let version = format!("{}/{}", self.profile, self.version);
        forge(&self.home.path().join("signer"), &version, &self.image, change)
    }

    /// A folder for other files of a test.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }
}

/// Adds an image whose content includes its tag.
pub fn add_image(layout: &Layout, tag: &str) -> Descriptor {
    layout.put_blob(b"{}").unwrap();
    let mut image = Manifest::image(Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}"), Vec::new());
    image.annotations.insert("name".into(), tag.into());
    layout.put_manifest(&image, Some(tag)).unwrap()
}

pub fn root_of(signer: &LocalSigner) -> Certificate {
    Certificate::from_der(der_of(&std::fs::read_to_string(signer.root_certificate()).unwrap())).unwrap()
}
