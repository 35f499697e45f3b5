//! The section `server`: addresses, TLS, adapters and limits.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Addresses, TLS, adapters and limits of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Where the adapters listen. Default: `0.0.0.0:8443`.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz`, `/healthz`, `/metrics` and `/status` are served. Default: `0.0.0.0:8080`.
    pub operations: SocketAddr,
    /// A Unix socket for programs on the same machine.
    pub socket: Option<PathBuf>,
    /// How connections are encrypted.
    pub tls: Tls,
    /// The adapters that answer. Default: `kubernetes`.
    pub adapters: BTreeSet<Adapter>,
    /// The limits of requests.
    pub limits: Limits,
}

/// How connections to the adapters are encrypted.
#[derive(Debug, Clone, PartialEq)]
pub enum Tls {
    /// With a certificate of a certificate authority of its own, which is kept in the state folder. The default.
    Own,
    /// Not at all, on loopback addresses only: `server.plain`.
    Plain,
    /// With a certificate in files.
    Files(TlsFiles),
    /// With a certificate that is kept in a Secret and renewed there.
    SelfManaged(SelfManaged),
}

/// A certificate that is kept in a Secret and renewed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfManaged {
    /// The Secret's name. It is in the namespace of the Service.
    pub secret: String,
    /// The DNS name of the Service: `NAME.NAMESPACE.svc`.
    pub service: String,
    /// The webhook configurations whose `caBundle` is kept up to date.
    pub webhooks: Vec<String>,
}

impl SelfManaged {
    /// The name of the Service.
    #[must_use]
    pub fn service_name(&self) -> &str {
        self.service.split('.').next().unwrap_or_default()
    }

    /// The namespace of the Service, the Secret and the Lease.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.service.split('.').nth(1).unwrap_or_default()
    }
}

/// A certificate in PEM files, which are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by intermediate certificates.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authorities of client certificates; `None` asks for none.
    pub client_ca: Option<PathBuf>,
    /// The names that a client certificate may have (common name or DNS name); empty allows all.
    pub client_names: Vec<String>,
}

/// A translation of someone's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// Kubernetes: `/validate`, `/mutate`.
    Kubernetes,
    /// Gatekeeper's external data: `/gatekeeper/*`, `/ratify/gatekeeper/*`.
    Gatekeeper,
    /// Kyverno: `/checkimages`.
    Kyverno,
    /// Amazon ECS: `/ecs/lifecycle-hook`.
    Ecs,
    /// ImagePolicyWebhook: `/imagereview`.
    ImageReview,
    /// The plain form: `/v1/verify`.
    Verify,
}

/// The limits of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body in bytes. Default: 16 MiB.
    pub body: usize,
    /// The most images of a request. Default: 512.
    pub images: usize,
    /// How many requests are worked on at a time. Default: 256.
    pub concurrent: usize,
    /// How many more wait. Default: 1024.
    pub queue: usize,
    /// The longest time for an answer. Default: 8 s.
    pub deadline: Duration,
    /// How long before its caller gives up a request is answered. Default: 500 ms.
    pub margin: Duration,
    /// The age at which a connection is asked to end. Default: 5 min.
    pub connection_age: Duration,
}
