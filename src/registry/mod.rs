//! Where artifacts and their signatures are kept: OCI image layouts. Defined by the OCI image specification, version 1.1.

mod credentials;
mod layout;
mod manifest;
mod reference;

pub use credentials::{Credential, CredentialError, Credentials, Secret};
pub use layout::{Layout, LayoutError};
pub use manifest::{
    EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError,
    SIGNATURE_MEDIA_TYPE, THUMBPRINT_ANNOTATION,
};
pub use reference::{Reference, ReferenceError, RepositoryName, Tag, Target};
