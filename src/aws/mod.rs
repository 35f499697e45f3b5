//! AWS services: for AWS Signer the ARNs, client configuration, `SignPayload`, `GetRevocationStatus` and error mapping;
//! for ECR the tokens for its registries.

mod answer;
pub mod arn;
mod attributes;
mod client;
mod config;
mod credentials;
mod deadline;
#[cfg(feature = "cli")]
mod ecr;
mod error;
mod http;
mod retry;
mod revocation_status;
#[cfg(feature = "cli")]
mod revoke;
mod sign_payload;
#[cfg(feature = "cli")]
mod signing_profile;

pub use attributes::{AttributesError, SignerAttributes};
pub use client::SignerClient;
pub use config::{ConfigError, Keys, SignerConfig, TIMEOUT_VARIABLE, partition_of_region, timeout_of};
pub use deadline::Deadline;
#[cfg(feature = "cli")]
pub use ecr::{EcrError, EcrRegistry, EcrToken, EcrTokens};
pub use error::{CallError, CallErrorKind, Failure, error_chain};
pub use revocation_status::{RevocationQuery, RevokedEntity, revocation_status};
#[cfg(feature = "cli")]
pub use revoke::{MAX_REASON, revoke_signature, revoke_signing_profile};
pub use sign_payload::{CheckError, SignError, SignedPayload, check_envelope, sign_payload};
#[cfg(feature = "cli")]
pub use signing_profile::{SigningProfile, signing_profile};

/// The signing platform of container image signatures, as `GetRevocationStatus` expects it.
pub const NOTATION_PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// The name of the verification plugin in AWS Signer's envelopes.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";
