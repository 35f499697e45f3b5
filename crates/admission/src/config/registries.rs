//! The section `registries`: what is special about some registries.

use std::path::PathBuf;

use aws_names::RoleArn;

use super::pattern::HostPattern;

/// What is special about the registries that match.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistrySettings {
    /// The pattern of hosts, with `*` and perhaps a port.
    pub host: HostPattern,
    /// `HOST[/PATH]` that is asked in its place.
    pub mirror: Option<String>,
    /// Whether it is asked without TLS.
    pub plain_http: bool,
    /// PEM files with certificates to trust in addition.
    pub ca: Option<PathBuf>,
    /// Its credentials.
    pub credentials: Option<RegistryCredentials>,
}

/// The credentials of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryCredentials {
    /// Amazon ECR's, by AWS credentials.
    Aws {
        /// The role that is assumed first.
        role: Option<RoleArn>,
    },
    /// A file in the form of Docker's `config.json`.
    File(PathBuf),
    /// A Secret of Kubernetes of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`.
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}
