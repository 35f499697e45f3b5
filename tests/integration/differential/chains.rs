//! Certificate chains: their order, and what each certificate must be.

use std::sync::{Arc, Mutex};

use testing::certificate::{
    BASIC_CONSTRAINTS, DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, Extension, KEY_CERT_SIGN, KEY_USAGE, Spec,
    basic_constraints, extended_key_usage, key_usage,
};
use testing::der::{bits, name, oid, sequence, tlv};
use testing::key::{Key, Kind};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::case::{Case, now, store, subject};
use super::rules::{ANY_USAGE, AUTHORITY_KEY, BASIC_CONSTRAINTS as CRITICAL, LENGTH, PATH_LENGTH};

const OTHER_ISSUER: &str = "it names another issuer";
const OTHER_KEY: &str = "its signature does not verify";
const NO_ROOT: &str = "is not a self-signed root";
const ROOT_INSIDE: &str = "only the last one may be";
const KEY_USAGE_CRITICAL: &str = "keyUsage must be present and critical";
const NO_AUTHORITY: &str = "not a certificate authority";

/// Changes certificates before they are issued.
fn specs(name: &str, expected: Expected, change: fn(&mut Vec<Spec>)) -> Case {
    Case::new(name, expected).specs(change)
}

/// Changes the issued chain.
fn chain(name: &str, expected: Expected, change: fn(&mut Vec<Vec<u8>>)) -> Case {
    Case::new(name, expected).chain(change)
}

fn usage(name: &str, expected: Expected, bits: &'static [u8]) -> Case {
    Case::new(format!("a leaf with the key usage {name}"), expected)
        .specs(move |specs| specs[0].set(key_usage(true, bits)))
}

fn purpose(name: &str, expected: Expected, oid: &'static str) -> Case {
    Case::new(format!("a leaf with the extended key usage {name}"), expected)
        .specs(move |specs| specs[0].set(extended_key_usage(false, &[oid])))
}

fn fresh(common_name: &str) -> Spec {
    let mut spec = Spec::authority("", Kind::P256);
    spec.subject = subject(common_name);
    spec.not_before = now() - time::Duration::days(3);
    spec.not_after = now() + time::Duration::days(4);
    spec
}

/// Inserts intermediates between the leaf's issuer and the root until the chain has this many certificates.
fn lengthen(specs: &mut Vec<Spec>, certificates: usize) {
    while specs.len() < certificates {
        specs.insert(2, fresh(&format!("authority {}", specs.len())));
    }
}

fn order() -> Vec<Case> {
    vec![
        chain("a chain without its root", Refused(NO_ROOT), |chain| chain.truncate(2)),
        chain("a leaf without its issuer", Refused(OTHER_ISSUER), |chain| {
            chain.remove(1);
        }),
        chain("a leaf alone", Refused(NO_ROOT), |chain| chain.truncate(1)),
        chain("issuer and root swapped", Refused(OTHER_ISSUER), |chain| chain.swap(1, 2)),
        chain("a chain that begins with its root", Refused("signing certificate"), |chain| chain.reverse()),
        chain("a root twice", Refused(ROOT_INSIDE), |chain| chain.push(chain[2].clone())),
        chain("an issuer twice", Refused(OTHER_ISSUER), |chain| chain.insert(1, chain[1].clone())),
        chain("another root after the root", Refused(ROOT_INSIDE), |chain| {
            let other = fresh("other");
            chain.push(other.sign(&other));
        }),
        chain("a root of the same name and another key", Refused(OTHER_KEY), |chain| {
            let other = fresh("root");
            chain[2] = other.sign(&other);
        }),
        specs("a leaf that names another issuer", Refused(OTHER_ISSUER), |specs| {
            specs[0].issuer = Some(subject("other"))
        }),
        specs("a leaf with its issuer in another string type", Refused(OTHER_ISSUER), |specs| {
            specs[1].subject = name(0x0c, "issuing");
            specs[0].issuer = Some(name(0x13, "issuing"));
        }),
        specs("an issuer with the name of its root", Accepted, |specs| specs[1].subject = specs[2].subject.clone()),
        specs("a leaf with the name of its issuer", Accepted, |specs| specs[0].subject = specs[1].subject.clone()),
        specs("a self-signed leaf alone", Accepted, |specs| specs.truncate(1)),
        specs("a self-signed CA alone", Refused("must not be a certificate authority"), |specs| {
            specs.truncate(1);
            specs[0].set(basic_constraints(true, true, None));
        }),
        specs("a leaf issued by the root", Accepted, |specs| {
            specs.remove(1);
        }),
        specs("a chain of 16 certificates", Accepted, |specs| lengthen(specs, 16)),
        specs("a chain of 20 certificates", OnlyNotationAccepts(LENGTH, "at most 16"), |specs| lengthen(specs, 20)),
        chain("a bit of the issuer flipped", Refused(OTHER_KEY), |chain| *chain[1].last_mut().unwrap() ^= 1),
        chain("a bit of the root flipped", Refused("root"), |chain| *chain[2].last_mut().unwrap() ^= 1),
        chain("a byte after a certificate", Refused("not a certificate in DER"), |chain| chain[1].push(0)),
        chain("a certificate cut short", Refused("not a certificate in DER"), |chain| {
            chain[1].pop();
        }),
    ]
}

fn trust() -> Vec<Case> {
    let untrusted = Refused("no certificate of the chain is in the trust store");
    let trusted = |name: &str, expected, certificate: fn(&[Vec<u8>]) -> Vec<u8>| {
        Case::new(name, expected).folder(move |config, issued| {
            std::fs::write(store(config, "ca").join("root.crt"), certificate(issued)).unwrap();
        })
    };
    vec![
        trusted("the issuer in the trust store", Accepted, |issued| issued[1].clone()),
        trusted("the leaf in the trust store", Refused("neither a certificate authority nor self-signed"), |issued| {
            issued[0].clone()
        }),
        trusted("another root of the same name in the trust store", untrusted, |_| {
            let other = fresh("root");
            other.sign(&other)
        }),
        trusted("an altered root in the trust store", untrusted, |issued| {
            let mut altered = issued[2].clone();
            *altered.last_mut().unwrap() ^= 1;
            altered
        }),
        cross_signed(untrusted),
    ]
}

/// The root is cross-signed by another root: the same name and key in another certificate.
fn cross_signed(expected: Expected) -> Case {
    let self_signed = Arc::new(Mutex::new(Vec::new()));
    let found = self_signed.clone();
    Case::new("a cross-signed root whose self-signed form is trusted", expected)
        .specs(move |specs| {
            *self_signed.lock().unwrap() = specs[2].sign(&specs[2]);
            specs.push(fresh("other"));
        })
        .folder(move |config, _| {
            std::fs::write(store(config, "ca").join("root.crt"), &*found.lock().unwrap()).unwrap();
        })
}

fn leaves() -> Vec<Case> {
    let forbidden = Refused("which a signing certificate must not have");
    vec![
        specs("a leaf with basicConstraints cA false", Accepted, |specs| {
            specs[0].set(basic_constraints(false, false, None))
        }),
        specs("a leaf with critical basicConstraints cA false", Accepted, |specs| {
            specs[0].set(basic_constraints(true, false, None))
        }),
        specs("a leaf that is a CA", Refused("must not be a certificate authority"), |specs| {
            specs[0].set(basic_constraints(true, true, None));
        }),
        specs("a leaf without key usage", Refused(KEY_USAGE_CRITICAL), |specs| specs[0].remove(KEY_USAGE)),
        specs("a leaf whose key usage is not critical", Refused(KEY_USAGE_CRITICAL), |specs| {
            specs[0].set(key_usage(false, &[DIGITAL_SIGNATURE]));
        }),
        usage("contentCommitment alone", Refused("lacks digitalSignature"), &[1]),
        usage("digitalSignature and contentCommitment", Accepted, &[0, 1]),
        usage("keyEncipherment", forbidden, &[0, 2]),
        usage("dataEncipherment", forbidden, &[0, 3]),
        usage("keyAgreement", forbidden, &[0, 4]),
        usage("keyCertSign", forbidden, &[0, 5]),
        usage("cRLSign", forbidden, &[0, 6]),
        usage("encipherOnly", forbidden, &[0, 7]),
        usage("decipherOnly", forbidden, &[0, 8]),
        purpose("codeSigning", Accepted, "1.3.6.1.5.5.7.3.3"),
        purpose("of a private arc", Accepted, "1.3.6.1.4.1.99999.1"),
        purpose("serverAuth", forbidden, "1.3.6.1.5.5.7.3.1"),
        purpose("clientAuth", forbidden, "1.3.6.1.5.5.7.3.2"),
        purpose("emailProtection", forbidden, "1.3.6.1.5.5.7.3.4"),
        purpose("timeStamping", forbidden, "1.3.6.1.5.5.7.3.8"),
        purpose("OCSPSigning", forbidden, "1.3.6.1.5.5.7.3.9"),
        purpose("anyExtendedKeyUsage", OnlyNotationAccepts(ANY_USAGE, "anyExtendedKeyUsage"), "2.5.29.37.0"),
        specs("a leaf of version 1", Refused("version 3"), |specs| specs[0].version = None),
        specs("a leaf of version 1 without extensions", Refused(KEY_USAGE_CRITICAL), |specs| {
            specs[0].version = None;
            specs[0].extensions.clear();
        }),
        specs("a leaf with an extension twice", Refused("duplicate extension"), |specs| {
            let twice = specs[0].extensions[0].clone();
            specs[0].extensions.push(twice);
        }),
        specs("a leaf with an unknown critical extension", Accepted, |specs| {
            specs[0].set(Extension { oid: "1.3.6.1.4.1.99999.2", critical: true, value: vec![5, 0] });
        }),
        Case::new("a leaf with an Ed25519 key", Refused("unsupported key")).kind(Kind::Ed25519),
        specs("a leaf on P-224", Refused("unsupported key"), |specs| specs[0].spki = Some(point("1.3.132.0.33"))),
        specs("a leaf with a compressed point", Refused("unsupported key"), |specs| {
            let public = specs[0].key.public();
            let compressed = [&[2 + (public[64] & 1)], &public[1..33]].concat();
            specs[0].spki = Some(ec("1.2.840.10045.3.1.7", &compressed));
        }),
        specs("a leaf with an RSA key of 1024 bits", Refused("unsupported key"), |specs| {
            specs[0].spki = Some(rsa(128))
        }),
        specs("a leaf with an RSA key of 2056 bits", Refused("unsupported key"), |specs| {
            specs[0].spki = Some(rsa(257))
        }),
    ]
}

fn authorities() -> Vec<Case> {
    let excluded = tlv(0xa1, &sequence(&[&tlv(0x82, b"")]));
    let name_constraints = sequence(&[&excluded]);
    vec![
        specs("a CA whose basicConstraints are not critical", OnlyNotationAccepts(CRITICAL, NO_AUTHORITY), |specs| {
            specs[1].set(basic_constraints(false, true, None));
        }),
        specs("a root whose basicConstraints are not critical", OnlyNotationAccepts(CRITICAL, NO_AUTHORITY), |specs| {
            specs[2].set(basic_constraints(false, true, None));
        }),
        specs("a CA without basicConstraints", Refused(NO_AUTHORITY), |specs| specs[1].remove(BASIC_CONSTRAINTS)),
        specs("an issuer with cA false", Refused(NO_AUTHORITY), |specs| {
            specs[1].set(basic_constraints(true, false, None));
        }),
        specs("a path length of 0 with no CA below", Accepted, |specs| {
            specs[1].set(basic_constraints(true, true, Some(0)))
        }),
        specs("a path length of 0 with one CA below", Refused("its path length allows"), |specs| {
            specs[2].set(basic_constraints(true, true, Some(0)));
        }),
        specs("a path length of 1 with one CA below", Accepted, |specs| {
            specs[2].set(basic_constraints(true, true, Some(1)))
        }),
        specs("a path length of 300", OnlyNotationAccepts(PATH_LENGTH, "malformed"), |specs| {
            let value = sequence(&[&[1, 1, 0xff], &[2, 2, 1, 44]]);
            specs[2].set(Extension { oid: BASIC_CONSTRAINTS, critical: true, value });
        }),
        specs("a CA without key usage", Refused(KEY_USAGE_CRITICAL), |specs| specs[1].remove(KEY_USAGE)),
        specs("a CA whose key usage is not critical", Refused(KEY_USAGE_CRITICAL), |specs| {
            specs[1].set(key_usage(false, &[KEY_CERT_SIGN]));
        }),
        specs("a CA without keyCertSign", Refused("lacks keyCertSign"), |specs| {
            specs[1].set(key_usage(true, &[DIGITAL_SIGNATURE, 6]));
        }),
        specs("a root without keyCertSign", Refused("lacks keyCertSign"), |specs| {
            specs[2].set(key_usage(true, &[6]));
        }),
        specs("a CA with more key usages", Accepted, |specs| specs[1].set(key_usage(true, &[0, KEY_CERT_SIGN, 6]))),
        specs("a CA with an extended key usage", Accepted, |specs| {
            specs[1].set(extended_key_usage(true, &["1.3.6.1.5.5.7.3.1"]));
        }),
        Case::new("a CA whose name constraints exclude everything", Accepted).specs(move |specs| {
            specs[1].set(Extension { oid: "2.5.29.30", critical: true, value: name_constraints.clone() });
        }),
        specs("a CA with an RSA key", Accepted, |specs| specs[1].key = Key::new(Kind::Rsa2048)),
        specs("a CA on P-521", Accepted, |specs| specs[1].key = Key::new(Kind::P521)),
        specs("a CA with an Ed25519 key", OnlyNotationAccepts(AUTHORITY_KEY, "public key"), |specs| {
            specs[1].key = Key::new(Kind::Ed25519);
        }),
        specs("a certificate with two signature algorithms", Refused("differs from the one next to"), |specs| {
            let other = sequence(&[&oid("1.2.840.10045.4.3.3")]);
            specs[1].algorithms = Some([specs[1].key.certificate_algorithm(), other]);
        }),
        specs("a certificate that claims ECDSA with SHA-1", Refused("which is not supported"), |specs| {
            let sha1 = sequence(&[&oid("1.2.840.10045.4.1")]);
            specs[0].algorithms = Some([sha1.clone(), sha1]);
        }),
        specs("a root of version 1 without extensions", Refused(NO_AUTHORITY), |specs| {
            specs[2].version = None;
            specs[2].extensions.clear();
        }),
        specs("a leaf with a malformed extended key usage", Refused("extendedKeyUsage"), |specs| {
            specs[0].set(Extension { oid: EXTENDED_KEY_USAGE, critical: false, value: vec![0x30, 0x80] });
        }),
    ]
}

fn ec(curve: &str, point: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&oid("1.2.840.10045.2.1"), &oid(curve)]), &bits(point)])
}

/// The generator of P-224, a valid point.
fn point(curve: &str) -> Vec<u8> {
    let generator = "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34";
    ec(curve, &[vec![4], hex::decode(generator).unwrap()].concat())
}

/// An RSA key whose modulus has this many bytes.
fn rsa(bytes: usize) -> Vec<u8> {
    let mut modulus = vec![0xb5; bytes];
    modulus.insert(0, 0);
    let key = sequence(&[&tlv(2, &modulus), &[2, 3, 1, 0, 1]]);
    sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]), &bits(&key)])
}

pub fn cases() -> Vec<Case> {
    [order(), trust(), leaves(), authorities()].into_iter().flatten().collect()
}
