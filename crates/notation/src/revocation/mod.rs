//! Whether certificates were revoked by their issuers: OCSP (RFC 6960) and CRLs (RFC 5280), as notaryproject/specifications,
//! `trust-store-trust-policy.md`, "Certificate Revocation Evaluation", wants it for signatures by a key of one's own.
//!
//! A certificate that names OCSP responders is asked about there, in its order, until one gives an answer that counts. Where none
//! does, or the answer is "unknown", its CRLs decide. One that names neither counts as not revoked; the root is not asked about,
//! as nobody stands above it. Whatever goes wrong leaves the status unknown, and never good.
//!
//! # Where this differs from notation-core-go 1.3.0
//! - An OCSP response must name the certificate's issuer by its hashes and be current (`thisUpdate` at most five minutes ahead);
//!   the certificate of a delegated responder must be valid, have the extended key usage `OCSPSigning` (RFC 6960, 4.2.2.2), and
//!   not be revoked itself, unless it has `id-pkix-ocsp-nocheck`. There, any holder of a certificate of the same authority can say
//!   that a certificate is good.
//! - An OCSP request that is refused as GET is repeated as POST: RFC 6960 leaves GET to responders.
//! - A CRL must name the issuer, must not be from the future, and must be about this certificate: `issuingDistributionPoint` is
//!   evaluated (RFC 5280, 6.3.3). A delta CRL does not pass for a whole one. There, a list of other certificates says good.
//! - One URL that gives a CRL is enough ("each location download is attempted in sequential order, until a 200 response is received
//!   for any of the location"), where the CRLs found are about all reasons; there, each URL must. LDAP URLs beside are so no obstacle.
//! - An entry whose invalidity date is after the authentic signing time does not count, but others for the certificate do.
//! - `https://` URLs are asked too, with the system's root certificates; CRLs are kept in no cache of the machine's.
//! - An OCSP location or distribution point that is no URL leaves the status unknown; there, it is as if it were not named.

mod crl;
mod currency;
mod error;
mod http;
mod ocsp;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use limits::Deadline;
use notary::x509::{Certificate, CertificateChain};
use time::OffsetDateTime;
use tokio::task::JoinSet;

pub use self::error::{CrlError, CurrencyError, Method, OcspError, SourceError, SourceFailure};
use self::http::Http;
use self::status::Question;
pub use self::status::{CertificateStatus, Revocation, Source, Status};

/// How many OCSP responders of one certificate are asked.
const MAX_RESPONDERS: usize = 8;
/// How many statuses are remembered.
const MAX_REMEMBERED: usize = 1024;
/// How long a status is remembered at most, whatever its `nextUpdate` says.
const MAX_AGE: time::Duration = time::Duration::minutes(10);
/// How long a connection may be silent. The thresholds of the specification are shorter, or equal.
const IDLE: Duration = Duration::from_secs(5);

/// Asks about certificates. Clones share connections, and what was found: the signatures of one artifact mostly have the same chain.
#[derive(Debug, Clone)]
pub struct RevocationClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: Http,
    /// Held while a CRL is in memory.
    turn: tokio::sync::Mutex<()>,
    found: Mutex<HashMap<Key, (Status, OffsetDateTime)>>,
}

/// The certificate, its issuer, and the authentic signing time.
type Key = (String, String, Option<OffsetDateTime>);

impl Default for RevocationClient {
    fn default() -> Self {
        Self::new()
    }
}

/// The status of each certificate of a chain but its root, judged at `now`, in the order of the chain.
///
/// `chain` is one whose links were checked: the issuer of each certificate is the next one. `authentic_signing_time` is that of the
/// scheme `notary.x509.signingAuthority`, or of a timestamp; without it, every revocation counts. The certificates are asked about at the
/// same time, each place for 2 (OCSP) or 5 seconds (CRL), all of them no longer than `deadline`.
pub async fn check_chain(
    chain: &CertificateChain,
    authentic_signing_time: Option<OffsetDateTime>,
    now: OffsetDateTime,
    client: &RevocationClient,
    deadline: Deadline,
) -> Vec<CertificateStatus> {
    let mut tasks = JoinSet::new();
    let mut statuses = Vec::new();
    for (position, pair) in chain.certificates().windows(2).enumerate() {
        let (certificate, issuer) = (pair[0].clone(), pair[1].clone());
        // It stands if the task ends before its time.
        let status = Status::Unknown(Vec::new());
        statuses.push(CertificateStatus { position, subject: certificate.subject(), status });
        let question = Question { certificate, issuer, signing_time: authentic_signing_time, now, deadline };
        let client = client.clone();
        tasks.spawn(async move { (position, client.status(question).await) });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok((position, status)) = ended {
            statuses[position].status = status;
        }
    }
    statuses
}

impl RevocationClient {
    /// A client. Nothing is read or connected to before the first question.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner { http: Http::new(IDLE), turn: tokio::sync::Mutex::default(), found: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    async fn status(&self, question: Question) -> Status {
        let key = (question.certificate.thumbprint(), question.issuer.thumbprint(), question.signing_time);
        if let Some(status) = self.remembered(&key, question.now) {
            return status;
        }
        let status = self.ask(&question).await;
        self.remember(key, &status, question.now);
        status
    }

    /// OCSP first: "If revocation status cannot be determined using OCSP because of any reason such as unavailability then fallback to
    /// using CRLs".
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
            let error = SourceError::TooManyPlaces { found: responders.len(), most: MAX_RESPONDERS };
            return Err(vec![failure("", error)]);
        }
        let mut failures = Vec::new();
        for responder in responders {
            match self.ask_responder(&responder, question).await {
                Ok(status) => return Ok(status),
                // It was asked and has answered: no other is asked for a better answer.
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

    /// "If `id-pkix-ocsp-nocheck` extension is not present on the OCSP signing certificate then revocation checking must be performed
    /// using CRLs for the OCSP signing certificate." That it named no CRL makes it one that cannot be revoked, as any other.
    async fn check_delegate(&self, delegate: Certificate, question: &Question) -> Result<(), SourceError> {
        if delegate.has_ocsp_nocheck() {
            return Ok(());
        }
        let question = Question { certificate: delegate, signing_time: None, ..question.clone() };
        match crl::check(&self.inner.http, &self.inner.turn, &question).await {
            None | Some(Status::Good(_)) => Ok(()),
            Some(status) => Err(SourceError::Responder(status.to_string())),
        }
    }

    fn remembered(&self, key: &Key, now: OffsetDateTime) -> Option<Status> {
        let found = self.inner.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(key).filter(|(_, until)| now <= *until).map(|(status, _)| status.clone())
    }

    /// Keeps what was determined for as long as it counts. What is unknown is asked anew.
    fn remember(&self, key: Key, status: &Status, now: OffsetDateTime) {
        let (Status::Good(source) | Status::GoodWhenSigned(source, _) | Status::Revoked(source, _)) = status else {
            return;
        };
        let mut found = self.inner.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= MAX_REMEMBERED {
            found.clear();
        }
        found.insert(key, (status.clone(), source.until.min(now + MAX_AGE)));
    }
}
