//! Seeds with signatures of keys of their own: envelopes in the COSE form and timestamps, whole and in parts.

use testing::certificate::{Spec, issue};
use testing::cose::{Cbor, CoseDraft, X5CHAIN, x5chain};
use testing::der::{name, sequence, tlv};
use testing::envelope::Scheme;
use testing::key::Kind;
use testing::timestamp::{Tsa, accuracy, granted, refused};

/// The message and the nonce that the fuzz targets expect.
const MESSAGE: &[u8] = b"a signature";
const NONCE: [u8; 16] = [7; 16];

/// Writes all seeds.
pub fn write_all(write: impl Fn(&str, &[u8])) {
    envelopes(&write);
    items(&write);
    timestamps(&write);
}

/// Of the size of real ones. The local signer makes no COSE.
fn envelopes(write: &impl Fn(&str, &[u8])) {
    write("cose_envelope/signing-authority", &CoseDraft::new().sign());
    let time = |float: f64| Cbor::Tag(1, Box::new(Cbor::Float(float)));
    let own = || CoseDraft::with_kind(Kind::P256, Scheme::X509);
    let draft = own();
    let chain = x5chain(&draft.chain());
    let draft = draft.without_unprotected(X5CHAIN).protect(X5CHAIN, chain).critical(X5CHAIN);
    let draft = draft.protect("io.cncf.notary.expiry", time(1_814_443_200.5)).protect(4, &[1, 2][..]);
    write("cose_envelope/own-key-with-a-protected-chain", &draft.sign());
    let stamped = own().unprotected("io.cncf.notary.timestampSignature", &[0x30, 0][..]);
    write("cose_envelope/own-key-with-a-timestamp", &stamped.sign());

    write("cose_header/own-key", &own().protected_bytes());
    let (plugin, version) = ("io.cncf.notary.verificationPlugin", "io.cncf.notary.verificationPluginMinVersion");
    let draft = CoseDraft::with_kind(Kind::P256, Scheme::SigningAuthority).protect(plugin, "p").critical(plugin);
    let draft =
        draft.protect(version, "1.0.0").critical(version).protect("org.example.must", 7).critical("org.example.must");
    write("cose_header/signing-authority-with-a-plugin", &draft.protected_bytes());
    let draft = own().protect("io.cncf.notary.expiry", time(1_814_443_200.5)).protect(4, &[1, 2][..]);
    let draft =
        draft.protect(-70_000, Cbor::Simple(23)).protect("org.example.may", Cbor::Map(vec![("a".into(), 1.into())]));
    write("cose_header/own-key-with-others", &draft.protected_bytes());
}

/// Every type of RFC 8949, in short, long and open forms.
fn items(write: &impl Fn(&str, &[u8])) {
    let items = [
        Cbor::Integer(-1),
        Cbor::Integer(u64::MAX.into()),
        Cbor::from(&[1, 2, 3][..]),
        "text".into(),
        Cbor::Map(vec![
            ("a".into(), Cbor::Array(vec![Cbor::Float(1.5), Cbor::Simple(20)])),
            (1.into(), Cbor::Simple(255)),
        ]),
        Cbor::time(1_814_443_200),
        Cbor::Raw(vec![0xf9, 0x7e, 0]),
        Cbor::Raw(vec![0xfa, 0x7f, 0x80, 0, 0]),
    ];
    write("cbor_item/every-type", &Cbor::Array(items.into()).encode());
    write("cbor_item/open", b"\x9f\x5f\x41\x01\x41\x02\xff\x7f\x61a\x61b\xff\xbf\x61c\x9f\xff\xff\xff");
    write(
        "cbor_item/long-heads",
        b"\x9b\0\0\0\0\0\0\0\x03\x1b\0\0\0\0\0\0\0\x01\x5a\0\0\0\x01\x07\xdb\0\0\0\0\0\0\0\x01\x18\x20",
    );
    write("cbor_item/deep", &[&[0x81; 100][..], &[0xf6]].concat());
}

fn timestamps(write: &impl Fn(&str, &[u8])) {
    let tsa = Tsa::new(Kind::P256);
    write("timestamp_token/token", &tsa.token(MESSAGE));
    let mut detailed = tsa.draft(MESSAGE);
    detailed.info.accuracy = accuracy(Some(1), &[1, 0xf4], &[100]);
    detailed.info.ordering = vec![1, 1, 0xff];
    detailed.info.nonce = tlv(2, &NONCE);
    detailed.info.tsa = tlv(0xa0, &tlv(0xa4, &name(0x0c, "tsa")));
    write("timestamp_token/detailed", &tsa.sign(&detailed));
    write("timestamp_response/granted", &granted(&tsa.sign(&detailed)));
    write("timestamp_response/refused", &refused(2, "busy", &[5, 25]));
    write("tst_info/short", &tsa.draft(MESSAGE).info.der());
    write("tst_info/detailed", &detailed.info.der());
    detailed.info.extensions = tlv(0xa1, &sequence(&[&testing::der::oid("1.2.3"), &tlv(4, &[5, 0])]));
    write("tst_info/with-an-extension", &detailed.info.der());

    for (name, der) in ["tsa", "tsa-ca", "tsa-root"].iter().zip(&tsa.chain) {
        write(&format!("certificate/{name}"), der);
    }
    let rsa = issue(&[Spec::leaf(Kind::Rsa2048), Spec::authority("root", Kind::P521)]);
    write("certificate/rsa-leaf", &rsa[0]);
    write("certificate/p521-root", &rsa[1]);
}
