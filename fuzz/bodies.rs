//! The bodies of the fuzz targets: no input may cause a panic, and accepted input must satisfy the invariants of its
//! type.

use aws_signer::shared_config::{NamedProfile, SharedConfig};
use notary::envelope::{Envelope, Payload};
use notary::trust::check_trusted_identity;
use notary::trust::policy::TrustedIdentities;
use notary::x509::{CertificateChain, MAX_CERTIFICATES};
use plugin::{CheckRequest, Request as _, SigningRequest};
use time::macros::datetime;

/// Parses and verifies an envelope, and parses its payload.
pub fn envelope(bytes: &[u8]) {
    let _ = Payload::parse(bytes);
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    chain(&envelope.chain);
    assert!(envelope.attributes.expiry.is_none_or(|expiry| expiry > envelope.attributes.signing_time));
    let unverified = envelope.clone();
    let Ok(verified) = envelope.verify(datetime!(2026-07-01 12:00 UTC)) else { return };
    assert_eq!(verified.payload(), unverified.payload);
    if let Ok(payload) = Payload::parse(verified.payload()) {
        assert_eq!(Payload::parse(&payload.to_bytes()), Ok(payload));
    }
}

/// Parses a request to sign.
pub fn generate_envelope_request(bytes: &[u8]) {
    if let Ok(request) = SigningRequest::parse(bytes) {
        assert_eq!(request.profile.to_string().parse(), Ok(request.profile));
    }
}

/// Parses a request to verify, checks its identities, and builds the revocation hashes of its chain.
pub fn verify_signature_request(bytes: &[u8]) {
    let Ok(request) = CheckRequest::parse(bytes) else { return };
    chain(&request.chain);
    assert!(!request.checks.is_empty());
    let wildcard = request.trusted_identities == TrustedIdentities::Any;
    match check_trusted_identity(&request.profile_version, &request.trusted_identities) {
        Ok(verdict) => assert!(!wildcard && (!verdict.trusted || !request.trusted_identities.listed().is_empty())),
        Err(_) => assert!(wildcard),
    }
}

/// Reads the two files of the shared AWS configuration, separated by a zero byte, and follows some of its profiles.
pub fn shared_configuration(bytes: &[u8]) {
    let mut files = bytes.splitn(2, |byte| *byte == 0);
    let shared = SharedConfig::from_contents(files.next().unwrap_or_default(), files.next().unwrap_or_default());
    for (name, named_by) in [("default", None), ("default", Some("AWS_PROFILE")), ("ci", Some("AWS_PROFILE"))] {
        let profile = NamedProfile { name: name.to_owned(), named_by: named_by.map(str::to_owned) };
        match shared.plan(&profile) {
            Ok(Some(plan)) => assert!(plan.roles.iter().all(|role| !role.arn.is_empty())),
            Ok(None) => {}
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
}

fn chain(chain: &CertificateChain) {
    let count = chain.certificates().len();
    assert!((1..=MAX_CERTIFICATES).contains(&count));
    if let Ok(linked) = chain.clone().link() {
        let hashes = linked.revocation_hashes();
        assert!(hashes.len() == count && hashes.iter().all(|hash| hash.len() == 192));
    }
    let _ = chain.clone().check_code_signing(datetime!(2026-07-01 12:00 UTC));
    for certificate in chain.certificates() {
        assert!(certificate.der().windows(certificate.tbs().len()).any(|window| window == certificate.tbs()));
        let _ = (certificate.subject(), certificate.issuer(), certificate.not_before(), certificate.not_after());
    }
}
