//! Signs an image in a registry with AWS Signer and attaches the signature:
//!
//! ```text
//! cargo run --example sign-artifact -- registry.example.com/app:v1 arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline
//! ```
//!
//! AWS credentials come from the SDK's usual sources, registry credentials from the files of Docker and podman. Set
//! `AWS_ENDPOINT_URL_SIGNER` to use another service, for example `notation-aws-signer local-signer serve`.

use std::error::Error;

use aws_names::ProfileArn;
use aws_signer::{ClientPool, SignerConfig};
use limits::Deadline;
use notary::UserMetadata;
use notary::manifest::SignatureForm;
use notary::reference::Reference;
use notation::sign::{attach, sign_artifact};
use registry::{ClientOptions, Credentials, RegistryClient, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let reference: Reference = arguments.next().ok_or("expected the image as the first argument")?.parse()?;
    let profile: ProfileArn =
        arguments.next().ok_or("expected the ARN of the signing profile as the second argument")?.parse()?;

    let registry = RegistryClient::new(ClientOptions::default(), Credentials::from_environment());
    let store = Store::Remote(registry.repository(reference.repository())?);

    let client = ClientPool::new(SignerConfig::default()).for_signing(&profile).await?;

    let metadata = UserMetadata::from_pairs([("build".to_owned(), "7".to_owned())])?;
    let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
    let signed = sign_artifact(&store, reference.target(), metadata, &client, &profile, deadline).await?;
    let signature = attach(&store, &signed, SignatureForm::default()).await?;

    println!("signed    {}@{}", reference.repository(), signed.artifact.digest);
    println!("signature {}", signature.digest);
    println!("job       {}", signed.signature.signer.job);
    Ok(())
}
