//! A signing plugin of notation: `plugin-extensibility.md`, "Signing interfaces". Plugins that return envelopes and
//! plugins that return raw signatures are supported.

use std::collections::BTreeMap;

use limits::Deadline;
use notary::envelope::build::UnprotectedAttributes;
use notary::envelope::{PAYLOAD_MEDIA_TYPE, SignatureAlgorithm};
use notary::is_reserved_annotation;
use notary::plugin::{
    Capability, Command, DescribeKeyResponse, GenerateEnvelopeRequest, GenerateSignatureResponse, GeneratedEnvelope,
    describe_key_request, generate_signature_request, signing_algorithm,
};
use notary::text::printable;

use super::error::OwnSignError as E;
use super::{SIGNING_AGENT, SigningOptions, Unchecked, to_be_signed};
use crate::plugin_host::{PluginError, PluginFolder, Program};

/// A plugin with the key that it signs with.
#[derive(Debug, Clone)]
pub struct SigningPlugin {
    folder: PluginFolder,
    name: String,
    key_id: String,
}

/// A plugin that was found, and the algorithm of its key.
pub(super) struct DescribedKey {
    plugin: Program,
    /// The algorithm of the key's signatures.
    pub(super) algorithm: SignatureAlgorithm,
}

impl SigningPlugin {
    /// The plugin `name` of a folder, which gets the folder's configuration, with the key `key_id`.
    #[must_use]
    pub fn new(folder: PluginFolder, name: String, key_id: String) -> Self {
        Self { folder, name, key_id }
    }

    /// Asks for the algorithm of the key's signatures. Plugins that return envelopes do not tell it beforehand, as
    /// blobs need.
    pub(super) async fn described(&self, deadline: Deadline) -> Result<DescribedKey, E> {
        let plugin = self.find(deadline).await?;
        match plugin.can(Capability::SignatureGenerator) {
            true => Ok(DescribedKey { algorithm: self.describe_key(&plugin).await?, plugin }),
            false if plugin.can(Capability::EnvelopeGenerator) => Err(self.failed(PluginError::NoBlobSigner)),
            false => Err(self.failed(PluginError::NoSigner)),
        }
    }

    /// As [`Self::sign`], with the key that was described before.
    pub(super) async fn sign_with(
        &self,
        key: DescribedKey,
        payload: &[u8],
        options: &SigningOptions,
        deadline: Deadline,
    ) -> Result<Unchecked, E> {
        self.sign_raw(&key.plugin.within(deadline), key.algorithm, payload, options).await
    }

    /// Has the plugin sign a payload. The signature is not checked yet.
    pub(super) async fn sign(
        &self,
        payload: &[u8],
        options: &SigningOptions,
        deadline: Deadline,
    ) -> Result<Unchecked, E> {
        let plugin = self.find(deadline).await?;
        // As in notation, raw signatures come first.
        if plugin.can(Capability::SignatureGenerator) {
            let algorithm = self.describe_key(&plugin).await?;
            self.sign_raw(&plugin, algorithm, payload, options).await
        } else if plugin.can(Capability::EnvelopeGenerator) {
            self.sign_envelope(&plugin, payload, options).await
        } else {
            Err(self.failed(PluginError::NoSigner))
        }
    }

    async fn find(&self, deadline: Deadline) -> Result<Program, E> {
        Program::find(&self.folder, &self.name, deadline).await.map_err(|why| self.failed(why))
    }

    async fn describe_key(&self, plugin: &Program) -> Result<SignatureAlgorithm, E> {
        let command = Command::DescribeKey;
        let request = describe_key_request(&self.key_id, self.folder.plugin_config());
        let answer = self.ask(plugin, command, &request).await?;
        let key = DescribeKeyResponse::parse(answer).map_err(|why| self.answer(format!("{command}: {why}")))?;
        self.check_key(command, &key.key_id)?;
        Ok(key.algorithm)
    }

    async fn sign_raw(
        &self,
        plugin: &Program,
        algorithm: SignatureAlgorithm,
        payload: &[u8],
        options: &SigningOptions,
    ) -> Result<Unchecked, E> {
        let unsigned = to_be_signed(payload, algorithm, options)?;
        let command = Command::GenerateSignature;
        let config = self.folder.plugin_config();
        let request = generate_signature_request(&self.key_id, algorithm, unsigned.bytes(), config);
        let answer = self.ask(plugin, command, &request).await?;
        let signed = GenerateSignatureResponse::parse(answer);
        let signed = signed.map_err(|why| self.answer(format!("{command}: {why}")))?;
        self.check_key(command, &signed.key_id)?;
        let expected = signing_algorithm(algorithm);
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
        Ok(Unchecked { envelope, annotations: BTreeMap::new() })
    }

    async fn sign_envelope(&self, plugin: &Program, payload: &[u8], options: &SigningOptions) -> Result<Unchecked, E> {
        let media_type = options.format.media_type();
        let request = GenerateEnvelopeRequest {
            key_id: self.key_id.clone(),
            payload_type: PAYLOAD_MEDIA_TYPE.to_owned(),
            envelope_type: media_type.to_owned(),
            payload: payload.to_vec(),
            expiry_in_seconds: options.expires_in.map(|time| time.whole_seconds().unsigned_abs()),
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
        Ok(Unchecked { envelope: generated.envelope, annotations })
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
