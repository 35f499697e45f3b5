//! Who signed a token, and whether the signature is intact: RFC 5652, 5.3 to 5.6; RFC 5035; RFC 5816.

use testing::certificate::{Extension, Spec};
use testing::der::{name, oid, sequence, tlv};
use testing::key::{Key, Kind};
use testing::status::SHA1;
use testing::timestamp::{
    CONTENT_TYPE, MESSAGE_DIGEST, RSA_ENCRYPTION, SHA2_256, SHA2_384, SHA2_512, SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2, SIGNING_TIME, TST_INFO, Tsa, algorithm, certificate_id, hash, issuer_serial,
    signing_certificate,
};

use super::super::TimestampError as E;
use super::{MESSAGE, accepted, certificate, refused, verify};
use crate::x509::ChainError;

#[test]
fn a_signature_by_another_key_ends_verification_before_the_certificates_are_judged() {
    // The chain is not trusted either, and the certificate is not for timestamping: neither may be reported first.
    let tsa = Tsa::with(Kind::P256, |specs| specs[0] = Spec::leaf(Kind::P256));
    let other = Tsa::new(Kind::P256);
    let forged = tsa.draft(MESSAGE).sign(&Key::new(Kind::P256));
    assert_eq!(verify(&forged, &other).unwrap_err(), E::Signature);
    assert_eq!(refused(&tsa, |draft| draft.broken = true), E::Signature);
}

#[test]
fn rejects_a_digest_that_is_not_that_of_the_content() {
    let tsa = Tsa::new(Kind::P256);
    let wrong = tlv(4, &hash(SHA2_256, b"another content"));
    assert_eq!(refused(&tsa, |draft| draft.set(MESSAGE_DIGEST, &[wrong])), E::MessageDigest);
    let empty = tlv(4, &[]);
    assert_eq!(refused(&tsa, |draft| draft.set(MESSAGE_DIGEST, &[empty])), E::MessageDigest);
}

#[test]
fn requires_each_attribute_once_with_one_value() {
    let tsa = Tsa::new(Kind::P256);
    for (id, name) in [
        (CONTENT_TYPE, "contentType"),
        (MESSAGE_DIGEST, "messageDigest"),
        (SIGNING_CERTIFICATE_V2, "signingCertificateV2"),
    ] {
        let value = |draft: &testing::timestamp::TokenDraft| match id {
            MESSAGE_DIGEST => tlv(4, &hash(SHA2_256, &draft.info.der())),
            _ => draft.attributes.iter().find(|(own, _)| *own == id).unwrap().1[0].clone(),
        };
        assert_eq!(refused(&tsa, |draft| draft.set(id, &[vec![]])), E::MissingAttribute(name));
        let why = refused(&tsa, |draft| draft.set(id, &[value(draft), value(draft)]));
        assert_eq!(why, E::DuplicateAttribute(name));
        let why = refused(&tsa, |draft| {
            let value = value(draft);
            draft.set(id, std::slice::from_ref(&value));
            draft.attributes.push((id, vec![value]));
        });
        assert_eq!(why, E::DuplicateAttribute(name));
    }
    let why = refused(&tsa, |draft| {
        draft.set(CONTENT_TYPE, &[vec![]]);
        draft.set(SIGNING_CERTIFICATE_V2, &[vec![]]);
        draft.set(MESSAGE_DIGEST, &[vec![]]);
    });
    assert_eq!(why, E::MissingAttribute("contentType"));
}

#[test]
fn rejects_another_content_type_among_the_attributes() {
    let tsa = Tsa::new(Kind::P256);
    let data = oid("1.2.840.113549.1.7.1");
    let why = refused(&tsa, |draft| draft.set(CONTENT_TYPE, &[data]));
    assert!(matches!(why, E::Type { expected: "id-ct-TSTInfo", .. }), "{why}");
}

#[test]
fn rejects_attributes_in_another_order_than_that_of_der() {
    let tsa = Tsa::new(Kind::P256);
    let why = refused(&tsa, |draft| draft.sorted = false);
    assert!(why.to_string().contains("not in the order of DER"), "{why}");
}

#[test]
fn ignores_other_attributes() {
    let tsa = Tsa::new(Kind::P256);
    accepted(&tsa, |draft| draft.set("1.2.3.4", &[vec![5, 0], vec![5, 0]]));
}

#[test]
fn the_signing_certificate_is_the_one_that_the_attribute_names() {
    let tsa = Tsa::new(Kind::P256);
    let leaf = &tsa.chain[0];
    let with = |id: Vec<u8>| {
        move |draft: &mut testing::timestamp::TokenDraft| {
            draft.set(SIGNING_CERTIFICATE_V2, &[signing_certificate(&[id])]);
        }
    };
    let issuer = tsa.specs[1].subject.clone();
    let id = |algorithm_id: &str, serial: Option<Vec<u8>>| {
        sequence(&[&algorithm(algorithm_id), &tlv(4, &hash(algorithm_id, leaf)), &serial.unwrap_or_default()])
    };
    for right in [
        certificate_id(leaf),
        id(SHA2_256, None),
        id(SHA2_384, None),
        id(SHA2_512, Some(issuer_serial(&issuer, &[0x12, 0x34]))),
    ] {
        accepted(&tsa, with(right));
    }
    for wrong in [
        certificate_id(&tsa.chain[1]),
        sequence(&[&tlv(4, &[])]),
        id(SHA2_256, Some(issuer_serial(&issuer, &[0x12, 0x35]))),
        id(SHA2_256, Some(issuer_serial(&name(0x0c, "other"), &[0x12, 0x34]))),
    ] {
        let why = refused(&tsa, with(wrong));
        assert!(matches!(why, E::OtherCertificate { attribute: "signingCertificateV2", .. }), "{why}");
    }
    let why = refused(&tsa, with(id(SHA1, None)));
    assert!(matches!(why, E::Hash { .. }), "{why}");
    let why = refused(&tsa, |draft| draft.set(SIGNING_CERTIFICATE_V2, &[signing_certificate(&[])]));
    assert!(matches!(why, E::Malformed { part: "signingCertificateV2", .. }), "{why}");
}

/// "Validate the `signing-certificate-v2` attribute of timestamp CMS. When missing, fail this step." The older
/// attribute is evaluated beside it, and does not replace it.
#[test]
fn the_attribute_with_sha_1_neither_suffices_nor_is_ignored() {
    let tsa = Tsa::new(Kind::P256);
    let old = |certificate: &[u8]| signing_certificate(&[sequence(&[&tlv(4, &hash(SHA1, certificate))])]);
    let why = refused(&tsa, |draft| {
        draft.set(SIGNING_CERTIFICATE_V2, &[]);
        draft.set(SIGNING_CERTIFICATE, &[old(&tsa.chain[0])]);
    });
    assert_eq!(why, E::MissingAttribute("signingCertificateV2"));
    accepted(&tsa, |draft| draft.set(SIGNING_CERTIFICATE, &[old(&tsa.chain[0])]));
    let why = refused(&tsa, |draft| draft.set(SIGNING_CERTIFICATE, &[old(&tsa.chain[1])]));
    assert!(matches!(why, E::OtherCertificate { attribute: "signingCertificate", .. }), "{why}");
}

#[test]
fn further_certificates_of_the_attribute_limit_the_chain() {
    let tsa = Tsa::new(Kind::P256);
    let [leaf, issuing, root] = [0, 1, 2].map(|i| certificate_id(&tsa.chain[i]));
    for listed in [vec![leaf.clone(), issuing.clone()], vec![leaf.clone(), root.clone(), issuing]] {
        accepted(&tsa, |draft| draft.set(SIGNING_CERTIFICATE_V2, &[signing_certificate(&listed)]));
    }
    let why = refused(&tsa, |draft| {
        draft.set(SIGNING_CERTIFICATE_V2, &[signing_certificate(&[leaf, root])]);
    });
    assert!(matches!(why, E::UnlistedCertificate { .. }), "{why}");
}

#[test]
fn the_certificate_must_be_in_the_token() {
    let tsa = Tsa::new(Kind::P256);
    for certificates in [vec![], tsa.chain[1..].to_vec()] {
        assert_eq!(refused(&tsa, |draft| draft.certificates = certificates), E::NoSigningCertificate);
    }
    let other = sequence(&[&tsa.specs[1].subject, &[2, 1, 7]]);
    assert_eq!(refused(&tsa, |draft| draft.signer_id = other), E::NoSigningCertificate);
}

/// The identifier is not signed, so a certificate with the same issuer and serial number can be put beside the right
/// one. Only the right one has the hash that was signed.
#[test]
fn a_certificate_with_the_same_identifier_does_not_replace_the_signer() {
    let tsa = Tsa::new(Kind::P256);
    let twin = Spec::tsa(Kind::P256).sign(&tsa.specs[1]);
    accepted(&tsa, |draft| draft.certificates.insert(0, twin.clone()));
    let why = refused(&tsa, |draft| draft.certificates[0] = twin);
    assert!(matches!(why, E::OtherCertificate { .. }), "{why}");
}

#[test]
fn the_signer_may_be_named_by_its_key_identifier() {
    const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
    let tsa = Tsa::with(Kind::P256, |specs| {
        specs[0].set(Extension { oid: SUBJECT_KEY_IDENTIFIER, critical: false, value: tlv(4, b"key") });
    });
    let by_key = |id: &'static [u8], version| {
        move |draft: &mut testing::timestamp::TokenDraft| {
            draft.signer_id = tlv(0x80, id);
            draft.signer_version = vec![2, 1, version];
        }
    };
    accepted(&tsa, by_key(b"key", 3));
    assert_eq!(refused(&tsa, by_key(b"yek", 3)), E::NoSigningCertificate);
    let why = refused(&tsa, by_key(b"key", 1));
    assert!(matches!(why, E::Version { part: "SignerInfo", found: 1, expected: 3 }), "{why}");
}

#[test]
fn rejects_algorithms_that_do_not_fit() {
    let tsa = Tsa::new(Kind::P256);
    // ecdsa-with-SHA1, ecdsa-with-SHA384 with a SHA-256 digest, and RSA with a key on P-256.
    for id in ["1.2.840.10045.4.1", "1.2.840.10045.4.3.3", RSA_ENCRYPTION, "1.2.840.10045.2.1"] {
        let why = refused(&tsa, |draft| draft.signature_algorithm = sequence(&[&oid(id)]));
        assert!(matches!(why, E::Algorithm(_)), "{id}: {why}");
    }
    let why = refused(&tsa, |draft| {
        draft.digest_algorithm = algorithm(SHA1);
        draft.digest = SHA1;
    });
    assert!(matches!(why, E::Hash { part: "digestAlgorithm", .. }), "{why}");
    let why = refused(&tsa, |draft| draft.digest_algorithm = sequence(&[&oid(SHA2_256), &[2, 1, 0]]));
    assert!(matches!(why, E::Malformed { part: "digestAlgorithm", .. }), "{why}");
    accepted(&tsa, |draft| draft.digest_algorithm = sequence(&[&oid(SHA2_256)]));
}

#[test]
fn rsa_signatures_may_name_the_hash_function_twice_or_use_pss() {
    let tsa = Tsa::new(Kind::Rsa2048);
    // sha256WithRSAEncryption
    accepted(&tsa, |draft| draft.signature_algorithm = algorithm("1.2.840.113549.1.1.11"));
    let pss = |hash: &[u8], mask: &[u8], more: &[u8]| {
        let sha = |parameters: &[u8]| sequence(&[&oid(SHA2_256), parameters]);
        let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &sha(mask)]);
        let parameters = sequence(&[&tlv(0xa0, &sha(hash)), &tlv(0xa1, &mask), &tlv(0xa2, &[2, 1, 32]), more]);
        sequence(&[&oid("1.2.840.113549.1.1.10"), &parameters])
    };
    let mut draft = tsa.draft(MESSAGE);
    let null = &[5, 0][..];
    for (hash, mask, more, is_accepted) in [
        (null, null, &[][..], true),
        (&[], &[], &[], true),
        (null, &[], &[], true),
        (&[], null, &[], true),
        (null, null, &[0xa3, 3, 2, 1, 1], true),
        (null, null, &[0xa3, 3, 2, 1, 2], false),
        (null, null, null, false),
        (&[2, 1, 0], null, &[], false),
    ] {
        draft.signature_algorithm = pss(hash, mask, more);
        let verified = verify(&draft.sign_by(|message| tsa.key().sign_envelope(message)), &tsa);
        match is_accepted {
            true => assert!(verified.is_ok(), "{hash:?} {mask:?} {more:?}: {verified:?}"),
            false => assert!(matches!(verified, Err(E::Algorithm(_))), "{hash:?} {mask:?} {more:?}: {verified:?}"),
        }
    }
    draft.signature_algorithm = pss(null, null, &[]);
    // The digest algorithm is another one than that of the signature.
    draft.digest_algorithm = algorithm(SHA2_384);
    draft.digest = SHA2_384;
    let why = verify(&draft.sign_by(|message| tsa.key().sign_envelope(message)), &tsa).unwrap_err();
    assert!(matches!(why, E::Algorithm(_)), "{why}");
}

/// ECDSA has no parameters (RFC 5758, 3.2). Those of rsaEncryption are NULL (RFC 3370, 3.2), and those of RSA with a
/// hash function may be absent (RFC 4055, 5).
#[test]
fn the_parameters_of_the_signature_algorithm_are_those_of_its_rfc() {
    const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
    let [ecdsa, rsa] = [Kind::P256, Kind::Rsa2048].map(Tsa::new);
    for (tsa, id, parameters, is_accepted) in [
        (&ecdsa, "1.2.840.10045.4.3.2", &[][..], true),
        (&ecdsa, "1.2.840.10045.4.3.2", &[5, 0], false),
        (&rsa, RSA_ENCRYPTION, &[5, 0], true),
        (&rsa, RSA_ENCRYPTION, &[], false),
        (&rsa, RSA_ENCRYPTION, &[0x30, 0], false),
        (&rsa, SHA256_WITH_RSA, &[5, 0], true),
        (&rsa, SHA256_WITH_RSA, &[], true),
        (&rsa, SHA256_WITH_RSA, &[0x30, 0], false),
    ] {
        let mut draft = tsa.draft(MESSAGE);
        draft.signature_algorithm = sequence(&[&oid(id), parameters]);
        let verified = verify(&tsa.sign(&draft), tsa);
        match is_accepted {
            true => assert!(verified.is_ok(), "{id} {parameters:?}: {verified:?}"),
            false => assert!(matches!(verified, Err(E::Algorithm(_))), "{id} {parameters:?}: {verified:?}"),
        }
    }
}

#[test]
fn rejects_keys_that_may_not_sign() {
    let tsa = Tsa::new(Kind::Ed25519);
    assert!(matches!(refused(&tsa, |_| ()), E::UnsupportedKey(_)));
}

#[test]
fn a_signing_time_must_be_within_the_validity_of_the_chain() {
    let tsa = Tsa::new(Kind::P256);
    let time = |days| testing::der::time(testing::certificate::NOW + time::Duration::days(days));
    accepted(&tsa, |draft| draft.set(SIGNING_TIME, &[time(0)]));
    let why = refused(&tsa, |draft| draft.set(SIGNING_TIME, &[time(30)]));
    assert!(matches!(why, E::Chain(ChainError::NotValidAt { position: 0, .. })), "{why}");
    assert!(matches!(
        refused(&tsa, |draft| draft.set(SIGNING_TIME, &[oid(TST_INFO)])),
        E::Malformed { part: "signingTime", .. }
    ));
}

#[test]
fn the_name_of_the_authority_must_be_one_of_its_certificate() {
    let tsa = Tsa::new(Kind::P256);
    let named = |common_name: &str| tlv(0xa0, &tlv(0xa4, &name(0x13, common_name)));
    // Another string type and case is the same name.
    for right in ["tsa", "TSA"] {
        accepted(&tsa, |draft| draft.info.tsa = named(right));
    }
    let why = refused(&tsa, |draft| draft.info.tsa = named("another"));
    assert_eq!(why, E::OtherAuthority(certificate(&tsa.chain[0]).subject().to_owned()));
    let uri = tlv(0x86, b"https://tsa.example");
    assert!(matches!(refused(&tsa, |draft| draft.info.tsa = tlv(0xa0, &uri)), E::OtherAuthority(_)));
    let alternative = Tsa::with(Kind::P256, |specs| {
        specs[0].set(Extension { oid: "2.5.29.17", critical: false, value: tlv(0x30, &uri) });
    });
    accepted(&alternative, |draft| draft.info.tsa = tlv(0xa0, &uri));
}
