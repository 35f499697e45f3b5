//! Timestamps, and signatures by keys and plugins, with the tool: made by an authority of the test and by `openssl ts`,
//! and exchanged with the real notation.

mod files;
mod interchange;
mod openssl;
mod plugins;
mod replacing;
mod servers;
mod stamping;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration as StdDuration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::EnvelopeFormat;
use registry::Layout;
use serde_json::{Value, json};
use testing::certificate::{Spec, issue};
use testing::key::Kind;
use testing::pem;
use time::{Duration, OffsetDateTime};

use crate::support::cli::Cli;
use crate::support::test_env::add_image;
use crate::support::tsa::TsaServer;

const LIMIT: StdDuration = StdDuration::from_secs(60);

/// A key with its chain in files, and a timestamping authority.
struct Scene {
    cli: Cli,
    tsa: TsaServer,
    /// In which the key signs.
    format: EnvelopeFormat,
    expires: OffsetDateTime,
}

/// A name with the attributes that a trusted identity requires.
fn subject(common_name: &str) -> Vec<u8> {
    use testing::der::{oid, sequence, tlv};
    let parts = [("2.5.4.6", "US"), ("2.5.4.8", "WA"), ("2.5.4.10", "Acme"), ("2.5.4.3", common_name)];
    let parts = parts.map(|(kind, value)| tlv(0x31, &sequence(&[&oid(kind), &tlv(0x0c, value.as_bytes())])));
    tlv(0x30, &parts.concat())
}

impl Scene {
    /// The certificate of the key expires after this time.
    fn new(kind: Kind, validity: Duration) -> Self {
        let cli = Cli::at("http://127.0.0.1:9");
        let tsa = TsaServer::start();
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
        let expires = now + validity;
        let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P256)];
        for (spec, name) in specs.iter_mut().zip(["leaf", "root"]) {
            spec.subject = subject(name);
            spec.not_before = now - Duration::days(3);
            spec.not_after = now + Duration::days(4);
        }
        specs[0].not_after = expires;
        let chain = issue(&specs);
        let file = |name: &str, text: String| fs::write(cli.home().join(name), text).unwrap();
        file("key.pem", pem("PRIVATE KEY", &specs[0].key.pkcs8()));
        file("chain.pem", chain.iter().map(|der| pem("CERTIFICATE", der)).collect());
        file("root.pem", pem("CERTIFICATE", &chain[1]));
        file("tsa-root.pem", tsa.root_pem());
        for (name, der) in chain.iter().enumerate() {
            file(&format!("chain{name}.b64"), STANDARD.encode(der));
        }
        let scene = Self { cli, tsa, format: EnvelopeFormat::Jws, expires };
        scene.trust(&scene.config(), &json!({ "level": "strict" }), &["ca:own", "tsa:own"]);
        scene
    }

    fn in_format(self, format: EnvelopeFormat) -> Self {
        Self { format, ..self }
    }

    fn config(&self) -> PathBuf {
        self.cli.home().join("config/notation")
    }

    /// Writes a trust policy and its trust stores.
    fn trust(&self, config: &Path, verification: &Value, stores: &[&str]) {
        for (kind, root) in [("ca", "root.pem"), ("tsa", "tsa-root.pem")] {
            let store = config.join("truststore/x509").join(kind).join("own");
            fs::create_dir_all(&store).unwrap();
            fs::copy(self.cli.home().join(root), store.join("root.pem")).unwrap();
        }
        let policy = json!({ "version": "1.0", "trustPolicies": [{
            "name": "own",
            "registryScopes": ["*"],
            "signatureVerification": verification,
            "trustStores": stores,
            "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Acme"],
        }]});
        fs::write(config.join("trustpolicy.json"), policy.to_string()).unwrap();
    }

    /// An image in a layout.
    fn image(&self, name: &str) -> String {
        let layout = Layout::create(self.cli.home().join(name)).unwrap();
        add_image(&layout, "v1");
        format!("oci:./{name}:v1")
    }

    fn sign(&self, image: &str, more: &[&str]) -> Vec<String> {
        let sign = ["sign", image, "--key", "key.pem", "--certificate-chain", "chain.pem"];
        // The default is JWS.
        let format: &[&str] = if self.format == EnvelopeFormat::Cose { &["--signature-format", "cose"] } else { &[] };
        sign.iter().chain(format).chain(more).map(|&word| word.to_owned()).collect()
    }

    fn stamp_options(&self) -> [String; 4] {
        ["--timestamp-url", &self.tsa.url(), "--timestamp-root", "tsa-root.pem"].map(str::to_owned)
    }

    #[track_caller]
    fn signed(&self, image: &str, stamped: bool) -> Value {
        let mut arguments = self.sign(image, &[]);
        if stamped {
            arguments.extend(self.stamp_options());
        }
        self.cli.json("sign", &words(&arguments), 0)
    }

    fn verify<'a>(&self, image: &'a str) -> Vec<&'a str> {
        match image.starts_with("oci:") {
            true => vec!["verify", image, "--scope", "registry.example.com/own"],
            false => vec!["verify", image, "--plain-http"],
        }
    }

    fn wait_for_expiry(&self) {
        let left = self.expires - OffsetDateTime::now_utc() + Duration::milliseconds(1100);
        std::thread::sleep(left.max(Duration::ZERO).unsigned_abs());
    }
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
