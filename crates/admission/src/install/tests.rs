#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::config::Config;

const MINIMAL: &str = "version: 1\n\
    policies: {default: {trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n\
    rules: [{namespaces: [kube-system], action: exempt}, {policy: default, action: enforce}]\n";

const IMAGE: &str = "registry.example.com/tool:1";

struct Site {
    folder: TempDir,
}

impl Site {
    fn new(more: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write("admission.yaml", &format!("{MINIMAL}{more}"));
        site
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("admission.yaml")
    }

    fn plan(&self, namespace: Option<&str>) -> Result<Plan, InstallError> {
        Plan::new(&self.path(), &Options { namespace, replicas: 2 })
    }
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn config(plan: &Plan) -> Config {
    let text = of_kind(&plan.objects, "ConfigMap")[0]["data"]["admission.yaml"].as_str().unwrap();
    Config::parse(text.as_bytes(), "/config".as_ref()).unwrap()
}

#[test]
fn the_smallest_configuration_is_installed_with_a_certificate_of_its_own() {
    let plan = Site::new("").plan(None).unwrap();
    let kinds: Vec<_> = plan.objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert!(kinds.starts_with(&["Namespace", "ServiceAccount", "ConfigMap", "Role"]), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"Deployment"));
    let config = config(&plan);
    assert_eq!(config.server.tls, crate::config::Tls::SelfManaged(plan.managed.clone()));
    assert_eq!(plan.managed.service, "admission.notation-system.svc");
    assert_eq!((config.aws.revocation.replicas.get(), plan.sharing, plan.port), (2, 2, 8443));
    let objects = plan.objects(IMAGE);
    let deployment = of_kind(&objects, "Deployment")[0];
    assert_eq!(deployment["spec"]["replicas"], 2);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], IMAGE);
    assert_eq!(pod["volumes"].as_array().unwrap().len(), 1);
    assert_eq!(pod["containers"][0]["volumeMounts"].as_array().unwrap().len(), 1);
    let names: Vec<_> = plan.webhooks.iter().map(|object| object["webhooks"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["pin.admission.notation-system.svc", "verify.admission.notation-system.svc"]);
    for webhook in &plan.webhooks {
        assert_eq!(webhook["metadata"]["name"], "notation-admission");
        assert!(webhook["webhooks"][0]["clientConfig"]["caBundle"].is_null());
        let bundle = with_bundle(webhook, "PEM")["webhooks"][0]["clientConfig"]["caBundle"].clone();
        assert_eq!(bundle, "UEVN");
    }
    // Members that an object lacks are not made.
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(items) => items.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            _ => false,
        }
    }
    assert!(plan.documents(IMAGE).iter().all(|object| !has_null(object)), "{:?}", plan.documents(IMAGE));
    // The default pull secrets need the permission to read them; nothing else of the cluster is needed.
    let roles: Vec<_> =
        of_kind(&plan.objects, "ClusterRole").into_iter().map(|role| role["metadata"]["name"].clone()).collect();
    assert_eq!(roles, ["notation-admission-webhooks", "notation-admission-pull-secrets"]);
}

#[test]
fn another_namespace_has_names_of_its_own() {
    let plan = Site::new("kubernetes: {pullSecrets: none}\n").plan(Some("notation-admission")).unwrap();
    let text = yaml(&plan.documents(IMAGE)).unwrap();
    assert!(!text.contains("notation-system"), "{text}");
    assert_eq!(plan.managed.webhooks, ["notation-admission-notation-admission"]);
    for webhook in &plan.webhooks {
        let selector = &webhook["webhooks"][0]["namespaceSelector"]["matchExpressions"][0]["values"];
        assert_eq!(*selector, serde_json::json!(["kube-system", "notation-admission"]));
        assert_eq!(webhook["webhooks"][0]["clientConfig"]["service"]["namespace"], "notation-admission");
    }
    let role = of_kind(&plan.objects, "ClusterRole")[0];
    assert_eq!(role["rules"][0]["resourceNames"], serde_json::json!(["notation-admission-notation-admission"]));
    // What is printed is read again as the same.
    assert_eq!(crate::manifests::documents(text.as_bytes()).unwrap(), plan.documents(IMAGE));
}

#[test]
fn permissions_and_rules_follow_the_configuration() {
    let more = "kubernetes: {pullSecrets: none, pin: all, updates: all}\nscan: {interval: 1h}\n\
                server: {listen: \"[::]:9443\", adapters: [kubernetes, kyverno]}\n";
    let plan = Site::new(more).plan(None).unwrap();
    let bindings = of_kind(&plan.objects, "ClusterRoleBinding");
    let bindings: Vec<_> = bindings.into_iter().map(|binding| binding["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(bindings, ["notation-admission-webhooks", "notation-admission-scan", "notation-admission-token-review"]);
    let scan = of_kind(&plan.objects, "ClusterRole")[1];
    assert_eq!(scan["rules"].as_array().unwrap().len(), 1);
    let [mutating, validating] = &plan.webhooks[..] else { panic!("{:?}", plan.webhooks) };
    assert_eq!(mutating["webhooks"][0]["rules"], validating["webhooks"][0]["rules"]);
    assert_eq!(mutating["webhooks"][0]["matchConditions"].as_array().unwrap().len(), 1);
    let container = &of_kind(&plan.objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["ports"][0]["containerPort"], 9443);
    assert_eq!(plan.port, 9443);
    let plan = Site::new("kubernetes: {pin: none}\n").plan(None).unwrap();
    assert_eq!(plan.webhooks.len(), 1);
}

#[test]
fn files_beside_the_configuration_come_along_and_a_complete_configuration_stays_as_it_is() {
    let complete = "# A comment.\n\
        server: {tls: {selfManaged: {secret: s, service: admission.team.svc, webhooks: [w, x]}}}\n\
        aws: {revocation: {replicas: 5}}\n\
        registries: [{host: r.example.com, ca: ca.pem}]\n";
    let site = Site::new(complete);
    site.write("ca.pem", "PEM");
    let plan = site.plan(None).unwrap();
    let data = &of_kind(&plan.objects, "ConfigMap")[0]["data"];
    assert_eq!(data["admission.yaml"].as_str().unwrap(), format!("{MINIMAL}{complete}"));
    assert_eq!(data["ca.pem"], "PEM");
    assert_eq!((plan.managed.namespace(), plan.sharing), ("team", 5));
    let role = of_kind(&plan.objects, "Role")[0];
    assert_eq!((&role["metadata"]["namespace"], &role["rules"][0]["resourceNames"][0]), (&"team".into(), &"s".into()));
    assert_eq!(of_kind(&plan.objects, "ClusterRole")[0]["rules"][0]["resourceNames"], serde_json::json!(["w", "x"]));
    assert_eq!(plan.webhooks[0]["metadata"]["name"], "w");
    let why = site.plan(Some("other")).unwrap_err().to_string();
    assert!(why.contains("server.tls.selfManaged.service: it is installed as admission.other.svc"), "{why}");
}

#[test]
fn what_does_not_work_in_a_cluster_is_refused_with_what_to_do() {
    for (more, says) in [
        ("server: {plain: true, listen: \"127.0.0.1:1\"}\n", "server.plain: the API server calls webhooks with TLS"),
        ("server: {tls: {certificate: a, key: b}}\n", "server.tls: the service makes its certificate itself"),
        ("server: {listen: \"127.0.0.1:8443\"}\n", "server.listen: 127.0.0.1:8443 cannot be reached"),
        ("server: {adapters: [verify]}\n", "server.adapters: it lacks kubernetes"),
        ("server: {socket: /run/a.sock}\n", "server.socket"),
        ("registries: [{host: a.example, credentials: {file: c.json}}]\n", "registries[0].credentials: a file with"),
        ("registries: [{host: a.example, ca: /etc/ca.pem}]\n", "/etc/ca.pem cannot be installed"),
        ("registries: [{host: a.example, ca: ../ca.pem}]\n", "put it into the folder of the configuration"),
        ("registries: [{host: a.example, ca: admission.yaml}]\n", "the configuration itself is installed by this name"),
        (
            "kubernetes: {extraTemplates: [{group: argoproj.io, kind: Rollout, podTemplate: /spec/template}]}\n",
            "kubernetes.extraTemplates",
        ),
        ("cache: {redis: {url: \"rediss://r:6379/0\", keyFiles: [k]}}\n", "cache.redis"),
        ("nosuch: 1\n", "nosuch"),
    ] {
        let why = Site::new(more).plan(None).unwrap_err().to_string();
        assert!(why.contains(says), "{more}: {why}");
    }
}

#[test]
fn namespaces_that_every_cluster_has_are_refused() {
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let why = Site::new("").plan(Some(namespace)).unwrap_err().to_string();
        assert!(
            why.contains(namespace) && why.contains("use a namespace of its own, such as notation-system"),
            "{why}"
        );
        let of_file = format!(
            "server: {{tls: {{selfManaged: {{secret: s, service: admission.{namespace}.svc, webhooks: [w]}}}}}}\n"
        );
        assert!(matches!(Site::new(&of_file).plan(None), Err(InstallError::Namespace(_))), "{namespace}");
    }
    assert!(Site::new("").plan(Some("kube-system-2")).is_ok());
}

#[test]
fn only_the_secrets_that_registries_name_can_be_read_and_what_is_not_needed_is_known() {
    let more = "kubernetes: {pullSecrets: none, pin: none}\nregistries:\n\
                - {host: a.example, credentials: {secret: {namespace: team, name: one}}}\n\
                - {host: b.example, credentials: {secret: {namespace: team, name: two}}}\n\
                - {host: c.example, credentials: {secret: {namespace: other, name: one}}}\n";
    let plan = Site::new(more).plan(None).unwrap();
    let roles = of_kind(&plan.objects, "ClusterRole");
    assert_eq!(roles.len(), 1, "{roles:?}");
    let roles = of_kind(&plan.objects, "Role");
    let read: Vec<_> = roles[1..].iter().map(|role| (&role["metadata"]["namespace"], &role["rules"])).collect();
    let rules = |names: &[&str]| serde_json::json!([{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"] }]);
    assert_eq!(read, [(&"other".into(), &rules(&["one"])), (&"team".into(), &rules(&["one", "two"]))]);
    let bindings = of_kind(&plan.objects, "RoleBinding");
    assert_eq!(bindings.len(), 3);
    assert_eq!(bindings[2]["subjects"], bindings[0]["subjects"]);
    assert_eq!(bindings[2]["roleRef"]["name"], "notation-admission-registries");
    // What an earlier run may have installed for another configuration.
    let kinds: Vec<_> = plan.unneeded.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    let pair = ["ClusterRole", "ClusterRoleBinding"];
    let expected = [&pair[..], &pair, &pair, &["ClusterRoleBinding", "MutatingWebhookConfiguration"]].concat();
    assert_eq!(kinds, expected);
    let plan = Site::new("").plan(None).unwrap();
    assert!(!plan.unneeded.iter().any(|object| plan.documents(IMAGE).contains(object)), "{:?}", plan.unneeded);
}

#[test]
fn a_file_of_webhooks_has_those_that_can_be_applied_and_nothing_else() {
    let webhook = |version: &str, kind: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: w}}\nwebhooks: []\n---\n")
    };
    let (version, kind) = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
    let good = webhook(version, kind) + &webhook(version, "ValidatingWebhookConfiguration");
    assert_eq!(webhooks(good.as_bytes()).unwrap().len(), 2);
    for other in [webhook("admissionregistration.k8s.io/v1beta1", kind), webhook("v1", "Secret"), "a: b".to_owned()] {
        let why = webhooks((good.clone() + &other).as_bytes()).unwrap_err().to_string();
        assert!(why.contains("of admissionregistration.k8s.io/v1"), "{why}");
    }
    assert!(webhooks(b"").is_err());
}

/// `kubectl` reads YAML 1.1 in parts: `no` and `1:30` are not texts there unless they are quoted.
#[test]
fn printed_yaml_says_what_the_objects_say() {
    let special = "~ null Null y N no NO off On yes true True .inf -.INF .nan 0 007 0o7 0x1f 1e3 1_000 1:30 12:30:45 \
                   2001-12-14 2001-12-14T21:59:43Z = << +1 1. .5 0b1 -0";
    let special: Vec<&str> = special.split(' ').collect();
    let texts = "/ /-/?/#/---/.../!tag/&anchor/*alias/|/>/@a/`a/{a}/[a]/- a/: /a: b/a:/a #b/\
                 --- a/%YAML 1.1/'/\"/\\/\t/a\tb/\n/a\n/a\n\n/\na/ a\nb/a\n b\n/\
                 a\n---\nb: c\n/a\n...\n---\nkind: Secret\n/a\r\nb/a\rb/\u{85}/a\u{2028}b/\u{feff}a/\u{7f}/a \n/a\n#b\n/\u{1}/a\u{0}b/\
                 image:1\n      command: [sh]/a, b]}/ä/😀";
    let words: Vec<&str> = special.iter().copied().chain(texts.split('/')).collect();
    let objects: Vec<Value> = words
        .iter()
        .map(|word| {
            let key = word.replace(['\n', '\r'], "");
            serde_json::json!({ "metadata": { "labels": { key: word } }, "data": { "a": word }, "list": [word] })
        })
        .collect();
    let text = yaml(&objects).unwrap();
    let read = crate::manifests::documents(text.as_bytes()).unwrap();
    for (index, word) in words.iter().enumerate() {
        assert_eq!(read.get(index), Some(&objects[index]), "{word:?}");
    }
    assert_eq!(read.len(), objects.len());
    for word in special {
        assert!(!text.contains(&format!(" {word}\n")), "{word} is not quoted");
    }
}
