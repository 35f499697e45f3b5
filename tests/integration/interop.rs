//! The packaged plugin under the real notation CLI, with the real olareg and the local signer.
//!
//! scripts/test builds the peers and sets their path. To run only these tests:
//! `scripts/build plugin && scripts/package && NOTATION_AWS_SIGNER_PEERS=$(scripts/peers) cargo test interop`.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::World;
use crate::support::local_signer::LocalSigner;
use crate::support::notation::{Notation, PLUGIN};

const CAPABILITIES: [&str; 3] =
    ["SIGNATURE_GENERATOR.ENVELOPE", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"];

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_installs_both_archives_and_lists_the_plugin() {
    let peers = crate::support::peers();
    for kind in ["tar.gz", "zip"] {
        let home = tempfile::tempdir().unwrap();
        let notation = Notation::new(&peers, &home.path().join("no-credentials"));
        let version = env!("CARGO_PKG_VERSION");
        notation.install_plugin(kind).says(&format!("Successfully installed plugin {PLUGIN}, version {version}"));
        let mut listed = notation.run(&["plugin", "ls"]).succeeded().says(PLUGIN).says(version);
        for capability in CAPABILITIES {
            listed = listed.says(capability);
        }
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn a_signed_image_verifies_under_a_strict_policy() {
    let world = World::start();
    let image = world.push_signed("signed");
    world.verify(&image).succeeded().says("Successfully verified signature");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn inspect_shows_the_signed_attributes() {
    let world = World::start();
    let image = world.push_signed("inspected");
    let signature = world.notation.signature(&image);
    assert_eq!(signature.field("mediaType"), "application/jose+json");
    assert_eq!(signature.field("signatureAlgorithm"), "ECDSA-SHA-384");
    assert_eq!(signature.attribute("signingScheme"), "notary.x509.signingAuthority");
    assert_eq!(signature.attribute("io.cncf.notary.verificationPlugin"), PLUGIN);
    let version_arn = format!("{}/{}", world.profile.arn, world.profile.version);
    assert_eq!(signature.attribute("com.amazonaws.signer.signingProfileVersion"), version_arn);
    assert!(signature.job().contains(":/signing-jobs/"), "{}", signature.job());
    assert!(moment(signature.attribute("signingTime")) < moment(signature.attribute("expiry")));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_an_unsigned_image() {
    let world = World::start();
    let image = world.push("unsigned");
    world.verify(&image).failed().says("no signature is associated with");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn signing_with_a_profile_that_does_not_exist_names_the_profile() {
    let world = World::start();
    let image = world.push("unsigned");
    let missing = world.profile.arn.replace("interop", "no_such_profile");
    world.notation.sign(&image, &missing, &world.signer.endpoint).failed().says("no_such_profile");
    assert_eq!(world.notation.inspect(&image).len(), 0);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_an_untrusted_profile_with_the_reason() {
    let world = World::start();
    let image = world.push_signed("signed by another");
    let other = world.signer.put_profile("other");
    world.notation.import_policy("strict", &other.arn);
    let refused = world.verify(&image).failed();
    refused.says("trusted identify verification by plugin").says(&world.profile.arn);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_a_revoked_signature_and_names_its_job() {
    let world = World::start();
    let revoked = world.push_signed("revoked");
    let kept = world.push_signed("kept");
    let job = world.notation.signature(&revoked).job().to_owned();
    world.signer.revoke_signature(&job);
    world
        .verify(&revoked)
        .failed()
        .says("revocation check by verification plugin")
        .says("Revoked according to AWS Signer")
        .says(&job);
    world.verify(&kept).succeeded();
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn a_profile_revocation_affects_later_signatures_only() {
    let world = World::start();
    let before = world.push_signed("before");
    // Signing times have whole seconds: the revocation starts one second after the first signature, the second
    // signature is later.
    let moment = moment(world.notation.signature(&before).attribute("signingTime")) + Duration::from_secs(1);
    let later = SystemTime::from(moment + Duration::from_secs(1));
    sleep(later.duration_since(SystemTime::now()).unwrap_or_default());
    let after = world.push_signed("after");
    world.signer.revoke_profile(&world.profile, moment.into());
    world.verify(&before).succeeded();
    let refused = world.verify(&after).failed().says("revocation check by verification plugin");
    refused.says("Revoked according to AWS Signer").says(&world.profile.arn);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_an_expired_signature() {
    let month_ago = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() - Duration::from_secs(30 * 24 * 3600);
    let start = || LocalSigner::start_at(&month_ago.format(&Rfc3339).unwrap());
    let mut world = World::start_with_signer(start);
    world.profile = world.signer.put_profile_valid_for("short", Some(1));
    world.notation.import_policy("strict", &world.profile.arn);
    let image = world.push_signed("expired");
    world.verify(&image).failed().says("digital signature has expired");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn a_strict_policy_refuses_when_the_service_is_down() {
    let mut world = World::start();
    let image = world.push_signed("strict");
    world.signer.stop();
    world.verify(&image).failed().says("revocation check by verification plugin").says("GetRevocationStatus");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn logged_revocation_warns_when_the_service_is_down() {
    let mut world = World::start();
    let image = world.push_signed("permissive");
    world.signer.stop();
    world.notation.import_policy("permissive", &world.profile.arn);
    let passed = world.verify(&image).succeeded().says("Successfully verified signature");
    passed.says("Warning: revocation was set to \"log\" and failed with error");
}

/// A time in the output of `notation inspect`.
#[track_caller]
fn moment(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{text} is not an RFC 3339 time: {error}"))
}
