//! The principals of IAM that make requests.

use std::borrow::Cow;

use aws_names::{AccountId, Partition};

/// What kind of principal makes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// The root user of an account, which may do everything in its account.
    Root,
    /// An IAM user.
    User,
    /// A session of an IAM role. The session has the name of the role.
    Role,
}

/// A principal: its account, its name, and the ARNs that AWS has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    kind: IdentityKind,
    account: AccountId,
    name: String,
    unique_id: String,
}

impl Identity {
    /// The root user of `account`.
    #[must_use]
    pub fn root(account: AccountId) -> Self {
        Self { kind: IdentityKind::Root, unique_id: account.as_str().to_owned(), account, name: "root".to_owned() }
    }

    /// The IAM user `name` with the unique id `unique_id`, such as `AIDACKCEVSQ6C2EXAMPLE`.
    #[must_use]
    pub fn user(name: &str, account: AccountId, unique_id: &str) -> Self {
        Self { kind: IdentityKind::User, account, name: name.to_owned(), unique_id: unique_id.to_owned() }
    }

    /// A session of the IAM role `name` with the unique id `unique_id`, such as `AROADBQP57FF2AEXAMPLE`.
    #[must_use]
    pub fn role(name: &str, account: AccountId, unique_id: &str) -> Self {
        Self { kind: IdentityKind::Role, account, name: name.to_owned(), unique_id: unique_id.to_owned() }
    }

    /// Returns what kind of principal it is.
    #[must_use]
    pub fn kind(&self) -> IdentityKind {
        self.kind
    }

    /// Returns its account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the name of the user or role, or `root`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the ARN of the caller: for a role that of its session, `arn:P:sts::ACCOUNT:assumed-role/NAME/NAME`.
    #[must_use]
    pub fn arn(&self, partition: &Partition) -> String {
        let Self { account, name, .. } = self;
        match self.kind {
            IdentityKind::Role => format!("arn:{partition}:sts::{account}:assumed-role/{name}/{name}"),
            _ => self.principal_arn(partition),
        }
    }

    /// Returns the ARN that policies name the principal by, `aws:PrincipalArn`: for a role that of the role,
    /// `arn:P:iam::ACCOUNT:role/NAME`.
    #[must_use]
    pub fn principal_arn(&self, partition: &Partition) -> String {
        let Self { account, name, .. } = self;
        match self.kind {
            IdentityKind::Root => format!("arn:{partition}:iam::{account}:root"),
            IdentityKind::User => format!("arn:{partition}:iam::{account}:user/{name}"),
            IdentityKind::Role => format!("arn:{partition}:iam::{account}:role/{name}"),
        }
    }

    /// Returns `aws:userid`: the account of root, the unique id of a user, or `ID:SESSION` for a role.
    #[must_use]
    pub fn user_id(&self) -> Cow<'_, str> {
        match self.kind {
            IdentityKind::Role => Cow::Owned(format!("{}:{}", self.unique_id, self.name)),
            _ => Cow::Borrowed(&self.unique_id),
        }
    }

    /// Returns `aws:username`, which only users have.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        (self.kind == IdentityKind::User).then_some(self.name.as_str())
    }

    /// Returns `aws:PrincipalType`.
    #[must_use]
    pub fn principal_type(&self) -> &'static str {
        match self.kind {
            IdentityKind::Root => "Account",
            IdentityKind::User => "User",
            IdentityKind::Role => "AssumedRole",
        }
    }

    /// Returns the type of a CloudTrail record's `userIdentity`.
    #[must_use]
    pub fn trail_type(&self) -> &'static str {
        match self.kind {
            IdentityKind::Root => "Root",
            IdentityKind::User => "IAMUser",
            IdentityKind::Role => "AssumedRole",
        }
    }

    /// Returns the unique id of a user or role without a session, or root's account.
    #[must_use]
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }
}
