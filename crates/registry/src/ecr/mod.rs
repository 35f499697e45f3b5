//! Tokens for Amazon ECR, which make a credential helper unnecessary: `GetAuthorizationToken` of ECR and ECR Public,
//! Amazon ECR API reference.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_names::{NameError, RoleArn};
use aws_signer::sdk::{
    Answers, AwsSettings, BoundedHttpClient, CredentialsSources, Journal, Peer, TooManyRequests, watched,
};
use aws_signer::{Failure, UsedCredentials};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::{Deadline, SharedCache};
use notary::{Advice, Disposition, ReasonCode};

use crate::ecr_host::EcrRegistry;

/// How long before its expiry a token is replaced, and how long a lack of credentials is cached.
const MARGIN: Duration = Duration::from_secs(300);
const MAX_TOKEN: usize = 64 * 1024;
const PUBLIC: &str = "ECR PUBLIC";

/// An error while getting a token for an ECR registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("GetAuthorizationToken of {service} in {region} {failure}")]
pub struct EcrError {
    /// The service, `ECR` or `ECR PUBLIC`.
    pub service: &'static str,
    /// The region of the call.
    pub region: String,
    /// The credentials that the call was made with.
    pub used: Option<Box<UsedCredentials>>,
    /// What happened.
    pub failure: Failure,
}

impl EcrError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match &self.failure {
            Failure::Refused { status, code, .. } => code_of(*status, code.as_deref().unwrap_or_default()),
            Failure::Request(_) => ReasonCode::Configuration,
            failure => failure.code(),
        }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// What to do about it, if the error does not say so already.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        let action = if self.service == PUBLIC { "ecr-public" } else { "ecr" };
        let action = format!("{action}:GetAuthorizationToken");
        match (&self.failure, self.code()) {
            (Failure::Refused { .. }, ReasonCode::Denied) => Some(Advice::GrantPermission { action }),
            (failure, _) => failure.advice(&action, self.used.as_deref()),
        }
    }
}

/// What an error of the service means.
fn code_of(status: u16, code: &str) -> ReasonCode {
    match code {
        "TooManyRequestsException" | "RequestLimitExceeded" | "SlowDown" => ReasonCode::Throttled,
        code if code.contains("Throttl") => ReasonCode::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "UnrecognizedClientException" => ReasonCode::Credentials,
        code if code.starts_with("AccessDenied") => ReasonCode::Denied,
        _ => match status {
            401 | 403 => ReasonCode::Denied,
            429 => ReasonCode::Throttled,
            408 | 500.. => ReasonCode::Unreachable,
            _ => ReasonCode::Protocol,
        },
    }
}

/// The user name and password for an ECR registry.
#[derive(Clone, PartialEq, Eq)]
pub struct EcrToken {
    /// The user name.
    pub username: String,
    /// The password. `Debug` omits it.
    pub password: String,
}

impl fmt::Debug for EcrToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcrToken").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A cache of tokens. Concurrent requests for a token of one registry share one call, and a token is reused until
/// shortly before it expires.
#[derive(Debug, Default)]
pub struct EcrTokens {
    /// The role whose credentials are used.
    role: Option<RoleArn>,
    known: SharedCache<EcrRegistry, Known>,
}

/// The last result of a call.
#[derive(Debug, Clone)]
struct Known {
    /// `None` means anonymous access.
    answer: Result<Option<EcrToken>, EcrError>,
    at: Instant,
    until: Option<SystemTime>,
}

impl EcrTokens {
    /// A cache of tokens that are obtained with the credentials of this role, if there is one.
    #[must_use]
    pub fn new(role: Option<RoleArn>) -> Self {
        Self { role, known: SharedCache::default() }
    }

    /// Returns the token for a registry host. `None` means anonymous access, or that the host is not of Amazon ECR.
    ///
    /// # Errors
    /// Returns [`EcrError`] if the call fails or the answer has no valid token.
    pub async fn token_for_host(&self, host: &str) -> Result<Option<EcrToken>, EcrError> {
        match EcrRegistry::from_host(host) {
            Some(registry) => self.token(&registry).await,
            None => Ok(None),
        }
    }

    /// Returns the token for a registry. `None` means anonymous access, which ECR Public allows without AWS
    /// credentials.
    ///
    /// # Errors
    /// Returns [`EcrError`] if the call fails or the answer has no valid token.
    async fn token(&self, registry: &EcrRegistry) -> Result<Option<EcrToken>, EcrError> {
        let came = Instant::now();
        let is_fresh = |known: &Known| known.until.is_some_and(|until| SystemTime::now() < until);
        if let Some(known) = self.known.get(registry).filter(is_fresh) {
            return known.answer;
        }
        let _turn = self.known.turn(registry).await;
        // A call that finished while this one waited is recent enough, even if it failed.
        if let Some(known) = self.known.get(registry).filter(|known| is_fresh(known) || known.at >= came) {
            return known.answer;
        }
        let (answer, until) = match ask(registry, self.role.as_ref()).await {
            Ok((token, expires)) => (Ok(Some(token)), expires.checked_sub(MARGIN)),
            Err(EcrError { failure: Failure::Credentials(why), .. })
                if *registry == EcrRegistry::Public && self.role.is_none() =>
            {
                tracing::debug!(%why, "no AWS credentials: using ECR Public anonymously");
                (Ok(None), SystemTime::now().checked_add(MARGIN))
            }
            Err(why) => (Err(why), None),
        };
        self.known.insert(registry.clone(), Known { answer: answer.clone(), at: Instant::now(), until });
        answer
    }
}

/// Calls the service for a token.
async fn ask(registry: &EcrRegistry, role: Option<&RoleArn>) -> Result<(EcrToken, SystemTime), EcrError> {
    let region = registry.region();
    let service = if *registry == EcrRegistry::Public { PUBLIC } else { "ECR" };
    let journal = Journal::default();
    let failed = |failure| EcrError { service, region: region.to_owned(), used: journal.used().map(Box::new), failure };
    let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
    let began = Instant::now();
    let answer = deadline.run(call(registry, role, service, &journal)).await.unwrap_or_else(|| {
        Err(Failure::Timeout { budget: deadline.budget(), waiting: Some(Box::new(journal.waiting())) })
    });
    let answer = answer.map_err(|failure| failure.at_host(journal.service_host()));
    let ms = began.elapsed().as_millis() as u64;
    let is_ok = answer.is_ok();
    tracing::debug!(operation = "GetAuthorizationToken", service, region, ms, is_ok, "called AWS for a token");
    let (token, expires) = answer.map_err(failed)?;
    // The error messages must not contain any part of the token.
    let token = token.filter(|token| token.len() <= MAX_TOKEN);
    let token = token.ok_or_else(|| failed(Failure::Answer("it has no token".to_owned())))?;
    let decoded = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
    let (username, password) =
        pair.ok_or_else(|| failed(Failure::Answer("its token is not the base64 of USER:PASSWORD".to_owned())))?;
    let expires = expires.and_then(|expires| SystemTime::try_from(expires).ok()).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok((EcrToken { username: username.to_owned(), password: password.to_owned() }, expires))
}

type Answered = (Option<String>, Option<DateTime>);

async fn call(
    registry: &EcrRegistry,
    role: Option<&RoleArn>,
    service: &str,
    journal: &Journal,
) -> Result<Answered, Failure> {
    let http = BoundedHttpClient::default();
    let settings = AwsSettings::load(None);
    settings.trust_bundle(&http);
    let client =
        settings.client(service, registry.region(), watched(http.answering(Answers::Any), journal, Peer::Service));
    let mut client = client.map_err(Failure::Configuration)?;
    if let EcrRegistry::Private { fips, dual_stack, .. } = registry {
        client = client.demanding(*fips, *dual_stack);
    }
    let endpoint = client.endpoint().map(str::to_owned);
    let region = registry.region().parse().map_err(|why: NameError| Failure::Request(why.to_string()))?;
    let sources = CredentialsSources::new(settings, region, &http, journal.clone(), None, role.cloned());
    let shared = client.into_builder().credentials_provider(SharedCredentialsProvider::new(sources)).build();
    match registry {
        EcrRegistry::Private { .. } => {
            let mut builder = aws_sdk_ecr::config::Builder::from(&shared).retry_classifier(TooManyRequests);
            builder.set_endpoint_url(endpoint);
            let client = aws_sdk_ecr::Client::from_conf(builder.build());
            let answer = answered(client.get_authorization_token().send().await)?;
            let data = answer.authorization_data.unwrap_or_default().into_iter().next();
            Ok(data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default())
        }
        EcrRegistry::Public => {
            let mut builder = aws_sdk_ecrpublic::config::Builder::from(&shared).retry_classifier(TooManyRequests);
            builder.set_endpoint_url(endpoint);
            let client = aws_sdk_ecrpublic::Client::from_conf(builder.build());
            let answer = answered(client.get_authorization_token().send().await)?;
            Ok(answer.authorization_data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default())
        }
    }
}

fn answered<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Failure>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    result.map_err(Failure::from_sdk)
}
