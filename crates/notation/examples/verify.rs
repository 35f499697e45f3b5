//! Verifies an image. Arguments: IMAGE PROFILE-ARN [ROOT-CERTIFICATE]
use aws_signer::{ClientPool, SignerConfig, aws_signer_roots};
use notary::reference::Reference;
use notation::trust_store::read_certificates;
use notation::verify::{Demands, Trust, VerificationPolicy, Verifier};
use registry::{ClientOptions, Credentials, RegistryClient, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let image: Reference = arguments.next().ok_or("pass an image")?.parse()?;
    let profile = arguments.next().ok_or("pass the ARN of a signing profile")?.parse()?;
    let roots = match arguments.next() {
        Some(file) => read_certificates(file.as_ref())?,
        None => aws_signer_roots().iter().map(|root| root.certificate().clone()).collect(),
    };
    let registry = RegistryClient::new(ClientOptions::default(), Credentials::from_environment());
    let store = Store::Remote(registry.repository(image.repository())?);
    let policy = VerificationPolicy::from(Trust { roots, identities: vec![profile] });
    let verifier = Verifier::new(ClientPool::new(SignerConfig::default()));
    let now = time::OffsetDateTime::now_utc();
    let verdict = verifier.verify(&store, image.target(), &policy, &Demands::default(), now).await?;
    println!("{}@{}: {:?}", image.repository(), verdict.artifact.digest, verdict.conclusion());
    let why = verdict.reason().map_or("it has no signature".to_owned(), ToString::to_string);
    if verdict.is_verified() { Ok(()) } else { Err(why.into()) }
}
