//! The `nextToken` of lists: where the next page starts, encrypted and bound to the list.
//!
//! A token is opaque to clients, and valid only for the operation, the caller's account and region, and the filters
//! that it was made for. `maxResults` may differ between pages.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_names::Location;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::model::Parameters;

/// The length of the key in bytes.
pub const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;
const MAX_TOKEN: usize = 4096;

/// Makes and reads page tokens.
#[derive(Debug)]
pub struct PageTokens(RandomizedNonceKey);

/// The list that a token belongs to.
#[derive(Debug, Clone)]
pub struct List(Vec<u8>);

impl List {
    /// The list of `operation` for a caller at `location` with these parameters.
    #[must_use]
    pub fn new(operation: &str, location: &Location, parameters: &Parameters) -> Self {
        let filters: serde_json::Map<_, _> = parameters
            .all()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "nextToken" | "maxResults"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self(format!("{operation}\n{location}\n{}", serde_json::Value::Object(filters)).into_bytes())
    }
}

/// The error for a token that is not valid for its list.
#[must_use]
pub fn invalid() -> ApiError {
    ApiError::Validation("The nextToken value is not valid.".to_owned())
}

impl PageTokens {
    /// Uses this key; `None` if its length is not [`KEY_LENGTH`].
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, key).ok().map(Self)
    }

    /// The token for the page of `list` that starts after `position`.
    ///
    /// # Errors
    /// Returns [`ApiError::Internal`] if the system has no random numbers.
    pub fn seal(&self, list: &List, position: &impl Serialize) -> Result<String, ApiError> {
        let internal = |why: &str| ApiError::Internal(format!("page token: {why}"));
        let mut sealed = serde_json::to_vec(position).map_err(|error| internal(&error.to_string()))?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(&list.0), &mut sealed);
        let nonce = nonce.map_err(|_| internal("encryption failed"))?;
        let mut token = nonce.as_ref().to_vec();
        token.extend(sealed);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// The position of a token.
    ///
    /// # Errors
    /// Returns [`ApiError::Validation`] if the token was not made for this list by this service.
    pub fn open<T: DeserializeOwned>(&self, list: &List, token: &str) -> Result<T, ApiError> {
        self.opened(list, token).ok_or_else(invalid)
    }

    fn opened<T: DeserializeOwned>(&self, list: &List, token: &str) -> Option<T> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let mut token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = token.split_at_mut_checked(NONCE_LENGTH)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let position = self.0.open_in_place(nonce, Aad::from(&list.0), sealed).ok()?;
        serde_json::from_slice(position).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;

    fn list(operation: &str, account: &str, filters: serde_json::Value) -> List {
        let location = Location::parse("aws", "us-west-2", account).unwrap();
        List::new(operation, &location, &Parameters::from(filters.as_object().unwrap().clone()))
    }

    #[test]
    fn a_token_is_valid_only_for_its_list() {
        let tokens = PageTokens::new(&[7; KEY_LENGTH]).unwrap();
        let this = list("ListSigningJobs", "111122223333", json!({"status": "Failed", "maxResults": 3}));
        let token = tokens.seal(&this, &42).unwrap();
        assert!(!token.contains("42"));
        let next =
            list("ListSigningJobs", "111122223333", json!({"status": "Failed", "maxResults": 5, "nextToken": token}));
        assert_eq!(tokens.open::<i64>(&next, &token).unwrap(), 42);

        for other in [
            list("ListSigningJobs", "111122223333", json!({})),
            list("ListSigningJobs", "111122223333", json!({"status": "Succeeded"})),
            list("ListSigningJobs", "111122224444", json!({"status": "Failed"})),
            list("ListSigningProfiles", "111122223333", json!({"status": "Failed"})),
        ] {
            assert!(matches!(tokens.open::<i64>(&other, &token), Err(ApiError::Validation(_))), "{other:?}");
        }
        let other_key = PageTokens::new(&[8; KEY_LENGTH]).unwrap();
        assert!(other_key.open::<i64>(&this, &token).is_err());
    }

    #[test]
    fn a_changed_token_is_refused() {
        let tokens = PageTokens::new(&[7; KEY_LENGTH]).unwrap();
        let list = list("ListSigningJobs", "111122223333", json!({}));
        let token = tokens.seal(&list, &42).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(tokens.open::<i64>(&list, &changed).is_err(), "{changed}");
        }
        for token in ["", "x", "AAAA", "\u{fc}", &"A".repeat(100_000)] {
            assert!(tokens.open::<i64>(&list, token).is_err());
        }
    }
}
