//! What a verification is told beside the policy: the clock, the limits, and what the caller demands on top.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_signer::SignerConfig;
use limits::Deadline;
use notary::x509::ChainCache;
use time::OffsetDateTime;

use crate::plugin_host::PluginFolder;
use crate::revocation::RevocationClient;

/// How a verification is made.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// How AWS Signer is asked about revocations.
    pub config: SignerConfig,
    /// Who asks about the certificates of other signers. Clones of it share what they found.
    pub revocation: RevocationClient,
    /// The time at which expiry and certificates are judged.
    pub now: OffsetDateTime,
    /// The time for the signatures of one artifact, together. What is not known by then could not be determined. Finding the
    /// artifact and listing its signatures has the registry client's own limits.
    pub budget: Duration,
    /// How many signatures of an artifact are looked at. Each costs time and calls, and whoever may write beside the artifact
    /// decides how many there are.
    pub max_signatures: usize,
    /// What must be among the metadata that was signed; a signature without it is refused.
    pub user_metadata: BTreeMap<String, String>,
    /// Where the verification plugins are that signatures name. Without it no plugin is run, and what needs one is refused;
    /// signatures of AWS Signer need none.
    pub plugins: Option<PluginFolder>,
    /// Which of the signatures are evaluated.
    pub evaluate: Evaluate,
    /// The chains that met the requirements before. Clones of the options share it.
    pub chains: Arc<ChainCache>,
}

/// Which signatures of an artifact are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evaluate {
    /// One after the other until one verifies, which is all that a trust policy asks for. Revocation calls count towards a
    /// quota.
    #[default]
    UntilVerified,
    /// All, for a report or a [`Requirement`](super::Requirement) of several.
    All,
}

impl VerifyOptions {
    /// How many signatures of an artifact are looked at where nothing else is said.
    pub const MAX_SIGNATURES: usize = 100;

    /// The defaults: ten seconds for the signatures of an artifact, at most 100 signatures, no metadata demanded, no plugins, and evaluation ends
    /// with the first signature that verifies.
    #[must_use]
    pub fn new(config: SignerConfig, now: OffsetDateTime) -> Self {
        Self {
            config,
            revocation: RevocationClient::new(),
            now,
            budget: Deadline::DEFAULT_BUDGET,
            max_signatures: Self::MAX_SIGNATURES,
            user_metadata: BTreeMap::new(),
            plugins: None,
            evaluate: Evaluate::default(),
            chains: Arc::default(),
        }
    }
}
