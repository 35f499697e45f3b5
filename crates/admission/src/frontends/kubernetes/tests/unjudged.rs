use serde_json::{Value, json};

use super::samples::{create, pod, review, update};
use super::{mutate, validate};
use crate::decision::{Outcome, Verdict};

/// Allowed, and nothing was asked.
#[track_caller]
fn assert_unjudged(request: &Value) {
    for answered in [validate(request), mutate(request)] {
        assert!(answered.is_allowed() && answered.questions.is_empty() && answered.patch().is_empty());
        assert_eq!(answered.annotation("decision"), "allowed");
    }
}

#[test]
fn deletions_and_connections_are_allowed() {
    for operation in ["DELETE", "CONNECT"] {
        let mut request = review(operation, ("", "Pod", "pods"), &json!(null));
        assert_unjudged(&request);
        assert!(validate(&request).answer.record.is_none(), "nothing was decided");
        request["request"]["object"] = pod(&["unsigned"]);
        request["request"]["oldObject"] = pod(&["unsigned"]);
        assert_unjudged(&request);
    }
    let mut exec = review("CONNECT", ("", "PodExecOptions", "pods"), &json!({"kind": "PodExecOptions"}));
    exec["request"]["subResource"] = "exec".into();
    assert_unjudged(&exec);
}

#[test]
fn other_subresources_are_allowed() {
    for (operation, kind, resource, subresource) in [
        ("UPDATE", ("", "Pod"), "pods", "status"),
        ("UPDATE", ("", "Pod"), "pods", "resize"),
        ("CREATE", ("", "Binding"), "pods", "binding"),
        ("CREATE", ("policy", "Eviction"), "pods", "eviction"),
        ("UPDATE", ("apps", "Deployment"), "deployments", "status"),
        ("UPDATE", ("autoscaling", "Scale"), "deployments", "scale"),
        ("UPDATE", ("example.com", "Thing"), "things", "ephemeralcontainers"),
    ] {
        let mut request = review(operation, (kind.0, kind.1, resource), &json!({"kind": kind.1}));
        request["request"]["resource"]["group"] = if resource == "deployments" { "apps".into() } else { "".into() };
        request["request"]["subResource"] = subresource.into();
        assert_unjudged(&request);
        assert!(validate(&request).warnings().is_empty());
    }
}

#[test]
fn other_kinds_are_allowed_with_a_warning() {
    for (group, kind, resource) in [("", "ConfigMap", "configmaps"), ("example.com", "Pod", "pods")] {
        let request = review("CREATE", (group, kind, resource), &json!({"kind": kind, "data": "any"}));
        assert_unjudged(&request);
        let warnings = validate(&request).warnings();
        assert!(
            warnings.len() == 1 && warnings[0].starts_with(kind) && warnings[0].contains("not judged"),
            "{warnings:?}"
        );
    }
}

#[test]
fn mirror_pods_of_nodes_are_allowed_and_logged() {
    let mut request = create(&["registry.example.com/unsigned:1"]);
    request["request"]["object"]["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "d41d8cd98f"});
    assert!(!validate(&request).is_allowed(), "anyone can write the annotation");

    let user = json!({"username": "system:node:n1", "groups": ["system:nodes", "system:authenticated"]});
    request["request"]["userInfo"] = user;
    assert_unjudged(&request);
    let answered = validate(&request);
    assert!(answered.warnings().is_empty());
    let record = answered.record();
    assert_eq!((record.verdict, record.user.as_deref()), (Verdict::Allowed, Some("system:node:n1")));
    assert_eq!((record.images.len(), record.images[0].outcome), (1, Outcome::Exempt));
    assert_eq!(record.images[0].rule.as_deref(), Some("mirror pods"));

    let mut without = request.clone();
    without["request"]["object"]["metadata"]["annotations"] = json!({"config.mirror": "x"});
    assert!(!validate(&without).is_allowed(), "nodes create other Pods, too");
    let mut labelled = without;
    labelled["request"]["object"]["metadata"]["labels"] = json!({"kubernetes.io/config.mirror": "x"});
    assert!(!validate(&labelled).is_allowed());
}

#[test]
fn mirror_pods_are_judged_when_they_change() {
    let mut request = update(&["app"], &["unsigned"]);
    request["request"]["userInfo"] = json!({"username": "system:node:n1", "groups": ["system:nodes"]});
    for object in ["object", "oldObject"] {
        request["request"][object]["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    }
    assert!(!validate(&request).is_allowed());
}

#[test]
fn templates_are_no_mirror_pods() {
    let template = super::samples::object("", "PodTemplate", &["template"], super::samples::spec(&["unsigned"]));
    let mut request = review("CREATE", ("", "PodTemplate", "podtemplates"), &template);
    request["request"]["object"]["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    request["request"]["userInfo"] = json!({"groups": ["system:nodes"]});
    assert!(!validate(&request).is_allowed());
}
