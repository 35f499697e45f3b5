//! `policies`: who must have signed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use aws_names::SignerArn;
use notary::UserMetadata;
use yaml::{Error, Field};

use super::super::{Policy, Trust};
use super::server::number;
use super::values::{list, parsed, path, paths};
use super::{refuse_others, set};

/// The longest name of a policy or rule.
pub const MAX_NAME: usize = 63;
/// The most signatures of an artifact; as `notation` lists them.
const MOST_SIGNATURES: u32 = 1000;
const MEMBERS: [&str; 6] = ["trustPolicy", "trustedProfiles", "roots", "maxSignatures", "require", "userMetadata"];

pub fn policies(field: &Field<'_>, folder: &Path) -> Result<BTreeMap<String, Policy>, Error> {
    let mut policies = BTreeMap::new();
    for (key, value) in field.members()?.rest() {
        let is_end = |c: char| c.is_ascii_alphanumeric();
        let is_name = (1..=MAX_NAME).contains(&key.text.len())
            && key.text.starts_with(is_end)
            && key.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !is_name {
            return Err(key.error(
                "invalid name of a policy: use at most 63 letters, digits, dots, underscores and hyphens; start with a \
                 letter or digit",
            ));
        }
        policies.insert(key.text.to_owned(), policy(&value, folder)?);
    }
    if policies.is_empty() {
        return Err(field.error("no policy is defined: add one, such as `default: {trustedProfiles: [ARN]}`"));
    }
    Ok(policies)
}

fn policy(field: &Field<'_>, folder: &Path) -> Result<Policy, Error> {
    refuse_others(field, &MEMBERS)?;
    let mut members = field.members()?;
    let document = members.optional("trustPolicy");
    let profiles = members.optional("trustedProfiles");
    let roots = members.optional("roots").map(|field| paths(&field, folder)).transpose()?.unwrap_or_default();
    let trust = match (document, &profiles) {
        (Some(document), None) => Trust::Document { path: path(&document, folder)?, roots },
        (None, Some(profiles)) => Trust::Profiles { profiles: trusted_profiles(profiles)?, roots },
        (Some(document), Some(_)) => return Err(document.error("trustPolicy and trustedProfiles exclude each other")),
        (None, None) => {
            return Err(field.error(
                "the policy trusts no signer: set trustedProfiles to ARNs of signing profiles, or trustPolicy to the \
                 file of a trust policy",
            ));
        }
    };
    let mut policy = Policy::new(trust);
    set(&mut policy.max_signatures, &mut members, "maxSignatures", |field| number(field, 1, MOST_SIGNATURES))?;
    if let Some(field) = members.optional("require") {
        policy.require = required_signers(&field, &policy)?;
    }
    set(&mut policy.user_metadata, &mut members, "userMetadata", user_metadata)?;
    members.finish()?;
    Ok(policy)
}

fn trusted_profiles(field: &Field<'_>) -> Result<Vec<SignerArn>, Error> {
    list(field, "name at least one signing profile", |item| {
        let signer: SignerArn = parsed(item)?;
        let location = signer.location();
        let (written, actual) = (location.partition(), location.region().partition());
        if written.dns_suffix().is_some() && *written != actual {
            return Err(item.error(format!(
                "the region {} belongs to the partition {actual}, not to {written}: correct the ARN",
                location.region()
            )));
        }
        Ok(signer)
    })
}

/// More signers than can ever sign would refuse every image.
fn required_signers(field: &Field<'_>, policy: &Policy) -> Result<NonZeroUsize, Error> {
    let signers = number(field, 1, MOST_SIGNATURES)?;
    if signers > policy.max_signatures {
        return Err(field.error(format!(
            "{signers} signers are required, but only {} signatures are looked at: set maxSignatures to {signers} or more",
            policy.max_signatures
        )));
    }
    if let Trust::Profiles { profiles, .. } = &policy.trust
        && signers > profiles.len()
    {
        return Err(field.error(format!(
            "{signers} different signers are required, but trustedProfiles has {}: add profiles, or lower require",
            profiles.len()
        )));
    }
    Ok(NonZeroUsize::new(signers).unwrap_or(NonZeroUsize::MIN))
}

fn user_metadata(field: &Field<'_>) -> Result<BTreeMap<String, String>, Error> {
    let mut metadata = BTreeMap::new();
    for (key, value) in field.members()?.rest() {
        let pair = (key.text.to_owned(), value.text_or_empty()?.to_owned());
        UserMetadata::from_pairs([pair.clone()]).map_err(|why| key.error(notary::text::printable(&why.to_string())))?;
        metadata.insert(pair.0, pair.1);
    }
    if metadata.is_empty() {
        return Err(field.error("no key is named: add a key and its value, or leave userMetadata out"));
    }
    Ok(metadata)
}
