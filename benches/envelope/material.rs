//! Envelopes of the size and structure of AWS Signer's.

use std::convert::Infallible;

use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{EnvelopeFormat, SignatureAlgorithm, SigningScheme};
use testing::certificate::{Extension, NOW, Spec, issue};
use testing::der::{oid, sequence, tlv};
use testing::envelope::PAYLOAD;
use testing::key::{Key, Kind};
use time::Duration;

/// An envelope in both forms, and its individual signatures.
pub struct Material {
    pub envelopes: [(EnvelopeFormat, Vec<u8>); 2],
    /// Public key, message and signature: first the envelope's, then those of the certificates.
    pub signatures: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
}

impl Material {
    /// An envelope with a chain of this number of certificates, all on P-384.
    pub fn new(certificates: usize) -> Material {
        let names = ["issuing", "policy", "service", "root"];
        let authorities = names[names.len() + 1 - certificates..].iter().map(|name| Spec::authority(name, Kind::P384));
        let mut specs: Vec<Spec> = [Spec::leaf(Kind::P384)].into_iter().chain(authorities).collect();
        for (position, spec) in specs.iter_mut().enumerate() {
            fill(spec, position);
        }
        let chain = issue(&specs);
        let mut signatures: Vec<_> = (0..specs.len())
            .map(|position| {
                let issuer = &specs[(position + 1).min(specs.len() - 1)].key;
                (issuer.public(), chain[position].clone(), issuer.sign_certificate(&chain[position]))
            })
            .collect();
        let key = specs.swap_remove(0).key;
        let envelopes = EnvelopeFormat::ALL.map(|format| (format, envelope(format, &key, &chain)));
        let message = &envelopes[0].1;
        signatures.insert(0, (key.public(), message.clone(), key.sign_envelope(message)));
        Material { envelopes, signatures }
    }
}

/// Adds names and extensions of realistic length.
fn fill(spec: &mut Spec, position: usize) {
    let attribute = |kind: &str, value: &str| tlv(0x31, &sequence(&[&oid(kind), &tlv(0x0c, value.as_bytes())]));
    let common_name = format!("Example Container Signing Authority, certificate {position} of the chain");
    spec.subject = sequence(&[
        &attribute("2.5.4.6", "US"),
        &attribute("2.5.4.8", "Washington"),
        &attribute("2.5.4.7", "Seattle"),
        &attribute("2.5.4.10", "Example Web Services, Inc."),
        &attribute("2.5.4.11", "Example Cryptography"),
        &attribute("2.5.4.3", &common_name),
    ]);
    let key_id = [position as u8; 20];
    let uri = |path: &str| tlv(0x86, format!("http://certificates.example.com/{position}/{path}").as_bytes());
    let extensions = [
        ("2.5.29.14", tlv(4, &key_id)),
        ("2.5.29.35", sequence(&[&tlv(0x80, &key_id)])),
        ("2.5.29.31", sequence(&[&sequence(&[&tlv(0xa0, &tlv(0xa0, &uri("list-of-revoked-certificates.crl")))])])),
        ("1.3.6.1.5.5.7.1.1", sequence(&[&sequence(&[&oid("1.3.6.1.5.5.7.48.2"), &uri("issuer.cer")])])),
    ];
    spec.extensions.extend(extensions.map(|(oid, value)| Extension { oid, critical: false, value }));
}

fn envelope(format: EnvelopeFormat, key: &Key, chain: &[Vec<u8>]) -> Vec<u8> {
    let extended = [
        (
            "com.amazonaws.signer.signingProfileVersion",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd/Ab12Cd34Ef",
        ),
        (
            "com.amazonaws.signer.signingJob",
            "arn:aws:signer:us-west-2:111122223333:/signing-jobs/5a5a5a5a-5a5a-4a5a-8a5a-5a5a5a5a5a5a",
        ),
    ];
    let attributes = ProtectedAttributes {
        algorithm: SignatureAlgorithm::Es384,
        signing_scheme: SigningScheme::SigningAuthority,
        signing_time: NOW,
        expiry: Some(NOW + Duration::days(365 * 10)),
        verification_plugin: Some("com.amazonaws.signer.notation.plugin".to_owned()),
        verification_plugin_min_version: None,
        extended: extended.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    };
    let sign = |input: &[u8]| Ok::<_, Infallible>(key.sign_envelope(input));
    build(format, PAYLOAD, &attributes, chain, "example/1.0", sign).unwrap()
}
