//! Which URLs can be an endpoint of AWS Signer.

use std::net::Ipv6Addr;

use super::ConfigError;

/// Whether a URL can be an endpoint. User names and passwords are rejected because they would end up in logs, queries
/// and fragments because they would be lost, and invalid ports because they would be replaced by port 80.
fn is_endpoint(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, _) = authority.split_once(':').unwrap_or((authority, ""));
            let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            (!name.is_empty() && name.bytes().all(letter), &authority[name.len()..])
        }
    };
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    host && port && !rest.contains(['@', '?', '#']) && rest.bytes().all(|b| b.is_ascii_graphic())
}

/// Checks the endpoint set by `key`.
///
/// # Errors
/// Returns [`ConfigError::Endpoint`] if it is invalid.
pub(crate) fn check_endpoint(key: &str, value: &str) -> Result<(), ConfigError> {
    if is_endpoint(value) {
        return Ok(());
    }
    // A user name usually comes with a password, which must not be shown.
    let value = if value.contains('@') { "(not shown: it has an @)" } else { value };
    Err(ConfigError::Endpoint { key: key.to_owned(), value: value.to_owned() })
}
