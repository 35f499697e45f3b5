//! The verification flow: resolve the artifact, list its signatures, and check each as the trust policy says:
//! integrity, authenticity, expiry, authentic timestamp, revocation. notaryproject/specifications,
//! `trust-store-trust-policy.md`, "Signature Verification".

mod authentic_timestamp;
mod authenticity;
mod blob;
mod demands;
mod expiry;
mod finding;
mod inspection;
mod no_verdict;
mod plugin;
mod policy;
mod reason;
mod revocation;
mod signature;
mod signer;
mod source;
mod user_metadata;
mod verdict;
mod verifier;

pub use notary::trust::policy::{ValidationAction, ValidationType};

pub use self::demands::{Demands, Evaluate};
pub use self::finding::{Finding, MatchedIdentity};
pub use self::inspection::{CheckRevocation, InspectedEnvelope, InspectedSignature};
pub use self::no_verdict::NoVerdict;
pub use self::policy::{Trust, VerificationPolicy};
pub use self::reason::Reason;
pub use self::signer::Signer;
pub use self::source::{FetchedEnvelope, FetchedSignature, SignatureSource, Tries};
pub use self::verdict::{
    CertificateSummary, Check, CheckOutcome, CheckResult, Conclusion, Requirement, RequirementError, SignatureVerdict,
    Signed, TimestampSummary, Verdict,
};
pub use self::verifier::{Limits, ResolvedArtifact, Verifier};
