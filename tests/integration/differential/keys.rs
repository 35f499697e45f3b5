//! Valid signatures with every kind of key, and altered signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;

use super::Expected::{Accepted, OnlyNotationAccepts, Refused};
use super::case::Case;
use super::rules::{BASE64URL, PAD_BITS};

const ALGORITHM: &str = "alg is";
const SIGNATURE: &str = "the signature does not verify";

fn signature(envelope: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap()).unwrap()
}

/// Changes the signature's bytes.
fn altered(name: &str, reason: &'static str, change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Case {
    Case::new(name, Refused(reason)).envelope(move |envelope| {
        let mut bytes = signature(envelope);
        change(&mut bytes);
        envelope["signature"] = json!(URL_SAFE_NO_PAD.encode(bytes));
    })
}

pub fn cases() -> Vec<Case> {
    let kinds = [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096];
    let mut cases: Vec<Case> = kinds
        .into_iter()
        .flat_map(|kind| {
            let x509 = Case::new(format!("notary.x509 with {kind:?}"), Accepted).kind(kind);
            let authority = Case::new(format!("notary.x509.signingAuthority with {kind:?}"), Accepted).kind(kind);
            [x509, authority.authority()]
        })
        .collect();
    for alg in ["none", "HS256", "ES384", "PS256", "RS256", "EdDSA", "es256", "ES256 "] {
        let alg_is = move |draft: Draft| draft.protect("alg", json!(alg));
        cases.push(Case::new(format!("alg {alg:?} with a key on P-256"), Refused(ALGORITHM)).draft(alg_is));
    }
    cases.extend([
        Case::new("no alg", Refused("alg is missing")).draft(|draft| draft.protect("alg", Value::Null)),
        altered("a bit of the signature flipped", SIGNATURE, |bytes| bytes[9] ^= 4),
        altered("a signature cut short", SIGNATURE, |bytes| bytes.truncate(63)),
        altered("a byte after the signature", SIGNATURE, |bytes| bytes.push(0)),
        altered("a zero before the signature", SIGNATURE, |bytes| bytes.insert(0, 0)),
        altered("an empty signature", "signature is missing", Vec::clear),
        altered("a signature of zeros", SIGNATURE, |bytes| bytes.fill(0)),
        altered("r and s in DER", SIGNATURE, |bytes| *bytes = in_der(bytes)),
        Case::new("a signature with n - s instead of s", Accepted).envelope(|envelope| {
            let high = negated(&signature(envelope));
            envelope["signature"] = json!(URL_SAFE_NO_PAD.encode(high));
        }),
        Case::new("a signature by another key", Refused(SIGNATURE))
            .draft(|draft| Draft { key: Draft::with_kind(Kind::P256, Scheme::X509).key, ..draft }),
        Case::new("a signature over another payload", Refused(SIGNATURE)).envelope(|envelope| {
            envelope["payload"] = json!(URL_SAFE_NO_PAD.encode(r#"{"targetArtifact":{}}"#));
        }),
        Case::new("a signature over another protected header", Refused(SIGNATURE)).envelope(|envelope| {
            let protected = URL_SAFE_NO_PAD.decode(envelope["protected"].as_str().unwrap()).unwrap();
            let later = String::from_utf8(protected).unwrap().replacen("expiry\":\"2", "expiry\":\"3", 1);
            envelope["protected"] = json!(URL_SAFE_NO_PAD.encode(later));
        }),
        Case::new("a padded signature", Refused("base64url")).envelope(|envelope| append(envelope, "==")),
        Case::new("a line feed after the signature", OnlyNotationAccepts(BASE64URL, "base64url"))
            .envelope(|envelope| append(envelope, "\n")),
        Case::new("a signature whose spare bits are set", OnlyNotationAccepts(PAD_BITS, "base64url")).envelope(
            |envelope| {
                let mut text = envelope["signature"].as_str().unwrap().to_owned();
                let spare = match text.pop().unwrap() {
                    'A' => 'B',
                    'Q' => 'R',
                    'g' => 'h',
                    _ => 'x',
                };
                envelope["signature"] = json!(format!("{text}{spare}"));
            },
        ),
    ]);
    cases
}

fn append(envelope: &mut Value, more: &str) {
    envelope["signature"] = json!(format!("{}{more}", envelope["signature"].as_str().unwrap()));
}

/// The signature in DER, as in certificates and most libraries but not in JWS.
fn in_der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| testing::der::tlv(2, &[&[0], bytes].concat());
    testing::der::sequence(&[&integer(&signature[..32]), &integer(&signature[32..])])
}

/// The signature with n - s instead of s. It is valid too, because ECDSA signatures are malleable.
fn negated(signature: &[u8]) -> Vec<u8> {
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let mut out = signature.to_vec();
    let mut borrow = 0;
    for i in (0..32).rev() {
        let difference = i16::from(order[i]) - i16::from(signature[32 + i]) - borrow;
        borrow = i16::from(difference < 0);
        out[32 + i] = difference.rem_euclid(256) as u8;
    }
    out
}
