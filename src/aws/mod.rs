//! AWS Signer as this project uses it: ARNs, client configuration, `SignPayload`, `GetRevocationStatus`, error mapping.

mod answer;
pub mod arn;
mod attributes;
mod client;
mod config;
mod credentials;
mod deadline;
mod error;
mod http;
mod retry;
mod revocation_status;
mod sign_payload;

pub use attributes::{AttributesError, SignerAttributes};
pub use client::SignerClient;
pub use config::{ConfigError, SignerConfig, TIMEOUT_VARIABLE, partition_of_region, timeout_of};
pub use deadline::Deadline;
pub use error::{CallError, CallErrorKind, Failure, error_chain};
pub use revocation_status::{RevocationQuery, RevokedEntity, revocation_status};
pub use sign_payload::{CheckError, SignError, SignedPayload, check_envelope, sign_payload};

/// The signing platform of container image signatures, as `GetRevocationStatus` wants it named.
pub const NOTATION_PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// The name of the plugin that AWS Signer writes into its envelopes as verification plugin.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";
