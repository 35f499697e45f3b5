//! `examples/admission` for other systems than Kubernetes' own webhook: the files can be read, and belong together.

use std::collections::BTreeSet;
use std::fs::read_to_string;

use serde_json::{Value, json};

use super::examples::{documents, example, of_kind};

/// The stages at which ECS calls a hook.
const STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// The values of a member, at any depth.
fn members<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            for (key, member) in object {
                if key == name {
                    found.push(member);
                }
                members(member, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, name, found)),
        _ => {}
    }
}

#[test]
fn the_cloudformation_template_names_only_what_it_has() {
    let template = &documents("ecs/cloudformation.yaml")[0];
    let names = |section: &str| template[section].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let known: BTreeSet<String> = names("Parameters").union(&names("Resources")).cloned().collect();
    let mut references = Vec::new();
    members(template, "Ref", &mut references);
    let mut attributes = Vec::new();
    members(template, "Fn::GetAtt", &mut attributes);
    references.extend(attributes.iter().map(|attribute| &attribute[0]));
    assert!(references.len() > 8);
    for reference in references {
        assert!(known.contains(reference.as_str().unwrap()), "{reference}");
    }
    for resource in template["Resources"].as_object().unwrap().values() {
        assert!(resource["Type"].as_str().unwrap().starts_with("AWS::"), "{resource}");
    }
    let hook = &template["Resources"]["Service"]["Properties"]["DeploymentConfiguration"]["LifecycleHooks"][0];
    let stages = hook["LifecycleStages"].as_array().unwrap();
    assert!(stages.iter().all(|stage| STAGES.contains(&stage.as_str().unwrap())), "{stages:?}");
    // ECS must be able to call the function, and the function to read what it decides about.
    let text = template.to_string();
    for action in ["lambda:InvokeFunction", "ecs:DescribeServiceRevisions", "signer:GetRevocationStatus"] {
        assert!(text.contains(action), "{action}");
    }
}

#[test]
fn the_terraform_configuration_names_only_what_it_has() {
    let text = read_to_string(example("ecs/main.tf")).unwrap();
    let body: hcl_edit::structure::Body = text.parse().unwrap_or_else(|why| panic!("{why}"));
    let mut known = BTreeSet::new();
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let prefix = match block.ident.as_str() {
            "resource" => String::new(),
            "variable" => "var.".to_owned(),
            "data" => "data.".to_owned(),
            other => panic!("{other}"),
        };
        known.insert(format!("{prefix}{}", labels.join(".")));
    }
    assert!(known.contains("aws_lambda_function.admission") && known.contains("var.image_uri"), "{known:?}");
    // Each name with dots outside of text, or in a template.
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let words = text.split(|c: char| !name(c));
    let is_reference =
        |word: &&str| ["var.", "data.", "aws_"].iter().any(|start| word.starts_with(start)) && word.contains('.');
    let references: Vec<&str> = words.filter(is_reference).collect();
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        let is_known = known.iter().any(|known| reference == known || reference.starts_with(&format!("{known}.")));
        assert!(is_known, "{reference}");
    }
    let stages = text.split("lifecycle_stages = [").nth(1).unwrap().split(']').next().unwrap();
    assert!(stages.split(", ").all(|stage| STAGES.contains(&stage.trim_matches('"'))), "{stages}");
}

#[test]
fn the_image_for_lambda_serves_what_its_adapter_asks() {
    let recipe = read_to_string(example("ecs/Dockerfile")).unwrap();
    let config = &documents("ecs/admission.yaml")[0];
    let variable = |name: &str| {
        let after = recipe.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("{name}"));
        after.split_whitespace().next().unwrap().to_owned()
    };
    let address = |member: &str| config["server"][member].as_str().unwrap().to_owned();
    assert_eq!(address("listen"), format!("127.0.0.1:{}", variable("AWS_LWA_PORT")));
    assert_eq!(address("operations"), format!("127.0.0.1:{}", variable("AWS_LWA_READINESS_CHECK_PORT")));
    assert_eq!(variable("AWS_LWA_PASS_THROUGH_PATH"), "/ecs/lifecycle-hook");
    assert_eq!(config["server"]["adapters"], json!(["ecs"]));
    let path = recipe.lines().find_map(|line| line.strip_prefix("COPY admission.yaml ")).unwrap();
    assert!(recipe.contains(&format!("\"--config\", \"{path}\"")), "{recipe}");
}

#[test]
fn the_policy_of_kyverno_asks_what_the_service_answers() {
    let policies = documents("kyverno/policy.yaml");
    let policy = of_kind(&policies, "ClusterPolicy");
    assert_eq!(policy["spec"]["failurePolicy"], "Fail");
    let rule = &policy["spec"]["rules"][0];
    let call = rule["context"].as_array().unwrap().iter().find(|entry| entry["name"] == "response").unwrap();
    let call = &call["apiCall"];
    assert!(call["service"]["url"].as_str().unwrap().ends_with(".svc/checkimages"), "{call}");
    let keys: Vec<&str> = call["data"].as_array().unwrap().iter().map(|entry| entry["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["images", "trustPolicy"]);
    let excluded = &rule["exclude"]["any"][0]["resources"]["namespaces"];
    assert!(excluded.as_array().unwrap().contains(&json!("kyverno")), "{excluded}");
    assert_eq!(rule["mutate"]["foreach"][0]["list"], "response.results");
    let binding = &documents("kyverno/rbac.yaml")[0];
    assert_eq!(binding["roleRef"]["name"], "system:auth-delegator");
}

#[test]
fn the_api_server_fails_closed_and_reaches_the_adapter() {
    let configuration = &documents("imagereview/admission-configuration.yaml")[0];
    let plugin = &configuration["plugins"][0];
    assert_eq!(plugin["name"], "ImagePolicyWebhook");
    assert_eq!(plugin["configuration"]["imagePolicy"]["defaultAllow"], false);
    let kubeconfig = &documents("imagereview/kubeconfig.yaml")[0];
    assert!(kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap().ends_with("/imagereview"));
}

#[test]
fn the_drop_in_of_containerd_can_be_read() {
    let text = read_to_string(example("containerd/notation-aws-signer.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let plugin = &table["plugins"]["io.containerd.image-verifier.v1.bindir"];
    assert_eq!(plugin["bin_dir"].as_str(), Some("/opt/containerd/image-verifier/bin"));
}

#[test]
fn the_scan_may_read_and_write_what_it_needs() {
    let roles = documents("kubernetes/scan.yaml");
    let rules = of_kind(&roles, "ClusterRole")["rules"].as_array().unwrap().clone();
    assert_eq!(rules[0]["verbs"], json!(["list"]));
    assert_eq!(rules[1]["verbs"], json!(["list", "create", "patch", "delete"]));
}
