//! PolicyReport objects in the cluster: written by server-side apply, so that a report of an earlier scan is replaced.

use std::collections::BTreeSet;

use bytes::Bytes;
use hyper::Method;
use limits::Deadline;
use serde::Deserialize;
use serde_json::Value;

use super::error::{ClusterError, Object};
use super::names::is_label;
use super::request::{Answer, Call};
use super::{Cluster, MAX_ANSWER};

/// The largest list of reports' metadata.
const MAX_LIST: usize = 16 * 1024 * 1024;
/// Only the metadata of the objects in a list.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// Which kind of reports a cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `wgpolicyk8s.io/v1alpha2`
    PolicyReport,
    /// `openreports.io/v1alpha1`
    OpenReports,
}

impl Dialect {
    /// The group and the version.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Self::PolicyReport => "wgpolicyk8s.io/v1alpha2",
            Self::OpenReports => "openreports.io/v1alpha1",
        }
    }

    /// The kind of objects.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::PolicyReport => "PolicyReport",
            Self::OpenReports => "Report",
        }
    }

    /// The resource in URLs.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::PolicyReport => "policyreports",
            Self::OpenReports => "reports",
        }
    }
}

#[derive(Deserialize)]
struct List {
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
}

impl Cluster {
    /// Which kind of reports the cluster has: OpenReports where they are installed.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer.
    pub async fn dialect(&self, deadline: Deadline) -> Result<Dialect, ClusterError> {
        let path = format!("/apis/{}", Dialect::OpenReports.api_version());
        match self.asked(&Object::reports(), Call::get(&path, "application/json"), deadline).await? {
            Answer::Found(_) | Answer::TooLarge => Ok(Dialect::OpenReports),
            Answer::NotFound | Answer::Forbidden(_) => Ok(Dialect::PolicyReport),
        }
    }

    /// Writes the report of a namespace.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer, or refuses it.
    pub async fn write_report(
        &self,
        dialect: Dialect,
        namespace: &str,
        name: &str,
        report: &Value,
        deadline: Deadline,
    ) -> Result<(), ClusterError> {
        let object = Object::report(namespace, name);
        if !is_label(namespace) {
            return Err(ClusterError::Malformed { object, why: "this is not the name of a namespace".to_owned() });
        }
        let (api, resource) = (dialect.api_version(), dialect.resource());
        let path = format!("/apis/{api}/namespaces/{namespace}/{resource}/{name}?fieldManager={name}&force=true");
        let body = Some((Bytes::from(report.to_string()), "application/apply-patch+yaml"));
        let call = Call { method: Method::PATCH, path: &path, accept: "application/json", body };
        match self.asked(&object, call, deadline).await? {
            Answer::Found(_) | Answer::TooLarge => Ok(()),
            Answer::NotFound => {
                let why = format!("the cluster has no {}: install its CustomResourceDefinition", dialect.kind());
                Err(ClusterError::Malformed { object, why })
            }
            Answer::Forbidden(message) => Err(ClusterError::Forbidden { object, message }),
        }
    }

    /// Removes the reports of this name in other namespaces than these: nothing runs there any more.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer, or refuses it.
    pub async fn remove_reports(
        &self,
        dialect: Dialect,
        name: &str,
        keep: &BTreeSet<String>,
        deadline: Deadline,
    ) -> Result<(), ClusterError> {
        let (api, resource) = (dialect.api_version(), dialect.resource());
        let object = Object::reports();
        let path = format!("/apis/{api}/{resource}?labelSelector=app.kubernetes.io%2Fmanaged-by%3D{name}");
        let call = Call::get(&path, METADATA);
        let list: List = match self.0.api.call_before(deadline, &object, call, MAX_LIST).await? {
            Answer::Found(text) => serde_json::from_slice(&text)
                .map_err(|_| ClusterError::Malformed { object, why: "it is no list".to_owned() })?,
            Answer::Forbidden(message) => return Err(ClusterError::Forbidden { object, message }),
            Answer::TooLarge => {
                let why = format!("it has more than {MAX_LIST} bytes, so reports of namespaces without Pods stay");
                return Err(ClusterError::Malformed { object, why });
            }
            Answer::NotFound => return Ok(()),
        };
        for Item { metadata } in list.items.unwrap_or_default() {
            if metadata.name != name || keep.contains(&metadata.namespace) || !is_label(&metadata.namespace) {
                continue;
            }
            let object = Object::report(&metadata.namespace, name);
            let path = format!("/apis/{api}/namespaces/{}/{resource}/{name}", metadata.namespace);
            let call = Call { method: Method::DELETE, ..Call::get(&path, "application/json") };
            if let Answer::Forbidden(message) = self.asked(&object, call, deadline).await? {
                return Err(ClusterError::Forbidden { object, message });
            }
        }
        Ok(())
    }

    async fn asked(&self, object: &Object, call: Call<'_>, deadline: Deadline) -> Result<Answer, ClusterError> {
        self.0.api.call_before(deadline, object, call, MAX_ANSWER).await
    }
}
