//! Invalid protected headers, correctly signed: COSE, "Protected Header".

use testing::cose::{ALG, CONTENT_TYPE, CRIT, Cbor, CoseDraft, NULL, X5CHAIN, x5chain};
use testing::envelope::Scheme;
use testing::key::Kind;

use super::{ParseCose as _, refused_header as refused};
use crate::cbor::CborError;
use crate::envelope::{AttributeError as E, SigningScheme, header};

fn is_type(why: &E) -> bool {
    matches!(why, E::Cbor(CborError::Type { .. }))
}

fn is_missing(why: &E) -> bool {
    matches!(why, E::Cbor(CborError::Missing(_)))
}

#[test]
fn alg_must_be_an_integer() {
    // "alg (int): This REQUIRED parameter (label 1)".
    assert!(is_missing(&refused(&CoseDraft::new().without(ALG))));
    for wrong in
        ["ES384".into(), NULL, Cbor::Float(-35.0), Cbor::Bytes(vec![0x38, 34]), Cbor::Array(vec![(-35).into()])]
    {
        let why = refused(&CoseDraft::new().protect(ALG, wrong));
        assert!(is_type(&why), "{why}");
    }
    let bignum = Cbor::Tag(3, Box::new(Cbor::Bytes(vec![34])));
    assert!(is_type(&refused(&CoseDraft::new().protect(ALG, bignum))));
    // The label is the integer 1, not the text "1" or "alg".
    for name in ["1", "alg"] {
        assert!(is_missing(&refused(&CoseDraft::new().without(ALG).protect(name, -35))));
    }
}

#[test]
fn the_content_type_must_be_the_payloads_as_text() {
    // "content type (tstr): The REQUIRED parameter content type (label 3) [...] The supported value is [...]".
    assert!(is_missing(&refused(&CoseDraft::new().without(CONTENT_TYPE))));
    for wrong in [Cbor::Integer(50), NULL, Cbor::Bytes(b"application/vnd.cncf.notary.payload.v1+json".to_vec())] {
        assert!(is_type(&refused(&CoseDraft::new().protect(CONTENT_TYPE, wrong))));
    }
    for text in [
        "",
        " ",
        "application/json",
        "application/vnd.cncf.notary.payload.v1+JSON",
        "application/vnd.cncf.notary.payload.v2+json",
        "application/vnd.cncf.notary.payload.v1+json ",
        "application/vnd.cncf.notary.payload.v1+json;v=1",
    ] {
        assert_eq!(refused(&CoseDraft::new().protect(CONTENT_TYPE, text)), E::ContentType(text.into()));
    }
    assert!(is_missing(&refused(&CoseDraft::new().without(CONTENT_TYPE).protect("cty", "x"))));
}

#[test]
fn the_signing_scheme_must_be_known() {
    // "io.cncf.notary.signingScheme (tstr, critical): This REQUIRED header".
    for scheme in ["notary.x509.SigningAuthority", "notary.x509 ", "notary", "notary.x509.signingAuthority.v2"] {
        let draft = CoseDraft::new().protect(header::SIGNING_SCHEME, scheme);
        assert_eq!(refused(&draft), E::SigningScheme(scheme.into()));
    }
    assert!(is_missing(&refused(&CoseDraft::new().protect(header::SIGNING_SCHEME, ""))));
    for wrong in [NULL, 1.into(), Cbor::Bytes(b"notary.x509".to_vec()), Cbor::Array(vec!["notary.x509".into()])] {
        assert!(is_type(&refused(&CoseDraft::new().protect(header::SIGNING_SCHEME, wrong))));
    }
    // Without the scheme, crit lists an absent header, or does not list it.
    let absent = CoseDraft::new().without(header::SIGNING_SCHEME);
    assert_eq!(refused(&absent), E::CriticalAbsent(header::SIGNING_SCHEME.into()));
    let crit = Cbor::Array(vec![header::AUTHENTIC_SIGNING_TIME.into(), header::EXPIRY.into()]);
    assert!(is_missing(&refused(&absent.protect(CRIT, crit))));
}

#[test]
fn crit_must_be_an_array_of_labels_that_is_not_empty() {
    // "crit (array of int/tstr): This REQUIRED parameter (label 2)". RFC 9052, section 3.1: "at least one value".
    for draft in [CoseDraft::new().without(CRIT), CoseDraft::new().protect(CRIT, Cbor::Array(vec![]))] {
        assert_eq!(refused(&draft), E::Cbor(CborError::Missing("crit (2)".into())));
    }
    for wrong in [header::EXPIRY.into(), NULL, Cbor::Map(vec![]), 1.into()] {
        assert!(is_type(&refused(&CoseDraft::new().protect(CRIT, wrong))));
    }
    for item in [NULL, Cbor::Bytes(header::EXPIRY.into()), Cbor::Array(vec![]), Cbor::Float(33.0), Cbor::Simple(20)] {
        assert!(is_type(&refused(&CoseDraft::new().critical(item))));
    }
}

#[test]
fn crit_must_list_every_critical_header() {
    // "This header MUST contain io.cncf.notary.signingScheme [...] if these critical headers are present".
    for name in [header::SIGNING_SCHEME, header::AUTHENTIC_SIGNING_TIME, header::EXPIRY] {
        let mut draft = CoseDraft::new();
        let Cbor::Array(crit) = draft.crit() else { panic!() };
        crit.retain(|label| *label != Cbor::from(name));
        assert_eq!(refused(&draft), E::NotCritical(name));
    }
    for name in [header::VERIFICATION_PLUGIN, header::VERIFICATION_PLUGIN_MIN_VERSION] {
        assert_eq!(refused(&CoseDraft::new().protect(name, "1.0.0")), E::NotCritical(name));
        assert!(is_missing(&refused(&CoseDraft::new().protect(name, "").critical(name))));
        assert!(is_type(&refused(&CoseDraft::new().protect(name, 1).critical(name))));
    }
}

#[test]
fn crit_must_not_list_labels_from_0_to_8() {
    // "It MUST only contain parameters apart from integer labels in the range of 0 to 8."
    for label in 0..=8 {
        let draft = CoseDraft::new().critical(label);
        assert_eq!(refused(&draft), E::CriticalLabel(label.into()));
        let value = if label < 4 { draft } else { draft.protect(label, &[1][..]) };
        assert_eq!(refused(&value), E::CriticalLabel(label.into()));
    }
}

#[test]
fn crit_must_not_list_absent_labels() {
    // RFC 9052, section 3.1: a label "not in the protected-header-parameters bucket" is "a fatal error".
    for name in ["org.example.absent", "", "IO.CNCF.NOTARY.EXPIRY", "33", "1"] {
        assert_eq!(refused(&CoseDraft::new().critical(name)), E::CriticalAbsent(name.into()));
    }
    for label in [9, 33, 1000, -1, -70_000] {
        assert_eq!(refused(&CoseDraft::new().critical(label)), E::CriticalAbsent(label.into()));
    }
    let nameless = CoseDraft::new().protect("", "x").critical("");
    assert_eq!(refused(&nameless), E::CriticalAbsent("".into()));
    // A parameter of the unprotected header is not in the protected one.
    let elsewhere = CoseDraft::new().critical("org.example.a").unprotected("org.example.a", 1);
    assert_eq!(refused(&elsewhere), E::CriticalAbsent("org.example.a".into()));
}

#[test]
fn crit_may_list_a_label_twice() {
    // RFC 9052, section 3.1: "[+ label]". That of JWS must not, by RFC 7515, section 4.1.11.
    let draft = CoseDraft::new().critical(header::EXPIRY);
    let chain = x5chain(&draft.chain());
    let twice = draft.without_unprotected(X5CHAIN).protect(X5CHAIN, chain).critical(X5CHAIN).critical(X5CHAIN);
    twice.verify().unwrap();
}

#[test]
fn crit_must_not_list_what_is_informational_or_unknown_by_number() {
    // signature-specification.md: "Claims which are informational [...] MUST NOT be marked critical", and "unknown
    // critical attributes MUST cause signature verification to fail". Unknown names are for a verification plugin.
    let informational = CoseDraft::with_kind(Kind::P384, Scheme::X509).critical(header::SIGNING_TIME);
    assert_eq!(refused(&informational), E::CriticalInformational(header::SIGNING_TIME.into()));
    for label in [9, 16, 34, 1000, -1, -70_000] {
        let draft = CoseDraft::new().protect(label, "x").critical(label);
        assert_eq!(refused(&draft), E::CriticalUnknown(label.into()));
    }
    for value in [Cbor::Bytes(vec![1]), Cbor::Tag(1, Box::new(1.into())), Cbor::Float(f64::NAN), Cbor::Simple(23)] {
        let draft = CoseDraft::new().protect("org.example.must", value).critical("org.example.must");
        assert_eq!(refused(&draft), E::CriticalValue("org.example.must".into()));
    }
}

#[test]
fn names_of_the_unprotected_header_do_not_belong_here() {
    // COSE, "Unprotected Headers".
    for name in [header::SIGNING_AGENT, header::TIMESTAMP_SIGNATURE] {
        for draft in [CoseDraft::new(), CoseDraft::new().without_unprotected(name)] {
            assert_eq!(refused(&draft.protect(name, "x")), E::Unsigned(name));
        }
    }
}

#[test]
fn rejects_case_variants_of_names() {
    for name in [
        "io.cncf.notary.Expiry",
        "io.cncf.notary.signingscheme",
        "io.cncf.notary.ſigningScheme",
        "IO.CNCF.notary.authenticSigningTime",
        "io.cncf.notary.VerificationPlugin",
        "io.cncf.notary.SigningTime",
        "io.cncf.notary.TimestampSignature",
    ] {
        assert_eq!(refused(&CoseDraft::new().protect(name, "x")), E::CaseVariant(name.into()));
    }
    let both = CoseDraft::new().protect("org.example.a", 1).protect("org.example.A", 1);
    assert!(matches!(refused(&both), E::CaseVariant(_)));
}

#[test]
fn common_parameters_must_have_their_type() {
    // RFC 9052, section 3.1, table 3: kid, IV and Partial IV are byte strings, and the last two exclude each other.
    for label in [4, 5, 6] {
        for wrong in ["x".into(), Cbor::Integer(1), NULL] {
            assert!(is_type(&refused(&CoseDraft::new().protect(label, wrong))));
        }
    }
    let bytes = || Cbor::Bytes(vec![1]);
    for draft in [
        CoseDraft::new().protect(5, bytes()).protect(6, bytes()),
        CoseDraft::new().protect(5, bytes()).unprotected(6, bytes()),
        CoseDraft::new().unprotected(5, bytes()).unprotected(6, bytes()),
    ] {
        assert_eq!(refused(&draft), E::TwoIvs);
    }
}

#[test]
fn rejects_time_headers_of_the_other_scheme() {
    // "This claim is REQUIRED and only valid when signing scheme is ..."
    let time = || Cbor::time(testing::cose::NOW_SECONDS);
    for value in [time(), NULL] {
        let authority = CoseDraft::new().protect(header::SIGNING_TIME, value);
        let scheme = SigningScheme::SigningAuthority;
        assert_eq!(refused(&authority), E::OtherScheme { name: header::SIGNING_TIME, scheme });
    }
    let own = CoseDraft::with_kind(Kind::P384, Scheme::X509);
    let own = own.protect(header::AUTHENTIC_SIGNING_TIME, time());
    assert_eq!(refused(&own), E::OtherScheme { name: header::AUTHENTIC_SIGNING_TIME, scheme: SigningScheme::X509 });
    let timeless = CoseDraft::with_kind(Kind::P384, Scheme::X509).without(header::SIGNING_TIME);
    assert!(is_missing(&refused(&timeless)));
    let renamed = CoseDraft::new().protect(header::SIGNING_SCHEME, "notary.x509");
    assert!(matches!(refused(&renamed), E::OtherScheme { .. }));
}
