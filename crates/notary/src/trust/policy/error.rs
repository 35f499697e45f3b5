//! Errors of trust policy documents. Each error names the place, the value found and the values allowed.

use super::document::MAX_DOCUMENT_SIZE;
use super::identities::IdentityError;
use super::scope::{RegistryScope, ScopeError};
use super::statement::MAX_IDENTITIES;
use super::store_name::StoreNameError;
use super::verification::{OverrideError, UnknownName};
use crate::json::JsonError;

/// An invalid trust policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document is larger than [`MAX_DOCUMENT_SIZE`].
    #[error("the trust policy document has {0} bytes, at most {MAX_DOCUMENT_SIZE} are allowed")]
    TooLarge(usize),
    /// The document is not JSON, or a member outside of a named statement is missing or has the wrong type.
    #[error("trust policy document: {0}")]
    Json(JsonError),
    /// The version of the document is not supported.
    #[error("trust policy document: unsupported version {0:?}; use \"1.0\"")]
    Version(String),
    /// The document has an unknown member.
    #[error("trust policy document: unknown member {path}; allowed are {allowed}")]
    Unknown {
        /// The path of the member.
        path: String,
        /// The allowed members.
        allowed: &'static str,
    },
    /// A statement is invalid.
    #[error("{}: {path}: {source}", place(statement))]
    Statement {
        /// The statement's name; empty if it has none.
        statement: String,
        /// The path of the value in the document.
        path: String,
        /// The error.
        source: StatementError,
    },
    /// A member of a statement is missing or has the wrong type.
    #[error("{}: {source}", place(statement))]
    Member {
        /// The statement's name; empty if it has none.
        statement: String,
        /// The error, with the path of the member.
        source: JsonError,
    },
    /// Two statements have the same name.
    #[error("{path}: duplicate trust policy statement name {name:?}; names must be unique")]
    SameName {
        /// The path of the second name.
        path: String,
        /// The name.
        name: String,
    },
    /// Two statements have the same scope.
    #[error(
        "trust policy statements {first:?} and {second:?} both have the registry scope {scope:?}; a scope may be in \
         one statement only"
    )]
    SameScope {
        /// The scope.
        scope: String,
        /// The name of the first statement, or its path if it has no name.
        first: String,
        /// The name of the second statement, or its path.
        second: String,
    },
    /// Two statements are global.
    #[error(
        "trust policy statements {first:?} and {second:?} both have globalPolicy true; only one statement may be global"
    )]
    SeveralGlobal {
        /// The name of the first statement.
        first: String,
        /// The name of the second statement.
        second: String,
    },
}

/// The statement, or the document if the statement has no name: the path of the member says which one it is.
fn place(statement: &str) -> String {
    match statement {
        "" => "trust policy document".to_owned(),
        name => format!("trust policy statement {name:?}"),
    }
}

/// An invalid value in a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The statement has an unknown member.
    #[error("unknown member; allowed are {0}")]
    Unknown(&'static str),
    /// A value is not one of the allowed names.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// An override that is not allowed.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// A trust store name is invalid.
    #[error(transparent)]
    TrustStore(#[from] StoreNameError),
    /// A trusted identity is invalid.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A registry scope is invalid.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The wildcard is combined with other values.
    #[error("the wildcard \"*\" must be the only value; remove it, or remove the other {0}")]
    WildcardNotAlone(&'static str),
    /// A scope is listed twice.
    #[error("the registry scope {0:?} is listed twice; remove one of them")]
    RepeatedScope(String),
    /// The statement has no registry scope.
    #[error("at least one is required: repositories such as registry.example.com/team/app, or \"*\" alone")]
    NoScope,
    /// The statement has no trust store.
    #[error("at least one is required, such as signingAuthority:aws-signer-ts, unless the level is skip")]
    NoTrustStore,
    /// The statement has no trusted identity.
    #[error(
        "at least one is required, such as \"x509.subject: C=US, ST=WA, O=example\" or the ARN of a signing profile, \
         unless the level is skip"
    )]
    NoTrustedIdentity,
    /// Trust stores or identities at the level `skip`.
    #[error(
        "the level skip verifies nothing and does not allow this member; remove it, or use strict, permissive or audit"
    )]
    TrustAtSkip,
    /// The level `skip` applies to all artifacts.
    #[error("the level skip must not apply to all artifacts; list the artifacts to skip, or use the level audit")]
    GlobalSkip,
    /// Two x509 identities could match the same certificate.
    #[error(
        "{first:?} and {second:?} overlap: one certificate could match both; give one attribute different values, or \
         remove one of them"
    )]
    Overlap {
        /// The first identity.
        first: String,
        /// The second identity.
        second: String,
    },
    /// More than [`MAX_IDENTITIES`] identities.
    #[error("{0} identities, at most {MAX_IDENTITIES} are allowed")]
    TooManyIdentities(usize),
}

/// The document has no policy for an artifact, so the artifact is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoApplicablePolicy {
    /// No statement has the repository in its scopes.
    #[error(
        "no trust policy applies to artifacts of {scope}: add \"{scope}\" to the registryScopes of a statement, or add \
         a statement with the scope \"*\""
    )]
    Scope {
        /// The artifact's repository.
        scope: RegistryScope,
    },
    /// A statement lists the repository with another spelling of its registry.
    #[error(
        "the trust policy spells the repository {scope} as {named}, and scopes must match exactly: refer to the \
         artifact as {named}"
    )]
    OtherSpelling {
        /// The artifact's repository.
        scope: RegistryScope,
        /// The scope in the trust policy.
        named: RegistryScope,
    },
    /// The artifact is in an OCI image layout, and no statement is global.
    #[error("no trust policy has the scope \"*\", which applies to artifacts in OCI image layouts")]
    NoGlobalScope,
    /// No scope can name the artifact's repository.
    #[error(transparent)]
    InvalidScope(#[from] ScopeError),
    /// No statement has the name.
    #[error("there is no blob trust policy with the name {name:?}; available are {known}")]
    Name {
        /// The requested name.
        name: String,
        /// The available names.
        known: String,
    },
    /// No name was given, and no statement is global.
    #[error(
        "no blob trust policy is global: select one by name ({known}), or set \"globalPolicy\": true in one of them"
    )]
    NoGlobal {
        /// The available names.
        known: String,
    },
}
