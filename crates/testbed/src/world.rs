//! All programs of one test.

use crate::local_signer::{LocalSigner, Profile};
use crate::notation::Notation;
use crate::process::Finished;
use crate::programs;
use crate::registry::Registry;

/// A registry, a local signer with one signing profile, and notation with the packaged plugin and a policy that trusts
/// the profile.
pub struct World {
    pub registry: Registry,
    pub signer: LocalSigner,
    pub profile: Profile,
    pub notation: Notation,
}

impl World {
    /// Starts everything, with the verification level `strict`.
    pub fn start() -> World {
        World::start_with_signer(LocalSigner::start)
    }

    /// As [`World::start`], with the signing service returned by `start`.
    pub fn start_with_signer(start: impl FnOnce() -> LocalSigner) -> World {
        let peers = programs::peers();
        let registry = Registry::start(&peers);
        let signer = start();
        let profile = signer.put_profile("interop");
        let notation = Notation::new(&peers, &signer.credentials_file());
        notation.install_plugin("tar.gz");
        notation.add_trust_root(&signer.root_certificate());
        notation.import_policy("strict", &profile.arn);
        World { registry, signer, profile, notation }
    }

    /// Pushes a new image; `text` makes its digest unique.
    pub fn push(&self, text: &str) -> String {
        self.registry.push_image("team/app", text)
    }

    /// Pushes a new image and signs it with this profile.
    pub fn push_signed(&self, text: &str) -> String {
        let image = self.push(text);
        self.notation.sign(&image, &self.profile.arn, &self.signer.endpoint).succeeded();
        image
    }

    /// Runs `notation verify` with this signing service.
    pub fn verify(&self, image: &str) -> Finished {
        self.notation.verify(image, &self.signer.endpoint)
    }
}
