//! Checks that AWS Signer is reachable and that the credentials have the permissions for signing and verifying.

use aws_names::{JobArn, NOTATION_PLATFORM, ProfileArn, Region};
use aws_signer::{
    CallError, Failure, RevocationQuery, SignerClient, SignerConfig, aws_signer_roots, revocation_status,
    signing_profile,
};
use limits::Deadline;
use notary::x509::CertificateChain;
use notary::{Disposition, ReasonCode};
use time::OffsetDateTime;

use super::report::{Item, Outcome, Part};
use crate::arguments::signer::{budget, client_of};
use crate::output::exit::CliError;

/// The id of a job that does not exist.
const NO_JOB: &str = "00000000-0000-0000-0000-000000000000";
/// A profile version that does not exist.
const NO_VERSION: &str = "0000000000";

/// Checks the profile, and the permission for revocation checks.
pub(super) async fn check(config: &SignerConfig, profile: &ProfileArn) -> Vec<Item> {
    let item = |outcome, message: String| Item::new(Part::SigningProfile, outcome, message).about(profile);
    let client = match client_of(config, profile).await {
        Ok(client) => client,
        Err(why) => return vec![item(Outcome::Problem, why.message)],
    };
    let region = profile.location().region();
    let of_profile = match signing_profile(&client, profile, Deadline::new(budget(config))).await {
        Ok(found) => match found.check_usable() {
            Ok(()) => {
                let version = found.version.version();
                let account = profile.location().account();
                item(Outcome::Ok, format!("can sign images: version {version}, account {account}, {region}"))
            }
            Err(why) => item(Outcome::Problem, why),
        },
        Err(why) if is_denied(&why) => {
            let remedy = "Only this check needs signer:GetSigningProfile. Signing needs signer:SignPayload.";
            item(Outcome::Note, format!("could not be checked: {why}")).with_remedy(remedy)
        }
        Err(why) if matches!(why.failure, Failure::NoCredentials(_)) => {
            return vec![item(Outcome::Problem, why.to_string())];
        }
        Err(why) => {
            let item = item(outcome_of(&why), why.to_string());
            let name = profile.name();
            match why.code() {
                ReasonCode::NotFound | ReasonCode::Configuration => item.with_remedy(format!(
                    "Correct the ARN, or create the profile: aws signer put-signing-profile --profile-name {name} \
                     --platform-id {NOTATION_PLATFORM}"
                )),
                ReasonCode::Credentials | ReasonCode::Denied => item.with_remedy(match client.endpoint_url() {
                    Some(url) => format!("Use the credentials of the service at {url}."),
                    None => "Check the AWS credentials: they are wrong or have expired.".to_owned(),
                }),
                _ => item,
            }
        }
    };
    vec![of_profile, revocation(config, profile).await]
}

/// Asks for the revocation status of a signature that does not exist: an answer proves the permission.
async fn revocation(config: &SignerConfig, profile: &ProfileArn) -> Item {
    let item = |outcome, message: String| Item::new(Part::RevocationCheck, outcome, message).about(profile);
    match asked(config, profile).await {
        Err(why) => item(Outcome::Problem, why.message),
        Ok((region, Ok(()))) => item(Outcome::Ok, format!("AWS Signer in {region} answers revocation checks")),
        Ok((_, Err(why))) if is_denied(&why) => item(Outcome::Problem, why.to_string())
            .with_remedy("Verification needs the permission signer:GetRevocationStatus."),
        Ok((_, Err(why))) => item(outcome_of(&why), why.to_string()),
    }
}

async fn asked(config: &SignerConfig, profile: &ProfileArn) -> Result<(Region, Result<(), CallError>), CliError> {
    let location = profile.location();
    let region = config.revocation_region(location)?;
    let client = SignerClient::new(config, region.clone()).await;
    let root = aws_signer_roots().first().map(|root| root.certificate().der().to_vec());
    let chain = CertificateChain::from_der(root.into_iter().collect()).and_then(CertificateChain::link);
    let chain = chain.map_err(CliError::usage)?;
    let version = profile.clone().with_version(NO_VERSION)?;
    let job = JobArn::new(location.clone(), NO_JOB)?;
    let query = RevocationQuery {
        profile_version: &version,
        job: &job,
        signing_time: OffsetDateTime::now_utc(),
        chain: &chain,
    };
    let answer = match revocation_status(&client, &query, Deadline::new(budget(config))).await {
        // AWS checks permissions before the parameters: invalid parameters mean that the permission is there.
        Err(why)
            if matches!(&why.failure, Failure::Refused { .. })
                && matches!(why.code(), ReasonCode::NotFound | ReasonCode::Configuration) =>
        {
            Ok(())
        }
        answer => answer.map(|_| ()),
    };
    Ok((region, answer))
}

/// Whether IAM denied the call: the credentials are valid, but lack the permission.
fn is_denied(why: &CallError) -> bool {
    matches!(&why.failure, Failure::Refused { code: Some(code), .. } if code.starts_with("AccessDenied"))
}

fn outcome_of(why: &CallError) -> Outcome {
    match why.disposition() {
        Disposition::Misconfigured => Outcome::Problem,
        Disposition::Undetermined | Disposition::Refused => Outcome::Undetermined,
    }
}
