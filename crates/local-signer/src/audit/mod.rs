//! The audit log: every authenticated call as a CloudTrail record ("CloudTrail record contents" in the CloudTrail User
//! Guide), one JSON object a line. An account gets its own record; if another account owns what a call is about, that
//! account gets one, too.

mod identity;
mod shorten;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_names::AccountId;
use notary::text::rfc3339;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

pub use self::identity::{Identity, Principal};
use self::shorten::{shortened, shortened_text};
use crate::lines::{Lines, Target};

/// The version of the format of the records.
const EVENT_VERSION: &str = "1.11";

/// Why the audit log cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("audit: {path}: {source}", path = path.display())]
pub struct AuditError {
    /// The file.
    pub path: PathBuf,
    /// The error of the system.
    pub source: std::io::Error,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The operation.
    pub operation: &'static str,
    /// Whether the operation changes nothing.
    pub is_read_only: bool,
    /// When the call was completed.
    pub at: OffsetDateTime,
    /// The region that the request was signed for.
    pub region: String,
    /// Who called.
    pub identity: Identity,
    /// Another account that owns what the call is about, such as the profile.
    pub owner: Option<AccountId>,
    /// The address of the client.
    pub source_ip: Option<IpAddr>,
    /// The client's header `User-Agent`.
    pub user_agent: Option<String>,
    /// The parameters of the request.
    pub request: Value,
    /// The result; `None` for an error and for operations without one.
    pub response: Option<Value>,
    /// The code and the message of the error that was answered.
    pub error: Option<(String, String)>,
    /// The id of the request, as answered in `x-amzn-RequestId`.
    pub request_id: String,
    /// How the request was encrypted.
    pub tls: Option<Tls>,
}

/// How a request was encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The protocol, such as `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The host that the client asked for.
    pub host: Option<String>,
}

impl Record {
    /// The records for each account: the caller's first.
    fn documents(&self) -> Vec<String> {
        let caller = &self.identity.account;
        let owner = self.owner.as_ref().filter(|owner| *owner != caller);
        // It connects the records of one call in different accounts.
        let shared = owner.map(|_| uuid::Uuid::new_v4().to_string());
        [Some(caller), owner].into_iter().flatten().map(|account| self.document(account, shared.as_deref())).collect()
    }

    fn document(&self, recipient: &AccountId, shared: Option<&str>) -> String {
        let mut record = Map::new();
        let mut add = |name: &str, value: Value| record.insert(name.to_owned(), value);
        add("eventVersion", json!(EVENT_VERSION));
        add("userIdentity", self.identity.document());
        add("eventTime", json!(rfc3339(self.at.replace_nanosecond(0).unwrap_or(self.at))));
        add("eventSource", json!("signer.amazonaws.com"));
        add("eventName", json!(self.operation));
        add("awsRegion", json!(self.region));
        add("sourceIPAddress", json!(self.source_ip.map(|ip| ip.to_canonical().to_string())));
        add("userAgent", json!(self.user_agent.as_deref().map(shortened_text)));
        if let Some((code, message)) = &self.error {
            add("errorCode", json!(code));
            add("errorMessage", json!(shortened_text(message)));
        }
        add("requestParameters", shortened(&self.request));
        // CloudTrail records results of changes only.
        let response = self.response.as_ref().filter(|_| !self.is_read_only);
        add("responseElements", response.map_or(Value::Null, shortened));
        add("requestID", json!(self.request_id));
        add("eventID", json!(uuid::Uuid::new_v4().to_string()));
        add("readOnly", json!(self.is_read_only));
        add("eventType", json!("AwsApiCall"));
        add("managementEvent", json!(true));
        add("recipientAccountId", json!(recipient.as_str()));
        if let Some(shared) = shared {
            add("sharedEventID", json!(shared));
        }
        add("eventCategory", json!("Management"));
        if let Some(Tls { version, cipher_suite, host }) = &self.tls {
            let host = host.as_deref().map(shortened_text);
            let details =
                json!({ "tlsVersion": version, "cipherSuite": cipher_suite, "clientProvidedHostHeader": host });
            add("tlsDetails", details);
        }
        Value::Object(record).to_string()
    }
}

/// The writer of the audit log.
#[derive(Debug)]
pub struct Audit {
    lines: Lines,
    is_active: AtomicBool,
}

impl Audit {
    /// Opens the file, so that a mistake shows before a configuration is in force.
    ///
    /// # Errors
    /// Returns [`AuditError`] if the file cannot be opened.
    pub fn open(file: Option<&Path>) -> Result<Option<Target>, AuditError> {
        let open = |path: &Path| Target::open(path).map_err(|source| AuditError { path: path.to_owned(), source });
        file.map(open).transpose()
    }

    /// Starts the writer, a thread.
    ///
    /// # Errors
    /// Returns [`AuditError`] if no thread can be started.
    pub fn start(target: Option<Target>) -> Result<Self, AuditError> {
        let is_active = AtomicBool::new(target.is_some());
        let lines =
            Lines::start("audit records", target).map_err(|source| AuditError { path: PathBuf::new(), source })?;
        Ok(Self { lines, is_active })
    }

    /// Whether records are written, so that none is made for nothing.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// Adds the records of a call to the queue of the writer. If the queue is full, it waits up to a second; then the
    /// record is lost, which the log and the metrics say.
    pub async fn record(&self, record: &Record) {
        if self.is_active() {
            for document in record.documents() {
                self.lines.push(document).await;
            }
        }
    }

    /// Continues in another file, after the records that were already given.
    pub fn set_target(&self, target: Option<Target>) {
        let is_active = target.is_some();
        self.lines.set_target(target);
        self.is_active.store(is_active, Ordering::Relaxed);
    }

    /// The writer, for its counters.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Writes the records that were given, for at most `longest`, and stops.
    pub async fn stop(&self, longest: Duration) {
        self.lines.stop(longest).await;
    }
}

#[cfg(test)]
mod tests;
