//! The Helm chart `charts/notation-admission`, as the real helm renders it.

mod cluster;
mod monitoring;
mod schema;
mod shared_cache;

use std::fs::{create_dir_all, read_dir, read_to_string, write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::examples::{example, of_kind, parse};
use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, command, run};
use crate::support::{peers, programs};

const LIMIT: Duration = Duration::from_secs(60);
const NAMESPACE: &str = "notation-system";

fn chart() -> PathBuf {
    programs::source_tree().join("charts/notation-admission")
}

/// The files with values in the chart's `ci`, which together use every mode and every option.
fn values() -> Vec<PathBuf> {
    let mut files: Vec<_> = read_dir(chart().join("ci")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    files
}

fn value_file(name: &str) -> PathBuf {
    chart().join("ci").join(name)
}

/// helm with a home of its own.
struct Helm {
    home: TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    fn new() -> Helm {
        Helm { home: tempfile::tempdir().unwrap(), kubeconfig: None }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let mut helm = command(peers().join("helm"), self.home.path());
        if let Some(kubeconfig) = &self.kubeconfig {
            helm.env("KUBECONFIG", kubeconfig);
        }
        run(helm.args(arguments), LIMIT)
    }

    /// A command with the chart as a release in its usual namespace, the values of a file, and further options.
    fn with_chart(&self, words: &[&str], values: &Path, more: &[&str]) -> Finished {
        let (chart, values) = (chart(), values.to_str().unwrap());
        let chart = chart.to_str().unwrap();
        self.run(&[words, &["notation-admission", chart, "--namespace", NAMESPACE, "--values", values], more].concat())
    }

    /// The manifests, as text.
    fn text(&self, values: &Path, more: &[&str]) -> String {
        self.with_chart(&["template"], values, more).succeeded().stdout
    }

    /// The manifests, as JSON.
    fn render(&self, values: &Path, more: &[&str]) -> Vec<Value> {
        parse(&self.text(values, more)).into_iter().filter(|document| !document.is_null()).collect()
    }
}

/// The configuration in the ConfigMap.
fn configuration(manifests: &[Value]) -> &str {
    of_kind(manifests, "ConfigMap")["data"]["admission.yaml"].as_str().unwrap()
}

fn webhooks(manifests: &[Value]) -> Vec<&Value> {
    let is_webhook = |document: &&Value| document["kind"].as_str().unwrap().ends_with("WebhookConfiguration");
    let is_hook = |document: &Value| document["metadata"]["annotations"]["helm.sh/hook"].is_string();
    manifests.iter().filter(is_webhook).filter(|document| !is_hook(document)).collect()
}

/// Nothing in the namespace of the release is judged.
#[test]
#[ignore = "needs helm: scripts/test"]
fn a_release_in_a_namespace_of_every_cluster_is_refused() {
    let helm = Helm::new();
    let (chart, values) = (chart(), value_file("self-managed-values.yaml"));
    let template = ["template", "notation-admission", chart.to_str().unwrap(), "--values", values.to_str().unwrap()];
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let refused = helm.run(&[&template[..], &["--namespace", namespace]].concat()).failed();
        refused.says(&format!("the namespace {namespace} is in every cluster"));
    }
}

#[test]
#[ignore = "needs helm: scripts/test"]
fn helm_finds_nothing_to_criticize() {
    let helm = Helm::new();
    for file in values() {
        helm.run(&["lint", "--strict", chart().to_str().unwrap(), "--values", file.to_str().unwrap()]).succeeded();
    }
}

/// The configuration of each file is valid for the service, with the certificate that Helm generated in the mode that
/// has one.
#[test]
#[ignore = "needs helm: scripts/test"]
fn the_service_accepts_the_configuration_and_the_generated_certificate() {
    let helm = Helm::new();
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    for folder in ["tls", "client-ca", "redis", "config"] {
        create_dir_all(cli.home().join(folder)).unwrap();
    }
    let generated = helm.render(&value_file("helm-generated-values.yaml"), &[]);
    let of_name = |name: &str| generated.iter().find(|document| document["metadata"]["name"] == name).unwrap();
    let secret = of_name("notation-admission-tls");
    for name in ["tls.crt", "tls.key", "ca.crt"] {
        let bytes = STANDARD.decode(secret["data"][name].as_str().unwrap()).unwrap();
        write(cli.home().join("tls").join(name), &bytes).unwrap();
        write(cli.home().join("client-ca").join(name), &bytes).unwrap();
        write(cli.home().join("redis").join(name), &bytes).unwrap();
    }
    for webhook in webhooks(&generated) {
        assert_eq!(webhook["webhooks"][0]["clientConfig"]["caBundle"], secret["data"]["ca.crt"]);
    }
    // 32 bytes in hexadecimal digits.
    for name in ["new", "old", "password", "key"] {
        write(cli.home().join("redis").join(name), "0123456789abcdef".repeat(4)).unwrap();
    }
    write(cli.home().join("config/root.pem"), read_to_string(signer.root_certificate()).unwrap()).unwrap();
    for file in values() {
        let manifests = helm.render(&file, &[]);
        let mut text = configuration(&manifests).to_owned();
        for folder in ["tls", "client-ca", "redis", "config"] {
            text = text.replace(&format!(" /{folder}/"), &format!(" {folder}/"));
        }
        write(cli.home().join("admission.yaml"), &text).unwrap();
        cli.run(&["admission", "check-config", "admission.yaml"]).succeeded();
    }
}

/// The namespaces of the control plane and of the service stay out, whatever the values say.
#[test]
#[ignore = "needs helm: scripts/test"]
fn the_webhooks_leave_out_what_must_come_up_without_the_service() {
    let helm = Helm::new();
    let certificates = value_file("cert-manager-values.yaml");
    let file = value_file("helm-generated-values.yaml");
    let namespace = "webhook.namespaceSelector.matchExpressions[0]";
    let set = format!("{namespace}.key=kubernetes.io/metadata.name,{namespace}.operator=In,{namespace}.values={{a}}");
    for (file, more, others) in [
        (&file, vec![], vec![]),
        (&file, vec!["--set", &*set], vec![]),
        (&file, vec!["--set", "webhook.excludedNamespaces={a,b}"], vec!["a", "b"]),
        (&certificates, vec![], vec!["kube-node-lease", "cert-manager"]),
        (&certificates, vec!["--set", "tls.certManager.namespace="], vec!["kube-node-lease"]),
    ] {
        let manifests = helm.render(file, &more);
        let found = webhooks(&manifests);
        assert_eq!(found.len(), 2);
        for webhook in found {
            let webhook = &webhook["webhooks"][0];
            let expected = [&["kube-system", NAMESPACE][..], &others].concat();
            let first = json!({ "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": expected });
            assert_eq!(webhook["namespaceSelector"]["matchExpressions"][0], first, "{more:?}");
            assert_eq!((&webhook["failurePolicy"], &webhook["timeoutSeconds"]), (&json!("Fail"), &json!(10)));
        }
    }
}

/// The webhooks are those of the example, which other tests use.
#[test]
#[ignore = "needs helm: scripts/test"]
fn the_webhooks_judge_the_same_as_those_of_the_examples() {
    let helm = Helm::new();
    let manifests = helm.render(&value_file("helm-generated-values.yaml"), &[]);
    let expected = parse(&read_to_string(example("kubernetes/webhooks.yaml")).unwrap());
    for (webhook, expected) in webhooks(&manifests).into_iter().zip(&expected) {
        assert_eq!(webhook["kind"], expected["kind"]);
        let (webhook, expected) = (&webhook["webhooks"][0], &expected["webhooks"][0]);
        for member in ["rules", "matchConditions", "matchPolicy", "sideEffects", "reinvocationPolicy", "failurePolicy"]
        {
            assert_eq!(webhook[member], expected[member], "{member}");
        }
        assert_eq!(webhook["clientConfig"]["service"]["path"], expected["clientConfig"]["service"]["path"]);
    }
    let template = read_to_string(chart().join("files/gatekeeper-template.yaml")).unwrap();
    assert!(
        template == read_to_string(example("gatekeeper/template.yaml")).unwrap(),
        "copy the example into the chart"
    );
}

/// Each option adds what it says, and nothing without it.
#[test]
#[ignore = "needs helm: scripts/test"]
fn options_are_what_they_say() {
    let helm = Helm::new();
    let file = value_file("helm-generated-values.yaml");
    let kinds = |more: &[&str]| -> Vec<String> {
        let manifests = helm.render(&file, more);
        let mut kinds: Vec<_> =
            manifests.iter().map(|document| document["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    };
    let least = kinds(&[]);
    for kind in ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "NetworkPolicy", "ServiceMonitor"] {
        assert!(!least.iter().any(|other| other == kind), "{kind}: {least:?}");
    }
    let secrets = "config.registries[0].host=a.example,config.registries[0].credentials.secret.namespace=n,\
                   config.registries[0].credentials.secret.name=s";
    for (set, added) in [
        ("hpa.enabled=true", &["HorizontalPodAutoscaler"][..]),
        ("networkPolicy.enabled=true", &["NetworkPolicy"]),
        ("serviceMonitor.enabled=true", &["Service", "ServiceMonitor"]),
        ("prometheusRule.enabled=true", &["PrometheusRule"]),
        ("dashboard.enabled=true", &["ConfigMap"]),
        ("rbac.pullSecrets=cluster", &["ClusterRole", "ClusterRoleBinding"]),
        ("rbac.pullSecrets=namespaces,rbac.namespaces={a,b}", &["ClusterRole", "RoleBinding", "RoleBinding"]),
        (secrets, &["Role", "RoleBinding"]),
        ("config.scan.interval=1h", &["ClusterRole", "ClusterRoleBinding"]),
        ("config.server.adapters={kubernetes,kyverno}", &["ClusterRoleBinding"]),
        (
            "config.server.adapters={kubernetes,gatekeeper},gatekeeper.enabled=true,gatekeeper.constraint=true",
            &["ConstraintTemplate", "NotationImages", "Provider"],
        ),
    ] {
        let mut expected = [&least[..], &added.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>()].concat();
        expected.sort();
        assert_eq!(kinds(&["--set", set]), expected, "{set}");
    }
    for (set, removed) in [
        ("pdb.enabled=false", &["PodDisruptionBudget"][..]),
        ("serviceAccount.create=false,serviceAccount.name=a", &["ServiceAccount"]),
        ("webhook.mutating=false", &["MutatingWebhookConfiguration"]),
        ("config.kubernetes.pin=none", &["MutatingWebhookConfiguration"]),
        ("webhook.uninstallHook=false", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
    ] {
        let mut expected = least.clone();
        for kind in removed {
            expected.remove(expected.iter().position(|other| other == kind).unwrap());
        }
        assert_eq!(kinds(&["--set", set]), expected, "{set}");
    }
    let without = kinds(&["--set", "webhook.enabled=false"]);
    assert!(!without.iter().any(|kind| kind.ends_with("WebhookConfiguration")), "{without:?}");
}

/// A Job that failed or still waits must not register the webhooks after an uninstallation removed them.
#[test]
#[ignore = "needs helm: scripts/test"]
fn an_uninstallation_takes_the_permissions_of_the_registration_away_before_the_webhooks() {
    let helm = Helm::new();
    let manifests = helm.render(&value_file("self-managed-values.yaml"), &[]);
    let annotation = |object: &Value, name: &str| object["metadata"]["annotations"][name].as_str().map(str::to_owned);
    let of_event = |event: &str| -> Vec<&Value> {
        let is_part = |object: &&Value| annotation(object, "helm.sh/hook").is_some_and(|hook| hook.contains(event));
        manifests.iter().filter(is_part).collect()
    };
    let weight =
        |object: &Value| annotation(object, "helm.sh/hook-weight").map_or(0, |weight| weight.parse::<i32>().unwrap());
    let place = |object: &Value| (object["kind"].to_string(), object["metadata"]["name"].to_string());
    let before = of_event("pre-delete");
    let webhooks = before.iter().filter(|object| object["webhooks"].is_array());
    let first = webhooks.map(|object| weight(object)).min().unwrap();
    let registration: Vec<_> = of_event("post-install").into_iter().filter(|object| object["kind"] != "Job").collect();
    assert_eq!(registration.len(), 6);
    for object in registration {
        let inert = before.iter().find(|inert| place(inert) == place(object)).unwrap();
        assert!(weight(inert) < first, "{inert}");
        assert!(annotation(inert, "helm.sh/hook-delete-policy").unwrap().contains("before-hook-creation"), "{inert}");
        for member in ["rules", "subjects", "data"] {
            assert!(inert[member].as_array().is_none_or(Vec::is_empty) && !inert[member].is_object(), "{inert}");
        }
    }
}

/// The Pods run as the service demands, and share the quota.
#[test]
#[ignore = "needs helm: scripts/test"]
fn replicas_share_the_quota_and_mounts_are_read_only() {
    let helm = Helm::new();
    for (file, replicas) in
        [("helm-generated-values.yaml", 3), ("cert-manager-values.yaml", 10), ("files-values.yaml", 6)]
    {
        let manifests = helm.render(&value_file(file), &[]);
        let config = &parse(configuration(&manifests))[0];
        assert_eq!(config["aws"]["revocation"]["replicas"], replicas, "{file}");
        let pod = &of_kind(&manifests, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(pod["priorityClassName"], "system-cluster-critical");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        for mount in pod["containers"][0]["volumeMounts"].as_array().unwrap() {
            assert_eq!(mount["readOnly"], true, "{mount}");
        }
    }
    let account = helm.render(&value_file("helm-generated-values.yaml"), &[]);
    let annotations = &of_kind(&account, "ServiceAccount")["metadata"]["annotations"];
    assert_eq!(annotations["eks.amazonaws.com/role-arn"], "arn:aws:iam::111122223333:role/notation-admission");
}
