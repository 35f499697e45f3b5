//! The admission service as a process, with a real registry, the local signer and, for most, a real API server of
//! Kubernetes.

mod chart;
mod commands;
mod containerd;
mod ecs;
mod examples;
mod kubernetes;
mod metrics;
mod other_examples;
mod redis;
mod reload;
mod scaling;
mod scan;
mod self_managed;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::local_signer::{LocalSigner, Profile};
use crate::support::process::Running;
use crate::support::registry::Registry;
use crate::support::{http, peers};

/// How long the tests' services use an answer about revocation.
const REVOCATION: Duration = Duration::from_secs(1);

/// A registry, a local signer with two profiles, and the tool.
struct Site {
    registry: Registry,
    signer: LocalSigner,
    /// The profile that policies trust.
    release: Profile,
    /// Another one.
    other: Profile,
    cli: Cli,
}

impl Site {
    fn start() -> Site {
        let registry = Registry::start(&peers());
        let signer = LocalSigner::start();
        let release = signer.put_profile("release");
        let other = signer.put_profile("other");
        let cli = Cli::for_signer(&signer);
        Site { registry, signer, release, other, cli }
    }

    /// Pushes an image that was not there before, and gives it this tag. Returns its name with the tag.
    fn push(&self, tag: &str) -> String {
        self.registry.push_tagged("team/app", tag, tag)
    }

    /// Signs an image. Returns the ARN of the signing job.
    fn sign(&self, image: &str, profile: &Profile) -> String {
        let signed = self.cli.json("sign", &["sign", image, "--profile", &profile.arn], 0);
        signed["artifacts"][0]["signature"]["job"].as_str().unwrap_or_else(|| panic!("no job: {signed}")).to_owned()
    }

    fn push_signed(&self, tag: &str) -> String {
        let image = self.push(tag);
        self.sign(&image, &self.release);
        image
    }

    /// A configuration that verifies all images with the trusted profile, after these rules, and with these further
    /// lines.
    fn config(&self, rules: &str, more: &str) -> String {
        format!(
            "version: 1\n\
             policies:\n  default:\n    trustedProfiles: [\"{}\"]\n    roots: [{}]\n\
             rules:\n{rules}  - {{name: rest, policy: default, action: enforce}}\n\
             aws: {{revocation: {{ttl: {}s, rate: 1000}}}}\n\
             cache: {{tag: 1s, signatures: 1s, unsigned: 1s}}\n{more}",
            self.release.arn,
            self.signer.root_certificate().display(),
            REVOCATION.as_secs(),
        )
    }

    fn write_config(&self, text: &str) -> PathBuf {
        let file = self.cli.home().join("admission.yaml");
        std::fs::write(&file, text).unwrap();
        file
    }
}

/// `admission serve` as a process; killed when dropped.
struct Admission {
    process: Running,
    /// The URL of the adapters.
    url: String,
    /// The URL of probes and metrics.
    operations: String,
    ca_bundle: Option<String>,
}

impl Admission {
    /// Starts the service with this configuration and these environment variables.
    fn start(site: &Site, config: &str, environment: &[(&str, &str)]) -> Admission {
        let file = site.write_config(config);
        let mut command = site.cli.command(&["admission", "serve", "--state", "admission-state", "--config"]);
        command.arg(file).envs(environment.iter().copied());
        let mut process = Running::start(&mut command);
        let lines = process.wait_for("addresses", |text| text.contains("metrics:").then(|| text.to_owned()));
        // The caBundle is written with the addresses, in one write.
        let lines = lines.unwrap_or_else(|| panic!("the service exited\n{}", process.output()));
        let after = |name: &str| lines.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Admission {
            url: after("Adapters: ").unwrap(),
            operations: after("Probes and metrics: ").unwrap(),
            ca_bundle: after("caBundle: "),
            process,
        }
    }

    /// The log so far.
    fn log(&self) -> String {
        self.process.output()
    }

    /// A page of the second listener.
    fn page(&self, path: &str) -> (u16, String) {
        let answer = http::send(address(&self.operations), "GET", path, "text/plain", b"");
        (answer.status, answer.body)
    }

    /// Asks about images in the plain form.
    fn verify(&self, images: &[&str], namespace: Option<&str>) -> Value {
        let mut request = serde_json::json!({ "images": images });
        if let Some(namespace) = namespace {
            request["namespace"] = namespace.into();
        }
        let request = request.to_string();
        let answer = http::send(address(&self.url), "POST", "/v1/verify", "application/json", request.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }
}

/// The address in a URL.
fn address(url: &str) -> SocketAddr {
    url.split_once("://").unwrap().1.parse().unwrap()
}

/// The configuration's `server` for tests without TLS.
const PLAIN: &str = "server: {plain: true, listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\", adapters: [kubernetes, gatekeeper, verify]}\n";
/// The same with a certificate of the service's own authority.
const OWN_TLS: &str = "server: {listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\"}\n";
