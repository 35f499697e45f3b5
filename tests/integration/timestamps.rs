//! Timestamps with the tool: made by an authority of the test and by `openssl ts`, and exchanged with the real notation
//! before and after the certificate has expired.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration as StdDuration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::EnvelopeFormat;
use notary::manifest::{EMPTY_CONFIG, Manifest};
use notary::timestamp::REPLY_MEDIA_TYPE;
use registry::Layout;
use serde_json::{Value, json};
use testing::certificate::{Spec, issue};
use testing::key::Kind;
use time::{Duration, OffsetDateTime};

use crate::support::cli::Cli;
use crate::support::fault::Reply;
use crate::support::local_signer::LocalSigner;
use crate::support::notation::Notation;
use crate::support::own_key::{signature_of, stamped};
use crate::support::process::{command, run};
use crate::support::registry::Registry;
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

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
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

#[test]
fn a_signature_with_a_timestamp_outlives_its_certificate() {
    outlives_its_certificate(EnvelopeFormat::Jws);
}

#[test]
fn a_cose_signature_with_a_timestamp_outlives_its_certificate() {
    outlives_its_certificate(EnvelopeFormat::Cose);
}

fn outlives_its_certificate(format: EnvelopeFormat) {
    let scene = Scene::new(Kind::P256, Duration::seconds(6)).in_format(format);
    let (stamped, bare) = (scene.image("stamped"), scene.image("bare"));
    let signed = scene.signed(&stamped, true);
    assert_eq!(signed["artifacts"][0]["signature"]["envelopeMediaType"], format.media_type(), "{signed:#}");
    let timestamp = &signed["artifacts"][0]["signature"]["timestamp"];
    assert_eq!(timestamp["certificates"][0]["subject"], "CN=tsa", "{signed:#}");
    assert_eq!(scene.signed(&bare, false)["artifacts"][0]["signature"].get("timestamp"), None);

    let verified = scene.cli.json("verify", &scene.verify(&stamped), 0);
    let checked = &verified["artifacts"][0]["signatures"][0];
    assert_eq!(checked["timestamp"], *timestamp, "{verified:#}");
    // The policy requires a timestamp of each signature.
    let refused = scene.cli.json("verify", &scene.verify(&bare), 1);
    assert!(refused.to_string().contains("\"code\":\"timestamp\""), "{refused:#}");
    scene.cli.run(&scene.verify(&bare)).exits_with(1).says("has no timestamp").says("notation-aws-signer timestamp");

    let inspected = scene.cli.json("inspect", &["inspect", &stamped], 0);
    assert_eq!(inspected["signatures"][0]["envelopeMediaType"], format.media_type(), "{inspected:#}");
    let unsigned = &inspected["signatures"][0]["unsignedAttributes"];
    assert_eq!(unsigned["timestamp"]["time"], timestamp["time"], "{inspected:#}");
    scene.cli.run(&["inspect", &stamped]).succeeded().says("timestamp signature (not verified)").says("CN=tsa");
    let shown = scene.cli.run(&[&scene.verify(&stamped)[..], &["--verbose"]].concat()).succeeded();
    shown.says("timestamp").says("by CN=tsa").says("stamped the signature");

    scene.wait_for_expiry();
    scene.cli.json("verify", &scene.verify(&stamped), 0);
    scene.trust(
        &scene.config(),
        &json!({ "level": "strict", "verifyTimestamp": "afterCertExpiry" }),
        &["ca:own", "tsa:own"],
    );
    scene.cli.json("verify", &scene.verify(&stamped), 0);
    scene.cli.run(&scene.verify(&bare)).exits_with(1).says("has no timestamp");
    scene.trust(&scene.config(), &json!({ "level": "strict" }), &["ca:own"]);
    scene.cli.run(&scene.verify(&stamped)).exits_with(1).says("is valid from");
}

#[test]
fn timestamps_are_added_to_existing_signatures_once() {
    for format in EnvelopeFormat::ALL {
        added_once(format);
    }
}

fn added_once(format: EnvelopeFormat) {
    let scene = Scene::new(Kind::P384, Duration::days(2)).in_format(format);
    let image = scene.image("image");
    let old = scene.signed(&image, false)["artifacts"][0]["signature"]["digest"].clone();
    let url = scene.tsa.url();
    let command = ["timestamp", &image, "--timestamp-url", &url, "--timestamp-root", "tsa-root.pem"];
    let added = scene.cli.json("timestamp", &command, 0);
    let signature = &added["signatures"][0];
    assert_eq!((&signature["outcome"], &signature["digest"]), (&json!("timestamped"), &old), "{added:#}");
    // The old signature stays, and neither of both gets another timestamp.
    let again = scene.cli.json("timestamp", &command, 0);
    let outcomes: Vec<&Value> = again["signatures"].as_array().unwrap().iter().map(|s| &s["outcome"]).collect();
    assert_eq!(outcomes, ["already-timestamped"; 2], "{again:#}");
    assert_eq!(scene.tsa.server.seen().len(), 1);
    scene.cli.json("verify", &scene.verify(&image), 0);

    let replaced = scene.image("replaced");
    let old = scene.signed(&replaced, false)["artifacts"][0]["signature"]["digest"].clone();
    let mut command = command.to_vec();
    command[1] = &replaced;
    command.extend(["--replace", "--signature", old.as_str().unwrap()]);
    let added = scene.cli.json("timestamp", &command, 0);
    assert_eq!(added["signatures"][0]["outcome"], "replaced", "{added:#}");
    let listed = scene.cli.json("list", &["list", &replaced], 0);
    let digests: Vec<&Value> = listed["signatures"].as_array().unwrap().iter().map(|s| &s["digest"]).collect();
    assert_eq!(digests, [&added["signatures"][0]["timestampedDigest"]], "{listed:#}");
    scene.cli.json("verify", &scene.verify(&replaced), 0);
    scene.cli.run(&command).exits_with(2).says("has no signature with the digest");
    let unsigned = scene.image("unsigned");
    command.truncate(6);
    command[1] = &unsigned;
    scene.cli.run(&command).exits_with(1).says("has no signature");
}

/// Whoever can write to the repository can attach a copy of a signature.
#[test]
fn a_copy_with_a_worthless_timestamp_does_not_count() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    let file = |name: &str| scene.cli.home().join(name);
    scene.cli.json("sign", &words(&scene.sign(&image, &["--detach", "own.sig"])), 0);
    let envelope = fs::read(file("own.sig")).unwrap();
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let stranger = TsaServer::start();
    let signature = signature_of(&envelope);
    let right = scene.tsa.token(&signature, now, |_| ());
    // The signature bytes with another payload.
    let mut altered: Value = serde_json::from_slice(&envelope).unwrap();
    altered["payload"] = json!("e30");
    let layout = Layout::open(file("image")).unwrap();
    for copy in [
        stamped(&envelope, b"no timestamp"),
        stamped(&envelope, &scene.tsa.token(b"another signature", now, |_| ())),
        stamped(&envelope, &stranger.token(&signature, now, |_| ())),
        stamped(altered.to_string().as_bytes(), &right),
    ] {
        attach_to(&layout, &copy);
    }
    let own = attach_to(&layout, &envelope);
    let url = scene.tsa.url();
    let mut command = vec!["timestamp", &image, "--timestamp-url", &url, "--timestamp-root", "tsa-root.pem"];
    command.extend(["--signature", &own]);
    for expected in ["timestamped", "already-timestamped"] {
        let added = scene.cli.json("timestamp", &command, 0);
        assert_eq!(added["signatures"][0]["outcome"], expected, "{added:#}");
    }
}

/// Attaches an envelope to the image of a layout, whatever it is. Returns the digest of the manifest.
fn attach_to(layout: &Layout, envelope: &[u8]) -> String {
    let target = "v1".parse().unwrap();
    let image = layout.resolve(&notary::reference::Target::Tag(target)).unwrap();
    layout.put_blob(envelope).unwrap();
    layout.put_blob(EMPTY_CONFIG).unwrap();
    let manifest = Manifest::signature(image, envelope, Default::default());
    layout.put_manifest(&manifest, None).unwrap().digest.to_string()
}

#[test]
fn signatures_in_both_formats_get_timestamps() {
    let mut scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    for format in EnvelopeFormat::ALL {
        scene = scene.in_format(format);
        scene.signed(&image, false);
    }
    let mut command: Vec<String> = ["timestamp", &image, "--replace"].map(str::to_owned).to_vec();
    command.extend(scene.stamp_options());
    let added = scene.cli.json("timestamp", &words(&command), 0);
    let outcomes: Vec<&Value> = added["signatures"].as_array().unwrap().iter().map(|s| &s["outcome"]).collect();
    assert_eq!(outcomes, ["replaced"; 2], "{added:#}");
    let inspected = scene.cli.json("inspect", &["inspect", &image], 0);
    let mut formats: Vec<&str> = Vec::new();
    for signature in inspected["signatures"].as_array().unwrap() {
        assert_eq!(signature["unsignedAttributes"]["timestampSignature"], true, "{inspected:#}");
        formats.push(signature["envelopeMediaType"].as_str().unwrap());
    }
    formats.sort_unstable();
    assert_eq!(formats, ["application/cose", "application/jose+json"]);
    let verified = scene.cli.json("verify", &scene.verify(&image), 0);
    assert!(verified["artifacts"][0]["signatures"][0]["timestamp"].is_object(), "{verified:#}");
}

#[test]
fn nothing_is_written_if_the_timestamp_is_not_valid() {
    for format in EnvelopeFormat::ALL {
        nothing_is_written(format);
    }
}

fn nothing_is_written(format: EnvelopeFormat) {
    let scene = Scene::new(Kind::P256, Duration::days(2)).in_format(format);
    let image = scene.image("image");
    let mut arguments = scene.sign(&image, &[]);
    arguments.extend(scene.stamp_options());
    let sign = words(&arguments);
    scene.tsa.change_tokens(|info| info.nonce = vec![2, 1, 7]);
    scene.cli.run(&sign).exits_with(3).says("does not have the nonce of the request");
    scene.tsa.answer("/tsa", |_| Reply::status(500));
    scene.cli.run(&sign).exits_with(3).says("HTTP status 500");
    let listed = scene.cli.json("list", &["list", &image], 0);
    assert_eq!(listed["signatures"], json!([]));
}

#[test]
fn signatures_of_aws_signer_need_no_timestamp() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod";
    let mut arguments: Vec<String> = ["sign", &image, "--profile", profile].map(str::to_owned).to_vec();
    arguments.extend(scene.stamp_options());
    let refused = scene.cli.run(&words(&arguments)).exits_with(2);
    refused.says("notary.x509.signingAuthority").says("Remove --timestamp-url");
    assert!(scene.tsa.server.seen().is_empty());
    let cose = ["sign", &image, "--profile", profile, "--signature-format", "cose"];
    scene
        .cli
        .run(&cose)
        .exits_with(2)
        .says("AWS Signer makes no signatures in the format COSE")
        .says("--plugin or --key");
    // Exactly one signer.
    scene.cli.run(&["sign", &image]).exits_with(2).says("--profile");
    scene
        .cli
        .run(&["sign", &image, "--profile", profile, "--key", "key.pem", "--certificate-chain", "chain.pem"])
        .exits_with(2);
    scene.cli.run(&["sign", &image, "--key", "key.pem"]).exits_with(2).says("--certificate-chain");
    scene.cli.run(&["sign", &image, "--plugin", "a"]).exits_with(2).says("--id");
}

#[test]
fn a_key_must_belong_to_its_certificate() {
    let scene = Scene::new(Kind::Rsa2048, Duration::days(2));
    let image = scene.image("image");
    scene.signed(&image, false);
    let other = testing::key::Key::new(Kind::Rsa2048);
    fs::write(scene.cli.home().join("key.pem"), pem("PRIVATE KEY", &other.pkcs8())).unwrap();
    let sign = scene.sign(&image, &[]);
    scene.cli.run(&words(&sign)).exits_with(2).says("does not belong to the first certificate");
    fs::write(scene.cli.home().join("key.pem"), pem("PRIVATE KEY", b"no key")).unwrap();
    scene.cli.run(&words(&sign)).exits_with(2);
    fs::write(scene.cli.home().join("key.pem"), "no key").unwrap();
    scene.cli.run(&words(&sign)).exits_with(2).says("holds no usable private key");
}

/// A plugin of notation that signs with openssl and the RSA key of the scene.
fn install_raw_plugin(scene: &Scene, change: &str) {
    let home = scene.cli.home().display();
    let script = format!(
        r#"#!/bin/sh
set -e
request=$(cat)
case $1 in
get-plugin-metadata)
  echo '{{"name":"raw","description":"d","version":"1.0.0","url":"u","supportedContractVersions":["1.0"],"capabilities":["SIGNATURE_GENERATOR.RAW"]}}' ;;
describe-key)
  case $request in *'"pluginConfig":{{"a":"b"}}'*) ;; *) exit 3 ;; esac
  echo '{{"keyId":"k1","keySpec":"RSA-2048"}}' ;;
generate-signature)
  payload=$(echo "$request" | sed 's/.*"payload":"\([^"]*\)".*/\1/' | base64 -d | base64 -w0)
  signature=$(echo "$payload" | base64 -d | openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign {home}/key.pem | base64 -w0)
  {change}
  echo "{{\"keyId\":\"k1\",\"signature\":\"$signature\",\"signingAlgorithm\":\"${{algorithm:-RSASSA-PSS-SHA-256}}\",\"certificateChain\":[\"$(cat {home}/chain0.b64)\",\"$(cat {home}/chain1.b64)\"]}}" ;;
esac
"#
    );
    install_plugin(scene, "raw", &script);
}

fn install_plugin(scene: &Scene, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = scene.config().join("plugins").join(name);
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join(format!("notation-{name}"));
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A plugin of notation that answers with the envelope in a file, if envelopes of this format are requested.
fn install_envelope_plugin(scene: &Scene, requested: EnvelopeFormat, answered: EnvelopeFormat, file: &str) {
    let (requested, answered, home) = (requested.media_type(), answered.media_type(), scene.cli.home().display());
    let script = format!(
        r#"#!/bin/sh
set -e
request=$(cat)
case $1 in
get-plugin-metadata)
  echo '{{"name":"whole","description":"d","version":"1.0.0","url":"u","supportedContractVersions":["1.0"],"capabilities":["SIGNATURE_GENERATOR.ENVELOPE"]}}' ;;
generate-envelope)
  case $request in *'"signatureEnvelopeType":"{requested}"'*) ;; *) exit 3 ;; esac
  echo "{{\"signatureEnvelope\":\"$(base64 -w0 {home}/{file})\",\"signatureEnvelopeType\":\"{answered}\",\"annotations\":{{\"a\":\"b\"}}}}" ;;
esac
"#
    );
    install_plugin(scene, "whole", &script);
}

#[test]
fn envelopes_of_plugins_must_have_the_requested_format() {
    let mut scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    for format in EnvelopeFormat::ALL {
        scene = scene.in_format(format);
        let file = format!("{}.sig", format.name());
        scene.cli.run(&words(&scene.sign(&image, &["--detach", &file]))).succeeded();
    }
    let [jws, cose] = EnvelopeFormat::ALL;
    for (format, other) in [(jws, cose), (cose, jws)] {
        let sign = ["sign", &image, "--plugin", "whole", "--id", "k1", "--signature-format", format.name()];
        let (file, other_file) = (format!("{}.sig", format.name()), format!("{}.sig", other.name()));
        install_envelope_plugin(&scene, other, format, &file);
        scene.cli.run(&sign).failed().says("generate-envelope failed");
        install_envelope_plugin(&scene, format, other, &file);
        scene.cli.run(&sign).failed().says("returned an envelope of the type").says(other.media_type());
        install_envelope_plugin(&scene, format, format, &other_file);
        scene.cli.run(&sign).failed().says("is not attached");
        install_envelope_plugin(&scene, format, format, &file);
        let signed = scene.cli.json("sign", &sign, 0);
        assert_eq!(signed["artifacts"][0]["signature"]["envelopeMediaType"], format.media_type(), "{signed:#}");
    }
    let listed = scene.cli.json("list", &["list", &image], 0);
    assert_eq!(listed["signatures"].as_array().unwrap().len(), 2, "{listed:#}");
    // The policy of the scene requires timestamps.
    scene.trust(&scene.config(), &json!({ "level": "strict" }), &["ca:own"]);
    scene.cli.json("verify", &scene.verify(&image), 0);
}

#[test]
#[ignore = "needs openssl: scripts/test"]
fn plugins_that_return_raw_signatures_sign_and_are_checked() {
    for format in EnvelopeFormat::ALL {
        raw_signatures_are_checked(format);
    }
}

fn raw_signatures_are_checked(format: EnvelopeFormat) {
    let scene = Scene::new(Kind::Rsa2048, Duration::days(2)).in_format(format);
    let image = scene.image("image");
    let mut sign: Vec<String> =
        ["sign", &image, "--plugin", "raw", "--id", "k1", "--plugin-config", "a=b", "--user-metadata", "build=7"]
            .into_iter()
            .chain(["--signature-format", format.name()])
            .map(str::to_owned)
            .collect();
    sign.extend(scene.stamp_options());
    scene.cli.run(&words(&sign)).exits_with(2).says("notation-raw does not exist");
    for (change, says) in [
        ("signature=AAAA", "does not verify"),
        ("algorithm=RSASSA-PSS-SHA-512", "used the algorithm"),
        ("exit 9", "generate-signature failed"),
    ] {
        install_raw_plugin(&scene, change);
        scene.cli.run(&words(&sign)).failed().says(says);
    }
    assert!(scene.tsa.server.seen().is_empty());
    install_raw_plugin(&scene, ":");
    let signed = scene.cli.json("sign", &words(&sign), 0);
    assert_eq!(signed["artifacts"][0]["signature"]["envelopeMediaType"], format.media_type(), "{signed:#}");
    let verify = [&scene.verify(&image)[..], &["--user-metadata", "build=7"]].concat();
    let verified = scene.cli.json("verify", &verify, 0);
    assert_eq!(verified["artifacts"][0]["signatures"].as_array().unwrap().len(), 1, "{verified:#}");
}

#[test]
fn plugins_that_return_envelopes_sign() {
    const PLUGIN: &str = "com.amazonaws.signer.notation.plugin";
    let signer = LocalSigner::start();
    let profile = signer.put_profile("interop");
    let cli = Cli::for_signer(&signer);
    let folder = cli.home().join("config/notation/plugins").join(PLUGIN);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(crate::support::programs::plugin(), folder.join(format!("notation-{PLUGIN}"))).unwrap();
    let layout = Layout::create(cli.home().join("image")).unwrap();
    add_image(&layout, "v1");
    let endpoint = format!("aws-signer-endpoint-url={}", signer.endpoint);
    let sign = ["sign", "oci:./image:v1", "--plugin", PLUGIN, "--id", &profile.arn, "--plugin-config", &endpoint];
    let signed = cli.json("sign", &sign, 0);
    assert!(signed["artifacts"][0]["signature"]["profileVersion"].is_string(), "{signed:#}");
    let root = signer.root_certificate();
    let trusted = ["--trusted-profile", &profile.arn, "--root", root.to_str().unwrap()];
    cli.run(&[&["verify", "oci:./image:v1"][..], &trusted].concat()).succeeded();
    // Such a signature needs no timestamp, which shows once it is there. It is not attached then.
    let tsa = TsaServer::start();
    fs::write(cli.home().join("tsa-root.pem"), tsa.root_pem()).unwrap();
    let url = tsa.url();
    let stamp = ["--timestamp-url", &url, "--timestamp-root", "tsa-root.pem"];
    cli.run(&[&sign[..], &stamp].concat()).exits_with(2).says("needs no timestamp");
    let needed = cli.json("timestamp", &[&["timestamp", "oci:./image:v1"][..], &stamp].concat(), 0);
    assert_eq!(needed["signatures"][0]["outcome"], "not-needed", "{needed:#}");
    assert_eq!(needed["signatures"].as_array().unwrap().len(), 1);
    let digest = needed["signatures"][0]["digest"].as_str().unwrap();
    let one = ["timestamp", "oci:./image:v1", "--signature", digest];
    cli.run(&[&one[..], &stamp].concat()).exits_with(2).says("needs no timestamp");
}

/// The replies of `openssl ts`, with this signing certificate.
fn openssl_replies(scene: &Scene, tsa: &TsaServer) {
    let home = scene.cli.home().to_owned();
    fs::write(home.join("ts.cnf"), OPENSSL_TS.replace("HOME", home.to_str().unwrap())).unwrap();
    fs::write(home.join("ts-serial"), "01\n").unwrap();
    fs::write(home.join("ts-key.pem"), pem("PRIVATE KEY", &tsa.tsa.key().pkcs8())).unwrap();
    fs::write(home.join("ts.pem"), pem("CERTIFICATE", &tsa.tsa.chain[0])).unwrap();
    let issuers: String = tsa.tsa.chain[1..].iter().map(|der| pem("CERTIFICATE", der)).collect();
    fs::write(home.join("ts-chain.pem"), issuers).unwrap();
    tsa.answer("/tsa", move |request| {
        fs::write(home.join("query.tsq"), &request.body).unwrap();
        let mut openssl = command("openssl", &home);
        openssl.args(["ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"]);
        run(&mut openssl, LIMIT).succeeded();
        Reply::content(REPLY_MEDIA_TYPE, fs::read(home.join("reply.tsr")).unwrap())
    });
}

const OPENSSL_TS: &str = "\
[tsa]
default_tsa = own
[own]
serial = HOME/ts-serial
crypto_device = builtin
signer_cert = HOME/ts.pem
certs = HOME/ts-chain.pem
signer_key = HOME/ts-key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
";

#[test]
#[ignore = "needs openssl: scripts/test"]
fn openssl_grants_our_requests_and_verifies_our_timestamps() {
    let scene = Scene::new(Kind::P521, Duration::days(2));
    let image = scene.image("image");
    openssl_replies(&scene, &scene.tsa);
    scene.signed(&image, true);
    let verified = scene.cli.json("verify", &scene.verify(&image), 0);
    let timestamp = &verified["artifacts"][0]["signatures"][0]["timestamp"];
    assert_eq!(timestamp["accuracy"], 1.5001, "{verified:#}");
    // openssl verifies its reply to our request, and the token of the envelope is in it.
    let mut openssl = command("openssl", scene.cli.home());
    openssl.args(["ts", "-verify", "-in", "reply.tsr", "-queryfile", "query.tsq", "-CAfile", "tsa-root.pem"]);
    run(openssl.args(["-untrusted", "ts-chain.pem"]), LIMIT).succeeded().says("Verification: OK");
}

/// A registry, notation with the scene's policy and key, and an image.
struct Interchange {
    scene: Scene,
    notation: Notation,
    registry: Registry,
}

impl Interchange {
    fn new(format: EnvelopeFormat, validity: Duration) -> Self {
        let scene = Scene::new(Kind::P256, validity).in_format(format);
        let peers = crate::support::peers();
        let registry = Registry::start_with(&peers, &["--api-delete"]);
        let notation = Notation::new(&peers, &scene.cli.home().join("credentials"));
        let config = notation.config_folder();
        fs::create_dir_all(&config).unwrap();
        let interchange = Self { scene, notation, registry };
        interchange.trust(&json!({ "level": "strict" }));
        let home = interchange.scene.cli.home();
        let key = json!({ "default": "own", "keys": [{
            "name": "own",
            "keyPath": home.join("key.pem"),
            "certPath": home.join("chain.pem"),
        }]});
        fs::write(config.join("signingkeys.json"), key.to_string()).unwrap();
        interchange
    }

    fn trust(&self, verification: &Value) {
        for config in [self.notation.config_folder(), self.scene.config()] {
            self.scene.trust(&config, verification, &["ca:own", "tsa:own"]);
        }
    }

    #[track_caller]
    fn verdicts(&self, image: &str) -> [bool; 2] {
        let ours = self.scene.cli.run(&self.scene.verify(image));
        let theirs = self.notation.run(&["verify", "--verbose", "--insecure-registry", image]);
        assert_eq!(ours.is_success(), theirs.is_success(), "{ours}\n{theirs}");
        [ours.is_success(), theirs.is_success()]
    }

    #[track_caller]
    fn notation_signs(&self, image: &str, stamped: bool) {
        let url = self.scene.tsa.url();
        let root = self.scene.cli.home().join("tsa-root.pem");
        let mut sign = vec!["sign", "--key", "own", "--force-referrers-tag=false", "--insecure-registry"];
        sign.extend(["--signature-format", self.scene.format.name()]);
        if stamped {
            sign.extend(["--timestamp-url", &url, "--timestamp-root-cert", root.to_str().unwrap()]);
        }
        sign.push(image);
        self.notation.run(&sign).succeeded();
    }

    #[track_caller]
    fn we_sign(&self, image: &str, stamped: bool) {
        let mut sign = self.scene.sign(image, &["--plain-http"]);
        if stamped {
            sign.extend(self.scene.stamp_options());
        }
        self.scene.cli.run(&words(&sign)).succeeded();
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn both_tools_verify_each_others_timestamps_before_and_after_the_expiry() {
    verify_each_others(EnvelopeFormat::Jws);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn both_tools_verify_each_others_timestamps_of_cose_before_and_after_the_expiry() {
    verify_each_others(EnvelopeFormat::Cose);
}

fn verify_each_others(format: EnvelopeFormat) {
    let interchange = Interchange::new(format, Duration::seconds(20));
    let push = |text: &str| interchange.registry.push_image("own/app", text);
    let [ours, theirs, our_bare, their_bare, added] = ["1", "2", "3", "4", "5"].map(push);
    interchange.we_sign(&ours, true);
    interchange.we_sign(&our_bare, false);
    interchange.notation_signs(&theirs, true);
    interchange.notation_signs(&their_bare, false);
    // A signature of notation gets our timestamp, in place of the one without.
    interchange.notation_signs(&added, false);
    let mut stamp: Vec<String> = ["timestamp", &added, "--plain-http", "--replace"].map(str::to_owned).to_vec();
    stamp.extend(interchange.scene.stamp_options());
    interchange.scene.cli.run(&words(&stamp)).succeeded().says("replaced by the same with a timestamp");
    let check = |expected: [bool; 5]| {
        for (image, is_valid) in [&ours, &theirs, &added, &our_bare, &their_bare].into_iter().zip(expected) {
            assert_eq!(interchange.verdicts(image), [is_valid; 2], "{image}");
        }
    };
    let after_expiry = json!({ "level": "strict", "verifyTimestamp": "afterCertExpiry" });
    check([true, true, true, false, false]);
    interchange.trust(&after_expiry);
    check([true; 5]);
    interchange.scene.wait_for_expiry();
    check([true, true, true, false, false]);
    interchange.trust(&json!({ "level": "strict", "verifyTimestamp": "always" }));
    check([true, true, true, false, false]);
    interchange.trust(&json!({ "level": "permissive" }));
    check([true; 5]);
}

#[test]
#[ignore = "needs notation, olareg and openssl: scripts/test"]
fn both_tools_verify_timestamps_of_openssl() {
    for format in EnvelopeFormat::ALL {
        let interchange = Interchange::new(format, Duration::days(2));
        openssl_replies(&interchange.scene, &interchange.scene.tsa);
        let [ours, theirs] = ["1", "2"].map(|text| interchange.registry.push_image("own/app", text));
        interchange.we_sign(&ours, true);
        interchange.notation_signs(&theirs, true);
        for image in [&ours, &theirs] {
            assert_eq!(interchange.verdicts(image), [true; 2], "{image}");
        }
    }
}
