//! `GetRevocationStatus`: whether a signature, its signing profile or one of its certificates was revoked.

use std::fmt;

use aws_names::{JobArn, NOTATION_PLATFORM, Region, SigningProfileVersion};
use aws_sdk_signer::config::Intercept;
use aws_sdk_signer::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_signer::primitives::DateTime;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use limits::Deadline;
use notary::json;
use notary::json::Object;
use notary::text::{printable, start_of};
use notary::x509::LinkedChain;
use serde_json::Value;
use time::OffsetDateTime;

use super::answer::AnswerError;
use super::client::SignerClient;
use super::error::CallError;
use super::pool::ClientPool;

const OPERATION: &str = "GetRevocationStatus";
/// How many revoked entities are named.
const MAX_SHOWN: usize = 10;

/// A revocation query: everything that a signature depends on.
#[derive(Debug, Clone)]
pub struct RevocationQuery<'a> {
    /// The signing profile version, as the signature names it.
    pub profile_version: &'a SigningProfileVersion,
    /// The signing job.
    pub job: &'a JobArn,
    /// The authentic signing time.
    pub signing_time: OffsetDateTime,
    /// The chain.
    pub chain: &'a LinkedChain,
}

/// A revoked entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokedEntity {
    /// The signature itself: the job's ARN.
    Signature(String),
    /// The signing profile version: its ARN.
    SigningProfile(String),
    /// A certificate of the chain.
    Certificate {
        /// Its position; the signing certificate is 0.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// An entity that was not in the query. It counts as revoked all the same.
    Other(String),
}

impl fmt::Display for RevokedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(arn) => write!(f, "the signature (signing job {arn})"),
            Self::SigningProfile(arn) => write!(f, "the signing profile version {arn}"),
            Self::Certificate { position, subject } => write!(f, "certificate {position} of the chain ({subject})"),
            Self::Other(name) => write!(f, "{name:?}"),
        }
    }
}

/// What AWS Signer answers to a revocation query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationAnswer {
    /// The region that answered.
    pub region: Region,
    /// What is revoked; empty if nothing is.
    pub revoked: Vec<RevokedEntity>,
}

impl RevocationAnswer {
    /// Whether anything is revoked that the signature depends on.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        !self.revoked.is_empty()
    }
}

impl fmt::Display for RevocationAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, revoked } = self;
        if revoked.is_empty() {
            return write!(
                f,
                "not revoked: AWS Signer in {region} reports no revocation of the signature, its profile or its certificates"
            );
        }
        let mut names: Vec<String> = revoked.iter().take(MAX_SHOWN).map(ToString::to_string).collect();
        if revoked.len() > names.len() {
            names.push(format!("{} more", revoked.len() - names.len()));
        }
        write!(f, "revoked according to AWS Signer in {region}: {}", names.join(", "))
    }
}

/// Rejects a success that does not answer the query. The SDK treats an object without the list, and a list of nulls, as
/// an empty list: as "nothing is revoked". It also takes every status from 200 to 299 for a success, whatever error the
/// answer names. AWS Signer documents status 200 with a list of "zero or more" names: only that counts.
///
/// It belongs to the client, because the SDK builds a configuration anew for each call that has interceptors of its
/// own.
#[derive(Debug)]
pub(super) struct AnswersTheQuestion;

impl Intercept for AnswersTheQuestion {
    fn name(&self) -> &'static str {
        "AnswersTheQuestion"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let is_other = bag.load::<Metadata>().is_some_and(|operation| operation.name() != OPERATION);
        if is_other || !response.status().is_success() {
            return Ok(());
        }
        let status = response.status().as_u16();
        if status != 200 {
            return Err(AnswerError::Status(status).into());
        }
        if let Some(kind) = response.headers().get("x-amzn-errortype") {
            return Err(AnswerError::ErrorInSuccess(start_of(&printable(kind))).into());
        }
        let body = response.body().bytes().unwrap_or_default();
        check_body(json::parse_object("the answer", body).map_err(AnswerError::from)?)?;
        Ok(())
    }
}

/// The members in which services of AWS name an error: restJson1, "Operation error serialization".
const ERROR_MEMBERS: [&str; 2] = ["__type", "code"];

fn check_body(mut answer: Object) -> Result<(), AnswerError> {
    if let Some(kind) = ERROR_MEMBERS.iter().find_map(|name| answer.take(name)) {
        return Err(AnswerError::ErrorInSuccess(start_of(&printable(&kind.to_string()))));
    }
    match answer.take("revokedEntities") {
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => Ok(()),
        Some(other) => Err(answer.wrong("revokedEntities", "an array of strings", &other).into()),
        None => Err(answer.missing("revokedEntities").into()),
    }
}

/// Asks AWS Signer whether anything is revoked that a signature depends on, in the region that the configuration and
/// the profile version say.
///
/// # Errors
/// Returns [`CallError`] if no region of the signature's partition is configured, the call fails or the answer is
/// invalid.
pub async fn ask_revocation(
    pool: &ClientPool,
    query: &RevocationQuery<'_>,
    deadline: Deadline,
) -> Result<RevocationAnswer, CallError> {
    let location = query.profile_version.location();
    let client = pool.for_revocation_within(location, deadline).await.map_err(|failure| CallError {
        operation: OPERATION,
        region: location.region().clone(),
        profile: pool.config().profile(location.partition()).map(str::to_owned),
        endpoint: pool.config().endpoint_url().map(str::to_owned),
        used: None,
        failure,
    })?;
    let region = client.region();
    tracing::debug!(profile_version = %query.profile_version, job = %query.job, %region, "checking revocation");
    let revoked = revocation_status(&client, query, deadline).await?;
    Ok(RevocationAnswer { region: region.clone(), revoked })
}

/// Asks AWS Signer through a client. Returns the revoked entities; empty if nothing was revoked.
///
/// # Errors
/// Returns [`CallError`] if the call fails or the answer is invalid.
pub async fn revocation_status(
    client: &SignerClient,
    query: &RevocationQuery<'_>,
    deadline: Deadline,
) -> Result<Vec<RevokedEntity>, CallError> {
    let hashes = query.chain.revocation_hashes();
    let time = DateTime::from_secs_and_nanos(query.signing_time.unix_timestamp(), query.signing_time.nanosecond());
    let request = client
        .sdk()
        .get_revocation_status()
        .signature_timestamp(time)
        .platform_id(NOTATION_PLATFORM)
        .profile_version_arn(query.profile_version.to_string())
        .job_arn(query.job.to_string())
        .set_certificate_hashes(Some(hashes.clone()));
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let job = query.job.to_string();
    let profile = query.profile_version.to_string();
    let entity = |name: &String| {
        if *name == job {
            RevokedEntity::Signature(job.clone())
        } else if *name == profile {
            RevokedEntity::SigningProfile(profile.clone())
        } else if let Some(position) = hashes.iter().position(|hash| hash.eq_ignore_ascii_case(name)) {
            RevokedEntity::Certificate { position, subject: query.chain.certificates()[position].subject().to_owned() }
        } else {
            RevokedEntity::Other(name.chars().take(300).collect())
        }
    };
    Ok(answer.revoked_entities().iter().map(entity).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_answer_names_the_region_and_what_is_revoked() {
        let mut answer = RevocationAnswer { region: "us-west-2".parse().unwrap(), revoked: Vec::new() };
        assert!(!answer.is_revoked() && answer.to_string().starts_with("not revoked: AWS Signer in us-west-2"));
        answer.revoked = vec![RevokedEntity::Signature("arn".to_owned())];
        let one = "revoked according to AWS Signer in us-west-2: the signature (signing job arn)";
        assert!(answer.is_revoked() && answer.to_string() == one);
        answer.revoked = (0..12).map(|i| RevokedEntity::Other(i.to_string())).collect();
        assert!(answer.to_string().ends_with("\"9\", 2 more"), "{answer}");
    }
}
