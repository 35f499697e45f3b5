//! `rules`: what applies to which images.

use std::collections::BTreeMap;

use yaml::{Error, Field};

use super::super::words::ACTIONS;
use super::super::{Policy, Rule, RuleAction};
use super::names::{is_label_key, label_value};
use super::policies::MAX_NAME;
use super::refuse_others;
use super::values::{expected, list, parsed};

/// Each request may be compared with all of them.
const MOST_RULES: usize = 1000;
const MEMBERS: [&str; 6] = ["name", "namespaces", "namespaceSelector", "images", "policy", "action"];
/// How many policies an error names.
const MOST_NAMED: usize = 10;

pub fn rules(field: &Field<'_>, policies: &BTreeMap<String, Policy>) -> Result<Vec<Rule>, Error> {
    let items = field.items()?;
    if items.is_empty() {
        return Err(field.error(
            "the list is empty, and without a rule every image is refused: add one, such as `{policy: NAME, action: \
             enforce}`",
        ));
    }
    if items.len() > MOST_RULES {
        return Err(field.error(format!("at most {MOST_RULES} rules are allowed")));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(items.len());
    let mut names = std::collections::HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let (rule, named) = rule(item, index + 1, policies)?;
        if let Some(first) = names.insert(rule.name.clone(), index) {
            let problem = match &named {
                Some(_) => format!("rules[{first}] has this name, too: give each rule a name of its own"),
                None => {
                    format!("the rule has no name, and rules[{first}] has its default name {:?}: set name", rule.name)
                }
            };
            return Err(named.as_ref().unwrap_or(item).error(problem));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// The rule, and its name if it was written.
fn rule<'d>(
    field: &Field<'d>,
    number: usize,
    policies: &BTreeMap<String, Policy>,
) -> Result<(Rule, Option<Field<'d>>), Error> {
    refuse_others(field, &MEMBERS)?;
    let mut members = field.members()?;
    let named = members.optional("name");
    let name = named.as_ref().map(name).transpose()?.unwrap_or_else(|| format!("rule {number}"));
    let empty = "it would match nothing; leave the member out to match all";
    let namespaces = members.optional("namespaces");
    let namespaces = namespaces.map(|field| list(&field, empty, parsed)).transpose()?;
    let namespace_labels = members.optional("namespaceSelector").as_ref().map(selector).transpose()?;
    let images = members.optional("images").map(|field| list(&field, empty, parsed)).transpose()?;
    let policy = members.optional("policy");
    let action = members.required("action")?;
    members.finish()?;
    let action = match (action.one_of(&ACTIONS)?, policy) {
        (None, None) => RuleAction::Exempt,
        (None, Some(policy)) => {
            return Err(policy.error("an exempt image is not verified: remove policy, or set another action"));
        }
        (Some(_), None) => {
            return Err(field.error(format!("the member \"policy\" is missing; {}", known(policies))));
        }
        (Some(enforcement), Some(policy)) => RuleAction::Verify { policy: existing(&policy, policies)?, enforcement },
    };
    Ok((Rule { name, namespaces, namespace_labels, images, action }, named))
}

/// It is shown in messages and in metrics.
fn name(field: &Field<'_>) -> Result<String, Error> {
    let text = field.text()?;
    if text.chars().count() > MAX_NAME || notary::text::printable(text) != text {
        return Err(expected(field, "a name of at most 63 printable characters"));
    }
    Ok(text.to_owned())
}

fn existing(field: &Field<'_>, policies: &BTreeMap<String, Policy>) -> Result<String, Error> {
    let name = field.text()?;
    if policies.contains_key(name) {
        return Ok(name.to_owned());
    }
    Err(field.error(format!("the policy {:?} does not exist; {}", notary::text::start_of(name), known(policies))))
}

fn known(policies: &BTreeMap<String, Policy>) -> String {
    let names: Vec<&str> = policies.keys().take(MOST_NAMED).map(String::as_str).collect();
    let more = if policies.len() > MOST_NAMED { ", ..." } else { "" };
    format!("the policies here are {}{more}", names.join(", "))
}

/// A selector of namespaces as in Kubernetes; only labels with one value.
fn selector(field: &Field<'_>) -> Result<BTreeMap<String, String>, Error> {
    if let Some((key, _)) = field.members()?.rest().find(|(key, _)| key.text == "matchExpressions") {
        return Err(key.error("matchExpressions is not supported: use matchLabels, or several rules"));
    }
    let mut members = field.members()?;
    let selected = members.required("matchLabels")?;
    members.finish()?;
    let mut labels = BTreeMap::new();
    for (key, value) in selected.members()?.rest() {
        if !is_label_key(key.text) {
            return Err(key.error(
                "invalid key of a label: use letters, digits, hyphens, underscores and dots, at most 63, after an \
                 optional prefix such as example.com/",
            ));
        }
        labels.insert(key.text.to_owned(), label_value(&value)?);
    }
    if labels.is_empty() {
        return Err(selected.error("no label is named: leave namespaceSelector out to match all namespaces"));
    }
    Ok(labels)
}
