//! The code and the advice of each error of the libraries: one function each.

use aws_names::{ArnError, NameError};
use aws_signer::{CallError, ConfigError, SignError};
use files::FileError;
use notary::reference::ReferenceError;
use notary::trust::policy::{NoApplicablePolicy, PolicyError, ScopeError};
use notary::{ReasonCode, UserMetadataError};
use notation::attach::AttachError;
use notation::sign::SignArtifactError;
use notation::sign::own::OwnSignError;
use notation::timestamp::TimestampingError;
use notation::trust_store::TrustStoreError;
use notation::verify::NoVerdict;
use notation::{AddError, FolderError};
use registry::{LayoutError, RegistryError, StoreError};

use super::exit::CliError;

/// Errors that are always about the command line, a setting or a document.
macro_rules! configuration {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(why: $error) -> Self {
                Self::configuration(why)
            }
        })+
    };
}

configuration!(
    ArnError,
    ConfigError,
    NameError,
    NoApplicablePolicy,
    PolicyError,
    ReferenceError,
    ScopeError,
    UserMetadataError
);

/// Errors that have their code and their advice.
macro_rules! with_code {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(why: $error) -> Self {
                Self::new(why.code(), &why).with_library_advice(why.advice())
            }
        })+
    };
}

with_code!(CallError, NoVerdict, OwnSignError, SignError, StoreError, TimestampingError);

impl From<RegistryError> for CliError {
    fn from(why: RegistryError) -> Self {
        StoreError::from(why).into()
    }
}

impl From<LayoutError> for CliError {
    fn from(why: LayoutError) -> Self {
        StoreError::from(why).into()
    }
}

impl From<SignArtifactError> for CliError {
    fn from(why: SignArtifactError) -> Self {
        match why {
            SignArtifactError::Store(why) => why.into(),
            SignArtifactError::Sign(why) => why.into(),
        }
    }
}

impl From<AttachError> for CliError {
    fn from(why: AttachError) -> Self {
        match why {
            AttachError::Store(why) => why.into(),
            AttachError::ReservedAnnotation(_) => Self::configuration(why),
            AttachError::OtherArtifact { .. } | AttachError::Payload(_) => Self::new(ReasonCode::OtherArtifact, why),
            AttachError::Envelope(_) | AttachError::Verify(_) => Self::new(ReasonCode::Integrity, why),
        }
    }
}

impl From<FolderError> for CliError {
    fn from(why: FolderError) -> Self {
        match why {
            FolderError::File(why) => Self::file(format!("trust policy: {why}")),
            why => Self::configuration(why),
        }
    }
}

impl From<FileError> for CliError {
    fn from(why: FileError) -> Self {
        Self::file(why)
    }
}

impl From<TrustStoreError> for CliError {
    fn from(why: TrustStoreError) -> Self {
        Self::new(trust_store_code(&why), why)
    }
}

impl From<AddError> for CliError {
    fn from(why: AddError) -> Self {
        let code = match &why {
            AddError::Store(why) => trust_store_code(why),
            AddError::File(_) => ReasonCode::File,
            AddError::Name(_) => ReasonCode::Configuration,
            _ => ReasonCode::Exists,
        };
        Self::new(code, why)
    }
}

fn trust_store_code(why: &TrustStoreError) -> ReasonCode {
    match why {
        TrustStoreError::Unusable(_) | TrustStoreError::File { .. } => ReasonCode::File,
        _ => ReasonCode::Configuration,
    }
}
