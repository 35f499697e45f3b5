//! Artifacts and their signatures in OCI registries and image layouts: reading, writing and copying them, with every
//! content checked against its digest and every answer bounded in size and time. Defined by the OCI distribution
//! specification and the OCI image specification, both version 1.1, and by `signature-specification.md` of the Notary
//! Project, "Storage".
//!
//! A [`Store`] is a registry's repository or a layout's folder; everything works the same with both:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use notary::manifest::{EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
//! use notary::reference::Target;
//! use registry::{Layout, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::Layout(Layout::create(folder.path())?);
//! let config = store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, EMPTY_CONFIG).await?;
//! let image = Manifest::image(config, Vec::new());
//! let tag = "v1".parse()?;
//! let pushed = store.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &image.to_bytes(), Some(&tag)).await?;
//!
//! let artifact = store.resolve(&Target::Tag(tag)).await?;
//! assert_eq!(artifact, pushed);
//! assert!(store.signatures(&artifact, 100).await?.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! In a registry, with the credentials of `docker login`:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use notary::reference::Reference;
//! use registry::{ClientOptions, Credentials, RegistryClient, Store};
//!
//! let image: Reference = "registry.example.com/app:v1".parse()?;
//! let client = RegistryClient::new(ClientOptions::default(), Credentials::from_environment());
//! let store = Store::Remote(client.repository(image.repository())?);
//! let artifact = store.resolve(image.target()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `store` | [`Store`]: manifests and blobs of a registry or a layout |
//! | `signatures` | [`Store::list_signatures`]: listing, reading and checking signature manifests |
//! | `tree`, `transfer` | Walking an index; copying blobs between stores |
//! | `client` | [`RegistryClient`]: requests, retries, redirects, tokens |
//! | `referrers` | The Referrers API and the referrers tag schema |
//! | `layout` | [`Layout`]: folders with `index.json` and blobs |
//! | `credentials`, `ecr` | [`Credentials`]: files of Docker and podman, helpers; tokens of Amazon ECR (feature `ecr`) |
//! | `error` | [`StoreError`], [`RegistryError`], [`LayoutError`]: each with `code()` and `advice()` |
//! | `content`, `blob_stream` | [`Content`]: bytes within the memory budget; blobs too large for memory |

mod blob_stream;
mod client;
mod content;
mod credentials;
#[cfg(feature = "ecr")]
mod ecr;
#[cfg(not(feature = "ecr"))]
#[path = "ecr/absent.rs"]
mod ecr;
mod ecr_host;
mod error;
mod layout;
mod referrers;
mod signatures;
mod store;
mod transfer;
mod tree;

pub use client::{
    ClientOptions, FetchedManifest, MAX_MANIFEST_SIZE, PlainHttp, Pushed, RegistryClient, RemoteRepository,
};
pub use content::Content;
pub use credentials::{Credential, CredentialError, Credentials, Secret, stored_credential};
pub use error::{ErrorAnswer, LayoutError, Limited, RegistryError, RequestLine, StoreError};
pub use http_client::{AuthoritiesError, ProxyError, TlsFailure};
pub use layout::{Layout, parse_layout_index};
pub use signatures::{Signatures, StoredSignature, check_signature_manifest};
pub use store::Store;
pub use transfer::Transferred;
pub use tree::Tree;
