//! Writes the trust policy if there is none, or checks that the existing one trusts the profiles.

use aws_names::ProfileArn;
use notary::trust::policy::{
    AppliesTo, NewStatement, RegistryScopes, TrustPolicy, TrustPolicyDocument, TrustStoreType, TrustedIdentity,
    VerificationLevel, statement_json,
};
use notation::{FolderError, NotationFolder};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::report::{Item, Part};
use super::stores::Root;
use crate::commands::policy::statement_findings;
use crate::output::exit::CliError;

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
            match written {
                Err(why) => failed(why.into()),
                Ok(files) => {
                    let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                    let message = format!("written with level strict; {}", self.trusted());
                    Item::changed(Part::TrustPolicy, message).about(names.join(", "))
                }
            }
        };
        match folder.trust_policy() {
            Err(why @ FolderError::NoPolicy(_)) if check => {
                let error = CliError::from(why).with_advice("Run `notation-aws-signer setup --profile ARN`.");
                vec![failed(error)]
            }
            Err(FolderError::NoPolicy(_)) if self.profiles.is_empty() => {
                let why = CliError::configuration("there is no trust policy, which verification needs");
                vec![Item::warning(Part::TrustPolicy, why.with_advice("Pass --profile ARN to write it."))]
            }
            Err(FolderError::NoPolicy(_)) => vec![write()],
            Err(_) if force && !check && !self.profiles.is_empty() => vec![write()],
            Err(why) => vec![failed(why.into())],
            Ok(document) => {
                let lacking = self.lacking(&document, folder);
                if !lacking.is_empty() {
                    return if force && !check { vec![write()] } else { lacking };
                }
                self.sound(&document, folder)
            }
        }
    }

    /// The items for a policy that trusts all the profiles.
    fn sound(&self, document: &TrustPolicyDocument, folder: &NotationFolder) -> Vec<Item> {
        let mut items = Vec::new();
        for (_, policy) in document.policies() {
            let about = |item: Item| item.about(format!("statement {:?}", policy.name()));
            for finding in statement_findings(policy, |name| folder.trust_store(name), OffsetDateTime::now_utc()) {
                let item = if finding.is_problem { Item::failed } else { Item::warning };
                items.push(about(item(Part::TrustPolicy, finding.error)));
            }
            let level = policy.signature_verification().level();
            if level != VerificationLevel::Strict {
                let why = format!("its level is {level}: signatures are accepted although some checks fail");
                items.push(about(Item::warning(Part::TrustPolicy, CliError::configuration(why))));
            }
        }
        if self.profiles.is_empty() {
            let statements = match document.policies().len() {
                1 => "1 statement".to_owned(),
                number => format!("{number} statements"),
            };
            items.insert(0, Item::ok(Part::TrustPolicy, format!("valid, with {statements}")));
        } else {
            items.insert(0, Item::ok(Part::TrustPolicy, self.trusted()));
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
                    let advice = "Change the statement to the following, or pass --force to replace the whole policy:";
                    failed(CliError::configuration(why).with_advice(advice)).with_statement(self.merged(theirs, policy))
                }
                None => {
                    let why = format!("no statement trusts {} for {text}", self.profiles());
                    let taken = |name: &str| document.policies().iter().any(|(_, policy)| policy.name() == name);
                    let names = (1..).map(|n| if n == 1 { "aws-signer".into() } else { format!("aws-signer-{n}") });
                    let name: String = names.into_iter().find(|name: &String| !taken(name)).unwrap_or_default();
                    let statement =
                        NewStatement { applies_to: AppliesTo::Repositories(scope), ..self.statement(&name) };
                    let advice = "Add this statement to trustPolicies, or pass --force to replace the whole policy:";
                    failed(CliError::configuration(why).with_advice(advice)).with_statement(statement.to_json())
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

fn failed(why: CliError) -> Item {
    Item::failed(Part::TrustPolicy, why)
}
