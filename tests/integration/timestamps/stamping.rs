//! Signatures of keys in files with timestamps, and timestamps that are added later.

use std::fs;

use notary::envelope::EnvelopeFormat;
use notary::manifest::{EMPTY_CONFIG, Manifest};
use registry::Layout;
use serde_json::{Value, json};
use testing::key::Kind;
use testing::pem;
use time::{Duration, OffsetDateTime};

use super::{Scene, words};
use crate::support::fault::Reply;
use crate::support::own_key::{signature_of, stamped};
use crate::support::tsa::TsaServer;

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
    let too_late = scene.cli.run(&scene.verify(&bare)).exits_with(1).says("has no timestamp");
    too_late.says("Sign the artifact again").says("--timestamp-url");
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
    // It goes when that is asked for later, without another timestamp.
    let mut replacing = command.to_vec();
    replacing.push("--replace");
    let later = scene.cli.json("timestamp", &replacing, 0);
    let replaced = later["signatures"].as_array().unwrap().iter().find(|one| one["digest"] == old).unwrap();
    assert_eq!(replaced["outcome"], "replaced", "{later:#}");
    assert_eq!(replaced["timestampedDigest"], signature["timestampedDigest"], "{later:#}");
    let listed = scene.cli.json("list", &["list", &image], 0);
    let digests: Vec<&Value> = listed["signatures"].as_array().unwrap().iter().map(|s| &s["digest"]).collect();
    assert_eq!(digests, [&signature["timestampedDigest"]], "{listed:#}");
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

/// Writers of the repository can attach a copy of a signature.
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
    for signer in [&[][..], &["--certificate-chain", "chain.pem"], &["--id", "k"]] {
        let said = if signer.is_empty() { "--profile ARN for AWS Signer, --plugin NAME --id KEY" } else { "required" };
        let refused = scene.cli.run(&[&["sign", &image], signer].concat()).exits_with(2).says(said);
        assert!(!refused.stderr.contains("--profile <ARN>"), "{}", refused.stderr);
    }
    scene
        .cli
        .run(&["sign", &image, "--profile", profile, "--key", "key.pem", "--certificate-chain", "chain.pem"])
        .exits_with(2);
    scene.cli.run(&["sign", &image, "--key", "key.pem"]).exits_with(2).says("--certificate-chain");
    scene.cli.run(&["sign", &image, "--plugin", "a"]).exits_with(2).says("--id");
    let key = ["--key", "key.pem", "--certificate-chain", "chain.pem"];
    let plugin = ["--plugin", "a", "--id", "k"];
    for (signer, other) in
        [(&key, &plugin[2..]), (&key, &["--plugin-config", "a=b"][..]), (&plugin, &key[2..]), (&plugin, &key[..2])]
    {
        let arguments = [&["sign", &image], &signer[..], other].concat();
        scene.cli.run(&arguments).exits_with(2).says("cannot be used with");
    }
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
    for (label, said) in [("ENCRYPTED PRIVATE KEY", "is encrypted; decrypt it"), ("KEY", "no section PRIVATE KEY")] {
        fs::write(scene.cli.home().join("key.pem"), pem(label, b"no key")).unwrap();
        scene.cli.run(&words(&sign)).exits_with(2).says(said);
    }
    let older = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n\
                 -----END EC PRIVATE KEY-----\n";
    fs::write(scene.cli.home().join("key.pem"), older).unwrap();
    scene.cli.run(&words(&sign)).exits_with(2).says("is encrypted; decrypt it");
    fs::write(scene.cli.home().join("key.pem"), pem("PRIVATE KEY", b"no key")).unwrap();
    scene.cli.run(&words(&sign)).exits_with(2);
    fs::write(scene.cli.home().join("key.pem"), "no key").unwrap();
    scene.cli.run(&words(&sign)).exits_with(2).says("holds no usable private key");
}
