//! The verification flow: resolve the artifact, find its signatures, and check each: integrity, authenticity, expiry,
//! revocation. notaryproject/specifications, `trust-store-trust-policy.md`, "Signature Verification".

use std::fmt;

use time::OffsetDateTime;

use crate::aws::{
    CallError, ConfigError, Deadline, RevocationQuery, RevokedEntity, SignerAttributes, SignerClient, SignerConfig,
    revocation_status,
};
use crate::envelope::{Descriptor, Envelope, MAX_ENVELOPE_SIZE, Payload, SignedAttributes, VerifiedEnvelope};
use crate::registry::{Manifest, Store, StoreError, Target};
use crate::text::{printable, rfc3339};
use crate::trust::{IdentityVerdict, check_trusted_identity};
use crate::x509::{Certificate, CertificateChain};

/// Who may have signed.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The certificates of the trust store: one of them must be in the chain, byte for byte.
    pub roots: Vec<Certificate>,
    /// The ARNs of the signing profiles, or profile versions, that are trusted.
    pub identities: Vec<String>,
}

/// The checks that a signature goes through, by the specification's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The signature is whole and over this artifact, and its chain was valid when it was made.
    Integrity,
    /// The chain ends in the trust store and the signer is a trusted identity.
    Authenticity,
    /// The signature has not expired.
    Expiry,
    /// Neither the signature nor its profile nor its certificates were revoked.
    Revocation,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Integrity => "integrity",
            Self::Authenticity => "authenticity",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
        })
    }
}

/// The outcome of one check of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Which check.
    pub check: Check,
    /// Why it passed or failed, in a sentence. `Err` is a failure.
    pub outcome: Result<String, CheckFailure>,
}

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CheckFailure {
    /// The reason, in a sentence.
    pub reason: String,
    /// What was revoked, where that is the reason.
    pub revoked: Vec<RevokedEntity>,
}

impl CheckFailure {
    /// What an envelope holds may be as long as an envelope; it is shown to people and kept in logs.
    fn new(reason: impl AsRef<str>) -> Self {
        Self { reason: printable(reason.as_ref()), revoked: Vec::new() }
    }
}

/// What became of one signature. The checks end with the first that failed: what comes after would rest on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// The signature's manifest.
    pub manifest: Descriptor,
    /// The checks that were made, in order.
    pub checks: Vec<CheckResult>,
}

impl SignatureVerdict {
    /// Whether every check was made and passed.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.checks.iter().all(|c| c.outcome.is_ok())
            && self.checks.last().is_some_and(|last| last.check == Check::Revocation)
    }
}

/// What became of an artifact.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The artifact.
    pub artifact: Descriptor,
    /// Its signatures, in the order in which they were looked at.
    pub signatures: Vec<SignatureVerdict>,
}

impl Verdict {
    /// Whether one of the signatures verified. An artifact without signatures is not verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.signatures.iter().any(SignatureVerdict::is_verified)
    }
}

/// How many signatures of an artifact are looked at. Each costs time and calls, and whoever may write beside the artifact
/// decides how many there are.
const MAX_SIGNATURES: usize = 100;

/// Verifies an artifact of a registry or a layout with all of its signatures at strict level: every check is enforced.
///
/// # Errors
/// [`StoreError`] when the artifact or the list of its signatures cannot be read, or the list has more than 100. Whatever is
/// wrong with a signature is in the [`Verdict`].
pub async fn verify_artifact(
    store: &Store,
    target: &Target,
    trust: &Trust,
    config: &SignerConfig,
    now: OffsetDateTime,
    deadline: Deadline,
) -> Result<Verdict, StoreError> {
    let artifact = store.resolve(target).await?;
    let mut signatures = Vec::new();
    for signature in store.signatures(&artifact, MAX_SIGNATURES).await? {
        let mut verification =
            Verification { store, artifact: &artifact, trust, config, now, deadline, checks: Vec::new() };
        // The first failure is the last entry of the list; there is nothing to add to it.
        let _ = match signature.manifest {
            Ok(manifest) => verification.run(&manifest).await,
            Err(why) => verification.record(Check::Integrity, Err(failure(why))),
        };
        signatures.push(SignatureVerdict { manifest: signature.descriptor, checks: verification.checks });
    }
    Ok(Verdict { artifact, signatures })
}

/// The verification of one signature.
struct Verification<'a> {
    store: &'a Store,
    artifact: &'a Descriptor,
    trust: &'a Trust,
    config: &'a SignerConfig,
    now: OffsetDateTime,
    deadline: Deadline,
    checks: Vec<CheckResult>,
}

/// A check has failed, and is the last entry in the list of checks.
struct Failed;

impl Verification<'_> {
    async fn run(&mut self, manifest: &Manifest) -> Result<(), Failed> {
        let integrity = self.integrity(manifest).await;
        let envelope = self.record(Check::Integrity, integrity)?;
        let authenticity = self.authenticity(&envelope);
        let signer = self.record(Check::Authenticity, authenticity)?;
        let expiry = self.expiry(envelope.attributes());
        self.record(Check::Expiry, expiry)?;
        let revocation = self.revocation(&envelope, &signer).await;
        self.record(Check::Revocation, revocation)
    }

    /// Adds an outcome to the list, and gives what the check found for the checks that follow.
    fn record<T>(&mut self, check: Check, outcome: Result<(T, String), CheckFailure>) -> Result<T, Failed> {
        let (value, outcome) = match outcome {
            Ok((value, reason)) => (Ok(value), Ok(reason)),
            Err(failure) => (Err(Failed), Err(failure)),
        };
        self.checks.push(CheckResult { check, outcome });
        value
    }

    async fn integrity(&self, manifest: &Manifest) -> Result<(VerifiedEnvelope, String), CheckFailure> {
        let stored = manifest.envelope().map_err(failure)?;
        let bytes = self.store.blob(stored, MAX_ENVELOPE_SIZE as u64).await.map_err(failure)?;
        let envelope = Envelope::parse(&bytes).map_err(failure)?.verify(self.now).map_err(failure)?;
        let payload = Payload::parse(envelope.payload()).map_err(failure)?;
        if !payload.target_artifact.is_same_content(self.artifact) {
            return Err(CheckFailure::new(format!(
                "the signature is over {}, not over this artifact",
                payload.target_artifact.digest
            )));
        }
        let reason = format!("signed over {}, altered neither there nor in the envelope", self.artifact.digest);
        Ok((envelope, reason))
    }

    fn authenticity(&self, envelope: &VerifiedEnvelope) -> Result<(SignerAttributes, String), CheckFailure> {
        let signer = SignerAttributes::of(envelope.attributes()).map_err(failure)?;
        let anchor = trusted_certificate(envelope.chain(), &self.trust.roots).ok_or_else(|| {
            let root = envelope.chain().root().subject();
            CheckFailure::new(format!("no certificate of the chain is in the trust store; the chain ends in {root}"))
        })?;
        let identity = check_trusted_identity(&signer.profile_version, &self.trust.identities).map_err(failure)?;
        match identity {
            IdentityVerdict { trusted: true, reason } => {
                Ok((signer, format!("the chain ends in the trusted {}. {reason}", anchor.subject())))
            }
            IdentityVerdict { reason, .. } => Err(CheckFailure::new(reason)),
        }
    }

    fn expiry(&self, attributes: &SignedAttributes) -> Result<((), String), CheckFailure> {
        match attributes.expiry {
            None => Ok(((), "the signature does not expire".to_owned())),
            Some(expiry) if self.now >= expiry => {
                Err(CheckFailure::new(format!("the signature expired at {}", rfc3339(expiry))))
            }
            Some(expiry) => Ok(((), format!("the signature expires at {}", rfc3339(expiry)))),
        }
    }

    async fn revocation(
        &self,
        envelope: &VerifiedEnvelope,
        signer: &SignerAttributes,
    ) -> Result<((), String), CheckFailure> {
        let query = RevocationQuery {
            profile_version: &signer.profile_version,
            job: &signer.job,
            signing_time: envelope.attributes().signing_time,
            chain: envelope.chain(),
        };
        let not_checked = |why: &dyn fmt::Display| CheckFailure::new(format!("revocation could not be checked: {why}"));
        let location = signer.profile_version.location();
        let region = self.config.revocation_region(location).map_err(|why: ConfigError| not_checked(&why))?;
        let client = SignerClient::new(self.config, location.partition(), region).await;
        let revoked =
            revocation_status(&client, &query, self.deadline).await.map_err(|why: CallError| not_checked(&why))?;
        if revoked.is_empty() {
            return Ok(((), "AWS Signer knows of no revocation".to_owned()));
        }
        let names: Vec<String> = revoked.iter().map(ToString::to_string).collect();
        Err(CheckFailure { revoked, ..CheckFailure::new(format!("revoked: {}", names.join(", "))) })
    }
}

/// The certificate of the chain that is in the trust store, if one is.
fn trusted_certificate<'a>(chain: &'a CertificateChain, roots: &[Certificate]) -> Option<&'a Certificate> {
    chain.certificates().iter().find(|certificate| roots.contains(certificate))
}

fn failure(error: impl fmt::Display) -> CheckFailure {
    CheckFailure::new(error.to_string())
}
