//! Which users may call the adapter for Kyverno: those whose tokens Kubernetes knows, and that the configuration names.

use limits::Deadline;
use notation::revocation::BoxFuture;

use crate::cluster::{TokenReviews, TokenUnknown};
use crate::frontends::{ReviewTokens, TokenError};

/// Reviews tokens, and knows which users may call.
#[derive(Debug)]
pub struct Callers {
    reviews: TokenReviews,
    allowed: Vec<String>,
}

impl Callers {
    /// Lets these users call.
    #[must_use]
    pub fn new(reviews: TokenReviews, allowed: &[String]) -> Self {
        Self { reviews, allowed: allowed.to_vec() }
    }
}

impl ReviewTokens for Callers {
    fn review<'a>(&'a self, token: &'a str, deadline: Deadline) -> BoxFuture<'a, Result<String, TokenError>> {
        Box::pin(async move {
            let user = self.reviews.user(token, deadline).await.map_err(|why| match why {
                TokenUnknown::Invalid => TokenError::Invalid,
                TokenUnknown::Unavailable(why) => TokenError::Unavailable(why),
            })?;
            match self.allowed.contains(&user) {
                true => Ok(user),
                false => Err(TokenError::NotAllowed(user)),
            }
        })
    }
}
