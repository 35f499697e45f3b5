//! What is wrong with a trust policy document. Each error says where, what stands there, and what may.

use super::document::MAX_DOCUMENT_SIZE;
use super::identities::IdentityError;
use super::scope::{RegistryScope, ScopeError};
use super::statement::MAX_IDENTITIES;
use super::store_name::StoreNameError;
use super::verification::{OverrideError, UnknownName};
use crate::json::JsonError;

/// Why a trust policy document is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document is larger than any policy is.
    #[error("the trust policy document has {0} bytes, at most {MAX_DOCUMENT_SIZE} are read")]
    TooLarge(usize),
    /// The document is not JSON, or a member outside of a named statement is absent or of the wrong type.
    #[error("trust policy document: {0}")]
    Json(JsonError),
    /// The document is of a version that is not known.
    #[error("trust policy document: version is {0:?}, it must be \"1.0\"")]
    Version(String),
    /// The document has a member that it must not have.
    #[error("trust policy document: {path} is not a member that is allowed here; allowed are {allowed}")]
    Unknown {
        /// Where the member is.
        path: String,
        /// The members that are allowed.
        allowed: &'static str,
    },
    /// A statement is not valid.
    #[error("trust policy statement {statement:?}: {path}: {source}")]
    Statement {
        /// The statement's name.
        statement: String,
        /// Where the value is in the document.
        path: String,
        /// What is wrong.
        source: StatementError,
    },
    /// A member of a statement is absent or of the wrong type.
    #[error("trust policy statement {statement:?}: {source}")]
    Member {
        /// The statement's name.
        statement: String,
        /// What is wrong, and where.
        source: JsonError,
    },
    /// Two statements have the same name.
    #[error("{path}: there is another trust policy statement with the name {name:?}; every name may stand once")]
    SameName {
        /// Where the second name is.
        path: String,
        /// The name.
        name: String,
    },
    /// Two statements are for the same repository, or both for all.
    #[error(
        "trust policy statements {first:?} and {second:?} both have the registry scope {scope:?}; every scope may stand in one \
         statement only"
    )]
    SameScope {
        /// The scope.
        scope: String,
        /// The name of the first statement.
        first: String,
        /// The name of the second statement.
        second: String,
    },
    /// Two statements are global.
    #[error("trust policy statements {first:?} and {second:?} both have globalPolicy true; only one may")]
    SeveralGlobal {
        /// The name of the first statement.
        first: String,
        /// The name of the second statement.
        second: String,
    },
}

/// Why a value in a statement is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The statement has a member that it must not have.
    #[error("this is not a member that is allowed here; allowed are {0}")]
    Unknown(&'static str),
    /// A text is none of the names that are allowed.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// An override that is not allowed.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// A trust store's name is not valid.
    #[error(transparent)]
    TrustStore(#[from] StoreNameError),
    /// A trusted identity is not valid.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A registry scope is not valid.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The wildcard stands beside other values.
    #[error("the wildcard \"*\" may only stand alone; remove it, or the {0} beside it")]
    WildcardNotAlone(&'static str),
    /// There is no registry scope.
    #[error("at least one is required: repositories such as registry.example.com/team/app, or \"*\" alone")]
    NoScope,
    /// There is no trust store.
    #[error("at least one is required, such as signingAuthority:aws-signer-ts; only the level skip needs none")]
    NoTrustStore,
    /// There is no trusted identity.
    #[error(
        "at least one is required, such as \"x509.subject: C=US, ST=WA, O=example\" or the ARN of a signing profile; only the \
         level skip needs none"
    )]
    NoTrustedIdentity,
    /// The level `skip` has something to trust.
    #[error("the level skip verifies nothing, so there must be none; remove it, or choose strict, permissive or audit")]
    TrustAtSkip,
    /// The level `skip` is for all artifacts.
    #[error("the level skip must not be for all artifacts; name those that are not verified, or choose audit")]
    GlobalSkip,
    /// Two x509 identities could match the same certificate.
    #[error(
        "{first:?} and {second:?} overlap: one certificate could match both; give them different values of one attribute, or \
         remove one of them"
    )]
    Overlap {
        /// The first identity.
        first: String,
        /// The second identity.
        second: String,
    },
    /// There are more identities than are compared.
    #[error("{0} are too many, at most {MAX_IDENTITIES} are read")]
    TooManyIdentities(usize),
}

/// The document has no policy for an artifact: the artifact is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoApplicablePolicy {
    /// No statement has the repository in its scopes.
    #[error(
        "no trust policy applies to artifacts of {scope}: add \"{scope}\" to the registryScopes of a statement, or a statement \
         with the scope \"*\""
    )]
    Scope {
        /// The artifact's repository.
        scope: RegistryScope,
    },
    /// A statement has the repository in its scopes, but under another spelling of its registry.
    #[error(
        "{scope} is the repository that a trust policy names as {named}, and scopes are compared as they are written: name the \
         artifact by {named}"
    )]
    OtherSpelling {
        /// The artifact's repository.
        scope: RegistryScope,
        /// The scope.
        named: RegistryScope,
    },
    /// No statement has the name.
    #[error("there is no blob trust policy with the name {name:?}; there are {known}")]
    Name {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// No name was given, and no statement is global.
    #[error("no blob trust policy is global: choose one by its name ({known}), or give one \"globalPolicy\": true")]
    NoGlobal {
        /// The names that there are.
        known: String,
    },
}
