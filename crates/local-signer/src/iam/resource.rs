//! The elements `Resource` and `NotResource`.

use super::error::Problem;
use super::pattern::{Pattern, Special, Token, arn_parts, matches, matches_arn};
use super::request::Context;

/// `*`, or a pattern of ARNs. Matching is case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePattern {
    /// `*`: every resource, and what has no resource.
    Any,
    /// A pattern of ARNs.
    Arn(Pattern),
}

impl ResourcePattern {
    /// Parses `*` or a pattern of ARNs.
    pub fn parse(text: &str, variables: bool) -> Result<Self, Problem> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let malformed = || Problem::Resource(text.to_owned());
        let pattern = Pattern::parse(text, Special { wildcards: true, variables })?;
        if !text.starts_with("arn:") {
            return Err(malformed());
        }
        // IAM lets a `*` at the end of a part reach over colons, so an ARN with such a part may have fewer than six.
        match &pattern {
            Pattern::Fixed(tokens) if arn_parts(tokens) < 6 && !open_ended(tokens) => return Err(malformed()),
            // A value in another part would choose the service or the account.
            Pattern::Variable(pattern) if !pattern.is_fixed_before_part(6) => {
                return Err(Problem::VariablePlace(text.to_owned()));
            }
            _ => {}
        }
        Ok(Self::Arn(pattern))
    }

    /// Whether the resource of the request matches; `None` if a variable of the pattern has no value.
    pub fn matches(&self, context: &Context<'_>) -> Option<bool> {
        let (pattern, resource) = match (self, context.resource) {
            (Self::Any, _) => return Some(true),
            // What has no resource-level permissions matches `*` only.
            (Self::Arn(_), None) => return Some(false),
            (Self::Arn(pattern), Some(resource)) => (pattern, resource),
        };
        let tokens = pattern.resolved(context)?;
        Some(if arn_parts(&tokens) == 6 {
            matches_arn(&tokens, &resource.arn)
        } else {
            open_ended(&tokens) && matches(&tokens, &resource.arn)
        })
    }
}

/// Whether a part of the pattern ends in `*`.
fn open_ended(tokens: &[Token]) -> bool {
    tokens.split(|token| *token == Token::Char(':')).any(|part| part.last() == Some(&Token::Many))
}
