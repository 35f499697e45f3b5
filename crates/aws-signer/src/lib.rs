//! AWS services: for AWS Signer the ARNs, client configuration, `SignPayload`, `GetRevocationStatus` and error mapping;
//! for ECR the tokens for its registries.

mod answer;
mod attributes;
mod client;
mod config;
mod credentials;
mod error;
mod failure;
mod http;
mod pool;
mod retry;
mod revocation_status;
mod revoke;
mod roots;
pub mod sdk;
mod sign_payload;
mod signing_profile;

pub use attributes::{AttributesError, SignerAttributes};
pub use client::SignerClient;
pub use config::{ConfigError, SignerConfig, TIMEOUT_VARIABLE, timeout_of};
pub use error::CallError;
pub use failure::{Failure, error_chain};
pub use pool::ClientPool;
pub use revocation_status::{RevocationAnswer, RevocationQuery, RevokedEntity, ask_revocation, revocation_status};
pub use revoke::{MAX_REASON, revoke_signature, revoke_signing_profile};
pub use roots::{AwsSignerRoot, aws_signer_roots};
pub use sign_payload::{CheckError, SignError, SignedPayload, check_envelope, sign_payload};
pub use signing_profile::{SigningProfile, signing_profile};
