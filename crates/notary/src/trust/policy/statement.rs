//! A statement of a trust policy document: the part that OCI and blob policies share.

use super::error::{PolicyError, StatementError};
use super::identities::{TrustedIdentities, TrustedIdentity};
use super::scope::{RegistryScope, RegistryScopes};
use super::store_name::{TrustStoreName, TrustStoreType};
use super::verification::{SignatureVerification, VerificationLevel};
use crate::json::{JsonError, Object};
use crate::trust::DistinguishedName;

/// The maximum number of trusted identities in a statement. They are compared pairwise.
pub const MAX_IDENTITIES: usize = 1000;

const VERIFICATION_MEMBERS: &str = "level, override and verifyTimestamp";

/// A trust policy: verification level, trust stores and trusted identities.
///
/// Trust stores and identities are empty if and only if the level is `skip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    name: String,
    signature_verification: SignatureVerification,
    trust_stores: Vec<TrustStoreName>,
    trusted_identities: TrustedIdentities,
}

impl TrustPolicy {
    /// Returns the name of the policy, unique in its document.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the signature verification settings.
    #[must_use]
    pub fn signature_verification(&self) -> &SignatureVerification {
        &self.signature_verification
    }

    /// Whether the level is `skip`, which verifies nothing.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        self.signature_verification.level() == VerificationLevel::Skip
    }

    /// Returns the trust stores without duplicates.
    #[must_use]
    pub fn trust_stores(&self) -> &[TrustStoreName] {
        &self.trust_stores
    }

    /// Returns the trust stores of one type.
    pub fn trust_stores_of(&self, kind: TrustStoreType) -> impl Iterator<Item = &TrustStoreName> {
        self.trust_stores.iter().filter(move |store| store.store_type() == kind)
    }

    /// Returns the trusted identities.
    #[must_use]
    pub fn trusted_identities(&self) -> &TrustedIdentities {
        &self.trusted_identities
    }
}

/// Returns the paths of the members that are not in `allowed`, a list like "level, override and verifyTimestamp".
pub(super) fn unknown_members(object: &Object, allowed: &str) -> Vec<String> {
    let is_allowed = |name: &str| allowed.split(", ").flat_map(|names| names.split(" and ")).any(|known| known == name);
    object.names().filter(|name| !is_allowed(name)).map(|name| object.path(name)).collect()
}

/// What can be read of a statement, whatever is wrong with the rest: to look for mistakes in all of it at once. Nothing
/// may be trusted on its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementDraft {
    /// The name, or the path of the statement in the document if it has no name.
    pub label: String,
    /// The repositories. Empty for a global statement, and for blobs.
    pub scopes: Vec<RegistryScope>,
    /// The trust stores.
    pub trust_stores: Vec<TrustStoreName>,
    /// The trusted identities.
    pub trusted_identities: TrustedIdentities,
    /// Whether the trust stores and identities are all that the statement has.
    pub is_complete: bool,
}

impl StatementDraft {
    /// A statement with nothing wrong. `scopes` is `None` for blobs.
    #[must_use]
    pub fn of(scopes: Option<&RegistryScopes>, policy: &TrustPolicy) -> Self {
        let scopes = match scopes {
            Some(RegistryScopes::Listed(scopes)) => scopes.clone(),
            Some(RegistryScopes::Global) | None => Vec::new(),
        };
        let TrustPolicy { name, trust_stores, trusted_identities, .. } = policy.clone();
        Self { label: name, scopes, trust_stores, trusted_identities, is_complete: true }
    }
}

/// Parses a statement, and collects every problem in it. Each names the statement.
pub(super) struct StatementReader {
    /// Empty if the statement has no name.
    pub(super) name: String,
    object: Object,
    problems: Vec<PolicyError>,
    /// A misspelt member is usually also missing, which would be less helpful to say.
    is_misspelt: bool,
}

impl StatementReader {
    /// `allowed` lists the allowed members. Unknown members are reported first.
    pub(super) fn new(mut object: Object, allowed: &'static str) -> Self {
        let unknown = unknown_members(&object, allowed);
        let name = object.string("name");
        let is_misspelt = !unknown.is_empty();
        let mut statement = Self { name: String::new(), object, problems: Vec::new(), is_misspelt };
        match name {
            Ok(name) => statement.name = name,
            Err(JsonError::Missing { .. }) if is_misspelt => {}
            Err(why) => statement.problems.push(PolicyError::Json(why)),
        }
        for path in unknown {
            match statement.name.is_empty() {
                true => statement.problems.push(PolicyError::Unknown { path, allowed }),
                false => statement.wrong(path, StatementError::Unknown(allowed)),
            }
        }
        statement
    }

    /// The name, or the path of the statement.
    fn label(&self) -> String {
        match self.name.as_str() {
            "" => self.path("").trim_end_matches('.').to_owned(),
            name => name.to_owned(),
        }
    }

    pub(super) fn path(&self, member: &str) -> String {
        self.object.path(member)
    }

    /// Notes a problem with the value at a path.
    pub(super) fn wrong(&mut self, path: String, source: impl Into<StatementError>) {
        self.problems.push(PolicyError::Statement { statement: self.name.clone(), path, source: source.into() });
    }

    /// Notes a member that is missing or empty.
    pub(super) fn lacks(&mut self, member: &str, why: StatementError) {
        if !self.is_misspelt {
            self.wrong(self.path(member), why);
        }
    }

    /// Notes a member that is missing or has the wrong type.
    fn noted<T>(&mut self, found: Result<T, JsonError>) -> Option<T> {
        match found {
            Ok(value) => Some(value),
            Err(JsonError::Missing { .. }) if self.is_misspelt => None,
            Err(source) => {
                self.problems.push(PolicyError::Member { statement: self.name.clone(), source });
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, member: &str) -> bool {
        let found = self.object.optional_boolean(member);
        self.noted(found).flatten().unwrap_or_default()
    }

    pub(super) fn strings(&mut self, member: &str) -> Option<Vec<String>> {
        let found = self.object.strings(member);
        self.noted(found)
    }

    /// Parses the items of an array, except wildcards. Returns the well-formed ones, and whether these are all.
    pub(super) fn parse_all<T>(&mut self, member: &str, texts: &[String]) -> (Vec<T>, bool)
    where
        T: std::str::FromStr<Err: Into<StatementError>>,
    {
        let mut items = Vec::with_capacity(texts.len());
        let mut are_all = true;
        for (position, text) in texts.iter().enumerate().filter(|(_, text)| *text != "*") {
            match text.parse() {
                Ok(item) => items.push(item),
                Err(why) => {
                    self.wrong(format!("{}[{position}]", self.path(member)), why);
                    are_all = false;
                }
            }
        }
        (items, are_all)
    }

    /// Parses the remaining members. Returns the statement if it has no problem, what can be read of it in any case,
    /// and all problems. `global` is the member to correct if the statement is global and its level is skip.
    pub(super) fn finish(mut self, global: Option<&str>) -> (Option<TrustPolicy>, StatementDraft, Vec<PolicyError>) {
        let signature_verification = self.signature_verification();
        let is_skip = signature_verification.as_ref().map(|found| found.level() == VerificationLevel::Skip);
        let (trust_stores, are_all_stores) = self.trust_stores(is_skip);
        let (trusted_identities, are_all_identities) = self.trusted_identities(is_skip);
        if let (Some(member), Some(true)) = (global, is_skip) {
            self.wrong(self.path(member), StatementError::GlobalSkip);
        }
        let draft = StatementDraft {
            label: self.label(),
            scopes: Vec::new(),
            trust_stores: trust_stores.clone(),
            trusted_identities: trusted_identities.clone(),
            is_complete: is_skip.is_some() && are_all_stores && are_all_identities,
        };
        let policy = signature_verification
            .filter(|_| draft.is_complete && self.problems.is_empty() && !self.name.is_empty())
            .map(|signature_verification| TrustPolicy {
                name: self.name,
                signature_verification,
                trust_stores,
                trusted_identities,
            });
        (policy, draft, self.problems)
    }

    /// The settings if their level is known, whatever else is wrong with them.
    fn signature_verification(&mut self) -> Option<SignatureVerification> {
        let found = self.object.object("signatureVerification");
        let mut object = self.noted(found)?;
        let unknown = unknown_members(&object, VERIFICATION_MEMBERS);
        let is_misspelt = std::mem::replace(&mut self.is_misspelt, !unknown.is_empty());
        for path in unknown {
            self.wrong(path, StatementError::Unknown(VERIFICATION_MEMBERS));
        }
        let level = object.string("level");
        let level = self.noted(level).and_then(|level| self.named(level, object.path("level")));
        let mut verification = SignatureVerification::new(level.unwrap_or(VerificationLevel::Strict));
        let timestamp = object.optional_string("verifyTimestamp");
        if let Some(timestamp) = self.noted(timestamp).flatten()
            && let Some(timestamp) = self.named(timestamp, object.path("verifyTimestamp"))
        {
            verification = verification.with_verify_timestamp(timestamp);
        }
        let overrides = object.optional_object("override");
        if let Some(overrides) = self.noted(overrides).flatten() {
            let prefix = overrides.path("");
            let overrides = overrides.into_strings();
            for (validation, action) in self.noted(overrides).unwrap_or_default() {
                let path = format!("{prefix}{validation}");
                let validation = self.named(validation, path.clone());
                let action = self.named(action, path.clone());
                // At an unknown level it is not known what may be overridden.
                if let (Some(validation), Some(action), Some(_)) = (validation, action, level) {
                    match verification.clone().with_override(validation, action) {
                        Ok(changed) => verification = changed,
                        Err(why) => self.wrong(path, why),
                    }
                }
            }
        }
        self.is_misspelt = is_misspelt;
        level.map(|_| verification)
    }

    /// Parses one of the allowed names.
    fn named<T: std::str::FromStr<Err = super::UnknownName>>(&mut self, text: String, path: String) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(path, why);
                None
            }
        }
    }

    /// The trust stores that can be read, and whether these are all.
    fn trust_stores(&mut self, is_skip: Option<bool>) -> (Vec<TrustStoreName>, bool) {
        const MEMBER: &str = "trustStores";
        let Some(texts) = self.strings(MEMBER) else { return (Vec::new(), false) };
        match (is_skip, texts.is_empty()) {
            (Some(true), false) => {
                self.wrong(self.path(MEMBER), StatementError::TrustAtSkip);
                return (Vec::new(), false);
            }
            (Some(false), true) => {
                self.lacks(MEMBER, StatementError::NoTrustStore);
                return (Vec::new(), false);
            }
            _ => {}
        }
        let mut seen = std::collections::HashSet::new();
        let (mut stores, are_all): (Vec<TrustStoreName>, bool) = self.parse_all(MEMBER, &texts);
        stores.retain(|store| seen.insert(store.clone()));
        (stores, are_all)
    }

    /// The trusted identities that can be read, and whether these are all and do not overlap.
    fn trusted_identities(&mut self, is_skip: Option<bool>) -> (TrustedIdentities, bool) {
        const MEMBER: &str = "trustedIdentities";
        let none = || TrustedIdentities::Listed(Vec::new());
        let Some(texts) = self.strings(MEMBER) else { return (none(), false) };
        let wrong = match (is_skip, texts.as_slice()) {
            (Some(true) | None, []) => return (none(), true),
            (Some(false), []) => {
                self.lacks(MEMBER, StatementError::NoTrustedIdentity);
                return (none(), false);
            }
            (Some(true), _) => Some(StatementError::TrustAtSkip),
            (_, [one]) if one == "*" => return (TrustedIdentities::Any, true),
            (_, many) if many.len() > MAX_IDENTITIES => Some(StatementError::TooManyIdentities(many.len())),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.wrong(self.path(MEMBER), wrong);
            return (none(), false);
        }
        let has_wildcard = texts.iter().any(|text| text == "*");
        if has_wildcard {
            self.wrong(self.path(MEMBER), StatementError::WildcardNotAlone("identities"));
        }
        let (identities, are_all): (Vec<TrustedIdentity>, bool) = self.parse_all(MEMBER, &texts);
        let overlap = overlap(&texts);
        let is_sound = are_all && !has_wildcard && overlap.is_none();
        if let Some(overlap) = overlap {
            self.wrong(self.path(MEMBER), overlap);
        }
        (TrustedIdentities::Listed(identities), is_sound)
    }
}

/// The first two identities that one certificate could match.
fn overlap(identities: &[String]) -> Option<StatementError> {
    let mut names = Vec::<(DistinguishedName, &String)>::new();
    for text in identities {
        let Ok(TrustedIdentity::X509Subject(name)) = text.parse() else { continue };
        if let Some((_, first)) = names.iter().find(|(earlier, _)| name.overlaps(earlier)) {
            return Some(StatementError::Overlap { first: (*first).clone(), second: text.clone() });
        }
        names.push((name, text));
    }
    None
}
