use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{TEMPLATES, create, object, pod, review, spec, update};
use super::{Form, Webhook, validate};

/// Requests whose every image is unsigned: none of them may be allowed, whatever else changes.
fn bad_requests() -> Vec<Value> {
    let mut whole = pod(&["unsigned:1", "unsigned:2"]);
    whole["spec"]["initContainers"] = json!([{"name": "i", "image": "unsigned:3"}]);
    whole["spec"]["volumes"] = json!([{"name": "v", "image": {"reference": "unsigned:4"}}]);
    let mut debug = update(&["app"], &["app"]);
    debug["request"]["subResource"] = "ephemeralcontainers".into();
    debug["request"]["object"]["spec"]["ephemeralContainers"] = json!([{"name": "d", "image": "unsigned:5"}]);
    let mut requests = vec![review("CREATE", ("", "Pod", "pods"), &whole), debug, update(&["app"], &["unsigned"])];
    requests.extend(TEMPLATES.iter().map(|(group, kind, resource, path)| {
        review("CREATE", (group, kind, resource), &object(group, kind, path, spec(&["unsigned:6", "unsigned:7"])))
    }));
    requests
}

/// The JSON pointers of all values.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                pointers(inner, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                pointers(inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_value_of_another_type_never_opens_the_door() {
    for request in bad_requests() {
        let mut places = Vec::new();
        pointers(&request, "", &mut places);
        places.retain(|place| !place.contains("managedFields/") && !place.contains("/env/"));
        for place in &places {
            for value in
                [json!("x"), json!(""), json!(1), json!(true), json!([]), json!({}), json!([{}]), json!({"a": 1})]
            {
                let mut changed = request.clone();
                *changed.pointer_mut(place).unwrap() = value.clone();
                let answered = Webhook::default().validate(&changed);
                if answered.answer.status != 200 || !answered.is_allowed() {
                    continue;
                }
                // It may be allowed where the change took all images away, or made it a request that is not judged.
                let has_images = changed["request"]["object"].to_string().contains("unsigned");
                let is_rollout = request["request"]["kind"]["kind"] == "Rollout";
                let is_another = (is_rollout && place.starts_with("/request/kind/")) || place == "/request/subResource";
                assert!(!has_images || is_another, "{place} = {value}: {changed}");
            }
        }
    }
}

#[test]
fn annotations_labels_owners_and_users_change_nothing() {
    let extras = json!({
        "annotations": {
            "kubernetes.io/config.mirror": "x", "kubernetes.io/config.source": "api", "example.com/skip": "true",
            "policies.kyverno.io/exclude": "true", "alpha.image-policy.k8s.io/failed-open": "true",
        },
        "labels": {"admission.example.com/ignore": "true", "control-plane": "true"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1"}],
        "namespace": "kube-system", "deletionTimestamp": "2026-07-01T12:00:00Z", "finalizers": ["x"],
    });
    for mut request in bad_requests() {
        for (name, value) in extras.as_object().unwrap() {
            request["request"]["object"]["metadata"][name] = value.clone();
        }
        request["request"]["userInfo"] = json!({
            "username": "system:serviceaccount:kube-system:replicaset-controller",
            "groups": ["system:masters", "system:serviceaccounts", "SYSTEM:NODES", "system:nodes "],
            "extra": {"groups": ["system:nodes"]},
        });
        request["request"]["options"] = json!({"dryRun": ["All"], "fieldManager": "kubelet"});
        let answered = validate(&request);
        assert!(!answered.is_allowed() && answered.status().0 == 403, "{request}");
    }
}

#[test]
fn bodies_of_16_mib_are_answered_in_time() {
    let most = 16 << 20;
    let mut pods = vec![
        pod(&vec!["unsigned"; 300]).to_string(),
        format!("{{\"spec\":{{\"containers\":[{}{{}}]}}}}", "{\"image\":\"unsigned\"},".repeat(600_000)),
        format!("{{\"spec\":{{\"containers\":{}", "[".repeat(most - 1000)),
        format!("{{\"spec\":{}", "{\"a\":".repeat(most / 6)),
        format!("{{\"spec\":{{\"containers\":[{}1]}}}}", "1,".repeat(most / 2 - 1000)),
        format!("{{\"spec\":{{\"containers\":[{{\"image\":\"{}\"}}]}}}}", "x".repeat(most - 1000)),
        format!("{{\"spec\":{{\"containers\":[{{\"image\":\"{}\"}}]}}}}", "\\u0000".repeat(most / 6 - 1000)),
    ];
    let containers: Vec<_> = (0..300).map(|number| format!("unsigned:{number}{}", "x".repeat(50_000))).collect();
    pods.push(pod(&containers.iter().map(String::as_str).collect::<Vec<_>>()).to_string());
    let head = create(&[]).to_string();
    for pod in pods {
        let start = pod.chars().take(60).collect::<String>();
        let at = head.find("\"object\":").unwrap() + "\"object\":".len();
        let end = head.find(",\"oldObject\":").unwrap();
        let body = format!("{}{pod}{}", &head[..at], &head[end..]);
        let began = Instant::now();
        let answered = Webhook::default().send(Form::Mutating, body);
        assert!(began.elapsed() < Duration::from_secs(30), "{start}");
        assert!(answered.answer.body.len() < 20_000, "{start}");
        assert!(answered.answer.status == 400 || !answered.is_allowed(), "{start}");
    }
}

#[test]
fn names_that_would_change_a_url_are_not_asked_for() {
    let mut request = create(&["app"]);
    let spec = &mut request["request"]["object"]["spec"];
    spec["imagePullSecrets"] =
        json!([{"name": "../../kube-system/secrets/x"}, {"name": "a?b"}, {"name": "ok"}, {"name": ".."}]);
    spec["serviceAccountName"] = "../default".into();
    let pull = validate(&request).questions[0].pull.clone();
    assert_eq!((pull.secrets.as_slice(), pull.service_account), (&["ok".to_owned()][..], None));
}

#[test]
fn the_number_of_pull_secrets_is_bounded() {
    let mut request = create(&["app"]);
    let secrets: Vec<_> = (0..10_000).map(|number| json!({"name": format!("s{number}")})).collect();
    request["request"]["object"]["spec"]["imagePullSecrets"] = secrets.into();
    assert_eq!(validate(&request).questions[0].pull.secrets.len(), 64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_open_the_door(which: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let requests = bad_requests();
        let mut body = requests[which.index(requests.len())].to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        let answered = Webhook::default().send(Form::Validating, body.clone());
        if answered.answer.status == 200 && answered.is_allowed() {
            // A name on the way was changed, so that it is another request or has no image any more; or an image has
            // another name, and was judged.
            let images = answered.annotation("images");
            let is_explained = images.starts_with("none: ") || images.contains("verified");
            prop_assert!(is_explained, "{}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn any_bytes_are_answered(body: Vec<u8>) {
        let answered = Webhook::default().send(Form::Mutating, body);
        prop_assert_eq!(answered.answer.status, 400);
    }
}
