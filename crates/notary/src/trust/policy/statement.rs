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

/// Returns the path of the first member that is not in `allowed`, a list like "level, override and verifyTimestamp".
pub(super) fn unknown_member(object: &Object, allowed: &str) -> Option<String> {
    let is_allowed = |name: &str| allowed.split(", ").flat_map(|names| names.split(" and ")).any(|known| known == name);
    object.names().find(|name| !is_allowed(name)).map(|name| object.path(name))
}

/// Parses a statement, and names it in every error.
pub(super) struct StatementReader {
    pub(super) name: String,
    object: Object,
}

impl StatementReader {
    /// `allowed` lists the allowed members. Unknown members are reported first: a misspelt member is usually also
    /// reported as missing, which would be less helpful.
    pub(super) fn new(mut object: Object, allowed: &'static str) -> Result<Self, PolicyError> {
        let unknown = unknown_member(&object, allowed);
        let name = match (object.string("name"), &unknown) {
            (Ok(name), _) => name,
            (Err(_), Some(path)) => return Err(PolicyError::Unknown { path: path.clone(), allowed }),
            (Err(why), None) => return Err(PolicyError::Json(why)),
        };
        let statement = Self { name, object };
        match unknown {
            Some(path) => Err(statement.error(path, StatementError::Unknown(allowed))),
            None => Ok(statement),
        }
    }

    pub(super) fn path(&self, member: &str) -> String {
        self.object.path(member)
    }

    pub(super) fn error(&self, path: String, source: impl Into<StatementError>) -> PolicyError {
        PolicyError::Statement { statement: self.name.clone(), path, source: source.into() }
    }

    pub(super) fn boolean(&mut self, member: &str) -> Result<bool, PolicyError> {
        let found = self.object.optional_boolean(member);
        found.map(Option::unwrap_or_default).map_err(|source| self.json(source))
    }

    pub(super) fn strings(&mut self, member: &str) -> Result<Vec<String>, PolicyError> {
        self.object.strings(member).map_err(|source| self.json(source))
    }

    /// Parses the items of an array that does not contain the wildcard.
    pub(super) fn parse_all<T>(&self, member: &str, texts: &[String]) -> Result<Vec<T>, PolicyError>
    where
        T: std::str::FromStr<Err: Into<StatementError>>,
    {
        let path = |position| format!("{}[{position}]", self.path(member));
        let parse = |(position, text): (usize, &String)| text.parse().map_err(|why| self.error(path(position), why));
        texts.iter().enumerate().map(parse).collect()
    }

    /// Parses the remaining members.
    pub(super) fn finish(mut self) -> Result<TrustPolicy, PolicyError> {
        let signature_verification = self.signature_verification()?;
        let is_skip = signature_verification.level() == VerificationLevel::Skip;
        let trust_stores = self.trust_stores(is_skip)?;
        let trusted_identities = self.trusted_identities(is_skip)?;
        Ok(TrustPolicy { name: self.name, signature_verification, trust_stores, trusted_identities })
    }

    fn signature_verification(&mut self) -> Result<SignatureVerification, PolicyError> {
        let json = |source| PolicyError::Member { statement: self.name.clone(), source };
        let mut object = self.object.object("signatureVerification").map_err(json)?;
        if let Some(path) = unknown_member(&object, VERIFICATION_MEMBERS) {
            return Err(self.error(path, StatementError::Unknown(VERIFICATION_MEMBERS)));
        }
        let level = object.string("level").map_err(json)?;
        let level = level.parse().map_err(|why: super::UnknownName| self.error(object.path("level"), why))?;
        let mut verification = SignatureVerification::new(level);
        if let Some(timestamp) = object.optional_string("verifyTimestamp").map_err(json)? {
            let wrong = |why: super::UnknownName| self.error(object.path("verifyTimestamp"), why);
            verification = verification.with_verify_timestamp(timestamp.parse().map_err(wrong)?);
        }
        if let Some(overrides) = object.optional_object("override").map_err(json)? {
            let prefix = overrides.path("");
            for (validation, action) in overrides.into_strings().map_err(json)? {
                let path = format!("{prefix}{validation}");
                let name = |why: super::UnknownName| self.error(path.clone(), why);
                let validation = validation.parse().map_err(name)?;
                let action = action.parse().map_err(name)?;
                verification =
                    verification.with_override(validation, action).map_err(|why| self.error(path.clone(), why))?;
            }
        }
        Ok(verification)
    }

    fn trust_stores(&mut self, is_skip: bool) -> Result<Vec<TrustStoreName>, PolicyError> {
        const MEMBER: &str = "trustStores";
        let texts = self.strings(MEMBER)?;
        match (is_skip, texts.is_empty()) {
            (true, false) => return Err(self.error(self.path(MEMBER), StatementError::TrustAtSkip)),
            (false, true) => return Err(self.error(self.path(MEMBER), StatementError::NoTrustStore)),
            _ => {}
        }
        let mut seen = std::collections::HashSet::new();
        let mut stores: Vec<TrustStoreName> = self.parse_all(MEMBER, &texts)?;
        stores.retain(|store| seen.insert(store.clone()));
        Ok(stores)
    }

    fn trusted_identities(&mut self, is_skip: bool) -> Result<TrustedIdentities, PolicyError> {
        const MEMBER: &str = "trustedIdentities";
        let texts = self.strings(MEMBER)?;
        let wrong = |why| Err(self.error(self.path(MEMBER), why));
        match (is_skip, texts.as_slice()) {
            (true, []) => return Ok(TrustedIdentities::Listed(Vec::new())),
            (true, _) => return wrong(StatementError::TrustAtSkip),
            (false, []) => return wrong(StatementError::NoTrustedIdentity),
            (false, [one]) if one == "*" => return Ok(TrustedIdentities::Any),
            (false, many) if many.iter().any(|text| text == "*") => {
                return wrong(StatementError::WildcardNotAlone("identities"));
            }
            (false, many) if many.len() > MAX_IDENTITIES => {
                return wrong(StatementError::TooManyIdentities(many.len()));
            }
            _ => {}
        }
        let identities: Vec<TrustedIdentity> = self.parse_all(MEMBER, &texts)?;
        let mut names = Vec::<(&DistinguishedName, &String)>::new();
        for (identity, text) in identities.iter().zip(&texts) {
            let TrustedIdentity::X509Subject(name) = identity else { continue };
            if let Some((_, first)) = names.iter().find(|(earlier, _)| name.overlaps(earlier)) {
                return wrong(StatementError::Overlap { first: (*first).clone(), second: text.clone() });
            }
            names.push((name, text));
        }
        Ok(TrustedIdentities::Listed(identities))
    }

    fn json(&self, source: JsonError) -> PolicyError {
        PolicyError::Member { statement: self.name.clone(), source }
    }
}
