//! Certificate revocation lists: RFC 5280, 5 and 6.3; `trust-store-trust-policy.md`, "CRLs".
//!
//! Every distribution point of a certificate is checked. The URLs of a point lead to the same CRL, so the first that
//! gives a valid one is enough. A certificate is good if it is on none of the CRLs and they together cover all
//! revocation reasons, and revoked if any CRL lists it.

mod entry;
mod list;
mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

use der::Decode as _;
use der::asn1::UintRef;
use notary::text::printable;
use notary::x509::url;
use time::OffsetDateTime;
use x509_cert::ext::pkix::crl::FreshestCrl;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::DistributionPointName;

use self::entry::{Outcome, entries_of, outcome};
use self::list::{CRL_NUMBER, DELTA_CRL_INDICATOR, FRESHEST_CRL, ISSUING_DISTRIBUTION_POINT, VerifiedCrl};
use self::scope::{ALL_REASONS, Reasons};
use super::error::{CrlError, Method, SourceError, SourceFailure};
use super::http::{Http, parse_url, within};
use super::status::{Question, Revocation, Source, Status};

/// The maximum size of a CRL, as in notation-core-go. The largest in use are half as large.
const MAX_CRL: usize = 32 * 1024 * 1024;
/// "will try to download the CRL for the default threshold of 5 seconds".
const THRESHOLD: Duration = Duration::from_secs(5);
/// The maximum number of CRL URLs of one certificate.
const MAX_URLS: usize = 8;

/// Checks a certificate against its CRLs; returns `None` if it names none.
pub(super) async fn check(http: &Http, turn: &tokio::sync::Mutex<()>, question: &Question) -> Option<Status> {
    let failure = |url: &str, error| SourceFailure { method: Method::Crl, url: url.to_owned(), error };
    let points = match question.certificate.crl_distribution_points() {
        Ok(points) if points.is_empty() => return None,
        Ok(points) => points,
        Err(why) => return Some(Status::Unknown(vec![failure("", SourceError::Extension(why.to_string()))])),
    };
    let found = points.len().max(points.iter().map(|point| urls(point).len()).sum());
    if found > MAX_URLS {
        let error = SourceError::TooManyUrls { found, most: MAX_URLS };
        return Some(Status::Unknown(vec![failure("", error)]));
    }
    let mut covered = 0;
    let mut good = None::<Status>;
    let mut failures = Vec::new();
    for point in &points {
        let urls = urls(point);
        if urls.is_empty() {
            failures.push(failure("", SourceError::NotAUrl));
        }
        for url in urls {
            let listed = Listing { http, question, point, url: &url };
            match listed.find(turn).await {
                Err(error) => failures.push(failure(&url, error)),
                Ok(found) => {
                    let source = Source { method: Method::Crl, url, until: found.until };
                    match outcome(&found.entries, question.signing_time.or(question.timestamp)) {
                        Outcome::Revoked(revocation) => return Some(Status::Revoked(source, revocation)),
                        Outcome::GoodWhenSigned(revocation) => good = Some(Status::GoodWhenSigned(source, revocation)),
                        Outcome::Good => good = Some(sooner(good, source)),
                    }
                    covered |= found.reasons;
                    break;
                }
            }
        }
    }
    match good.filter(|_| covered == ALL_REASONS) {
        Some(good) => Some(good),
        None if failures.is_empty() => {
            let why = "its CRLs together do not cover all revocation reasons";
            Some(Status::Unknown(vec![failure("", CrlError::Scope(why).into())]))
        }
        None => Some(Status::Unknown(failures)),
    }
}

/// Keeps the good status that expires first; `GoodWhenSigned` takes precedence.
fn sooner(before: Option<Status>, source: Source) -> Status {
    match before {
        Some(Status::Good(other)) if other.until < source.until => Status::Good(other),
        Some(Status::GoodWhenSigned(other, revocation)) => Status::GoodWhenSigned(other, revocation),
        _ => Status::Good(source),
    }
}

/// The URLs of a distribution point, in order. Other names are left out.
fn urls(point: &DistributionPoint) -> Vec<String> {
    match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => names.iter().filter_map(url).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The entries of a certificate on a CRL and its delta CRL.
struct CertificateEntries {
    until: OffsetDateTime,
    entries: Vec<Revocation>,
    reasons: Reasons,
}

/// A URL of a CRL, at a distribution point of a certificate.
struct Listing<'a> {
    http: &'a Http,
    question: &'a Question,
    point: &'a DistributionPoint,
    url: &'a str,
}

impl Listing<'_> {
    /// Fetches and reads the CRL. All tasks take turns so that only one CRL is in memory: they may be large.
    async fn find(&self, turn: &tokio::sync::Mutex<()>) -> Result<CertificateEntries, SourceError> {
        if self.point.crl_issuer.is_some() {
            return Err(CrlError::Scope("indirect CRLs are not supported").into());
        }
        let deadline = self.question.deadline;
        let waited = async { Ok(turn.lock().await) };
        let _turn = within(deadline.remaining(), deadline, waited).await?;
        let base = self.base(&self.fetch(self.url).await?)?;
        if base.freshest.is_none() && self.question.certificate.names_delta_crls() {
            return Err(CrlError::Delta("the certificate names one, but the CRL does not").into());
        }
        let Some(urls) = &base.freshest else { return Ok(base.listed) };
        let mut last = CrlError::Delta("the CRL gives no URL for it");
        for url in urls.iter().take(MAX_URLS) {
            match self.fetch(url).await.and_then(|bytes| Ok(self.delta(&bytes, &base)?)) {
                Ok(found) => return Ok(found),
                Err(why) => last = CrlError::DeltaSource { url: super::error::shown(url), source: Box::new(why) },
            }
        }
        Err(last.into())
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, SourceError> {
        let url = parse_url(url)?;
        tracing::info!(url = printable(url.as_str()), "fetching a CRL");
        within(THRESHOLD, self.question.deadline, self.http.get(&url, "application/pkix-crl", MAX_CRL)).await
    }

    fn base(&self, der: &[u8]) -> Result<Base, CrlError> {
        let Question { certificate, issuer, now, .. } = self.question;
        let list = VerifiedCrl::verify(der, issuer, *now)?;
        if list.extension(DELTA_CRL_INDICATOR).is_some() {
            return Err(CrlError::Delta("a complete CRL is required here"));
        }
        let scope = list.extension(ISSUING_DISTRIBUTION_POINT);
        let reasons = scope::check(scope, self.point, certificate)?;
        let entries = entries_of(list.entries, certificate.serial_number())?;
        let freshest = list.extension(FRESHEST_CRL).map(FreshestCrl::from_der).transpose()?;
        Ok(Base {
            listed: CertificateEntries { until: list.until, entries, reasons },
            number: number(&list, CRL_NUMBER)?,
            scope: scope.map(<[u8]>::to_vec),
            freshest: freshest.map(|points| points.0.iter().flat_map(urls).collect()),
        })
    }

    /// Combines a base CRL with its delta CRL: RFC 5280, 5.2.4 and 6.3.3 (c).
    fn delta(&self, der: &[u8], base: &Base) -> Result<CertificateEntries, CrlError> {
        let Question { certificate, issuer, now, .. } = self.question;
        let list = VerifiedCrl::verify(der, issuer, *now)?;
        let refused = |why| Err(CrlError::Delta(why));
        let Some(since) = number(&list, DELTA_CRL_INDICATOR)? else { return refused("it is not a delta CRL") };
        let (Some(number), Some(base_number)) = (number(&list, CRL_NUMBER)?, &base.number) else {
            return refused("it or its base CRL has no CRL number");
        };
        if is_greater(&since, base_number) {
            return refused("it requires a later base CRL");
        }
        if !is_greater(&number, base_number) {
            return refused("it is not later than its base CRL");
        }
        if list.extension(ISSUING_DISTRIBUTION_POINT) != base.scope.as_deref() {
            return refused("its scope differs from that of its base CRL");
        }
        let mut entries = base.listed.entries.clone();
        entries.extend(entries_of(list.entries, certificate.serial_number())?);
        Ok(CertificateEntries { until: base.listed.until.min(list.until), entries, reasons: base.listed.reasons })
    }
}

/// The entries of the certificate on a CRL at its first distribution point.
#[cfg(test)]
pub(super) fn entries_on(http: &Http, question: &Question, der: &[u8]) -> Result<Vec<Revocation>, CrlError> {
    let points = question.certificate.crl_distribution_points()?;
    let listing = Listing { http, question, point: &points[0], url: "" };
    listing.base(der).map(|base| base.listed.entries)
}

/// The part of a complete CRL that is needed while its delta CRL is fetched.
struct Base {
    listed: CertificateEntries,
    number: Option<Vec<u8>>,
    scope: Option<Vec<u8>>,
    freshest: Option<Vec<String>>,
}

/// The number in an extension, without leading zeros.
fn number(list: &VerifiedCrl<'_>, id: der::asn1::ObjectIdentifier) -> Result<Option<Vec<u8>>, CrlError> {
    let Some(value) = list.extension(id) else { return Ok(None) };
    Ok(Some(UintRef::from_der(value)?.as_bytes().to_vec()))
}

fn is_greater(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) > (b.len(), b)
}
