//! What an existing trust policy lacks to trust the signers, and whether it can be added. Nothing is ever removed from
//! a statement, and no statement trusts more than was asked for.

use aws_names::SignerArn;
use notary::trust::policy::{
    AppliesTo, NewStatement, RegistryScopes, TrustPolicy, TrustPolicyDocument, TrustStoreType, TrustedIdentities,
    TrustedIdentity, statement_json,
};
use notary::x509::Certificate;
use notation::NotationFolder;
use notation::trust_store::{TrustStore, TrustStoreError};
use serde_json::{Value, json};

use super::{Wanted, failed, scope_text};
use crate::commands::setup::report::Item;
use crate::commands::setup::stores::Root;
use crate::output::exit::CliError;

/// A statement to add, or to write in place of the one with its name.
pub(super) struct Change {
    pub is_new: bool,
    /// Whole, as in the document.
    pub statement: Value,
    /// What is wrong without it.
    why: String,
    /// What was done, in words.
    pub done: String,
}

/// A statement that is in the way.
pub(super) struct Obstacle {
    why: String,
    /// The statement that would do.
    statement: Value,
}

impl Change {
    /// The report that the change was not made: because only checks were asked for, or because of an obstacle.
    pub(super) fn into_item(self, check: bool) -> Item {
        let advice = match (check, self.is_new) {
            (true, true) => "Run `notation-aws-signer setup` without --check to add the statement.",
            (true, false) => "Run `notation-aws-signer setup` without --check to change the statement.",
            (false, _) => "Nothing was added yet: correct the other statement first. Then run setup again.",
        };
        failed(CliError::configuration(self.why).with_advice(advice)).with_statement(self.statement)
    }
}

impl Obstacle {
    pub(super) fn into_item(self) -> Item {
        let advice = "Change the statement, or write a new policy with --replace-policy.";
        failed(CliError::configuration(self.why).with_advice(advice)).with_statement(self.statement)
    }
}

/// The changes with which the policy trusts the signers for every scope, and what is in the way of some.
pub(super) fn plan(
    wanted: &Wanted<'_>,
    document: &TrustPolicyDocument,
    folder: &NotationFolder,
) -> (Vec<Change>, Vec<Obstacle>) {
    let (mut changes, mut obstacles) = (Vec::new(), Vec::new());
    if wanted.signers.is_empty() {
        return (changes, obstacles);
    }
    let global = document.policies().iter().find(|(scopes, _)| *scopes == RegistryScopes::Global);
    let scopes: Vec<RegistryScopes> = match wanted.scopes {
        RegistryScopes::Global => vec![RegistryScopes::Global],
        RegistryScopes::Listed(all) => all.iter().map(|one| RegistryScopes::Listed(vec![one.clone()])).collect(),
    };
    let mut without_statement = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for scope in &scopes {
        let own = match scope {
            RegistryScopes::Global => global,
            RegistryScopes::Listed(one) => document.policies().iter().find(|(theirs, _)| match theirs {
                RegistryScopes::Global => false,
                RegistryScopes::Listed(theirs) => one.iter().all(|scope| theirs.contains(scope)),
            }),
        };
        if own.or(global).is_some_and(|(_, policy)| lacks(wanted, policy, folder).is_empty()) {
            continue;
        }
        match own {
            None => without_statement.push(scope),
            // One statement may have several of the scopes.
            Some((_, policy)) if seen.contains(&policy.name()) => {}
            Some((theirs, policy)) => {
                seen.push(policy.name());
                let lacks = lacks(wanted, policy, folder).join(", and ");
                let name = policy.name();
                let text = scope_text(theirs);
                let statement = merged(wanted, theirs, policy, folder);
                match in_the_way(wanted, theirs, policy, folder) {
                    Some(reason) => obstacles.push(Obstacle {
                        why: format!("the statement {name:?} for {text} {lacks}; it was not changed, because {reason}"),
                        statement,
                    }),
                    None => changes.push(Change {
                        is_new: false,
                        why: format!("the statement {name:?} for {text} {lacks}"),
                        done: format!("extended the statement {name:?}; it trusts {} for {text}", wanted.signers()),
                        statement,
                    }),
                }
            }
        }
    }
    if !without_statement.is_empty() {
        changes.push(addition(wanted, document, &without_statement, global.map(|(_, policy)| policy)));
    }
    (changes, obstacles)
}

/// The statement for scopes that have none of their own.
fn addition(
    wanted: &Wanted<'_>,
    document: &TrustPolicyDocument,
    scopes: &[&RegistryScopes],
    global: Option<&TrustPolicy>,
) -> Change {
    let repositories = scopes.iter().flat_map(|scope| match scope {
        RegistryScopes::Global => Vec::new(),
        RegistryScopes::Listed(listed) => listed.clone(),
    });
    let repositories: Vec<_> = repositories.collect();
    let scopes = if repositories.is_empty() { RegistryScopes::Global } else { RegistryScopes::Listed(repositories) };
    let text = scope_text(&scopes);
    let taken = |name: &str| document.policies().iter().any(|(_, policy)| policy.name() == name);
    let mut names = (1..).map(|n| if n == 1 { "aws-signer".to_owned() } else { format!("aws-signer-{n}") });
    let name = names.find(|name| !taken(name)).unwrap_or_default();
    let instead = match (&scopes, global) {
        (RegistryScopes::Listed(scopes), Some(global)) => {
            let them = if scopes.len() == 1 { "it" } else { "them" };
            format!("; until now {:?} applied to {them}", global.name())
        }
        (RegistryScopes::Global, _) if !document.policies().is_empty() => {
            let others: Vec<_> = document.policies().iter().map(|(_, policy)| format!("{:?}", policy.name())).collect();
            format!(", except those of the other statements ({})", others.join(", "))
        }
        _ => String::new(),
    };
    let statement = NewStatement { applies_to: AppliesTo::Repositories(scopes), ..wanted.statement(&name) };
    Change {
        is_new: true,
        why: format!("no statement trusts {} for {text}", wanted.signers()),
        done: format!("added the statement {name:?}, which trusts {} for {text}{instead}", wanted.signers()),
        statement: statement.to_json(),
    }
}

/// Why a statement must not be extended.
fn in_the_way(
    wanted: &Wanted<'_>,
    theirs: &RegistryScopes,
    policy: &TrustPolicy,
    folder: &NotationFolder,
) -> Option<String> {
    if policy.is_skip() {
        return Some("it would then verify signatures".to_owned());
    }
    if *policy.trusted_identities() == TrustedIdentities::Any {
        return Some("its \"*\" trusts every identity and must stand alone".to_owned());
    }
    if let (RegistryScopes::Listed(theirs), RegistryScopes::Listed(ours)) = (theirs, wanted.scopes) {
        let others: Vec<_> = theirs.iter().filter(|scope| !ours.contains(scope)).map(ToString::to_string).collect();
        if !others.is_empty() {
            return Some(format!("it also applies to {}", others.join(", ")));
        }
    }
    unreadable_store(policy, folder).map(|_| "one of its trust stores cannot be used".to_owned())
}

/// What a statement lacks to trust the signers and their roots, in words.
fn lacks(wanted: &Wanted<'_>, policy: &TrustPolicy, folder: &NotationFolder) -> Vec<String> {
    if policy.is_skip() {
        return vec!["skips verification (its level is skip)".to_owned()];
    }
    let mut lacks = Vec::new();
    let identities = policy.trusted_identities().listed();
    let missing: Vec<_> = wanted.signers.iter().filter(|signer| !trusts(identities, signer)).collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
        lacks.push(format!("does not trust {}", missing.join(", ")));
    }
    let unreadable = unreadable_store(policy, folder);
    lacks.extend(unreadable.map(|why| format!("cannot be used: {why}")));
    let missing = missing_roots(wanted, policy, folder);
    lacks.extend(missing.iter().map(|root| format!("has no trust store with the root certificate of {}", root.store)));
    lacks
}

fn unreadable_store(policy: &TrustPolicy, folder: &NotationFolder) -> Option<TrustStoreError> {
    let mut stores = policy.trust_stores_of(TrustStoreType::SigningAuthority);
    stores.find_map(|store| folder.trust_store(store).err())
}

/// The roots that are in none of the statement's trust stores.
fn missing_roots<'a>(wanted: &Wanted<'a>, policy: &TrustPolicy, folder: &NotationFolder) -> Vec<&'a Root> {
    let stores = policy.trust_stores_of(TrustStoreType::SigningAuthority);
    let stores: Vec<TrustStore> = stores.filter_map(|store| folder.trust_store(store).ok()).collect();
    let is_trusted = |root: &Certificate| stores.iter().any(|store| store.certificates().contains(root));
    wanted.roots.iter().filter(|root| !root.certificates.iter().all(is_trusted)).collect()
}

/// Whether one of the identities trusts all signatures of the signer.
fn trusts(identities: &[TrustedIdentity], signer: &SignerArn) -> bool {
    let trusts = |signer: SignerArn| identities.contains(&signer.into());
    trusts(signer.clone()) || trusts(signer.clone().without_version())
}

/// The statement with the missing parts added.
fn merged(wanted: &Wanted<'_>, scopes: &RegistryScopes, policy: &TrustPolicy, folder: &NotationFolder) -> Value {
    let mut statement = statement_json(Some(scopes), policy);
    if policy.is_skip() {
        statement["signatureVerification"] = json!({ "level": "strict" });
    }
    let missing = wanted.signers.iter().filter(|signer| !trusts(policy.trusted_identities().listed(), signer));
    let roots = missing_roots(wanted, policy, folder);
    add(&mut statement["trustStores"], roots.iter().map(|root| root.store.to_string()).collect());
    add(&mut statement["trustedIdentities"], missing.map(ToString::to_string).collect());
    statement
}

/// Adds missing texts to an array. Removes the wildcard, which must be the only entry.
fn add(array: &mut Value, texts: Vec<String>) {
    let mut all: Vec<Value> = array.as_array().cloned().unwrap_or_default();
    all.retain(|text| text != "*");
    for text in texts {
        if !all.iter().any(|known| *known == text) {
            all.push(text.into());
        }
    }
    *array = all.into();
}
