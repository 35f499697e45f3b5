//! Bodies that sign their input, or put it beside a signature: the checks behind a signature get any bytes, too.
//!
//! The keys are new in each process. An input has no part of them, so a crash occurs again with other keys.

use std::sync::{LazyLock, OnceLock};

use notary::envelope::{Envelope, EnvelopeFormat};
use notary::timestamp::TimestampToken;
use notary::x509::{Certificate, CertificateChain};
use testing::certificate::NOW;
use testing::cose::{Cbor, CoseDraft, sig_structure, sign1};
use testing::envelope::{PAYLOAD, Scheme};
use testing::key::Kind;
use testing::timestamp::Tsa;

use super::{MESSAGE, chain, envelope_in, shown, verified};

static DRAFT: LazyLock<CoseDraft> = LazyLock::new(|| CoseDraft::with_kind(Kind::P256, Scheme::X509));
static TSA: LazyLock<Tsa> = LazyLock::new(|| Tsa::new(Kind::P256));
static ROOTS: LazyLock<[Certificate; 1]> =
    LazyLock::new(|| [Certificate::from_der(TSA.root().to_vec()).unwrap_or_else(|why| panic!("{why}"))]);

/// An envelope in the COSE form with a right signature.
fn signed(protected: &[u8], unprotected: Vec<(Cbor, Cbor)>) -> Vec<u8> {
    let signature = DRAFT.key.sign_envelope(&sig_structure(protected, PAYLOAD));
    sign1([Cbor::from(protected), Cbor::Map(unprotected), Cbor::from(PAYLOAD), Cbor::Bytes(signature)])
}

/// Verifies an envelope whose protected header is these bytes: it is signed as it is, so what parses also verifies.
pub fn cose_header(bytes: &[u8]) {
    let signed = signed(bytes, DRAFT.unprotected.clone());
    if !envelope_in(EnvelopeFormat::Cose, &signed) {
        return;
    }
    let Some(envelope) = shown(Envelope::parse(EnvelopeFormat::Cose, &signed)) else { panic!("it parsed before") };
    let is_of_the_key = envelope.attributes.algorithm == DRAFT.key.jws_name();
    assert_eq!(shown(envelope.verify_integrity()).is_some(), is_of_the_key);
}

/// Verifies an envelope with these bytes as the value of a parameter of each header.
pub fn cbor_item(bytes: &[u8]) {
    let with_item = |header: &[(Cbor, Cbor)]| {
        let item = [("org.example.item".into(), Cbor::Raw(bytes.to_vec()))];
        header.iter().cloned().chain(item).collect::<Vec<_>>()
    };
    let signed = signed(&Cbor::Map(with_item(&DRAFT.protected)).encode(), with_item(&DRAFT.unprotected));
    if envelope_in(EnvelopeFormat::Cose, &signed) {
        let envelope = shown(Envelope::parse(EnvelopeFormat::Cose, &signed));
        assert!(envelope.and_then(|envelope| shown(envelope.verify_integrity())).is_some());
    }
}

/// Verifies a timestamp token whose signed content is these bytes.
pub fn tst_info(bytes: &[u8]) {
    let mut draft = TSA.draft(MESSAGE);
    draft.content = Some(bytes.to_vec());
    if let Some(token) = shown(TimestampToken::parse(&TSA.sign(&draft))) {
        verified(&token, &*ROOTS);
    }
}

/// Parses a certificate and judges it as a chain, and as one more certificate of a timestamp token.
pub fn certificate(bytes: &[u8]) {
    if let Some(one) = shown(CertificateChain::from_der(vec![bytes.to_vec()])) {
        chain(&one);
    }
    // The certificates of a token are not signed.
    static SIGNATURE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut draft = TSA.draft(MESSAGE);
    draft.certificates.push(bytes.to_vec());
    let sign = |message: &[u8]| SIGNATURE.get_or_init(|| TSA.key().sign_certificate(message)).clone();
    if let Some(token) = shown(TimestampToken::parse(&draft.sign_by(sign)))
        && let Some(verified) = verified(&token, &*ROOTS)
    {
        assert_eq!(verified.info().gen_time, NOW);
    }
}
