//! The check that all required metadata was signed. It is not one of the specification's validations: the caller asks
//! for it.

use std::collections::BTreeMap;

use notary::UserMetadata;
use notary::text::start_of;

use super::finding::Finding;
use super::reason::Reason;

pub(super) fn check(required: &UserMetadata, signed: &BTreeMap<String, String>) -> Result<Finding, Reason> {
    for (key, required) in required.as_map() {
        let signed = signed.get(key);
        if signed != Some(required) {
            let signed = signed.map(|signed| start_of(signed));
            return Err(Reason::Metadata { key: key.clone(), required: required.clone(), signed });
        }
    }
    Ok(Finding::MetadataSigned)
}
