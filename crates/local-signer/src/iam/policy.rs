//! Identity-based policies in IAM's JSON ("Grammar of the IAM JSON policy language" in the IAM User Guide).

use std::collections::BTreeSet;

use notary::json::{Limits, parse_object_within};

use super::error::{PolicyError, Problem};
use super::reader::Members;
use super::request::Context;
use super::statement::{Effect, Statement};

/// The maximum length of a policy in characters without white space: IAM's limit for a managed policy, the largest of a
/// user's. IAM's limit for all inline policies of a user together, 2,048, does not apply.
pub const MAX_POLICY_CHARACTERS: usize = 6_144;
/// The maximum size of a document in bytes, with its white space.
pub const MAX_POLICY_BYTES: usize = 64 * 1024;

/// A policy has far fewer values in so many characters.
const LIMITS: Limits = Limits { objects: 4_096, values: 4_096 };

/// An identity-based policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

impl Policy {
    /// Parses a policy document.
    ///
    /// # Errors
    /// Returns [`PolicyError`] with the path of the first part that is malformed, unknown, or not supported.
    pub fn parse(document: &[u8]) -> Result<Self, PolicyError> {
        let white = |b: &&u8| !matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        // Bytes of a character after its first do not count.
        let characters = document.iter().filter(white).filter(|b| **b & 0xc0 != 0x80).count();
        if document.len() > MAX_POLICY_BYTES || characters > MAX_POLICY_CHARACTERS {
            return Err(PolicyError::TooLong);
        }
        let object = parse_object_within(LIMITS, "the policy", document)?;
        let mut members = Members::document(object.into_members());
        let variables = match members.take("Version") {
            // Policies of the first version have no variables.
            None => false,
            Some(part) => match part.string()? {
                (_, version) if version == "2012-10-17" => true,
                (_, version) if version == "2008-10-17" => false,
                (path, _) => return Err(PolicyError::At { path, problem: Problem::Version }),
            },
        };
        if let Some(id) = members.take("Id") {
            id.string()?;
        }
        let parts = members.required("Statement")?.items()?;
        members.finish("Version, Id and Statement")?;
        let mut ids = BTreeSet::new();
        let mut statements = Vec::with_capacity(parts.len());
        for part in parts {
            statements.push(Statement::parse(part, variables, &mut ids)?);
        }
        Ok(Self { statements })
    }

    /// Whether a statement with the effect applies.
    pub fn has(&self, effect: Effect, context: &Context<'_>) -> bool {
        self.statements.iter().any(|statement| statement.effect() == effect && statement.applies(context))
    }
}
