//! The results of `sign`: docs/output/sign.schema.json.

use std::path::PathBuf;

use notary::Descriptor;
use notary::text::rfc3339;
use notation::sign::SignedArtifact;
use serde::{Serialize, Serializer};

use crate::arguments::artifact_reference::Place;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::report::{ArtifactStatus, ErrorReport};
use crate::output::{BAD, DIM, GOOD, Output, WARN, paint};

/// The result for an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Signed,
    AlreadySigned,
    WouldSign,
    Failed,
}

/// One artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactReport {
    /// The name on the command line.
    reference: String,
    /// The name by digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptor: Option<Descriptor>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureReport>,
    /// How many signatures name the profile, but chain to a root that is not trusted.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "number")]
    not_counted: Option<NotCounted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorReport>,
}

/// Signatures that name the profile, but are ignored because they chain to a root that is not trusted.
#[derive(Debug)]
pub(super) struct NotCounted {
    pub signatures: usize,
    /// The subject of the first one's root.
    pub root: String,
}

fn number<S: Serializer>(not_counted: &Option<NotCounted>, serializer: S) -> Result<S::Ok, S::Error> {
    not_counted.as_ref().map(|not_counted| not_counted.signatures).serialize(serializer)
}

/// A new signature.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureReport {
    /// The digest of its manifest, if it is attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The file with the envelope, if it is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    pub profile_version: String,
    pub job: String,
    pub signing_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
}

impl SignatureReport {
    pub(super) fn of(signed: &SignedArtifact) -> Self {
        let attributes = signed.signature.verified.attributes();
        Self {
            digest: None,
            file: None,
            profile_version: signed.signature.signer.profile_version.to_string(),
            job: signed.signature.signer.job.to_string(),
            signing_time: rfc3339(attributes.signing_time),
            expiry: attributes.expiry.map(rfc3339),
        }
    }
}

impl ArtifactStatus for ArtifactReport {
    fn status(&self) -> ExitStatus {
        self.error.as_ref().map_or(ExitStatus::Done, |error| error.exit)
    }
}

impl ArtifactReport {
    pub(super) fn new(place: &Place, descriptor: &Descriptor, outcome: Outcome) -> Self {
        Self {
            reference: place.to_string(),
            artifact: Some(place.pinned(&descriptor.digest)),
            descriptor: Some(descriptor.clone()),
            outcome,
            signature: None,
            not_counted: None,
            error: None,
        }
    }

    pub(super) fn with_not_counted(self, not_counted: Option<NotCounted>) -> Self {
        Self { not_counted, ..self }
    }

    pub(super) fn with_signature(self, signature: SignatureReport) -> Self {
        Self { signature: Some(signature), ..self }
    }

    pub(super) fn failed(place: &Place, descriptor: Option<&Descriptor>, why: CliError) -> Self {
        Self {
            reference: place.to_string(),
            artifact: descriptor.map(|descriptor| place.pinned(&descriptor.digest)),
            descriptor: descriptor.cloned(),
            outcome: Outcome::Failed,
            signature: None,
            not_counted: None,
            error: Some(why.into()),
        }
    }

    /// Writes the report as text.
    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        let name = self.artifact.as_ref().unwrap_or(&self.reference);
        if let Some(error) = &self.error {
            output.error(format!("{name}: {}", error.message));
            return Ok(());
        }
        let (style, word) = match self.outcome {
            Outcome::Signed => (GOOD, "signed"),
            Outcome::AlreadySigned => (GOOD, "already signed"),
            Outcome::WouldSign => (WARN, "would be signed"),
            Outcome::Failed => (BAD, "not signed"),
        };
        output.text(format!("{name} {}", paint(style, word)))?;
        if let Some(NotCounted { signatures, root }) = &self.not_counted {
            let (which, verb, chain) = match signatures {
                1 => ("signature that names", "was", "its chain ends"),
                _ => ("signatures that name", "were", "the chain of the first ends"),
            };
            output.note(paint(
                WARN,
                format!(
                    "{signatures} {which} this profile {verb} ignored: {chain} in {root}, which is not trusted; if this is your \
                     root, pass it with --root"
                ),
            ));
        }
        let Some(signature) = &self.signature else { return Ok(()) };
        let line = |name: &str, value: &str| output.text(format!("  {} {value}", paint(DIM, format!("{name:15}"))));
        if let Some(digest) = &signature.digest {
            line("signature", digest)?;
        }
        if let Some(file) = &signature.file {
            line("signature file", &file.display().to_string())?;
        }
        line("profile version", &signature.profile_version)?;
        line("job", &signature.job)?;
        signature.expiry.as_ref().map_or(Ok(()), |expiry| line("expires", expiry))
    }
}
