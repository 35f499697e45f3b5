//! `examples/admission`, and the configurations in `docs/admission.md`: they are valid, and the manifests belong
//! together.

use std::fs::{create_dir_all, read_to_string, write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::programs;

pub(super) fn example(file: &str) -> PathBuf {
    programs::source_tree().join("examples/admission").join(file)
}

/// The documents of a file as JSON.
pub(super) fn documents(file: &str) -> Vec<Value> {
    parse(&read_to_string(example(file)).unwrap())
}

/// The documents of a YAML text as JSON.
pub(super) fn parse(text: &str) -> Vec<Value> {
    YamlLoader::load_from_str(text).unwrap_or_else(|why| panic!("{why}: {text}")).iter().map(value).collect()
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Integer(number) => json!(number),
        Yaml::String(text) => json!(text),
        Yaml::Boolean(value) => json!(value),
        Yaml::Null => Value::Null,
        Yaml::Array(items) => items.iter().map(value).collect(),
        Yaml::Hash(members) => {
            members.iter().map(|(key, member)| (key.as_str().unwrap().to_owned(), value(member))).collect()
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents.iter().find(|document| document["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// Writes the files that the examples name.
fn write_named_files(folder: &Path, root: &Path) {
    for name in ["tls", "roots", "registries"] {
        create_dir_all(folder.join(name)).unwrap();
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    write(folder.join("tls/tls.crt"), certificate.pem()).unwrap();
    write(folder.join("tls/tls.key"), key.serialize_pem()).unwrap();
    write(folder.join("registries/ca.pem"), certificate.pem()).unwrap();
    write(folder.join("registries/config.json"), r#"{"auths": {}}"#).unwrap();
    let root = read_to_string(root).unwrap();
    write(folder.join("roots/vendor.pem"), &root).unwrap();
    write(folder.join("vendor.pem"), &root).unwrap();
    let policy = read_to_string(example("trustpolicy.json")).unwrap();
    write(folder.join("trustpolicy.json"), &policy).unwrap();
    write(folder.join("vendor.json"), &policy).unwrap();
}

#[test]
fn the_example_configurations_are_valid() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    write_named_files(cli.home(), &signer.root_certificate());
    let deployment = documents("kubernetes/deployment.yaml");
    let of_deployment = of_kind(&deployment, "ConfigMap")["data"]["admission.yaml"].as_str().unwrap();
    let page = read_to_string(programs::source_tree().join("docs/admission.md")).unwrap();
    let of_page = page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned());
    let of_page: Vec<String> = of_page.filter(|block| block.starts_with("version: 1")).collect();
    assert!(!of_page.is_empty());
    let files =
        ["minimal.yaml", "full.yaml", "ecs/admission.yaml", "kyverno/admission.yaml", "containerd/admission.yaml"];
    let files = files.map(|file| read_to_string(example(file)).unwrap());
    let texts = files.into_iter().chain([of_deployment.replace(": /tls/", ": tls/")]).chain(of_page);
    for text in texts {
        write(cli.home().join("admission.yaml"), &text).unwrap();
        let checked = cli.run(&["admission", "check-config", "admission.yaml"]);
        assert!(checked.is_success() && !checked.stderr.contains("warning"), "{checked}\n{text}");
    }
}

#[test]
fn the_webhooks_judge_what_the_service_judges_and_fail_closed() {
    let webhooks = documents("kubernetes/webhooks.yaml");
    let deployment = documents("kubernetes/deployment.yaml");
    let (service, config) = (of_kind(&deployment, "Service"), of_kind(&deployment, "ConfigMap"));
    for (kind, path) in [("MutatingWebhookConfiguration", "/mutate"), ("ValidatingWebhookConfiguration", "/validate")] {
        let webhook = &of_kind(&webhooks, kind)["webhooks"][0];
        let client = &webhook["clientConfig"]["service"];
        assert_eq!(
            (&client["name"], &client["namespace"]),
            (&service["metadata"]["name"], &service["metadata"]["namespace"])
        );
        assert_eq!(client["path"], path);
        assert_eq!(webhook["failurePolicy"], "Fail");
        assert_eq!(webhook["timeoutSeconds"], 10);
        let left_out = &webhook["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(left_out["values"], json!(["kube-system", service["metadata"]["namespace"]]));
        let resources: Vec<&str> = webhook["rules"].as_array().unwrap().iter().flat_map(resources).collect();
        assert!(resources.contains(&"pods") && resources.contains(&"pods/ephemeralcontainers"), "{resources:?}");
        if path == "/validate" {
            let others = ["podtemplates", "replicationcontrollers", "deployments", "statefulsets", "daemonsets"];
            for resource in others.into_iter().chain(["replicasets", "jobs", "cronjobs"]) {
                assert!(resources.contains(&resource), "{resource}");
            }
        }
    }
    assert_eq!(config["metadata"]["namespace"], service["metadata"]["namespace"]);
    let pod = &of_kind(&deployment, "Deployment")["spec"]["template"];
    assert_eq!(pod["metadata"]["labels"], service["spec"]["selector"]);
    let account = &pod["spec"]["serviceAccountName"];
    for document in documents("kubernetes/rbac.yaml").iter().filter(|document| document["kind"] == "ClusterRoleBinding")
    {
        assert_eq!(&document["subjects"][0]["name"], account);
    }
    // The certificate of its own: only its Secret, its Lease and its webhooks are read or changed.
    let managed = documents("kubernetes/self-managed.yaml");
    let rules = managed.iter().flat_map(|document| document["rules"].as_array().into_iter().flatten());
    for rule in rules {
        let names = match rule["verbs"] == json!(["create"]) {
            true => Value::Null,
            false if rule["apiGroups"][0] == "admissionregistration.k8s.io" => json!([webhooks[0]["metadata"]["name"]]),
            false => json!(["admission-tls"]),
        };
        assert_eq!(rule["resourceNames"], names, "{rule}");
    }
    // Secrets are read by name only.
    for role in documents("kubernetes/rbac.yaml").iter().filter(|document| document["kind"] == "ClusterRole") {
        let rule = &role["rules"][0];
        let verbs = if rule["resources"] == json!(["namespaces"]) { json!(["list", "watch"]) } else { json!(["get"]) };
        assert_eq!(rule["verbs"], verbs, "{role}");
    }
}

fn resources(rule: &Value) -> impl Iterator<Item = &str> {
    assert_eq!(rule["operations"], json!(["CREATE", "UPDATE"]));
    rule["resources"].as_array().unwrap().iter().filter_map(Value::as_str)
}

#[test]
fn the_template_of_gatekeeper_asks_the_provider_in_the_namespace_of_the_request() {
    let provider = &documents("gatekeeper/provider.yaml")[0];
    assert!(provider["spec"]["url"].as_str().unwrap().ends_with("/gatekeeper/verify"));
    let template = &documents("gatekeeper/template.yaml")[0];
    let kind = &template["spec"]["crd"]["spec"]["names"]["kind"];
    let constraint = &documents("gatekeeper/constraint.yaml")[0];
    assert_eq!(&constraint["kind"], kind);
    assert_eq!(template["metadata"]["name"], kind.as_str().unwrap().to_lowercase());
    let rego = template["spec"]["targets"][0]["rego"].as_str().unwrap();
    let asked = format!("external_data({{\"provider\": {}, \"keys\": keys}})", provider["metadata"]["name"]);
    for part in
        [&*asked, "sprintf(\"[%s]%s\"", "ephemeralContainers", "volumes[_].image.reference", "succeeded == true"]
    {
        assert!(rego.contains(part), "{part}");
    }
}

#[test]
fn results_of_manifests_conform_to_their_schema() {
    let cli = Cli::for_signer(&LocalSigner::start());
    let config = "version: 1\n\
        policies: {default: {trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n\
        rules: [{namespaces: [free], action: exempt}, {namespaces: [trial], policy: default, action: warn}, \
        {namespaces: [default], policy: default, action: enforce}]\n\
        kubernetes: {pullSecrets: none}\n";
    write(cli.home().join("admission.yaml"), config).unwrap();
    let test = |objects: &str, code: i32| {
        write(cli.home().join("objects.yaml"), objects).unwrap();
        cli.json("admission-test", &["admission", "test", "--config", "admission.yaml", "objects.yaml"], code)
    };
    let pod = |namespace: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: {namespace}}}\nspec: {{containers: [{{image: '{image}'}}]}}\n---\n"
        )
    };
    let all = [pod("free", "a"), pod("trial", "localhost:1/a"), pod("default", "localhost:1/a"), pod("other", "a")];
    let results = test(&all.concat(), 1);
    let decisions: Vec<_> = results["objects"].as_array().unwrap().iter().map(|object| &object["decision"]).collect();
    assert_eq!(decisions, ["allowed", "allowed", "undetermined", "refused"], "{results}");
    assert_eq!(test(&pod("default", "A b"), 1)["objects"][0]["images"][0]["code"], "invalid_reference");
    assert_eq!(test(&pod("default", "localhost:1/a"), 3)["status"], "undetermined");
    let malformed = test("{apiVersion: v1, kind: Pod, spec: {containers: 1}}", 2);
    assert_eq!(malformed["objects"][0]["decision"], "malformed", "{malformed}");
    // Nothing is judged, and the user is told so.
    let other = test("{apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: {}}", 0);
    assert!(other["objects"][0]["warnings"][0].as_str().unwrap().contains("not judged"), "{other}");
}
