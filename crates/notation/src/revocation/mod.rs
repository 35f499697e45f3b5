//! Certificate revocation checks by OCSP (RFC 6960) and CRLs (RFC 5280) for signatures with the user's own key:
//! notaryproject/specifications, `trust-store-trust-policy.md`, "Certificate Revocation Evaluation".
//!
//! The OCSP responders of a certificate are asked in order until one gives a valid answer. If none does, or the answer
//! is "unknown", the CRLs decide. A certificate that names neither is treated as not revoked. The root is not checked:
//! it has no issuer that could revoke it. Any error makes the status unknown, never good.
//!
//! # Where this differs from notation-core-go 1.3.0
//! - An OCSP response must identify the certificate's issuer by its hashes and be current (`thisUpdate` at most five
//!   minutes ahead). The certificate of a delegated responder must be valid, have the extended key usage `OCSPSigning`
//!   (RFC 6960, 4.2.2.2), and not be revoked itself, unless it has `id-pkix-ocsp-nocheck`. In notation-core-go, any
//!   holder of a certificate of the same authority can declare a certificate good.
//! - If an OCSP responder rejects a GET request, the request is repeated as POST: RFC 6960 makes GET optional for
//!   responders.
//! - A CRL must name the issuer, must not be from the future, and must cover the certificate:
//!   `issuingDistributionPoint` is evaluated (RFC 5280, 6.3.3). A delta CRL is not accepted as a complete one. In
//!   notation-core-go, a CRL for other certificates makes this one good.
//! - One URL that gives a CRL is enough ("each location download is attempted in sequential order, until a 200 response
//!   is received for any of the location") if the CRLs found cover all revocation reasons, so additional LDAP URLs do
//!   no harm. In notation-core-go, every URL must give one.
//! - An entry whose invalidity date is after the authentic signing time, or after the timestamp, is ignored; other
//!   entries for the certificate still apply.
//! - `https://` URLs are used too, verified with the system's root certificates. CRLs are not cached on disk.
//! - An OCSP location or distribution point without a usable URL counts as a source that gives no answer: the status is
//!   unknown unless the others suffice. notation-core-go ignores it.

mod cached;
mod crl;
mod currency;
mod error;
mod http;
mod ocsp;
mod rate_limited;
mod source;
mod sources;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notary::x509::Certificate;
use time::OffsetDateTime;
use tokio::task::JoinSet;

pub use self::cached::Cached;
pub use self::error::{CrlError, CurrencyError, Method, OcspError, SourceError, SourceFailure};
use self::http::Http;
pub use self::rate_limited::RateLimited;
pub use self::source::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
pub use self::sources::{AwsSignerRevocation, RevocationSources};
use self::status::Question;
pub use self::status::{CertificateStatus, Revocation, Source, Status};

/// The maximum number of OCSP responders of one certificate.
const MAX_RESPONDERS: usize = 8;
/// The maximum number of cached statuses.
const MAX_REMEMBERED: usize = 1024;
/// The maximum age of a cached status, even if its `nextUpdate` is later.
const MAX_AGE: time::Duration = time::Duration::minutes(10);
/// How long a connection may be silent: the longest threshold of the specification.
const IDLE: Duration = Duration::from_secs(5);

/// A client for OCSP and CRLs. Clones share connections and cached statuses: the signatures of an artifact mostly have
/// the same chain.
#[derive(Debug, Clone)]
pub struct RevocationClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: Http,
    /// Held while a CRL is in memory, to have only one at a time.
    turn: tokio::sync::Mutex<()>,
    statuses: Mutex<HashMap<StatusKey, (Status, OffsetDateTime)>>,
}

/// What a status depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct StatusKey {
    certificate: String,
    issuer: String,
    signing_time: Option<OffsetDateTime>,
    timestamp: Option<OffsetDateTime>,
}

impl StatusKey {
    fn new(question: &Question) -> Self {
        Self {
            certificate: question.certificate.thumbprint().to_owned(),
            issuer: question.issuer.thumbprint().to_owned(),
            signing_time: question.signing_time,
            timestamp: question.timestamp,
        }
    }

    /// The key of a certificate that is not revoked at all: then the times of the signature do not matter.
    fn without_times(&self) -> Self {
        Self { signing_time: None, timestamp: None, ..self.clone() }
    }
}

impl Default for RevocationClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the status of each certificate of the chain in question except its root, in the order of the chain.
///
/// Without an authentic signing time or a timestamp, every revocation applies. The certificates are checked
/// concurrently. Each OCSP responder has 2 seconds and each CRL 5 seconds to answer, within the deadline.
pub async fn check_chain(question: &RevocationQuestion, client: &RevocationClient) -> Vec<CertificateStatus> {
    let RevocationQuestion { chain, now, deadline, timestamp, .. } = question;
    let mut tasks = JoinSet::new();
    let mut statuses = Vec::new();
    for (position, pair) in chain.certificates().windows(2).enumerate() {
        let certificate = pair[0].clone();
        let issuer = pair[1].clone();
        // Kept if the task fails.
        let status = Status::Unknown(Vec::new());
        statuses.push(CertificateStatus { position, subject: certificate.subject().to_owned(), status });
        let question = Question {
            certificate,
            issuer,
            signing_time: question.authentic_signing_time(),
            timestamp: *timestamp,
            now: *now,
            deadline: *deadline,
        };
        let client = client.clone();
        tasks.spawn(async move { (position, client.certificate_status(question).await) });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok((position, status)) = ended {
            statuses[position].status = status;
        }
    }
    statuses
}

impl RevocationClient {
    /// Creates a client. It opens no connection before the first request.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner { http: Http::new(IDLE), turn: tokio::sync::Mutex::default(), statuses: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    async fn certificate_status(&self, question: Question) -> Status {
        let key = StatusKey::new(&question);
        if let Some(status) = self.remembered(&key, question.now) {
            return status;
        }
        let status = self.ask(&question).await;
        self.remember(key, &status, question.now);
        status
    }

    /// Asks OCSP first: "If revocation status cannot be determined using OCSP because of any reason such as
    /// unavailability then fallback to using CRLs".
    async fn ask(&self, question: &Question) -> Status {
        let mut failures = match self.ask_responders(question).await {
            Ok(status) => return status,
            Err(failures) => failures,
        };
        match crl::check(&self.inner.http, &self.inner.turn, question).await {
            None if failures.is_empty() => Status::NotRevocable,
            None => Status::Unknown(failures),
            Some(Status::Unknown(more)) => {
                failures.extend(more);
                Status::Unknown(failures)
            }
            Some(status) => status,
        }
    }

    async fn ask_responders(&self, question: &Question) -> Result<Status, Vec<SourceFailure>> {
        let failure = |url: &str, error| SourceFailure { method: Method::Ocsp, url: url.to_owned(), error };
        let responders = question.certificate.ocsp_responders();
        let responders = responders.map_err(|why| vec![failure("", SourceError::Extension(why.to_string()))])?;
        if responders.len() > MAX_RESPONDERS {
            let error = SourceError::TooManyUrls { found: responders.len(), most: MAX_RESPONDERS };
            return Err(vec![failure("", error)]);
        }
        let mut failures = Vec::new();
        for responder in responders {
            match self.ask_responder(&responder, question).await {
                Ok(status) => return Ok(status),
                // "unknown" is a valid answer: the other responders are not asked for a better one.
                Err(error @ SourceError::Ocsp(OcspError::Unknown)) => return Err(vec![failure(&responder, error)]),
                Err(error) => failures.push(failure(&responder, error)),
            }
        }
        Err(failures)
    }

    async fn ask_responder(&self, responder: &str, question: &Question) -> Result<Status, SourceError> {
        let verified = ocsp::ask(&self.inner.http, responder, question).await?;
        if let Some(delegate) = verified.delegate {
            self.check_delegate(delegate, question).await?;
        }
        let source = Source { method: Method::Ocsp, url: responder.to_owned(), until: verified.until };
        Ok(match verified.revocation {
            None => Status::Good(source),
            Some(revocation) if revocation.counts_at(question.signing_time) => Status::Revoked(source, revocation),
            Some(revocation) => Status::GoodWhenSigned(source, revocation),
        })
    }

    /// "If `id-pkix-ocsp-nocheck` extension is not present on the OCSP signing certificate then revocation checking
    /// must be performed using CRLs for the OCSP signing certificate." Without a CRL it is treated as not revoked, like
    /// any other certificate.
    async fn check_delegate(&self, delegate: Certificate, question: &Question) -> Result<(), SourceError> {
        if delegate.has_ocsp_nocheck() {
            return Ok(());
        }
        let question = Question { certificate: delegate, signing_time: None, timestamp: None, ..question.clone() };
        match crl::check(&self.inner.http, &self.inner.turn, &question).await {
            None | Some(Status::Good(_)) => Ok(()),
            Some(status) => Err(SourceError::Responder(status.to_string())),
        }
    }

    fn remembered(&self, key: &StatusKey, now: OffsetDateTime) -> Option<Status> {
        let statuses = self.inner.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let current =
            |key: &StatusKey| statuses.get(key).filter(|(_, until)| now <= *until).map(|(status, _)| status.clone());
        current(key).or_else(|| current(&key.without_times()).filter(|status| matches!(status, Status::Good(_))))
    }

    /// Caches a known status until it expires. Unknown statuses are not cached.
    fn remember(&self, key: StatusKey, status: &Status, now: OffsetDateTime) {
        let (Status::Good(source) | Status::GoodWhenSigned(source, _) | Status::Revoked(source, _)) = status else {
            return;
        };
        let key = if let Status::Good(_) = status { key.without_times() } else { key };
        let mut statuses = self.inner.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if statuses.len() >= MAX_REMEMBERED {
            statuses.clear();
        }
        statuses.insert(key, (status.clone(), source.until.min(now + MAX_AGE)));
    }
}
