//! What other AWS services of this project share with AWS Signer: bounded HTTP, retries, credentials and endpoints for
//! the AWS SDK.

pub use crate::credentials::CredentialsSources;
pub use crate::http::{Answers, BoundedHttpClient};
pub use crate::journal::{Journal, Peer};
pub use crate::retry::TooManyRequests;
pub use crate::settings::{AwsSettings, ClientSettings};
pub use crate::watched::watched;
