//! Timestamps: valid ones, which a test can change before they are signed, and responses with them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use time::OffsetDateTime;

use super::certificate::{NOW, Spec, issue};
use super::der::{oid, sequence, tlv};
use super::key::{Key, Kind};
use super::status::{SHA1, generalized};

pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
pub const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
pub const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
pub const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
pub const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
pub const SHA2_256: &str = "2.16.840.1.101.3.4.2.1";
pub const SHA2_384: &str = "2.16.840.1.101.3.4.2.2";
pub const SHA2_512: &str = "2.16.840.1.101.3.4.2.3";
pub const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
pub const POLICY: &str = "1.2.3.4.1";
pub const BASELINE_POLICY: &str = "0.4.0.2023.1.1";

pub fn hash(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        SHA1 => &SHA1_FOR_LEGACY_USE_ONLY,
        SHA2_384 => &SHA384,
        SHA2_512 => &SHA512,
        _ => &SHA256,
    };
    digest(algorithm, bytes).as_ref().to_vec()
}

/// An AlgorithmIdentifier with NULL parameters.
pub fn algorithm(id: &str) -> Vec<u8> {
    sequence(&[&oid(id), &[5, 0]])
}

/// The content of a token; each part in DER, empty if absent.
#[derive(Debug, Clone)]
pub struct Info {
    pub version: Vec<u8>,
    pub policy: Vec<u8>,
    pub imprint: Vec<u8>,
    pub serial: Vec<u8>,
    pub gen_time: Vec<u8>,
    pub accuracy: Vec<u8>,
    pub ordering: Vec<u8>,
    pub nonce: Vec<u8>,
    pub tsa: Vec<u8>,
    pub extensions: Vec<u8>,
}

pub fn imprint(algorithm_id: &str, message: &[u8]) -> Vec<u8> {
    sequence(&[&algorithm(algorithm_id), &tlv(4, &hash(algorithm_id, message))])
}

pub fn accuracy(seconds: Option<u8>, millis: &[u8], micros: &[u8]) -> Vec<u8> {
    let part = |tag, content: &[u8]| if content.is_empty() { Vec::new() } else { tlv(tag, content) };
    sequence(&[&seconds.map_or(Vec::new(), |s| tlv(2, &[s])), &part(0x80, millis), &part(0x81, micros)])
}

impl Info {
    pub fn new(message: &[u8], time: OffsetDateTime) -> Self {
        Self {
            version: vec![2, 1, 1],
            policy: oid(POLICY),
            imprint: imprint(SHA2_256, message),
            serial: vec![2, 2, 0x12, 0x34],
            gen_time: generalized(time),
            accuracy: Vec::new(),
            ordering: Vec::new(),
            nonce: Vec::new(),
            tsa: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub fn der(&self) -> Vec<u8> {
        let Self { version, policy, imprint, serial, gen_time, accuracy, ordering, nonce, tsa, extensions } = self;
        sequence(&[version, policy, imprint, serial, gen_time, accuracy, ordering, nonce, tsa, extensions])
    }
}

/// A timestamping authority: its signing key, and the certificates from its own to the root.
#[derive(Debug)]
pub struct Tsa {
    pub specs: Vec<Spec>,
    pub chain: Vec<Vec<u8>>,
}

impl Tsa {
    /// An authority with an intermediate and a root on P-256, valid around [`NOW`].
    pub fn new(kind: Kind) -> Self {
        Self::with(kind, |_| ())
    }

    /// As [`Tsa::new`], after a change to the certificates.
    pub fn with(kind: Kind, change: impl FnOnce(&mut Vec<Spec>)) -> Self {
        let mut specs =
            vec![Spec::tsa(kind), Spec::authority("tsa-ca", Kind::P256), Spec::authority("tsa-root", Kind::P256)];
        change(&mut specs);
        let chain = issue(&specs);
        Self { specs, chain }
    }

    pub fn key(&self) -> &Key {
        &self.specs[0].key
    }

    pub fn root(&self) -> &[u8] {
        self.chain.last().unwrap()
    }

    /// A token for the message at [`NOW`].
    pub fn draft(&self, message: &[u8]) -> TokenDraft {
        self.draft_at(message, NOW)
    }

    pub fn draft_at(&self, message: &[u8], time: OffsetDateTime) -> TokenDraft {
        TokenDraft::new(self, Info::new(message, time))
    }

    /// The token of the draft, signed.
    pub fn sign(&self, draft: &TokenDraft) -> Vec<u8> {
        draft.sign(self.key())
    }

    /// An unchanged token.
    pub fn token(&self, message: &[u8]) -> Vec<u8> {
        self.sign(&self.draft(message))
    }

    /// The DER of the issuer's name in the signing certificate.
    fn issuer(&self) -> Vec<u8> {
        let issuer = self.specs.get(1).unwrap_or(&self.specs[0]);
        self.specs[0].issuer.clone().unwrap_or_else(|| issuer.subject.clone())
    }
}

/// The parts of a token before it is signed, each in DER unless said otherwise.
#[derive(Debug, Clone)]
pub struct TokenDraft {
    pub info: Info,
    /// The content, if it is not [`Self::info`].
    pub content: Option<Vec<u8>>,
    pub content_info_type: Vec<u8>,
    pub content_type: Vec<u8>,
    pub version: Vec<u8>,
    pub signer_version: Vec<u8>,
    pub signer_id: Vec<u8>,
    pub digest_algorithm: Vec<u8>,
    /// `digestAlgorithms`, if it is not the set with [`Self::digest_algorithm`].
    pub digest_algorithms: Option<Vec<u8>>,
    /// The hash function of messageDigest.
    pub digest: &'static str,
    /// Object identifiers with their values.
    pub attributes: Vec<(&'static str, Vec<Vec<u8>>)>,
    /// Whether the attributes are sorted as DER requires.
    pub sorted: bool,
    pub signature_algorithm: Vec<u8>,
    pub certificates: Vec<Vec<u8>>,
    /// What follows the certificates: `crls`.
    pub crls: Vec<u8>,
    /// How many times the signer is listed.
    pub signers: usize,
    pub unsigned_attributes: Vec<u8>,
    /// Changes the signature.
    pub broken: bool,
}

/// ESSCertIDv2 with SHA-256.
pub fn certificate_id(certificate: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(4, &hash(SHA2_256, certificate))])
}

/// SigningCertificateV2.
pub fn signing_certificate(ids: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&tlv(0x30, &ids.concat())])
}

/// IssuerSerial.
pub fn issuer_serial(issuer: &[u8], serial: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&tlv(0xa4, issuer)]), &tlv(2, serial)])
}

impl TokenDraft {
    pub fn new(tsa: &Tsa, info: Info) -> Self {
        let digest = match tsa.key().kind {
            Kind::P384 => SHA2_384,
            Kind::P521 => SHA2_512,
            // RSA keys sign certificates, and so tokens, with SHA-256.
            _ => SHA2_256,
        };
        let signature_algorithm = match tsa.key().kind {
            Kind::Rsa2048 | Kind::Rsa3072 | Kind::Rsa4096 => algorithm(RSA_ENCRYPTION),
            _ => tsa.key().certificate_algorithm(),
        };
        Self {
            info,
            content: None,
            content_info_type: oid(SIGNED_DATA),
            content_type: oid(TST_INFO),
            version: vec![2, 1, 3],
            signer_version: vec![2, 1, 1],
            signer_id: sequence(&[&tsa.issuer(), &[2, 2, 0x12, 0x34]]),
            digest_algorithm: algorithm(digest),
            digest_algorithms: None,
            digest,
            attributes: vec![
                (CONTENT_TYPE, vec![oid(TST_INFO)]),
                (SIGNING_CERTIFICATE_V2, vec![signing_certificate(&[certificate_id(&tsa.chain[0])])]),
            ],
            sorted: true,
            signature_algorithm,
            certificates: tsa.chain.clone(),
            crls: Vec::new(),
            signers: 1,
            unsigned_attributes: Vec::new(),
            broken: false,
        }
    }

    /// Replaces the values of an attribute, or adds it; without values, removes it.
    pub fn set(&mut self, id: &'static str, values: &[Vec<u8>]) {
        self.attributes.retain(|(own, _)| *own != id);
        if !values.is_empty() {
            self.attributes.push((id, values.to_vec()));
        }
    }

    /// The token, signed with this key.
    pub fn sign(&self, key: &Key) -> Vec<u8> {
        self.sign_by(|message| key.sign_certificate(message))
    }

    pub fn sign_by(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let content = self.content.clone().unwrap_or_else(|| self.info.der());
        let mut attributes = self.attributes.clone();
        if !attributes.iter().any(|(id, _)| *id == MESSAGE_DIGEST) {
            attributes.push((MESSAGE_DIGEST, vec![tlv(4, &hash(self.digest, &content))]));
        }
        attributes.retain(|(_, values)| values != &[Vec::<u8>::new()]);
        let attribute = |(id, values): &(&str, Vec<Vec<u8>>)| sequence(&[&oid(id), &tlv(0x31, &values.concat())]);
        let mut attributes: Vec<Vec<u8>> = attributes.iter().map(attribute).collect();
        attributes.sort();
        if !self.sorted {
            attributes.reverse();
        }
        let attributes = attributes.concat();
        let mut signature = sign(&tlv(0x31, &attributes));
        if self.broken {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        let signer = sequence(&[
            &self.signer_version,
            &self.signer_id,
            &self.digest_algorithm,
            &if attributes.is_empty() { Vec::new() } else { tlv(0xa0, &attributes) },
            &self.signature_algorithm,
            &tlv(4, &signature),
            &self.unsigned_attributes,
        ]);
        let certificates = self.certificates.concat();
        let signed_data = sequence(&[
            &self.version,
            &self.digest_algorithms.clone().unwrap_or_else(|| tlv(0x31, &self.digest_algorithm)),
            &sequence(&[&self.content_type, &tlv(0xa0, &tlv(4, &content))]),
            &if certificates.is_empty() { Vec::new() } else { tlv(0xa0, &certificates) },
            &self.crls,
            &tlv(0x31, &signer.repeat(self.signers)),
        ]);
        sequence(&[&self.content_info_type, &tlv(0xa0, &signed_data)])
    }
}

/// A response that grants a request with this token.
pub fn granted(token: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&[2, 1, 0]]), token])
}

/// A response that refuses a request with this status, text and failure bits.
pub fn refused(status: u8, text: &str, failures: &[u8]) -> Vec<u8> {
    let text = if text.is_empty() { Vec::new() } else { sequence(&[&tlv(0x0c, text.as_bytes())]) };
    let failures = if failures.is_empty() { Vec::new() } else { failure_bits(failures) };
    sequence(&[&sequence(&[&[2, 1, status], &text, &failures])])
}

fn failure_bits(set: &[u8]) -> Vec<u8> {
    let mut bytes = [0u8; 4];
    for bit in set {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let unused = bytes[..length].last().map_or(0, |last| last.trailing_zeros() as u8);
    tlv(3, &[&[unused], &bytes[..length]].concat())
}

/// What a request asks for: the parts that a response must repeat.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The DER of MessageImprint.
    pub imprint: Vec<u8>,
    /// The DER of the nonce, empty if absent.
    pub nonce: Vec<u8>,
    pub certificates: bool,
}

impl Asked {
    /// Reads a request of version 1 without policy and extensions.
    pub fn read(request: &[u8]) -> Asked {
        use ::der::Reader as _;
        let mut outer = ::der::SliceReader::new(request).unwrap();
        let fields = outer.tlv_bytes().unwrap();
        let header = fields.len() - usize::from(fields[1]);
        assert!(outer.is_finished() && fields[1] < 0x80);
        let mut fields = ::der::SliceReader::new(&fields[header..]).unwrap();
        assert_eq!(fields.tlv_bytes().unwrap(), [2, 1, 1]);
        let imprint = fields.tlv_bytes().unwrap().to_vec();
        let mut asked = Asked { imprint, nonce: Vec::new(), certificates: false };
        while !fields.is_finished() {
            let field = fields.tlv_bytes().unwrap();
            match field[0] {
                2 => asked.nonce = field.to_vec(),
                1 => asked.certificates = field[2] != 0,
                tag => panic!("unexpected tag {tag}"),
            }
        }
        asked
    }
}
