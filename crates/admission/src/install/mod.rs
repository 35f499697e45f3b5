//! Installs the service in a cluster: `notation-aws-signer setup kubernetes`.
//!
//! | File | What it has |
//! |---|---|
//! | `plan` | from a configuration to everything that is installed |
//! | `content` | the ConfigMap: the configuration and the files that it names |
//! | `templates` | the objects of `examples/admission/kubernetes`, for a namespace |
//! | `apply` | objects of the cluster: whether they are there, and how they are made so |
//! | `ready` | when the service can be called, and whether the API server reaches it |
//!
//! The webhooks come last: without a service that answers, they keep everything out.

mod apply;
mod content;
mod plan;
mod ready;
mod templates;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use files::FileError;

pub use self::apply::{Applied, apply, exists, image_of, with_bundle};
pub use self::plan::{NAME, Options, Plan, refuse_shared};
pub use self::ready::{NotReady, Reached, Target, is_reached};
pub use self::templates::{NAMESPACE, SECRET};
use crate::cluster::Resource;
use crate::config::ConfigError;

/// Why a configuration cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that it names cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A setting does not work in a cluster, or needs what is not installed.
    #[error("{setting}: {why}")]
    Unsupported {
        /// The member of the configuration.
        setting: String,
        /// Why, and what to do.
        why: String,
    },
    /// The service would share its namespace.
    #[error(
        "the namespace {0:?} is in every cluster, and Pods in the service's own namespace are never judged: everything \
         that runs there would be admitted unverified; use a namespace of its own, such as {NAMESPACE}"
    )]
    Namespace(String),
    /// A file cannot be a part of a ConfigMap.
    #[error("{} cannot be installed with the configuration: {why}", path.display())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        why: &'static str,
    },
    /// A file of manifests is malformed.
    #[error("{0}")]
    Manifests(String),
    /// The configuration cannot be written with what is added to it.
    #[error(
        "the configuration cannot be completed: {0}; add server.tls.selfManaged and aws.revocation.replicas yourself"
    )]
    Incomplete(String),
}

/// Objects as YAML, each a document.
///
/// # Errors
/// Returns [`InstallError::Manifests`] if they cannot be written as YAML.
pub fn yaml(objects: &[serde_json::Value]) -> Result<String, InstallError> {
    serde_saphyr::to_string_multiple(objects).map_err(|why| InstallError::Manifests(why.to_string()))
}

const WRONG_OBJECTS: &str = "expected MutatingWebhookConfigurations and ValidatingWebhookConfigurations of admissionregistration.k8s.io/v1 only";

/// The webhook configurations in a file of manifests.
///
/// # Errors
/// Returns [`InstallError::Manifests`] if the file is malformed or has other objects.
pub fn webhooks(text: &[u8]) -> Result<Vec<serde_json::Value>, InstallError> {
    let documents = crate::manifests::documents(text).map_err(|why| InstallError::Manifests(why.to_string()))?;
    let is_webhook = |object: &serde_json::Value| {
        let text = |member: &str| object[member].as_str().unwrap_or_default();
        let resource = Resource::of(text("apiVersion"), text("kind"));
        let webhooks = [Resource::VALIDATING_WEBHOOK, Resource::MUTATING_WEBHOOK];
        object["webhooks"].is_array() && resource.is_some_and(|resource| webhooks.contains(&resource))
    };
    match documents.iter().all(is_webhook) && !documents.is_empty() {
        true => Ok(documents),
        false => Err(InstallError::Manifests(WRONG_OBJECTS.to_owned())),
    }
}
