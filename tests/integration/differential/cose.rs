//! The COSE envelope: its form, its headers and its times.

use testing::certificate::Spec;
use testing::cose::{ALG, CONTENT_TYPE, CRIT, Cbor, CoseDraft, NULL, X5CHAIN, head, sig_structure, sign1, x5chain};
use testing::envelope::Scheme;
use testing::key::Kind;

use super::Expected::{self, Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use super::case::{Case, seconds};
use super::rules::*;

const SCHEME: &str = "io.cncf.notary.signingScheme";
const TIME: &str = "io.cncf.notary.signingTime";
const AUTHENTIC: &str = "io.cncf.notary.authenticSigningTime";
const EXPIRY: &str = "io.cncf.notary.expiry";
const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
const VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
const AGENT: &str = "io.cncf.notary.signingAgent";
const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";

const SIGNATURE: &str = "the signature does not verify";
const MALFORMED: &str = "not well-formed CBOR";

type Change = fn(CoseDraft) -> CoseDraft;

fn draft(name: &str, expected: Expected, change: Change) -> Case {
    Case::cose(name, expected).cose_draft(change)
}

/// Another parameter of the protected header.
fn protect(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    Case::cose(name, expected).cose_draft(move |draft| draft.protect(label.clone(), value.clone()))
}

/// Another critical parameter of the protected header.
fn critical(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    let change = move |draft: CoseDraft| draft.protect(label.clone(), value.clone()).critical(label.clone());
    Case::cose(name, expected).cose_draft(change)
}

/// Another label in `crit`, and no parameter.
fn listed(name: &str, expected: Expected, label: impl Into<Cbor>) -> Case {
    let label = label.into();
    Case::cose(name, expected).cose_draft(move |draft| draft.critical(label.clone()))
}

/// Another value of `crit`.
fn crit<const N: usize>(name: &str, expected: Expected, labels: [&str; N]) -> Case {
    protect(name, expected, CRIT, Cbor::Array(labels.map(Cbor::from).into()))
}

fn unprotected(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    Case::cose(name, expected).cose_draft(move |draft| draft.unprotected(label.clone(), value.clone()))
}

fn elements(name: &str, expected: Expected, change: fn(&mut [Cbor; 4])) -> Case {
    Case::cose(name, expected).elements(change)
}

fn bytes(name: &str, expected: Expected, change: fn(Vec<u8>) -> Vec<u8>) -> Case {
    Case::cose(name, expected).bytes(change)
}

fn content(item: &Cbor) -> Vec<u8> {
    match item {
        Cbor::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

/// The item with its length in eight bytes.
fn long(item: &Cbor) -> Cbor {
    let bytes = content(item);
    Cbor::Raw([vec![0x5b], (bytes.len() as u64).to_be_bytes().to_vec(), bytes].concat())
}

fn byte_string(text: &str) -> Cbor {
    Cbor::Bytes(text.as_bytes().to_vec())
}

fn tag(number: u64, item: impl Into<Cbor>) -> Cbor {
    Cbor::Tag(number, Box::new(item.into()))
}

fn keys() -> Vec<Case> {
    let kinds = [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096];
    let valid = |kind| {
        let x509 = Case::cose(format!("notary.x509 with {kind:?}"), Accepted).kind(kind);
        [x509, Case::cose(format!("notary.x509.signingAuthority with {kind:?}"), Accepted).kind(kind).authority()]
    };
    let mut cases: Vec<Case> = kinds.into_iter().flat_map(valid).collect();
    for alg in [-35, -36, -37, -8, -9, -47, -257, 5, 0] {
        cases.push(protect(&format!("alg {alg} with a key on P-256"), Refused("alg is"), ALG, alg));
    }
    cases.extend([
        draft("no alg", Refused("alg (1) is missing"), |draft| draft.without(ALG)),
        protect("alg as text", Refused("alg (1) must be"), ALG, "ES256"),
        protect("alg as a float", Refused("alg (1) must be"), ALG, Cbor::Float(-7.0)),
        protect("alg as a bignum", Refused("alg (1) must be"), ALG, tag(3, Cbor::Bytes(vec![6]))),
        protect("alg null", Refused("alg (1) must be"), ALG, NULL),
        draft("alg under a text label", Refused("alg (1) is missing"), |draft| draft.without(ALG).protect("alg", -7)),
        draft("alg in more bytes than necessary", Accepted, |draft| draft.protect(ALG, Cbor::Raw(vec![0x38, 6]))),
        Case::cose("a signature by another key", Refused(SIGNATURE))
            .cose_draft(|draft| CoseDraft { key: CoseDraft::with_kind(Kind::P256, Scheme::X509).key, ..draft }),
    ]);
    cases
}

/// Another signature of the unchanged content.
fn signed_over(name: &str, input: fn(&[u8], &[u8]) -> Vec<u8>) -> Case {
    // The key is known while the content is drafted: the signature travels in the unprotected header to its place.
    Case::cose(name, Refused(SIGNATURE))
        .cose_draft(move |draft| {
            let signature = draft.key.sign_envelope(&input(&draft.protected_bytes(), &draft.payload));
            draft.unprotected("signature", Cbor::Bytes(signature))
        })
        .elements(|elements| {
            let Cbor::Map(entries) = &mut elements[1] else { panic!() };
            elements[3] = entries.pop().unwrap().1;
        })
}

fn signatures() -> Vec<Case> {
    let altered = |name: &str, reason, change: fn(&mut Vec<u8>)| {
        Case::cose(name, Refused(reason)).elements(move |elements| {
            let mut bytes = content(&elements[3]);
            change(&mut bytes);
            elements[3] = Cbor::Bytes(bytes);
        })
    };
    vec![
        altered("a bit of the signature flipped", SIGNATURE, |bytes| bytes[9] ^= 4),
        altered("a signature cut short", SIGNATURE, |bytes| bytes.truncate(63)),
        altered("a byte after the signature", SIGNATURE, |bytes| bytes.push(0)),
        altered("a signature of zeros", SIGNATURE, |bytes| bytes.fill(0)),
        altered("an empty signature", "signature is missing", Vec::clear),
        altered("r and s in DER", SIGNATURE, |bytes| {
            let integer = |bytes: &[u8]| testing::der::tlv(2, &[&[0], bytes].concat());
            *bytes = testing::der::sequence(&[&integer(&bytes[..32]), &integer(&bytes[32..])]);
        }),
        elements("a signature over another payload", Refused(SIGNATURE), |elements| {
            elements[2] = byte_string(r#"{"targetArtifact":{}}"#);
        }),
        elements("a signature over another protected header", Refused(SIGNATURE), |elements| {
            let draft = CoseDraft::with_kind(Kind::P256, Scheme::X509);
            elements[0] = draft.elements()[0].clone();
        }),
        signed_over("a signature with the context of COSE_Sign", |protected, payload| {
            Cbor::Array(vec!["Signature".into(), protected.into(), Cbor::Bytes(vec![]), payload.into()]).encode()
        }),
        signed_over("a signature with external data", |protected, payload| {
            Cbor::Array(vec!["Signature1".into(), protected.into(), byte_string("x"), payload.into()]).encode()
        }),
        signed_over("a signature over the payload alone", |_, payload| payload.to_vec()),
        signed_over("a signature over the header as a map", |protected, payload| {
            let parts = ["Signature1".into(), Cbor::Raw(protected.to_vec()), Cbor::Bytes(vec![]), payload.into()];
            Cbor::Array(parts.into()).encode()
        }),
        signed_over("a signature over a structure with long lengths", |protected, payload| {
            let parts = ["Signature1".into(), long(&protected.into()), Cbor::Bytes(vec![]), long(&payload.into())];
            Cbor::Array(parts.into()).encode()
        }),
        signed_over("a signature over a structure of indefinite length", |protected, payload| {
            let structure = sig_structure(protected, payload);
            [&[0x9f][..], &structure[1..], &[0xff]].concat()
        }),
    ]
}

fn forms() -> Vec<Case> {
    let tag_missing = "it does not have the tag";
    vec![
        bytes("an untagged COSE_Sign1", Refused(tag_missing), |bytes| bytes[1..].to_vec()),
        bytes("the tag of COSE_Sign", Refused(tag_missing), |bytes| [&[0xd8, 98][..], &bytes[1..]].concat()),
        bytes("the tag of COSE_Mac0", Refused(tag_missing), |bytes| [&[0xd1][..], &bytes[1..]].concat()),
        bytes("the tag twice", Refused("is an array"), |bytes| [&[0xd2][..], &bytes].concat()),
        bytes("the tag of self-described CBOR", Refused(tag_missing), |bytes| {
            [&[0xd9, 0xd9, 0xf7][..], &bytes].concat()
        }),
        bytes("the tag of a CWT", Refused(tag_missing), |bytes| [&[0xd8, 61][..], &bytes].concat()),
        bytes("the tag in two bytes", OnlyWeAccept(COSE_ENCODING), |bytes| [&[0xd8, 18][..], &bytes[1..]].concat()),
        bytes("a byte string around the envelope", Refused(tag_missing), |bytes| Cbor::Bytes(bytes).encode()),
        bytes("a byte after the envelope", Refused("follow the CBOR"), |bytes| [&bytes[..], &[0]].concat()),
        bytes("the envelope twice", Refused("follow the CBOR"), |bytes| bytes.repeat(2)),
        bytes("an envelope cut short", Refused(MALFORMED), |bytes| bytes[..bytes.len() - 1].to_vec()),
        bytes("no envelope", Refused(MALFORMED), |_| Vec::new()),
        bytes("an empty array", Refused("exactly four"), |_| sign1([])),
        bytes("an empty map", Refused(tag_missing), |_| vec![0xa0]),
        bytes("JSON", Refused("CBOR"), |_| b"{}".to_vec()),
        bytes("an array in more bytes than necessary", OnlyWeAccept(COSE_ENCODING), |bytes| {
            [&[0xd2, 0x98, 4][..], &bytes[2..]].concat()
        }),
        bytes("an array of indefinite length", OnlyWeAccept(COSE_ENCODING), |bytes| {
            [&[0xd2, 0x9f][..], &bytes[2..], &[0xff]].concat()
        }),
        bytes("a fifth element", Refused("exactly four"), |bytes| [&[0xd2, 0x85][..], &bytes[2..], &[0xf6]].concat()),
        bytes("an array that says three elements", Refused("exactly four"), |bytes| {
            [&[0xd2, 0x83][..], &bytes[2..]].concat()
        })
        .bytes(|bytes| {
            // Without the signature, which is the last element.
            let end = bytes.len() - 64 - 2;
            [&[0xd2, 0x83][..], &bytes[2..end]].concat()
        }),
        elements("no payload (detached)", Refused("detached"), |elements| elements[2] = NULL),
        elements("an undefined payload", Refused("payload must be"), |elements| elements[2] = Cbor::Simple(23)),
        elements("an empty payload", Refused("payload is missing"), |elements| elements[2] = Cbor::Bytes(vec![])),
        elements("a payload as text", Refused("payload must be"), |elements| {
            elements[2] = Cbor::Text(String::from_utf8(content(&elements[2])).unwrap());
        }),
        elements("a tagged payload", Refused("payload must be"), |elements| elements[2] = tag(24, elements[2].clone())),
        elements("a signature as text", Refused("signature must be"), |elements| elements[3] = "x".into()),
        elements("a null signature", Refused("signature must be"), |elements| elements[3] = NULL),
        elements("signatures in an array", Refused("signature must be"), |elements| {
            elements[3] = Cbor::Array(vec![elements[3].clone()]);
        }),
        elements("a null unprotected header", Refused("unprotected must be"), |elements| elements[1] = NULL),
        elements("an unprotected header as a byte string", Refused("unprotected must be"), |elements| {
            elements[1] = Cbor::Bytes(elements[1].encode());
        }),
        elements("a protected header as a map", Refused("protected must be"), |elements| {
            elements[0] = Cbor::Raw(content(&elements[0]));
        }),
        elements("no protected header", Refused("is missing"), |elements| elements[0] = Cbor::Bytes(vec![])),
        elements("an empty protected header", Refused("is missing"), |elements| elements[0] = Cbor::Bytes(vec![0xa0])),
        elements("strings in parts", OnlyWeAccept(COSE_ENCODING), |elements| {
            for position in [0, 2, 3] {
                elements[position] = Cbor::in_parts(&content(&elements[position]));
            }
        }),
        elements("long lengths", Accepted, |elements| {
            // notation signs and verifies the head of the protected header's string as it is.
            for position in [2, 3] {
                elements[position] = long(&elements[position]);
            }
        }),
        elements("a long length of the protected header", Accepted, |elements| elements[0] = long(&elements[0])),
        elements("an unprotected header of indefinite length", OnlyWeAccept(COSE_ENCODING), |elements| {
            let Cbor::Map(entries) = &elements[1] else { panic!() };
            let entries: Vec<u8> = entries.iter().flat_map(|(k, v)| [k.encode(), v.encode()].concat()).collect();
            elements[1] = Cbor::Raw([vec![0xbf], entries, vec![0xff]].concat());
        }),
        elements("an unprotected header in another order", Accepted, |elements| {
            let Cbor::Map(entries) = &mut elements[1] else { panic!() };
            entries.reverse();
        }),
        draft("a protected header in another order", Accepted, |mut draft| {
            draft.protected.reverse();
            draft
        }),
        draft("a protected header of indefinite length", OnlyWeAccept(COSE_ENCODING), |mut draft| {
            let entries: Vec<u8> =
                draft.protected.iter().flat_map(|(k, v)| [k.encode(), v.encode()].concat()).collect();
            draft.protected_bytes = Some([vec![0xbf], entries, vec![0xff]].concat());
            draft
        }),
        draft("a label in more bytes than necessary", Accepted, |mut draft| {
            draft.protected[0].0 = Cbor::Raw(vec![0x18, 1]);
            draft
        }),
        draft("bytes after the protected header", Refused("follow the CBOR"), |mut draft| {
            draft.protected_bytes = Some([draft.protected_bytes(), vec![0]].concat());
            draft
        }),
        draft("an array for the protected header", Refused("protected must be"), |mut draft| {
            draft.protected_bytes = Some(Cbor::Array(vec![Cbor::Map(draft.protected.clone())]).encode());
            draft
        }),
        draft("a label twice", Refused("twice"), |mut draft| {
            draft.protected.push(draft.protected[0].clone());
            draft
        }),
        draft("a label twice, once in more bytes", Refused("twice"), |mut draft| {
            draft.protected.push((Cbor::Raw(vec![0x18, 1]), (-7).into()));
            draft
        }),
        draft("a name twice", Refused("twice"), |mut draft| {
            draft.protected.push((EXPIRY.into(), Cbor::time(seconds(7200))));
            draft
        }),
        draft("an unprotected label twice", Refused("twice"), |mut draft| {
            draft.unprotected.push((AGENT.into(), "other/1".into()));
            draft
        }),
        protect("a key twice in a value", Refused("twice"), "com.example.x", {
            Cbor::Map(vec![("a".into(), 1.into()), ("a".into(), 2.into())])
        }),
        protect("a label that is a byte string", Refused("is not a label"), byte_string("x"), 1),
        protect("a label that is null", Refused("is not a label"), NULL, 1),
        protect("a label that is a float", Refused("is not a label"), Cbor::Float(1.0), 1),
        unprotected("an unprotected label that is a byte string", Refused("is not a label"), byte_string("x"), 1),
        protect("a value nested 100 levels", OnlyWeAccept(COSE_ENCODING), "com.example.x", {
            Cbor::Raw([vec![0x81; 100], vec![0x80]].concat())
        }),
        protect("a value nested 1000 levels", Refused("nested deeper"), "com.example.x", {
            Cbor::Raw([vec![0x81; 1000], vec![0x80]].concat())
        }),
        protect("text that is not UTF-8", Refused(MALFORMED), "com.example.x", Cbor::Raw(vec![0x62, 0xc3, 0x28])),
        protect("a simple value in two bytes", Refused(MALFORMED), "com.example.x", Cbor::Raw(vec![0xf8, 0x14])),
        bytes("a length that is not there", Refused(MALFORMED), |_| [vec![0xd2, 0x84], head(2, u64::MAX)].concat()),
    ]
}

fn critical_headers() -> Vec<Case> {
    let absent = "which is missing from the header, empty or listed twice";
    let mut cases: Vec<Case> = (0..=8)
        .map(|label: i128| {
            let expected = match label {
                1..=3 => OnlyNotationAccepts(COSE_CRITICAL, "which COSE itself defines"),
                _ => Refused("which COSE itself defines"),
            };
            listed(&format!("crit with the label {label}"), expected, label)
        })
        .collect();
    cases.extend([
        draft("no crit", Refused("crit (2) is missing"), |draft| draft.without(CRIT)),
        crit("an empty crit", Refused("crit (2) is missing"), []),
        protect("crit as text", Refused("crit (2) must be"), CRIT, SCHEME),
        protect("crit null", Refused("crit (2) must be"), CRIT, NULL),
        listed("a byte string in crit", Refused("an entry of crit"), byte_string(EXPIRY)),
        listed("null in crit", Refused("an entry of crit"), NULL),
        listed("an empty name in crit", Refused(absent), ""),
        crit("crit without the scheme", Refused("must be listed in crit"), [EXPIRY]),
        crit("crit without the expiry", Refused("must be listed in crit"), [SCHEME]),
        crit("crit with a name twice", Accepted, [SCHEME, EXPIRY, SCHEME]),
        crit("crit with an absent name", Refused(absent), [SCHEME, EXPIRY, "com.example.x"]),
        crit("crit in another order", Accepted, [EXPIRY, SCHEME]),
        crit(
            "crit with the signing time",
            OnlyNotationAccepts(COSE_INFORMATIONAL, "informational"),
            [SCHEME, EXPIRY, TIME],
        ),
        crit("crit without the authentic signing time", Refused("must be listed in crit"), [SCHEME, EXPIRY])
            .authority(),
        listed("crit with an absent label", Refused(absent), 33),
        listed("crit with a large absent label", Refused(absent), 70_000),
        critical("kid in crit", OnlyNotationAccepts(COSE_CRITICAL, "which COSE itself defines"), 4, byte_string("k")),
        critical("an unknown critical label", OnlyNotationAccepts(CRITICAL_UNKNOWN, "which is unknown"), 1000, "x"),
        critical(
            "a critical label below zero",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "which is unknown"),
            -70_000,
            "x",
        ),
        critical(
            "an unknown critical name",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "names no verification plugin"),
            "com.example.x",
            "1",
        ),
        critical(
            "a critical name with a byte string",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "the plugin protocol"),
            "com.example.x",
            byte_string("1"),
        ),
        protect("an unknown name", Accepted, "com.example.x", Cbor::Map(vec![(1.into(), NULL)])),
        protect("an unknown label", Accepted, 1000, "x"),
        protect("a label that has no sign and 64 bits", OnlyWeAccept(COSE_LABEL), i128::from(u64::MAX), "x"),
        protect("kid", Accepted, 4, byte_string("k")),
        protect("kid as text", Refused("kid (4)"), 4, "k"),
        protect("an IV", Accepted, 5, byte_string("k")),
        protect("an IV that is a number", Refused("IV (5)"), 5, 1),
        draft("an IV and a partial IV", Refused("both an IV"), |draft| {
            draft.protect(5, byte_string("k")).protect(6, byte_string("k"))
        }),
        draft("an IV and an unprotected partial IV", Refused("both an IV"), |draft| {
            draft.protect(5, byte_string("k")).unprotected(6, byte_string("k"))
        }),
        critical("a plugin that is not installed", Refused("plugin"), PLUGIN, "com.example.plugin"),
        critical("a plugin without a name", Refused("verificationPlugin"), PLUGIN, ""),
        critical("a plugin that is a number", Refused("verificationPlugin"), PLUGIN, 1),
        protect("a plugin that is not critical", Refused("must be listed in crit"), PLUGIN, "com.example.p"),
        critical(
            "a plugin version without a plugin",
            OnlyNotationAccepts(PLUGIN_VERSION, "of a verification plugin, but names none"),
            VERSION,
            "1.0.0",
        ),
    ]);
    cases
}

fn claims() -> Vec<Case> {
    vec![
        draft("no content type", Refused("content type (3) is missing"), |draft| draft.without(CONTENT_TYPE)),
        protect("another content type", Refused("cty is"), CONTENT_TYPE, "application/json"),
        protect(
            "a content type in capitals",
            Refused("cty is"),
            CONTENT_TYPE,
            "Application/vnd.cncf.notary.payload.v1+json",
        ),
        protect(
            "a content type with a parameter",
            Refused("cty is"),
            CONTENT_TYPE,
            "application/vnd.cncf.notary.payload.v1+json;v=1",
        ),
        protect("a content type as a number", Refused("content type (3) must be"), CONTENT_TYPE, 50),
        protect("an empty content type", Refused("cty is"), CONTENT_TYPE, ""),
        draft("a content type under a text label", Refused("content type (3) is missing"), |draft| {
            draft.without(CONTENT_TYPE).protect("cty", "application/vnd.cncf.notary.payload.v1+json")
        }),
        draft("no scheme", Refused("missing from the header"), |draft| draft.without(SCHEME)),
        protect("an unknown scheme", Refused("unsupported signing scheme"), SCHEME, "notary.x509.other"),
        protect("a scheme in capitals", Refused("unsupported signing scheme"), SCHEME, "Notary.X509"),
        protect("a scheme that is a byte string", Refused("signingScheme"), SCHEME, byte_string("notary.x509")),
        protect("an empty scheme", Refused("signingScheme"), SCHEME, ""),
        protect(
            "the time of the other scheme",
            OnlyNotationAccepts(COSE_SCHEME_TIME, "not allowed"),
            AUTHENTIC,
            Cbor::time(seconds(-3600)),
        ),
        protect(
            "the time of the other scheme, signingAuthority",
            OnlyNotationAccepts(COSE_SCHEME_TIME, "not allowed"),
            TIME,
            Cbor::time(seconds(-3600)),
        )
        .authority(),
        draft("no signing time", Refused("signingTime is missing"), |draft| draft.without(TIME)),
        draft("no authentic signing time", Refused("authenticSigningTime is missing"), |draft| {
            draft.without(AUTHENTIC).protect(CRIT, Cbor::Array(vec![SCHEME.into(), EXPIRY.into()]))
        })
        .authority(),
        draft("no expiry", Accepted, |draft| draft.without(EXPIRY).protect(CRIT, Cbor::Array(vec![SCHEME.into()]))),
        protect(
            "Expiry beside expiry",
            OnlyNotationAccepts(CASE, "differs from another only"),
            "io.cncf.notary.Expiry",
            "x",
        ),
        draft("an expiry in capitals", Refused("differs from another only"), |draft| {
            let expiry = draft.protected(EXPIRY);
            draft.without(EXPIRY).protect("IO.CNCF.NOTARY.EXPIRY", expiry)
        }),
        protect(
            "a signing agent in the protected header",
            OnlyNotationAccepts(COSE_UNPROTECTED, "only the unprotected"),
            AGENT,
            "x",
        ),
        protect(
            "a timestamp in the protected header",
            OnlyNotationAccepts(COSE_UNPROTECTED, "only the unprotected"),
            TIMESTAMP,
            byte_string("x"),
        ),
        protect("the label of a hash envelope", OnlyNotationAccepts(COSE_HASH, "hash envelopes"), 258, -16),
        draft("a hash envelope", Refused("hash envelopes"), |draft| draft.without(CONTENT_TYPE).protect(258, -16)),
    ]
}

fn times() -> Vec<Case> {
    let form = "not an epoch-based time";
    let time = |name: &str, expected, item: Cbor| protect(name, expected, TIME, tag(1, item));
    let expiry = |name: &str, expected, item: Cbor| protect(name, expected, EXPIRY, tag(1, item));
    let raw = |bytes: &[u8]| Cbor::Raw(bytes.to_vec());
    let float = |seconds: i128| Cbor::Float(seconds as f64);
    vec![
        time("a signing time as a float", Accepted, float(seconds(-3600))),
        time("a signing time with a fraction", Accepted, Cbor::Float(seconds(-3600) as f64 + 0.25)),
        time("a signing time in half precision", Accepted, raw(&[0xf9, 0x7b, 0xff])),
        time("a signing time in single precision", Accepted, raw(&[0xfa, 0x4e, 0xd4, 0x8a, 0x02])),
        time("a signing time of zero", Accepted, 0.into()),
        time("a signing time below zero", Accepted, (-1).into()),
        time("a signing time in more bytes than necessary", Accepted, raw(&[0x1b, 0, 0, 0, 0, 0x6a, 0x45, 1, 12])),
        time("a signing time of NaN", Refused(form), Cbor::Float(f64::NAN)),
        time("a signing time of infinity", Refused(form), Cbor::Float(f64::INFINITY)),
        time("a signing time beyond all years", OnlyNotationAccepts(YEARS, form), i128::from(i64::MAX).into()),
        time("a signing time as text", Refused(form), "1782907200".into()),
        time("a signing time as a bignum", Refused(form), tag(2, Cbor::Bytes(vec![0x6a, 0x45, 1, 0x40]))),
        time("a signing time in an array", Refused(form), Cbor::Array(vec![seconds(-3600).into()])),
        time("a signing time with two tags", Refused(form), tag(1, seconds(-3600))),
        time("a signing time of null", Refused(form), NULL),
        protect("a signing time without a tag", Refused(form), TIME, seconds(-3600)),
        protect("a signing time without a tag, as a float", Refused(form), TIME, float(seconds(-3600))),
        protect("a signing time as RFC 3339 text", Refused(form), TIME, "2026-07-01T12:00:00Z"),
        protect("a signing time with the tag 0", Refused(form), TIME, tag(0, "2026-07-01T12:00:00Z")),
        protect("a signing time with the tag 100", Refused(form), TIME, tag(100, 20_635)),
        protect("a null signing time", Refused(form), TIME, NULL),
        protect("a signing time with the tag in two bytes", Accepted, TIME, {
            Cbor::Raw([vec![0xd8, 1], Cbor::Integer(seconds(-3600)).encode()].concat())
        }),
        expiry("an expiry as a float", Accepted, float(seconds(3600))),
        expiry("an expiry of NaN", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::NAN)),
        expiry("an expiry of NaN in half precision", OnlyNotationAccepts(COSE_TIME, form), raw(&[0xf9, 0x7e, 0])),
        expiry("an expiry of infinity", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::INFINITY)),
        expiry("an expiry of minus infinity", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::NEG_INFINITY)),
        expiry("an expiry in the year 9999", Accepted, 253_402_300_799.into()),
        expiry("an expiry in the year 1", OnlyNotationAccepts(EXPIRED, "is not after"), (-62_135_596_800).into()),
        expiry("an expiry as a bignum", Refused(form), tag(2, Cbor::Bytes(vec![0x7a, 0x45, 1, 0x40]))),
        protect("an expiry without a tag", Refused(form), EXPIRY, seconds(3600)),
        protect("a null expiry", Refused(form), EXPIRY, NULL),
        expiry("expired a moment ago", Refused("the signature expired"), seconds(-1).into()),
        expiry("expires at the signing time", Refused("is not after"), seconds(-3600).into()),
        expiry("expires before it is signed", Refused("is not after"), seconds(-7200).into()),
        time("signed in the future", Refused("is not after"), seconds(7200).into()),
        time("signed before the chain was valid", Accepted, 1_500_000_000.into()),
        protect(
            "signed by a signing authority before the chain was valid",
            Refused("authenticTimestamp"),
            AUTHENTIC,
            Cbor::time(seconds(-80 * 3600)),
        )
        .authority(),
        protect("an authentic signing time of NaN", Refused(form), AUTHENTIC, tag(1, Cbor::Float(f64::NAN)))
            .authority(),
        protect("an authentic signing time as a float", Accepted, AUTHENTIC, tag(1, float(seconds(-3600)))).authority(),
        protect("an authentic signing time without a tag", Refused(form), AUTHENTIC, seconds(-3600)).authority(),
    ]
}

/// The chain moves to the protected header.
fn protected_chain(draft: CoseDraft) -> CoseDraft {
    let chain = x5chain(&draft.chain());
    draft.without_unprotected(X5CHAIN).protect(X5CHAIN, chain)
}

fn chain(name: &str, expected: Expected, change: fn(Vec<Vec<u8>>) -> Cbor) -> Case {
    Case::cose(name, expected).cose_draft(move |draft| {
        let chain = change(draft.chain());
        draft.unprotected(X5CHAIN, chain)
    })
}

/// A signature with one certificate, which is its own root.
fn single(name: &str, expected: Expected, form: fn(&[u8]) -> Cbor) -> Case {
    // The leaf becomes the issued chain's only certificate.
    Case::cose(name, expected).specs(|specs| specs.truncate(1)).cose_draft(move |draft| {
        let certificate = form(&draft.chain()[0]);
        draft.unprotected(X5CHAIN, certificate)
    })
}

fn unprotected_headers() -> Vec<Case> {
    let claim = OnlyNotationAccepts(COSE_UNPROTECTED, "which only the protected header may have");
    let claim_refused = Refused("which only the protected header may have");
    vec![
        draft("x5chain in the protected header", OnlyWeAccept(COSE_CHAIN), protected_chain),
        draft("a critical x5chain in the protected header", OnlyWeAccept(COSE_CHAIN), |draft| {
            protected_chain(draft).critical(X5CHAIN)
        }),
        draft("x5chain in both headers", OnlyNotationAccepts(COSE_BOTH, "only the protected header"), |draft| {
            let chain = x5chain(&draft.chain());
            draft.protect(X5CHAIN, chain)
        }),
        draft("no x5chain", Refused("x5chain (33) is missing"), |draft| draft.without_unprotected(X5CHAIN)),
        chain("an empty x5chain", Refused("x5chain (33) is missing"), |_| Cbor::Array(vec![])),
        chain("x5chain as text", Refused("x5chain (33)"), |chain| hex::encode(&chain[0]).as_str().into()),
        chain("x5chain as a map", Refused("x5chain (33)"), |chain| Cbor::Map(vec![(0.into(), x5chain(&chain))])),
        chain("x5chain with text", Refused("x5chain (33)"), |chain| {
            Cbor::Array(vec![Cbor::Bytes(chain[0].clone()), "x".into()])
        }),
        chain("x5chain in an array", Refused("x5chain (33)"), |chain| Cbor::Array(vec![x5chain(&chain)])),
        chain("x5chain with tagged certificates", Refused("x5chain (33)"), |chain| {
            Cbor::Array(chain.into_iter().map(|der| tag(24, Cbor::Bytes(der))).collect())
        }),
        chain("the leaf alone as a byte string", Refused("incomplete"), |chain| Cbor::Bytes(chain[0].clone())),
        chain("the leaf alone in an array", Refused("incomplete"), |chain| x5chain(&chain[..1])),
        chain("an empty certificate", Refused("certificate"), |chain| x5chain(&[vec![], chain[1].clone()])),
        chain("a certificate in PEM", Refused("certificate"), |chain| {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{}", hex::encode(&chain[0]));
            x5chain(&[pem.into_bytes(), chain[1].clone()])
        }),
        chain("certificates joined in one string", Refused("certificate"), |chain| x5chain(&[chain.concat()])),
        chain("a reversed chain", Refused(""), |mut chain| {
            chain.reverse();
            x5chain(&chain)
        }),
        chain("a chain without its root", Refused("incomplete"), |chain| x5chain(&chain[..2])),
        single("a single certificate in an array", Accepted, |der| x5chain(&[der.to_vec()])),
        single("a single certificate as a byte string", OnlyWeAccept(COSE_SINGLE), |der| Cbor::Bytes(der.to_vec())),
        unprotected("alg in the unprotected header", claim, ALG, -7),
        unprotected("a content type in the unprotected header", claim, CONTENT_TYPE, "application/json"),
        unprotected("crit in the unprotected header", claim_refused, CRIT, Cbor::Array(vec!["x".into()])),
        unprotected("an expiry in the unprotected header", claim_refused, EXPIRY, Cbor::time(0)),
        unprotected("a plugin in the unprotected header", claim, PLUGIN, "com.example.plugin"),
        unprotected("the label of a hash envelope, unprotected", claim, 258, -16),
        unprotected("an unknown unprotected name", Accepted, "com.example.x", NULL),
        unprotected("an unknown unprotected label", Accepted, 1000, Cbor::Map(vec![])),
        unprotected("kid in the unprotected header", Accepted, 4, byte_string("k")),
        unprotected("an unprotected kid as text", Refused("kid (4)"), 4, "k"),
        draft("kid in both headers", OnlyNotationAccepts(COSE_BOTH, "only the protected header"), |draft| {
            draft.protect(4, byte_string("k")).unprotected(4, byte_string("k"))
        }),
        draft("a name in both headers", OnlyNotationAccepts(COSE_BOTH, "only the protected header"), |draft| {
            draft.protect("com.example.x", 1).unprotected("com.example.x", 1)
        }),
        unprotected("a signing agent", Accepted, AGENT, "a b/1\u{202e} \"c\""),
        unprotected("an empty signing agent", Accepted, AGENT, ""),
        draft("no signing agent", Accepted, |draft| draft.without_unprotected(AGENT)),
        unprotected("a signing agent that is a number", OnlyNotationAccepts(COSE_AGENT, "signingAgent"), AGENT, 1),
        unprotected(
            "a signing agent that is a byte string",
            OnlyNotationAccepts(COSE_AGENT, "signingAgent"),
            AGENT,
            byte_string("x"),
        ),
        unprotected("a timestamp that is not required", Accepted, TIMESTAMP, byte_string("x")),
        unprotected(
            "a timestamp as text",
            OnlyNotationAccepts(COSE_TIMESTAMP, "timestampSignature"),
            TIMESTAMP,
            "AAAA",
        ),
        unprotected("a timestamp, signingAuthority", Accepted, TIMESTAMP, byte_string("x")).authority(),
    ]
}

/// What the payload and the chain must be does not depend on the form of the envelope.
fn shared() -> Vec<Case> {
    let payload = |name: &str, expected, change: fn(String) -> String| {
        Case::cose(name, expected).cose_draft(move |mut draft| {
            draft.payload = change(String::from_utf8(draft.payload).unwrap()).into_bytes();
            draft
        })
    };
    let specs = |name: &str, expected, change: fn(&mut Vec<Spec>)| Case::cose(name, expected).specs(change);
    vec![
        payload("another digest", Refused("not for this artifact"), |text| {
            let at = text.find("sha256:").unwrap() + 7;
            format!("{}{}{}", &text[..at], "5a".repeat(32), &text[at + 64..])
        }),
        payload("a claim in the payload", OnlyNotationAccepts(PAYLOAD, "the payload is malformed"), |text| {
            text.replacen('{', "{\"expiry\":\"2020-01-01T00:00:00Z\",", 1)
        }),
        payload("a digest twice in the payload", OnlyNotationAccepts(UNIQUE, "the payload is malformed"), |text| {
            text.replacen("\"digest\"", "\"digest\":\"sha256:00\",\"digest\"", 1)
        }),
        payload("space around the payload", Accepted, |text| format!(" {text}\n")),
        payload("text after the payload", Refused("the payload is malformed"), |text| format!("{text}x")),
        payload("a payload that is CBOR", Refused("the payload is malformed"), |_| "\u{1}".to_owned()),
        specs("an expired leaf", Refused("authenticTimestamp"), |specs| {
            specs[0].not_after = super::case::now() - time::Duration::seconds(1);
        }),
        specs("a leaf that is an authority", Refused("certificate 0"), |specs| {
            specs[0].set(testing::certificate::basic_constraints(true, true, None));
        }),
        specs("an authority without key usage", Refused("certificate 1"), |specs| {
            specs[1].remove(testing::certificate::KEY_USAGE);
        }),
        Case::cose("an unknown identity", Refused("authenticity"))
            .policy(|policy| policy["trustedIdentities"] = serde_json::json!(["x509.subject: C=US, ST=WA, O=Other"])),
        Case::cose("a signing authority's store for notary.x509", Refused("authenticity"))
            .policy(|policy| policy["trustStores"] = serde_json::json!(["signingAuthority:x"])),
    ]
}

pub fn cases() -> Vec<Case> {
    let tables =
        [keys(), signatures(), forms(), critical_headers(), claims(), times(), unprotected_headers(), shared()];
    tables.into_iter().flatten().collect()
}
