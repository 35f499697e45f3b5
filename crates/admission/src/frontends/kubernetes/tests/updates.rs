use serde_json::json;

use super::samples::{TEMPLATES, object, pod, review, spec, update};
use super::{Webhook, validate};
use crate::config::Updates;

#[test]
fn labels_of_a_pod_with_an_unsigned_image_can_change() {
    let mut request = update(&["unsigned"], &["unsigned"]);
    request["request"]["object"]["metadata"]["labels"]["team"] = "a".into();
    let answered = validate(&request);
    assert!(answered.is_allowed() && answered.questions.is_empty());
    assert_eq!(answered.record().images, []);
}

#[test]
fn only_images_that_the_old_object_does_not_have_are_judged() {
    let answered = validate(&update(&["a", "b"], &["a", "c"]));
    assert_eq!(answered.judged(), ["c"]);
    assert!(!validate(&update(&["a"], &["a", "unsigned"])).is_allowed());
    assert!(!validate(&update(&["unsigned:1"], &["unsigned:2"])).is_allowed(), "another tag is another image");
    for (group, kind, resource, path) in TEMPLATES {
        let mut request =
            review("UPDATE", (group, kind, resource), &object(group, kind, path, spec(&["unsigned", "new"])));
        request["request"]["oldObject"] = object(group, kind, path, spec(&["unsigned"]));
        assert_eq!(validate(&request).judged(), ["new"], "{kind}");
    }
}

#[test]
fn an_image_that_moves_to_another_field_is_not_new() {
    let mut request = update(&["a", "b"], &["b"]);
    request["request"]["object"]["spec"]["initContainers"] = json!([{"name": "i", "image": "a"}]);
    request["request"]["object"]["spec"]["volumes"] = json!([{"name": "v", "image": {"reference": "b"}}]);
    assert_eq!(validate(&request).judged(), [""; 0]);
}

#[test]
fn updates_all_judges_images_that_are_there_already() {
    let mut webhook = Webhook::default();
    webhook.kubernetes.updates = Updates::All;
    let answered = webhook.validate(&update(&["unsigned"], &["unsigned", "a"]));
    assert!(!answered.is_allowed());
    assert_eq!(answered.judged(), ["unsigned", "a"]);
}

#[test]
fn an_update_without_old_object_is_judged_whole() {
    for old in [Some(json!(null)), Some(json!({})), Some(json!({"spec": null})), None] {
        let mut request = update(&["unsigned"], &["unsigned"]);
        match old {
            Some(old) => request["request"]["oldObject"] = old,
            None => drop(request["request"].as_object_mut().unwrap().remove("oldObject")),
        }
        assert!(!validate(&request).is_allowed());
    }
}

#[test]
fn an_old_object_does_not_count_on_creation() {
    let mut request = update(&["unsigned"], &["unsigned"]);
    request["request"]["operation"] = "CREATE".into();
    assert!(!validate(&request).is_allowed());
}

#[test]
fn an_old_object_of_the_wrong_shape_is_malformed() {
    for old in
        [json!("x"), json!([]), json!({"spec": {"containers": {}}}), json!({"spec": {"containers": ["unsigned"]}})]
    {
        let mut request = update(&["a"], &["unsigned"]);
        request["request"]["oldObject"] = old;
        assert_eq!(validate(&request).answer.status, 400);
    }
}

#[test]
fn objects_that_are_being_deleted_can_be_updated() {
    let mut request = update(&["a"], &["unsigned"]);
    let time = json!("2026-07-01T12:00:00Z");
    request["request"]["object"]["metadata"]["deletionTimestamp"] = time.clone();
    assert!(!validate(&request).is_allowed(), "the stored object is not being deleted");
    request["request"]["oldObject"]["metadata"]["deletionTimestamp"] = time.clone();
    assert!(validate(&request).is_allowed());
    request["request"]["object"]["metadata"]["deletionTimestamp"] = json!(null);
    assert!(!validate(&request).is_allowed());

    // On creation the API server clears it: it is only what the user wrote.
    let mut pod = pod(&["unsigned"]);
    pod["metadata"]["deletionTimestamp"] = time;
    assert!(!validate(&review("CREATE", ("", "Pod", "pods"), &pod)).is_allowed());
}
