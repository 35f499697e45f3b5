//! The verifier: everything that is set up once and shared by all verifications of a process.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_signer::ClientPool;
use limits::{Deadline, MemoryBudget};
use notary::envelope::SigningScheme;
use notary::reference::Target;
use notary::timestamp::AuthorityCache;
use notary::x509::ChainCache;
use notary::{Descriptor, ReasonCode};
use registry::Store;
use time::OffsetDateTime;

use super::demands::{Demands, Evaluate};
use super::no_verdict::{NoVerdict, within};
use super::policy::VerificationPolicy;
use super::reason::Reason;
use super::signature::{self, Context};
use super::source::{FetchedEnvelope, SignatureSource, Tries};
use super::verdict::Verdict;
use crate::failure::Failure;
use crate::plugin_host::PluginFolder;
use crate::revocation::{RevocationSource, RevocationSources};

/// The number of equal shares into which the time is divided at most.
const MOST_SHARES: u32 = 25;

/// Verifies artifacts. Create one for a process and share it: clones share the clients of AWS Signer, the caches and
/// the memory budget.
#[derive(Debug, Clone)]
pub struct Verifier {
    revocation: Arc<dyn RevocationSource>,
    chains: Arc<ChainCache>,
    authorities: Arc<AuthorityCache>,
    plugins: Option<PluginFolder>,
    memory: MemoryBudget,
    limits: Limits,
}

/// The limits of each verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The time for one artifact: to resolve it, to list and read its signatures, and to verify them. What is not known
    /// by then is undetermined.
    pub time: Duration,
    /// How many signatures an artifact may have. Each costs time and calls, and every user who may push to the
    /// repository can add some.
    pub signatures: usize,
}

impl Default for Limits {
    /// Ten seconds and 100 signatures.
    fn default() -> Self {
        Self { time: Deadline::DEFAULT_BUDGET, signatures: 100 }
    }
}

/// An artifact that [`Verifier::resolve`] found in a store.
#[derive(Debug)]
pub struct ResolvedArtifact {
    artifact: Descriptor,
    /// Its signatures, if they were listed while it was resolved.
    listed: Option<Result<Vec<Descriptor>, NoVerdict>>,
    /// The time limit of its verification, which began when it was resolved.
    deadline: Deadline,
}

impl ResolvedArtifact {
    /// Returns its descriptor.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.artifact
    }

    fn new(artifact: Descriptor, deadline: Deadline) -> Self {
        Self { artifact, listed: None, deadline }
    }
}

impl Verifier {
    /// Creates a verifier that asks AWS Signer about its signatures, through `clients`, and OCSP responders and CRLs
    /// about all others. It runs no verification plugins: signatures of AWS Signer need none.
    #[must_use]
    pub fn new(clients: ClientPool) -> Self {
        Self::with_revocation(RevocationSources::new(clients))
    }

    /// Creates a verifier with another source of revocation status, for example [`RevocationSources`] inside layers.
    #[must_use]
    pub fn with_revocation(source: impl RevocationSource) -> Self {
        Self {
            revocation: Arc::new(source),
            chains: Arc::default(),
            authorities: Arc::default(),
            plugins: None,
            memory: MemoryBudget::default(),
            limits: Limits::default(),
        }
    }

    /// The same verifier, which asks another source of revocation status and shares everything else: for a layer that
    /// belongs to one verification.
    #[must_use]
    pub fn asking(&self, source: impl RevocationSource) -> Self {
        Self { revocation: Arc::new(source), ..self.clone() }
    }

    /// Runs the verification plugins of this folder for signatures that name one.
    #[must_use]
    pub fn with_plugins(self, plugins: PluginFolder) -> Self {
        Self { plugins: Some(plugins), ..self }
    }

    /// Uses these limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Counts the envelopes of image layouts in this budget. Those of a registry count in the budget of its client.
    #[must_use]
    pub fn with_memory(self, memory: MemoryBudget) -> Self {
        Self { memory, ..self }
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Resolves a tag or digest, and verifies the artifact.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the artifact does not exist, or it or the list of its signatures cannot be read in
    /// time.
    pub async fn verify(
        &self,
        store: &Store,
        target: &Target,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
    ) -> Result<Verdict, NoVerdict> {
        let artifact = self.resolve(store, target, policy).await?;
        self.verify_found(store, artifact, policy, demands, now).await
    }

    /// Resolves a tag or digest for [`Self::verify_found`]. The signatures of a digest are listed at the same time, if
    /// the policy wants them and the store is not near: this saves a round trip to the registry.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the artifact does not exist, or cannot be read in time.
    pub async fn resolve(
        &self,
        store: &Store,
        target: &Target,
        policy: &VerificationPolicy,
    ) -> Result<ResolvedArtifact, NoVerdict> {
        let deadline = Deadline::new(self.limits.time);
        self.prepare(policy);
        let resolving = within(deadline, store.resolve(target));
        let digest = match target {
            Target::Digest(digest) if !policy.is_skip() && !store.is_near() => digest,
            _ => return Ok(ResolvedArtifact::new(resolving.await?, deadline)),
        };
        let listing = within(deadline, store.list_signatures_of(digest, self.limits.signatures));
        // The listing fails only once the artifact exists: that it does not exist is the better reason.
        let (artifact, listed) = tokio::try_join!(resolving, async { Ok(listing.await) })?;
        Ok(ResolvedArtifact { listed: Some(listed), ..ResolvedArtifact::new(artifact, deadline) })
    }

    /// Does meanwhile what the signatures of the trusted signers will need: checks the signature of their root by
    /// itself, and lets the source of revocation status get ready.
    fn prepare(&self, policy: &VerificationPolicy) {
        let locations = policy.revocation_locations();
        if locations.is_empty() {
            return;
        }
        let (source, chains) = (Arc::clone(&self.revocation), Arc::clone(&self.chains));
        // With several, most of them would not be used.
        let root = match policy.trusted_certificates(SigningScheme::SigningAuthority) {
            Ok([root]) if !chains.knows_root(root) => Some(root.clone()),
            _ => None,
        };
        tokio::spawn(async move {
            if let Some(root) = root {
                chains.learn_root(&root);
            }
            source.prepare(&locations).await;
        });
    }

    /// Verifies an artifact that [`Self::resolve`] found in this store, within the time that began there.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the list of its signatures cannot be read in time, or exceeds the limit.
    pub async fn verify_found(
        &self,
        store: &Store,
        artifact: ResolvedArtifact,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
    ) -> Result<Verdict, NoVerdict> {
        self.verify_within(store, artifact, policy, demands, now).await
    }

    /// Verifies an artifact whose descriptor is known.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the list of its signatures cannot be read in time, or exceeds the limit.
    pub async fn verify_resolved(
        &self,
        store: &Store,
        artifact: &Descriptor,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
    ) -> Result<Verdict, NoVerdict> {
        let artifact = ResolvedArtifact::new(artifact.clone(), Deadline::new(self.limits.time));
        self.verify_within(store, artifact, policy, demands, now).await
    }

    /// Verifies an artifact whose signatures come from `source`, which may remember them, before `deadline`.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the list of its signatures cannot be read in time, or exceeds the limit.
    pub async fn verify_from(
        &self,
        source: &dyn SignatureSource,
        artifact: &Descriptor,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<Verdict, NoVerdict> {
        self.verify_within(source, ResolvedArtifact::new(artifact.clone(), deadline), policy, demands, now).await
    }

    async fn verify_within(
        &self,
        source: &dyn SignatureSource,
        resolved: ResolvedArtifact,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
    ) -> Result<Verdict, NoVerdict> {
        let ResolvedArtifact { artifact, listed, deadline } = resolved;
        let mut verdict = Verdict {
            artifact,
            policy: policy.name().to_owned(),
            skipped: policy.is_skip(),
            signatures: Vec::new(),
            unchecked: 0,
        };
        if verdict.skipped {
            return Ok(verdict);
        }
        let artifact = verdict.artifact.clone();
        let listed = match listed {
            Some(listed) => listed?,
            None => within(deadline, source.list(&artifact, self.limits.signatures)).await?,
        };
        tracing::info!(artifact = %artifact.digest, found = listed.len(), policy = policy.name(), "listed signatures");
        let context = Context { verifier: self, policy, demands, now, deadline };
        let mut left: VecDeque<Waiting> = listed.into_iter().map(Waiting::First).collect();
        while let Some(next) = left.pop_front() {
            // Manifests that the store does not deliver must not take the time of those after them. Each is asked for
            // once, and after all others again, with retries.
            let is_first = !next.is_last_try() && !left.is_empty();
            let others = left.iter().filter(|other| !(is_first && other.is_last_try())).count();
            let share = if left.is_empty() { deadline } else { share(deadline, others) };
            let manifest = next.manifest();
            let tries = if is_first { Tries::Once } else { Tries::Repeated };
            let envelope = match self.envelope_within(source, &artifact, manifest, tries, share).await {
                Some(Err(why)) if is_first && is_temporary(&why) => None,
                read => read,
            };
            let envelope = match envelope {
                Some(read) => read,
                None if is_first => {
                    left.push_back(next.again());
                    continue;
                }
                None => Err(Failure::deadline(deadline).into()),
            };
            let signature = signature::verify(context, manifest, envelope, &artifact).await;
            let is_enough = demands.evaluate == Evaluate::UntilVerified && signature.is_verified();
            verdict.signatures.push(signature);
            if is_enough {
                break;
            }
        }
        verdict.unchecked = left.len();
        Ok(verdict)
    }

    /// Reads the envelope of a signature of `artifact`.
    pub(super) async fn envelope(
        &self,
        store: &Store,
        artifact: &Descriptor,
        manifest: &Descriptor,
        deadline: Deadline,
    ) -> Result<FetchedEnvelope, Reason> {
        let read = self.envelope_within(store, artifact, manifest, Tries::Repeated, deadline).await;
        read.unwrap_or_else(|| Err(Failure::deadline(deadline).into()))
    }

    /// As [`Self::envelope`]; `None` if the time is over.
    async fn envelope_within(
        &self,
        source: &dyn SignatureSource,
        artifact: &Descriptor,
        manifest: &Descriptor,
        tries: Tries,
        deadline: Deadline,
    ) -> Option<Result<FetchedEnvelope, Reason>> {
        let read = async {
            let envelope = source.envelope(artifact, manifest, tries).await?;
            Ok(envelope.counted_in(&self.memory).await)
        };
        deadline.run(read).await
    }

    pub(super) fn revocation(&self) -> &dyn RevocationSource {
        &*self.revocation
    }

    pub(super) fn chains(&self) -> &ChainCache {
        &self.chains
    }

    pub(super) fn authorities(&self) -> &AuthorityCache {
        &self.authorities
    }

    pub(super) fn plugins(&self) -> Option<&PluginFolder> {
        self.plugins.as_ref()
    }
}

/// A signature that waits for its verification.
enum Waiting {
    First(Descriptor),
    /// It was not delivered within its share of the time.
    Again(Descriptor),
}

impl Waiting {
    fn manifest(&self) -> &Descriptor {
        match self {
            Self::First(manifest) | Self::Again(manifest) => manifest,
        }
    }

    fn is_last_try(&self) -> bool {
        matches!(self, Self::Again(_))
    }

    fn again(self) -> Self {
        match self {
            Self::First(manifest) | Self::Again(manifest) => Self::Again(manifest),
        }
    }
}

/// The time for reading one signature while others wait: an equal share for each of them, and one for verifying those
/// that were read. Many signatures do not make it shorter than a slow registry needs.
fn share(deadline: Deadline, others: usize) -> Deadline {
    let shares = u32::try_from(others).unwrap_or(u32::MAX).saturating_add(2);
    let time = (deadline.remaining() / shares).max(deadline.budget() / MOST_SHARES);
    Deadline::new(time.min(deadline.remaining()))
}

/// Whether the store failed for the moment, so that another try makes sense.
fn is_temporary(why: &Reason) -> bool {
    use ReasonCode::{Contention, Deadline, Throttled, Unreachable};
    matches!(why.code(), Contention | Deadline | Throttled | Unreachable)
}
