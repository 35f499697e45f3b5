//! Signature envelopes of the Notary Project: building, parsing and verifying them.
//! Defined by notaryproject/specifications: `signature-specification.md`, `signature-envelope-jws.md` and
//! `signature-envelope-cose.md`.

mod algorithm;
mod attributes;
pub mod build;
mod cose;
mod format;
mod jws;
mod parameter;
mod parsed;
mod payload;
#[cfg(test)]
mod tests;
mod timestamped;
mod verify;

pub use algorithm::SignatureAlgorithm;
pub use attributes::{AttributeError, SignedAttributes, SigningScheme};
pub use format::EnvelopeFormat;
pub use parameter::Parameter;
pub use parsed::{Envelope, EnvelopeError, MAX_ENVELOPE_SIZE};
pub use payload::{Payload, PayloadError};
pub use timestamped::with_timestamp;
pub use verify::{VerifiedEnvelope, VerifyError};

/// The media type of the signed payload, [`Payload`].
pub const PAYLOAD_MEDIA_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
/// The media type of a signature envelope in its JWS form.
pub const JWS_MEDIA_TYPE: &str = "application/jose+json";
/// The media type of a signature envelope in its COSE form.
pub const COSE_MEDIA_TYPE: &str = "application/cose";

/// Names of envelope headers, as the specification and AWS Signer define them. Protected unless noted otherwise.
pub mod header {
    /// The signing scheme; always critical.
    pub const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
    /// The claimed time of signing, scheme `notary.x509`.
    pub const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
    /// The authenticated time of signing, scheme `notary.x509.signingAuthority`; critical.
    pub const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
    /// When the signature expires; critical.
    pub const EXPIRY: &str = "io.cncf.notary.expiry";
    /// The plugin required for verification; critical.
    pub const VERIFICATION_PLUGIN: &str = "io.cncf.notary.verificationPlugin";
    /// The minimum version of that plugin; critical.
    pub const VERIFICATION_PLUGIN_MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
    /// Unprotected: the program that created the envelope.
    pub const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";
    /// Unprotected: a timestamp countersignature.
    pub const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";
    /// AWS Signer: the ARN of the signing profile version; critical.
    pub const SIGNING_PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";
    /// AWS Signer: the ARN of the alias through which the profile was used, if any; critical.
    pub const SIGNING_PROFILE_ALIAS: &str = "com.amazonaws.signer.signingProfileAlias";
    /// AWS Signer: the ARN of the signing job; critical.
    pub const SIGNING_JOB: &str = "com.amazonaws.signer.signingJob";
}
