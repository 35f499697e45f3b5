//! oci-client pulls what we push, and pushes what we sign, in registries with and without the Referrers API.

use std::net::SocketAddr;

use notary::Digest;
use notary::envelope::{Envelope, EnvelopeFormat, JWS_MEDIA_TYPE, Payload};
use notary::manifest::{IMAGE_LAYER_MEDIA_TYPE, SIGNATURE_MEDIA_TYPE};
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use registry::Credentials;
use sha2::{Digest as _, Sha256};
use testbed::cli::Cli;
use testbed::docker_registry::DockerRegistry;
use testbed::images::{push_image, repository};
use testbed::local_signer::{LocalSigner, Profile};
use testbed::peers;
use testbed::registry::Registry;

const ANONYMOUS: RegistryAuth = RegistryAuth::Anonymous;

/// The tool with a signing service, both registries, and oci-client.
struct Environment {
    signer: LocalSigner,
    profile: Profile,
    cli: Cli,
    olareg: Registry,
    docker_registry: DockerRegistry,
    client: Client,
}

impl Environment {
    fn start() -> Environment {
        // oci-client builds its TLS side too, although these registries speak plain HTTP.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let signer = LocalSigner::start();
        let profile = signer.put_profile("second_opinions");
        let cli = Cli::for_signer(&signer);
        let client = Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() });
        let docker_registry = DockerRegistry::start();
        Environment { signer, profile, cli, olareg: Registry::start(&peers()), docker_registry, client }
    }

    fn registries(&self) -> [SocketAddr; 2] {
        [self.olareg.address(), self.docker_registry.address]
    }

    fn sign(&self, reference: &Reference) {
        self.cli.run(&["sign", &reference.to_string(), "--profile", &self.profile.arn]).succeeded();
    }

    fn verify(&self, reference: &Reference, code: i32) {
        let root = self.signer.root_certificate();
        let trust = ["--trusted-profile", &self.profile.arn, "--root", root.to_str().unwrap()];
        self.cli.run(&[&["verify", &reference.to_string()][..], &trust].concat()).exits_with(code);
    }

    /// Pulls the manifest and checks its digest against the registry's and against sha2.
    async fn pull_manifest(&self, reference: &Reference) -> (OciImageManifest, String) {
        let accepted = ["application/vnd.oci.image.manifest.v1+json"];
        let (bytes, digest) = self.client.pull_manifest_raw(reference, &ANONYMOUS, &accepted).await.unwrap();
        assert_eq!(digest, format!("sha256:{}", hex::encode(Sha256::digest(&bytes))));
        assert_eq!(self.client.fetch_manifest_digest(reference, &ANONYMOUS).await.unwrap(), digest);
        (serde_json::from_slice(&bytes).unwrap(), digest)
    }

    async fn pull_blob(&self, reference: &Reference, digest: &str) -> Vec<u8> {
        let mut content = Vec::new();
        self.client.pull_blob(reference, digest, &mut content).await.unwrap();
        content
    }

    /// The envelope of the artifact's only signature, pulled by its referrers.
    async fn pull_signature(&self, artifact: &Reference) -> Vec<u8> {
        let referrers = self.client.pull_referrers(artifact, Some(SIGNATURE_MEDIA_TYPE)).await.unwrap();
        let [signature] = referrers.manifests.as_slice() else { panic!("{referrers:?}") };
        let signature = artifact.clone_with_digest(signature.digest.clone());
        let (manifest, _) = self.pull_manifest(&signature).await;
        assert_eq!(manifest.config.media_type, SIGNATURE_MEDIA_TYPE);
        assert_eq!(Some(manifest.subject.unwrap().digest.as_str()), artifact.digest());
        let [layer] = manifest.layers.as_slice() else { panic!("{:?}", manifest.layers) };
        assert_eq!(layer.media_type, JWS_MEDIA_TYPE);
        self.pull_blob(&signature, &layer.digest).await
    }
}

/// The digest of the artifact that an intact envelope covers.
fn covered(envelope: &[u8]) -> Digest {
    let verified = Envelope::parse(EnvelopeFormat::Jws, envelope).unwrap().verify_integrity().unwrap();
    Payload::parse(verified.payload()).unwrap().target_artifact.digest
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs olareg and docker-registry: scripts/test"]
async fn oci_client_pulls_our_images_and_signatures_by_tag_digest_and_referrers() {
    let environment = tokio::task::block_in_place(Environment::start);
    for address in environment.registries() {
        let name = format!("{address}/team/app");
        let pushed = push_image(&repository(&name, Credentials::none()), "pushed by us", Some("v1")).await;
        let by_tag: Reference = format!("{name}:v1").parse().unwrap();
        let by_digest: Reference = format!("{name}@{}", pushed.digest).parse().unwrap();
        let (manifest, digest) = environment.pull_manifest(&by_tag).await;
        assert_eq!(digest, pushed.digest.as_str());
        assert_eq!(environment.pull_manifest(&by_digest).await.1, digest);
        assert_eq!(environment.pull_blob(&by_tag, &manifest.layers[0].digest).await, b"pushed by us");

        tokio::task::block_in_place(|| environment.sign(&by_tag));
        assert_eq!(covered(&environment.pull_signature(&by_digest).await), pushed.digest);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs olareg and docker-registry: scripts/test"]
async fn we_sign_and_verify_what_oci_client_pushes() {
    let environment = tokio::task::block_in_place(Environment::start);
    for address in environment.registries() {
        let image: Reference = format!("{address}/team/theirs:v1").parse().unwrap();
        let layer = ImageLayer::new(&b"pushed by oci-client"[..], IMAGE_LAYER_MEDIA_TYPE.to_owned(), None);
        let config = Config::oci_v1(&b"{}"[..], None);
        environment.client.push(&image, &[layer], config, &ANONYMOUS, None).await.unwrap();
        let (_, digest) = environment.pull_manifest(&image).await;
        tokio::task::block_in_place(|| {
            environment.verify(&image, 1);
            environment.sign(&image);
            environment.verify(&image, 0);
        });
        let envelope = environment.pull_signature(&image.clone_with_digest(digest.clone())).await;
        assert_eq!(covered(&envelope).as_str(), digest);

        // The signature does not cover another image under the same tag.
        let layer = ImageLayer::new(&b"pushed over it"[..], IMAGE_LAYER_MEDIA_TYPE.to_owned(), None);
        environment.client.push(&image, &[layer], Config::oci_v1(&b"{}"[..], None), &ANONYMOUS, None).await.unwrap();
        tokio::task::block_in_place(|| environment.verify(&image, 1));
    }
}
