//! Verifies a signature envelope that is held in memory, without a network: what was signed, by whom and when.
//!
//! ```text
//! notation-aws-signer sign registry.example.com/app:v1 --profile ARN --detach image.sig
//! cargo run --example verify-envelope -- image.sig
//! ```
//!
//! Whether the signer is to be trusted, and whether the signature was revoked, is not decided here: see `verify-artifact.rs`.

use std::error::Error;

use aws_signer::SignerAttributes;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, Payload};
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name the file with the envelope")?;
    if std::fs::metadata(&file)?.len() > MAX_ENVELOPE_SIZE as u64 {
        return Err("the file is too large for an envelope".into());
    }
    let bytes = std::fs::read(&file)?;

    // The form, then the signature under the leaf's key and the chain, judged at the authentic signing time where there is one.
    let verified = Envelope::parse(&bytes)?.verify(OffsetDateTime::now_utc())?;
    let payload = Payload::parse(verified.payload())?;

    println!("signed     {}", payload.target_artifact.digest);
    println!("signed at  {}", verified.attributes().signing_time);
    println!("signed by  {}", verified.chain().leaf().subject());
    println!("chains to  {}", verified.chain().root().subject());
    if let Ok(signer) = SignerAttributes::of(verified.attributes()) {
        println!("profile    {}", signer.profile_version);
        println!("job        {}", signer.job);
    }
    Ok(())
}
