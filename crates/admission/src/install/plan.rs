//! From a configuration to everything that is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::InstallError;
use super::content::Content;
use super::templates::{CLUSTER_NAME, NAMESPACE, Names, SECRET, Templates};
use crate::config::{
    Adapter, Config, MAX_SIZE, Pin, PullSecrets, RegistryCredentials, SelfManaged, Tls, Updates, folder_of,
};

/// The name of the Deployment, the Service and the ConfigMap.
pub const NAME: &str = "admission";
/// Argo CD applies higher waves later, when the earlier ones are healthy, and deletes them first.
const WAVE: (&str, &str) = ("argocd.argoproj.io/sync-wave", "10");

/// What the configuration does not say.
#[derive(Debug)]
pub struct Options<'a> {
    /// The namespace; `None` takes that of the configuration, or [`NAMESPACE`].
    pub namespace: Option<&'a str>,
    /// The number of Pods.
    pub replicas: u32,
}

/// Everything that is installed, except for the image.
#[derive(Debug)]
pub struct Plan {
    /// The names of the Secret, the Service and the webhook configurations.
    pub managed: SelfManaged,
    /// The port of the Pods that the API server calls.
    pub port: u16,
    /// The number of replicas that share the quota of revocation checks: that of the configuration, otherwise that of
    /// the options.
    pub sharing: u32,
    /// The objects in their order, without the webhooks. The Deployment has the image of the example.
    pub(super) objects: Vec<Value>,
    /// The webhook configurations, without `caBundle`.
    pub webhooks: Vec<Value>,
    /// Objects that other configurations need, and this one does not.
    pub unneeded: Vec<Value>,
}

impl Plan {
    /// Plans the installation of the configuration at `path`.
    ///
    /// # Errors
    /// Returns [`InstallError`] if the configuration is invalid, or has settings that this does not install.
    pub fn new(path: &Path, options: &Options<'_>) -> Result<Self, InstallError> {
        let text = files::read_linked_file(path, MAX_SIZE)?;
        let config = Config::of_file(path, &text)?;
        let managed = managed(&config, options.namespace)?;
        refuse_shared(managed.namespace())?;
        refuse_unsuitable(&config)?;
        let content = Content::new((text, &config), &folder_of(path), &managed, options.replicas)?;
        let namespace = managed.namespace().to_owned();
        let cluster = managed.webhooks.first().cloned().unwrap_or_default();
        let names = Names { namespace: &namespace, cluster: &cluster, secret: &managed.secret };
        let Templates { deployment, self_managed, rbac, scan, mut webhooks } = Templates::new(&names)?;
        let mut objects = deployment;
        for object in &mut objects {
            fit(object, &config, &content, options.replicas);
        }
        let mut rights = self_managed;
        for right in &mut rights {
            name_all(right, &managed.webhooks);
        }
        let (needed, mut unneeded): (Vec<_>, Vec<_>) = rbac.into_iter().partition(|object| is_needed(object, &config));
        rights.extend(needed);
        if config.kubernetes.pull_secrets == PullSecrets::None {
            rights.extend(named_secrets(&config, &names));
        }
        match config.scan.interval {
            Some(_) => rights.extend(scan.into_iter().map(|object| without_reports(object, config.scan.reports))),
            None => unneeded.extend(scan),
        }
        match config.server.adapters.contains(&Adapter::Kyverno) && config.kyverno.token_review {
            true => rights.push(token_review(&names)),
            false => unneeded.push(token_review(&names)),
        }
        // The Deployment last: its Pods need the others.
        let place = objects.iter().position(|object| object["kind"] == "Deployment").unwrap_or(objects.len());
        let last = objects.split_off(place);
        let (deployment, rest): (Vec<_>, Vec<_>) = last.into_iter().partition(|object| object["kind"] == "Deployment");
        objects.extend(rights.into_iter().chain(rest).chain(deployment));
        let is_unasked =
            |object: &mut Value| config.kubernetes.pin == Pin::None && object["kind"] == "MutatingWebhookConfiguration";
        unneeded.extend(webhooks.extract_if(.., is_unasked));
        fit_webhooks(&mut webhooks, &config);
        let (port, sharing) = (config.server.listen.port(), content.sharing);
        Ok(Self { managed, port, sharing, objects, webhooks, unneeded })
    }

    /// The objects in their order, without the webhooks. `image` is that of the service.
    #[must_use]
    pub fn objects(&self, image: &str) -> Vec<Value> {
        let mut objects = self.objects.clone();
        for deployment in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
            deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        }
        objects
    }

    /// Everything, for a repository that a GitOps tool applies. The service fills in the `caBundle` of the webhooks.
    #[must_use]
    pub fn documents(&self, image: &str) -> Vec<Value> {
        let webhooks = self.webhooks.iter().cloned().map(|mut webhook| {
            webhook["metadata"]["annotations"] = json!({ WAVE.0: WAVE.1 });
            webhook
        });
        self.objects(image).into_iter().chain(webhooks).collect()
    }
}

/// The namespaces that every cluster has, in which other things run.
const SHARED: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Refuses a namespace that the service would not have to itself.
///
/// # Errors
/// Returns [`InstallError::Namespace`] for a namespace that every cluster has.
pub fn refuse_shared(namespace: &str) -> Result<(), InstallError> {
    match SHARED.contains(&namespace) {
        true => Err(InstallError::Namespace(namespace.to_owned())),
        false => Ok(()),
    }
}

fn unsupported(setting: &str, why: impl Into<String>) -> InstallError {
    InstallError::Unsupported { setting: setting.to_owned(), why: why.into() }
}

/// The names: those of the configuration, or the usual ones.
fn managed(config: &Config, namespace: Option<&str>) -> Result<SelfManaged, InstallError> {
    match &config.server.tls {
        Tls::Own => {
            let namespace = namespace.unwrap_or(NAMESPACE);
            let mut name = CLUSTER_NAME.to_owned();
            // Two installations must not share what belongs to the cluster.
            if namespace != NAMESPACE {
                name = format!("{name}-{namespace}");
            }
            let service = format!("{NAME}.{namespace}.svc");
            Ok(SelfManaged { secret: SECRET.to_owned(), service, webhooks: vec![name] })
        }
        Tls::SelfManaged(managed) => {
            let is_here = namespace.is_none_or(|namespace| namespace == managed.namespace());
            if managed.service_name() != NAME || !is_here {
                let why = format!("it is installed as {NAME}.{}.svc", namespace.unwrap_or(managed.namespace()));
                return Err(unsupported("server.tls.selfManaged.service", why));
            }
            Ok(managed.clone())
        }
        Tls::Plain => Err(unsupported("server.plain", "the API server calls webhooks with TLS only; remove it")),
        Tls::Files(_) => Err(unsupported(
            "server.tls",
            "the service makes its certificate itself; remove the member, or install by the Helm chart with tls.mode files",
        )),
    }
}

fn refuse_unsuitable(config: &Config) -> Result<(), InstallError> {
    let server = &config.server;
    for (setting, address) in [("server.listen", server.listen), ("server.operations", server.operations)] {
        if address.ip().is_loopback() || address.port() == 0 {
            let why = format!("{address} cannot be reached from outside of the Pod; remove the member");
            return Err(unsupported(setting, why));
        }
    }
    if !server.adapters.contains(&Adapter::Kubernetes) {
        return Err(unsupported("server.adapters", "it lacks kubernetes, which the webhooks call; add it"));
    }
    if server.socket.is_some() {
        return Err(unsupported("server.socket", "Pods have no folder for it; remove the member"));
    }
    if !config.kubernetes.extra_templates.is_empty() {
        return Err(unsupported(
            "kubernetes.extraTemplates",
            "which resources the webhooks must name for them is not known; use the Helm chart with webhook.extraRules",
        ));
    }
    Ok(())
}

/// Puts configuration, ports and number in their places.
fn fit(object: &mut Value, config: &Config, content: &Content, replicas: u32) {
    match object["kind"].as_str().unwrap_or_default() {
        "ConfigMap" => {
            object["data"] = content.data.clone().into();
            if !content.binary.is_empty() {
                object["binaryData"] = content.binary.clone().into();
            }
        }
        "Deployment" => {
            object["spec"]["replicas"] = replicas.into();
            let template = &mut object["spec"]["template"];
            let server = hex::encode(digest(&SHA256, content.server.to_string().as_bytes()));
            // The service reads its configuration again when it changes, except for addresses and the kind of TLS.
            template["metadata"]["annotations"] = json!({ "notation-aws-signer/server": server });
            let pod = &mut template["spec"];
            retain(pod.get_mut("volumes"), |volume| volume["name"] != "tls");
            let container = &mut pod["containers"][0];
            retain(container.get_mut("volumeMounts"), |mount| mount["name"] != "tls");
            container["ports"][0]["containerPort"] = config.server.listen.port().into();
            container["ports"][1]["containerPort"] = config.server.operations.port().into();
        }
        _ => {}
    }
}

/// Indexing would make a member of one that is absent.
fn retain(list: Option<&mut Value>, keep: impl Fn(&Value) -> bool) {
    if let Some(items) = list.and_then(Value::as_array_mut) {
        items.retain(keep);
    }
}

/// All webhook configurations that the service keeps up to date.
fn name_all(right: &mut Value, webhooks: &[String]) {
    for rule in right.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if rule["apiGroups"][0] == "admissionregistration.k8s.io" {
            rule["resourceNames"] = webhooks.into();
        }
    }
}

/// Whether something of the configuration needs a permission of `rbac.yaml`.
fn is_needed(object: &Value, config: &Config) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name.ends_with("-namespaces") {
        return config.rules.iter().any(|rule| rule.namespace_labels.is_some());
    }
    config.kubernetes.pull_secrets != PullSecrets::None
}

/// The Secrets that registries name, and no others.
fn named_secrets(config: &Config, names: &Names<'_>) -> Vec<Value> {
    let mut secrets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &config.registries {
        if let Some(RegistryCredentials::Secret { namespace, name }) = &entry.credentials {
            secrets.entry(namespace).or_default().insert(name);
        }
    }
    let version = "rbac.authorization.k8s.io/v1";
    let rights = secrets.into_iter().flat_map(|(namespace, secrets)| {
        let metadata = json!({ "namespace": namespace, "name": format!("{}-registries", names.cluster) });
        let rule = json!({ "apiGroups": [""], "resources": ["secrets"], "resourceNames": secrets, "verbs": ["get"] });
        let role = json!({ "apiVersion": version, "kind": "Role", "metadata": metadata, "rules": [rule] });
        let binding = json!({
            "apiVersion": version,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"] },
            "subjects": [{ "kind": "ServiceAccount", "namespace": names.namespace, "name": NAME }],
        });
        [role, binding]
    });
    rights.collect()
}

fn without_reports(mut object: Value, reports: bool) -> Value {
    if !reports {
        retain(object.get_mut("rules"), |rule| rule["apiGroups"][0] == "");
    }
    object
}

/// Whose tokens Kyverno sends.
fn token_review(names: &Names<'_>) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": format!("{}-token-review", names.cluster) },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [{ "kind": "ServiceAccount", "namespace": names.namespace, "name": NAME }],
    })
}

/// The webhooks judge what the configuration says. Their `caBundle` is not known yet.
fn fit_webhooks(objects: &mut [Value], config: &Config) {
    let validating = objects.iter().find(|object| object["kind"] == "ValidatingWebhookConfiguration");
    let all = validating.map(|object| object["webhooks"][0]["rules"].clone());
    for object in objects {
        let is_mutating = object["kind"] == "MutatingWebhookConfiguration";
        let webhook = &mut object["webhooks"][0];
        if let Some(client) = webhook["clientConfig"].as_object_mut() {
            client.remove("caBundle");
        }
        if config.kubernetes.updates == Updates::All {
            retain(webhook.get_mut("matchConditions"), |condition| condition["name"] != "new-or-with-another-spec");
        }
        if let Some(all) = all.as_ref().filter(|_| is_mutating && config.kubernetes.pin == Pin::All) {
            webhook["rules"] = all.clone();
        }
    }
}
