//! Reviews of callers' tokens.

use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use serde_json::{Value, json};

use super::super::{Cluster, TokenReviews, TokenUnknown};
use super::server::{ApiServer, Reply};

const USER: &str = "system:serviceaccount:kyverno:kyverno-admission-controller";
/// Long enough for all that a test does meanwhile, on a busy machine too.
const TIME: Duration = Duration::from_secs(3);
const AUDIENCE: &str = "kyverno-svc.kyverno.io";

/// Answers as the API server: it knows a token for its own audience, and one for Kyverno's.
fn answer(request: &str) -> Reply {
    let Some(body) = request.strip_prefix("POST /apis/authentication.k8s.io/v1/tokenreviews application/json ") else {
        return Reply::Body(404, "{}".to_owned());
    };
    let review: Value = serde_json::from_str(body).unwrap();
    let asked = review["spec"]["audiences"].as_array().map(|list| list[0].as_str().unwrap().to_owned());
    let status = match (review["spec"]["token"].as_str().unwrap(), asked.as_deref()) {
        ("own", None) => json!({"authenticated": true, "user": {"username": USER}, "audiences": ["https://k8s"]}),
        ("kyverno", Some(AUDIENCE)) => {
            json!({"authenticated": true, "user": {"username": USER}, "audiences": [AUDIENCE]})
        }
        ("unaware", _) => json!({"authenticated": true, "user": {"username": USER}}),
        ("stranger", _) => {
            json!({"authenticated": true, "user": {"username": "system:serviceaccount:shop:x"}, "audiences": [AUDIENCE]})
        }
        ("without-name", _) => json!({"authenticated": true, "user": {}}),
        ("broken", _) => return Reply::Body(201, "[]".to_owned()),
        ("forbidden", _) => return Reply::Body(403, json!({"message": "no access"}).to_string()),
        ("down", _) => return Reply::Body(500, "{}".to_owned()),
        ("hanging", _) => return Reply::Hang,
        _ => json!({"user": {}, "error": "invalid bearer token"}),
    };
    Reply::Body(201, json!({"kind": "TokenReview", "status": status}).to_string())
}

fn reviews(server: &ApiServer, audiences: &[&str]) -> TokenReviews {
    let audiences: Vec<String> = audiences.iter().map(|&audience| audience.to_owned()).collect();
    TokenReviews::new(Cluster::with_client(server.client.clone(), None), &audiences)
}

async fn review(reviews: &TokenReviews, token: &str) -> Result<String, TokenUnknown> {
    reviews.user(token, Deadline::new(TIME)).await
}

#[tokio::test]
async fn tokens_for_each_audience_are_accepted_and_others_not() {
    let server = ApiServer::start(answer).await;
    let both = reviews(&server, &[AUDIENCE, ""]);
    for token in ["kyverno", "own", "unaware"] {
        assert_eq!(review(&both, token).await.as_deref(), Ok(USER), "{token}");
    }
    for token in ["bad", "without-name"] {
        assert_eq!(review(&both, token).await, Err(TokenUnknown::Invalid), "{token}");
    }
    assert_eq!(review(&both, "stranger").await.as_deref(), Ok("system:serviceaccount:shop:x"));
    // An authenticator that does not say for whom the token is does not make it one for Kyverno.
    let named = reviews(&server, &[AUDIENCE]);
    assert_eq!(review(&named, "kyverno").await.as_deref(), Ok(USER));
    for token in ["own", "unaware"] {
        assert_eq!(review(&named, token).await, Err(TokenUnknown::Invalid), "{token}");
    }
    let own = reviews(&server, &[""]);
    assert_eq!(review(&own, "own").await.as_deref(), Ok(USER));
    assert_eq!(review(&own, "kyverno").await, Err(TokenUnknown::Invalid));
}

#[tokio::test]
async fn a_valid_token_is_reviewed_once_in_a_while_and_an_invalid_one_each_time() {
    let server = ApiServer::start(answer).await;
    let reviews = reviews(&server, &[AUDIENCE]);
    for _ in 0..3 {
        review(&reviews, "kyverno").await.unwrap();
        review(&reviews, "stranger").await.unwrap();
        review(&reviews, "bad").await.unwrap_err();
    }
    assert_eq!(server.requests().len(), 1 + 1 + 3);
}

/// The answers to requests that come at the same time.
async fn at_once(reviews: &Arc<TokenReviews>, token: &'static str, count: usize) -> Vec<Result<String, TokenUnknown>> {
    let asking = (0..count).map(|_| {
        let reviews = Arc::clone(reviews);
        tokio::spawn(async move { review(&reviews, token).await })
    });
    let mut answers = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        answers.push(asked.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn few_tokens_are_reviewed_at_a_time() {
    let server = ApiServer::start(answer).await;
    let reviews = Arc::new(reviews(&server, &[AUDIENCE]));
    let valid = at_once(&reviews, "kyverno", 40).await;
    assert!(valid.iter().all(|user| user.as_deref() == Ok(USER)), "{valid:?}");
    // Those that waited for a turn found the answer.
    assert!(server.requests().len() <= 8, "{}", server.requests().len());

    let before = server.requests().len();
    let hanging = tokio::spawn({
        let reviews = Arc::clone(&reviews);
        async move { at_once(&reviews, "hanging", 40).await }
    });
    while server.requests().len() - before < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.requests().len() - before, 8);
    for answer in hanging.await.unwrap() {
        assert!(matches!(answer, Err(TokenUnknown::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(review(&reviews, "kyverno").await.as_deref(), Ok(USER));
}

#[tokio::test]
async fn without_an_answer_no_token_is_valid_or_invalid() {
    let server = ApiServer::start(answer).await;
    let reviews = reviews(&server, &[AUDIENCE]);
    for (token, expected) in [
        ("broken", "no TokenReview"),
        ("forbidden", "system:auth-delegator"),
        ("down", "HTTP 500"),
        ("hanging", "did not answer within"),
    ] {
        let why = review(&reviews, token).await.unwrap_err();
        assert!(matches!(why, TokenUnknown::Unavailable(_)) && why.to_string().contains(expected), "{why}");
    }
}
