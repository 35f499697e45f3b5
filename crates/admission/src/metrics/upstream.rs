//! Requests to other services, and the quota of revocation checks.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::errors::{Errors, UpstreamErrors};
use super::series::{Histogram, Number, count_of, descriptor, gauge};

const UPSTREAMS: [&str; 6] = ["registry", "signer", "ecr", "kubernetes", "authority", "ecs"];
const OPERATIONS: [&str; 17] = [
    "resolve",
    "referrers",
    "fetch",
    "token",
    "revocation",
    "get_secret",
    "get_service_account",
    "list_namespaces",
    "watch_namespaces",
    "ocsp",
    "crl",
    "review_token",
    "list_pods",
    "write_report",
    "describe_service_revisions",
    "read_object",
    "write_object",
];

/// The statuses that are counted apart; others are counted by their class.
const STATUSES: [u16; 22] =
    [200, 201, 202, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 429, 500, 501, 502, 503, 504];
const CODES: [&str; 30] = [
    "200", "201", "202", "206", "301", "302", "304", "307", "308", "400", "401", "403", "404", "405", "409", "410",
    "429", "500", "501", "502", "503", "504", "1xx", "2xx", "3xx", "4xx", "5xx", "timeout", "failed", "other",
];

const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const WAITS: [f64; 8] = [0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0];

/// A service that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upstream {
    /// A registry, or its token service.
    Registry,
    /// AWS Signer.
    Signer,
    /// Amazon ECR, for tokens.
    Ecr,
    /// The Kubernetes API server.
    Kubernetes,
    /// A certificate authority: OCSP and CRLs.
    Authority,
    /// Amazon ECS.
    Ecs,
}

impl Upstream {
    /// The name in metrics and traces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        UPSTREAMS[self.place()]
    }

    /// The place in [`UPSTREAMS`].
    fn place(self) -> usize {
        match self {
            Self::Registry => 0,
            Self::Signer => 1,
            Self::Ecr => 2,
            Self::Kubernetes => 3,
            Self::Authority => 4,
            Self::Ecs => 5,
        }
    }
}

/// What a service is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The digest of a tag.
    Resolve,
    /// The signatures of an image.
    Referrers,
    /// A manifest or blob of a signature.
    Fetch,
    /// A token.
    Token,
    /// `GetRevocationStatus`.
    Revocation,
    /// A Secret.
    GetSecret,
    /// A ServiceAccount.
    GetServiceAccount,
    /// All namespaces.
    ListNamespaces,
    /// Changes of namespaces.
    WatchNamespaces,
    /// The status of a certificate.
    Ocsp,
    /// A list of revoked certificates.
    Crl,
    /// A TokenReview.
    ReviewToken,
    /// Pods.
    ListPods,
    /// A PolicyReport.
    WriteReport,
    /// `DescribeServiceRevisions`.
    DescribeServiceRevisions,
    /// An object that this service writes, such as the Secret of its certificate.
    ReadObject,
    /// A change of such an object.
    WriteObject,
}

impl Operation {
    /// The name in metrics and traces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        OPERATIONS[self.place()]
    }

    /// The place of an operation in [`OPERATIONS`].
    fn place(self) -> usize {
        match self {
            Self::Resolve => 0,
            Self::Referrers => 1,
            Self::Fetch => 2,
            Self::Token => 3,
            Self::Revocation => 4,
            Self::GetSecret => 5,
            Self::GetServiceAccount => 6,
            Self::ListNamespaces => 7,
            Self::WatchNamespaces => 8,
            Self::Ocsp => 9,
            Self::Crl => 10,
            Self::ReviewToken => 11,
            Self::ListPods => 12,
            Self::WriteReport => 13,
            Self::DescribeServiceRevisions => 14,
            Self::ReadObject => 15,
            Self::WriteObject => 16,
        }
    }
}

/// How a request ended: a status, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseCode(u8);

impl ResponseCode {
    /// No answer came in time.
    pub const TIMEOUT: Self = Self(27);
    /// The connection failed, or the answer was cut off.
    pub const FAILED: Self = Self(28);

    /// An HTTP status.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "there are 22 statuses")]
        match STATUSES.binary_search(&status) {
            Ok(place) => Self(place as u8),
            Err(_) => match status {
                100..=199 => Self(22),
                200..=299 => Self(23),
                300..=399 => Self(24),
                400..=499 => Self(25),
                500..=599 => Self(26),
                _ => Self(29),
            },
        }
    }

    /// Whether the request failed. That something does not exist is an answer.
    #[must_use]
    pub fn is_error(self) -> bool {
        match self {
            Self::TIMEOUT | Self::FAILED => true,
            _ => match self.as_str() {
                "404" | "410" => false,
                label => label.starts_with(['4', '5']) || label == CODES[CODES.len() - 1],
            },
        }
    }

    /// The label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        CODES[usize::from(self.0)]
    }
}

type Tokens = Box<dyn Fn() -> Option<f64> + Send + Sync>;
type Waiting = Box<dyn Fn() -> u64 + Send + Sync>;

/// The metrics of other services.
pub struct Upstreams {
    counts: [[[Number; CODES.len()]; OPERATIONS.len()]; UPSTREAMS.len()],
    durations: [Histogram; UPSTREAMS.len()],
    waits: Histogram,
    /// Locked at scrapes only.
    tokens: Mutex<Option<Tokens>>,
    waiting: Mutex<Option<Waiting>>,
    errors: Errors,
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams").field("durations", &self.durations).finish_non_exhaustive()
    }
}

impl Upstreams {
    pub fn new() -> Self {
        Self {
            counts: std::array::from_fn(|_| std::array::from_fn(|_| std::array::from_fn(|_| Number::default()))),
            durations: std::array::from_fn(|_| Histogram::new(&BOUNDS)),
            waits: Histogram::new(&WAITS),
            tokens: Mutex::new(None),
            waiting: Mutex::new(None),
            errors: Errors::new(),
        }
    }

    pub fn asked(&self, upstream: Upstream, operation: Operation, code: ResponseCode, took: Duration) {
        self.counts[upstream.place()][operation.place()][usize::from(code.0)].add(1);
        if code.is_error() {
            self.errors.add((upstream.as_str(), operation.as_str(), code.as_str()));
        }
        self.durations[upstream.place()].observe(took);
    }

    pub fn waited(&self, took: Duration) {
        self.waits.observe(took);
    }

    pub fn watch_quota(&self, tokens: Tokens) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
    }

    pub fn watch_waiting(&self, waiting: Waiting) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
    }

    pub fn tokens(&self) -> Option<f64> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|tokens| tokens())
    }

    pub fn waiting(&self) -> u64 {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |waiting| waiting())
    }

    pub fn errors(&self) -> Vec<UpstreamErrors> {
        self.errors.recent()
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests to other services, by operation and status (or timeout, failed).";
        let mut family = descriptor(encoder, "notation_admission_upstream_requests", help, MetricType::Counter)?;
        for (upstream, operations) in UPSTREAMS.iter().zip(&self.counts) {
            for (operation, codes) in OPERATIONS.iter().zip(operations) {
                // Most combinations never occur.
                for (code, value) in CODES.iter().zip(codes).filter(|(_, value)| value.get() > 0) {
                    let labels = [("upstream", *upstream), ("operation", *operation), ("code", *code)];
                    count_of(&mut family, &labels, value.get())?;
                }
            }
        }
        let name = "notation_admission_upstream_request_duration_seconds";
        let mut family = descriptor(encoder, name, "The time of a request to another service.", MetricType::Histogram)?;
        for (upstream, duration) in UPSTREAMS.iter().zip(&self.durations) {
            duration.encode(&mut family.encode_family(&[("upstream", *upstream)])?)?;
        }
        let help = "The time that calls waited for the quota of revocation checks.";
        let name = "notation_admission_quota_wait_seconds";
        self.waits.encode(&mut descriptor(encoder, name, help, MetricType::Histogram)?)?;
        let Some(tokens) = self.tokens() else { return Ok(()) };
        let help = "Calls of revocation checks that the quota permits now; the least of all accounts and regions.";
        gauge(encoder, "notation_admission_quota_tokens", help, tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_own_label_or_that_of_its_class() {
        for status in STATUSES {
            assert_eq!(ResponseCode::from_status(status).as_str(), status.to_string());
        }
        for (status, label) in [(100, "1xx"), (204, "2xx"), (399, "3xx"), (418, "4xx"), (599, "5xx"), (999, "other")] {
            assert_eq!(ResponseCode::from_status(status).as_str(), label);
        }
        assert_eq!(ResponseCode::TIMEOUT.as_str(), "timeout");
        assert_eq!(ResponseCode::FAILED.as_str(), "failed");
    }

    #[test]
    fn what_does_not_exist_is_no_error() {
        for (status, is_error) in
            [(200, false), (307, false), (404, false), (401, true), (429, true), (599, true), (999, true)]
        {
            assert_eq!(ResponseCode::from_status(status).is_error(), is_error, "{status}");
        }
        assert!(ResponseCode::TIMEOUT.is_error() && ResponseCode::FAILED.is_error());
    }
}
