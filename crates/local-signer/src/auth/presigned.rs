//! Signature Version 4 in the query of a presigned URL.

use std::borrow::Cow;

use super::authorization::{Authorization, Parts};
use super::canonical::query_pairs;
use super::claim::Signature;
use super::error::incomplete;
use super::{ALGORITHM, AuthError};

/// The maximum validity of a presigned URL: seven days.
const MAX_EXPIRES: u32 = 604_800;

const REQUIRED: [&str; 5] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];

/// The parameters of a presigned URL that AWS defines.
#[derive(Debug, Default)]
pub struct Presigned {
    values: Vec<(String, String)>,
}

/// Whether the query claims to have a signature.
pub fn is_presigned(query: &str) -> bool {
    // Cheap for the queries of ordinary requests.
    query.contains("Amz")
        && query_pairs(query).any(|(name, _)| REQUIRED.iter().any(|required| name.as_ref() == required.as_bytes()))
}

impl Presigned {
    /// Takes the parameters from the query.
    pub fn parse(query: &str) -> Result<Self, AuthError> {
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, value) in query_pairs(query) {
            let Ok(name) = String::from_utf8(name.into_owned()) else { continue };
            if !name.starts_with("X-Amz-") {
                continue;
            }
            if values.iter().any(|(known, _)| *known == name) {
                return Err(incomplete(format!("The query-string parameter '{name}' must occur once.")));
            }
            let value = String::from_utf8(value.into_owned())
                .map_err(|_| incomplete(format!("The query-string parameter '{name}' must be UTF-8.")))?;
            values.push((name, value));
        }
        Ok(Self { values })
    }

    /// What the query claims.
    pub fn signature(self) -> Result<Signature<'static>, AuthError> {
        let missing: Vec<String> = REQUIRED
            .iter()
            .filter(|name| self.get(name).is_none_or(str::is_empty))
            .map(|name| format!("AWS query-string parameters must include '{name}'. "))
            .collect();
        if !missing.is_empty() {
            return Err(incomplete(format!("{}Re-examine the query-string parameters.", missing.concat())));
        }
        let value = |name| self.get(name).unwrap_or_default();
        let algorithm = value("X-Amz-Algorithm");
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now).")));
        }
        let parts = Parts {
            credential: Cow::Owned(value("X-Amz-Credential").to_owned()),
            signed_headers: Cow::Owned(value("X-Amz-SignedHeaders").to_owned()),
            signature: Cow::Owned(value("X-Amz-Signature").to_owned()),
        };
        Ok(Signature {
            authorization: Authorization::from_parts(parts)?,
            timestamp: Cow::Owned(value("X-Amz-Date").to_owned()),
            token: self.get("X-Amz-Security-Token").map(|token| Cow::Owned(token.to_owned())),
            expires: self.get("X-Amz-Expires").map(expires).transpose()?,
            date_header: None,
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn expires(text: &str) -> Result<u32, AuthError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        _ if !digits => Err(incomplete("X-Amz-Expires should be a number")),
        Ok(0) => Err(incomplete("X-Amz-Expires must be greater than 0")),
        Ok(seconds) if seconds <= MAX_EXPIRES => Ok(seconds),
        _ => Err(incomplete(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             {MAX_EXPIRES} seconds"
        ))),
    }
}
