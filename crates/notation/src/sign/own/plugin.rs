//! A signing plugin of notation: `plugin-extensibility.md`, "Signing interfaces". Plugins that return envelopes and
//! plugins that return raw signatures are supported.

use std::collections::BTreeMap;

use limits::Deadline;
use notary::envelope::build::UnprotectedAttributes;
use notary::envelope::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use notary::is_reserved_annotation;
use notary::plugin::{
    Capability, Command, DescribeKeyResponse, GenerateEnvelopeRequest, GenerateSignatureResponse, GeneratedEnvelope,
    describe_key_request, generate_signature_request, signing_algorithm,
};
use notary::text::printable;
use time::OffsetDateTime;

use super::error::OwnSignError as E;
use super::{OwnSignature, SIGNING_AGENT, to_be_signed};
use crate::plugin_host::{PluginError, PluginFolder, Program};

/// A plugin with the key that it signs with.
#[derive(Debug, Clone)]
pub struct SigningPlugin {
    folder: PluginFolder,
    name: String,
    key_id: String,
}

impl SigningPlugin {
    /// The plugin `name` of a folder, which gets the folder's configuration, with the key `key_id`.
    #[must_use]
    pub fn new(folder: PluginFolder, name: String, key_id: String) -> Self {
        Self { folder, name, key_id }
    }

    /// Has the plugin sign a payload in an envelope of this form. The signature is not checked yet.
    pub(super) async fn sign(
        &self,
        format: EnvelopeFormat,
        payload: &[u8],
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<OwnSignature, E> {
        let plugin = Program::find(&self.folder, &self.name, deadline).await.map_err(|why| self.failed(why))?;
        // As in notation, raw signatures come first.
        if plugin.can(Capability::SignatureGenerator) {
            self.sign_raw(&plugin, format, payload, now).await
        } else if plugin.can(Capability::EnvelopeGenerator) {
            self.sign_envelope(&plugin, format, payload).await
        } else {
            Err(self.failed(PluginError::NoSigner))
        }
    }

    async fn sign_raw(
        &self,
        plugin: &Program,
        format: EnvelopeFormat,
        payload: &[u8],
        now: OffsetDateTime,
    ) -> Result<OwnSignature, E> {
        let config = self.folder.plugin_config();
        let command = Command::DescribeKey;
        let answer = self.ask(plugin, command, &describe_key_request(&self.key_id, config)).await?;
        let key = DescribeKeyResponse::parse(answer).map_err(|why| self.answer(format!("{command}: {why}")))?;
        self.check_key(command, &key.key_id)?;

        let unsigned = to_be_signed(format, payload, key.algorithm, now)?;
        let command = Command::GenerateSignature;
        let request = generate_signature_request(&self.key_id, key.algorithm, unsigned.bytes(), config);
        let answer = self.ask(plugin, command, &request).await?;
        let signed = GenerateSignatureResponse::parse(answer);
        let signed = signed.map_err(|why| self.answer(format!("{command}: {why}")))?;
        self.check_key(command, &signed.key_id)?;
        let expected = signing_algorithm(key.algorithm);
        if signed.signing_algorithm != expected {
            let found = printable(&signed.signing_algorithm);
            return Err(self.answer(format!("{command} used the algorithm {found:?}, but the key needs {expected}")));
        }
        let unprotected = UnprotectedAttributes {
            chain: &signed.certificate_chain,
            signing_agent: SIGNING_AGENT,
            timestamp_signature: None,
        };
        let envelope = unsigned.into_envelope(&signed.signature, unprotected);
        Ok(OwnSignature { envelope, annotations: BTreeMap::new() })
    }

    async fn sign_envelope(&self, plugin: &Program, format: EnvelopeFormat, payload: &[u8]) -> Result<OwnSignature, E> {
        let media_type = format.media_type();
        let request = GenerateEnvelopeRequest {
            key_id: self.key_id.clone(),
            payload_type: PAYLOAD_MEDIA_TYPE.to_owned(),
            envelope_type: media_type.to_owned(),
            payload: payload.to_vec(),
            expiry_in_seconds: None,
            plugin_config: self.folder.plugin_config().clone(),
        };
        let command = Command::GenerateEnvelope;
        let answer = self.ask(plugin, command, &request.to_json()).await?;
        let generated = GeneratedEnvelope::parse(answer).map_err(|why| self.answer(format!("{command}: {why}")))?;
        if generated.media_type != media_type {
            let found = printable(&generated.media_type);
            return Err(self.answer(format!("{command} returned an envelope of the type {found:?}, not {media_type}")));
        }
        // The thumbprints are computed from the envelope when it is attached; the other reserved names mean nothing.
        let mut annotations = generated.annotations;
        annotations.retain(|name, _| !is_reserved_annotation(name));
        Ok(OwnSignature { envelope: generated.envelope, annotations })
    }

    async fn ask(&self, plugin: &Program, command: Command, request: &str) -> Result<notary::json::Object, E> {
        plugin.ask(command, request).await.map_err(|why| self.failed(why))
    }

    fn check_key(&self, command: Command, answered: &str) -> Result<(), E> {
        match answered == self.key_id {
            true => Ok(()),
            false => {
                let found = printable(answered);
                Err(self.answer(format!("{command} answered for the key {found:?}, not for {:?}", self.key_id)))
            }
        }
    }

    fn failed(&self, source: PluginError) -> E {
        E::Plugin { name: self.name.clone(), source: Box::new(source) }
    }

    fn answer(&self, why: String) -> E {
        E::Answer { name: self.name.clone(), why }
    }
}
