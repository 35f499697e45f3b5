//! Writes the trust policy if there is none, or checks that the existing one trusts the profiles.

use aws_names::ProfileArn;
use notary::trust::policy::{
    AppliesTo, NewStatement, RegistryScopes, TrustPolicy, TrustPolicyDocument, TrustStoreType, TrustedIdentity,
    VerificationLevel, statement_json,
};
use notation::{FolderError, NotationFolder};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::report::{Item, Outcome, Part};
use super::stores::Root;
use crate::commands::policy::{Severity, of_statement};

/// What the trust policy must trust.
pub(super) struct Wanted<'a> {
    pub profiles: &'a [ProfileArn],
    pub scopes: &'a RegistryScopes,
    /// The roots of these profiles.
    pub roots: &'a [Root],
}

impl Wanted<'_> {
    pub(super) fn ensure(&self, folder: &NotationFolder, force: bool, check: bool) -> Vec<Item> {
        let write = || {
            let written = folder.write_trust_policy(&self.statement("aws-signer").to_document());
            written.map_err(|why| item(Outcome::Problem, why)).map(|files| {
                let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                item(Outcome::Changed, format!("written with level strict; {}", self.trusted())).about(names.join(", "))
            })
        };
        match folder.trust_policy() {
            Err(why @ FolderError::NoPolicy(_)) if check => {
                vec![item(Outcome::Problem, why).with_remedy("Run `notation-aws-signer setup --profile ARN`.")]
            }
            Err(FolderError::NoPolicy(_)) if self.profiles.is_empty() => {
                let why = "there is no trust policy. Verification needs one: pass --profile ARN to write it";
                vec![item(Outcome::Note, why)]
            }
            Err(FolderError::NoPolicy(_)) => vec![write().unwrap_or_else(|problem| problem)],
            Err(_) if force && !check && !self.profiles.is_empty() => vec![write().unwrap_or_else(|problem| problem)],
            Err(why) => vec![item(Outcome::Problem, why)],
            Ok(document) => {
                let lacking = self.lacking(&document, folder);
                if !lacking.is_empty() {
                    return if force && !check { vec![write().unwrap_or_else(|problem| problem)] } else { lacking };
                }
                self.sound(&document, folder)
            }
        }
    }

    /// The items for a policy that trusts all the profiles.
    fn sound(&self, document: &TrustPolicyDocument, folder: &NotationFolder) -> Vec<Item> {
        let mut items = Vec::new();
        for (_, policy) in document.policies() {
            for (severity, why) in of_statement(policy, |name| folder.trust_store(name), OffsetDateTime::now_utc()) {
                let outcome = match severity {
                    Severity::Problem => Outcome::Problem,
                    Severity::Warning => Outcome::Note,
                };
                items.push(item(outcome, why).about(format!("statement {:?}", policy.name())));
            }
            let level = policy.signature_verification().level();
            if level != VerificationLevel::Strict {
                let why = format!("its level is {level}: signatures are accepted although some checks fail");
                items.push(item(Outcome::Note, why).about(format!("statement {:?}", policy.name())));
            }
        }
        if self.profiles.is_empty() {
            let statements = match document.policies().len() {
                1 => "1 statement".to_owned(),
                number => format!("{number} statements"),
            };
            items.insert(0, item(Outcome::Ok, format!("valid, with {statements}")));
        } else {
            items.insert(0, item(Outcome::Ok, self.trusted()));
        }
        items
    }

    /// A problem for each scope where the policy does not trust all profiles and their roots.
    fn lacking(&self, document: &TrustPolicyDocument, folder: &NotationFolder) -> Vec<Item> {
        if self.profiles.is_empty() {
            return Vec::new();
        }
        let global = || document.policies().iter().find(|(scopes, _)| *scopes == RegistryScopes::Global);
        let scopes: Vec<RegistryScopes> = match self.scopes {
            RegistryScopes::Global => vec![RegistryScopes::Global],
            RegistryScopes::Listed(all) => all.iter().map(|one| RegistryScopes::Listed(vec![one.clone()])).collect(),
        };
        let mut problems = Vec::new();
        for scope in scopes {
            let own = match &scope {
                RegistryScopes::Global => global(),
                RegistryScopes::Listed(one) => document.policies().iter().find(|(theirs, _)| match theirs {
                    RegistryScopes::Global => false,
                    RegistryScopes::Listed(theirs) => one.iter().all(|scope| theirs.contains(scope)),
                }),
            };
            let applicable = own.or_else(global);
            let lacks = applicable.map(|(_, policy)| self.lacks(policy, folder)).unwrap_or_default();
            if applicable.is_some() && lacks.is_empty() {
                continue;
            }
            let text = scope_text(&scope);
            problems.push(match own {
                Some((theirs, policy)) => {
                    let why = format!("the statement {:?} for {text} {}", policy.name(), lacks.join(", and "));
                    let remedy = "Change the statement to the following, or pass --force to replace the whole policy:";
                    item(Outcome::Problem, why).with_remedy(remedy).with_statement(self.merged(theirs, policy))
                }
                None => {
                    let why = format!("no statement trusts {} for {text}", self.profiles());
                    let taken = |name: &str| document.policies().iter().any(|(_, policy)| policy.name() == name);
                    let names = (1..).map(|n| if n == 1 { "aws-signer".into() } else { format!("aws-signer-{n}") });
                    let name: String = names.into_iter().find(|name: &String| !taken(name)).unwrap_or_default();
                    let statement =
                        NewStatement { applies_to: AppliesTo::Repositories(scope), ..self.statement(&name) };
                    let remedy = "Add this statement to trustPolicies, or pass --force to replace the whole policy:";
                    item(Outcome::Problem, why).with_remedy(remedy).with_statement(statement.to_json())
                }
            });
        }
        problems
    }

    /// What a statement lacks to trust the profiles and their roots, in words.
    fn lacks(&self, policy: &TrustPolicy, folder: &NotationFolder) -> Vec<String> {
        if policy.is_skip() {
            return vec!["skips verification (its level is skip)".to_owned()];
        }
        let mut lacks = Vec::new();
        let identities = policy.trusted_identities().listed();
        let names = |profile: &&ProfileArn| !identities.contains(&TrustedIdentity::SigningProfile((*profile).clone()));
        let missing: Vec<_> = self.profiles.iter().filter(names).map(ToString::to_string).collect();
        if !missing.is_empty() {
            lacks.push(format!("does not trust {}", missing.join(", ")));
        }
        let mut trusted = Vec::new();
        for name in policy.trust_stores_of(TrustStoreType::SigningAuthority) {
            match folder.trust_store(name) {
                Ok(store) => trusted.extend_from_slice(store.certificates()),
                Err(why) => lacks.push(format!("cannot be used: {why}")),
            }
        }
        for root in self.roots {
            if !root.certificates.iter().all(|certificate| trusted.contains(certificate)) {
                lacks.push(format!("has no trust store with the root certificate of {}", root.store));
            }
        }
        lacks
    }

    /// The statement with the missing parts added.
    fn merged(&self, scopes: &RegistryScopes, policy: &TrustPolicy) -> Value {
        let mut statement = statement_json(Some(scopes), policy);
        if policy.is_skip() {
            statement["signatureVerification"] = json!({ "level": "strict" });
        }
        let stores = self.roots.iter().map(|root| root.store.to_string());
        let profiles = self.profiles.iter().map(ToString::to_string);
        add(&mut statement["trustStores"], stores.collect());
        add(&mut statement["trustedIdentities"], profiles.collect());
        statement
    }

    fn statement(&self, name: &str) -> NewStatement {
        let mut trust_stores: Vec<_> = self.roots.iter().map(|root| root.store.clone()).collect();
        trust_stores.dedup();
        NewStatement {
            name: name.to_owned(),
            applies_to: AppliesTo::Repositories(self.scopes.clone()),
            level: VerificationLevel::Strict,
            trust_stores,
            profiles: self.profiles.to_vec(),
        }
    }

    /// The trusted profiles and their scope, in words.
    fn trusted(&self) -> String {
        format!("trusts {} for {}", self.profiles(), scope_text(self.scopes))
    }

    fn profiles(&self) -> String {
        self.profiles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
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

fn scope_text(scopes: &RegistryScopes) -> String {
    match scopes {
        RegistryScopes::Global => "all artifacts".to_owned(),
        RegistryScopes::Listed(scopes) => scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn item(outcome: Outcome, message: impl ToString) -> Item {
    Item::new(Part::TrustPolicy, outcome, message)
}
