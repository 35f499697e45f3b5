//! Generates `plugin-spec/material.json`: the certificates and envelopes that the vectors in `plugin-spec/vectors`
//! refer to.
//!
//! `cargo run --example spec-material > plugin-spec/material.json`. The file is committed because keys and ECDSA
//! signatures are random: each run changes the bytes of the vectors. The keys are discarded.
#![allow(clippy::expect_used, reason = "a program for developers, which may panic")]

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use notary::x509::CertificateChain;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, SerialNumber,
};
use serde_json::{Value, json};
use time::macros::datetime;

const PAYLOAD: &str = r#"{"targetArtifact":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef","size":1024,"annotations":{"team":"payload-marker"}}}"#;
const PROFILE_VERSION: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Release_1/Qw3rTy7890";
const JOB: &str = "arn:aws:signer:us-west-2:111122223333:/signing-jobs/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const SCHEME: &str = "io.cncf.notary.signingScheme";
const TIME: &str = "io.cncf.notary.authenticSigningTime";
const EXPIRY: &str = "io.cncf.notary.expiry";
const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
const MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
const PROFILE_VERSION_NAME: &str = "com.amazonaws.signer.signingProfileVersion";
const JOB_NAME: &str = "com.amazonaws.signer.signingJob";

fn main() {
    let authorities = Authorities::new();
    let chain = || vec![authorities.leaf.clone(), authorities.intermediate.clone(), authorities.root.clone()];
    let mut names = BTreeMap::new();
    for (name, certificate) in [
        ("leaf", &authorities.leaf),
        ("intermediate", &authorities.intermediate),
        ("root", &authorities.root),
        ("impostor", &authorities.impostor),
        ("unrelated", &authorities.unrelated),
    ] {
        names.insert(format!("certificate.{name}"), STANDARD.encode(certificate));
    }
    names.insert("certificate.leaf-and-a-byte".to_owned(), STANDARD.encode([&authorities.leaf[..], b"\0"].concat()));
    let hashes = CertificateChain::from_der(chain())
        .expect("the chain is well-formed")
        .link()
        .expect("the chain links up")
        .revocation_hashes();
    for (position, hash) in hashes.into_iter().enumerate() {
        names.insert(format!("hash.{position}"), hash);
    }
    names.insert("payload".to_owned(), STANDARD.encode(PAYLOAD));
    let valid = || Envelope::new(chain());
    for (name, envelope) in [
        ("valid", valid()),
        ("without-expiry", valid().without(EXPIRY)),
        ("older-plugin-will-do", valid().with(MIN_VERSION, "1.0.0")),
        ("other-payload", Envelope { payload: PAYLOAD.replace("1024", "1025"), ..valid() }),
        ("other-profile", valid().with(PROFILE_VERSION_NAME, &PROFILE_VERSION.replace("Release_1", "Release_2"))),
        ("profile-in-other-case", valid().with(PROFILE_VERSION_NAME, &PROFILE_VERSION.replace("Rel", "rel"))),
        ("other-account", valid().with(PROFILE_VERSION_NAME, &PROFILE_VERSION.replace("1111", "4444"))),
        ("profile-without-version", valid().with(PROFILE_VERSION_NAME, &PROFILE_VERSION[..PROFILE_VERSION.len() - 11])),
        ("no-job", valid().without(JOB_NAME)),
        ("job-not-critical", valid().not_critical(JOB_NAME)),
        ("unknown-critical", valid().with("com.example.approval", "granted")),
        ("other-plugin", valid().with(PLUGIN, "com.example.plugin")),
        ("newer-plugin", valid().with(MIN_VERSION, "99.0.0")),
        ("other-scheme", valid().without(TIME).with(SCHEME, "notary.x509").with_time_of_the_signer()),
        ("expires-before-signing", valid().with(EXPIRY, "2026-01-15T09:59:59Z")),
        ("signed-before-the-certificate", valid().with(TIME, "2019-12-31T23:59:59Z")),
        ("other-algorithm", Envelope { algorithm: "ES256", ..valid() }),
        ("broken-signature", Envelope { alter: |signature| signature[7] ^= 1, ..valid() }),
        ("without-root", Envelope { chain: chain()[..2].to_vec(), ..valid() }),
        ("foreign-chain", Envelope { chain: vec![authorities.leaf.clone(), authorities.impostor.clone()], ..valid() }),
    ] {
        names.insert(format!("envelope.{name}"), STANDARD.encode(envelope.sign(&authorities.leaf_key)));
    }
    println!("{}", serde_json::to_string_pretty(&names).expect("text has a JSON form"));
}

/// A chain like AWS Signer's, and certificates that do not belong to it.
struct Authorities {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    leaf: Vec<u8>,
    leaf_key: KeyPair,
    /// A certificate with the intermediate's name and another key.
    impostor: Vec<u8>,
    /// Another root.
    unrelated: Vec<u8>,
}

impl Authorities {
    fn new() -> Self {
        let key = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
        let root_key = key();
        let intermediate_key = key();
        let leaf_key = key();
        let root = authority("Vector Root", 1, 1);
        let intermediate = authority("Vector Intermediate", 2, 0);
        let mut leaf = params("Vector Signer", 3);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        let der = |certificate: rcgen::Certificate| certificate.der().to_vec();
        let self_signed = |params: &CertificateParams, key: &KeyPair| der(params.self_signed(key).expect("a root"));
        let issued = |params: &CertificateParams, key: &KeyPair, issuer: &CertificateParams, issuer_key: &KeyPair| {
            der(params.signed_by(key, &Issuer::from_params(issuer, issuer_key)).expect("a certificate"))
        };
        Self {
            intermediate: issued(&intermediate, &intermediate_key, &root, &root_key),
            leaf: issued(&leaf, &leaf_key, &intermediate, &intermediate_key),
            impostor: issued(&intermediate, &key(), &root, &root_key),
            unrelated: self_signed(&authority("Vector Stranger", 4, 1), &key()),
            root: self_signed(&root, &root_key),
            leaf_key,
        }
    }
}

fn authority(name: &str, serial: u8, path_length: u8) -> CertificateParams {
    let mut params = params(name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(name: &str, serial: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Plugin Specification");
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from_slice(&[serial]));
    params.not_before = datetime!(2020-01-01 00:00 UTC);
    params.not_after = datetime!(2119-12-31 23:59:59 UTC);
    params
}

/// An envelope before signing. Its defects are signed, too.
struct Envelope {
    payload: String,
    algorithm: &'static str,
    attributes: Vec<(String, String)>,
    /// Attributes that are not listed in `crit`.
    uncritical: Vec<String>,
    chain: Vec<Vec<u8>>,
    alter: fn(&mut [u8]),
}

impl Envelope {
    fn new(chain: Vec<Vec<u8>>) -> Self {
        let attributes = [
            (SCHEME, "notary.x509.signingAuthority"),
            (TIME, "2026-01-15T10:00:00Z"),
            (EXPIRY, "2099-01-15T10:00:00Z"),
            (PLUGIN, "com.amazonaws.signer.notation.plugin"),
            (PROFILE_VERSION_NAME, PROFILE_VERSION),
            (JOB_NAME, JOB),
        ];
        Self {
            payload: PAYLOAD.to_owned(),
            algorithm: "ES384",
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            uncritical: Vec::new(),
            chain,
            alter: |_| {},
        }
    }

    fn without(mut self, name: &str) -> Self {
        self.attributes.retain(|(n, _)| n != name);
        self
    }

    fn with(self, name: &str, value: &str) -> Self {
        let mut changed = self.without(name);
        changed.attributes.push((name.to_owned(), value.to_owned()));
        changed
    }

    fn not_critical(mut self, name: &str) -> Self {
        self.uncritical.push(name.to_owned());
        self
    }

    fn with_time_of_the_signer(self) -> Self {
        const NAME: &str = "io.cncf.notary.signingTime";
        self.with(NAME, "2026-01-15T10:00:00Z").not_critical(NAME)
    }

    fn sign(self, key: &KeyPair) -> Vec<u8> {
        let names = self.attributes.iter().map(|(name, _)| name);
        let critical: Vec<&String> = names.filter(|name| !self.uncritical.contains(name)).collect();
        let mut protected = json!({
            "alg": self.algorithm,
            "cty": "application/vnd.cncf.notary.payload.v1+json",
            "crit": critical,
        });
        for (name, value) in &self.attributes {
            protected[name] = Value::String(value.clone());
        }
        let protected = URL_SAFE_NO_PAD.encode(protected.to_string());
        let payload = URL_SAFE_NO_PAD.encode(&self.payload);
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &key.serialize_der()).expect("a key");
        let signature = signer.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes());
        let mut signature = signature.expect("a signature").as_ref().to_vec();
        (self.alter)(&mut signature);
        let chain: Vec<String> = self.chain.iter().map(|der| STANDARD.encode(der)).collect();
        let envelope = json!({
            "payload": payload,
            "protected": protected,
            "header": { "x5c": chain, "io.cncf.notary.signingAgent": "plugin-spec/1.0" },
            "signature": URL_SAFE_NO_PAD.encode(signature),
        });
        envelope.to_string().into_bytes()
    }
}
