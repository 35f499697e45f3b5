//! Whose pull secrets fetch the images of a Pod: its `imagePullSecrets` and its service account.
//!
//! The mutating form sees objects before the API server validates them. So names that no object of Kubernetes can have
//! are left out here: they must not become part of a URL.

use crate::decision::PullIdentity;
use crate::frontends::shape::{Malformed, Node};

/// The most pull secrets of a Pod. The rest is not used: each is a request to the API server.
const MAX_SECRETS: usize = 64;

/// The longest name of an object: a DNS subdomain (RFC 1123).
const MAX_NAME: usize = 253;

/// Reads the names in a Pod's spec.
///
/// # Errors
/// Returns an error if something has the wrong type.
pub(super) fn pull_identity(spec: &Node<'_, '_>) -> Result<PullIdentity, Malformed> {
    let mut secrets = Vec::new();
    if let Some(list) = spec.member("imagePullSecrets")? {
        for item in list.items()? {
            if let Some(name) = item.text_of("name")?
                && is_name(name)
                && secrets.len() < MAX_SECRETS
                && !secrets.iter().any(|secret| secret == name)
            {
                secrets.push(name.to_owned());
            }
        }
    }
    // `serviceAccount` is the older name of the member.
    let account = match spec.text_of("serviceAccountName")? {
        Some(name) => Some(name),
        None => spec.text_of("serviceAccount")?,
    };
    let service_account = Some(account.unwrap_or("default")).filter(|name| is_name(name)).map(str::to_owned);
    Ok(PullIdentity { secrets, service_account })
}

/// Adds the identity of a further Pod template of the same object. The Secrets of all are tried; of service accounts,
/// that of the first template counts.
pub(super) fn add_identity(identity: &mut Option<PullIdentity>, further: PullIdentity) {
    let Some(identity) = identity else {
        *identity = Some(further);
        return;
    };
    for secret in further.secrets {
        if identity.secrets.len() < MAX_SECRETS && !identity.secrets.contains(&secret) {
            identity.secrets.push(secret);
        }
    }
}

/// Whether an object of Kubernetes can have the name: a DNS subdomain.
pub(in crate::frontends) fn is_name(name: &str) -> bool {
    let is_alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= MAX_NAME
        && name.split('.').all(|label| {
            label.bytes().all(|b| is_alphanumeric(b) || b == b'-')
                && label.bytes().next().is_some_and(is_alphanumeric)
                && label.bytes().last().is_some_and(is_alphanumeric)
        })
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_dns_subdomains() {
        for name in ["a", "default", "a-b.c", "0", &"a".repeat(253)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "a..b", "../a", "a/b", "A", "a_b", "-a", "a-", "a.-b", "ä", "a?b", &"a".repeat(254)]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
