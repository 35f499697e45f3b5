//! Why a check of a signature passed.

use std::fmt;

use notary::Digest;
use notary::text::{printable, rfc3339};
use notary::timestamp::TstInfo;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

/// The trusted identity of the policy that a signer matched. Signers who match the same one are not told apart: the
/// holder of an authority may choose any number of subjects that match it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedIdentity {
    /// A signing profile of AWS Signer, an aliased one, or a version of it: the ARN without the version.
    Profile(String),
    /// A subject, as the policy names it.
    Subject(String),
    /// A verification plugin accepted the signer, and did not say which identity matched: the name of the plugin.
    Plugin(String),
    /// `*`: any identity.
    Any,
}

impl fmt::Display for MatchedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(arn) => f.write_str(arn),
            Self::Subject(name) => write!(f, "x509.subject: {name}"),
            Self::Plugin(name) => write!(f, "accepted by the verification plugin {name}"),
            Self::Any => f.write_str("any identity (\"*\")"),
        }
    }
}

/// Why a check passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The envelope is intact and covers the content.
    Intact {
        /// The digest that was signed.
        digest: Digest,
    },
    /// The chain ends in a trust store, and the signer is a trusted identity.
    Trusted {
        /// The subject of the certificate that is in the trust store.
        anchor: String,
        /// Who signed, and which trusted identity names the signer.
        identity: String,
        /// That trusted identity.
        matched: MatchedIdentity,
    },
    /// The signature has not expired.
    NotExpired {
        /// When it expires, if ever.
        expiry: Option<OffsetDateTime>,
    },
    /// Every certificate was valid at the authentic signing time.
    ValidWhenSigned {
        /// The authentic signing time.
        time: OffsetDateTime,
    },
    /// Every certificate was valid when a timestamping authority stamped the signature.
    ValidAtTimestamp {
        /// The time of the timestamp, with its accuracy.
        timestamp: Box<TstInfo>,
        /// The subject of the authority's certificate.
        authority: String,
        /// That the authority's certificates are not revoked, and who says so.
        revocation: String,
    },
    /// Every certificate is valid now, and no timestamp is required.
    ValidNow,
    /// All required user metadata was signed.
    MetadataSigned,
    /// Nothing is revoked; a sentence names the source.
    NotRevoked(String),
    /// The verification plugin made the check.
    Plugin {
        /// The name of the plugin.
        name: String,
        /// Its reason.
        reason: String,
    },
}

impl Finding {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intact { digest } => write!(f, "the envelope is intact and covers {digest}"),
            Self::Trusted { anchor, identity, .. } => write!(f, "the chain ends in the trusted {anchor}; {identity}"),
            Self::NotExpired { expiry: Some(expiry) } => write!(f, "the signature expires at {}", rfc3339(*expiry)),
            Self::NotExpired { expiry: None } => f.write_str("the signature does not expire"),
            Self::ValidWhenSigned { time } => {
                write!(f, "every certificate was valid at the authentic signing time {}", rfc3339(*time))
            }
            Self::ValidAtTimestamp { timestamp, authority, revocation } => write!(
                f,
                "every certificate was valid at {timestamp}, when {authority} stamped the signature; the \
                 authority's certificates: {revocation}"
            ),
            Self::ValidNow => f.write_str("every certificate is valid now; no timestamp is required"),
            Self::MetadataSigned => f.write_str("all required metadata was signed"),
            Self::NotRevoked(source) => f.write_str(source),
            Self::Plugin { name, reason } if reason.is_empty() => {
                write!(f, "the verification plugin {name} accepts it and gives no reason")
            }
            Self::Plugin { name, reason } => write!(f, "the verification plugin {name} accepts it: {reason}"),
        }
    }
}

/// Made printable: the values may come from an envelope.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Raw<'a>(&'a Finding);
        impl fmt::Display for Raw<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f)
            }
        }
        f.write_str(&printable(&Raw(self).to_string()))
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
