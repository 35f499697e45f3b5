//! The real notation and this tool with each other's timestamps, before and after the certificate has expired, in every
//! kind of store.

use std::fs;

use notary::envelope::EnvelopeFormat;
use serde_json::{Value, json};
use testing::key::Kind;
use time::Duration;

use super::openssl::openssl_replies;
use super::{Scene, words};
use crate::cli::image_stores::{ImageStores, StoredImage};
use crate::support::notation::Notation;
use crate::support::registry::Registry;

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

    /// notation signs the image of a store.
    #[track_caller]
    fn notation_signs_in(&self, stored: &StoredImage, stamped: bool) {
        let url = self.scene.tsa.url();
        let root = self.scene.cli.home().join("tsa-root.pem");
        let mut sign = vec!["sign", "--key", "own", "--signature-format", self.scene.format.name()];
        if stored.reference.starts_with(&self.registry.address().to_string()) {
            sign.push("--force-referrers-tag=false");
        }
        if stamped {
            sign.extend(["--timestamp-url", &url, "--timestamp-root-cert", root.to_str().unwrap()]);
        }
        stored.with_notation(&self.notation, &sign).succeeded();
    }

    /// We sign the image of a store.
    #[track_caller]
    fn we_sign_in(&self, stored: &StoredImage, stamped: bool) {
        let mut sign = self.scene.sign(&stored.reference, plain_http(stored));
        if stamped {
            sign.extend(self.scene.stamp_options());
        }
        self.scene.cli.run(&words(&sign)).succeeded();
    }

    #[track_caller]
    fn both_say(&self, stored: &StoredImage, is_valid: bool) {
        let ours = self.scene.cli.run(&self.scene.verify(&stored.reference));
        assert_eq!(ours.is_success(), is_valid, "{ours}");
        let theirs = stored.with_notation(&self.notation, &["verify", "--verbose"]);
        assert_eq!(theirs.stdout.contains("Successfully verified signature"), is_valid, "{theirs}");
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
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn timestamps_are_interchanged_in_every_store() {
    in_every_store(EnvelopeFormat::Jws);
}

#[test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
fn timestamps_of_cose_are_interchanged_in_every_store() {
    in_every_store(EnvelopeFormat::Cose);
}

fn in_every_store(format: EnvelopeFormat) {
    let interchange = Interchange::new(format, Duration::seconds(75));
    let stores = ImageStores::beside(&interchange.registry);
    let images = |name: &str| stores.put_images(&format!("own/{name}"), name);
    let [ours, theirs, added, our_bare, their_bare] = ["1", "2", "3", "4", "5"].map(images);
    for (images, stamped) in [(&ours, true), (&our_bare, false)] {
        images.iter().for_each(|stored| interchange.we_sign_in(stored, stamped));
    }
    for (images, stamped) in [(&theirs, true), (&their_bare, false)] {
        images.iter().for_each(|stored| interchange.notation_signs_in(stored, stamped));
    }
    // Ours beside theirs, which has no timestamp.
    for stored in &added {
        interchange.notation_signs_in(stored, false);
        let mut stamp = vec!["timestamp".to_owned(), stored.reference.clone()];
        stamp.extend(plain_http(stored).iter().map(|&word| word.to_owned()));
        stamp.extend(interchange.scene.stamp_options());
        interchange.scene.cli.run(&words(&stamp)).succeeded().says("timestamp");
    }
    let check = |verify_timestamp: &str, bare_are_valid: bool| {
        interchange.trust(&json!({ "level": "strict", "verifyTimestamp": verify_timestamp }));
        [&ours, &theirs, &added].into_iter().flatten().for_each(|stored| interchange.both_say(stored, true));
        [&our_bare, &their_bare].into_iter().flatten().for_each(|stored| interchange.both_say(stored, bare_are_valid));
    };
    check("afterCertExpiry", true);
    interchange.scene.wait_for_expiry();
    check("afterCertExpiry", false);
    check("always", false);
}

fn plain_http(stored: &StoredImage) -> &'static [&'static str] {
    if stored.reference.starts_with("oci:") { &[] } else { &["--plain-http"] }
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
