use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA1_ASN1, ECDSA_P521_SHA256_ASN1,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{keys, material};
use crate::image::{
    EncryptionAlgorithm, HashAlgorithm, ImageError, ImageFormat, ImageLocation, Payload, SignatureName, SignedImage,
    sign,
};

const IMAGE: &[u8] = b"\x7fELF firmware";

fn location() -> ImageLocation {
    ImageLocation { bucket_name: "b".into(), key: "k\"/\u{fc}".into(), version: "v".into() }
}

fn made(name: SignatureName, key: &rcgen::KeyPair, format: &ImageFormat) -> Vec<u8> {
    sign(IMAGE, &material(key), name, format).unwrap().to_bytes(IMAGE).unwrap()
}

#[test]
fn signatures_of_all_algorithms_verify_by_their_own_definition() {
    for (name, key) in keys() {
        for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
            let encryption = if name == "RSA" { EncryptionAlgorithm::Rsa } else { EncryptionAlgorithm::Ecdsa };
            // Algorithms that aws-lc-rs has itself: they judge those that are put together here.
            let judge: Option<&'static dyn VerificationAlgorithm> = match (name, hash) {
                ("RSA", HashAlgorithm::Sha1) => Some(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
                ("RSA", HashAlgorithm::Sha256) => Some(&RSA_PKCS1_2048_8192_SHA256),
                ("P-256", HashAlgorithm::Sha1) => Some(&ECDSA_P256_SHA1_ASN1),
                ("P-256", HashAlgorithm::Sha256) => Some(&ECDSA_P256_SHA256_ASN1),
                ("P-384", HashAlgorithm::Sha256) => Some(&ECDSA_P384_SHA256_ASN1),
                ("P-521", HashAlgorithm::Sha1) => Some(&ECDSA_P521_SHA1_ASN1),
                ("P-521", HashAlgorithm::Sha256) => Some(&ECDSA_P521_SHA256_ASN1),
                _ => None,
            };
            let material = material(&key);
            let algorithm = SignatureName { hash, encryption };
            let made = sign(IMAGE, &material, algorithm, &ImageFormat::Embedded).unwrap().to_bytes(IMAGE).unwrap();
            let value: Value = serde_json::from_slice(&made).unwrap();
            let signature = STANDARD.decode(value["signature"].as_str().unwrap()).unwrap();
            assert_eq!(value["signatureAlgorithm"], format!("{}with{}", hash.as_str(), encryption.as_str()));
            let public = material.certificate().public_key().unwrap().bytes();
            if let Some(judge) = judge {
                UnparsedPublicKey::new(judge, public).verify(IMAGE, &signature).unwrap();
            }
            let image = SignedImage::parse(&made).unwrap();
            image.verify(material.certificate(), None).unwrap();
            let other = SignatureName {
                hash: if hash == HashAlgorithm::Sha1 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha1 },
                encryption,
            };
            let mut lie = image;
            lie.algorithm = other;
            assert!(matches!(lie.verify(material.certificate(), None), Err(ImageError::Signature)), "{name} {hash:?}");
        }
    }
}

#[test]
fn the_json_is_what_aws_publishes() {
    let [_, (_, key), ..] = keys();
    let name = SignatureName::ALL[0];
    let text = String::from_utf8(made(name, &key, &ImageFormat::Embedded)).unwrap();
    assert!(text.starts_with(r#"{"rawPayloadSize":13,"signature":"ME"#), "{text}");
    assert!(
        text.ends_with(&format!(
            r#"","signatureAlgorithm":"SHA256withECDSA","payload":"{}"}}"#,
            STANDARD.encode(IMAGE)
        ))
    );
    let text = made(name, &key, &ImageFormat::Detached(location()));
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    value["signature"] = json!("");
    let expected = json!({
        "rawPayloadSize": 13,
        "signature": "",
        "signatureAlgorithm": "SHA256withECDSA",
        "payloadLocation": {"s3": {"bucketName": "b", "key": "k\"/\u{fc}", "version": "v"}},
    });
    assert_eq!(value, expected);
}

#[test]
fn altered_images_are_refused() {
    let [_, (_, key), (_, other), _] = keys();
    let material = material(&key);
    let signed = sign(IMAGE, &material, SignatureName::ALL[0], &ImageFormat::Detached(location())).unwrap();
    let image = SignedImage::parse(&signed.to_bytes(IMAGE).unwrap()).unwrap();
    assert_eq!(image.payload, Payload::Detached(location()));
    let certificate = material.certificate();
    let content = IMAGE.to_vec();
    image.verify(certificate, Some(&content)).unwrap();
    assert!(matches!(image.verify(certificate, None), Err(ImageError::NoContent(_))));
    let altered = b"\x7fELF firmwarE".to_vec();
    assert!(matches!(image.verify(certificate, Some(&altered)), Err(ImageError::Signature)));
    let longer = b"\x7fELF firmware.".to_vec();
    assert!(matches!(image.verify(certificate, Some(&longer)), Err(ImageError::Size { signed: 13, found: 14 })));
    let another = super::material(&other);
    assert!(matches!(image.verify(another.certificate(), Some(&content)), Err(ImageError::Signature)));
    let [(_, rsa), ..] = keys();
    let rsa = super::material(&rsa);
    assert!(matches!(image.verify(rsa.certificate(), Some(&content)), Err(ImageError::OtherKey(_))));
}

#[test]
fn the_key_must_be_of_the_type_of_the_profile() {
    let [(_, rsa), (_, ecdsa), ..] = keys();
    for (key, name) in [(&rsa, SignatureName::ALL[0]), (&ecdsa, SignatureName::ALL[1])] {
        let made = sign(IMAGE, &material(key), name, &ImageFormat::Embedded);
        assert!(matches!(made, Err(ImageError::KeyType { .. })));
    }
    let empty = sign(&b""[..], &material(&ecdsa), SignatureName::ALL[0], &ImageFormat::Embedded);
    assert!(matches!(empty, Err(ImageError::Empty)));
}

#[test]
fn malformed_files_are_refused() {
    let good = r#"{"rawPayloadSize":3,"signature":"AA==","signatureAlgorithm":"SHA256withECDSA","payload":"YWJj"}"#;
    assert!(SignedImage::parse(good.as_bytes()).is_ok());
    for (from, to, why) in [
        ("3", "-3", "non-negative"),
        ("AA==", "A", "base64"),
        ("SHA256with", "MD5with", "unsupported"),
        ("YWJj", "Y", "base64"),
        (r#","payload":"YWJj""#, "", "either payload or"),
        ("\"payload\"", "\"x\":1,\"payload\"", "unknown member"),
        ("\"payload\"", "\"payload\":\"\",\"payload\"", "duplicate"),
        ("\"payload\"", "\"payloadLocation\":{},\"payload\"", "either payload or"),
        ("\"payload\":\"YWJj\"", "\"payloadLocation\":{\"s3\":{\"bucketName\":\"b\",\"key\":\"k\"}}", "version"),
    ] {
        let why_not = SignedImage::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(why_not.contains(why), "{from} {to}: {why_not}");
    }
}
