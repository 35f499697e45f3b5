//! What the chart refuses, and with which words.

use std::fs::{read_to_string, write};

use serde_json::{Value, json};

use super::{Helm, chart, value_file};
use crate::support::programs;

#[test]
#[ignore = "needs helm: scripts/test"]
fn wrong_values_are_refused_with_their_place() {
    let helm = Helm::new();
    let file = value_file("helm-generated-values.yaml");
    for (set, says) in [
        ("tls.mode=own", "at '/tls/mode': value must be one of 'selfManaged', 'helmGenerated', 'certManager', 'files'"),
        ("webhook.registration=job", "at '/webhook/registration'"),
        ("tls.mode=files", "at '/tls/files"),
        ("replicas=0", "at '/replicas'"),
        ("image.repository=", "at '/image/repository'"),
        ("image.digest=sha256:12", "at '/image/digest'"),
        ("webhook.failurePolicy=Maybe", "at '/webhook/failurePolicy'"),
        ("webhook.timeoutSeconds=31", "at '/webhook/timeoutSeconds'"),
        ("webhook.failurepolicy=Fail", "additional properties 'failurepolicy' not allowed"),
        ("webhook.namespaceSelector.matchNames=a", "additional properties 'matchNames' not allowed"),
        ("webhook.excludedNamespaces={kube-*}", "at '/webhook/excludedNamespaces/0'"),
        ("rbac.pullSecrets=all", "at '/rbac/pullSecrets'"),
        ("aws.roleArn=notation-admission", "at '/aws/roleArn'"),
        ("redis.url=rediss://user:secret@redis:6379", "at '/redis/url'"),
        ("redis.url=rediss://redis:6379", "at '/redis/secretName'"),
        ("serviceMonitors.enabled=true", "additional properties 'serviceMonitors' not allowed"),
        ("config.version=2", "at '/config/version'"),
        ("config.rulez=1", "at '/config': additional properties 'rulez' not allowed"),
        ("config.rules[0].action=deny", "at '/config/rules/0/action'"),
        ("config.policies=null", "at '/config/policies': got null, want object"),
        ("config.aws.revocation.whenUnavailable=admit", "at '/config/aws/revocation/whenUnavailable'"),
        // What the schema cannot say.
        ("rbac.pullSecrets=namespaces", "list them in rbac.namespaces"),
        ("config.kubernetes.pullSecrets=pod", "set rbac.pullSecrets to cluster or namespaces"),
        (
            "config.server.plain=true,config.server.listen=127.0.0.1:8443",
            "config.server.plain: the API server calls webhooks with TLS only",
        ),
        ("config.server.adapters={verify}", "config.server.adapters lacks kubernetes"),
        ("gatekeeper.enabled=true", "add gatekeeper to config.server.adapters"),
        ("serviceAccount.create=false", "set serviceAccount.name"),
        ("tls.mode=selfManaged,tls.clientCASecret=a", "tls.mode selfManaged has no client certificates"),
        ("tls.mode=selfManaged,webhook.uninstallHook=false", "set webhook.registration to manifest"),
        (
            "tls.mode=selfManaged,gatekeeper.enabled=true,config.server.adapters={kubernetes,gatekeeper}",
            "set gatekeeper.caBundle",
        ),
        ("configFiles.admission\\.yaml=a", "admission.yaml is the configuration itself"),
        (
            "config.kubernetes.extraTemplates[0].group=argoproj.io,config.kubernetes.extraTemplates[0].kind=Rollout,\
             config.kubernetes.extraTemplates[0].podTemplate=/spec/template",
            "add them to webhook.extraRules",
        ),
    ] {
        helm.with_chart(&["template"], &file, &["--set", set]).failed().says(says);
    }
    let managed = "config.server.tls.selfManaged.secret=a,config.server.tls.selfManaged.service=b.c.svc,\
                   config.server.tls.selfManaged.webhooks={d}";
    let says = "config.server.tls.selfManaged: the chart sets it; remove it and set tls.mode to selfManaged";
    helm.with_chart(&["template"], &file, &["--set", managed]).failed().says(says);
}

/// The schema of `config` is that of the service, except for patterns that Go's regular expressions cannot have: the
/// service checks these itself. To write it again after a change: run this test with `UPDATE_PAGE=1`.
#[test]
fn the_schema_of_the_configuration_is_the_services() {
    let file = chart().join("values.schema.json");
    let mut values: Value = serde_json::from_str(&read_to_string(&file).unwrap()).unwrap();
    let service = read_to_string(programs::source_tree().join("docs/admission-config.schema.json")).unwrap();
    let mut service: Value = serde_json::from_str(&service).unwrap();
    let members = service.as_object_mut().unwrap();
    members.remove("$schema");
    let Value::Object(parts) = members.remove("$defs").unwrap() else { panic!("$defs is an object") };
    let mut expected = json!({ "config": adapted(&service) });
    for (name, part) in &parts {
        expected[format!("config-{name}")] = adapted(part);
    }
    if std::env::var_os("UPDATE_PAGE").is_some() {
        values["$defs"] = expected.clone();
        write(&file, format!("{values:#}\n")).unwrap();
    }
    assert!(
        values["$defs"] == expected,
        "{} differs from the service's: run this test with UPDATE_PAGE=1",
        file.display()
    );
}

fn adapted(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let known = members.iter().filter(|(name, value)| {
                *name != "pattern" || !value.as_str().is_some_and(|pattern| pattern.contains("(?!"))
            });
            known
                .map(|(name, value)| {
                    let value = match value.as_str() {
                        Some(path) if name == "$ref" => path.replace("#/$defs/", "#/$defs/config-").into(),
                        _ => adapted(value),
                    };
                    (name.clone(), value)
                })
                .collect()
        }
        Value::Array(items) => items.iter().map(adapted).collect(),
        other => other.clone(),
    }
}
