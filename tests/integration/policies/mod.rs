//! Trust policies, trust stores and trusted identities: our verdicts compared with the real notation's. Where they
//! differ, the table gives the deciding sentence.

mod documents;
mod identities;
mod stores;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use tempfile::TempDir;

use crate::support::process::{Finished, command, run};

/// The expected result of a case, with the deciding sentence if the two differ. Quotes are from the specification
/// (trust-store-trust-policy.md); other sentences say what notation overlooks.
#[derive(Clone, Copy)]
enum Expected {
    Accepted,
    Refused,
    OnlyNotationAccepts(&'static str),
    OnlyWeAccept(&'static str),
}

impl Expected {
    /// Adds a line to `wrong` if a verdict differs from the table.
    fn check(self, wrong: &mut Vec<String>, case: &str, ours: Result<(), String>, notation: Result<(), String>) {
        let (we_accept, notation_accepts, why) = match self {
            Self::Accepted => (true, true, "both accept it"),
            Self::Refused => (false, false, "both refuse it"),
            Self::OnlyNotationAccepts(why) => (false, true, why),
            Self::OnlyWeAccept(why) => (true, false, why),
        };
        if (ours.is_ok(), notation.is_ok()) != (we_accept, notation_accepts) {
            wrong.push(format!("{case}\n  expected: {why}\n  ours: {ours:?}\n  notation: {notation:?}"));
        }
    }
}

/// A notation installation with one artifact in an OCI layout, signed with its own key.
struct World {
    notation: PathBuf,
    home: TempDir,
    artifact: String,
}

impl World {
    fn new(peers: &Path) -> World {
        let home = tempfile::tempdir().unwrap();
        let artifact = write_layout(&home.path().join("layout"));
        let world = World { notation: peers.join("notation"), home, artifact };
        world.run(&["cert", "generate-test", "signer"]).succeeded();
        world
    }

    fn sign(&self) {
        self.run(&["sign", "--oci-layout", "--key", "signer", &self.artifact]).succeeded();
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let mut notation = command(&self.notation, self.home.path());
        run(notation.env("NOTATION_EXPERIMENTAL", "1").args(arguments), Duration::from_secs(30))
    }

    /// Runs `notation policy import` with the document.
    fn import(&self, document: &[u8]) -> Result<(), String> {
        let file = self.home.path().join("policy.json");
        std::fs::write(&file, document).unwrap();
        outcome(&self.run(&["policy", "import", "--force", file.to_str().unwrap()]))
    }

    /// Runs `notation verify` for the artifact as if it were in this repository.
    fn verify(&self, scope: &str) -> Finished {
        self.run(&["verify", "--verbose", "--oci-layout", "--scope", scope, &self.artifact])
    }

    /// notation's configuration folder.
    fn config(&self) -> PathBuf {
        self.home.path().join("config/notation")
    }
}

fn outcome(finished: &Finished) -> Result<(), String> {
    if finished.is_success() { Ok(()) } else { Err(finished.stderr.lines().last().unwrap_or_default().to_owned()) }
}

/// Writes an OCI image layout with a minimal image; returns the image's reference.
fn write_layout(folder: &Path) -> String {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let hash = hex::encode(digest(&SHA256, bytes));
        std::fs::write(blobs.join(&hash), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": format!("sha256:{hash}"), "size": bytes.len() })
    };
    let config = blob("application/vnd.oci.image.config.v1+json", b"{}");
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [] });
    let manifest = blob(media_type, manifest.to_string().as_bytes());
    let reference = format!("{}@{}", folder.to_str().unwrap(), manifest["digest"].as_str().unwrap());
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    reference
}
