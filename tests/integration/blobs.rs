//! Blobs, signed by the local signer and by notation-go, verified by the library and by notation-go.

use std::path::PathBuf;

use aws_credential_types::Credentials as AwsCredentials;
use aws_signer::{ClientPool, SignerClient, SignerConfig};
use limits::Deadline;
use notary::UserMetadata;
use notary::trust::policy::{BlobTrustPolicyDocument, TrustStoreName};
use notation::blob::{DEFAULT_MEDIA_TYPE, DetachedEnvelope};
use notation::sign::{SignBlobError, SignedBlob, sign_blob};
use notation::trust_store::{TrustStore, read_certificates};
use notation::verify::ValidationType::{Authenticity, Integrity};
use notation::verify::{
    Check, CheckOutcome, Demands, Reason, Trust, ValidationType, Verdict, VerificationPolicy, Verifier,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::support::World;
use crate::support::local_signer::REGION;
use crate::support::server::credentials;

const CONTENT: &[u8] = b"a release archive";

/// A signing service, notation with a policy that trusts its profile, and a folder for files.
struct Blobs {
    world: World,
    config: SignerConfig,
    client: SignerClient,
    folder: TempDir,
}

impl Blobs {
    async fn start() -> Blobs {
        let world = tokio::task::block_in_place(World::start);
        let (id, secret) = credentials(world.signer.credentials_file().parent().unwrap());
        let config = SignerConfig::default()
            .with_endpoint_url(&world.signer.endpoint)
            .with_credentials(AwsCredentials::new(id, secret, None, None, "local signer"));
        let client = SignerClient::new(&config, REGION.parse().unwrap()).await;
        Blobs { world, config, client, folder: tempfile::tempdir().unwrap() }
    }

    async fn sign(&self, metadata: &[(&str, &str)], media_type: &str) -> Result<SignedBlob, SignBlobError> {
        let metadata = user_metadata(metadata);
        let profile = self.world.profile.arn.parse().unwrap();
        sign_blob(CONTENT, media_type, metadata, &self.client, &profile, Deadline::DEFAULT_BUDGET).await
    }

    fn trust(&self) -> VerificationPolicy {
        let roots = read_certificates(&self.world.signer.root_certificate()).unwrap();
        Trust { roots, identities: vec![self.world.profile.arn.parse().unwrap()] }.into()
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(ClientPool::new(self.config.clone()))
    }

    async fn verify(&self, content: &[u8], envelope: &[u8], media_type: Option<&str>) -> Verdict {
        self.verify_under(&self.trust(), &Demands::default(), content, envelope, media_type).await
    }

    async fn verify_under(
        &self,
        policy: &VerificationPolicy,
        demands: &Demands,
        content: &[u8],
        envelope: &[u8],
        media_type: Option<&str>,
    ) -> Verdict {
        let now = OffsetDateTime::now_utc();
        self.verifier()
            .verify_blob(content, DetachedEnvelope::of_file(envelope), media_type, policy, demands, now)
            .await
            .unwrap()
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Whether notation-go accepts the signature for this content.
    fn notation_accepts(&self, content: &[u8], envelope: &[u8], media_type: &str) -> bool {
        let blob = self.file("blob", content);
        let signature = self.file("blob.jws.sig", envelope);
        let endpoint = format!("aws-signer-endpoint-url={}", self.world.signer.endpoint);
        let files = ["verify", "--blob", &blob, "--signature", &signature];
        let more = ["--media-type", media_type, "--plugin-config", &endpoint];
        tokio::task::block_in_place(|| self.world.notation.run_blob_driver(&[&files[..], &more].concat()).is_success())
    }

    /// A signature by notation-go with a new key of this kind, and its certificate.
    fn sign_with_notation(&self, kind: &str) -> (Vec<u8>, PathBuf) {
        let blob = self.file("theirs", CONTENT);
        let signature = self.file("theirs.jws.sig", b"");
        let certificate = self.file("theirs.pem", b"");
        let files = ["sign", "--blob", &blob, "--signature", &signature, "--certificate", &certificate];
        let arguments = [&files[..], &["--media-type", "text/plain", "--key", kind]].concat();
        tokio::task::block_in_place(|| self.world.notation.run_blob_driver(&arguments).succeeded());
        (std::fs::read(&signature).unwrap(), certificate.into())
    }
}

fn user_metadata(pairs: &[(&str, &str)]) -> UserMetadata {
    UserMetadata::from_pairs(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))).unwrap()
}

/// The named statement of a blob policy document, whose trust stores contain only this certificate.
fn policy(document: &BlobTrustPolicyDocument, name: Option<&str>, certificate: &std::path::Path) -> VerificationPolicy {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(certificate, folder.path().join("own.pem")).unwrap();
    let store = |name: &TrustStoreName| TrustStore::read(name, folder.path());
    VerificationPolicy::from_statement(document.applicable(name).unwrap(), store)
}

fn document() -> BlobTrustPolicyDocument {
    let statement = |name: &str, level: &str, identity: &str| -> Value {
        json!({
            "name": name, "signatureVerification": { "level": level },
            "trustStores": ["ca:own"], "trustedIdentities": [identity],
        })
    };
    let mut global = statement("global", "strict", "x509.subject: C=US, ST=WA, O=Notary");
    global["globalPolicy"] = json!(true);
    let other = statement("other", "strict", "x509.subject: C=US, ST=WA, O=Somebody");
    let audit = statement("audit", "audit", "x509.subject: C=US, ST=WA, O=Somebody");
    let skip = json!({ "name": "skip", "signatureVerification": { "level": "skip" } });
    let document = json!({ "version": "1.0", "trustPolicies": [global, other, audit, skip] });
    BlobTrustPolicyDocument::parse(document.to_string().as_bytes()).unwrap()
}

fn failed(verdict: &Verdict, check: impl Into<Check>) -> Reason {
    assert!(!verdict.is_verified(), "{verdict:?}");
    let last = verdict.signatures[0].checks.last().unwrap();
    assert!(last.check == check.into() && last.outcome.is_failed(), "{verdict:?}");
    last.outcome.reason().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn notation_go_and_the_library_verify_a_signed_blob_until_it_is_altered() {
    let blobs = Blobs::start().await;
    let signed = blobs.sign(&[("build", "7")], "text/plain").await.unwrap();
    assert_eq!(signed.blob.digest.algorithm().as_str(), "sha384");
    assert_eq!(signed.blob.size, CONTENT.len() as u64);
    let envelope = &signed.signature.envelope;
    let verdict = blobs.verify(CONTENT, envelope, Some("text/plain")).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.verified_profiles(), [blobs.world.profile.arn.parse().unwrap()]);
    let said = verdict.signatures[0].signed.as_ref().unwrap();
    assert_eq!((&said.user_metadata, said.content_media_type.as_str()), (&signed.blob.annotations, "text/plain"));
    assert_eq!(verdict.artifact.digest, signed.blob.digest);
    assert!(blobs.notation_accepts(CONTENT, envelope, "text/plain"));

    assert!(blobs.verify(CONTENT, envelope, None).await.is_verified());
    let reason = failed(&blobs.verify(CONTENT, envelope, Some("text/html")).await, Integrity);
    assert_eq!(reason, Reason::OtherMediaType { signed: "text/plain".to_owned(), required: "text/html".to_owned() });
    assert!(!blobs.notation_accepts(CONTENT, envelope, "text/html"));

    let altered = [b"A", &CONTENT[1..]].concat();
    let longer = [CONTENT, b"\n"].concat();
    for content in [&altered[..], &longer, &CONTENT[1..], b""] {
        let reason = failed(&blobs.verify(content, envelope, None).await, Integrity);
        let Reason::OtherBlob { signed: covered, blob } = reason else { panic!("{reason:?}") };
        assert_eq!((&covered.digest, blob.size), (&signed.blob.digest, content.len() as u64));
        assert!(!blobs.notation_accepts(content, envelope, "text/plain"));
    }
    let mut forged = envelope.clone();
    let last = forged.iter().rposition(u8::is_ascii_alphanumeric).unwrap() - 20;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    failed(&blobs.verify(CONTENT, &forged, None).await, Integrity);
    assert!(!blobs.notation_accepts(CONTENT, &forged, "text/plain"));
    failed(&blobs.verify(CONTENT, b"", None).await, Integrity);

    tokio::task::block_in_place(|| blobs.world.signer.revoke_signature(&signed.signature.signer.job.to_string()));
    failed(&blobs.verify(CONTENT, envelope, None).await, ValidationType::Revocation);
    assert!(!blobs.notation_accepts(CONTENT, envelope, "text/plain"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn verifies_a_notation_go_blob_under_the_named_policy() {
    let blobs = Blobs::start().await;
    let document = document();
    for kind in ["p256", "p384", "p521", "rsa2048", "rsa3072"] {
        let (envelope, certificate) = blobs.sign_with_notation(kind);
        let verify = async |content: &[u8], name, media_type| {
            let policy = policy(&document, name, &certificate);
            blobs.verify_under(&policy, &Demands::default(), content, &envelope, media_type).await
        };
        for name in [None, Some("global")] {
            let verdict = verify(CONTENT, name, Some("text/plain")).await;
            assert!(verdict.is_verified(), "{kind}: {verdict:?}");
        }
        failed(&verify(b"tampered", None, None).await, Integrity);
        failed(&verify(CONTENT, Some("other"), None).await, Authenticity);
        let audit = verify(CONTENT, Some("audit"), None).await;
        assert!(audit.is_verified() && audit.signatures[0].warnings().count() == 1, "{audit:?}");
        failed(&verify(b"tampered", Some("audit"), None).await, Integrity);
        assert!(verify(b"tampered", Some("skip"), None).await.skipped);
    }
    assert!(document.applicable(Some("missing")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_digest_that_does_not_match_the_key() {
    use notary::DigestAlgorithm;
    use notary::envelope::SigningScheme;
    use notation::blob::describe;

    use crate::support::own_key::OwnKey;
    let key = OwnKey::new(|_| ());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key.root().der()).unwrap();
    let verifier = Verifier::new(ClientPool::new(SignerConfig::default()));
    let demands = Demands::default();
    for (algorithm, is_right) in
        [(DigestAlgorithm::Sha256, true), (DigestAlgorithm::Sha384, false), (DigestAlgorithm::Sha512, false)]
    {
        let blob = describe(CONTENT, DEFAULT_MEDIA_TYPE, algorithm).unwrap();
        let envelope = key.sign(&blob, SigningScheme::X509);
        let statement = json!({ "version": "1.0", "trustPolicies": [{
            "name": "own", "globalPolicy": true, "signatureVerification": { "level": "strict" },
            "trustStores": ["ca:own"], "trustedIdentities": ["*"],
        }]});
        let document = BlobTrustPolicyDocument::parse(statement.to_string().as_bytes()).unwrap();
        let policy = policy(&document, None, file.path());
        let now = OffsetDateTime::now_utc();
        let verdict = verifier
            .verify_blob(CONTENT, DetachedEnvelope::of_file(&envelope), None, &policy, &demands, now)
            .await
            .unwrap();
        if is_right {
            assert!(verdict.is_verified(), "{verdict:?}");
        } else {
            let reason = failed(&verdict, Integrity);
            assert_eq!(reason, Reason::OtherDigestAlgorithm { signed: algorithm, expected: DigestAlgorithm::Sha256 });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn requires_signed_metadata_and_rejects_other_media_types() {
    let blobs = Blobs::start().await;
    let signed = blobs.sign(&[("build", "7")], DEFAULT_MEDIA_TYPE).await.unwrap();
    for (key, required, expected) in
        [("build", "7", None), ("build", "8", Some(Some("7"))), ("owner", "me", Some(None))]
    {
        let demands = Demands { user_metadata: user_metadata(&[(key, required)]), ..Demands::default() };
        let envelope = &signed.signature.envelope;
        let verdict = blobs.verify_under(&blobs.trust(), &demands, CONTENT, envelope, None).await;
        let Some(signed) = expected else {
            assert!(matches!(verdict.signatures[0].outcome(Integrity), Some(CheckOutcome::Passed(_))));
            continue;
        };
        let reason = failed(&verdict, Check::UserMetadata);
        let signed = signed.map(str::to_owned);
        assert_eq!(reason, Reason::Metadata { key: key.to_owned(), required: required.to_owned(), signed });
    }
    let no_type = blobs.sign(&[], "text").await;
    assert!(matches!(no_type, Err(SignBlobError::MediaType(_))), "{no_type:?}");
}
