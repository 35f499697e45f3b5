//! Signs one artifact and, with `--recursive`, the manifests of an index.

use std::path::PathBuf;

use aws_names::ProfileArn;
use aws_signer::SignerClient;
use limits::Deadline;
use notary::Descriptor;
use notary::manifest::SignatureForm;
use notary::media_type::is_index;
use notary::text::printable;
use notary::trust::policy::ValidationType;
use notation::sign::{attach, sign_descriptor};
use notation::verify::{
    CheckOutcome, Conclusion, SignatureDetails, SignatureVerdict, Trust, Verdict, VerificationPolicy, VerifyOptions,
    verify_signatures,
};
use registry::{RegistryClient, Store};
use time::OffsetDateTime;

use super::report::{ArtifactReport, NotCounted, Outcome, SignatureReport};
use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::roots::roots;
use crate::output::exit::CliError;
use crate::output::file::OutputFile;
use crate::parallel::RateLimit;

/// The settings for all artifacts of a command.
pub(super) struct Signing {
    pub profile: ProfileArn,
    pub recursive: bool,
    /// With `--if-unsigned`: artifacts with a signature that this policy accepts are skipped.
    pub if_unsigned: Option<VerificationPolicy>,
    /// The options of that verification. Signing uses the time budget and the metadata, too.
    pub options: VerifyOptions,
    pub detach: Option<OutputFile>,
    pub dry_run: bool,
    pub form: SignatureForm,
    pub rate: RateLimit,
    pub registry: RegistryClient,
    pub client: SignerClient,
}

/// The policy of `--if-unsigned`: a valid signature by this profile.
pub(super) fn trust(
    if_unsigned: bool,
    files: &[PathBuf],
    profile: &ProfileArn,
) -> Result<Option<VerificationPolicy>, CliError> {
    let trust = || Ok(Trust { roots: roots(files)?, identities: vec![profile.to_string()] }.into());
    if_unsigned.then(trust).transpose()
}

/// Signs the artifact and, with `--recursive`, everything that an index lists. An index is signed after its manifests, and only if
/// they all were signed.
pub(super) async fn sign(signing: &Signing, place: Place) -> Vec<ArtifactReport> {
    let (store, artifacts) = match find(signing, &place).await {
        Ok(found) => found,
        Err(why) => return vec![ArtifactReport::failed(&place, None, why)],
    };
    let mut reports = Vec::with_capacity(artifacts.len());
    for artifact in &artifacts {
        match sign_one(signing, &place, &store, artifact).await {
            Ok(report) => reports.push(report),
            Err(why) => {
                reports.push(ArtifactReport::failed(&place, Some(artifact), why));
                break;
            }
        }
    }
    reports
}

/// Resolves the artifact, and lists what to sign.
async fn find(signing: &Signing, place: &Place) -> Result<(Store, Vec<Descriptor>), CliError> {
    let Opened { store, target } = place.open(&signing.registry)?;
    let artifact = store.resolve(&target).await?;
    if !signing.recursive {
        return Ok((store, vec![artifact]));
    }
    let artifacts = store.tree(&artifact, Store::MAX_MANIFESTS).await?;
    for listed in artifacts.iter().filter(|listed| !is_index(&listed.media_type)) {
        // An index may list manifests that are not in the store.
        store.manifest(listed).await?;
    }
    Ok((store, artifacts))
}

async fn sign_one(
    signing: &Signing,
    place: &Place,
    store: &Store,
    artifact: &Descriptor,
) -> Result<ArtifactReport, CliError> {
    let mut not_counted = None;
    if let Some(policy) = &signing.if_unsigned {
        not_counted = match look(signing, policy, store, artifact).await? {
            Found::Signed => return Ok(ArtifactReport::new(place, artifact, Outcome::AlreadySigned)),
            Found::Unsigned(not_counted) => not_counted,
        };
    }
    if signing.dry_run {
        return Ok(ArtifactReport::new(place, artifact, Outcome::WouldSign).with_not_counted(not_counted));
    }
    signing.rate.wait().await;
    let deadline = Deadline::new(signing.options.budget);
    let metadata = signing.options.user_metadata.clone();
    let signed = sign_descriptor(artifact.clone(), metadata, &signing.client, &signing.profile, deadline).await?;
    let mut signature = SignatureReport::of(&signed);
    match &signing.detach {
        Some(file) => {
            file.write(&signed.signature.envelope, 0o644)?;
            signature.file = Some(file.path().to_owned());
        }
        None => signature.digest = Some(attach(store, &signed, signing.form).await?.digest.to_string()),
    }
    let report = ArtifactReport::new(place, artifact, Outcome::Signed).with_not_counted(not_counted);
    Ok(report.with_signature(signature))
}

/// Whether an artifact already has a valid signature by the profile.
enum Found {
    Signed,
    Unsigned(Option<NotCounted>),
}

async fn look(
    signing: &Signing,
    policy: &VerificationPolicy,
    store: &Store,
    artifact: &Descriptor,
) -> Result<Found, CliError> {
    let options = VerifyOptions { now: OffsetDateTime::now_utc(), ..signing.options.clone() };
    let verdict = verify_signatures(store, artifact, policy, &options).await?;
    match verdict.conclusion() {
        conclusion @ (Conclusion::Undetermined | Conclusion::Misconfigured) => {
            let refusals = || verdict.signatures().iter().filter_map(SignatureVerdict::refusal);
            let why = refusals().find(|why| why.misconfigured).or_else(|| refusals().find(|why| why.undetermined));
            let why = why.map(ToString::to_string).unwrap_or_default();
            let why = format!("could not check for an existing signature (--if-unsigned): {why}");
            Err(CliError::new(conclusion.into(), why))
        }
        Conclusion::Verified => Ok(Found::Signed),
        Conclusion::Refused | Conclusion::Skipped => Ok(Found::Unsigned(not_counted(&verdict, &signing.profile))),
    }
}

/// The signatures that name the profile, but chain to a root that is not trusted.
fn not_counted(verdict: &Verdict, profile: &ProfileArn) -> Option<NotCounted> {
    let under_another_root = |signature: &&SignatureVerdict| {
        let signer = signature.signature.as_ref().and_then(SignatureDetails::aws_signer);
        signer.is_some_and(|signer| signer.profile_version.profile() == profile)
            && signature.outcome(ValidationType::Authenticity).is_some_and(CheckOutcome::is_refused)
    };
    let others: Vec<_> = verdict.signatures().iter().filter(under_another_root).collect();
    let root = others.first()?.signature.as_ref()?.envelope.chain().root().subject();
    Some(NotCounted { signatures: others.len(), root: printable(&root) })
}
