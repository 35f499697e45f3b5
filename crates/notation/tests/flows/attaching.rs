//! Which times count when a signature is attached or made: only an authentic signing time, and the time now.

use std::path::{Path, PathBuf};
use std::time::Duration as Budget;

use limits::Deadline;
use notary::envelope::SigningScheme::{self, SigningAuthority, X509};
use notary::envelope::{EnvelopeFormat, VerifyError};
use notary::x509::ChainError;
use notary::{Descriptor, ReasonCode, UserMetadata};
use notation::attach::{AttachError, MatchingEnvelope};
use notation::sign::own::{LocalKey, OwnSignError, OwnSigner, SigningOptions};
use registry::Layout;
use testbed::own_key::OwnKey;
use testbed::test_env::add_image;
use testing::certificate::{Spec, issue};
use testing::key::Kind;
use time::{Duration, OffsetDateTime};

fn image(folder: &Path) -> Descriptor {
    add_image(&Layout::create(folder).unwrap(), "v1")
}

fn is_not_valid(why: &AttachError) -> bool {
    matches!(why, AttachError::Verify(VerifyError::Chain(ChainError::NotValidAt { .. })))
}

/// The signing time of `notary.x509` "is an untrusted timestamp, and therefore not used in trust decisions".
#[test]
fn only_an_authentic_signing_time_must_be_within_the_validity_of_the_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(folder.path());
    // The certificates are valid for a thousand days before and after now.
    let key = OwnKey::new(|_| ());
    for (days, format) in [-1500, 0, 1500].iter().flat_map(|days| EnvelopeFormat::ALL.map(|format| (*days, format))) {
        let refused = |scheme: SigningScheme| {
            let envelope = key.sign_in_with(format, &image, scheme, |attributes| {
                attributes.signing_time = OffsetDateTime::now_utc() + Duration::days(days);
            });
            MatchingEnvelope::check(envelope, image.clone()).err()
        };
        let why = refused(X509);
        assert!(why.is_none(), "{days} {format:?}: {why:?}");
        match refused(SigningAuthority) {
            None => assert_eq!(days, 0),
            Some(why) => assert!(days != 0 && is_not_valid(&why), "{days} {format:?}: {why}"),
        }
    }
}

/// Writes a key and its chain, after a change to the certificates.
fn files(folder: &Path, change: impl FnOnce(&mut [Spec])) -> [PathBuf; 2] {
    let now = OffsetDateTime::now_utc();
    let mut specs = [Spec::leaf(Kind::P256), Spec::authority("root", Kind::P256)];
    for spec in &mut specs {
        (spec.not_before, spec.not_after) = (now - Duration::days(10), now + Duration::days(10));
    }
    change(&mut specs);
    let chain: String = issue(&specs).iter().map(|der| testing::pem("CERTIFICATE", der)).collect();
    let [key, certificates] = ["key.pem", "chain.pem"].map(|name| folder.join(name));
    std::fs::write(&key, testing::pem("PRIVATE KEY", &specs[0].key.pkcs8())).unwrap();
    std::fs::write(&certificates, chain).unwrap();
    [key, certificates]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_signature_needs_certificates_that_are_valid_now() {
    let day = Duration::DAY;
    for (position, from, until, is_valid) in [
        (0, -10 * day, 10 * day, true),
        (0, -10 * day, -day, false),
        (0, day, 10 * day, false),
        (1, -10 * day, -day, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let [key, chain] = files(folder.path(), |specs| {
            let now = OffsetDateTime::now_utc();
            (specs[position].not_before, specs[position].not_after) = (now + from, now + until);
        });
        let signer = OwnSigner::Key(LocalKey::read(&key, &chain).unwrap());
        let image = image(folder.path());
        for format in EnvelopeFormat::ALL {
            let now = OffsetDateTime::now_utc();
            let options = SigningOptions { format, user_metadata: UserMetadata::default(), expires_in: None, now };
            let signed = signer.sign(&image, &options, Deadline::new(Budget::from_secs(5))).await;
            match signed {
                Ok(_) => assert!(is_valid, "{from} {until}"),
                Err(why) => {
                    assert!(!is_valid, "{why}");
                    assert!(matches!(&why, OwnSignError::Unusable(why) if is_not_valid(why)), "{why}");
                    assert_eq!(why.code(), ReasonCode::Configuration);
                }
            }
        }
    }
}
