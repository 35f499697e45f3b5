//! Keys that sign certificates and envelopes.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};

use super::der::{bits, oid, sequence};

/// The supported key types, and Ed25519, which is unsupported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    P256,
    P384,
    P521,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    Ed25519,
}

#[derive(Debug)]
pub struct Key {
    pub kind: Kind,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    /// The same key for both signature formats: DER in certificates, `r || s` in envelopes.
    Ecdsa(Box<[EcdsaKeyPair; 2]>),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    pub fn new(kind: Kind) -> Self {
        let ecdsa = |asn1, fixed| {
            let pair = EcdsaKeyPair::generate(asn1).unwrap();
            let document = pair.to_pkcs8v1().unwrap();
            Pair::Ecdsa(Box::new([pair, EcdsaKeyPair::from_pkcs8(fixed, document.as_ref()).unwrap()]))
        };
        let rsa = |size| Pair::Rsa(Box::new(RsaKeyPair::generate(size).unwrap()));
        let pair = match kind {
            Kind::P256 => {
                ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, &signature::ECDSA_P256_SHA256_FIXED_SIGNING)
            }
            Kind::P384 => {
                ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, &signature::ECDSA_P384_SHA384_FIXED_SIGNING)
            }
            Kind::P521 => {
                ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING, &signature::ECDSA_P521_SHA512_FIXED_SIGNING)
            }
            Kind::Rsa2048 => rsa(KeySize::Rsa2048),
            Kind::Rsa3072 => rsa(KeySize::Rsa3072),
            Kind::Rsa4096 => rsa(KeySize::Rsa4096),
            Kind::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
        };
        Self { kind, pair }
    }

    /// The `alg` of envelopes signed with this key.
    pub fn jws_name(&self) -> &'static str {
        match self.kind {
            Kind::P256 => "ES256",
            Kind::P384 => "ES384",
            Kind::P521 => "ES512",
            Kind::Rsa2048 => "PS256",
            Kind::Rsa3072 => "PS384",
            Kind::Rsa4096 => "PS512",
            Kind::Ed25519 => "EdDSA",
        }
    }

    /// The value of the COSE header parameter `alg` for envelopes signed with this key.
    pub fn cose_algorithm(&self) -> i128 {
        match self.kind {
            Kind::P256 => -7,
            Kind::P384 => -35,
            Kind::P521 => -36,
            Kind::Rsa2048 => -37,
            Kind::Rsa3072 => -38,
            Kind::Rsa4096 => -39,
            Kind::Ed25519 => -8,
        }
    }

    /// The private key, PKCS #8.
    pub fn pkcs8(&self) -> Vec<u8> {
        let document = match &self.pair {
            Pair::Ecdsa(pairs) => pairs[0].to_pkcs8v1(),
            Pair::Rsa(pair) => return AsDer::<Pkcs8V1Der<'_>>::as_der(&**pair).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
        };
        document.unwrap().as_ref().to_vec()
    }

    /// SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let ec = |curve| sequence(&[&oid("1.2.840.10045.2.1"), &oid(curve)]);
        let algorithm = match self.kind {
            Kind::P256 => ec("1.2.840.10045.3.1.7"),
            Kind::P384 => ec("1.3.132.0.34"),
            Kind::P521 => ec("1.3.132.0.35"),
            Kind::Rsa2048 | Kind::Rsa3072 | Kind::Rsa4096 => sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]),
            Kind::Ed25519 => sequence(&[&oid("1.3.101.112")]),
        };
        sequence(&[&algorithm, &bits(&self.public())])
    }

    /// The public key's bytes: an uncompressed point, or an RSAPublicKey.
    pub fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa(pairs) => pairs[0].public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The AlgorithmIdentifier of certificates signed with this key.
    pub fn certificate_algorithm(&self) -> Vec<u8> {
        match self.kind {
            Kind::P256 => sequence(&[&oid("1.2.840.10045.4.3.2")]),
            Kind::P384 => sequence(&[&oid("1.2.840.10045.4.3.3")]),
            Kind::P521 => sequence(&[&oid("1.2.840.10045.4.3.4")]),
            Kind::Rsa2048 | Kind::Rsa3072 | Kind::Rsa4096 => sequence(&[&oid("1.2.840.113549.1.1.11"), &[5, 0]]),
            Kind::Ed25519 => sequence(&[&oid("1.3.101.112")]),
        }
    }

    /// A signature in the format of certificates.
    pub fn sign_certificate(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ecdsa(pairs) => pairs[0].sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => sign_rsa(pair, &signature::RSA_PKCS1_SHA256, message),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A signature in the format of envelopes, the same for JWS and COSE.
    pub fn sign_envelope(&self, message: &[u8]) -> Vec<u8> {
        let pss = match self.kind {
            Kind::Rsa3072 => &signature::RSA_PSS_SHA384,
            Kind::Rsa4096 => &signature::RSA_PSS_SHA512,
            _ => &signature::RSA_PSS_SHA256,
        };
        match &self.pair {
            Pair::Ecdsa(pairs) => pairs[1].sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => sign_rsa(pair, pss, message),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn sign_rsa(pair: &RsaKeyPair, encoding: &'static dyn signature::RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}
