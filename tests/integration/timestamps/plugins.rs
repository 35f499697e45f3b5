//! Signatures of plugins of notation, which are checked before they are attached.

use std::fs;

use notary::envelope::EnvelopeFormat;
use registry::Layout;
use serde_json::json;
use testing::key::Kind;
use time::Duration;

use super::{Scene, words};
use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::test_env::add_image;
use crate::support::tsa::TsaServer;

/// A plugin of notation that signs with openssl and the RSA key of the scene.
pub(super) fn install_raw_plugin(scene: &Scene, change: &str) {
    let home = scene.cli.home().display();
    let script = format!(
        r#"#!/bin/sh
set -e
request=$(cat)
echo $1 >> {home}/commands
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
pub(super) fn install_envelope_plugin(scene: &Scene, requested: EnvelopeFormat, answered: EnvelopeFormat, file: &str) {
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
        scene.cli.run(&sign).failed().says("is discarded");
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
        ("exit 9", "generate-signature failed: it ended with exit code 9 and wrote no message"),
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
    // Such a signature needs no timestamp, which shows once it is there. It is then discarded.
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
