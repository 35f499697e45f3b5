//! RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8017, section 8.2.1), for one platform: the boot loader of TI's CC3220SF verifies
//! nothing else. aws-lc-rs verifies such signatures, but does not make them.
//!
//! The one operation with the private key is a modular exponentiation in constant time, of `crypto-bigint`. Its result
//! is verified by aws-lc-rs before it leaves this module: a faulty one could reveal the key.

use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

/// DigestInfo of SHA-1, up to the hash: RFC 8017, section 9.2, note 1.
const DIGEST_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// A private key: modulus and private exponent.
pub(super) struct PrivateKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PrivateKey {
    /// Reads an RSAPrivateKey (PKCS #1) or a PrivateKeyInfo with one (PKCS #8), which aws-lc-rs has validated.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let inner = inner(der).ok();
        let parse = |der: &[u8]| -> der::Result<Self> {
            let mut reader = SliceReader::new(der)?;
            reader.sequence(|key| {
                UintRef::decode(key)?;
                let modulus = UintRef::decode(key)?.as_bytes().to_vec();
                UintRef::decode(key)?;
                let exponent = UintRef::decode(key)?.as_bytes().to_vec();
                // The primes, and what follows from them.
                key.read_slice(key.remaining_len())?;
                Ok::<_, der::Error>(Self { modulus, exponent })
            })
        };
        parse(inner.as_deref().unwrap_or(der)).ok()
    }

    /// Signs a SHA-1. `public_key` is the RSAPublicKey in DER. `None` if the hash is another one, or the key is broken.
    pub(super) fn sign(&self, public_key: &[u8], digest: &Digest) -> Option<Vec<u8>> {
        if digest.algorithm() != &SHA1_FOR_LEGACY_USE_ONLY {
            return None;
        }
        let length = self.modulus.len();
        let padding =
            length.checked_sub(3 + DIGEST_INFO.len() + digest.as_ref().len()).filter(|padding| *padding >= 8)?;
        let encoded = [&[0, 1][..], &vec![0xff; padding], &[0], &DIGEST_INFO, digest.as_ref()].concat();
        let bits = u32::try_from(length).ok()?.checked_mul(8)?;
        let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
        let modulus: Option<Odd<BoxedUint>> = Odd::new(number(&self.modulus)?).into_option();
        let parameters = BoxedMontyParams::new(modulus?);
        let power = BoxedMontyForm::new(number(&encoded)?, &parameters).pow(&number(&self.exponent)?);
        let signature = power.retrieve().to_be_bytes();
        let signature = signature.get(signature.len().checked_sub(length)?..)?.to_vec();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key);
        key.verify_digest(digest, &signature).ok()?;
        Some(signature)
    }
}

/// The key in a PrivateKeyInfo.
fn inner(der: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(der)?;
    reader.sequence(|info| {
        UintRef::decode(info)?;
        AnyRef::decode(info)?.tag().assert_eq(Tag::Sequence)?;
        let key = <&OctetStringRef>::decode(info)?.as_bytes().to_vec();
        info.read_slice(info.remaining_len())?;
        Ok::<_, der::Error>(key)
    })
}
