//! Benchmark of verification in process: parses an envelope like AWS Signer's, in the JWS and in the COSE form, and
//! verifies its signature and chain, with a cold and with a warm chain cache. The signatures alone are measured too, as
//! the lower bound.
//!
//! The envelopes stay in cargo's temporary folder, so that `scripts/bench-envelope` can verify them with other
//! programs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

mod material;

use std::hint::black_box;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use criterion::{Criterion, criterion_group, criterion_main};
use material::Material;
use notary::envelope::{Envelope, EnvelopeFormat, VerifiedEnvelope};
use notary::x509::ChainCache;
use testing::certificate::NOW;

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

/// Verifies only the signature of the envelope and those of its certificates.
fn check_signatures(material: &Material) {
    let [(key, message, signature), certificates @ ..] = &material.signatures[..] else { panic!() };
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key).verify(message, signature).unwrap();
    for (key, message, signature) in certificates {
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key).verify(message, signature).unwrap();
    }
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
