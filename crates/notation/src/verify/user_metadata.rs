//! The check that all required metadata was signed. It is not one of the specification's validations: the caller asks
//! for it.

use std::collections::BTreeMap;

use notary::UserMetadata;

use super::finding::Finding;
use super::reason::Reason;

pub(super) fn check(required: &UserMetadata, signed: &BTreeMap<String, String>) -> Result<Finding, Reason> {
    for (key, required) in required.as_map() {
        let signed = signed.get(key);
        if signed != Some(required) {
            return Err(Reason::Metadata { key: key.clone(), required: required.clone(), signed: signed.cloned() });
        }
    }
    Ok(Finding::MetadataSigned)
}
