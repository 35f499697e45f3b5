//! Authentication of requests by AWS Signature Version 4, in the `Authorization` header or in the query, verified as
//! AWS does it ("AWS Signature Version 4 for API requests" in the IAM User Guide). Pure: it takes a request, the known
//! principals and the real time, and returns the principal and the region.
//!
//! | Module | What it has |
//! |---|---|
//! | `authorization`, `presigned` | What a request claims, in its header or in its query |
//! | `claim` | [`Claim`]: the checks before the body is read, and the signature afterwards |
//! | `scope`, `date` | The checks of the credential's scope and of the date |
//! | `canonical` | The canonical request |
//! | `signing_keys` | [`SigningKeys`]: the keys that a secret leads to |
//! | `error` | [`AuthError`] |

mod authorization;
pub mod canonical;
mod claim;
mod date;
mod error;
mod presigned;
mod scope;
mod signing_keys;
#[cfg(test)]
mod tests;

pub use self::claim::{Authenticated, Claim, Head};
pub use self::error::AuthError;
pub use self::signing_keys::SigningKeys;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "signer";
const TERMINATOR: &str = "aws4_request";
