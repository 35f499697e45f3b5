//! The bodies of the fuzz targets: no input may cause a panic, and accepted input must satisfy the invariants of its
//! type. What was parsed is formatted, too, as it is in logs, errors and results.

mod signed;

use std::fmt::{Debug, Display};
use std::path::Path;

use aws_signer::shared_config::{NamedProfile, SharedConfig};
use code_signing::lambda::{self, SignedZip};
use code_signing::zip::Limits;
use notary::DigestAlgorithm;
use notary::envelope::{Envelope, EnvelopeFormat, Payload, with_timestamp};
use notary::links::Links;
use notary::manifest::Manifest;
use notary::media_type::MANIFEST_MEDIA_TYPES;
use notary::reference::RepositoryName;
use notary::text::{parse_rfc3339, rfc3339};
use notary::timestamp::{TimestampRequest, TimestampToken, VerifiedTimestamp};
use notary::trust::check_trusted_identity;
use notary::trust::policy::{BlobTrustPolicyDocument, RegistryScope, TrustPolicyDocument, TrustedIdentities};
use notary::x509::{Certificate, CertificateChain, MAX_CERTIFICATES};
use plugin::{CheckRequest, Request as _, SigningRequest};
use registry::{parse_layout_index, stored_credential};
use time::OffsetDateTime;
use time::macros::datetime;

pub use self::signed::{cbor_item, certificate, cose_header, tst_info};

/// Parses and verifies an envelope in the JWS form, and parses its payload.
pub fn envelope(bytes: &[u8]) {
    let _ = shown(Payload::parse(bytes));
    envelope_in(EnvelopeFormat::Jws, bytes);
}

/// Parses and verifies an envelope in the COSE form. What is accepted begins with the tag.
pub fn cose_envelope(bytes: &[u8]) {
    if envelope_in(EnvelopeFormat::Cose, bytes) {
        assert_eq!(EnvelopeFormat::of(bytes), EnvelopeFormat::Cose);
    }
}

/// Whether the bytes are an envelope of this form.
fn envelope_in(format: EnvelopeFormat, bytes: &[u8]) -> bool {
    let Some(envelope) = shown(Envelope::parse(format, bytes)) else { return false };
    chain(&envelope.chain);
    [Some(envelope.attributes.signing_time), envelope.attributes.expiry].into_iter().flatten().for_each(time);
    assert!(envelope.attributes.expiry.is_none_or(|expiry| expiry > envelope.attributes.signing_time));
    stamp(&envelope, bytes);
    let unverified = envelope.clone();
    let Some(verified) = shown(envelope.verify(datetime!(2026-07-01 12:00 UTC))) else { return true };
    assert_eq!(verified.payload(), unverified.payload);
    assert_eq!(verified.format(), format);
    if let Ok(payload) = Payload::parse(verified.payload()) {
        assert_eq!(Payload::parse(&payload.to_bytes()), Ok(payload));
    }
    true
}

/// Adds a timestamp, which must change nothing else. The largest envelopes have no room for it.
fn stamp(envelope: &Envelope, bytes: &[u8]) {
    let Some(stamped) = shown(with_timestamp(envelope.format, bytes, b"token")) else { return };
    let Some(after) = shown(Envelope::parse(envelope.format, &stamped)) else { panic!("it does not parse any more") };
    assert_eq!(after.timestamp_signature(), Some(&b"token"[..]));
    assert_eq!((&after.payload, &after.attributes), (&envelope.payload, &envelope.attributes));
    assert_eq!((&after.chain, after.signature()), (&envelope.chain, envelope.signature()));
    let before = envelope.clone().verify_integrity().is_ok();
    assert_eq!(after.verify_integrity().is_ok(), before);
}

/// The message of the timestamps among the seeds.
const MESSAGE: &[u8] = b"a signature";

/// Parses a timestamp token, and verifies it with its own roots.
pub fn timestamp_token(bytes: &[u8]) {
    let Some(token) = shown(TimestampToken::parse(bytes)) else { return };
    let roots: Vec<_> = token.certificates().iter().filter(|one| one.is_root_authority()).cloned().collect();
    verified(&token, &roots);
}

/// Reads a response of a timestamping authority to a request.
pub fn timestamp_response(bytes: &[u8]) {
    let request = TimestampRequest::new(MESSAGE, DigestAlgorithm::Sha256, [7; TimestampRequest::NONCE_SIZE]);
    let request = request.unwrap_or_else(|why| panic!("{why}"));
    let Some((der, token)) = shown(request.check(bytes)) else { return };
    assert!(der.len() < bytes.len() && token.info().is_for(MESSAGE));
    let parsed = shown(TimestampToken::parse(&der)).unwrap_or_else(|| panic!("it parsed before"));
    assert_eq!(parsed.certificates(), token.certificates());
}

/// Verifies a token, whose parts must then be within their limits.
fn verified(token: &TimestampToken, roots: &[Certificate]) -> Option<VerifiedTimestamp> {
    assert!(!token.info().deviation().is_negative() && token.certificates().len() <= MAX_CERTIFICATES);
    time(token.info().gen_time);
    let verified = shown(token.verify(MESSAGE, roots))?;
    assert!(verified.lower_limit() <= verified.upper_limit() && verified.info().is_for(MESSAGE));
    assert!(roots.contains(verified.chain().root()) && verified.chain().certificates().len() > 1);
    Some(verified)
}

/// Reads a zip file, and signs it if it is one: the entries of the signed file must be the same.
pub fn zip_file(bytes: &[u8]) {
    let _ = shown(SignedZip::open(bytes, &Limits::LAMBDA)).map(|signed| signed.compare(bytes));
    let time = datetime!(2026-07-01 12:00 UTC);
    let signed =
        lambda::sign(bytes, &Limits::LAMBDA, time, |payload| Ok::<_, std::convert::Infallible>(payload.to_vec()));
    let Some(signed) = shown(signed) else { return };
    let Ok(whole) = signed.to_bytes(bytes) else { return };
    assert_eq!(whole.len() as u64, signed.size());
    let opened = SignedZip::open(&whole, &Limits::LAMBDA);
    let differences = opened.as_ref().map(|opened| opened.compare(&whole).map(|differences| differences.len()));
    assert!(matches!(differences, Ok(Ok(0))), "{differences:?}");
}

/// Parses a request to sign.
pub fn generate_envelope_request(bytes: &[u8]) {
    if let Some(request) = shown(SigningRequest::parse(bytes)) {
        assert_eq!(request.profile.to_string().parse(), Ok(request.profile));
    }
}

/// Parses a request to verify, checks its identities, and builds the revocation hashes of its chain.
pub fn verify_signature_request(bytes: &[u8]) {
    let Some(request) = shown(CheckRequest::parse(bytes)) else { return };
    chain(&request.chain);
    time(request.authentic_signing_time);
    assert!(!request.checks.is_empty());
    let wildcard = request.trusted_identities == TrustedIdentities::Any;
    match check_trusted_identity(&request.signer(), &request.trusted_identities) {
        Ok(verdict) => assert!(!wildcard && (!verdict.trusted || !request.trusted_identities.listed().is_empty())),
        Err(_) => assert!(wildcard),
    }
}

/// Parses the index of a layout, and manifests of every type.
pub fn layout(bytes: &[u8]) {
    for descriptor in shown(parse_layout_index(bytes)).unwrap_or_default() {
        assert_eq!(descriptor.digest.to_string().parse(), Ok(descriptor.digest));
    }
    if let Some(manifest) = shown(Manifest::parse(bytes)) {
        assert_eq!(Manifest::parse(&manifest.to_bytes()), Ok(manifest));
    }
    for media_type in MANIFEST_MEDIA_TYPES {
        let _ = shown(Links::read(media_type, bytes));
    }
}

/// Parses a file with credentials, and finds those of several repositories.
pub fn credentials_file(bytes: &[u8]) {
    for repository in ["docker.io/library/app", "registry.example.com/team/app", "127.0.0.1:5000/app"] {
        let repository: RepositoryName = repository.parse().unwrap_or_else(|why| panic!("{repository}: {why}"));
        let _ = shown(stored_credential(Path::new("config.json"), bytes, &repository));
    }
}

/// Parses trust policies for artifacts and for blobs, and finds the one that applies.
pub fn trust_policy(bytes: &[u8]) {
    if let Some(document) = shown(TrustPolicyDocument::parse(bytes)) {
        assert!(!document.policies().is_empty());
        for repository in ["registry.example.com/team/app", "127.0.0.1:5000/app"] {
            let scope: RegistryScope = repository.parse().unwrap_or_else(|why| panic!("{repository}: {why}"));
            let _ = shown(document.applicable(&scope));
        }
        for (_, policy) in document.policies() {
            assert!(!policy.name().is_empty());
        }
    }
    if let Some(document) = shown(BlobTrustPolicyDocument::parse(bytes)) {
        let _ = shown(document.applicable(None));
        let _ = shown(document.applicable(Some("team")));
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

/// Formats what was parsed, or the error.
fn shown<T: Debug, E: Debug + Display>(parsed: Result<T, E>) -> Option<T> {
    match parsed {
        Ok(value) => {
            assert!(!format!("{value:?}").is_empty());
            Some(value)
        }
        Err(why) => {
            assert!(!why.to_string().is_empty() && !format!("{why:?}").is_empty());
            None
        }
    }
}

/// Formats a time, which must be one that can be written and read.
fn time(time: OffsetDateTime) {
    let text = rfc3339(time);
    assert!(parse_rfc3339(&text).is_some(), "{text}");
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
        assert!(!format!("{certificate:?} {} {}", certificate.subject(), certificate.issuer()).is_empty());
        time(certificate.not_before());
        time(certificate.not_after());
    }
}
