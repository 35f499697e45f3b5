//! Both tools on the same images, in a registry with the Referrers API, one without, and an OCI image layout: each tool
//! verifies the other's signatures until they are revoked.

use serde_json::Value;

use super::image_stores::{ImageStores, StoredImage};
use crate::support::World;
use crate::support::cli::Cli;
use crate::support::local_signer::REGION;
use crate::support::notation::PLUGIN;
use crate::support::process::Finished;

/// The real programs, the tool with the trust policy of the real notation, and an image in every store.
struct Interop {
    world: World,
    cli: Cli,
    stores: ImageStores,
}

impl Interop {
    fn start() -> Interop {
        let world = World::start();
        let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
        let stores = ImageStores::new(&world);
        Interop { world, cli, stores }
    }

    fn has_referrers_api(&self, stored: &StoredImage) -> bool {
        stored.reference.starts_with(&self.world.registry.address().to_string())
    }

    /// The flags and the name with which notation finds an image.
    fn named<'a>(&self, stored: &StoredImage, reference: &'a str) -> (Vec<&'static str>, &'a str) {
        match reference.strip_prefix("oci:") {
            Some(path) => (vec!["--oci-layout"], path),
            // By default notation also pushes a referrers tag, and olareg then does not list the signature.
            None if self.has_referrers_api(stored) => {
                (vec!["--insecure-registry", "--force-referrers-tag=false"], reference)
            }
            None => (vec!["--insecure-registry"], reference),
        }
    }

    #[track_caller]
    fn notation_signs(&self, stored: &StoredImage, key: &[&str]) -> Finished {
        let (flags, name) = self.named(stored, &stored.reference);
        self.world.notation.run(&[&["sign"], key, &flags, &[name]].concat()).succeeded()
    }

    #[track_caller]
    fn notation_signs_with_plugin(&self, stored: &StoredImage) -> Finished {
        let region = format!("aws-region={REGION}");
        let endpoint = format!("aws-signer-endpoint-url={}", self.world.signer.endpoint);
        let key = ["--plugin", PLUGIN, "--id", &self.world.profile.arn];
        let config = ["--plugin-config", region.as_str(), "--plugin-config", endpoint.as_str()];
        self.notation_signs(stored, &[key.as_slice(), &config].concat())
    }

    #[track_caller]
    fn notation_verifies(&self, reference: &str) -> Finished {
        let endpoint = format!("aws-signer-endpoint-url={}", self.world.signer.endpoint);
        let verify = ["verify", "--verbose", "--plugin-config", &endpoint];
        let scope: &[&str] = match reference.strip_prefix("oci:") {
            Some(path) => &["--oci-layout", "--scope", "registry.example.com/team/app", path],
            None => &["--insecure-registry", reference],
        };
        self.world.notation.run(&[&verify[..], scope].concat())
    }

    #[track_caller]
    fn sign(&self, reference: &str, more: &[&str]) -> Value {
        let sign = ["sign", reference, "--profile", &self.world.profile.arn];
        self.cli.json("sign", &[&sign[..], more].concat(), 0)
    }

    #[track_caller]
    fn verify(&self, reference: &str, code: i32) -> Value {
        self.cli.json("verify", &["verify", reference], code)
    }

    /// Asserts that both tools accept the image until its only signature is revoked.
    #[track_caller]
    fn both_verify_until_revoked(&self, reference: &str) {
        self.notation_verifies(reference).succeeded().says("Successfully verified signature");
        let verified = self.verify(reference, 0);
        let signatures = verified["artifacts"][0]["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 1, "{verified:#}");
        let job = signatures[0]["job"].as_str().unwrap();
        self.world.signer.revoke_signature(job);
        self.notation_verifies(reference).failed().says("Revoked according to AWS Signer").says(job);
        let refused = self.verify(reference, 1).to_string();
        assert!(refused.contains("\"kind\":\"signature\"") && refused.contains(job), "{refused}");
    }
}

/// The references of an index and of the manifests that it lists.
fn index_of(stored: &StoredImage) -> (String, [String; 2]) {
    let (index, pinned) = stored.put_index();
    let image = format!("{}@{}", index.strip_suffix(":multi").unwrap(), stored.image.digest);
    (index, [pinned, image])
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn notation_verifies_the_tools_signatures_in_every_store_until_revoked() {
    let interop = Interop::start();
    for stored in &interop.stores.images {
        interop.sign(&stored.reference, &[]);
        interop.both_verify_until_revoked(&stored.reference);
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn the_tool_verifies_plugin_signatures_in_every_store_until_revoked() {
    let interop = Interop::start();
    for stored in &interop.stores.images {
        interop.notation_signs_with_plugin(stored);
        interop.both_verify_until_revoked(&stored.reference);
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn the_tool_verifies_notation_key_signatures_in_every_store() {
    const KEY: &str = "example.com";
    let interop = Interop::start();
    let notation = &interop.world.notation;
    notation.run(&["cert", "generate-test", KEY]).succeeded();
    interop.stores.images.iter().for_each(|stored| drop(interop.notation_signs(stored, &["--key", KEY])));
    for (organization, is_trusted) in [("Notary", true), ("Other", false)] {
        let identity = format!("x509.subject: C=US, ST=WA, O={organization}, CN={KEY}");
        notation.import_policy_for("strict", &["ca:example.com"], &identity);
        for stored in &interop.stores.images {
            assert_eq!(interop.notation_verifies(&stored.reference).is_success(), is_trusted, "{}", stored.reference);
            let verified = interop.verify(&stored.reference, i32::from(!is_trusted));
            let signed = &verified["artifacts"][0]["signatures"][0];
            assert_eq!(signed["signingScheme"], "notary.x509", "{verified:#}");
        }
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn both_tools_find_each_others_signatures() {
    let interop = Interop::start();
    for stored in &interop.stores.images {
        interop.sign(&stored.reference, &[]);
        interop.notation_signs_with_plugin(stored);
        interop.sign(&stored.reference, &[]);
        let (mut flags, name) = interop.named(stored, &stored.reference);
        flags.retain(|flag| !flag.starts_with("--force"));
        let listed = interop.world.notation.run(&[&["ls"], &flags[..], &[name]].concat()).succeeded();
        let ours = stored.signatures().len();
        assert_eq!((ours, listed.stdout.matches("sha256:").count()), (3, 4), "with the image's own digest: {listed}");
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn verifies_a_recursively_signed_index_and_each_manifest_with_notation() {
    let interop = Interop::start();
    for stored in &interop.stores.images {
        let (index, listed) = index_of(stored);
        interop.sign(&index, &["--recursive"]);
        let verified = interop.cli.json("verify", &["verify", &index, "--recursive"], 0);
        assert_eq!(verified["artifacts"].as_array().unwrap().len(), 2, "{verified:#}");
        for reference in &listed {
            interop.notation_verifies(reference).succeeded();
        }
    }
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn notation_finds_artifact_type_manifests_in_registries_but_not_in_layouts() {
    let interop = Interop::start();
    for stored in &interop.stores.images {
        interop.sign(&stored.reference, &["--manifest-form", "artifact-type"]);
        interop.verify(&stored.reference, 0);
        let theirs = interop.notation_verifies(&stored.reference);
        if stored.reference.starts_with("oci:") {
            theirs.failed().says("no signature is associated");
        } else {
            theirs.succeeded();
        }
    }
}
