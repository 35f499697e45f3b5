//! Signed zip files for AWS Lambda: docs/code-signing.md.
//!
//! AWS does not publish the form of the signature that AWS Signer adds to a zip file, so this form is this project's.
//! Two entries follow the others: [`MANIFEST`] lists every entry, and [`SIGNATURE`] is a signature envelope of the
//! Notary Project whose payload names the manifest. So a signed zip file is verified by the same rules as a container
//! image or a blob: chain, trusted identity, expiry, revocation.

mod difference;
mod manifest;
mod sign;
mod signed;
#[cfg(test)]
mod tests;

pub use difference::{Change, Difference};
pub use manifest::{Listed, Manifest, ManifestError};
pub use sign::{SignError, sign};
pub use signed::{CompareError, SignedZip};

/// The folder of the signature in the archive.
const FOLDER: &str = "META-INF/notation-aws-signer/";
/// The entry with the list of all other entries.
pub const MANIFEST: &str = "META-INF/notation-aws-signer/manifest.json";
/// The entry with the signature envelope over the manifest.
pub const SIGNATURE: &str = "META-INF/notation-aws-signer/signature.jws";
/// The media type of the manifest, which is signed too: a signature over another type is not one over a zip file.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.notation-aws-signer.zip-manifest.v1+json";
