//! Writes the trust policy if there is none, or adds to the existing one what it lacks to trust the signers.

mod merge;

use std::path::Path;

use aws_names::SignerArn;
use notary::text::printable;
use notary::trust::policy::{
    AppliesTo, NewStatement, RegistryScopes, StatementDraft, TrustPolicyDocument, VerificationLevel, with_statements,
};
use notation::{FolderError, NotationFolder, WrittenFile};
use time::OffsetDateTime;

use self::merge::{Change, Obstacle};
use super::report::{Item, Part};
use super::stores::Root;
use crate::commands::policy::statement_findings;
use crate::output::exit::CliError;
use crate::output::unwritable;

/// What to do with a trust policy that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Say what it lacks.
    Check,
    /// Add what it lacks.
    Extend,
    /// Replace it.
    Replace,
}

/// What the trust policy must trust.
pub(super) struct Wanted<'a> {
    pub signers: &'a [SignerArn],
    pub scopes: &'a RegistryScopes,
    /// The roots of these signers.
    pub roots: &'a [Root],
}

impl Wanted<'_> {
    pub(super) fn ensure(&self, folder: &NotationFolder, existing: Existing) -> Vec<Item> {
        match folder.trust_policy() {
            Err(why @ FolderError::NoPolicy(_)) if existing == Existing::Check => {
                let error = CliError::from(why).with_advice("Run `notation-aws-signer setup --profile ARN`.");
                vec![failed(error)]
            }
            Err(FolderError::NoPolicy(_)) if self.signers.is_empty() => {
                let why = CliError::configuration("there is no trust policy, which verification needs");
                vec![Item::warning(Part::TrustPolicy, why.with_advice("Pass --profile ARN to write it."))]
            }
            Ok(document) if existing == Existing::Replace && self.document().as_ref() == Some(&document) => {
                self.sound(&document, folder)
            }
            Err(FolderError::NoPolicy(_)) => vec![self.write(folder)],
            _ if existing == Existing::Replace => vec![self.write(folder)],
            Err(why @ (FolderError::Policy { .. } | FolderError::TwoPolicies { .. })) => {
                let advice = "Correct it (`notation-aws-signer policy check` lists the problems), or replace it with \
                              --profile ARN --replace-policy.";
                vec![failed(CliError::from(why).with_advice(advice))]
            }
            Err(why) => vec![failed(unwritable::folder_error(why, folder.root()))],
            Ok(document) => self.extend(&document, folder, existing == Existing::Check),
        }
    }

    /// The items if AWS Signer does not have one of the signing profiles: a policy that does not trust it yet stays as
    /// it is.
    pub(super) fn withheld(&self, folder: &NotationFolder, existing: Existing) -> Vec<Item> {
        let now = self.ensure(folder, Existing::Check);
        if existing == Existing::Check || now.iter().all(Item::is_ok) {
            return now;
        }
        let why = "not changed, because AWS Signer does not have all of the signing profiles";
        vec![failed(CliError::configuration(why).with_advice("To trust them before they exist, pass --offline."))]
    }

    /// Writes a policy with one statement.
    fn write(&self, folder: &NotationFolder) -> Item {
        match folder.write_trust_policy(&self.statement("aws-signer").to_document()) {
            Err(why) => failed(unwritable::folder_error(why, folder.root())),
            Ok(files) => {
                let message = format!("written with level strict; {}{}", self.trusted(), kept(&files));
                Item::changed(Part::TrustPolicy, message).about(names(&files))
            }
        }
    }

    /// Adds to a policy what it lacks, or reports it. Changes nothing if something stands in the way.
    fn extend(&self, document: &TrustPolicyDocument, folder: &NotationFolder, check: bool) -> Vec<Item> {
        let (changes, obstacles) = merge::plan(self, document, folder);
        if changes.is_empty() && obstacles.is_empty() {
            return self.sound(document, folder);
        }
        let mut items: Vec<Item> = obstacles.into_iter().map(Obstacle::into_item).collect();
        if check || !items.is_empty() {
            items.extend(changes.into_iter().map(|change| change.into_item(check)));
            return items;
        }
        let added = changes.iter().filter(|change| change.is_new).map(|change| change.statement.clone());
        let extended = changes.iter().filter(|change| !change.is_new).map(|change| change.statement.clone());
        let written = folder.trust_policy_text().and_then(|text| {
            let wrong = |source| FolderError::Policy { path: folder.trust_policy_file(), source: Box::new(source) };
            folder.write_trust_policy(&with_statements(&text, added.collect(), extended.collect()).map_err(wrong)?)
        });
        match written.and_then(|files| Ok((folder.trust_policy()?, files))) {
            Err(why) => vec![failed(unwritable::folder_error(why, folder.root()))],
            Ok((now, files)) => {
                let changed = |change: &Change| {
                    Item::changed(Part::TrustPolicy, format!("{}{}", change.done, kept(&files))).about(names(&files))
                };
                items.extend(changes.iter().map(changed));
                items.extend(self.findings(&now, folder));
                items
            }
        }
    }

    /// The items for a policy that trusts all the signers.
    fn sound(&self, document: &TrustPolicyDocument, folder: &NotationFolder) -> Vec<Item> {
        let mut items = self.findings(document, folder);
        if self.signers.is_empty() {
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

    /// What is wrong with the statements, or worth knowing.
    fn findings(&self, document: &TrustPolicyDocument, folder: &NotationFolder) -> Vec<Item> {
        let mut items = Vec::new();
        for (scopes, policy) in document.policies() {
            let statement = StatementDraft::of(Some(scopes), policy);
            let about = |item: Item| item.about(format!("statement {:?}", policy.name()));
            for finding in statement_findings(&statement, |name| folder.trust_store(name), OffsetDateTime::now_utc()) {
                let item = if finding.is_problem { Item::failed } else { Item::warning };
                items.push(about(item(Part::TrustPolicy, finding.error)));
            }
            let level = policy.signature_verification().level();
            if level != VerificationLevel::Strict {
                let effect = match level {
                    VerificationLevel::Skip => "nothing is verified",
                    _ => "signatures are accepted although some checks fail",
                };
                let why = format!("its level is {level}: {effect}");
                items.push(about(Item::warning(Part::TrustPolicy, CliError::configuration(why))));
            }
        }
        items
    }

    fn statement(&self, name: &str) -> NewStatement {
        let mut trust_stores: Vec<_> = self.roots.iter().map(|root| root.store.clone()).collect();
        trust_stores.dedup();
        NewStatement {
            name: name.to_owned(),
            applies_to: AppliesTo::Repositories(self.scopes.clone()),
            level: VerificationLevel::Strict,
            trust_stores,
            profiles: self.signers.to_vec(),
        }
    }

    /// The trusted signers and their scope, in words.
    fn trusted(&self) -> String {
        format!("trusts {} for {}", self.signers(), scope_text(self.scopes))
    }

    fn signers(&self) -> String {
        self.signers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// What goes if the policy is replaced, one line each; empty if nothing does.
    pub(super) fn goes(&self, folder: &NotationFolder) -> Vec<String> {
        let files = folder.existing_trust_policy_files();
        let names: Vec<String> = files.iter().map(|file| shown(file)).collect();
        let names = names.join(", ");
        match folder.trust_policy() {
            Err(FolderError::NoPolicy(_)) => Vec::new(),
            Err(why) => {
                vec![format!("the trust policy {names}, which cannot be used: {}", CliError::from(why).message)]
            }
            Ok(document) if self.document().as_ref() == Some(&document) => Vec::new(),
            Ok(document) => statements(&document).into_iter().map(|line| format!("{names}: {line}")).collect(),
        }
    }

    /// The policy with one statement.
    fn document(&self) -> Option<TrustPolicyDocument> {
        TrustPolicyDocument::parse(self.statement("aws-signer").to_document().as_bytes()).ok()
    }
}

/// The statements of a policy, in one line each.
fn statements(document: &TrustPolicyDocument) -> Vec<String> {
    let line = |(scopes, policy): &(RegistryScopes, notary::trust::policy::TrustPolicy)| {
        let identities = policy.trusted_identities().to_strings();
        let trusted = if policy.is_skip() { "skips verification".to_owned() } else { identities.join(", ") };
        printable(&format!("the statement {:?} for {}: {trusted}", policy.name(), scope_text(scopes)))
    };
    document.policies().iter().map(line).collect()
}

fn scope_text(scopes: &RegistryScopes) -> String {
    match scopes {
        RegistryScopes::Global => "all artifacts".to_owned(),
        RegistryScopes::Listed(scopes) => scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn shown(file: &Path) -> String {
    printable(&file.display().to_string())
}

fn names(files: &[WrittenFile]) -> String {
    files.iter().map(|file| shown(&file.path)).collect::<Vec<_>>().join(", ")
}

/// Where the earlier content is.
fn kept(files: &[WrittenFile]) -> String {
    let backups: Vec<String> = files.iter().filter_map(|file| file.backup.as_deref()).map(shown).collect();
    if backups.is_empty() { String::new() } else { format!("; the earlier policy is in {}", backups.join(", ")) }
}

fn failed(why: CliError) -> Item {
    Item::failed(Part::TrustPolicy, why)
}
