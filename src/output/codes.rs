//! The code and the advice of each error of the libraries: one function each.

use aws_names::ArnError;
use aws_signer::{CallError, CallErrorKind, ConfigError, Failure as CallFailure, SignError};
use files::FileError;
use notary::reference::ReferenceError;
use notary::trust::policy::{NoApplicablePolicy, PolicyError, ScopeError};
use notary::{Advice, ReasonCode};
use notation::attach::AttachError;
use notation::sign::{ReservedMetadata, SignArtifactError};
use notation::trust_store::StoreError as TrustStoreError;
use notation::{AddError, FolderError};
use registry::{Failure, LayoutError, RegistryError, StoreError};

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

configuration!(ArnError, ConfigError, NoApplicablePolicy, PolicyError, ReferenceError, ReservedMetadata, ScopeError);

impl From<StoreError> for CliError {
    fn from(why: StoreError) -> Self {
        Self::new(store_code(&why), &why).with_remedy(store_advice(&why))
    }
}

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

impl From<CallError> for CliError {
    fn from(why: CallError) -> Self {
        Self::new(call_code(&why), &why).with_remedy(call_advice(&why))
    }
}

impl From<SignError> for CliError {
    fn from(why: SignError) -> Self {
        match why {
            SignError::Call(why) => why.into(),
            // AWS Signer returned something else than a signature of what it was asked to sign.
            SignError::Envelope(_) => Self::new(ReasonCode::Protocol, why),
        }
    }
}

impl From<SignArtifactError> for CliError {
    fn from(why: SignArtifactError) -> Self {
        match why {
            SignArtifactError::Store(why) => why.into(),
            SignArtifactError::Sign(why) => why.into(),
            SignArtifactError::ReservedMetadata(why) => why.into(),
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
            FolderError::File(why) => Self::new(file_code(&why), format!("trust policy: {why}")),
            why => Self::configuration(why),
        }
    }
}

impl From<FileError> for CliError {
    fn from(why: FileError) -> Self {
        Self::new(file_code(&why), why)
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
            AddError::File(why) => file_code(why),
            AddError::Name(_) => ReasonCode::Configuration,
            _ => ReasonCode::Exists,
        };
        Self::new(code, why)
    }
}

fn file_code(_: &FileError) -> ReasonCode {
    ReasonCode::File
}

fn trust_store_code(why: &TrustStoreError) -> ReasonCode {
    match why {
        TrustStoreError::Io { .. } | TrustStoreError::File { .. } => ReasonCode::File,
        _ => ReasonCode::Configuration,
    }
}

fn store_code(why: &StoreError) -> ReasonCode {
    if why.is_too_many() {
        return ReasonCode::TooMany;
    }
    match why {
        StoreError::Layout(LayoutError::Io { .. }) => return ReasonCode::File,
        StoreError::Layout(LayoutError::NotALayout { .. } | LayoutError::Ambiguous { .. }) => {
            return ReasonCode::Configuration;
        }
        StoreError::Layout(LayoutError::Content { .. }) | StoreError::Registry(RegistryError::Content { .. }) => {
            return ReasonCode::WrongContent;
        }
        StoreError::Registry(RegistryError::Credentials(_) | RegistryError::Unauthorized { .. }) => {
            return ReasonCode::Credentials;
        }
        StoreError::Registry(RegistryError::Timeout { .. }) => return ReasonCode::Deadline,
        StoreError::Registry(RegistryError::IndexContention { .. }) => return ReasonCode::Contention,
        StoreError::Registry(RegistryError::Status { status, .. }) if status.as_u16() == 429 => {
            return ReasonCode::Throttled;
        }
        StoreError::Registry(RegistryError::Status { status, .. }) if status.as_u16() >= 500 => {
            return ReasonCode::Protocol;
        }
        _ => {}
    }
    match why.failure() {
        Failure::NotFound => ReasonCode::NotFound,
        Failure::Denied => ReasonCode::Denied,
        Failure::Configuration => ReasonCode::Configuration,
        Failure::Unavailable => ReasonCode::Unreachable,
        Failure::Wrong => ReasonCode::Protocol,
    }
}

fn store_advice(why: &StoreError) -> Option<Advice> {
    match why {
        StoreError::Registry(RegistryError::Unauthorized { .. }) => Some(Advice::LogInToRegistry),
        StoreError::Registry(RegistryError::NotTls { .. }) => Some(Advice::AllowPlainHttp),
        StoreError::Registry(RegistryError::TooMany { .. }) | StoreError::Layout(LayoutError::TooMany { .. }) => {
            Some(Advice::RaiseLimit { what: "signatures" })
        }
        _ => None,
    }
}

fn call_code(why: &CallError) -> ReasonCode {
    match (&why.failure, why.kind()) {
        (CallFailure::NoCredentials(_), _) => ReasonCode::Credentials,
        (CallFailure::Connection(_), _) => ReasonCode::Unreachable,
        (CallFailure::Refused { code: Some(code), .. }, _) if code.contains("NotFound") => ReasonCode::NotFound,
        (_, CallErrorKind::AccessDenied) => ReasonCode::Denied,
        (_, CallErrorKind::Invalid) => ReasonCode::Configuration,
        (_, CallErrorKind::Throttled) => ReasonCode::Throttled,
        (_, CallErrorKind::Timeout) => ReasonCode::Deadline,
        (_, CallErrorKind::Other) => ReasonCode::Protocol,
    }
}

fn call_advice(why: &CallError) -> Option<Advice> {
    let profile = why.profile.clone();
    let action = format!("signer:{}", why.operation);
    match (&why.failure, why.kind()) {
        (CallFailure::NoCredentials(_), _) => Some(Advice::ProvideAwsCredentials { action, profile }),
        (CallFailure::Configuration(_), _) => Some(Advice::CorrectSetting),
        (CallFailure::Refused { code, .. }, CallErrorKind::AccessDenied) => {
            Some(match code.as_deref().unwrap_or_default() {
                "ExpiredToken" | "ExpiredTokenException" => Advice::RenewAwsCredentials { profile },
                "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "UnauthorizedException" => {
                    Advice::GrantPermission { action }
                }
                _ => Advice::CheckAwsCredentials { profile },
            })
        }
        (_, CallErrorKind::Throttled) => Some(Advice::SendFewerRequests),
        (_, CallErrorKind::Timeout) => Some(Advice::AllowMoreTime),
        _ => None,
    }
}
