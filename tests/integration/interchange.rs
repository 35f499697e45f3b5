//! The library and the real notation verify each other's signatures in a registry.

use aws_credential_types::Credentials as AwsCredentials;
use aws_signer::{ClientPool, SignerClient, SignerConfig};
use limits::Deadline;
use notary::envelope::EnvelopeFormat;
use notary::manifest::SignatureForm;
use notary::reference::{Reference, Target};
use notary::trust::policy::ValidationType;
use notary::{ReasonCode, UserMetadata};
use notation::NotationFolder;
use notation::sign::{attach, sign_artifact};
use notation::trust_store::read_certificates;
use notation::verify::{Check, Demands, Evaluate, Reason, Trust, Verdict, VerificationPolicy, Verifier};
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use time::OffsetDateTime;

use crate::support::World;
use crate::support::local_signer::REGION;
use crate::support::server::credentials;

/// The library's view of an image in the registry.
struct Library {
    store: Store,
    target: Target,
    config: SignerConfig,
    client: SignerClient,
}

impl Library {
    async fn new(world: &World, image: &str) -> Library {
        let reference: Reference = image.parse().unwrap();
        let mut options = ClientOptions::default();
        options.lock_folder = None;
        let registry = RegistryClient::new(options, Credentials::none());
        let (id, secret) = credentials(world.signer.credentials_file().parent().unwrap());
        let config = SignerConfig::default()
            .with_endpoint_url(&world.signer.endpoint)
            .with_credentials(AwsCredentials::new(id, secret, None, None, "local signer"));
        Library {
            store: Store::Remote(registry.repository(reference.repository()).unwrap()),
            target: reference.target().clone(),
            client: SignerClient::new(&config, REGION.parse().unwrap()).await,
            config,
        }
    }

    async fn verify(&self, world: &World) -> Verdict {
        let roots = read_certificates(&world.signer.root_certificate()).unwrap();
        self.verify_under(&Trust { roots, identities: vec![world.profile.arn.parse().unwrap()] }.into()).await
    }

    async fn verify_under(&self, policy: &VerificationPolicy) -> Verdict {
        let verifier = Verifier::new(ClientPool::new(self.config.clone()));
        let demands = Demands { evaluate: Evaluate::All, ..Demands::default() };
        let verdict = verifier.verify(&self.store, &self.target, policy, &demands, OffsetDateTime::now_utc()).await;
        verdict.unwrap()
    }
}

/// The trust policy and trust stores that notation applies to the images.
fn notations_policy(world: &World) -> VerificationPolicy {
    let folder = NotationFolder::at(world.notation.config_folder());
    let document = folder.trust_policy().unwrap();
    let policy = document.applicable(&"registry.example.com/team/app".parse().unwrap()).unwrap();
    VerificationPolicy::from_statement(policy, |name| folder.trust_store(name))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn notation_verifies_the_librarys_signatures() {
    let world = tokio::task::block_in_place(World::start);
    for form in [SignatureForm::Config, SignatureForm::ArtifactType] {
        let image = tokio::task::block_in_place(|| world.push(&format!("signed by the library: {form:?}")));
        let library = Library::new(&world, &image).await;
        let profile = world.profile.arn.parse().unwrap();
        let metadata = UserMetadata::from_pairs([("build".to_owned(), "7".to_owned())]).unwrap();
        let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
        let signed =
            sign_artifact(&library.store, &library.target, metadata, &library.client, &profile, deadline).await;
        let signed = signed.unwrap();
        attach(&library.store, &signed, form).await.unwrap();
        assert!(library.verify(&world).await.is_verified(), "{form:?}");
        tokio::task::block_in_place(|| {
            world.verify(&image).succeeded().says("Successfully verified signature");
            assert_eq!(world.notation.signature(&image).job(), signed.signature.signer.job.to_string());
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn the_library_verifies_plugin_signatures_until_revoked() {
    let world = tokio::task::block_in_place(World::start);
    let image = tokio::task::block_in_place(|| world.push_signed("signed by notation"));
    let library = Library::new(&world, &image).await;
    let verdict = library.verify(&world).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    tokio::task::block_in_place(|| {
        let job = world.notation.signature(&image).job().to_owned();
        world.signer.revoke_signature(&job);
    });
    let verdict = library.verify(&world).await;
    assert!(!verdict.is_verified() && verdict.signatures.len() == 1, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn the_library_verifies_notation_key_signatures_under_notations_policy() {
    const NAME: &str = "example.com";
    let world = tokio::task::block_in_place(World::start);
    let image = tokio::task::block_in_place(|| {
        let image = world.push("signed with a key");
        world.notation.run(&["cert", "generate-test", NAME]).succeeded();
        world.notation.sign_with_key(&image, NAME).succeeded();
        image
    });
    let library = Library::new(&world, &image).await;
    let right = format!("x509.subject: C=US, ST=WA, O=Notary, CN={NAME}");
    for (stores, identity, is_trusted) in [
        (["ca:example.com"], right.as_str(), true),
        (["ca:example.com"], "*", true),
        (["ca:example.com"], "x509.subject: C=US, ST=WA, O=Other", false),
        (["signingAuthority:local"], right.as_str(), false),
    ] {
        tokio::task::block_in_place(|| {
            world.notation.import_policy_for("strict", &stores, identity);
            let theirs = world.verify(&image);
            assert_eq!(theirs.is_success(), is_trusted, "{stores:?} {identity}: {}", theirs.stderr);
        });
        let verdict = library.verify_under(&notations_policy(&world)).await;
        assert_eq!(verdict.is_verified(), is_trusted, "{stores:?} {identity}: {verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn level_permissive_turns_an_unknown_revocation_into_a_warning() {
    let mut world = tokio::task::block_in_place(World::start);
    let image = tokio::task::block_in_place(|| {
        let image = world.push_signed("service down");
        world.signer.stop();
        world.notation.import_policy("permissive", &world.profile.arn);
        world.verify(&image).succeeded().says("revocation");
        image
    });
    let library = Library::new(&world, &image).await;
    let verdict = library.verify_under(&notations_policy(&world)).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    let warnings: Vec<_> = verdict.signatures[0].warnings().collect();
    let [(Check::Validation(ValidationType::Revocation), why)] = warnings[..] else { panic!("{warnings:?}") };
    assert!(matches!(why, Reason::Undecided(_)) && why.code() == ReasonCode::Unreachable, "{why:?}");
    tokio::task::block_in_place(|| {
        world.notation.import_policy("strict", &world.profile.arn);
        world.verify(&image).failed();
    });
    assert!(!library.verify_under(&notations_policy(&world)).await.is_verified());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn the_library_verifies_notation_key_signatures_in_the_cose_format() {
    const NAME: &str = "example.com";
    let world = tokio::task::block_in_place(World::start);
    let image = tokio::task::block_in_place(|| {
        let image = world.push("signed as COSE");
        world.notation.run(&["cert", "generate-test", NAME]).succeeded();
        let sign = ["sign", "--key", NAME, "--signature-format", "cose", "--force-referrers-tag=false"];
        world.notation.run(&[sign.as_slice(), &["--insecure-registry", &image]].concat()).succeeded();
        world.notation.import_policy_for("strict", &["ca:example.com"], "*");
        world.verify(&image).succeeded();
        image
    });
    let verdict = Library::new(&world, &image).await.verify_under(&notations_policy(&world)).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.signatures[0].signed.as_ref().unwrap().format, EnvelopeFormat::Cose);
}
