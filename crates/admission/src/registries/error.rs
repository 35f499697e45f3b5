//! Why entries of `registries` cannot be put in force, or a mirror cannot be asked.

use notary::reference::ReferenceError;
use registry::{CredentialError, RegistryError};

/// Why registries cannot be asked as the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// The mirror is not a host with an optional path.
    #[error(
        "registries[{number}].mirror is {given:?}, which is not HOST[/PATH], such as mirror.example.com/hub: write no \
         scheme and no slash at the end"
    )]
    Mirror {
        /// The place of the entry, from 0.
        number: usize,
        /// The text.
        given: String,
    },
    /// The file with credentials cannot be used.
    #[error("registries[{number}].credentials.file: {why}")]
    Credentials {
        /// The place of the entry, from 0.
        number: usize,
        /// What is wrong.
        #[source]
        why: CredentialError,
    },
    /// The file with certificates of an entry cannot be used. The error names it.
    #[error("registries[{number}].ca: {why}")]
    Certificates {
        /// The place of the entry, from 0.
        number: usize,
        /// What is wrong.
        #[source]
        why: Box<RegistryError>,
    },
    /// The mirror cannot have a repository with this name.
    #[error("{repository} cannot be asked for at its mirror {mirror}: {why}")]
    MirroredName {
        /// The repository.
        repository: String,
        /// The mirror.
        mirror: String,
        /// What is wrong with the name there.
        #[source]
        why: ReferenceError,
    },
}
