//! What other AWS services of this project share with AWS Signer: bounded HTTP, retries, credentials and endpoints for
//! the AWS SDK.

pub use crate::client::{endpoint_of_aws, loader, trust_bundle_of};
pub use crate::credentials::StandardSources;
pub use crate::http::{Answers, BoundedHttpClient};
pub use crate::retry::TooManyRequests;
