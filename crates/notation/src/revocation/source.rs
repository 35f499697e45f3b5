//! Who is asked whether a signature was revoked. Verification asks a [`RevocationSource`] and does not know what is
//! behind it: a service, OCSP and CRLs, a limiter or a cache around them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_names::Location;
use aws_signer::RevokedEntity;
use limits::Deadline;
use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::timestamp::VerifiedTimestamp;
use notary::x509::LinkedChain;
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::verify::Signer;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A question about one verified signature.
#[derive(Debug, Clone)]
pub struct RevocationQuestion {
    /// Who signed: it decides who is asked.
    pub signer: Signer,
    /// The certificate chain of the signature.
    pub chain: LinkedChain,
    /// The signing time.
    pub signing_time: OffsetDateTime,
    /// The signing scheme: with `notary.x509.signingAuthority` the signing time is authentic.
    pub signing_scheme: SigningScheme,
    /// The latest time at which the signature was made, if a verified timestamp shows it. It counts for CRLs alone: "If
    /// CRL has an invalidity date and artifact signature is timestamped then compare the invalidity date with the
    /// timestamping date", while a timestamp "MUST NOT be used as an `authentic signing time`", which OCSP requires.
    pub timestamp: Option<OffsetDateTime>,
    /// The time at which certificates, OCSP responses and CRLs are judged.
    pub now: OffsetDateTime,
    /// When an answer comes too late.
    pub deadline: Deadline,
}

impl RevocationQuestion {
    /// Creates the question about a signature.
    #[must_use]
    pub fn new(envelope: &VerifiedEnvelope, signer: &Signer, now: OffsetDateTime, deadline: Deadline) -> Self {
        let attributes = envelope.attributes();
        Self {
            signer: signer.clone(),
            chain: envelope.chain().clone(),
            signing_time: attributes.signing_time,
            signing_scheme: attributes.signing_scheme,
            timestamp: None,
            now,
            deadline,
        }
    }

    /// Creates the question about a signature that has a verified timestamp, if any.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Option<&VerifiedTimestamp>) -> Self {
        Self { timestamp: timestamp.map(VerifiedTimestamp::upper_limit), ..self }
    }

    /// Creates the question about the chain of the timestamping authority that made a timestamp. Every revocation
    /// applies: a timestamp proves nothing if the authority is not trusted "at the time of verification".
    #[must_use]
    pub fn of_authority(timestamp: &VerifiedTimestamp, now: OffsetDateTime, deadline: Deadline) -> Self {
        Self {
            signer: Signer::Certificate,
            chain: timestamp.chain().clone(),
            signing_time: timestamp.info().gen_time,
            signing_scheme: SigningScheme::X509,
            timestamp: None,
            now,
            deadline,
        }
    }

    /// Returns the signing time if it is authentic.
    #[must_use]
    pub fn authentic_signing_time(&self) -> Option<OffsetDateTime> {
        (self.signing_scheme == SigningScheme::SigningAuthority).then_some(self.signing_time)
    }
}

/// The answer to a [`RevocationQuestion`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Nothing is revoked, or nothing says who could revoke it. A sentence names the source.
    NotRevoked(String),
    /// Something is revoked.
    Revoked {
        /// What is revoked.
        entities: Vec<RevokedEntity>,
        /// A sentence that names the source and what is revoked.
        message: String,
    },
    /// The status is unknown: it must not be taken for "not revoked".
    Unknown(Failure),
}

/// Answers whether signatures were revoked. Sources can be wrapped in each other.
pub trait RevocationSource: Debug + Send + Sync + 'static {
    /// Answers a question within its deadline.
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus>;

    /// Prepares for questions about signatures that AWS Signer made at these places, while the verifier waits for the
    /// store. Nothing depends on it: no question may follow, and what fails here is said when one does.
    fn prepare<'a>(&'a self, _locations: &'a [Location]) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl<S: RevocationSource + ?Sized> RevocationSource for Arc<S> {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        (**self).status(question)
    }

    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        (**self).prepare(locations)
    }
}
