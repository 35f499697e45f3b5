use serde_json::json;

use super::samples::{TEMPLATES, create, object, pod, review, spec, update};
use super::{Webhook, validate};
use crate::config::ExtraTemplate;
use crate::decision::PullIdentity;

#[test]
fn a_pod_with_a_verified_image_is_allowed() {
    let answered = validate(&create(&["registry.example.com/app:1"]));
    assert!(answered.is_allowed());
    assert_eq!(answered.judged(), ["registry.example.com/app:1"]);
    assert_eq!(answered.response()["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
}

#[test]
fn a_pod_with_an_unsigned_image_is_refused() {
    let answered = validate(&create(&["registry.example.com/app:1", "unsigned"]));
    assert!(!answered.is_allowed());
    assert_eq!(answered.judged(), ["registry.example.com/app:1", "unsigned"]);
}

#[test]
fn all_kinds_with_a_pod_template_are_judged_when_created_and_updated() {
    for (group, kind, resource, path) in TEMPLATES {
        for operation in ["CREATE", "UPDATE"] {
            let good = object(group, kind, path, spec(&["app"]));
            let answered = validate(&review(operation, (group, kind, resource), &good));
            assert!(answered.is_allowed() && answered.judged() == ["app"], "{operation} {kind}");

            let bad = object(group, kind, path, spec(&["app", "unsigned"]));
            let answered = validate(&review(operation, (group, kind, resource), &bad));
            assert!(!answered.is_allowed(), "{operation} {kind}");
        }
    }
}

#[test]
fn all_fields_with_images_are_judged() {
    let mut pod = pod(&["a"]);
    pod["spec"]["initContainers"] = json!([{"name": "i", "image": "b"}]);
    pod["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "c"}]);
    pod["spec"]["volumes"] = json!([
        {"name": "v", "image": {"reference": "d", "pullPolicy": "Always"}},
        {"name": "w", "emptyDir": {}},
        {"name": "x", "image": {"reference": "a"}},
    ]);
    let mut judged = validate(&review("CREATE", ("", "Pod", "pods"), &pod)).judged().join(",");
    assert_eq!(judged, "b,a,c,d", "equal ones once");
    for (pointer, image) in [
        ("/spec/containers/0/image", "a"),
        ("/spec/initContainers/0/image", "b"),
        ("/spec/ephemeralContainers/0/image", "c"),
        ("/spec/volumes/0/image/reference", "d"),
    ] {
        let mut pod = pod.clone();
        *pod.pointer_mut(pointer).unwrap() = "unsigned".into();
        let answered = validate(&review("CREATE", ("", "Pod", "pods"), &pod));
        assert!(!answered.is_allowed(), "{image} at {pointer}");
        judged.clear();
    }
}

#[test]
fn ephemeral_containers_are_judged_as_kubectl_debug_adds_them() {
    let mut request = update(&["app"], &["app"]);
    request["request"]["subResource"] = "ephemeralcontainers".into();
    request["request"]["object"]["spec"]["ephemeralContainers"] = json!([{"name": "debugger", "image": "unsigned"}]);
    let answered = validate(&request);
    assert!(!answered.is_allowed());
    assert_eq!(answered.judged(), ["unsigned"]);

    request["request"]["object"]["spec"]["ephemeralContainers"][0]["image"] = "busybox".into();
    let answered = validate(&request);
    assert!(answered.is_allowed());
    assert_eq!(answered.judged(), ["busybox"]);

    // Not every sender of a review says of which resource the subresource is.
    request["request"].as_object_mut().unwrap().remove("resource");
    assert_eq!(validate(&request).judged(), ["busybox"]);
}

#[test]
fn extra_templates_are_found_by_their_json_pointer() {
    let mut webhook = Webhook::default();
    let extra = |kind: &str, pod_template: &str| ExtraTemplate {
        group: "example.com".to_owned(),
        kind: kind.to_owned(),
        pod_template: pod_template.to_owned(),
    };
    webhook.kubernetes.extra_templates =
        vec![extra("Deep", "/spec/a~1b/0/pod"), extra("Bare", ""), extra("Loose", "spec/template")];
    for (kind, body) in [
        ("Deep", json!({"spec": {"a/b": [{"pod": {"spec": spec(&["unsigned"])}}]}})),
        ("Bare", json!({"spec": spec(&["unsigned"])})),
        ("Loose", json!({"spec": {"template": {"spec": spec(&["unsigned"])}}})),
    ] {
        let request = review("CREATE", ("example.com", kind, "things"), &body);
        assert_eq!(webhook.validate(&request).judged(), ["unsigned"], "{kind}");
        assert!(!webhook.validate(&request).is_allowed());
    }
    // The managed fields of an object are not read. Its own members of that name are.
    let body = json!({
        "metadata": {"managedFields": {"pod": {"spec": spec(&["unsigned"])}}},
        "spec": {"metadata": {"managedFields": {"pod": {"spec": spec(&["unsigned"])}}}},
    });
    webhook.kubernetes.extra_templates =
        vec![extra("Managed", "/metadata/managedFields/pod"), extra("Own", "/spec/metadata/managedFields/pod")];
    let managed = webhook.validate(&review("CREATE", ("example.com", "Managed", "things"), &body));
    assert_eq!(managed.answer.status, 400);
    assert!(managed.text().contains("request.object.metadata.managedFields is a value that is not looked at"));
    assert_eq!(webhook.validate(&review("CREATE", ("example.com", "Own", "things"), &body)).judged(), ["unsigned"]);
    // A Rollout may name a Deployment in place of a template.
    let rollout = json!({"kind": "Rollout", "spec": {"workloadRef": {"kind": "Deployment", "name": "web"}}});
    assert!(validate(&review("CREATE", ("argoproj.io", "Rollout", "rollouts"), &rollout)).is_allowed());
}

#[test]
fn all_templates_of_a_kind_are_judged() {
    let mut webhook = Webhook::default();
    let extra = |group: &str, kind: &str, pod_template: &str| ExtraTemplate {
        group: group.to_owned(),
        kind: kind.to_owned(),
        pod_template: pod_template.to_owned(),
    };
    webhook.kubernetes.extra_templates = vec![
        extra("argoproj.io", "Rollout", "/spec/template"),
        extra("apps", "Deployment", "/spec/canary"),
        extra("argoproj.io", "Rollout", "/spec/canary"),
    ];
    let object = |kind: &str, template: &str, canary: &str| {
        let pod = |image: &str| json!({"spec": spec(&[image])});
        json!({"kind": kind, "spec": {"template": pod(template), "canary": pod(canary)}})
    };
    for (group, kind, resource) in [("argoproj.io", "Rollout", "rollouts"), ("apps", "Deployment", "deployments")] {
        for (template, canary, is_allowed) in
            [("app", "other", true), ("unsigned", "app", false), ("app", "unsigned", false), ("down", "app", false)]
        {
            let mut request = review("CREATE", (group, kind, resource), &object(kind, template, canary));
            let answered = webhook.validate(&request);
            assert_eq!(answered.judged(), [template, canary], "{kind}");
            assert_eq!(answered.is_allowed(), is_allowed, "{kind} {template} {canary}");
            // An update is judged by the images that none of the templates had.
            request["request"]["operation"] = "UPDATE".into();
            request["request"]["oldObject"] = object(kind, template, "old");
            assert_eq!(webhook.validate(&request).judged(), [canary]);
        }
        // A template that is absent has no images, and the other is judged nevertheless.
        let only = json!({"kind": kind, "spec": {"canary": {"spec": spec(&["unsigned"])}}});
        let answered = webhook.validate(&review("CREATE", (group, kind, resource), &only));
        assert!(answered.judged() == ["unsigned"] && !answered.is_allowed(), "{kind}");
        // One of the wrong type is an error, as with one template.
        let wrong = json!({"kind": kind, "spec": {"template": {"spec": spec(&["app"])}, "canary": {"spec": []}}});
        assert_eq!(webhook.validate(&review("CREATE", (group, kind, resource), &wrong)).answer.status, 400);
    }
}

#[test]
fn the_secrets_of_all_templates_of_an_object_fetch_its_images() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.extra_templates.push(ExtraTemplate {
        group: "argoproj.io".to_owned(),
        kind: "Rollout".to_owned(),
        pod_template: "/spec/canary".to_owned(),
    });
    let pod = |secrets: &[&str], account: &str| {
        let mut spec = spec(&["app"]);
        spec["imagePullSecrets"] = secrets.iter().map(|name| json!({ "name": *name })).collect();
        spec["serviceAccountName"] = account.into();
        json!({ "spec": spec })
    };
    let object = json!({"kind": "Rollout", "spec": {"template": pod(&["a"], "x"), "canary": pod(&["b", "a"], "y")}});
    let answered = webhook.validate(&review("CREATE", ("argoproj.io", "Rollout", "rollouts"), &object));
    let PullIdentity { secrets, service_account } = &answered.questions[0].pull;
    assert_eq!((secrets.join(","), service_account.as_deref()), ("a,b".to_owned(), Some("x")));
}

#[test]
fn containers_without_image_have_nothing_to_pull() {
    let mut request = create(&["app", "b", "c"]);
    let containers = &mut request["request"]["object"]["spec"]["containers"];
    containers[0].as_object_mut().unwrap().remove("image");
    containers[1]["image"] = json!(null);
    containers[2]["image"] = "".into();
    let answered = validate(&request);
    assert!(answered.is_allowed() && answered.questions.is_empty());
    assert!(answered.annotation("images").starts_with("none: "));
    request["request"]["object"]["spec"]["containers"][2]["image"] = " ".into();
    assert!(!validate(&request).is_allowed(), "white space is an image");
}

#[test]
fn the_namespace_of_the_request_counts_and_not_that_of_the_object() {
    let mut request = create(&["app"]);
    request["request"]["object"]["metadata"]["namespace"] = "kube-system".into();
    let answered = validate(&request);
    assert_eq!(answered.questions[0].namespace.as_deref(), Some("shop"));
    for absent in [json!(null), json!("")] {
        request["request"]["namespace"] = absent;
        let question = &validate(&request).questions[0];
        assert_eq!((question.namespace.as_ref(), &question.pull), (None, &PullIdentity::default()));
    }
}

#[test]
fn a_dry_run_has_the_same_decision() {
    for image in ["app", "unsigned", "down"] {
        let mut request = create(&[image]);
        let real = validate(&request);
        request["request"]["dryRun"] = true.into();
        let dry = validate(&request);
        assert_eq!(real.response(), dry.response());
        assert!(dry.record().dry_run && !real.record().dry_run);
    }
}

#[test]
fn the_pull_identity_is_that_of_the_pod() {
    let identity = |secrets: &[&str], account: &str| PullIdentity {
        secrets: secrets.iter().map(ToString::to_string).collect(),
        service_account: Some(account.to_owned()),
    };
    let mut request = create(&["app"]);
    assert_eq!(validate(&request).questions[0].pull, identity(&[], "default"));
    let spec = &mut request["request"]["object"]["spec"];
    spec["imagePullSecrets"] = json!([{"name": "a"}, {"name": "b"}, {"name": "a"}, {}, {"name": ""}]);
    spec["serviceAccount"] = "older".into();
    assert_eq!(validate(&request).questions[0].pull, identity(&["a", "b"], "older"));
    request["request"]["object"]["spec"]["serviceAccountName"] = "builder".into();
    assert_eq!(validate(&request).questions[0].pull, identity(&["a", "b"], "builder"));

    let mut inner = super::samples::spec(&["app"]);
    inner["serviceAccountName"] = "cron".into();
    inner["imagePullSecrets"] = json!([{"name": "c"}]);
    let cron = object("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"], inner);
    let answered = validate(&review("CREATE", ("batch", "CronJob", "cronjobs"), &cron));
    assert_eq!(answered.questions[0].pull, identity(&["c"], "cron"));
}

#[test]
fn the_deadline_is_the_callers_less_the_margin() {
    let answered = validate(&create(&["app"]));
    assert_eq!(answered.questions[0].deadline.budget().as_millis(), 4500);
}
