//! Trust policy documents, and the selection of the applicable policy. `trust-store-trust-policy.md`, "Selecting a
//! trust policy to verify a signed OCI artifact" and "Selecting a trust policy to verify a signed blob".

use std::collections::{BTreeSet, HashMap, HashSet};

use super::error::{NoApplicablePolicy, PolicyError, StatementError};
use super::scope::{RegistryScope, RegistryScopes};
use super::statement::{StatementDraft, StatementReader, TrustPolicy, unknown_members};
use crate::json;
use crate::json::Object;
use crate::reference::RepositoryName;

/// The maximum size of a document in bytes.
pub const MAX_DOCUMENT_SIZE: usize = 1024 * 1024;

/// No practical limit: a document of [`MAX_DOCUMENT_SIZE`] has fewer.
const MAX_STATEMENTS: usize = 100_000;
const VERSION: &str = "1.0";
const MEMBERS: &str = "version and trustPolicies";
const OCI_MEMBERS: &str = "name, registryScopes, signatureVerification, trustStores and trustedIdentities";
const BLOB_MEMBERS: &str = "name, globalPolicy, signatureVerification, trustStores and trustedIdentities";

/// Where the artifact is that a policy is selected for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactLocation<'a> {
    /// In this repository of a registry.
    Repository(&'a RepositoryName),
    /// In an OCI image layout, which has no repository.
    Layout {
        /// The repository whose policy applies. `None` selects the global policy.
        scope: Option<&'a RegistryScope>,
    },
}

/// A trust policy document for OCI artifacts, `trustpolicy.oci.json` or `trustpolicy.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicyDocument {
    policies: Vec<(RegistryScopes, TrustPolicy)>,
    /// The index of the policy with the global scope.
    global: Option<usize>,
    by_scope: HashMap<RegistryScope, usize>,
}

impl TrustPolicyDocument {
    /// Parses a document.
    ///
    /// # Errors
    /// Returns [`PolicyError`] for the first error in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let (document, _, problems) = Self::read(bytes);
        problems.into_iter().next().map_or(Ok(document), Err)
    }

    /// Returns what can be read of every statement, and every problem of the document.
    #[must_use]
    pub fn drafts(bytes: &[u8]) -> (Vec<StatementDraft>, Vec<PolicyError>) {
        let (_, drafts, problems) = Self::read(bytes);
        (drafts, problems)
    }

    /// A document with problems must not be used: statements that say what is trusted may be missing.
    fn read(bytes: &[u8]) -> (Self, Vec<StatementDraft>, Vec<PolicyError>) {
        let mut document = Self { policies: Vec::new(), global: None, by_scope: HashMap::new() };
        let mut drafts = Vec::new();
        let mut seen: HashMap<String, String> = HashMap::new();
        let (statements, mut problems) = statements(bytes, OCI_MEMBERS);
        for mut statement in statements {
            let (listed, scopes) = registry_scopes(&mut statement);
            let is_global = scopes == Some(RegistryScopes::Global);
            let (policy, draft, found) = statement.finish(is_global.then_some("signatureVerification.level"));
            problems.extend(found);
            let wildcard = is_global.then(|| "*".to_owned());
            // A scope that one statement has twice was reported as its problem.
            let own: BTreeSet<String> = listed.iter().map(ToString::to_string).chain(wildcard).collect();
            for scope in own {
                match seen.get(&scope) {
                    Some(first) => {
                        let (first, second) = (first.clone(), draft.label.clone());
                        problems.push(PolicyError::SameScope { scope, first, second });
                    }
                    None => {
                        seen.insert(scope, draft.label.clone());
                    }
                }
            }
            if let (Some(scopes), Some(policy)) = (scopes, policy) {
                document.add(scopes, policy);
            }
            drafts.push(StatementDraft { scopes: listed, ..draft });
        }
        (document, drafts, problems)
    }

    /// Adds a statement, whose scopes are not those of another one.
    fn add(&mut self, scopes: RegistryScopes, policy: TrustPolicy) {
        let index = self.policies.len();
        match &scopes {
            RegistryScopes::Global => self.global = Some(index),
            RegistryScopes::Listed(scopes) => {
                self.by_scope.extend(scopes.iter().map(|scope| (scope.clone(), index)));
            }
        }
        self.policies.push((scopes, policy));
    }

    /// Returns the policies in document order.
    #[must_use]
    pub fn policies(&self) -> &[(RegistryScopes, TrustPolicy)] {
        &self.policies
    }

    /// Returns the policy for artifacts of a repository: the one that lists it, otherwise the global one.
    ///
    /// # Errors
    /// Returns [`NoApplicablePolicy::Scope`] if there is neither, and [`NoApplicablePolicy::OtherSpelling`] if a policy
    /// lists the repository with another spelling. notation applies the global policy in the latter case, so that
    /// spelling the reference differently evades the policy meant for the artifact.
    pub fn applicable(&self, repository: &RegistryScope) -> Result<&TrustPolicy, NoApplicablePolicy> {
        let exact = self.by_scope.get(repository).copied();
        if exact.is_none()
            && let Some(named) = self.by_scope.keys().filter(|named| named.is_same_repository(repository)).min()
        {
            return Err(NoApplicablePolicy::OtherSpelling { scope: repository.clone(), named: named.clone() });
        }
        let index = exact.or(self.global);
        let policy = index.and_then(|index| self.policies.get(index)).map(|(_, policy)| policy);
        policy.ok_or_else(|| NoApplicablePolicy::Scope { scope: repository.clone() })
    }

    /// Returns the global policy, if any.
    #[must_use]
    pub fn global(&self) -> Option<&TrustPolicy> {
        self.policies.get(self.global?).map(|(_, policy)| policy)
    }

    /// Returns the policy for an artifact: that of its repository, as in [`Self::applicable`]. For an artifact in a
    /// layout, it is the policy of the given repository, or the global one.
    ///
    /// # Errors
    /// Returns the errors of [`Self::applicable`], [`NoApplicablePolicy::InvalidScope`] if the repository cannot be a
    /// scope, such as one at an IPv6 address, and [`NoApplicablePolicy::NoGlobalScope`] if a layout needs the global
    /// policy but the document has no such policy.
    pub fn applicable_to(&self, artifact: ArtifactLocation<'_>) -> Result<&TrustPolicy, NoApplicablePolicy> {
        match artifact {
            ArtifactLocation::Repository(repository) => self.applicable(&RegistryScope::from_repository(repository)?),
            ArtifactLocation::Layout { scope: Some(scope) } => self.applicable(scope),
            ArtifactLocation::Layout { scope: None } => self.global().ok_or(NoApplicablePolicy::NoGlobalScope),
        }
    }
}

/// A trust policy document for blobs, `trustpolicy.blob.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobTrustPolicyDocument {
    policies: Vec<TrustPolicy>,
    /// The index of the policy with `globalPolicy` true.
    global: Option<usize>,
}

impl BlobTrustPolicyDocument {
    /// Parses a document.
    ///
    /// # Errors
    /// Returns [`PolicyError`] for the first error in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let (document, _, problems) = Self::read(bytes);
        problems.into_iter().next().map_or(Ok(document), Err)
    }

    /// Returns what can be read of every statement, and every problem of the document.
    #[must_use]
    pub fn drafts(bytes: &[u8]) -> (Vec<StatementDraft>, Vec<PolicyError>) {
        let (_, drafts, problems) = Self::read(bytes);
        (drafts, problems)
    }

    fn read(bytes: &[u8]) -> (Self, Vec<StatementDraft>, Vec<PolicyError>) {
        let mut policies = Vec::<TrustPolicy>::new();
        let mut drafts = Vec::<StatementDraft>::new();
        let mut global = None;
        let mut first_global: Option<String> = None;
        let (statements, mut problems) = statements(bytes, BLOB_MEMBERS);
        for mut statement in statements {
            let is_global = statement.boolean("globalPolicy");
            let (policy, draft, found) = statement.finish(is_global.then_some("globalPolicy"));
            problems.extend(found);
            match &first_global {
                Some(first) if is_global => {
                    let (first, second) = (first.clone(), draft.label.clone());
                    problems.push(PolicyError::SeveralGlobal { first, second });
                }
                None if is_global => first_global = Some(draft.label.clone()),
                _ => {}
            }
            if let Some(policy) = policy {
                global = if is_global { Some(policies.len()) } else { global };
                policies.push(policy);
            }
            drafts.push(draft);
        }
        (Self { policies, global }, drafts, problems)
    }

    /// Returns the policies in document order.
    #[must_use]
    pub fn policies(&self) -> &[TrustPolicy] {
        &self.policies
    }

    /// Returns the global policy, if any.
    #[must_use]
    pub fn global(&self) -> Option<&TrustPolicy> {
        self.policies.get(self.global?)
    }

    /// Returns the policy with this name, or the global policy if no name is given.
    ///
    /// # Errors
    /// Returns [`NoApplicablePolicy`] if there is no such policy. An unknown name never falls back to the global
    /// policy.
    pub fn applicable(&self, name: Option<&str>) -> Result<&TrustPolicy, NoApplicablePolicy> {
        let known = || self.policies.iter().map(TrustPolicy::name).collect::<Vec<_>>().join(", ");
        match name {
            None => self.global().ok_or_else(|| NoApplicablePolicy::NoGlobal { known: known() }),
            Some(name) => {
                let found = self.policies.iter().find(|policy| policy.name() == name);
                found.ok_or_else(|| NoApplicablePolicy::Name { name: name.to_owned(), known: known() })
            }
        }
    }
}

/// Reads the statements of a document, which have unique names and only `allowed` members. Returns all of them, and the
/// problems so far.
fn statements(bytes: &[u8], allowed: &'static str) -> (Vec<StatementReader>, Vec<PolicyError>) {
    let mut problems = Vec::new();
    let objects = match objects(bytes, &mut problems) {
        Ok(objects) => objects,
        Err(why) => {
            problems.push(why);
            return (Vec::new(), problems);
        }
    };
    let mut names = HashSet::new();
    let mut statements = Vec::new();
    for object in objects {
        let statement = StatementReader::new(object, allowed);
        if !statement.name.is_empty() && !names.insert(statement.name.clone()) {
            problems.push(PolicyError::SameName { path: statement.path("name"), name: statement.name.clone() });
        }
        statements.push(statement);
    }
    (statements, problems)
}

/// The statements as JSON objects. An error ends the reading; the other problems do not.
fn objects(bytes: &[u8], problems: &mut Vec<PolicyError>) -> Result<Vec<Object>, PolicyError> {
    if bytes.len() > MAX_DOCUMENT_SIZE {
        return Err(PolicyError::TooLarge(bytes.len()));
    }
    let mut document = json::parse_object("the document", bytes).map_err(PolicyError::Json)?;
    let unknown = unknown_members(&document, MEMBERS);
    problems.extend(unknown.iter().map(|path| PolicyError::Unknown { path: path.clone(), allowed: MEMBERS }));
    match document.string("version") {
        Ok(version) if version == VERSION => {}
        Ok(version) => problems.push(PolicyError::Version(version)),
        Err(why) => problems.push(PolicyError::Json(why)),
    }
    let statements = document.objects("trustPolicies", MAX_STATEMENTS).map_err(PolicyError::Json)?;
    if statements.is_empty() {
        return Err(PolicyError::Json(document.missing("trustPolicies")));
    }
    Ok(statements)
}

/// The repositories that can be read, and all scopes if nothing is wrong with them.
fn registry_scopes(statement: &mut StatementReader) -> (Vec<RegistryScope>, Option<RegistryScopes>) {
    const MEMBER: &str = "registryScopes";
    let Some(texts) = statement.strings(MEMBER) else { return (Vec::new(), None) };
    match texts.as_slice() {
        [] => {
            statement.lacks(MEMBER, StatementError::NoScope);
            return (Vec::new(), None);
        }
        [one] if one == "*" => return (Vec::new(), Some(RegistryScopes::Global)),
        _ => {}
    }
    let mut is_sound = true;
    if texts.iter().any(|text| text == "*") {
        statement.wrong(statement.path(MEMBER), StatementError::WildcardNotAlone("scopes"));
        is_sound = false;
    }
    let (mut scopes, are_all): (Vec<RegistryScope>, bool) = statement.parse_all(MEMBER, &texts);
    let mut seen = HashSet::new();
    scopes.retain(|scope| {
        let is_new = seen.insert(scope.clone());
        if !is_new {
            statement.wrong(statement.path(MEMBER), StatementError::RepeatedScope(scope.to_string()));
            is_sound = false;
        }
        is_new
    });
    let sound = (is_sound && are_all).then(|| RegistryScopes::Listed(scopes.clone()));
    (scopes, sound)
}
