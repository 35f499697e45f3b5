//! A cluster with `setup kubernetes`: what a user, a node and the controllers do.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::admission::examples::parse;
use crate::admission::{Admission, Site};
use crate::support::kubernetes::Kubernetes;
use crate::support::peers;

pub const NAMESPACE: &str = "notation-system";
pub const IMAGE: &str = "registry.example.com/tools/notation-aws-signer:2.0.0";
pub const SECRET: &str = "/api/v1/namespaces/notation-system/secrets/admission-tls";
pub const KINDS: [&str; 2] = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];

/// A cluster, and a configuration as a user has it.
pub struct Cluster {
    pub site: Site,
    pub kubernetes: Kubernetes,
    /// Where the Pod listens: a loopback address of its own, so that port 443 is free.
    address: Ipv4Addr,
    /// The name of the Deployment, the service account, the ConfigMap and the Service.
    name: &'static str,
    /// The name of the webhook configurations.
    webhooks: &'static str,
}

impl Cluster {
    pub fn start() -> Cluster {
        Cluster::with_names("admission", "notation-admission")
    }

    pub fn with_names(name: &'static str, webhooks: &'static str) -> Cluster {
        let (site, kubernetes) = (Site::start(), Kubernetes::start(&peers()));
        let folder = site.cli.home().join("user");
        std::fs::create_dir(&folder).unwrap();
        let root = site.signer.root_certificate();
        let config = site.config("", "").replace(root.to_str().unwrap(), "root.pem");
        assert!(config.contains("roots: [root.pem]"), "{config}");
        std::fs::write(folder.join("admission.yaml"), config).unwrap();
        std::fs::copy(&root, folder.join("root.pem")).unwrap();
        let id = std::process::id().to_be_bytes();
        let [_, ours, ..] = rand();
        let address = Ipv4Addr::new(127, ours.max(1), id[2], id[3].max(1));
        Cluster { site, kubernetes, address, name, webhooks }
    }

    pub fn kubeconfig(&self) -> &str {
        self.kubernetes.kubeconfig().to_str().unwrap()
    }

    /// `setup kubernetes` of the configuration, with further options.
    pub fn setup(&self, more: &[&str]) -> Vec<String> {
        [&["setup", "kubernetes", "--config", "user/admission.yaml", "--image", IMAGE], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// A path of an object of the service.
    fn path(&self, group: &str, plural: &str) -> String {
        format!("/{group}/namespaces/{NAMESPACE}/{plural}/{}", self.name)
    }

    /// A kubeconfig file with the token of a service account.
    pub fn kubeconfig_of(&self, account: &str) -> String {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token");
        let spec = json!({ "expirationSeconds": 3600 });
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec });
        let answer = self.kubernetes.create(&path, &request).has_status(201).body;
        let text = std::fs::read_to_string(self.kubeconfig()).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config["users"][0]["user"] = json!({ "token": answer["status"]["token"] });
        let file = self.site.cli.home().join(format!("{account}.kubeconfig"));
        std::fs::write(&file, config.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Starts what the Deployment describes, with addresses of this machine.
    pub fn run_pod(&self) -> Admission {
        let map = self.kubernetes.get(&self.path("api/v1", "configmaps")).has_status(200).body;
        let mut config = parse(map["data"]["admission.yaml"].as_str().unwrap()).remove(0);
        for (name, text) in map["data"].as_object().unwrap().iter().filter(|(name, _)| *name != "admission.yaml") {
            std::fs::write(self.site.cli.home().join(name), text.as_str().unwrap()).unwrap();
        }
        config["server"]["listen"] = format!("{}:443", self.address).into();
        config["server"]["operations"] = format!("{}:0", self.address).into();
        config["server"]["limits"] = json!({ "connectionAge": "1s" });
        let kubeconfig = self.kubeconfig_of(self.name);
        Admission::start(&self.site, &config.to_string(), &[("KUBECONFIG", &kubeconfig)])
    }

    /// What kube-proxy and the controllers of Deployments do when a Pod is ready.
    pub fn take_note_of_ready_pod(&self) {
        let path = self.path("api/v1", "services");
        let mut service = self.kubernetes.get(&path).has_status(200).body;
        service["spec"]["type"] = "ExternalName".into();
        service["spec"]["externalName"] = self.address.to_string().into();
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            service["spec"].as_object_mut().unwrap().remove(member);
        }
        self.kubernetes.replace(&path, &service).has_status(200);
        let path = self.path("apis/apps/v1", "deployments");
        let mut deployment = self.kubernetes.get(&path).has_status(200).body;
        let (generation, all) = (&deployment["metadata"]["generation"], &deployment["spec"]["replicas"]);
        deployment["status"] = json!({
            "observedGeneration": generation, "replicas": all, "updatedReplicas": all, "readyReplicas": all,
            "availableReplicas": all,
        });
        self.kubernetes.replace(&format!("{path}/status"), &deployment).has_status(200);
    }

    /// The `caBundle` of all webhooks of the service, in PEM; empty as long as they differ or do not exist.
    pub fn bundle(&self) -> String {
        let mut found = KINDS.map(|kind| {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}/{}", self.webhooks);
            let bundle = &self.kubernetes.get(&path).body["webhooks"][0]["clientConfig"]["caBundle"];
            String::from_utf8(STANDARD.decode(bundle.as_str().unwrap_or_default()).unwrap()).unwrap()
        });
        if found[0] == found[1] { std::mem::take(&mut found[0]) } else { String::new() }
    }

    pub fn secret(&self) -> BTreeMap<String, String> {
        let data = self.kubernetes.get(SECRET).has_status(200).body["data"].clone();
        let entries = data.as_object().unwrap().iter();
        let text = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
        entries.map(|(name, value)| (name.clone(), text(value))).collect()
    }

    pub fn write_secret(&self, entries: &BTreeMap<&str, String>) {
        let mut secret = self.kubernetes.get(SECRET).has_status(200).body;
        secret["data"] =
            entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(STANDARD.encode(text)))).collect();
        self.kubernetes.replace(SECRET, &secret).has_status(200);
    }

    /// The status of a Pod that is created for show.
    pub fn create(&self, image: &str) -> (u16, String) {
        let answer = self.kubernetes.create("/api/v1/namespaces/default/pods?dryRun=All", &pod("default", image));
        (answer.status, answer.body["message"].as_str().unwrap_or_default().to_owned())
    }

    /// The leader and the version of its Lease.
    pub fn lease(&self) -> Value {
        let path = "/apis/coordination.k8s.io/v1/namespaces/notation-system/leases/admission-tls";
        self.kubernetes.get(path).has_status(200).body["spec"].clone()
    }
}

/// Bytes that differ between runs.
fn rand() -> [u8; 4] {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.subsec_nanos().to_be_bytes().map(|byte| byte & 0x7f)
}

pub fn pod(namespace: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "app", "namespace": namespace },
        "spec": { "containers": [{ "name": "app", "image": image }] },
    })
}
