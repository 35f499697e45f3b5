//! Signatures by a local key, as notation makes them without a plugin.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use notary::Descriptor;
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{
    Envelope, EnvelopeFormat, PAYLOAD_MEDIA_TYPE, Payload, SignatureAlgorithm, SigningScheme, header, with_timestamp,
};
use notary::text::rfc3339;
use notary::x509::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// The trusted identity of an [`OwnKey`].
pub const SUBJECT: &str = "x509.subject: C=US, ST=WA, O=Acme, CN=leaf";

/// A key, its certificate and the root that issued it.
pub struct OwnKey {
    key: EcdsaKeyPair,
    chain: [Vec<u8>; 2],
    issuer: Issuer<'static, KeyPair>,
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let names = [(DnType::CountryName, "US"), (DnType::StateOrProvinceName, "WA"), (DnType::OrganizationName, "Acme")];
    for (kind, value) in names.into_iter().chain([(DnType::CommonName, common_name)]) {
        params.distinguished_name.push(kind, value);
    }
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1000);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(1000);
    params
}

impl OwnKey {
    /// A key with a certificate; `change` applies before it is issued.
    pub fn new(change: impl FnOnce(&mut CertificateParams)) -> OwnKey {
        let root_key = new_key();
        let key = new_key();
        let mut root = params("root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut leaf = params("leaf");
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut leaf);
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&root, &root_key)).unwrap();
        let certificate = root.self_signed(&root_key).unwrap();
        OwnKey {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der()).unwrap(),
            chain: [leaf.der().to_vec(), certificate.der().to_vec()],
            issuer: Issuer::new(root, root_key),
        }
    }

    /// The issuer of the certificate.
    pub fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// A key whose certificate expired ten days ago.
    pub fn expired() -> OwnKey {
        OwnKey::new(|leaf| leaf.not_after = OffsetDateTime::now_utc() - Duration::days(10))
    }

    pub fn root(&self) -> Certificate {
        Certificate::from_der(self.chain[1].clone()).unwrap()
    }

    /// An envelope over the artifact, signed twenty days ago.
    pub fn sign(&self, artifact: &Descriptor, scheme: SigningScheme) -> Vec<u8> {
        self.sign_with(artifact, scheme, |_| ())
    }

    /// As [`OwnKey::sign`], in this format.
    pub fn sign_in(&self, format: EnvelopeFormat, artifact: &Descriptor, signing_scheme: SigningScheme) -> Vec<u8> {
        self.sign_in_with(format, artifact, signing_scheme, |_| ())
    }

    /// As [`OwnKey::sign_in`], after a change to the signed attributes.
    pub fn sign_in_with(
        &self,
        format: EnvelopeFormat,
        artifact: &Descriptor,
        signing_scheme: SigningScheme,
        change: impl FnOnce(&mut ProtectedAttributes),
    ) -> Vec<u8> {
        let mut attributes = ProtectedAttributes {
            algorithm: SignatureAlgorithm::Es256,
            signing_scheme,
            signing_time: OffsetDateTime::now_utc() - Duration::days(20),
            expiry: None,
            verification_plugin: None,
            verification_plugin_min_version: None,
            extended: Vec::new(),
        };
        change(&mut attributes);
        let payload = Payload { target_artifact: artifact.clone() }.to_bytes();
        let sign = |input: &[u8]| self.key.sign(&SystemRandom::new(), input).map(|s| s.as_ref().to_vec());
        build(format, &payload, &attributes, &self.chain, "test/1", sign).unwrap()
    }

    /// As [`OwnKey::sign`], after a change to the protected header.
    pub fn sign_with(&self, artifact: &Descriptor, scheme: SigningScheme, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let (time, crit) = match scheme {
            SigningScheme::X509 => (header::SIGNING_TIME, json!([header::SIGNING_SCHEME])),
            SigningScheme::SigningAuthority => {
                (header::AUTHENTIC_SIGNING_TIME, json!([header::SIGNING_SCHEME, header::AUTHENTIC_SIGNING_TIME]))
            }
        };
        let mut protected = json!({
            "alg": "ES256",
            "cty": PAYLOAD_MEDIA_TYPE,
            "crit": crit,
            header::SIGNING_SCHEME: scheme.as_str(),
            time: rfc3339(OffsetDateTime::now_utc() - Duration::days(20)),
        });
        change(&mut protected);
        let payload = URL_SAFE_NO_PAD.encode(Payload { target_artifact: artifact.clone() }.to_bytes());
        let protected = URL_SAFE_NO_PAD.encode(protected.to_string());
        let signature = self.key.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        let envelope = json!({
            "payload": payload,
            "protected": protected,
            "header": { "x5c": self.chain.each_ref().map(|der| STANDARD.encode(der)) },
            "signature": URL_SAFE_NO_PAD.encode(signature),
        });
        envelope.to_string().into_bytes()
    }
}

/// The signature of an envelope: the message of its timestamp.
pub fn signature_of(envelope: &[u8]) -> Vec<u8> {
    Envelope::parse(EnvelopeFormat::of(envelope), envelope).unwrap().signature().to_vec()
}

/// The envelope with this timestamp.
pub fn stamped(envelope: &[u8], token: &[u8]) -> Vec<u8> {
    with_timestamp(EnvelopeFormat::of(envelope), envelope, token).unwrap()
}

/// Adds a critical attribute.
pub fn add_critical(protected: &mut Value, name: &str, value: &str) {
    protected[name] = json!(value);
    protected["crit"].as_array_mut().unwrap().push(json!(name));
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}
