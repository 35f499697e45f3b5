//! The objects of `examples/admission/kubernetes`: what people apply by hand is what is installed.

use serde_json::Value;

use super::InstallError;
use crate::manifests::documents;

const DEPLOYMENT: &str = include_str!("../../../../examples/admission/kubernetes/deployment.yaml");
const SELF_MANAGED: &str = include_str!("../../../../examples/admission/kubernetes/self-managed.yaml");
const RBAC: &str = include_str!("../../../../examples/admission/kubernetes/rbac.yaml");
const SCAN: &str = include_str!("../../../../examples/admission/kubernetes/scan.yaml");
const WEBHOOKS: &str = include_str!("../../../../examples/admission/kubernetes/webhooks.yaml");

/// The namespace in the examples, unless another is named.
pub const NAMESPACE: &str = "notation-system";
/// The name of the webhook configurations in the examples, with which those of cluster roles begin.
pub(super) const CLUSTER_NAME: &str = "notation-admission";
/// The Secret of the certificate in the examples.
pub const SECRET: &str = "admission-tls";

/// The names that take their places.
#[derive(Debug)]
pub struct Names<'a> {
    pub namespace: &'a str,
    /// Of the webhook configurations, and the beginning of those of cluster roles.
    pub cluster: &'a str,
    pub secret: &'a str,
}

/// The objects of all files.
#[derive(Debug)]
pub struct Templates {
    pub deployment: Vec<Value>,
    pub self_managed: Vec<Value>,
    pub rbac: Vec<Value>,
    pub scan: Vec<Value>,
    pub webhooks: Vec<Value>,
}

impl Templates {
    pub fn new(names: &Names<'_>) -> Result<Self, InstallError> {
        let read = |text: &str| -> Result<Vec<Value>, InstallError> {
            let mut objects = documents(text.as_bytes()).map_err(|why| InstallError::Manifests(why.to_string()))?;
            objects.iter_mut().for_each(|object| rename(object, names));
            Ok(objects)
        };
        Ok(Self {
            deployment: read(DEPLOYMENT)?,
            self_managed: read(SELF_MANAGED)?,
            rbac: read(RBAC)?,
            scan: read(SCAN)?,
            webhooks: read(WEBHOOKS)?,
        })
    }
}

/// Puts the names in their places: whole texts, and parts of names that are made of them.
fn rename(value: &mut Value, names: &Names<'_>) {
    match value {
        Value::String(text) if text == SECRET => *text = names.secret.to_owned(),
        Value::String(text) if text == NAMESPACE => *text = names.namespace.to_owned(),
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(CLUSTER_NAME) {
                *text = format!("{}{rest}", names.cluster);
            } else if let Some((start, end)) = text.split_once(&format!(".{NAMESPACE}.svc")) {
                *text = format!("{start}.{}.svc{end}", names.namespace);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(members) => members.values_mut().for_each(|member| rename(member, names)),
        _ => {}
    }
}
