//! One vocabulary for failures: what kind they are ([`ReasonCode`]) and who can do something about them
//! ([`Disposition`]).
//!
//! Exit codes, HTTP statuses, results for programs and the plugin protocol's error codes derive from these, in one
//! function each.

use std::fmt;

use serde::{Serialize, Serializer};

/// What a failure means for the caller. Ordered by gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// The question could not be answered now; the same request may succeed later.
    Undetermined,
    /// The caller's configuration, credentials, permissions or input must be corrected first.
    Misconfigured,
    /// A signature was judged and rejected, or the artifact has none. The same request fails again.
    Refused,
}

impl Disposition {
    /// Returns the name in results for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::Misconfigured => "misconfigured",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The stable name of the kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReasonCode {
    /// The artifact has no signature.
    Unsigned,
    /// The signer is not a trusted identity, or its chain does not end in a trust store.
    Untrusted,
    /// The signature, the signing profile or a certificate is revoked.
    Revoked,
    /// The signature has expired.
    Expired,
    /// A certificate was not valid at the time of signing, or is not valid now if that counts.
    CertificateValidity,
    /// A required timestamp is missing, malformed or does not verify.
    Timestamp,
    /// The signature, its envelope or its certificate chain is malformed or does not verify.
    Integrity,
    /// The signature is for another artifact.
    OtherArtifact,
    /// Required user metadata was not signed.
    Metadata,
    /// Fewer signers than required have signed.
    MissingSigners,
    /// The signature needs something that is not supported, such as an unknown critical attribute.
    Unsupported,

    /// A server cannot be reached, or the connection broke.
    Unreachable,
    /// A server limits the rate of requests.
    Throttled,
    /// This program's own limit on the rate of requests is used up.
    Quota,
    /// The time limit expired.
    Deadline,
    /// A server's answer does not follow its protocol, or is a server error.
    Protocol,
    /// A server returned other content than the digest names.
    WrongContent,
    /// Other writers kept interfering.
    Contention,
    /// This program has a defect.
    Internal,

    /// The artifact, the signing profile or another named thing does not exist.
    NotFound,
    /// Credentials are missing, invalid or expired.
    Credentials,
    /// The credentials do not permit the operation.
    Denied,
    /// The command line, a setting or a document is not valid.
    Configuration,
    /// A file or folder of this machine cannot be read or written.
    File,
    /// There is more of something than a limit allows.
    TooMany,
    /// Something exists already that would be replaced.
    Exists,
    /// A signing job failed. What was to be signed, or the access to it, must be corrected.
    JobFailed,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 27] = [
        Self::Unsigned,
        Self::Untrusted,
        Self::Revoked,
        Self::Expired,
        Self::CertificateValidity,
        Self::Timestamp,
        Self::Integrity,
        Self::OtherArtifact,
        Self::Metadata,
        Self::MissingSigners,
        Self::Unsupported,
        Self::Unreachable,
        Self::Throttled,
        Self::Quota,
        Self::Deadline,
        Self::Protocol,
        Self::WrongContent,
        Self::Contention,
        Self::Internal,
        Self::NotFound,
        Self::Credentials,
        Self::Denied,
        Self::Configuration,
        Self::File,
        Self::TooMany,
        Self::Exists,
        Self::JobFailed,
    ];

    /// Returns the name in results for programs. It never changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Untrusted => "untrusted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::CertificateValidity => "certificate_validity",
            Self::Timestamp => "timestamp",
            Self::Integrity => "integrity",
            Self::OtherArtifact => "other_artifact",
            Self::Metadata => "metadata",
            Self::MissingSigners => "missing_signers",
            Self::Unsupported => "unsupported",
            Self::Unreachable => "unreachable",
            Self::Throttled => "throttled",
            Self::Quota => "quota",
            Self::Deadline => "deadline",
            Self::Protocol => "protocol",
            Self::WrongContent => "wrong_content",
            Self::Contention => "contention",
            Self::Internal => "internal",
            Self::NotFound => "not_found",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::Configuration => "configuration",
            Self::File => "file",
            Self::TooMany => "too_many",
            Self::Exists => "exists",
            Self::JobFailed => "job_failed",
        }
    }

    /// Returns what the failure means for the caller. Only judgements about signatures are refusals: whatever goes
    /// wrong with a registry, a service or the transport is undetermined or misconfigured.
    #[must_use]
    pub fn disposition(self) -> Disposition {
        match self {
            Self::Unsigned
            | Self::Untrusted
            | Self::Revoked
            | Self::Expired
            | Self::CertificateValidity
            | Self::Timestamp
            | Self::Integrity
            | Self::OtherArtifact
            | Self::Metadata
            | Self::MissingSigners
            | Self::Unsupported => Disposition::Refused,
            Self::Unreachable
            | Self::Throttled
            | Self::Quota
            | Self::Deadline
            | Self::Protocol
            | Self::WrongContent
            | Self::Contention
            | Self::Internal => Disposition::Undetermined,
            Self::NotFound
            | Self::Credentials
            | Self::Denied
            | Self::Configuration
            | Self::File
            | Self::TooMany
            | Self::Exists
            | Self::JobFailed => Disposition::Misconfigured,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ReasonCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_snake_case() {
        let mut names: Vec<_> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ReasonCode::ALL.len());
    }

    #[test]
    fn refusals_outweigh_all_other_dispositions() {
        use Disposition::{Misconfigured, Refused, Undetermined};
        assert_eq!([Undetermined, Refused, Misconfigured].into_iter().max(), Some(Refused));
        assert_eq!([Undetermined, Misconfigured].into_iter().max(), Some(Misconfigured));
    }
}
