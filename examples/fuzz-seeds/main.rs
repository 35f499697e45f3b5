//! Writes the seeds of the fuzz targets, `fuzz/seeds`, with signatures of a local signer.
//!
//! `cargo build && cargo run --example fuzz-seeds`. The seeds are committed because keys and ECDSA signatures are
//! random. A crash that a fuzz target found is another seed, which this program does not touch.
#![allow(clippy::unwrap_used, reason = "a program for developers, which may panic")]

mod signatures;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::{Envelope, EnvelopeFormat, Payload};
use serde_json::json;
use testbed::cli::Cli;
use testbed::forge::forge;
use testbed::local_signer::{LocalSigner, REGION};
use testbed::programs::source_tree;

const JOB: &str = "/signing-jobs/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/// Writes a file below `fuzz/seeds`.
fn write(name: &str, content: &[u8]) {
    let path: PathBuf = source_tree().join("fuzz/seeds").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn main() {
    let signer = LocalSigner::start();
    let profile = signer.put_profile("Prod");
    let version = format!("{}/{}", profile.arn, profile.version);
    let cli = Cli::for_signer(&signer);
    std::fs::write(cli.home().join("app"), "a release").unwrap();
    cli.run(&["blob", "sign", "app", "--profile", &profile.arn, "-m", "build=7"]).succeeded();
    let signed = std::fs::read(cli.home().join("app.jws.sig")).unwrap();
    let envelope = Envelope::parse(EnvelopeFormat::Jws, &signed).unwrap();
    let artifact = Payload::parse(&envelope.payload).unwrap().target_artifact;

    write("envelope/signed", &signed);
    write("envelope/payload", &envelope.payload);
    let state = signer.credentials_file();
    let expiring = forge(state.parent().unwrap(), &version, &artifact, |attributes| {
        attributes.expiry = Some(attributes.signing_time + time::Duration::days(1));
        attributes.extended.push(("org.example.must".into(), "x".into()));
    });
    write("envelope/expiring-with-another-attribute", &expiring);

    signatures::write_all(write);

    let sign = json!({
        "contractVersion": "1.0",
        "keyId": profile.arn,
        "payload": STANDARD.encode(&envelope.payload),
        "payloadType": "application/vnd.cncf.notary.payload.v1+json",
        "signatureEnvelopeType": "application/jose+json",
        "pluginConfig": { "aws-region": REGION, "aws-signer-timeout": "2.5" },
    });
    write("generate_envelope_request/signs", sign.to_string().as_bytes());

    let chain: Vec<_> = envelope.chain.certificates().iter().map(|c| STANDARD.encode(c.der())).collect();
    let mut verify = json!({
        "contractVersion": "1.0",
        "signature": {
            "criticalAttributes": {
                "contentType": "application/vnd.cncf.notary.payload.v1+json",
                "signingScheme": "notary.x509.signingAuthority",
                "authenticSigningTime": "2026-07-01T12:00:00Z",
                "expiry": "0001-01-01T00:00:00Z",
                "extendedAttributes": {
                    "com.amazonaws.signer.signingProfileVersion": version,
                    "com.amazonaws.signer.signingJob": profile.arn.replace("/signing-profiles/Prod", JOB),
                },
            },
            "unprocessedAttributes": ["com.amazonaws.signer.signingJob"],
            "certificateChain": chain,
        },
        "trustPolicy": {
            "trustedIdentities": [profile.arn, "x509.subject: C=US"],
            "signatureVerification": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"],
        },
        "pluginConfig": {},
    });
    write("verify_signature_request/both-checks", verify.to_string().as_bytes());
    verify["trustPolicy"] =
        json!({ "trustedIdentities": ["*"], "signatureVerification": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"] });
    write("verify_signature_request/wildcard", verify.to_string().as_bytes());
}
