//! Fixtures for the tests against real programs: each test gets its own registry, signing service and notation home.

pub mod child;
pub mod cli;
pub mod docker_registry;
pub mod fault;
pub mod forge;
pub mod http;
pub mod images;
pub mod local_signer;
pub mod notation;
pub mod plugin;
pub mod process;
pub mod registry;
pub mod schemas;
pub mod server;
pub mod service;
pub mod vector;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use local_signer::{LocalSigner, Profile};
use notation::Notation;
use registry::Registry;

/// The folder with the `notation` and `olareg` built by `scripts/peers`. Prints a notice once and returns `None` if
/// they were not built because Go is missing.
pub fn peers() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    if let Some(folder) = std::env::var_os("NOTATION_AWS_SIGNER_PEERS") {
        return Some(PathBuf::from(folder));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "NOTATION_AWS_SIGNER_PEERS is not set: with CI=true these tests must run, start them with scripts/test"
    );
    SAID.call_once(|| {
        // Not eprintln: the test runner hides it when the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the tests against the real notation and olareg, NOTATION_AWS_SIGNER_PEERS is not set (scripts/test sets it)"
        );
    });
    None
}

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
    pub fn start() -> Option<World> {
        World::start_with_signer(LocalSigner::start)
    }

    /// As [`World::start`], with the signing service returned by `start`.
    pub fn start_with_signer(start: impl FnOnce() -> LocalSigner) -> Option<World> {
        let peers = peers()?;
        let registry = Registry::start(&peers);
        let signer = start();
        let profile = signer.put_profile("interop");
        let notation = Notation::new(&peers, &signer.credentials_file());
        notation.install_plugin("tar.gz");
        notation.add_trust_root(&signer.root_certificate());
        notation.import_policy("strict", &profile.arn);
        Some(World { registry, signer, profile, notation })
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
    pub fn verify(&self, image: &str) -> process::Finished {
        self.notation.verify(image, &self.signer.endpoint)
    }
}
