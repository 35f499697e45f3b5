//! The real notation CLI with a home folder of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::local_signer::REGION;
use crate::process::{Finished, command, run};
use crate::programs;

pub const PLUGIN: &str = "com.amazonaws.signer.notation.plugin";
const LIMIT: Duration = Duration::from_secs(60);

pub struct Notation {
    program: PathBuf,
    credentials: PathBuf,
    home: TempDir,
}

/// A signature in the output of `notation inspect`.
pub struct Signature(Value);

impl Notation {
    /// Notation without plugins, policies and certificates. Its plugins use the AWS credentials file `credentials`.
    pub fn new(peers: &Path, credentials: &Path) -> Notation {
        Notation {
            program: peers.join("notation"),
            credentials: credentials.to_owned(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs the command to its end, whether it succeeds or fails.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_program(&self.program, arguments)
    }

    /// Runs the blob-driver of tests/peers, which signs and verifies blobs with notation-go, with this notation's
    /// configuration.
    #[track_caller]
    pub fn run_blob_driver(&self, arguments: &[&str]) -> Finished {
        self.run_program(&self.program.with_file_name("blob-driver"), arguments)
    }

    #[track_caller]
    fn run_program(&self, program: &Path, arguments: &[&str]) -> Finished {
        let mut notation = command(program, self.home.path());
        notation.env("AWS_SHARED_CREDENTIALS_FILE", &self.credentials).env("AWS_EC2_METADATA_DISABLED", "true");
        // notation supports OCI layouts only with this variable.
        notation.env("NOTATION_EXPERIMENTAL", "1");
        run(notation.args(arguments), LIMIT)
    }

    /// `notation plugin install` of the archive that scripts/package made; `kind` is the file extension.
    #[track_caller]
    pub fn install_plugin(&self, kind: &str) -> Finished {
        self.run(&["plugin", "install", "--file", &archive(kind)]).succeeded()
    }

    /// Adds the certificate to the trust store `local`.
    #[track_caller]
    pub fn add_trust_root(&self, certificate: &Path) {
        let certificate = certificate.to_str().unwrap();
        self.run(&["cert", "add", "--type", "signingAuthority", "--store", "local", certificate]).succeeded();
    }

    /// Replaces the trust policy by one for all images, with this verification level and trusted signing profile.
    #[track_caller]
    pub fn import_policy(&self, level: &str, profile_arn: &str) {
        self.import_policy_for(level, &["signingAuthority:local"], profile_arn);
    }

    /// Replaces the trust policy by one for all images, with this verification level, trust stores and trusted
    /// identity.
    #[track_caller]
    pub fn import_policy_for(&self, level: &str, trust_stores: &[&str], identity: &str) {
        let policy = json!({
            "version": "1.0",
            "trustPolicies": [{
                "name": "interop",
                "registryScopes": ["*"],
                "signatureVerification": { "level": level },
                "trustStores": trust_stores,
                "trustedIdentities": [identity],
            }],
        });
        let file = self.home.path().join("policy.json");
        std::fs::write(&file, policy.to_string()).unwrap();
        self.run(&["policy", "import", "--force", file.to_str().unwrap()]).succeeded();
    }

    /// Runs `notation sign` with the plugin and the Referrers API. By default notation also pushes a referrers tag, and
    /// olareg then does not list the signature.
    #[track_caller]
    pub fn sign(&self, image: &str, profile_arn: &str, endpoint: &str) -> Finished {
        let region = format!("aws-region={REGION}");
        let endpoint = format!("aws-signer-endpoint-url={endpoint}");
        let key = ["sign", "--plugin", PLUGIN, "--id", profile_arn];
        let config = ["--plugin-config", region.as_str(), "--plugin-config", endpoint.as_str()];
        let target = ["--force-referrers-tag=false", "--insecure-registry", image];
        self.run(&[key.as_slice(), &config, &target].concat())
    }

    /// Runs `notation sign` with a local key made by `notation cert generate-test`.
    #[track_caller]
    pub fn sign_with_key(&self, image: &str, key: &str) -> Finished {
        self.run(&["sign", "--key", key, "--force-referrers-tag=false", "--insecure-registry", image])
    }

    /// The folder with its policy and trust stores.
    pub fn config_folder(&self) -> PathBuf {
        self.home.path().join("config/notation")
    }

    /// Runs `notation verify --verbose`, which prints the reason of a failure.
    #[track_caller]
    pub fn verify(&self, image: &str, endpoint: &str) -> Finished {
        let endpoint = format!("aws-signer-endpoint-url={endpoint}");
        self.run(&["verify", "--verbose", "--plugin-config", &endpoint, "--insecure-registry", image])
    }

    /// The image's signatures.
    #[track_caller]
    pub fn inspect(&self, image: &str) -> Vec<Signature> {
        let shown = self.run(&["inspect", "--output", "json", "--insecure-registry", image]).succeeded();
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        shown["Signatures"]
            .as_array()
            .unwrap_or_else(|| panic!("no signatures in {shown:#}"))
            .iter()
            .cloned()
            .map(Signature)
            .collect()
    }

    /// The image's one signature.
    #[track_caller]
    pub fn signature(&self, image: &str) -> Signature {
        let mut signatures = self.inspect(image);
        assert_eq!(signatures.len(), 1, "{image} should have one signature");
        signatures.remove(0)
    }
}

impl Signature {
    /// A member of the signature in `notation inspect`'s JSON.
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {:#}", self.0))
    }

    /// A signed attribute.
    #[track_caller]
    pub fn attribute(&self, name: &str) -> &str {
        let attribute = self.0["signedAttributes"][name].as_str();
        attribute.unwrap_or_else(|| panic!("no signed attribute {name} in {:#}", self.0))
    }

    /// The ARN of the signing job.
    #[track_caller]
    pub fn job(&self) -> &str {
        self.attribute("com.amazonaws.signer.signingJob")
    }
}

/// The path of this version's archive in the output folder of scripts/package.
#[track_caller]
fn archive(kind: &str) -> String {
    let dist = std::env::var_os("NOTATION_AWS_SIGNER_DIST").map(PathBuf::from);
    let dist = dist.unwrap_or_else(|| programs::source_tree().join("dist"));
    let start = format!("notation-{PLUGIN}_{}_", env!("CARGO_PKG_VERSION"));
    let end = format!(".{kind}");
    let files = std::fs::read_dir(&dist).into_iter().flatten().flatten();
    let mut names = files.filter_map(|file| file.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(&start) && name.ends_with(&end));
    let name = name.unwrap_or_else(|| {
        panic!("no {start}*{end} in {}: run scripts/build plugin && scripts/package", dist.display())
    });
    dist.join(name).to_str().unwrap().to_owned()
}
