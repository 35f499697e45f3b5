//! Whose tokens callers send: TokenReview of `authentication.k8s.io/v1`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use limits::Deadline;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::error::{ClusterError, Object};
use super::request::{Answer, Call};
use super::{Cluster, MAX_ANSWER};
use crate::cache::{Bounded, Key, Weight};

const PATH: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
/// How long a valid token is not reviewed again. A revoked one is accepted for so long.
const KEPT: Duration = Duration::from_secs(10);
const MAX_TOKENS: usize = 1000;
const MAX_BYTES: usize = 256 * 1024;
/// The most reviews at a time. Strangers cause them, and must not take the requests to the API server from those who
/// need Secrets.
const CONCURRENT: usize = 8;

/// Why the user of a token is not known. The texts contain no part of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnknown {
    /// The token belongs to no user, or is for another service.
    #[error("the token is not valid for this service")]
    Invalid,
    /// It cannot be found out now.
    #[error("{0}")]
    Unavailable(String),
}

/// Reviews the tokens of callers.
#[derive(Debug)]
pub struct TokenReviews {
    cluster: Cluster,
    /// For whom a token must be meant: the named audiences, in one review.
    audiences: Vec<String>,
    /// Whether a token for the API server itself is enough.
    is_own_enough: bool,
    /// The users of valid tokens, by the hash of the token.
    known: Bounded<User>,
    turns: Semaphore,
}

/// The name of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
struct User(String);

impl Weight for User {
    fn heap(&self) -> usize {
        self.0.len()
    }
}

impl TokenReviews {
    /// Reviews for tokens of these audiences; the empty text stands for the API server's own.
    #[must_use]
    pub fn new(cluster: Cluster, audiences: &[String]) -> Self {
        let named: Vec<String> = audiences.iter().filter(|audience| !audience.is_empty()).cloned().collect();
        Self {
            cluster,
            is_own_enough: named.len() < audiences.len(),
            audiences: named,
            known: Bounded::new(MAX_BYTES, MAX_TOKENS),
            turns: Semaphore::new(CONCURRENT),
        }
    }

    /// The name of the user to whom a token belongs.
    ///
    /// # Errors
    /// Returns [`TokenUnknown`] if it is not valid, or the API server does not answer.
    pub async fn user(&self, token: &str, deadline: Deadline) -> Result<String, TokenUnknown> {
        self.known_user(token, deadline).await.map(|User(name)| name)
    }

    async fn known_user(&self, token: &str, deadline: Deadline) -> Result<User, TokenUnknown> {
        let key = Key::of("token").with(token).key();
        if let Some(known) = self.known.get(&key, Instant::now()) {
            return Ok(known.value.clone());
        }
        let Some(_turn) = deadline.run(self.turns.acquire()).await else {
            return Err(TokenUnknown::Unavailable("too many tokens are being reviewed".to_owned()));
        };
        // Another request with the same token may have had its turn before.
        if let Some(known) = self.known.get(&key, Instant::now()) {
            return Ok(known.value.clone());
        }
        let named = match self.audiences.is_empty() {
            true => None,
            false => self.ask(token, &self.audiences, deadline).await?,
        };
        let user = match named {
            None if self.is_own_enough => self.ask(token, &[], deadline).await?,
            named => named,
        };
        let user = user.ok_or(TokenUnknown::Invalid)?;
        self.known.insert(key, user.clone(), Instant::now(), KEPT);
        Ok(user)
    }

    /// The user if the token is valid for one of these audiences; none stand for the API server's own.
    async fn ask(&self, token: &str, audiences: &[String], deadline: Deadline) -> Result<Option<User>, TokenUnknown> {
        let mut spec = json!({ "token": token });
        if !audiences.is_empty() {
            spec["audiences"] = json!(audiences);
        }
        let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec });
        let body = Some((Bytes::from(review.to_string()), "application/json"));
        let call = Call { method: Method::POST, path: PATH, accept: "application/json", body };
        let object = Object::token_review();
        let unavailable = |why: ClusterError| TokenUnknown::Unavailable(why.to_string());
        let answer = self.cluster.0.api.call_before(deadline, &object, call, MAX_ANSWER).await;
        let text = match answer.map_err(unavailable)? {
            Answer::Found(text) => text,
            Answer::Forbidden(message) => return Err(unavailable(ClusterError::Forbidden { object, message })),
            Answer::NotFound | Answer::TooLarge => {
                return Err(TokenUnknown::Unavailable("the API server does not review tokens".to_owned()));
            }
        };
        let no_review = || TokenUnknown::Unavailable("the answer of the API server is no TokenReview".to_owned());
        let review: Value = serde_json::from_slice(&text).map_err(|_| no_review())?;
        let status = review.get("status").and_then(Value::as_object).ok_or_else(no_review)?;
        let is_authenticated = status.get("authenticated").and_then(Value::as_bool) == Some(true);
        // An authenticator that knows no audiences says none: then the token is the API server's own.
        let valid_for = status.get("audiences").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_for = |audience: &String| valid_for.iter().any(|valid| valid.as_str() == Some(audience));
        let is_for_us = audiences.is_empty() || audiences.iter().any(is_for);
        let user = status.get("user").and_then(|user| user.get("username")?.as_str()).unwrap_or_default();
        Ok((is_authenticated && is_for_us && !user.is_empty()).then(|| User(user.to_owned())))
    }
}
