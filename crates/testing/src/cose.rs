//! Envelopes in the COSE form: valid ones, which a test can change before or after they are signed. The encoder is this
//! crate's own, so that it can also write what is wrong.

use super::certificate::{Spec, issue};
use super::envelope::{PAYLOAD, Scheme};
use super::key::{Key, Kind};

/// Labels of header parameters.
pub const ALG: i128 = 1;
pub const CRIT: i128 = 2;
pub const CONTENT_TYPE: i128 = 3;
pub const X5CHAIN: i128 = 33;

/// 2026-07-01T12:00:00Z, [`super::certificate::NOW`].
pub const NOW_SECONDS: i128 = 1_782_907_200;

/// A CBOR data item.
#[derive(Debug, Clone, PartialEq)]
pub enum Cbor {
    Integer(i128),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Cbor>),
    /// The entries in this order, whatever their keys.
    Map(Vec<(Cbor, Cbor)>),
    Tag(u64, Box<Cbor>),
    Simple(u8),
    Float(f64),
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
}

pub const NULL: Cbor = Cbor::Simple(22);

impl From<&str> for Cbor {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i128> for Cbor {
    fn from(integer: i128) -> Self {
        Self::Integer(integer)
    }
}

impl From<&[u8]> for Cbor {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl Cbor {
    /// A time of this number of seconds since 1970.
    pub fn time(seconds: i128) -> Self {
        Self::Tag(1, Box::new(Self::Integer(seconds)))
    }

    /// A string in bytes of indefinite length, in two parts.
    pub fn in_parts(bytes: &[u8]) -> Self {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let parts = [Self::from(first).encode(), Self::from(second).encode()];
        Self::Raw([vec![0x5f], parts.concat(), vec![0xff]].concat())
    }

    /// Appends to an array.
    pub fn push(&mut self, item: impl Into<Cbor>) {
        let Self::Array(items) = self else { panic!("{self:?} is not an array") };
        items.push(item.into());
    }

    /// The shortest encoding, with definite lengths.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Integer(integer @ 0..) => head(0, u64::try_from(*integer).unwrap()),
            Self::Integer(integer) => head(1, u64::try_from(-1 - integer).unwrap()),
            Self::Bytes(bytes) => [head(2, bytes.len() as u64), bytes.clone()].concat(),
            Self::Text(text) => [head(3, text.len() as u64), text.clone().into_bytes()].concat(),
            Self::Array(items) => {
                let items: Vec<u8> = items.iter().flat_map(Self::encode).collect();
                [head(4, self.len()), items].concat()
            }
            Self::Map(entries) => {
                let entries: Vec<u8> = entries.iter().flat_map(|(k, v)| [k.encode(), v.encode()].concat()).collect();
                [head(5, self.len()), entries].concat()
            }
            Self::Tag(number, item) => [head(6, *number), item.encode()].concat(),
            Self::Simple(value) => head(7, (*value).into()),
            Self::Float(value) => [vec![0xfb], value.to_be_bytes().to_vec()].concat(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Array(items) => items.len() as u64,
            Self::Map(entries) => entries.len() as u64,
            _ => 0,
        }
    }
}

/// The head of an item, in its shortest form.
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let first = |information: u8| vec![major << 5 | information];
    match argument {
        0..=23 => first(argument as u8),
        24..=0xff => [first(24), vec![argument as u8]].concat(),
        0x100..=0xffff => [first(25), (argument as u16).to_be_bytes().to_vec()].concat(),
        0x1_0000..=0xffff_ffff => [first(26), (argument as u32).to_be_bytes().to_vec()].concat(),
        _ => [first(27), argument.to_be_bytes().to_vec()].concat(),
    }
}

/// The parts of an envelope before it is signed.
#[derive(Debug)]
pub struct CoseDraft {
    /// The protected header in the order of its encoding.
    pub protected: Vec<(Cbor, Cbor)>,
    /// The protected header's bytes if they are not those of `protected`.
    pub protected_bytes: Option<Vec<u8>>,
    pub payload: Vec<u8>,
    pub unprotected: Vec<(Cbor, Cbor)>,
    pub key: Key,
}

impl CoseDraft {
    /// An envelope like AWS Signer's, but in the COSE form, signed with ES384.
    #[expect(clippy::new_without_default, reason = "each one has a new key")]
    pub fn new() -> Self {
        Self::with_kind(Kind::P384, Scheme::SigningAuthority)
    }

    pub fn with_kind(kind: Kind, scheme: Scheme) -> Self {
        let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P256)];
        let chain = issue(&specs);
        Self::of(specs.swap_remove(0).key, &chain, scheme, NOW_SECONDS, Some(NOW_SECONDS + 365 * 86_400))
    }

    /// An envelope that was signed at this time with this key and chain.
    pub fn of(key: Key, chain: &[Vec<u8>], scheme: Scheme, signed: i128, expiry: Option<i128>) -> Self {
        let mut crit = vec![Cbor::from("io.cncf.notary.signingScheme")];
        let time = match scheme {
            Scheme::X509 => "io.cncf.notary.signingTime",
            Scheme::SigningAuthority => "io.cncf.notary.authenticSigningTime",
        };
        if scheme == Scheme::SigningAuthority {
            crit.push(time.into());
        }
        let mut protected = vec![
            (ALG.into(), key.cose_algorithm().into()),
            (CONTENT_TYPE.into(), "application/vnd.cncf.notary.payload.v1+json".into()),
            ("io.cncf.notary.signingScheme".into(), scheme.as_str().into()),
            (time.into(), Cbor::time(signed)),
        ];
        if let Some(expiry) = expiry {
            crit.push("io.cncf.notary.expiry".into());
            protected.push(("io.cncf.notary.expiry".into(), Cbor::time(expiry)));
        }
        protected.insert(1, (CRIT.into(), Cbor::Array(crit)));
        let unprotected =
            vec![(X5CHAIN.into(), x5chain(chain)), ("io.cncf.notary.signingAgent".into(), "test/1".into())];
        Self { protected, protected_bytes: None, payload: PAYLOAD.to_vec(), unprotected, key }
    }

    /// Changes a parameter of the protected header, or adds it.
    pub fn protect(mut self, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Self {
        set(&mut self.protected, label.into(), Some(value.into()));
        self
    }

    /// Removes a parameter of the protected header.
    pub fn without(mut self, label: impl Into<Cbor>) -> Self {
        set(&mut self.protected, label.into(), None);
        self
    }

    /// Adds a label to `crit`.
    pub fn critical(mut self, label: impl Into<Cbor>) -> Self {
        self.crit().push(label);
        self
    }

    /// The value of `crit`.
    pub fn crit(&mut self) -> &mut Cbor {
        &mut self.protected.iter_mut().find(|(label, _)| *label == Cbor::Integer(CRIT)).unwrap().1
    }

    /// The value of a parameter of the protected header.
    pub fn protected(&self, label: impl Into<Cbor>) -> Cbor {
        let label = label.into();
        self.protected.iter().find(|(other, _)| *other == label).unwrap().1.clone()
    }

    /// Changes a parameter of the unprotected header, or adds it.
    pub fn unprotected(mut self, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Self {
        set(&mut self.unprotected, label.into(), Some(value.into()));
        self
    }

    /// Removes a parameter of the unprotected header.
    pub fn without_unprotected(mut self, label: impl Into<Cbor>) -> Self {
        set(&mut self.unprotected, label.into(), None);
        self
    }

    /// The certificates of the unprotected header.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        let x5chain = self.unprotected.iter().find(|(label, _)| *label == Cbor::Integer(X5CHAIN));
        let Some((_, Cbor::Array(certificates))) = x5chain else { panic!("{x5chain:?}") };
        let der = |certificate: &Cbor| match certificate {
            Cbor::Bytes(der) => der.clone(),
            other => panic!("{other:?}"),
        };
        certificates.iter().map(der).collect()
    }

    /// The protected header's bytes.
    pub fn protected_bytes(&self) -> Vec<u8> {
        self.protected_bytes.clone().unwrap_or_else(|| Cbor::Map(self.protected.clone()).encode())
    }

    /// The bytes that are signed.
    pub fn sig_structure(&self) -> Vec<u8> {
        sig_structure(&self.protected_bytes(), &self.payload)
    }

    /// The signed envelope's elements: protected, unprotected, payload, signature.
    pub fn elements(&self) -> [Cbor; 4] {
        let signature = self.key.sign_envelope(&self.sig_structure());
        [
            Cbor::Bytes(self.protected_bytes()),
            Cbor::Map(self.unprotected.clone()),
            Cbor::Bytes(self.payload.clone()),
            Cbor::Bytes(signature),
        ]
    }

    /// The signed envelope.
    pub fn sign(&self) -> Vec<u8> {
        sign1(self.elements())
    }
}

/// A `COSE_Sign1_Tagged`.
pub fn sign1(elements: impl Into<Vec<Cbor>>) -> Vec<u8> {
    Cbor::Tag(18, Box::new(Cbor::Array(elements.into()))).encode()
}

/// The `Sig_structure` of RFC 9052.
pub fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let parts = ["Signature1".into(), Cbor::from(protected), Cbor::Bytes(Vec::new()), Cbor::from(payload)];
    Cbor::Array(parts.into()).encode()
}

/// The value of `x5chain`.
pub fn x5chain(chain: &[Vec<u8>]) -> Cbor {
    Cbor::Array(chain.iter().map(|der| Cbor::Bytes(der.clone())).collect())
}

fn set(header: &mut Vec<(Cbor, Cbor)>, label: Cbor, value: Option<Cbor>) {
    let position = header.iter().position(|(other, _)| *other == label);
    match (position, value) {
        (Some(position), Some(value)) => header[position].1 = value,
        (Some(position), None) => drop(header.remove(position)),
        (None, Some(value)) => header.push((label, value)),
        (None, None) => {}
    }
}
