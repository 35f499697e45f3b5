//! Verifies a signature envelope (the signed payload with its signature and certificates) in memory, without network
//! access, and shows what was signed, by whom and when.
//!
//! ```text
//! notation-aws-signer sign registry.example.com/app:v1 --profile ARN --detach image.sig
//! cargo run --example verify-envelope -- image.sig
//! ```
//!
//! This checks neither trust in the signer nor revocation: see `crates/notation/examples/verify.rs`.

use std::error::Error;

use aws_signer::SignerAttributes;
use notary::envelope::{Envelope, EnvelopeFormat, MAX_ENVELOPE_SIZE, Payload};
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("expected the file with the envelope as the argument")?;
    if std::fs::metadata(&file)?.len() > MAX_ENVELOPE_SIZE as u64 {
        return Err("the file is too large for an envelope".into());
    }
    let bytes = std::fs::read(&file)?;

    // Checks the format, the signature and the chain, at the authentic signing time if the envelope has one.
    let verified = Envelope::parse(EnvelopeFormat::of(&bytes), &bytes)?.verify(OffsetDateTime::now_utc())?;
    let payload = Payload::parse(verified.payload())?;

    println!("signed     {}", payload.target_artifact.digest);
    println!("signed at  {}", verified.attributes().signing_time);
    println!("signed by  {}", verified.chain().leaf().subject());
    println!("chains to  {}", verified.chain().root().subject());
    if let Ok(signer) = SignerAttributes::from_signed(verified.attributes()) {
        println!("profile    {}", signer.profile_version);
        println!("job        {}", signer.job);
    }
    Ok(())
}
