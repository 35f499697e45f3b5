//! Invalid envelopes and chains, and the check that refuses each.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use notary::Descriptor;
use notary::envelope::Payload;
use serde_json::{Value, json};
use testing::certificate::{Spec, basic_constraints, key_usage};
use testing::cose::{Cbor, CoseDraft, X5CHAIN};
use testing::envelope::Draft;
use testing::key::Kind;
use time::{Duration, OffsetDateTime};

use super::*;

/// Attaches the envelope to the image. Asserts that it is refused by this check with these words.
#[track_caller]
fn refused(fixture: &Fixture, envelope: &[u8], check: &str, words: &str) {
    let server = fixture.signed(&[envelope]).serve();
    let finished = fixture.verify(&reference(&server), &[]).exits_with(1).says(&format!("failed  {check}")).says(words);
    assert!(finished.stderr.contains(" refused\n"), "{finished}");
    let listed = fixture.run(&["list", &reference(&server)]).succeeded();
    assert!(listed.stdout.contains("sha256:"), "{listed}");
    fixture.run(&["inspect", &reference(&server)]);
}

#[test]
fn accepts_an_envelope_of_the_service() {
    let fixture = Fixture::new();
    for envelope in [fixture.envelope("v1"), fixture.forge(|_| ())] {
        let server = fixture.signed(&[&envelope]).serve();
        fixture.verify(&reference(&server), &[]).succeeded();
    }
}

#[test]
fn refuses_tampered_payloads_and_foreign_signatures() {
    let fixture = Fixture::new();
    let (other, _) = put_image(&fixture.layout(), "other");
    let envelope = fixture.envelope("v1");
    let of_other = fixture.envelope("other");
    let payload = Payload { target_artifact: Descriptor { size: 1, ..fixture.image.clone() } }.to_bytes();
    let mut tampered = parts(&envelope);
    tampered["payload"] = json!(URL_SAFE_NO_PAD.encode(payload));
    refused(&fixture, tampered.to_string().as_bytes(), "integrity", "the signature does not verify");
    let mut swapped = parts(&envelope);
    swapped["signature"] = parts(&of_other)["signature"].clone();
    refused(&fixture, swapped.to_string().as_bytes(), "integrity", "the signature does not verify");
    refused(&fixture, &of_other, "integrity", &format!("for {}, not for this artifact", other.digest));
}

#[test]
fn refuses_unknown_critical_headers_and_expired_signatures() {
    let fixture = Fixture::new();
    let unknown = fixture.forge(|a| a.extended.push(("org.example.must".into(), "x".into())));
    refused(&fixture, &unknown, "integrity", "critical attribute \"org.example.must\"");
    let expired = fixture.forge(|a| {
        a.signing_time = OffsetDateTime::now_utc() - Duration::hours(1);
        a.expiry = Some(OffsetDateTime::now_utc() - Duration::SECOND);
    });
    refused(&fixture, &expired, "expiry", "expired at");
}

#[test]
fn refuses_chains_of_another_root_or_in_the_wrong_order() {
    let fixture = Fixture::new();
    let other = Fixture::new();
    refused(&fixture, &other.envelope("v1"), "authenticity", "no certificate of the chain");
    let mut disordered = parts(&fixture.envelope("v1"));
    disordered["header"]["x5c"].as_array_mut().unwrap().swap(1, 2);
    refused(&fixture, disordered.to_string().as_bytes(), "integrity", "certificate");
    disordered["header"]["x5c"].as_array_mut().unwrap().reverse();
    refused(&fixture, disordered.to_string().as_bytes(), "integrity", "certificate");
}

#[test]
fn refuses_a_trusted_self_signed_leaf_with_the_ca_bit() {
    let fixture = Fixture::new();
    let mut leaf = Spec::leaf(Kind::P384);
    leaf.set(basic_constraints(true, true, None));
    leaf.set(key_usage(true, &[0, 5]));
    let certificate = leaf.sign(&leaf);
    let mut draft = Draft::new();
    draft.header["x5c"] = json!([STANDARD.encode(&certificate)]);
    draft.key = leaf.key;
    draft.payload = Payload { target_artifact: fixture.image.clone() }.to_bytes();
    let file = fixture.file("leaf.der");
    std::fs::write(&file, certificate).unwrap();
    let server = fixture.signed(&[draft.sign().to_string().as_bytes()]).serve();
    let more = ["--root", file.to_str().unwrap()];
    let finished = fixture.verify(&reference(&server), &more).exits_with(1);
    finished.says("failed  integrity").says("certificate");
}

#[test]
fn refuses_a_megabyte_of_certificates() {
    let fixture = Fixture::new();
    let mut many = parts(&fixture.envelope("v1"));
    let chain = many["header"]["x5c"].as_array_mut().unwrap();
    let leaf = chain[0].clone();
    chain.extend(std::iter::repeat_n(leaf, 1_000_000 / 800));
    refused(&fixture, many.to_string().as_bytes(), "integrity", "certificates, at most");
}

#[test]
fn reads_envelopes_at_the_limit_in_bounded_memory() {
    let fixture = Fixture::new();
    let good = parts(&fixture.envelope("v1"));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut envelope = good.clone();
        change(&mut envelope);
        envelope.to_string()
    };
    let size = 10 * 1024 * 1024 - 100_000;
    let many = |value: &str| format!("[{}0]", format!("{value},").repeat(size / (value.len() + 1)));
    let header = |value: String| {
        let text = with(&|_| ());
        text.replacen("\"header\":{", &format!("\"header\":{{\"x\":{value},"), 1)
    };
    let encoded = |text: String| URL_SAFE_NO_PAD.encode(text);
    for (what, envelope) in [
        ("one long text", header(format!("\"{}\"", "x".repeat(size)))),
        ("small numbers", header(many("0"))),
        ("small objects", header(many("{}"))),
        ("small texts", header(many("\"\""))),
        ("small lists", header(many("[]"))),
        (
            "names",
            header(format!("{{{}\"x\":0}}", (0..size / 12).map(|i| format!("\"{i:07}\":0,")).collect::<String>())),
        ),
        ("payload", with(&|e| e["payload"] = json!("e".repeat(size)))),
        ("protected", with(&|e| e["protected"] = json!("e".repeat(size)))),
        ("protected numbers", with(&|e| e["protected"] = json!(encoded(format!("{{\"x\":{}}}", many("0")))[..size]))),
        ("certificate", with(&|e| e["header"]["x5c"] = json!(["A".repeat(size / 4 * 4)]))),
        (
            "no certificates",
            with(&|e| e["header"]["x5c"] = serde_json::from_str(&many("\"\"").replace(",0]", "]")).unwrap()),
        ),
    ] {
        assert!(envelope.len() < 10 * 1024 * 1024, "{what}");
        let server = fixture.signed(&[envelope.as_bytes()]).serve();
        let finished = run(
            &mut fixture.cli.command(&["verify", &reference(&server), "--trusted-profile", &fixture.profile.arn]),
            LIMIT,
        );
        eprintln!("{what}: {} MiB", finished.peak >> 20);
    }
}

#[test]
fn reads_cose_envelopes_at_the_limit_in_bounded_memory() {
    let fixture = Fixture::new();
    let size = 10 * 1024 * 1024 - 100_000;
    let many = |item: &[u8]| Cbor::Raw([vec![0x9f], item.repeat(size / item.len()), vec![0xff]].concat());
    let parts = |head: u8, part: u8| Cbor::Raw([vec![head], vec![part; size], vec![0xff]].concat());
    let names = || {
        let name = |i: usize| (format!("{i:07}").as_str().into(), Cbor::Integer(0));
        Cbor::Map((0..size / 9).map(name).collect())
    };
    let note = |item: Cbor| CoseDraft::new().unprotected("n", item).sign();
    let claim = |item: Cbor| CoseDraft::new().protect("n", item).sign();
    let payload = CoseDraft { payload: vec![b' '; size], ..CoseDraft::new() };
    let bytes = || Cbor::Bytes(vec![0; size]);
    for (what, envelope) in [
        ("one byte string", note(bytes())),
        ("one text", note("x".repeat(size).as_str().into())),
        ("small numbers", note(many(&[0]))),
        ("small arrays", note(many(&[0x80]))),
        ("small maps", note(many(&[0xa0]))),
        ("floats", note(many(&[0xf9, 0x7e, 0]))),
        ("open arrays", note(Cbor::Raw(vec![0x9f; size]))),
        ("tags", note(Cbor::Raw(vec![0xc1; size]))),
        ("names", note(names())),
        ("parts of bytes", note(parts(0x5f, 0x40))),
        ("parts of text", note(parts(0x7f, 0x60))),
        ("a claim", claim(bytes())),
        ("small numbers in the protected header", claim(many(&[0]))),
        ("names in the protected header", claim(names())),
        ("payload", payload.sign()),
        ("certificate", CoseDraft::new().unprotected(X5CHAIN, Cbor::Array(vec![bytes()])).sign()),
        ("timestamp", CoseDraft::new().unprotected("io.cncf.notary.timestampSignature", bytes()).sign()),
        ("agent", CoseDraft::new().unprotected("io.cncf.notary.signingAgent", "x".repeat(size).as_str()).sign()),
    ] {
        assert!(envelope.len() < 10 * 1024 * 1024, "{what}");
        let server = fixture.signed(&[&envelope]).serve();
        for command in ["verify", "inspect", "list"] {
            let reference = reference(&server);
            let trust: &[&str] = if command == "verify" { &["--trusted-profile", &fixture.profile.arn] } else { &[] };
            let finished = fixture.run(&[&[command, &reference], trust].concat());
            eprintln!("{what}, {command}: {} MiB", finished.peak >> 20);
        }
    }
}

#[test]
fn refuses_envelopes_over_10_mib_without_reading_them() {
    let fixture = Fixture::new();
    let mut large = fixture.envelope("v1");
    large.resize(10 * 1024 * 1024 + 1, b' ');
    let server = fixture.signed(&[&large]).serve();
    let finished = fixture.verify(&reference(&server), &[]).exits_with(1);
    finished.says("failed  integrity").says("10485760 bytes");
    assert!(server.seen().iter().all(|request| !request.path.contains("/blobs/")));
    // The manifest understates the size.
    let mut repository = fixture.repository();
    let signature = repository.put_signature(&fixture.image, &large, |manifest| manifest.layers[0].size = 1000);
    repository.list(&fixture.image.digest, vec![signature]);
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).exits_with(3).says("expected 1000 bytes, got more");
}

/// All commands that read signatures say the same of one in an unknown format.
#[test]
fn an_envelope_of_an_unknown_format_is_refused() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let change = |manifest: &mut Manifest| "application/unknown".clone_into(&mut manifest.layers[0].media_type);
    let signature = repository.put_signature(&fixture.image, &envelope, change);
    repository.list(&fixture.image.digest, vec![signature]);
    let server = repository.serve();
    let says = "an envelope of an unknown format, \"application/unknown\"";
    fixture.verify(&reference(&server), &[]).exits_with(1).says(says);
    for command in ["list", "inspect"] {
        let refused = fixture.run(&[command, &reference(&server)]).exits_with(1).says(says);
        assert!(refused.stderr.contains(says), "{refused}");
        let refused = fixture.run(&[command, &reference(&server), "--output", "json"]).exits_with(1);
        assert!(refused.stdout.contains("\"code\": \"integrity\""), "{refused}");
    }
}
