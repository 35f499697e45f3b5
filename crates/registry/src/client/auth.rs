//! Authentication to registries: the challenges of RFC 7235, HTTP Basic, and the token services of the Docker registry
//! (distribution, "Token Authentication Specification" and "OAuth2 Token Authentication").

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use notary::json;
use notary::json::JsonError;
use notary::reference::{RepositoryName, is_loopback};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use tokio::time::Instant;

use super::answer::Answer;
use super::challenge::{Challenge, challenges};
use super::error::{RegistryError, RequestLine};
use super::transport::{Call, Transport};
use crate::credentials::{Credential, Credentials};

const MAX_TOKEN_ANSWER: u64 = 256 * 1024;
/// How long a token is used when its service does not say (the specification's default), and how much earlier it is renewed.
const TOKEN_TIME: u64 = 60;
const MARGIN: u64 = 10;

/// What is to be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

impl Access {
    fn scope(self, repository: &RepositoryName) -> String {
        let actions = if self == Self::Push { "pull,push" } else { "pull" };
        format!("repository:{}:{actions}", repository.path())
    }
}

/// A value for the header `Authorization`, and until when it is used.
#[derive(Debug, Clone)]
struct Authorization {
    /// Marked sensitive: its Debug shows nothing.
    header: HeaderValue,
    until: Option<Instant>,
}

/// What was found out about who we are to the registries.
#[derive(Debug)]
pub(super) struct Authentication {
    credentials: Credentials,
    known: Mutex<HashMap<(RepositoryName, Access), Authorization>>,
    /// Held while authenticating, so that many requests at once ask for one token.
    asking: tokio::sync::Mutex<()>,
}

impl Authentication {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// What to send with a request, as far as it is known already.
    pub(super) fn known(&self, repository: &RepositoryName, access: Access) -> Option<HeaderValue> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = |access| {
            let found = known.get(&(repository.clone(), access))?;
            found.until.is_none_or(|until| until > Instant::now()).then(|| found.header.clone())
        };
        // What allows to push allows to pull.
        usable(access).or_else(|| usable(Access::Push))
    }

    /// Does what a refusal with status 401 asks for. `used` is what the refused request had.
    pub(super) async fn authenticate(
        &self,
        transport: &Transport,
        refused: &Answer,
        call: &Call,
        repository: &RepositoryName,
        used: Option<&HeaderValue>,
    ) -> Result<HeaderValue, RegistryError> {
        let _asking = self.asking.lock().await;
        if let Some(newer) = self.known(repository, call.access).filter(|known| Some(known) != used) {
            return Ok(newer);
        }
        let unauthorized = |why: &str| {
            let answer = refused.error_answer();
            RegistryError::Unauthorized { request: call.request(), why: format!("{why}{answer}") }
        };
        let headers = refused.headers.get_all(WWW_AUTHENTICATE);
        let offered = challenges(headers.iter().filter_map(|value| value.to_str().ok()));
        let challenge = offered.iter().find(|c| c.is("bearer")).or_else(|| offered.iter().find(|c| c.is("basic")));
        let challenge = challenge.ok_or_else(|| unauthorized("the registry does not say how to authenticate"))?;
        let credential = self.credentials.for_repository(repository).await?;
        let authorization = match (challenge.is("bearer"), credential) {
            (true, Some(Credential::RegistryToken(token))) => bearer(token.reveal(), None, refused)?,
            (true, credential) => {
                let token_call = token_call(challenge, credential, call, repository, refused)?;
                self.token(transport, &token_call, refused).await?
            }
            (false, Some(Credential::Password { username, password })) => {
                Authorization { header: basic(&username, password.reveal(), refused)?, until: None }
            }
            (false, Some(_)) => return Err(unauthorized("the registry wants a user name and a password, not a token")),
            (false, None) => return Err(unauthorized("the registry wants a user name and a password")),
        };
        let header = authorization.header.clone();
        if used == Some(&header) {
            return Err(unauthorized("the registry does not accept the credentials"));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((repository.clone(), call.access), authorization);
        Ok(header)
    }

    /// Forgets what the registry did not accept.
    pub(super) fn forget(&self, repository: &RepositoryName, access: Access) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(repository.clone(), access));
    }

    async fn token(
        &self,
        transport: &Transport,
        (call, authorization): &(Call, Option<HeaderValue>),
        refused: &Answer,
    ) -> Result<Authorization, RegistryError> {
        let answer = transport.send(call, &call.url, authorization.as_ref()).await?;
        if matches!(answer.status.as_u16(), 400 | 401 | 403) {
            let why = format!(
                "the token service does not accept the credentials: {}{}",
                answer.status,
                answer.error_answer()
            );
            return Err(RegistryError::Unauthorized { request: answer.request, why });
        }
        let answer = answer.expect(&[200])?;
        let read = || {
            let mut object = json::parse_object("token", &answer.body)?;
            let token = object.optional_string("token")?.filter(|token| !token.is_empty());
            let token = token.map_or_else(|| object.string("access_token"), Ok)?;
            let seconds = object.take("expires_in").and_then(|value| value.as_u64()).unwrap_or(TOKEN_TIME);
            Ok((token, seconds))
        };
        // The parser's message could quote the token.
        let (token, seconds) = read().map_err(|_: JsonError| answer.malformed("the answer holds no token"))?;
        let until = Instant::now().checked_add(Duration::from_secs(seconds.saturating_sub(MARGIN).clamp(5, 86_400)));
        bearer(&token, until, refused)
    }
}

/// The request for a token.
fn token_call(
    challenge: &Challenge,
    credential: Option<Credential>,
    call: &Call,
    repository: &RepositoryName,
    refused: &Answer,
) -> Result<(Call, Option<HeaderValue>), RegistryError> {
    let realm = challenge.parameter("realm").unwrap_or_default();
    let mut url = Url::parse(realm).map_err(|_| refused.malformed("the challenge has no realm that is a URL"))?;
    // The user's password goes there: over a plain connection only where the registry itself is spoken to over one.
    let plain = url.scheme() == "http" && (refused.url.scheme() == "http" || url.host_str().is_some_and(is_loopback));
    if url.scheme() != "https" && !plain {
        let service = RequestLine::new(&Method::GET, &url);
        return Err(refused.malformed(format!("the token service is not reached by https ({service})")));
    }
    let own = call.access.scope(repository);
    // Which scope it takes is the registry's to say; some say nothing.
    let scope = challenge.parameter("scope").filter(|scope| !scope.is_empty()).unwrap_or(&own).to_owned();
    let service = challenge.parameter("service").unwrap_or_default().to_owned();
    let token_call = |method, url, headers, body| Call {
        method,
        url,
        headers,
        body,
        limit: MAX_TOKEN_ANSWER,
        access: Access::Pull,
        follow: false,
        stream: false,
        repeat: true,
        start: call.start,
        time: call.time,
    };
    if let Some(Credential::IdentityToken(token)) = credential {
        let mut form = Url::parse("form:").map_err(|_| refused.malformed("no form"))?;
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", token.reveal())
            .append_pair("service", &service)
            .append_pair("scope", &scope)
            .append_pair("client_id", "notation-aws-signer");
        let body = Bytes::from(form.query().unwrap_or_default().to_owned());
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form_type)]);
        return Ok((token_call(Method::POST, url, headers, body), None));
    }
    let mut query = url.query_pairs_mut();
    if !service.is_empty() {
        query.append_pair("service", &service);
    }
    // Several scopes are several parameters.
    for scope in scope.split(' ').filter(|scope| !scope.is_empty()) {
        query.append_pair("scope", scope);
    }
    drop(query);
    let authorization = match credential {
        Some(Credential::Password { username, password }) => Some(basic(&username, password.reveal(), refused)?),
        _ => None,
    };
    Ok((token_call(Method::GET, url, HeaderMap::new(), Bytes::new()), authorization))
}

fn basic(username: &str, password: &str, refused: &Answer) -> Result<HeaderValue, RegistryError> {
    header(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))), refused)
}

fn bearer(token: &str, until: Option<Instant>, refused: &Answer) -> Result<Authorization, RegistryError> {
    Ok(Authorization { header: header(format!("Bearer {token}"), refused)?, until })
}

fn header(value: String, refused: &Answer) -> Result<HeaderValue, RegistryError> {
    let mut header =
        HeaderValue::try_from(value).map_err(|_| refused.malformed("the token is none that a request can carry"))?;
    header.set_sensitive(true);
    Ok(header)
}
