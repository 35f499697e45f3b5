//! Condition keys ("AWS global condition context keys" in the IAM User Guide; "Condition keys for AWS Signer" in the
//! Service Authorization Reference). Their names ignore case.

use super::operator::Test;
use crate::iam::error::Problem;

/// A condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `signer:ProfileVersion`: the version of the signing profile.
    ProfileVersion,
    /// `aws:ResourceTag/KEY`: a tag of the signing profile.
    ResourceTag(String),
    /// `aws:RequestTag/KEY`: a tag that the request sets.
    RequestTag(String),
    /// `aws:TagKeys`: the keys of the tags that the request sets or removes.
    TagKeys,
    /// `aws:PrincipalArn`: the ARN of the user, role or root.
    PrincipalArn,
    /// `aws:PrincipalAccount`: the account of the principal.
    PrincipalAccount,
    /// `aws:PrincipalType`: `Account`, `User` or `AssumedRole`.
    PrincipalType,
    /// `aws:userid`: the unique id of the principal.
    UserId,
    /// `aws:username`: the name of a user.
    Username,
    /// `aws:SourceIp`: the address of the client.
    SourceIp,
    /// `aws:CurrentTime`: the time of the request.
    CurrentTime,
    /// `aws:EpochTime`: the time of the request in seconds since 1970.
    EpochTime,
    /// `aws:SecureTransport`: whether the request came over TLS.
    SecureTransport,
    /// `aws:RequestedRegion`: the region of the request.
    RequestedRegion,
    /// `aws:ResourceAccount`: the account of the resource.
    ResourceAccount,
    /// `aws:UserAgent`: the program that made the request, by its own account.
    UserAgent,
    /// `aws:MultiFactorAuthPresent`: whether temporary credentials were made with a second factor.
    MultiFactorAuthPresent,
    /// `aws:ViaAWSService`: whether a service made the request for the principal.
    ViaAwsService,
    /// `aws:PrincipalIsAWSService`: whether the principal is a service.
    PrincipalIsAwsService,
    /// A well-formed key that no request to AWS Signer has.
    Other,
}

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of the owner's choice, which may have any form.
    Free,
    /// Text.
    Text,
    /// An ARN.
    Arn,
    /// A time.
    Time,
    /// A time in seconds since 1970.
    Seconds,
    /// `true` or `false`.
    Boolean,
    /// An IP address.
    Address,
}

impl Key {
    /// Parses the name of a key.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        let malformed = || Problem::KeyForm(name.to_owned());
        let (prefix, rest) = name.split_once(':').ok_or_else(malformed)?;
        let in_prefix = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if prefix.is_empty() || rest.is_empty() || !prefix.bytes().all(in_prefix) {
            return Err(malformed());
        }
        let lower = name.to_ascii_lowercase();
        for (start, key) in
            [("aws:resourcetag/", Self::ResourceTag as fn(String) -> Self), ("aws:requesttag/", Self::RequestTag)]
        {
            if let Some(tag) = lower.strip_prefix(start) {
                let tag = name.get(start.len()..).filter(|_| !tag.is_empty()).ok_or_else(malformed)?;
                return Ok(key(tag.to_owned()));
            }
        }
        Ok(match lower.as_str() {
            "signer:profileversion" => Self::ProfileVersion,
            "aws:tagkeys" => Self::TagKeys,
            "aws:principalarn" => Self::PrincipalArn,
            "aws:principalaccount" => Self::PrincipalAccount,
            "aws:principaltype" => Self::PrincipalType,
            "aws:userid" => Self::UserId,
            "aws:username" => Self::Username,
            "aws:sourceip" => Self::SourceIp,
            "aws:currenttime" => Self::CurrentTime,
            "aws:epochtime" => Self::EpochTime,
            "aws:securetransport" => Self::SecureTransport,
            "aws:requestedregion" => Self::RequestedRegion,
            "aws:resourceaccount" => Self::ResourceAccount,
            "aws:useragent" => Self::UserAgent,
            "aws:multifactorauthpresent" => Self::MultiFactorAuthPresent,
            "aws:viaawsservice" => Self::ViaAwsService,
            "aws:principalisawsservice" => Self::PrincipalIsAwsService,
            _ => Self::Other,
        })
    }

    /// The type of its values.
    pub fn kind(&self) -> Kind {
        match self {
            Self::ResourceTag(_) | Self::RequestTag(_) => Kind::Free,
            Self::PrincipalArn => Kind::Arn,
            Self::SourceIp => Kind::Address,
            Self::CurrentTime => Kind::Time,
            Self::EpochTime => Kind::Seconds,
            Self::SecureTransport
            | Self::MultiFactorAuthPresent
            | Self::ViaAwsService
            | Self::PrincipalIsAwsService => Kind::Boolean,
            _ => Kind::Text,
        }
    }
}

impl Kind {
    /// Whether an operator compares such values.
    pub fn allows(self, test: Test) -> bool {
        match test {
            Test::Null => true,
            Test::TextEquals | Test::TextEqualsIgnoringCase | Test::TextLike => {
                matches!(self, Self::Free | Self::Text | Self::Arn)
            }
            Test::Arn => matches!(self, Self::Free | Self::Arn),
            Test::Number(_) => matches!(self, Self::Free | Self::Seconds),
            Test::Time(_) => matches!(self, Self::Free | Self::Time | Self::Seconds),
            Test::Boolean => matches!(self, Self::Free | Self::Boolean),
            Test::Address => matches!(self, Self::Free | Self::Address),
        }
    }

    /// The type in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free | Self::Text => "text",
            Self::Arn => "ARN",
            Self::Time | Self::Seconds => "time",
            Self::Boolean => "boolean",
            Self::Address => "IP address",
        }
    }

    /// The operators to use.
    pub fn operators(self) -> &'static str {
        match self {
            Self::Free | Self::Text => "a String operator, such as StringEquals",
            Self::Arn => "an ARN operator, such as ArnLike, or a String operator",
            Self::Time => "a Date operator, such as DateLessThan",
            Self::Seconds => "a Date or a Numeric operator, such as DateLessThan",
            Self::Boolean => "Bool",
            Self::Address => "IpAddress or NotIpAddress",
        }
    }
}
