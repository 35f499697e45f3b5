//! Valid envelopes, in every form that the specifications allow.

use serde_json::json;
use testing::certificate::{NOW, Spec, issue};
use testing::cose::{Cbor, CoseDraft, NULL, X5CHAIN, head, sign1, x5chain};
use testing::envelope::{PAYLOAD, Scheme};
use testing::key::Kind;
use time::macros::datetime;

use super::{ParseCose as _, parse};
use crate::envelope::{EnvelopeFormat, SigningScheme};

#[test]
fn verifies_every_algorithm_with_both_schemes() {
    // COSE, "Supported alg header values".
    for (kind, value) in [
        (Kind::P256, -7),
        (Kind::P384, -35),
        (Kind::P521, -36),
        (Kind::Rsa2048, -37),
        (Kind::Rsa3072, -38),
        (Kind::Rsa4096, -39),
    ] {
        for (scheme, expected) in
            [(Scheme::X509, SigningScheme::X509), (Scheme::SigningAuthority, SigningScheme::SigningAuthority)]
        {
            let draft = CoseDraft::with_kind(kind, scheme);
            assert_eq!(draft.protected(1), Cbor::Integer(value));
            let verified = draft.verify().unwrap();
            assert_eq!(verified.format(), EnvelopeFormat::Cose);
            assert_eq!(verified.payload(), PAYLOAD);
            let attributes = verified.attributes();
            assert_eq!(attributes.signing_scheme, expected);
            assert_eq!(attributes.algorithm, draft.key.jws_name());
            assert_eq!(attributes.signing_time, NOW);
            assert_eq!(attributes.expiry, Some(datetime!(2027-07-01 12:00 UTC)));
            assert_eq!(verified.signing_agent(), Some("test/1"));
            assert_eq!(verified.chain().certificates().len(), 2);
        }
    }
}

#[test]
fn the_encoding_around_the_protected_header_may_have_any_form() {
    // RFC 9052, section 9: the restrictions apply "to the encoding of the Sig_structure" alone.
    let draft = CoseDraft::new();
    let [protected, unprotected, payload, signature] = draft.elements();
    let Cbor::Map(mut entries) = unprotected.clone() else { panic!() };
    entries.reverse();
    let bytes = |item: &Cbor| match item {
        Cbor::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    let long =
        |item: &Cbor| Cbor::Raw([vec![0x5a], (bytes(item).len() as u32).to_be_bytes().to_vec(), bytes(item)].concat());
    let open = |major: u8, parts: &[Vec<u8>]| Cbor::Raw([vec![major << 5 | 31], parts.concat(), vec![0xff]].concat());
    let flat: Vec<Vec<u8>> = entries.iter().flat_map(|(k, v)| [k.encode(), v.encode()]).collect();
    let elements = [&protected, &unprotected, &payload, &signature].map(Cbor::encode);
    for (what, envelope) in [
        ("keys in another order", sign1([protected.clone(), Cbor::Map(entries), payload.clone(), signature.clone()])),
        ("long lengths", sign1([long(&protected), unprotected.clone(), long(&payload), long(&signature)])),
        ("an open map", sign1([protected.clone(), open(5, &flat), payload.clone(), signature.clone()])),
        (
            "strings in parts",
            sign1([
                Cbor::in_parts(&bytes(&protected)),
                unprotected.clone(),
                Cbor::in_parts(&bytes(&payload)),
                Cbor::in_parts(&bytes(&signature)),
            ]),
        ),
        ("an open array", Cbor::Tag(18, Box::new(open(4, &elements))).encode()),
        ("a long tag", [vec![0xd9, 0, 18], head(4, 4), elements.concat()].concat()),
        ("a long array", [vec![0xd2, 0x9b, 0, 0, 0, 0, 0, 0, 0, 4], elements.concat()].concat()),
    ] {
        let verified = parse(&envelope).unwrap_or_else(|why| panic!("{what}: {why}")).verify(NOW).unwrap();
        assert_eq!(verified.payload(), PAYLOAD, "{what}");
    }
}

#[test]
fn the_protected_header_may_have_any_form_and_is_signed_as_it_is() {
    let mut draft = CoseDraft::new();
    let sorted = draft.protected.clone();
    draft.protected.reverse();
    assert_eq!(draft.attributes().expiry, Some(datetime!(2027-07-01 12:00 UTC)));
    // An open map, with the label 1 in two bytes, and the content type in parts.
    let mut bytes = vec![0xbf];
    for (label, value) in &sorted {
        bytes.extend(if *label == Cbor::Integer(1) { vec![0x18, 0x01] } else { label.encode() });
        match value {
            Cbor::Text(text) => {
                let (first, second) = text.split_at(7);
                bytes
                    .extend([vec![0x7f], Cbor::from(first).encode(), Cbor::from(second).encode(), vec![0xff]].concat());
            }
            Cbor::Array(items) => {
                bytes.extend([vec![0x9f], items.iter().flat_map(Cbor::encode).collect(), vec![0xff]].concat());
            }
            other => bytes.extend(other.encode()),
        }
    }
    bytes.push(0xff);
    draft.protected_bytes = Some(bytes);
    assert_eq!(draft.attributes().signing_time, NOW);
}

#[test]
fn the_chain_may_be_in_the_protected_header() {
    // COSE, x5chain: "Optionally, this header can be presented in the protected header."
    let draft = CoseDraft::new();
    let chain = x5chain(&draft.chain());
    let moved = draft.without_unprotected(X5CHAIN).protect(X5CHAIN, chain);
    assert_eq!(moved.verify().unwrap().chain().certificates().len(), 2);
    // COSE, crit: "header parameters that implementations MUST understand and process", of which x5chain is one.
    let critical = moved.critical(X5CHAIN);
    critical.verify().unwrap();
}

#[test]
fn a_single_certificate_may_be_alone_or_in_an_array() {
    // RFC 9360, section 2: "If a single certificate is conveyed, it is placed in a CBOR byte string." COSE, x5chain:
    // "The certificate chain is represented as an array of certificate".
    let mut specs = vec![Spec::leaf(Kind::P256)];
    let chain = issue(&specs);
    let key = specs.swap_remove(0).key;
    let draft = CoseDraft::of(key, &chain, Scheme::X509, testing::cose::NOW_SECONDS, None);
    assert_eq!(draft.verify().unwrap().chain().certificates().len(), 1);
    let alone = draft.unprotected(X5CHAIN, chain[0].as_slice());
    assert_eq!(alone.verify().unwrap().chain().certificates().len(), 1);
}

#[test]
fn absent_expiry_and_signing_agent_are_allowed() {
    // COSE: "This OPTIONAL header".
    let draft = CoseDraft::new().without("io.cncf.notary.expiry");
    let crit = Cbor::Array(vec!["io.cncf.notary.signingScheme".into(), "io.cncf.notary.authenticSigningTime".into()]);
    let draft = draft.protect(2, crit).without_unprotected("io.cncf.notary.signingAgent");
    let verified = draft.verify().unwrap();
    assert_eq!((verified.attributes().expiry, verified.signing_agent()), (None, None));
    // signature-specification.md, "Signing Agent": the verifier MUST NOT fail validation based on the content.
    for agent in ["", "a b/1\u{202e} \"c\""] {
        let draft = CoseDraft::new().unprotected("io.cncf.notary.signingAgent", agent);
        assert_eq!(draft.verify().unwrap().signing_agent(), Some(agent));
    }
}

#[test]
fn returns_the_timestamp_and_the_signature_that_it_covers() {
    // COSE, timestampSignature (bstr): "This OPTIONAL header is used to store a countersignature".
    let draft = CoseDraft::new().unprotected("io.cncf.notary.timestampSignature", &[1, 2, 3][..]);
    let parsed = draft.parse().unwrap();
    assert_eq!(parsed.timestamp_signature(), Some(&[1, 2, 3][..]));
    let signature = parsed.signature.clone();
    let verified = parsed.verify(NOW).unwrap();
    assert_eq!(verified.timestamp_signature(), Some(&[1, 2, 3][..]));
    assert_eq!(verified.signature(), signature);
    assert_eq!(CoseDraft::new().verify().unwrap().timestamp_signature(), None);
}

#[test]
fn unknown_parameters_that_are_not_critical_are_ignored() {
    // signature-specification.md, "Extended attributes": "MAY include additional signed attributes".
    let bytes = || Cbor::from(&[1][..]);
    let draft = CoseDraft::new().protect(4, bytes()).protect(1_000_000, NULL).protect(-70_000, "x").protect("1", "x");
    let draft = draft.unprotected(11, bytes()).unprotected(u64::MAX as i128, bytes());
    let draft = draft.unprotected("org.example.note", Cbor::Tag(7, Box::new(bytes())));
    draft.verify().unwrap();
    let swapped = CoseDraft::new().protect(5, bytes()).unprotected(4, bytes()).unprotected("1", 1);
    swapped.verify().unwrap();
}

#[test]
fn returns_extended_attributes_to_the_caller() {
    let list = Cbor::Array(vec![1.into(), Cbor::Simple(21)]);
    let draft = CoseDraft::new().protect("org.example.must", list).critical("org.example.must");
    let draft = draft.protect("org.example.may", "x").protect("org.example.bytes", &[0xab][..]);
    let attributes = draft.protect("org.example.map", Cbor::Map(vec![("a".into(), NULL)])).attributes();
    let critical: Vec<_> = attributes.extended_critical.iter().collect();
    assert_eq!(critical, [(&"org.example.must".to_owned(), &json!([1, true]))]);
    assert_eq!(
        json!(attributes.extended),
        json!({"org.example.may": "x", "org.example.bytes": "h'ab'", "org.example.map": {"a": null}})
    );
    let job = "com.amazonaws.signer.signingJob";
    let draft = CoseDraft::new().protect(job, "j").critical(job);
    assert_eq!(draft.attributes().critical_string(job), Ok("j"));
}

#[test]
fn returns_the_verification_plugin() {
    let (plugin, version) = ("io.cncf.notary.verificationPlugin", "io.cncf.notary.verificationPluginMinVersion");
    let draft = CoseDraft::new().protect(plugin, "p").critical(plugin).protect(version, "1.0.0").critical(version);
    let attributes = draft.attributes();
    assert_eq!(attributes.verification_plugin.as_deref(), Some("p"));
    assert_eq!(attributes.verification_plugin_min_version.as_deref(), Some("1.0.0"));
    assert!(attributes.extended_critical.is_empty());
}
