//! Signed zip files: docs/code-signing.md.

use std::fs::File;
use std::path::Path;

use code_signing::lambda::{CompareError, MANIFEST_MEDIA_TYPE, SignedZip};
use code_signing::zip::{Limits, ZipError};
use notary::ReasonCode;
use notary::envelope::EnvelopeFormat;
use notation::blob::DetachedEnvelope;
use notation::verify::{Conclusion, Demands};
use notation::{NotationFolder, read_blob_trust_policy};
use time::OffsetDateTime;

use super::report::{JobVerifyReport, SignedFile};
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};
use crate::verification::{VerificationIntent, verdict_error};

pub(super) async fn verify(
    file: &Path,
    content: File,
    intent: VerificationIntent,
    policy_name: Option<&str>,
    signer: &SignerArgs,
    output: &Output,
) -> Result<ExitStatus, CliError> {
    if intent.trusts_only_aws() {
        let why = "the root certificates of AWS are built in, but only the local signer signs zip files in this form";
        let advice = "Pass --root with the root certificate of the local signer: DIR/ca/root.pem.";
        return Err(CliError::configuration(why).with_advice(advice));
    }
    let policies = intent.policies(read_blob_trust_policy, NotationFolder::blob_trust_policy)?;
    let policy = policies.policy(|document| Ok(document.applicable(policy_name)?))?;
    // A zip file has one signature.
    let verifier = intent.verifier(signer, 1, output)?;
    let demands = Demands { user_metadata: intent.user_metadata()?, ..Demands::default() };
    let waiting = output.waiting(&format!("verifying {}", file.display()));
    let failed = |why: CliError| why.context(file.display());
    let zip = SignedZip::open(&content, &Limits::LAMBDA).map_err(|why| failed(zip_error(&why)))?;
    let now = OffsetDateTime::now_utc();
    let envelope = DetachedEnvelope { format: EnvelopeFormat::Jws, bytes: zip.envelope() };
    let verdict =
        verifier.verify_blob(zip.manifest(), envelope, Some(MANIFEST_MEDIA_TYPE), &policy, &demands, now).await;
    let verdict = verdict.map_err(|why| CliError::file(format!("{}: {why}", file.display())))?;
    // What the signer has not vouched for is not compared: an attacker would have written both sides.
    let is_verified = verdict.conclusion() == Conclusion::Verified;
    let differences =
        if is_verified { Some(zip.compare(&content).map_err(|why| failed(compare_error(&why)))?) } else { None };
    drop(waiting);
    let error = verdict_error(&verdict);
    let signed = SignedFile::Zip {
        entries: zip.entries(),
        policy: policy.name().to_owned(),
        verdict: Box::new(verdict),
        envelope: zip.envelope(),
        differences,
    };
    JobVerifyReport::new(file, signed, error).show(output)
}

/// A file that is not read in one way only is refused: its signature says nothing about what others see in it.
fn zip_error(why: &ZipError) -> CliError {
    let code = match why {
        ZipError::NotSigned(_) => ReasonCode::Unsigned,
        ZipError::Read(_) => ReasonCode::File,
        ZipError::TooLarge { .. } | ZipError::TooManyEntries { .. } | ZipError::TooLargeUnpacked { .. } => {
            ReasonCode::TooMany
        }
        _ => ReasonCode::Integrity,
    };
    let error = CliError::new(code, why);
    match why {
        ZipError::NotSigned(_) => error.with_advice(
            "Verify the file that the signing job has written. Zip files that AWS itself has signed cannot be verified \
             here.",
        ),
        _ => error,
    }
}

fn compare_error(why: &CompareError) -> CliError {
    match why {
        CompareError::Zip(why) => zip_error(why),
        CompareError::Manifest(why) => CliError::new(ReasonCode::Unsupported, why),
    }
}
