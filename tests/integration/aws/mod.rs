//! AWS as people set it up: profiles, sources of credentials and endpoints, with the plugin and fake services of AWS.

mod endpoints;
mod profiles;
mod sources;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::plugin::{Outcome, Plugin};
use crate::support::service::{ReceivedRequest, Service, answer, send, wait_for_the_end};
use crate::support::vector::base_request;

/// The access keys of the sources, by which a test sees whose request it was.
const FILE: &str = "AKIAFILE";
const MACHINE: &str = "ASIAMACHINE";
const CONTAINER: &str = "ASIACONTAINER";
const SSO: &str = "ASIASSO";
const WEB_IDENTITY: &str = "ASIAWEBIDENTITY";
const ASSUMED: &str = "ASIAASSUMED";

const KEYS: &str = "aws_access_key_id = AKIAFILE\naws_secret_access_key = hunter2\n";
const ROLE: &str = "arn:aws:iam::111122223333:role/builder";

/// A plugin command without credentials that checks revocation, AWS Signer, and the other services.
struct World {
    plugin: Plugin,
    config: Value,
    signer: Service,
}

impl World {
    fn new() -> Self {
        let world = Self::without_endpoint();
        let url = world.signer.url();
        world.env("AWS_ENDPOINT_URL_SIGNER", url)
    }

    /// As [`World::new`], with AWS's own endpoint for AWS Signer.
    fn without_endpoint() -> Self {
        let signer = Service::answering(200, &[], br#"{"revokedEntities":[]}"#);
        let plugin = Plugin::new(["verify-signature"]).without_credentials();
        Self { plugin, config: json!({ "aws-signer-timeout": "5" }), signer }
    }

    fn env(self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        Self { plugin: self.plugin.env(name, value), ..self }
    }

    fn setting(mut self, key: &str, value: &str) -> Self {
        self.config[key] = value.into();
        self
    }

    /// Instance metadata at this service.
    fn on_instance(self, metadata: &Service) -> Self {
        self.env("AWS_EC2_METADATA_DISABLED", "false").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url())
    }

    /// Writes a file below the home folder.
    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.plugin.home().join(path)
    }

    /// The variables of a pod with a web identity.
    fn web_identity(self, token: &str) -> Self {
        let world = self.file("token", token);
        let path = world.path("token");
        world.env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", path)
    }

    fn run(self) -> Checked {
        let mut request = base_request("verify-signature");
        request["trustPolicy"]["signatureVerification"] = json!(["SIGNATURE_VERIFIER.REVOCATION_CHECK"]);
        request["pluginConfig"] = self.config;
        Checked { outcome: self.plugin.run(request.to_string()), signer: self.signer }
    }
}

/// The result of a revocation check.
struct Checked {
    outcome: Outcome,
    signer: Service,
}

impl Checked {
    #[track_caller]
    fn result(&self) -> (bool, String) {
        let result = &self.outcome.answer()["verificationResults"]["SIGNATURE_VERIFIER.REVOCATION_CHECK"];
        (result["success"].as_bool().unwrap(), result["reason"].as_str().unwrap().to_owned())
    }

    /// Asserts that AWS Signer was asked, with this access key.
    #[track_caller]
    fn was_made_by(&self, key: &str) {
        let (success, reason) = self.result();
        assert!(success, "{reason}");
        let requests = self.signer.requests();
        assert!(!requests.is_empty() && requests.iter().all(|request| request.credential()[0] == key), "{requests:?}");
    }

    /// Asserts that AWS Signer was not asked, and that the reason has these words.
    #[track_caller]
    fn was_not_made(&self, words: &[&str]) -> String {
        let (success, reason) = self.result();
        assert!(!success && self.signer.connections() == 0, "{reason}");
        for word in words {
            assert!(reason.contains(word), "{word}: {reason}");
        }
        assert!(!reason.contains("hunter2"), "{reason}");
        reason
    }
}

/// Instance metadata with a role. The first requests for a token take as long as `delays` says.
fn metadata(delays: Vec<Duration>) -> Service {
    let delays = std::sync::Mutex::new(delays.into_iter());
    Service::start(move |request, stream| {
        let credentials = json!({ "Code": "Success", "AccessKeyId": MACHINE, "SecretAccessKey": "s", "Token": "t",
            "Expiration": "2099-01-01T00:00:00Z" });
        let found = match request.path().trim_end_matches('/') {
            "/latest/api/token" => {
                let delay = delays.lock().unwrap().next().unwrap_or_default();
                std::thread::sleep(delay);
                answer(200, &[("x-aws-ec2-metadata-token-ttl-seconds", "21600")], b"TOKEN")
            }
            "/latest/meta-data/iam/security-credentials" => answer(200, &[], b"role"),
            _ => answer(200, &[], credentials.to_string().as_bytes()),
        };
        send(stream, &found);
    })
}

/// A service that reads each request and never answers.
fn silent() -> Service {
    Service::start(|_, stream| wait_for_the_end(stream))
}

/// STS. It refuses if a code is given.
fn sts(refuses: Option<&'static str>) -> Service {
    Service::start(move |request, stream| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let (action, key) = match body.contains("AssumeRoleWithWebIdentity") {
            true => ("AssumeRoleWithWebIdentity", WEB_IDENTITY),
            false => ("AssumeRole", ASSUMED),
        };
        let found = match refuses {
            Some(code) => {
                let body = format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>the message of STS</Message></Error>\
                     <RequestId>r</RequestId></ErrorResponse>"
                );
                answer(if code == "AccessDenied" { 403 } else { 400 }, &[("Content-Type", "text/xml")], body.as_bytes())
            }
            None => {
                let body = format!(
                    "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
                     <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
                );
                answer(200, &[("Content-Type", "text/xml")], body.as_bytes())
            }
        };
        send(stream, &found);
    })
}

/// The parameter of a request to STS.
fn parameter(request: &ReceivedRequest, name: &str) -> Option<String> {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}
