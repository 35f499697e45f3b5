//! A statement of a policy.

use std::collections::BTreeSet;

use super::access::ACCESS;
use super::action::ActionPattern;
use super::condition::Condition;
use super::error::{PolicyError, Problem};
use super::reader::{Members, Part};
use super::request::Context;
use super::resource::ResourcePattern;

/// The effect of a statement that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request is allowed, unless another statement denies it.
    Allow,
    /// The request is denied.
    Deny,
}

/// An element or its negation, such as `Action` and `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice<T> {
    patterns: Vec<T>,
    negated: bool,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    effect: Effect,
    actions: Choice<ActionPattern>,
    resources: Choice<ResourcePattern>,
    condition: Condition,
}

const ELEMENTS: &str = "Sid, Effect, Action or NotAction, Resource or NotResource, and Condition in a statement";

impl Statement {
    /// Parses a statement. `ids` has the ids of the statements before it.
    pub fn parse(part: Part, variables: bool, ids: &mut BTreeSet<String>) -> Result<Self, PolicyError> {
        let mut members = part.members()?;
        if let Some(sid) = members.take("Sid") {
            check_sid(sid, ids)?;
        }
        let effect = match members.required("Effect")?.string()? {
            (_, effect) if effect == "Allow" => Effect::Allow,
            (_, effect) if effect == "Deny" => Effect::Deny,
            (path, _) => return Err(PolicyError::At { path, problem: Problem::Effect }),
        };
        for name in ["Principal", "NotPrincipal"] {
            if members.take(name).is_some() {
                return Err(members.error(name, Problem::Principal(name)));
            }
        }
        let actions = choice(&mut members, "Action", "NotAction", ActionPattern::parse)?;
        let resource = |text: &str| ResourcePattern::parse(text, variables);
        let resources = choice(&mut members, "Resource", "NotResource", resource)?;
        // The condition keys of other services are known in statements about other services only.
        let for_signer = ACCESS.iter().any(|access| actions.chooses(|pattern| pattern.matches(access)));
        let condition = match members.take("Condition") {
            None => Condition::default(),
            Some(part) => Condition::parse(part, variables, for_signer)?,
        };
        members.finish(ELEMENTS)?;
        Ok(Self { effect, actions, resources, condition })
    }

    /// The effect.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether the statement is about the action and the resource of the request, and its condition is met.
    pub fn applies(&self, context: &Context<'_>) -> bool {
        self.actions.chooses(|pattern| pattern.matches(context.request.access))
            && self.chooses_resource(context)
            && self.condition.is_met(context)
    }

    /// A variable without a value makes a negation fail, and with it the statement.
    fn chooses_resource(&self, context: &Context<'_>) -> bool {
        let Choice { patterns, negated } = &self.resources;
        let matched: Vec<Option<bool>> = patterns.iter().map(|pattern| pattern.matches(context)).collect();
        match (matched.contains(&Some(true)), negated) {
            (true, negated) => !negated,
            (false, false) => false,
            (false, true) => !matched.contains(&None),
        }
    }
}

impl<T> Choice<T> {
    fn chooses(&self, matches: impl Fn(&T) -> bool) -> bool {
        self.patterns.iter().any(matches) != self.negated
    }
}

fn check_sid(part: Part, ids: &mut BTreeSet<String>) -> Result<(), PolicyError> {
    let (path, sid) = part.string()?;
    if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(PolicyError::At { path, problem: Problem::Sid });
    }
    // IAM takes an empty id for none.
    if sid.is_empty() || ids.insert(sid.clone()) {
        return Ok(());
    }
    Err(PolicyError::At { path, problem: Problem::SidTwice(sid) })
}

fn choice<T>(
    members: &mut Members,
    name: &'static str,
    negation: &'static str,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Choice<T>, PolicyError> {
    let (part, negated) = match (members.take(name), members.take(negation)) {
        (Some(part), None) => (part, false),
        (None, Some(part)) => (part, true),
        (Some(_), Some(_)) => return Err(members.error(negation, Problem::Both(name, negation))),
        (None, None) => {
            return Err(PolicyError::At { path: members.path.clone(), problem: Problem::Neither(name, negation) });
        }
    };
    let pattern = |item: Part| {
        let (path, text) = item.string()?;
        parse(&text).map_err(|problem| PolicyError::At { path, problem })
    };
    let patterns = part.items()?.into_iter().map(pattern).collect::<Result<_, _>>()?;
    Ok(Choice { patterns, negated })
}
