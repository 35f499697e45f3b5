//! A statement of a trust policy document: the part that OCI and blob policies share.

use super::error::{PolicyError, StatementError};
use super::identities::{TrustedIdentities, TrustedIdentity};
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

/// Parses a statement, and collects every problem in it. Each names the statement.
pub(super) struct StatementReader {
    pub(super) name: String,
    object: Object,
    problems: Vec<PolicyError>,
    /// A misspelt member is usually also missing, which would be less helpful to say.
    is_misspelt: bool,
}

impl StatementReader {
    /// `allowed` lists the allowed members. Unknown members are reported first.
    pub(super) fn new(mut object: Object, allowed: &'static str) -> Result<Self, PolicyError> {
        let unknown = unknown_members(&object, allowed);
        let name = match (object.string("name"), unknown.first()) {
            (Ok(name), _) => name,
            (Err(_), Some(path)) => return Err(PolicyError::Unknown { path: path.clone(), allowed }),
            (Err(why), None) => return Err(PolicyError::Json(why)),
        };
        let mut statement = Self { name, object, problems: Vec::new(), is_misspelt: !unknown.is_empty() };
        for path in unknown {
            statement.wrong(path, StatementError::Unknown(allowed));
        }
        Ok(statement)
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

    /// Parses the items of an array that does not contain the wildcard.
    pub(super) fn parse_all<T>(&mut self, member: &str, texts: &[String]) -> Option<Vec<T>>
    where
        T: std::str::FromStr<Err: Into<StatementError>>,
    {
        let mut items = Vec::with_capacity(texts.len());
        for (position, text) in texts.iter().enumerate() {
            match text.parse() {
                Ok(item) => items.push(item),
                Err(why) => self.wrong(format!("{}[{position}]", self.path(member)), why),
            }
        }
        (items.len() == texts.len()).then_some(items)
    }

    /// Parses the remaining members. Returns the statement if it has no problem, and all problems.
    pub(super) fn finish(mut self) -> (Option<TrustPolicy>, Vec<PolicyError>) {
        let signature_verification = self.signature_verification();
        let is_skip = signature_verification.as_ref().map(|found| found.level() == VerificationLevel::Skip);
        let trust_stores = self.trust_stores(is_skip);
        let trusted_identities = self.trusted_identities(is_skip);
        let policy = match (signature_verification, trust_stores, trusted_identities) {
            (Some(signature_verification), Some(trust_stores), Some(trusted_identities)) => {
                Some(TrustPolicy { name: self.name, signature_verification, trust_stores, trusted_identities })
            }
            _ => None,
        };
        (policy.filter(|_| self.problems.is_empty()), self.problems)
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

    fn trust_stores(&mut self, is_skip: Option<bool>) -> Option<Vec<TrustStoreName>> {
        const MEMBER: &str = "trustStores";
        let texts = self.strings(MEMBER)?;
        match (is_skip, texts.is_empty()) {
            (Some(true), false) => {
                self.wrong(self.path(MEMBER), StatementError::TrustAtSkip);
                return None;
            }
            (Some(false), true) => {
                self.lacks(MEMBER, StatementError::NoTrustStore);
                return None;
            }
            _ => {}
        }
        let mut seen = std::collections::HashSet::new();
        let mut stores: Vec<TrustStoreName> = self.parse_all(MEMBER, &texts)?;
        stores.retain(|store| seen.insert(store.clone()));
        Some(stores)
    }

    fn trusted_identities(&mut self, is_skip: Option<bool>) -> Option<TrustedIdentities> {
        const MEMBER: &str = "trustedIdentities";
        let texts = self.strings(MEMBER)?;
        let wrong = match (is_skip, texts.as_slice()) {
            (Some(true) | None, []) => return Some(TrustedIdentities::Listed(Vec::new())),
            (Some(true), _) => Some(StatementError::TrustAtSkip),
            (Some(false), []) => {
                self.lacks(MEMBER, StatementError::NoTrustedIdentity);
                return None;
            }
            (_, [one]) if one == "*" => return Some(TrustedIdentities::Any),
            (_, many) if many.iter().any(|text| text == "*") => Some(StatementError::WildcardNotAlone("identities")),
            (_, many) if many.len() > MAX_IDENTITIES => Some(StatementError::TooManyIdentities(many.len())),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.wrong(self.path(MEMBER), wrong);
            return None;
        }
        let identities: Vec<TrustedIdentity> = self.parse_all(MEMBER, &texts)?;
        let mut names = Vec::<(&DistinguishedName, &String)>::new();
        for (identity, text) in identities.iter().zip(&texts) {
            let TrustedIdentity::X509Subject(name) = identity else { continue };
            if let Some((_, first)) = names.iter().find(|(earlier, _)| name.overlaps(earlier)) {
                let overlap = StatementError::Overlap { first: (*first).clone(), second: text.clone() };
                self.wrong(self.path(MEMBER), overlap);
                return None;
            }
            names.push((name, text));
        }
        Some(TrustedIdentities::Listed(identities))
    }
}
