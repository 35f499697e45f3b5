//! Checks that AWS Signer is reachable and that the credentials have the permissions for signing and verifying.

use aws_names::{JobArn, ProfileArn, Region, SignerArn, SigningProfileVersion};
use aws_signer::{
    CallError, Failure, RevocationQuery, SignerClient, SignerConfig, aws_signer_roots, revocation_status,
    signing_profile,
};
use limits::Deadline;
use notary::ReasonCode;
use notary::x509::CertificateChain;
use time::OffsetDateTime;

use super::report::{Item, Part};
use crate::arguments::signer::{budget, client_of};
use crate::output::exit::CliError;

/// The id of a job that does not exist.
const NO_JOB: &str = "00000000-0000-0000-0000-000000000000";
/// A profile version that does not exist.
const NO_VERSION: &str = "0000000000";

/// Checks the profile, and the permission for revocation checks.
pub(super) async fn check(config: &SignerConfig, signer: &SignerArn) -> Vec<Item> {
    match signer.profile() {
        Some(profile) => check_profile(config, profile, signer).await,
        None => {
            // The API of AWS Signer has no call that describes an alias.
            let why = CliError::new(ReasonCode::Unsupported, "an alias cannot be checked: only its account is known");
            let of_alias = Item::warning(Part::SigningProfile, why).about(signer);
            vec![of_alias, revocation(config, signer).await]
        }
    }
}

async fn check_profile(config: &SignerConfig, profile: &ProfileArn, signer: &SignerArn) -> Vec<Item> {
    let failed = |why| Item::failed(Part::SigningProfile, why).about(profile);
    let client = match client_of(config, profile).await {
        Ok(client) => client,
        Err(why) => return vec![failed(why)],
    };
    let region = profile.location().region();
    let of_profile = match signing_profile(&client, profile, Deadline::new(budget(config))).await {
        Ok(found) => match found.check_usable() {
            Ok(()) => {
                let version = found.version.version();
                let account = profile.location().account();
                let message = format!("can sign images: version {version}, account {account}, {region}");
                Item::ok(Part::SigningProfile, message).about(profile)
            }
            Err(why) => failed(CliError::configuration(why)),
        },
        Err(why) if is_denied(&why) => {
            let error = CliError::from(why).context("could not be checked");
            let advice = "Only this check needs signer:GetSigningProfile. Signing needs signer:SignPayload.";
            Item::warning(Part::SigningProfile, error.with_advice(advice)).about(profile)
        }
        Err(why) if matches!(why.failure, Failure::Credentials(_)) => return vec![failed(why.into())],
        Err(why) => {
            let code = why.code();
            let error = CliError::from(why);
            let name = profile.name();
            failed(match (code, client.endpoint_url()) {
                (ReasonCode::NotFound | ReasonCode::Configuration, _) => error.with_advice(format!(
                    "Correct the ARN, or create the profile: `notation-aws-signer profile put {name} --aws-region {}`.",
                    client.region()
                )),
                (ReasonCode::Credentials | ReasonCode::Denied, Some(url)) => {
                    error.with_advice(format!("Use the credentials of the service at {url}."))
                }
                _ => error,
            })
        }
    };
    vec![of_profile, revocation(config, signer).await]
}

/// Asks for the revocation status of a signature that does not exist: an answer proves the permission.
async fn revocation(config: &SignerConfig, signer: &SignerArn) -> Item {
    let failed = |why| Item::failed(Part::RevocationCheck, why).about(signer);
    match asked(config, signer).await {
        Err(why) => failed(why),
        Ok((region, Ok(()))) => {
            Item::ok(Part::RevocationCheck, format!("AWS Signer in {region} answers revocation checks")).about(signer)
        }
        Ok((_, Err(why))) if is_denied(&why) => {
            failed(CliError::from(why).with_advice("Verification needs the permission signer:GetRevocationStatus."))
        }
        Ok((_, Err(why))) => failed(why.into()),
    }
}

async fn asked(config: &SignerConfig, signer: &SignerArn) -> Result<(Region, Result<(), CallError>), CliError> {
    let location = signer.location();
    let region = config.revocation_region(location)?;
    let client = SignerClient::new(config, region.clone()).await;
    let root = aws_signer_roots().first().map(|root| root.certificate().der().to_vec());
    let chain = CertificateChain::from_der(root.into_iter().collect()).and_then(CertificateChain::link);
    let chain = chain.map_err(|why| CliError::new(ReasonCode::Internal, why))?;
    let version: SigningProfileVersion = match signer {
        SignerArn::Profile(profile) => profile.clone().with_version(NO_VERSION)?.into(),
        SignerArn::Version(version) => version.clone().into(),
        SignerArn::Aliased(profile) => SigningProfileVersion::Aliased(profile.clone()),
        // Which profile the alias names is not known.
        SignerArn::Alias(_) => format!("{location}/aliased-signing-profiles/{NO_JOB}").parse()?,
    };
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
