//! Signs one artifact and, with `--recursive`, the manifests of an index.

use std::path::PathBuf;

use aws_names::ProfileArn;
use aws_signer::SignerClient;
use limits::{Deadline, RateLimit};
use notary::manifest::SignatureForm;
use notary::media_type::is_index;
use notary::text::printable;
use notary::trust::policy::{TrustedIdentity, ValidationType};
use notary::{Descriptor, Disposition, ReasonCode, UserMetadata};
use notation::sign::{attach, sign_descriptor};
use notation::verify::{
    CheckOutcome, Conclusion, Demands, SignatureVerdict, Trust, Verdict, VerificationPolicy, Verifier,
};
use registry::{RegistryClient, Store, Tree};
use time::OffsetDateTime;

use super::own::OwnSigning;
use super::report::{IgnoredSignatures, SignedArtifactReport, SigningOutcome};
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::roots::roots;
use crate::output::artifacts::PassedOver;
use crate::output::exit::CliError;
use crate::output::file::OutputFile;
use crate::output::vocabulary::{SignatureReport, SignedContent};
use crate::verification::{CheckedSignature, verdict_error};

/// The settings for all artifacts of a command.
pub(super) struct Signing {
    pub signer: Signer,
    pub recursive: bool,
    /// With `--if-unsigned`: artifacts with a signature that this policy accepts are skipped.
    pub if_unsigned: Option<VerificationPolicy>,
    /// How that is verified.
    pub verifier: Verifier,
    /// The metadata to sign, which a signature must have for the artifact to be skipped.
    pub user_metadata: UserMetadata,
    pub detach: Option<OutputFile>,
    pub dry_run: bool,
    pub form: SignatureForm,
    pub rate: Option<RateLimit>,
    pub registry: RegistryClient,
}

/// Who signs.
pub(super) enum Signer {
    /// AWS Signer, with a signing profile.
    AwsSigner { profile: ProfileArn, client: Box<SignerClient> },
    /// Another one.
    Own(Box<OwnSigning>),
}

/// The policy of `--if-unsigned`: a valid signature by this profile.
pub(super) fn trust(
    if_unsigned: bool,
    files: &[PathBuf],
    profile: &ProfileArn,
) -> Result<Option<VerificationPolicy>, CliError> {
    let trust = || {
        Ok(Trust { roots: roots(files)?, identities: vec![TrustedIdentity::SigningProfile(profile.clone())] }.into())
    };
    if_unsigned.then(trust).transpose()
}

/// Signs the artifact and, with `--recursive`, everything that an index lists. An index is signed after its manifests,
/// and only if they all were signed.
pub(super) async fn sign(signing: &Signing, reference: &ArtifactReference) -> Vec<SignedArtifactReport> {
    let (store, Tree { manifests: artifacts, others, unknown, .. }) = match find(signing, reference).await {
        Ok(found) => found,
        Err(why) => return vec![SignedArtifactReport::failed(reference, None, why)],
    };
    let mut reports = Vec::with_capacity(artifacts.len());
    for artifact in &artifacts {
        let signed = sign_one(signing, reference, &store, artifact).await;
        let is_failed = signed.is_err();
        let mut report = signed.unwrap_or_else(|why| SignedArtifactReport::failed(reference, Some(artifact), why));
        // The index itself comes last.
        report.is_listed = artifacts.last() != Some(artifact);
        reports.push(report);
        if is_failed {
            break;
        }
    }
    if let Some(last) = reports.last_mut() {
        last.passed_over = PassedOver { others, unknown };
    }
    reports
}

/// Resolves the artifact, and lists what to sign.
async fn find(signing: &Signing, reference: &ArtifactReference) -> Result<(Store, Tree), CliError> {
    let OpenedArtifact { store, target } = reference.open(&signing.registry)?;
    let artifact = store.resolve(&target).await?;
    if !signing.recursive {
        return Ok((store, Tree::of(artifact)));
    }
    let artifacts = store.tree(&artifact, Store::MAX_MANIFESTS).await?;
    for listed in artifacts.manifests.iter().filter(|listed| !is_index(&listed.media_type)) {
        // An index may list manifests that are not in the store.
        store.manifest(listed).await?;
    }
    Ok((store, artifacts))
}

async fn sign_one(
    signing: &Signing,
    reference: &ArtifactReference,
    store: &Store,
    artifact: &Descriptor,
) -> Result<SignedArtifactReport, CliError> {
    let mut ignored = None;
    if let Some(policy) = &signing.if_unsigned {
        ignored = match existing(signing, policy, store, artifact).await? {
            ExistingSignature::Valid(signature) => {
                let report = SignedArtifactReport::new(reference, artifact, SigningOutcome::AlreadySigned);
                return Ok(report.with_signature(*signature));
            }
            ExistingSignature::None(ignored) => ignored,
        };
    }
    if signing.dry_run {
        let report = SignedArtifactReport::new(reference, artifact, SigningOutcome::WouldSign);
        return Ok(report.with_ignored(ignored));
    }
    if let Some(rate) = &signing.rate {
        rate.wait().await;
    }
    let deadline = Deadline::new(signing.verifier.limits().time);
    let (profile, client) = match &signing.signer {
        Signer::AwsSigner { profile, client } => (profile, client),
        Signer::Own(own) => {
            let signature = own.sign(signing, store, artifact, deadline).await?;
            let report = SignedArtifactReport::new(reference, artifact, SigningOutcome::Signed);
            return Ok(report.with_signature(signature));
        }
    };
    let metadata = signing.user_metadata.clone();
    let signed = sign_descriptor(artifact.clone(), metadata, client, profile, deadline).await?;
    let signature = match &signing.detach {
        Some(file) => {
            let envelope = &signed.signature.envelope;
            file.write(envelope, 0o644)?;
            SignatureReport::from_file(file.path(), envelope)
        }
        None => SignatureReport::from_manifest(&attach(store, &signed, signing.form).await?),
    };
    let verified = &signed.signature.verified;
    let certificates = verified.chain().certificates();
    let metadata = signing.user_metadata.as_map().clone();
    let content = SignedContent::new(
        verified.format(),
        verified.attributes(),
        certificates,
        metadata,
        Some(&signed.signature.signer),
    );
    let report = SignedArtifactReport::new(reference, artifact, SigningOutcome::Signed).with_ignored(ignored);
    Ok(report.with_signature(signature.with_content(content)))
}

/// The signature by the profile that an artifact has already.
enum ExistingSignature {
    /// A valid one.
    Valid(Box<SignatureReport>),
    /// No valid one, but maybe some under another root.
    None(Option<IgnoredSignatures>),
}

async fn existing(
    signing: &Signing,
    policy: &VerificationPolicy,
    store: &Store,
    artifact: &Descriptor,
) -> Result<ExistingSignature, CliError> {
    let demands = Demands { user_metadata: signing.user_metadata.clone(), ..Demands::default() };
    let now = OffsetDateTime::now_utc();
    let verdict = signing.verifier.verify_resolved(store, artifact, policy, &demands, now).await?;
    match verdict.conclusion() {
        Conclusion::Verified => {
            let verified = verdict.signatures.iter().find(|signature| signature.is_verified());
            Ok(match verified {
                Some(verified) => ExistingSignature::Valid(Box::new(CheckedSignature::new(verified).signature)),
                None => ExistingSignature::None(None),
            })
        }
        Conclusion::NotVerified(Disposition::Refused) | Conclusion::Skipped => {
            Ok(ExistingSignature::None(match &signing.signer {
                Signer::AwsSigner { profile, .. } => under_other_roots(&verdict, profile),
                Signer::Own(_) => None,
            }))
        }
        Conclusion::NotVerified(Disposition::Undetermined | Disposition::Misconfigured) => {
            let why = verdict_error(&verdict);
            let why = why.unwrap_or_else(|| CliError::new(ReasonCode::Internal, "there is no verdict"));
            Err(why.context("could not check for an existing signature (--if-unsigned)"))
        }
    }
}

/// The signatures that name the profile, but chain to a root that is not trusted.
fn under_other_roots(verdict: &Verdict, profile: &ProfileArn) -> Option<IgnoredSignatures> {
    let is_ignored = |signature: &&SignatureVerdict| {
        let version = signature.signed.as_ref().and_then(|signed| signed.profile_version.as_ref());
        version.is_some_and(|version| version.profile() == Some(profile))
            && signature.outcome(ValidationType::Authenticity).is_some_and(CheckOutcome::is_failed)
    };
    let others: Vec<_> = verdict.signatures.iter().filter(is_ignored).collect();
    let root = others.first()?.signed.as_ref()?.root();
    Some(IgnoredSignatures { signatures: others.len(), root: printable(root) })
}
