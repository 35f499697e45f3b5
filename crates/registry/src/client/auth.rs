//! Authentication to registries: the challenges of RFC 7235, HTTP Basic, and the token services of the Docker registry
//! (distribution, "Token Authentication Specification" and "OAuth2 Token Authentication").

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_client::{is_reachable_from, is_this_machine};
use limits::{MemoryBudget, SharedCache};
use notary::json;
use notary::json::JsonError;
use notary::reference::RepositoryName;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use tokio::time::Instant;

use super::answer::Answer;
use super::call::{Access, Call};
use super::challenge::{Challenge, challenges};
use super::transport::Transport;
use crate::credentials::{Credential, Credentials};
use crate::error::{RegistryError, RequestLine};

/// The largest answer of a token service, in bytes. No memory budget counts as much, so that a caller who holds content
/// never waits for a token.
const MAX_TOKEN_ANSWER: u64 = MemoryBudget::FREE as u64;
/// The lifetime of a token in seconds if its service does not give one (the specification's default), and how many
/// seconds before its end it is renewed.
const TOKEN_TIME: u64 = 60;
const MARGIN: u64 = 10;

/// How much memory the tokens of a client and of those with other credentials take together, in bytes. Registries name
/// the size of a token, and images the repositories, so that their number does not bound it.
const MAX_TOKENS: usize = 4 * 1024 * 1024;
/// What a token takes beside its text and its repository's name, about.
const TOKEN_OVERHEAD: usize = 256;

/// A value for the header `Authorization`, and the time until which it is used.
#[derive(Debug, Clone)]
struct Authorization {
    /// Marked as sensitive, which hides it from `Debug`.
    header: HeaderValue,
    until: Option<Instant>,
}

/// The credentials, and the tokens that registries issued for them.
#[derive(Debug)]
pub(super) struct Authentication {
    credentials: Credentials,
    /// Tells the tokens of these credentials from those of others. No other credentials ever get the same.
    id: u64,
    tokens: Arc<Tokens>,
}

/// The tokens of some credentials.
#[derive(Debug)]
struct Tokens {
    next_id: AtomicU64,
    /// One request for a token at a time per credentials, repository and access. Requests for others do not wait for
    /// it.
    known: SharedCache<Key, Authorization>,
}

type Key = (u64, RepositoryName, Access);

fn weight((_, repository, _): &Key, authorization: &Authorization) -> usize {
    TOKEN_OVERHEAD + repository.registry().len() + repository.path().len() + authorization.header.len()
}

impl Authentication {
    pub(super) fn new(credentials: Credentials) -> Self {
        let known = SharedCache::weighing(MAX_TOKENS, weight);
        Self { credentials, id: 0, tokens: Arc::new(Tokens { next_id: AtomicU64::new(1), known }) }
    }

    /// Other credentials, whose tokens share the memory of these.
    pub(super) fn with_credentials(&self, credentials: Credentials) -> Self {
        let id = self.tokens.next_id.fetch_add(1, Ordering::Relaxed);
        Self { credentials, id, tokens: Arc::clone(&self.tokens) }
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn key(&self, repository: &RepositoryName, access: Access) -> Key {
        (self.id, repository.clone(), access)
    }

    /// The `Authorization` header for a request, if it is known already.
    pub(super) fn known(&self, repository: &RepositoryName, access: Access) -> Option<HeaderValue> {
        let usable = |access| {
            let found = self.tokens.known.get(&self.key(repository, access))?;
            found.until.is_none_or(|until| until > Instant::now()).then_some(found.header)
        };
        // A token for pushing also allows pulling.
        usable(access).or_else(|| usable(Access::Push))
    }

    /// Authenticates as an answer with status 401 demands. `used` is the header of the refused request.
    pub(super) async fn authenticate(
        &self,
        transport: &Transport,
        refused: &Answer,
        call: &Call,
        repository: &RepositoryName,
        used: Option<&HeaderValue>,
    ) -> Result<HeaderValue, RegistryError> {
        let key = self.key(repository, call.access);
        let turn = tokio::time::timeout_at(call.deadline(), self.tokens.known.turn(&key));
        let _turn = turn.await.map_err(|_| call.timeout(None))?;
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
        let challenge =
            challenge.ok_or_else(|| unauthorized("the registry offers neither Basic nor Bearer authentication"))?;
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
            (false, Some(_)) => {
                return Err(unauthorized("the registry requires a user name and password, not a token"));
            }
            (false, None) => return Err(unauthorized("the registry requires a user name and password")),
        };
        let header = authorization.header.clone();
        if used == Some(&header) {
            return Err(unauthorized("the registry rejected the credentials"));
        }
        self.tokens.known.insert(key, authorization);
        Ok(header)
    }

    /// Forgets a header that the registry rejected.
    pub(super) fn forget(&self, repository: &RepositoryName, access: Access) {
        self.tokens.known.remove(&self.key(repository, access));
    }

    async fn token(
        &self,
        transport: &Transport,
        (call, authorization): &(Call, Option<HeaderValue>),
        refused: &Answer,
    ) -> Result<Authorization, RegistryError> {
        let answer = transport.send(call, &call.url, authorization.as_ref()).await?;
        if matches!(answer.status.as_u16(), 400 | 401 | 403) {
            let why = format!("the token service rejected the credentials: {}{}", answer.status, answer.error_answer());
            return Err(RegistryError::Unauthorized { request: answer.request, why });
        }
        let answer = answer.with_status(&[200])?;
        let read = || {
            let mut object = json::parse_object("token", &answer.body)?;
            let token = object.optional_string("token")?.filter(|token| !token.is_empty());
            let token = token.map_or_else(|| object.string("access_token"), Ok)?;
            let seconds = object.take("expires_in").and_then(|value| value.as_u64()).unwrap_or(TOKEN_TIME);
            Ok((token, seconds))
        };
        // The parser's message could quote the token.
        let (token, seconds) = read().map_err(|_: JsonError| answer.malformed("the answer has no token"))?;
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
    let mut url = Url::parse(realm).map_err(|_| refused.malformed("the realm of the challenge is not a URL"))?;
    // The password is sent to the realm: without TLS only if the registry itself is accessed without TLS, or both are
    // on this machine.
    let is_local = is_this_machine(&refused.url) && is_this_machine(&url);
    if url.scheme() != "https" && !(url.scheme() == "http" && (refused.url.scheme() == "http" || is_local)) {
        let service = RequestLine::new(&Method::GET, &url);
        return Err(refused.malformed(format!("the token service does not use https ({service})")));
    }
    if !is_reachable_from(&refused.url, &url) {
        let service = RequestLine::new(&Method::GET, &url);
        let why = format!("the token service has an address of this machine or its link ({service})");
        return Err(refused.malformed(why));
    }
    let own = call.access.scope(repository);
    // The registry names the scope; some registries do not.
    let scope = challenge.parameter("scope").filter(|scope| !scope.is_empty()).unwrap_or(&own).to_owned();
    let service = challenge.parameter("service").unwrap_or_default().to_owned();
    let token_call = |method, url, headers, body| Call {
        method,
        home: call.home.clone(),
        url,
        headers,
        body,
        limit: MAX_TOKEN_ANSWER,
        access: Access::Pull,
        secret: false,
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
        return Ok((Call { secret: true, ..token_call(Method::POST, url, headers, body) }, None));
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
    let mut header = HeaderValue::try_from(value)
        .map_err(|_| refused.malformed("the token contains characters that are not allowed in an HTTP header"))?;
    header.set_sensitive(true);
    Ok(header)
}
