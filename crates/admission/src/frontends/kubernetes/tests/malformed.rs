use serde_json::{Value, json};

use super::samples::{TEMPLATES, create, object, review, spec};
use super::{Form, Webhook, mutate, validate};

/// The sentence of the answer 400.
#[track_caller]
fn refusal(request: &Value) -> String {
    for answered in [mutate(request), validate(request)] {
        assert_eq!(answered.answer.status, 400, "{}", answered.text());
        assert!(answered.answer.content_type.starts_with("text/plain"));
        assert!(answered.questions.is_empty() && answered.answer.record.is_none());
    }
    validate(request).text().trim_end().to_owned()
}

fn refusal_of(body: &[u8]) -> String {
    let answered = Webhook::default().send(Form::Validating, body);
    assert_eq!(answered.answer.status, 400, "{}", answered.text());
    answered.text()
}

/// The request with another value at a place.
fn with(pointer: &str, value: Value) -> Value {
    let mut request = create(&["app"]);
    *request.pointer_mut(pointer).expect(pointer) = value;
    request
}

#[test]
fn what_is_not_json_is_malformed() {
    for body in [&b""[..], b"x", b"{", b"\xff", b"{} {}", b"apiVersion: admission.k8s.io/v1"] {
        assert!(refusal_of(body).starts_with("the body is not acceptable JSON: "));
    }
    for body in ["null", "[]", "1", "\"AdmissionReview\""] {
        assert!(refusal_of(body.as_bytes()).contains("the document is "), "{body}");
    }
}

#[test]
fn duplicate_members_are_malformed_at_each_level() {
    let text = create(&["app"]).to_string();
    for member in
        ["\"apiVersion\":", "\"request\":", "\"uid\":", "\"object\":", "\"spec\":", "\"containers\":", "\"image\":"]
    {
        let at = text.find(member).expect(member);
        let doubled = format!("{}{member}null,{}", &text[..at], &text[at..]);
        assert!(refusal_of(doubled.as_bytes()).contains("twice"), "{member}");
    }
}

#[test]
fn managed_fields_need_not_be_understood_but_must_be_json_and_there_once() {
    let text = create(&["app"]).to_string();
    let with = |fields: &str| {
        let at = text.find("\"managedFields\":").expect("a Pod has them") + "\"managedFields\":".len();
        let end = at + text[at..].find("}]").expect("they are an array") + 2;
        format!("{}{fields}{}", &text[..at], &text[end..])
    };
    for fields in ["[]", "null", "1", r#"[{"a": 1, "a": 2}]"#] {
        let answered = Webhook::default().send(Form::Validating, with(fields).as_bytes());
        assert_eq!(answered.judged(), ["app"], "{fields}");
    }
    assert!(refusal_of(with("[{]").as_bytes()).contains("not acceptable JSON"));
    assert!(refusal_of(with(r#"[],"managedFields":[]"#).as_bytes()).contains("twice"));
}

#[test]
fn only_the_version_v1_is_supported() {
    let message = refusal(&with("/apiVersion", "admission.k8s.io/v1beta1".into()));
    assert!(message.contains("apiVersion is \"admission.k8s.io/v1beta1\"; expected admission.k8s.io/v1"), "{message}");
    for (pointer, value) in [
        ("/apiVersion", json!("v1")),
        ("/apiVersion", json!(null)),
        ("/apiVersion", json!(1)),
        ("/kind", json!("Admissionreview")),
        ("/kind", json!("ImageReview")),
    ] {
        refusal(&with(pointer, value));
    }
}

#[test]
fn a_request_without_uid_is_malformed() {
    for value in [json!(null), json!(""), json!(7), json!("x".repeat(257))] {
        assert!(refusal(&with("/request/uid", value)).contains("request.uid"));
    }
    assert!(refusal(&with("/request", json!(null))).contains("request is missing"));
}

#[test]
fn an_unknown_operation_is_malformed() {
    for value in [json!(null), json!("PATCH"), json!("create"), json!(""), json!(1)] {
        assert!(refusal(&with("/request/operation", value)).contains("request.operation"));
    }
}

#[test]
fn a_namespace_that_cannot_be_is_malformed() {
    for value in [json!("../kube-system"), json!("A"), json!("a/b"), json!(1), json!(["kube-system"])] {
        assert!(refusal(&with("/request/namespace", value)).contains("request.namespace"));
    }
}

#[test]
fn a_missing_object_is_malformed() {
    assert!(refusal(&with("/request/object", json!(null))).contains("request.object is missing"));
    for value in [json!([]), json!("x"), json!(1), json!(true)] {
        assert!(refusal(&with("/request/object", value)).contains("request.object is "));
    }
}

#[test]
fn values_of_the_wrong_type_are_malformed_and_never_skipped() {
    for (pointer, place) in [
        ("/request/object/spec", "request.object.spec is a boolean; expected an object"),
        ("/request/object/metadata", "request.object.metadata is a boolean"),
        ("/request/object/spec/containers", "request.object.spec.containers is a boolean; expected an array"),
        ("/request/object/spec/containers/0", "request.object.spec.containers[0] is a boolean; expected an object"),
        (
            "/request/object/spec/containers/0/image",
            "request.object.spec.containers[0].image is a boolean; expected a string",
        ),
        ("/request/userInfo", "request.userInfo is a boolean"),
        ("/request/userInfo/groups", "request.userInfo.groups is a boolean"),
        ("/request/userInfo/groups/0", "request.userInfo.groups[0] is a boolean"),
        ("/request/kind", "request.kind is a boolean"),
        ("/request/resource", "request.resource is a boolean"),
    ] {
        let message = refusal(&with(pointer, json!(true)));
        assert!(message.contains(place), "{message}");
    }
    assert!(refusal(&with("/request/dryRun", json!("true"))).contains("request.dryRun"));
    for (member, value) in [
        ("initContainers", json!({"name": "a", "image": "unsigned"})),
        ("ephemeralContainers", json!("unsigned")),
        ("volumes", json!([{"image": "unsigned"}])),
        ("volumes", json!([{"image": {"reference": ["unsigned"]}}])),
        ("volumes", json!([null])),
        ("imagePullSecrets", json!(["a"])),
        ("imagePullSecrets", json!([{"name": 1}])),
        ("serviceAccountName", json!(1)),
        ("serviceAccount", json!({})),
    ] {
        let mut request = create(&["app"]);
        request["request"]["object"]["spec"][member] = value;
        assert!(refusal(&request).contains(member), "{member}");
    }
}

#[test]
fn each_step_to_a_pod_template_must_be_an_object() {
    for (group, kind, resource, path) in TEMPLATES {
        for depth in 1..=path.len() {
            for value in [json!("x"), json!([spec(&["unsigned"])]), json!(1)] {
                let mut object = object(group, kind, path, spec(&["unsigned"]));
                *object.pointer_mut(&format!("/{}", path[..depth].join("/"))).unwrap() = value;
                refusal(&review("CREATE", (group, kind, resource), &object));
            }
        }
    }
}

#[test]
fn kind_resource_and_object_must_belong_together() {
    for (pointer, value) in [
        ("/request/kind/kind", "ConfigMap"),
        ("/request/kind/group", "apps"),
        ("/request/resource/resource", "configmaps"),
        ("/request/resource/resource", ""),
        ("/request/resource/group", "apps"),
        ("/request/object/kind", "ConfigMap"),
    ] {
        assert!(refusal(&with(pointer, value.into())).contains("do not belong together"), "{pointer} {value}");
    }
    let mut request = with("/request/kind/kind", "EphemeralContainers".into());
    request["request"]["subResource"] = "ephemeralcontainers".into();
    assert!(refusal(&request).contains("do not belong together"));
}

#[test]
fn messages_are_short_and_printable() {
    let long = "\u{1b}".repeat(1 << 16);
    for pointer in ["/apiVersion", "/kind", "/request/operation", "/request/namespace", "/request/object/kind"] {
        let message = refusal(&with(pointer, long.clone().into()));
        assert!(message.len() < 2000 && !message.contains('\u{1b}'), "{pointer}");
    }
}
