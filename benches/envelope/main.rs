//! Benchmark of verification in process: parses an envelope like AWS Signer's, in the JWS and in the COSE form, and
//! verifies its signature and chain, with a cold and with a warm chain cache. The signatures alone are measured too, as
//! the lower bound.
//!
//! The envelopes stay in cargo's temporary folder, so that `scripts/bench-envelope` can verify them with other
//! programs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

mod material;

use std::hint::black_box;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, UnparsedPublicKey,
};
use criterion::{Criterion, criterion_group, criterion_main};
use material::Material;
use notary::envelope::{Envelope, EnvelopeFormat, VerifiedEnvelope, with_timestamp};
use notary::timestamp::{AuthorityCache, TimestampToken};
use notary::x509::{Certificate, ChainCache};
use testing::certificate::NOW;
use testing::key::Kind;
use testing::timestamp::Tsa;

/// What is stamped and signed alone.
const MESSAGE: &[u8] = b"a signature";

/// Verifies an envelope, without trust store and without revocation.
fn verify(format: EnvelopeFormat, bytes: &[u8], chains: Option<&ChainCache>) -> VerifiedEnvelope {
    let envelope = Envelope::parse(format, bytes).unwrap();
    let verified = match chains {
        Some(chains) => envelope.verify_integrity_with(chains),
        None => envelope.verify_integrity(),
    };
    let verified = verified.unwrap();
    verified.check_validity(NOW).unwrap();
    verified
}

fn benchmarks(criterion: &mut Criterion) {
    for certificates in [3, 5] {
        let material = Material::new(certificates);
        let mut group = criterion.benchmark_group(format!("{certificates} certificates"));
        for (format, envelope) in &material.envelopes {
            let name = |what: &str| format!("{format} {what}");
            let file = format!("{}/envelope-{certificates}.{}", env!("CARGO_TARGET_TMPDIR"), format.name());
            std::fs::write(file, envelope).unwrap();
            group.bench_function(name("cold"), |b| b.iter(|| verify(*format, black_box(envelope), None)));
            let chains = ChainCache::default();
            group.bench_function(name("chain remembered"), |b| {
                b.iter(|| verify(*format, black_box(envelope), Some(&chains)));
            });
            group.bench_function(name("parsing alone"), |b| {
                b.iter(|| Envelope::parse(*format, black_box(envelope)).unwrap());
            });
        }
        group.bench_function("signatures alone", |b| b.iter(|| check_signatures(black_box(&material))));
        group.finish();
    }
}

/// An envelope with a timestamp beside the same without, and the signatures that the timestamp adds: its own, and those
/// of its three certificates on P-256.
fn timestamps(criterion: &mut Criterion) {
    let material = Material::new(3);
    let tsa = Tsa::new(Kind::P256);
    let roots = [Certificate::from_der(tsa.root().to_vec()).unwrap()];
    std::fs::write(format!("{}/tsa-root.der", env!("CARGO_TARGET_TMPDIR")), tsa.root()).unwrap();
    let mut group = criterion.benchmark_group("timestamp");
    for (format, bare) in &material.envelopes {
        let signature = Envelope::parse(*format, bare).unwrap().signature().to_vec();
        let stamped = with_timestamp(*format, bare, &tsa.token(&signature)).unwrap();
        let file = format!("{}/envelope-timestamped.{}", env!("CARGO_TARGET_TMPDIR"), format.name());
        std::fs::write(file, &stamped).unwrap();
        let stamped_verify = |chains: Option<&ChainCache>, cache: &AuthorityCache| {
            let verified = verify(*format, black_box(&stamped), chains);
            let token = TimestampToken::parse_with(verified.timestamp_signature().unwrap(), cache).unwrap();
            token.verify_with(verified.signature(), &roots, cache).unwrap()
        };
        group.bench_function(format!("{format} without"), |b| b.iter(|| verify(*format, black_box(bare), None)));
        group.bench_function(format!("{format} with"), |b| {
            b.iter(|| stamped_verify(None, &AuthorityCache::default()));
        });
        let (chains, cache) = (ChainCache::default(), AuthorityCache::default());
        group.bench_function(format!("{format} without, chains remembered"), |b| {
            b.iter(|| verify(*format, black_box(bare), Some(&chains)));
        });
        group.bench_function(format!("{format} with, chains remembered"), |b| {
            b.iter(|| stamped_verify(Some(&chains), &cache));
        });
    }
    // What is added, without the noise of the rest.
    let token = tsa.token(MESSAGE);
    let verify = |cache: &AuthorityCache| {
        TimestampToken::parse_with(black_box(&token), cache).unwrap().verify_with(MESSAGE, &roots, cache).unwrap()
    };
    group.bench_function("alone", |b| b.iter(|| verify(&AuthorityCache::default())));
    let cache = AuthorityCache::default();
    group.bench_function("alone, chains remembered", |b| b.iter(|| verify(&cache)));
    let signature = tsa.key().sign_certificate(MESSAGE);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, tsa.key().public());
    let check = || key.verify(black_box(MESSAGE), &signature).unwrap();
    group.bench_function("its signatures", |b| b.iter(|| (0..=tsa.chain.len()).for_each(|_| check())));
    group.bench_function("its signatures, chains remembered", |b| b.iter(check));
    group.finish();
}

/// Verifies only the signature of the envelope and those of its certificates.
fn check_signatures(material: &Material) {
    let [(key, message, signature), certificates @ ..] = &material.signatures[..] else { panic!() };
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key).verify(message, signature).unwrap();
    for (key, message, signature) in certificates {
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key).verify(message, signature).unwrap();
    }
}

criterion_group!(benches, benchmarks, timestamps);
criterion_main!(benches);
