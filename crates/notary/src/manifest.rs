//! Image manifests, and signature manifests among them: OCI image-spec, `manifest.md`; `signature-specification.md`,
//! "Storage".

use std::collections::BTreeMap;

use serde::Serialize;

use crate::envelope::{EnvelopeFormat, MAX_ENVELOPE_SIZE};
use crate::json::{JsonError, Object};
use crate::{Descriptor, DigestError, json};

/// The media type of an image manifest.
pub const IMAGE_MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an image's configuration.
pub const IMAGE_CONFIG_MEDIA_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of an image's layer, uncompressed.
pub const IMAGE_LAYER_MEDIA_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
/// The artifact type of signature manifests, or the media type of their configuration.
pub const SIGNATURE_MEDIA_TYPE: &str = "application/vnd.cncf.notary.signature";
/// The annotation with the SHA-256 thumbprints of the signature's certificate chain.
pub const THUMBPRINT_ANNOTATION: &str = "io.cncf.notary.x509chain.thumbprint#S256";
/// The content of an empty configuration.
pub const EMPTY_CONFIG: &[u8] = b"{}";

const EMPTY_MEDIA_TYPE: &str = "application/vnd.oci.empty.v1+json";
const MAX_LAYERS: usize = 4096;

/// Why a manifest is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The JSON is malformed, or a member is missing or of another type.
    #[error("the manifest is malformed: {0}")]
    Json(#[from] JsonError),
    /// A digest is malformed.
    #[error("the manifest is malformed: {0}")]
    Digest(#[from] DigestError),
    /// The manifest type is not supported or ambiguous.
    #[error("unsupported manifest type: {0}")]
    Kind(String),
    /// The manifest has neither of the two forms that the specification defines for signatures.
    #[error("not a signature manifest: {0}")]
    NotASignature(&'static str),
    /// The manifest is that of a signature, but its envelope has an unknown format.
    #[error(
        "the signature has an envelope of an unknown format, {0:?}: the JWS format and the COSE format are supported"
    )]
    UnknownFormat(String),
    /// The envelope is larger than [`MAX_ENVELOPE_SIZE`].
    #[error("the envelope has {size} bytes, more than {MAX_ENVELOPE_SIZE} bytes, the limit")]
    LargeEnvelope {
        /// The size of the envelope in bytes.
        size: u64,
    },
}

/// How a manifest identifies itself as a signature. Both forms are supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureForm {
    /// By the media type of its configuration. Every version of notation and every registry supports this form.
    #[default]
    Config,
    /// By its artifact type, with an empty configuration: the newer form.
    ArtifactType,
}

impl SignatureForm {
    /// The media type of the configuration, whose content is [`EMPTY_CONFIG`] in both forms.
    #[must_use]
    pub fn config_media_type(self) -> &'static str {
        match self {
            Self::Config => SIGNATURE_MEDIA_TYPE,
            Self::ArtifactType => EMPTY_MEDIA_TYPE,
        }
    }
}

/// The members of an image manifest that this project reads and writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u8,
    media_type: &'static str,
    /// The artifact's type, in the newer form of signature manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers.
    pub layers: Vec<Descriptor>,
    /// The artifact that this manifest refers to, such as the signed artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest of an image.
    #[must_use]
    pub fn image(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: IMAGE_MANIFEST_MEDIA_TYPE,
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The manifest of a signature over `subject` with an envelope in its JWS form. The manifest has the form that
    /// every version of notation supports.
    #[must_use]
    pub fn signature(subject: Descriptor, envelope: &[u8], annotations: BTreeMap<String, String>) -> Self {
        Self::signature_in(SignatureForm::default(), EnvelopeFormat::Jws, subject, envelope, annotations)
    }

    /// The manifest of a signature over `subject` in the given form, with an envelope in the given format.
    #[must_use]
    pub fn signature_in(
        form: SignatureForm,
        format: EnvelopeFormat,
        subject: Descriptor,
        envelope: &[u8],
        annotations: BTreeMap<String, String>,
    ) -> Self {
        Self {
            artifact_type: (form == SignatureForm::ArtifactType).then(|| SIGNATURE_MEDIA_TYPE.to_owned()),
            subject: Some(subject),
            annotations,
            ..Self::image(
                Descriptor::from_content(form.config_media_type(), EMPTY_CONFIG),
                vec![Descriptor::from_content(format.media_type(), envelope)],
            )
        }
    }

    /// Parses an image manifest. Unknown members are ignored, as the specification requires.
    ///
    /// # Errors
    /// Returns [`ManifestError`], which names the member, if the manifest is malformed or not an image manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let mut manifest = json::parse_object("manifest", bytes)?;
        let version = manifest.take("schemaVersion");
        if version.as_ref().and_then(serde_json::Value::as_u64) != Some(2) {
            return Err(manifest.missing("schemaVersion 2").into());
        }
        if let Some(media_type) = manifest.optional_string("mediaType")?
            && media_type != IMAGE_MANIFEST_MEDIA_TYPE
        {
            return Err(ManifestError::NotASignature("its mediaType is not that of an image manifest"));
        }
        let mut config = manifest.object("config")?;
        let layers = manifest.objects("layers", MAX_LAYERS)?;
        Ok(Self {
            artifact_type: manifest.optional_string("artifactType")?,
            subject: manifest.optional_object("subject")?.as_mut().map(descriptor).transpose()?,
            annotations: manifest.optional_object("annotations")?.map_or(Ok(BTreeMap::new()), Object::into_strings)?,
            ..Self::image(
                descriptor(&mut config)?,
                layers.into_iter().map(|mut layer| descriptor(&mut layer)).collect::<Result<_, _>>()?,
            )
        })
    }

    /// Whether this is a signature manifest in one of the two forms. A mixture of both is not.
    #[must_use]
    pub fn is_signature(&self) -> bool {
        match self.artifact_type.as_deref() {
            None => self.config.media_type == SIGNATURE_MEDIA_TYPE,
            Some(SIGNATURE_MEDIA_TYPE) => self.config.media_type == EMPTY_MEDIA_TYPE,
            Some(_) => false,
        }
    }

    /// Checks that this is a signature manifest, as [`Self::is_signature`] does.
    ///
    /// # Errors
    /// Returns [`ManifestError::NotASignature`] if it is not.
    pub fn check_is_signature(&self) -> Result<(), ManifestError> {
        if self.is_signature() {
            return Ok(());
        }
        Err(ManifestError::NotASignature("wrong configuration media type or artifact type"))
    }

    /// The format and the descriptor of the envelope in a signature manifest.
    ///
    /// # Errors
    /// Returns [`ManifestError::NotASignature`] unless this is a signature manifest with exactly one layer, the
    /// envelope, [`ManifestError::UnknownFormat`] if the envelope is in neither format, and
    /// [`ManifestError::LargeEnvelope`] if it is too large to be read.
    pub fn envelope(&self) -> Result<(EnvelopeFormat, &Descriptor), ManifestError> {
        self.check_is_signature()?;
        let [envelope] = &self.layers[..] else {
            return Err(ManifestError::NotASignature("it must have exactly one layer, the envelope"));
        };
        let Some(format) = EnvelopeFormat::from_media_type(&envelope.media_type) else {
            return Err(ManifestError::UnknownFormat(envelope.media_type.clone()));
        };
        if envelope.size > MAX_ENVELOPE_SIZE as u64 {
            return Err(ManifestError::LargeEnvelope { size: envelope.size });
        }
        Ok((format, envelope))
    }

    /// The manifest's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Cannot fail: every value is a string or a number, and every map key is a string.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Parses a descriptor of a manifest or an index. Unknown members are ignored.
///
/// # Errors
/// Returns [`ManifestError`] if a member is missing or malformed.
pub fn descriptor(object: &mut Object) -> Result<Descriptor, ManifestError> {
    Ok(Descriptor {
        media_type: object.string("mediaType")?,
        digest: object.string("digest")?.parse()?,
        size: object.unsigned("size")?,
        artifact_type: object.optional_string("artifactType")?,
        annotations: object.optional_object("annotations")?.map_or(Ok(BTreeMap::new()), Object::into_strings)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::envelope::JWS_MEDIA_TYPE;

    /// A signature manifest after `change`.
    fn parsed(change: impl FnOnce(&mut serde_json::Value)) -> Result<Manifest, ManifestError> {
        let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"image");
        let manifest = Manifest::signature(subject, b"envelope", BTreeMap::new());
        let mut json = serde_json::from_slice(&manifest.to_bytes()).unwrap();
        change(&mut json);
        Manifest::parse(json.to_string().as_bytes())
    }

    #[test]
    fn accepts_two_signature_forms_but_no_mixture() {
        let forms = [
            (None, SIGNATURE_MEDIA_TYPE, true),
            (Some(SIGNATURE_MEDIA_TYPE), EMPTY_MEDIA_TYPE, true),
            (Some(SIGNATURE_MEDIA_TYPE), SIGNATURE_MEDIA_TYPE, false),
            (Some(SIGNATURE_MEDIA_TYPE), IMAGE_CONFIG_MEDIA_TYPE, false),
            (Some("application/vnd.example"), SIGNATURE_MEDIA_TYPE, false),
            (Some(""), SIGNATURE_MEDIA_TYPE, false),
            (None, EMPTY_MEDIA_TYPE, false),
            (None, "application/vnd.cncf.notary.Signature", false),
        ];
        for (artifact_type, config, expected) in forms {
            let manifest = parsed(|m| {
                m["config"]["mediaType"] = config.into();
                m["artifactType"] = artifact_type.into();
            });
            let manifest = manifest.unwrap();
            assert_eq!(manifest.is_signature(), expected, "{artifact_type:?} {config}");
            assert_eq!(manifest.envelope().is_ok(), expected, "{artifact_type:?} {config}");
        }
    }

    #[test]
    fn round_trips_both_signature_forms() {
        for form in [SignatureForm::Config, SignatureForm::ArtifactType] {
            let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
            let manifest = Manifest::signature_in(form, EnvelopeFormat::Cose, subject, b"envelope", BTreeMap::new());
            assert_eq!(Manifest::parse(&manifest.to_bytes()).as_ref(), Ok(&manifest));
            assert!(manifest.envelope().is_ok(), "{form:?}");
            assert_eq!(manifest.config, Descriptor::from_content(form.config_media_type(), EMPTY_CONFIG));
            assert_eq!(manifest.artifact_type.is_some(), form == SignatureForm::ArtifactType);
        }
    }

    #[test]
    fn requires_exactly_one_layer_with_an_envelope() {
        let layer = serde_json::to_value(Descriptor::from_content(JWS_MEDIA_TYPE, b"other")).unwrap();
        let two = parsed(|m| m["layers"].as_array_mut().unwrap().push(layer)).unwrap();
        assert!(two.is_signature() && two.envelope().is_err());
        let none = parsed(|m| m["layers"] = serde_json::json!([])).unwrap();
        assert!(none.is_signature() && none.envelope().is_err());
        for format in EnvelopeFormat::ALL {
            let other = parsed(|m| m["layers"][0]["mediaType"] = format.media_type().into()).unwrap();
            assert_eq!(other.envelope().unwrap().0, format);
        }
        for media_type in ["application/jose", "application/JOSE+json", "application/COSE", "application/cose+cbor"] {
            let other = parsed(|m| m["layers"][0]["mediaType"] = media_type.into()).unwrap();
            assert!(matches!(other.envelope(), Err(ManifestError::UnknownFormat(found)) if found == media_type));
        }
    }

    #[test]
    fn rejects_malformed_manifests() {
        type Change = fn(&mut serde_json::Value);
        let changes: [Change; 9] = [
            |m| m["schemaVersion"] = 1.into(),
            |m| m["schemaVersion"] = "2".into(),
            |m| m["mediaType"] = "application/vnd.oci.image.index.v1+json".into(),
            |m| m["config"] = serde_json::json!([]),
            |m| m["layers"][0]["digest"] = "sha256:../../x".into(),
            |m| m["layers"][0]["size"] = (-1).into(),
            |m| m["layers"] = serde_json::json!({"0": {}}),
            |m| m["subject"]["digest"] = "sha256:".into(),
            |m| m["annotations"] = serde_json::json!({"a": 1}),
        ];
        for (i, change) in changes.into_iter().enumerate() {
            assert!(parsed(change).is_err(), "change {i}");
        }
        let text = String::from_utf8(parsed(|_| ()).unwrap().to_bytes()).unwrap();
        let twice = text.replacen("\"layers\":", "\"layers\":[],\"layers\":", 1);
        assert!(matches!(Manifest::parse(twice.as_bytes()), Err(ManifestError::Json(_))));
    }
}
