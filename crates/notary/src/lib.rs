//! The Notary Project's specifications as pure code: no input or output, no clock, nothing asynchronous.
//!
//! ```
//! use notary::envelope::{Envelope, EnvelopeError, EnvelopeFormat};
//! use notary::reference::Reference;
//! use notary::{Digest, DigestAlgorithm, Disposition, ReasonCode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let image: Reference = "registry.example.com/team/app:v1".parse()?;
//! assert_eq!(image.repository().to_string(), "registry.example.com/team/app");
//!
//! let digest = Digest::sha256(b"content");
//! assert_eq!(digest.algorithm(), DigestAlgorithm::Sha256);
//! assert!(digest.matches(b"content") && !digest.matches(b"other content"));
//!
//! // A parsed envelope is not verified: `Envelope::verify` checks its signature and its certificate chain.
//! assert!(matches!(Envelope::parse(EnvelopeFormat::Jws, b"{}"), Err(EnvelopeError::Json(_))));
//!
//! // Every failure has a stable code, which says whether a retry may help.
//! assert_eq!(ReasonCode::Revoked.disposition(), Disposition::Refused);
//! assert_eq!(ReasonCode::Throttled.disposition(), Disposition::Undetermined);
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | [`envelope`] | Signature envelopes in the forms JWS and COSE: building, parsing, verifying |
//! | [`x509`] | Certificates and chains, and the rules for code signing |
//! | [`timestamp`] | Timestamps of signatures: requests, responses, and the verification of tokens |
//! | [`trust`] | Trust policies, trust stores, trusted identities |
//! | [`manifest`], [`links`], [`media_type`] | Manifests of artifacts and signatures, and what they refer to |
//! | [`mod@reference`] | References to artifacts: registry, repository, tag or digest |
//! | [`plugin`] | The plugin protocol, for plugins and for their hosts |
//! | [`json`], [`cbor`], [`text`] | Strict JSON and CBOR, times, and text that is safe to print |
//! | [`config_folder`] | Where notation has its configuration |
//! | `credentials_source` | [`CredentialsSource`]: where AWS credentials come from, for errors |
//! | `reason`, `advice` | [`ReasonCode`], [`Disposition`], [`Advice`]: what failures mean and what to do |
//! | `descriptor`, `digest`, `user_metadata` | [`Descriptor`], [`Digest`], [`UserMetadata`] |

mod advice;
mod algorithm_identifier;
pub mod cbor;
pub mod config_folder;
mod credentials_source;
mod descriptor;
mod digest;
mod element;
pub mod envelope;
pub mod json;
pub mod links;
pub mod manifest;
pub mod media_type;
pub mod plugin;
mod reason;
pub mod reference;
pub mod text;
pub mod timestamp;
pub mod trust;
mod user_metadata;
pub mod x509;

pub use advice::Advice;
pub use credentials_source::CredentialsSource;
pub use descriptor::Descriptor;
pub use digest::{Digest, DigestAlgorithm, DigestError, Hasher};
pub use reason::{Disposition, ReasonCode};
pub use user_metadata::{UserMetadata, UserMetadataError, is_reserved_annotation};
