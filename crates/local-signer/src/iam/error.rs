//! Why a policy is refused.

use notary::json::JsonError;

use super::policy::MAX_POLICY_CHARACTERS;

/// Why a policy document is refused. Paths use JavaScript notation: `Statement[0].Action[1]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document is not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The document is longer than IAM allows for a managed policy.
    #[error("the policy is longer than {MAX_POLICY_CHARACTERS} characters without white space")]
    TooLong,
    /// A part of the document is invalid or unsupported.
    #[error("{path}: {problem}")]
    At {
        /// The path of the part.
        path: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a part of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The element is required.
    #[error("missing")]
    Missing,
    /// The element has no values.
    #[error("empty; give at least one value")]
    Empty,
    /// The value has another type.
    #[error("must be {0}")]
    Type(&'static str),
    /// The member is no element of an identity-based policy.
    #[error("unknown element; an identity-based policy has {0}")]
    UnknownElement(&'static str),
    /// Elements of resource-based policies.
    #[error("an identity-based policy has no {0}: it applies to the principal it is attached to")]
    Principal(&'static str),
    /// An element and its negation.
    #[error("a statement has either {0} or {1}, not both")]
    Both(&'static str, &'static str),
    /// Neither an element nor its negation.
    #[error("a statement needs {0} or {1}")]
    Neither(&'static str, &'static str),
    /// The version of the policy language is unknown.
    #[error("unknown version; use 2012-10-17 or 2008-10-17")]
    Version,
    /// The effect is neither `Allow` nor `Deny`.
    #[error("must be \"Allow\" or \"Deny\"")]
    Effect,
    /// The statement id has other characters.
    #[error("a statement id has letters and digits only")]
    Sid,
    /// Another statement has the same id.
    #[error("another statement has the id {0:?}")]
    SidTwice(String),
    /// The action is malformed.
    #[error("{0:?} is not an action; use SERVICE:OPERATION, such as signer:SignPayload, or *")]
    Action(String),
    /// AWS Signer has no operation that the action matches.
    #[error("AWS Signer has no operation that {0:?} matches{1}")]
    UnknownAction(String, String),
    /// An operation of AWS Signer with the prefix of another service.
    #[error("{0:?} names an operation of AWS Signer with another prefix; did you mean \"signer:{1}\"?")]
    OtherService(String, String),
    /// The resource is neither `*` nor an ARN.
    #[error("{0:?} is not a resource; use an ARN (arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE), or *")]
    Resource(String),
    /// The condition operator is unknown.
    #[error("unknown condition operator{0}")]
    Operator(String),
    /// A qualifier or suffix that the operator cannot have.
    #[error("{0}")]
    OperatorForm(&'static str),
    /// The condition key is malformed.
    #[error("{0:?} is not a condition key; use PREFIX:NAME, such as aws:SourceIp")]
    KeyForm(String),
    /// AWS Signer does not evaluate the condition key.
    #[error("the condition key {0:?} is not available for AWS Signer")]
    UnknownKey(String),
    /// The key has values of another type than the operator.
    #[error("the condition key {0} has {1} values; use {2}")]
    KeyType(String, &'static str, &'static str),
    /// The condition key has several values in a request.
    #[error("the condition key {0} has several values; use ForAllValues: or ForAnyValue: with the operator")]
    SetNeeded(String),
    /// The value does not fit the operator.
    #[error("{0:?} is not {1}")]
    Value(String, &'static str),
    /// A variable in an ARN before the resource.
    #[error(
        "{0:?} has a policy variable before the resource; variables may stand after the fifth colon of an ARN only"
    )]
    VariablePlace(String),
    /// The policy variable is malformed or unknown.
    #[error("{0:?} is not a policy variable that AWS Signer evaluates")]
    Variable(String),
}
