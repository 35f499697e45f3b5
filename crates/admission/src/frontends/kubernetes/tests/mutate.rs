use serde_json::{Value, json};

use super::samples::{TEMPLATES, create, object, pod, review, spec, update};
use super::{DIGEST, Webhook, mutate, validate};
use crate::config::{ExtraTemplate, Pin, PinAs, Updates};

fn replace(path: &str, value: &str) -> Value {
    json!({"op": "replace", "path": path, "value": value})
}

/// Applies the operations to a document.
fn apply(patch: &[Value], document: &mut Value) {
    for operation in patch {
        assert_eq!(operation["op"], "replace");
        let place = document.pointer_mut(operation["path"].as_str().unwrap()).expect("the path exists");
        *place = operation["value"].clone();
    }
}

#[test]
fn images_of_a_pod_are_replaced_by_verified_digests() {
    let mut pod = pod(&["app:1", "registry.example.com:5000/b/c"]);
    pod["spec"]["initContainers"] = json!([{"name": "i", "image": "exempt:1"}, {"name": "j", "image": "app:1"}]);
    pod["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "e"}]);
    pod["spec"]["volumes"] =
        json!([{"name": "u"}, {"name": "v", "image": {"reference": "v:2", "pullPolicy": "Always"}}]);
    let mut request = review("CREATE", ("", "Pod", "pods"), &pod);
    let patch = mutate(&request).patch();
    assert_eq!(
        patch,
        [
            replace("/spec/initContainers/1/image", &format!("docker.io/library/app@{DIGEST}")),
            replace("/spec/containers/0/image", &format!("docker.io/library/app@{DIGEST}")),
            replace("/spec/containers/1/image", &format!("registry.example.com:5000/b/c@{DIGEST}")),
            replace("/spec/ephemeralContainers/0/image", &format!("docker.io/library/e@{DIGEST}")),
            replace("/spec/volumes/1/image/reference", &format!("docker.io/library/v@{DIGEST}")),
        ]
    );
    // Once more, as `reinvocationPolicy: IfNeeded` does: nothing changes.
    apply(&patch, &mut request["request"]["object"]);
    let again = mutate(&request);
    assert!(again.is_allowed() && again.patch().is_empty());
}

#[test]
fn the_tag_is_kept_where_the_configuration_says_so() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.pin_as = PinAs::TagAndDigest;
    let mut request = create(&["app:1", "b"]);
    let patch = webhook.mutate(&request).patch();
    assert_eq!(
        patch,
        [
            replace("/spec/containers/0/image", &format!("docker.io/library/app:1@{DIGEST}")),
            replace("/spec/containers/1/image", &format!("docker.io/library/b:latest@{DIGEST}")),
        ]
    );
    apply(&patch, &mut request["request"]["object"]);
    assert!(webhook.mutate(&request).patch().is_empty());
}

#[test]
fn images_with_digest_and_those_that_were_not_verified_stay_as_they_are() {
    let pinned = format!("app:1@{DIGEST}");
    let answered = mutate(&create(&[&pinned, "exempt", "warned-unsigned", "audited-down", "warned:1"]));
    assert!(answered.is_allowed());
    assert_eq!(answered.patch(), [replace("/spec/containers/4/image", &format!("docker.io/library/warned@{DIGEST}"))]);
}

#[test]
fn the_mutating_form_refuses_as_the_validating_form_does() {
    for images in [&["app", "unsigned"][..], &["down"], &["late"], &["app", "revoked", "down"]] {
        let (mutated, validated) = (mutate(&create(images)), validate(&create(images)));
        assert_eq!(mutated.status(), validated.status());
        assert!(!mutated.is_allowed() && mutated.patch().is_empty());
    }
}

#[test]
fn templates_are_pinned_only_where_the_configuration_says_so() {
    for (group, kind, resource, path) in TEMPLATES {
        let mut request = review("CREATE", (group, kind, resource), &object(group, kind, path, spec(&["app:1"])));
        assert!(mutate(&request).patch().is_empty(), "{kind}");
        assert_eq!(mutate(&request).judged(), ["app:1"]);

        let mut webhook = Webhook::default();
        webhook.kubernetes.pin = Pin::All;
        let patch = webhook.mutate(&request).patch();
        apply(&patch, &mut request["request"]["object"]);
        let pointer = format!("/{}/spec/containers/0/image", path.join("/"));
        let image = request["request"]["object"].pointer(&pointer);
        assert_eq!(image.and_then(Value::as_str), Some(&*format!("docker.io/library/app@{DIGEST}")), "{kind}");
        assert!(webhook.mutate(&request).patch().is_empty());
    }
}

#[test]
fn nothing_is_pinned_where_the_configuration_says_so() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.pin = Pin::None;
    let answered = webhook.mutate(&create(&["app:1"]));
    assert!(answered.is_allowed() && answered.patch().is_empty());
    assert!(!webhook.mutate(&create(&["unsigned"])).is_allowed());
}

#[test]
fn paths_are_escaped_as_json_pointers() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.pin = Pin::All;
    webhook.kubernetes.extra_templates = vec![ExtraTemplate {
        group: "example.com".to_owned(),
        kind: "Thing".to_owned(),
        pod_template: "/spec/a~1b~0c/0".to_owned(),
    }];
    let object = json!({"spec": {"a/b~c": [{"spec": spec(&["app:1"])}]}});
    let mut request = review("CREATE", ("example.com", "Thing", "things"), &object);
    let patch = webhook.mutate(&request).patch();
    assert_eq!(patch[0]["path"], "/spec/a~1b~0c/0/spec/containers/0/image");
    apply(&patch, &mut request["request"]["object"]);
}

#[test]
fn all_templates_of_a_kind_are_pinned() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.pin = Pin::All;
    webhook.kubernetes.extra_templates.push(ExtraTemplate {
        group: "argoproj.io".to_owned(),
        kind: "Rollout".to_owned(),
        pod_template: "/spec/canary".to_owned(),
    });
    let object = json!({"kind": "Rollout", "spec": {
        "template": {"spec": spec(&["app:1", "b:1"])}, "canary": {"spec": spec(&["b:1", "c:1"])},
    }});
    let mut request = review("CREATE", ("argoproj.io", "Rollout", "rollouts"), &object);
    let patch = webhook.mutate(&request).patch();
    let pinned = |path: &str, name: &str| replace(path, &format!("docker.io/library/{name}@{DIGEST}"));
    assert_eq!(
        patch,
        [
            pinned("/spec/template/spec/containers/0/image", "app"),
            pinned("/spec/template/spec/containers/1/image", "b"),
            pinned("/spec/canary/spec/containers/0/image", "b"),
            pinned("/spec/canary/spec/containers/1/image", "c"),
        ]
    );
    apply(&patch, &mut request["request"]["object"]);
    assert!(webhook.mutate(&request).patch().is_empty());
}

#[test]
fn only_new_images_of_an_update_are_pinned() {
    for updates in [Updates::Changed, Updates::All] {
        let mut webhook = Webhook::default();
        webhook.kubernetes.updates = updates;
        let mut request = update(&["old:1"], &["old:1"]);
        request["request"]["subResource"] = "ephemeralcontainers".into();
        request["request"]["object"]["spec"]["ephemeralContainers"] = json!([{"name": "debugger", "image": "debug:1"}]);
        let pinned = format!("docker.io/library/debug@{DIGEST}");
        assert_eq!(webhook.mutate(&request).patch(), [replace("/spec/ephemeralContainers/0/image", &pinned)]);
    }
}
