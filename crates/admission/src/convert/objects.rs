//! TrustPolicy and TrustStore, read from manifests.

use std::collections::BTreeMap;

use notary::text::{printable, start_of};
use serde_json::Value;

use super::ConvertError;
use crate::manifests;

const API_VERSION: &str = "notation.nirmata.io/v1alpha1";
/// The largest number of objects.
const MAX_OBJECTS: usize = 10_000;

/// All objects of the files.
#[derive(Debug, Default)]
pub struct Objects {
    pub(super) policies: Vec<TrustPolicy>,
    /// By `TYPE:NAME`, as statements name them.
    pub(super) stores: BTreeMap<String, Store>,
}

/// A TrustPolicy.
#[derive(Debug)]
pub(super) struct TrustPolicy {
    pub(super) name: String,
    pub(super) statements: Vec<Statement>,
}

/// A statement of a TrustPolicy.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) level: String,
    pub(super) overrides: BTreeMap<String, String>,
    pub(super) stores: Vec<String>,
    pub(super) identities: Vec<String>,
}

/// A TrustStore.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) ca_bundle: String,
}

impl TrustPolicy {
    /// The trust stores of all statements.
    pub(super) fn stores(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| statement.stores.iter().map(String::as_str))
    }
}

impl Objects {
    /// Adds the objects of a file. Objects of other kinds are left out.
    ///
    /// # Errors
    /// Returns [`ConvertError`] if the file is malformed, or one of its objects is.
    pub fn add(&mut self, file: &[u8]) -> Result<(), ConvertError> {
        let documents = manifests::documents(file).map_err(|why| ConvertError::Syntax(why.to_string()))?;
        let mut left = MAX_OBJECTS;
        documents.iter().try_for_each(|document| self.add_object(document, &mut left))
    }

    fn add_object(&mut self, object: &Value, left: &mut usize) -> Result<(), ConvertError> {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| ConvertError::Syntax(format!("the file has more than {MAX_OBJECTS} objects")))?;
        if let Some(items) = object.get("items").and_then(Value::as_array) {
            return items.iter().try_for_each(|item| self.add_object(item, left));
        }
        if object["apiVersion"] != API_VERSION {
            return Ok(());
        }
        match object["kind"].as_str() {
            Some("TrustPolicy") => self.policies.push(policy(object)?),
            Some("TrustStore") => {
                let (name, store) = store(object)?;
                if self.stores.contains_key(&name) {
                    return Err(wrong("TrustStore", &name, "there are two with this name".to_owned()));
                }
                self.stores.insert(name, store);
            }
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn wrong(kind: &'static str, name: &str, problem: String) -> ConvertError {
    ConvertError::Object { kind, name: printable(&start_of(name)), problem: printable(&problem) }
}

fn metadata_name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn policy(object: &Value) -> Result<TrustPolicy, ConvertError> {
    let spec = &object["spec"];
    let name = spec["trustPolicyName"].as_str().unwrap_or_else(|| metadata_name(object)).to_owned();
    let wrong = |problem: String| wrong("TrustPolicy", &name, problem);
    only(spec, "spec", &["version", "trustPolicyName", "trustPolicies"]).map_err(wrong)?;
    if spec["version"] != "1.0" {
        return Err(wrong(format!("spec.version is {}; expected \"1.0\"", spec["version"])));
    }
    let statements = spec["trustPolicies"].as_array().filter(|list| !list.is_empty());
    let statements = statements.ok_or_else(|| wrong("spec.trustPolicies has no statement".to_owned()))?;
    let statements = statements.iter().enumerate().map(|(index, statement)| {
        let place = format!("spec.trustPolicies[{index}]");
        let verification = &statement["signatureVerification"];
        only(
            statement,
            &place,
            &["name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"],
        )?;
        only(verification, &format!("{place}.signatureVerification"), &["level", "override", "verifyTimestamp"])?;
        if !verification["verifyTimestamp"].is_null() {
            return Err(format!("{place}.signatureVerification.verifyTimestamp is not supported"));
        }
        Ok(Statement {
            name: text(statement, &place, "name")?,
            scopes: texts(statement, &place, "registryScopes")?,
            level: text(verification, &format!("{place}.signatureVerification"), "level")?,
            overrides: overrides(&verification["override"], &place)?,
            stores: texts(statement, &place, "trustStores")?,
            identities: texts(statement, &place, "trustedIdentities")?,
        })
    });
    let statements = statements.collect::<Result<_, String>>().map_err(wrong)?;
    Ok(TrustPolicy { name, statements })
}

/// A member that is not known could restrict what is trusted.
fn only(value: &Value, place: &str, names: &[&str]) -> Result<(), String> {
    let members = value.as_object().ok_or_else(|| format!("{place} is missing, or not an object"))?;
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("{place}.{} is not known", start_of(name))),
        None => Ok(()),
    }
}

fn text(value: &Value, place: &str, name: &str) -> Result<String, String> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| format!("{place}.{name} is missing, or not a text"))
}

fn texts(value: &Value, place: &str, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("{place}.{name} is not a list of texts");
    match &value[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

fn overrides(value: &Value, place: &str) -> Result<BTreeMap<String, String>, String> {
    let wrong = || format!("{place}.signatureVerification.override is not an object of texts");
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned())))
            .collect(),
        _ => Err(wrong()),
    }
}

/// The store with its name as statements have it.
fn store(object: &Value) -> Result<(String, Store), ConvertError> {
    let spec = &object["spec"];
    let name = spec["trustStoreName"].as_str().unwrap_or_else(|| metadata_name(object)).to_owned();
    let wrong = |problem: String| wrong("TrustStore", &name, problem);
    only(spec, "spec", &["trustStoreName", "type", "caBundle"]).map_err(wrong)?;
    let kind = text(spec, "spec", "type").map_err(wrong)?;
    let is_part = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !text.starts_with('.')
    };
    if !["ca", "signingAuthority", "tsa"].contains(&kind.as_str()) || !is_part(&name) {
        return Err(wrong(format!("{kind}:{name} is not a trust store")));
    }
    let ca_bundle = text(spec, "spec", "caBundle").map_err(wrong)?;
    Ok((format!("{kind}:{name}"), Store { ca_bundle }))
}
