//! Verifies an image in a registry: it must have a signature by this signing profile of AWS Signer that is not revoked.
//!
//! ```text
//! cargo run --example verify-artifact -- registry.example.com/app:v1 arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline
//! ```
//!
//! The optional third argument is a file with a root certificate that replaces AWS's, for example the local signer's.
//! Exits with code 1 if verification fails.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use aws_signer::{SignerConfig, aws_signer_roots};
use notary::reference::Reference;
use notation::trust_store::read_certificates;
use notation::verify::{Conclusion, Trust, VerificationPolicy, VerifyOptions, verify_artifact};
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use time::OffsetDateTime;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let reference: Reference = arguments.next().ok_or("expected the image as the first argument")?.parse()?;
    let profile = arguments.next().ok_or("expected the ARN of the signing profile as the second argument")?;
    let roots = match arguments.next() {
        Some(file) => read_certificates(Path::new(&file))?,
        None => aws_signer_roots().iter().map(|root| root.certificate().clone()).collect(),
    };

    let registry = RegistryClient::new(ClientOptions::default(), Credentials::from_environment());
    let store = Store::Remote(registry.repository(reference.repository())?);
    let policy = VerificationPolicy::from(Trust { roots, identities: vec![profile] });
    let options = VerifyOptions::new(SignerConfig::default(), OffsetDateTime::now_utc());
    let verdict = verify_artifact(&store, reference.target(), &policy, &options).await?;

    println!("{}@{}: {:?}", reference.repository(), verdict.artifact().digest, verdict.conclusion());
    for signature in verdict.signatures() {
        println!("signature {}", signature.manifest.digest);
        for check in &signature.checks {
            println!("  {}: {}", check.check, check.outcome.reason());
        }
    }
    if let Some(advice) = verdict.advice() {
        println!("{advice}");
    }
    Ok(if verdict.conclusion() == Conclusion::Verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
