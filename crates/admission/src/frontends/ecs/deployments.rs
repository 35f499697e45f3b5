//! What a deployment of Amazon ECS deploys: a service revision, and its images.

use std::fmt;

use limits::Deadline;
use notation::revocation::BoxFuture;

use super::revision_arn::RevisionArn;

/// Finds out which images a deployment of Amazon ECS has.
pub trait Deployments: fmt::Debug + Send + Sync {
    /// The service revision.
    fn revision<'a>(
        &'a self,
        arn: &'a RevisionArn,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Revision, RevisionError>>;
}

/// A revision of a service: what one deployment deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The name of its cluster.
    pub cluster: String,
    /// The images of all containers.
    pub images: Vec<RevisionImage>,
}

/// An image of a service revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionImage {
    /// The container.
    pub container: String,
    /// The image as the task definition has it.
    pub image: String,
    /// The digest that Amazon ECS resolved its tag to.
    pub digest: Option<String>,
}

/// Why the images of a service revision are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    /// There is no such revision.
    #[error("the service revision does not exist: {0}")]
    Missing(String),
    /// The answer does not belong to the question, or says too little.
    #[error("the answer of Amazon ECS cannot be used: {0}")]
    Answer(String),
    /// It cannot be found out now.
    #[error("the service revision cannot be read: {0}")]
    Unavailable(String),
}
