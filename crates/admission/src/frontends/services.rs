//! What some adapters ask before they can decide: who calls, and which images a deployment has. A service that its
//! adapter needs and that is missing is an error of the request, never a permission.

use std::sync::Arc;

use super::ecs::{Deployments, Waiting};
use super::kyverno::TokenReview;

/// The services of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Whether and how the tokens of callers are reviewed.
    pub tokens: TokenReview,
    /// Where the images of deployments of Amazon ECS are found out.
    pub deployments: Option<Arc<dyn Deployments>>,
    /// Since when deployments wait.
    pub waiting: Arc<Waiting>,
}
