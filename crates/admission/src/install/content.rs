//! What the ConfigMap has: the configuration, and the files that it names.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::InstallError;
use crate::config::{Config, RegistryCredentials, RegistrySettings, SelfManaged, Tls, Trust};
use crate::manifests;

/// The name of the configuration in the ConfigMap.
pub const CONFIG: &str = "admission.yaml";
/// The largest file: a ConfigMap has at most 1 MiB.
const MAX_FILE: u64 = 512 * 1024;

/// The configuration as it is installed.
#[derive(Debug)]
pub struct Content {
    /// The entries of the ConfigMap.
    pub data: Map<String, Value>,
    /// Those that are not text, in base64.
    pub binary: Map<String, Value>,
    /// The member `server`, for which the service must be started anew.
    pub server: Value,
    /// The number of replicas that share the quota of revocation checks.
    pub sharing: u32,
}

impl Content {
    /// Completes a configuration and its text with the certificate and the number of replicas, unless it has them.
    /// `folder` is that of the configuration.
    pub fn new(
        (text, config): (Vec<u8>, &Config),
        folder: &Path,
        managed: &SelfManaged,
        replicas: u32,
    ) -> Result<Self, InstallError> {
        refuse_secrets(config)?;
        let mut content = completed(text, config, folder, managed, replicas)?;
        for file in config.files() {
            content.add(folder, &file)?;
        }
        Ok(content)
    }

    fn of_config(text: String, server: Value, sharing: u32) -> Self {
        let data = Map::from_iter([(CONFIG.to_owned(), text.into())]);
        Self { data, binary: Map::new(), server, sharing }
    }

    fn add(&mut self, folder: &Path, file: &Path) -> Result<(), InstallError> {
        let misplaced = |why| InstallError::Misplaced { path: file.to_owned(), why };
        let name = file.strip_prefix(folder).ok().and_then(Path::to_str);
        let name = name.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)));
        let name = name.filter(|name| !name.is_empty() && !name.starts_with(".."));
        let name = name.ok_or_else(|| {
            misplaced("put it into the folder of the configuration, with a name of letters, digits, `-`, `_` and `.`")
        })?;
        if name == CONFIG {
            return Err(misplaced("the configuration itself is installed by this name; choose another"));
        }
        match String::from_utf8(files::read_linked_file(file, MAX_FILE)?) {
            Ok(text) => self.data.insert(name.to_owned(), text.into()),
            Err(bytes) => self.binary.insert(name.to_owned(), STANDARD.encode(bytes.as_bytes()).into()),
        };
        Ok(())
    }
}

/// The completed configuration. One that is complete stays as it was written.
fn completed(
    text: Vec<u8>,
    config: &Config,
    folder: &Path,
    managed: &SelfManaged,
    replicas: u32,
) -> Result<Content, InstallError> {
    let incomplete = |why: &dyn ToString| InstallError::Incomplete(why.to_string());
    let mut documents = manifests::documents(&text).map_err(|why| incomplete(&why))?;
    let mut root = documents.pop().unwrap_or_default();
    let has_replicas = !root["aws"]["revocation"]["replicas"].is_null();
    let sharing = if has_replicas { config.aws.revocation.replicas.get() } else { replicas };
    if matches!(config.server.tls, Tls::SelfManaged(_)) && has_replicas {
        let text = String::from_utf8(text).map_err(|why| incomplete(&why))?;
        return Ok(Content::of_config(text, root["server"].take(), sharing));
    }
    // Indexing makes objects of absent members.
    root["server"]["tls"] = json!({ "selfManaged": {
        "secret": managed.secret, "service": managed.service, "webhooks": managed.webhooks,
    } });
    root["aws"]["revocation"]["replicas"] = sharing.into();
    let written = serde_saphyr::to_string(&root).map_err(|why| incomplete(&why))?;
    let mut read = Config::parse(written.as_bytes(), folder).map_err(|why| incomplete(&why))?;
    // Two programs that read and write YAML must not have changed what it means.
    read.server.tls.clone_from(&config.server.tls);
    read.aws.revocation.replicas = config.aws.revocation.replicas;
    match read == *config {
        true => Ok(Content::of_config(written, root["server"].take(), sharing)),
        false => Err(incomplete(&"it would not mean the same")),
    }
}

/// Credentials belong into Secrets, and not into the ConfigMap.
fn refuse_secrets(config: &Config) -> Result<(), InstallError> {
    let unsupported =
        |setting: &str, why: &str| Err(InstallError::Unsupported { setting: setting.to_owned(), why: why.to_owned() });
    let has_file = |entry: &RegistrySettings| matches!(entry.credentials, Some(RegistryCredentials::File(_)));
    if let Some(number) = config.registries.iter().position(has_file) {
        return unsupported(
            &format!("registries[{number}].credentials"),
            "a file with credentials is not installed; name a Secret: {secret: {namespace, name}}",
        );
    }
    if config.cache.redis.is_some() {
        return unsupported(
            "cache.redis",
            "files with keys and passwords are not installed; use the Helm chart, whose value redis names a Secret",
        );
    }
    for (name, policy) in &config.policies {
        if let Trust::Document { roots, .. } = &policy.trust
            && roots.is_empty()
        {
            let setting = format!("policies.{name}.trustPolicy");
            return unsupported(
                &setting,
                "the trust stores in notation's folder are not installed; name the certificates in roots",
            );
        }
    }
    Ok(())
}
