use serde_json::json;

use super::samples::{create, review, update};
use super::{DIGEST, Webhook, mutate, validate};
use crate::decision::Verdict;
use crate::frontends::MAX_MESSAGE;

#[test]
fn a_refusal_is_403_forbidden() {
    let (code, reason, message) = validate(&create(&["app", "unsigned"])).status();
    assert_eq!((code, reason.as_str()), (403, "Forbidden"));
    assert_eq!(message, "unsigned: refused: it has no signature; rule \"rest\"");
    assert!(validate(&create(&["unsigned"])).response()["status"].get("details").is_none());
}

#[test]
fn undetermined_is_503_with_a_time_to_retry() {
    let answered = validate(&create(&["app", "down"]));
    let (code, reason, message) = answered.status();
    assert_eq!((code, reason.as_str()), (503, "ServiceUnavailable"));
    assert_eq!(message, "down: undetermined: the registry does not answer; rule \"rest\"");
    assert_eq!(answered.response()["status"]["details"], json!({"retryAfterSeconds": 5}));
}

#[test]
fn only_deadlines_are_504() {
    let status = |images: &[&str]| validate(&create(images)).status().0;
    assert_eq!(validate(&create(&["late"])).status().1, "Timeout");
    assert_eq!(status(&["late:1", "late:2", "app", "warned-down"]), 504);
    assert_eq!(status(&["late", "down"]), 503);
    assert_eq!(status(&["late", "unsigned"]), 403);
}

#[test]
fn a_refusal_outweighs_what_is_undetermined() {
    let (code, _, message) = validate(&create(&["down", "unsigned", "late"])).status();
    assert_eq!(code, 403);
    assert_eq!(
        message,
        "1 image must not run, 2 images cannot be judged now:\n\
         - unsigned: refused: it has no signature; rule \"rest\"\n\
         - down: undetermined: the registry does not answer; rule \"rest\"\n\
         - late: undetermined: the time was over; rule \"rest\""
    );
}

#[test]
fn the_first_ten_problems_are_named_and_the_rest_counted() {
    let images: Vec<_> = (0..12).map(|number| format!("unsigned:{number}")).collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    let (_, _, message) = validate(&create(&images)).status();
    assert!(message.starts_with("12 images must not run:\n"), "{message}");
    assert!(
        message.contains("unsigned:9:") && !message.contains("unsigned:10:") && message.ends_with("\n- and 2 more")
    );
    let (_, _, message) = validate(&create(&images[..10])).status();
    assert!(message.contains("unsigned:9:") && !message.contains("more"));
}

#[test]
fn a_message_is_cut_at_its_limit() {
    let images: Vec<_> = (0..10).map(|number| format!("unsigned-{number}/{}", "ä".repeat(5000))).collect();
    for images in [&images[..1], &images[..]] {
        let images: Vec<_> = images.iter().map(String::as_str).collect();
        let answered = validate(&create(&images));
        let (_, _, message) = answered.status();
        assert!(message.len() <= MAX_MESSAGE && message.len() > MAX_MESSAGE - 20, "{}", message.len());
        assert!(message.ends_with("… (cut)"));
        assert!(answered.record().images.iter().all(|image| image.image.len() <= 1024));
    }
}

#[test]
fn control_characters_do_not_reach_the_user() {
    let (_, _, message) = validate(&create(&["unsigned\u{1b}[2J\u{202e}\r\nx"])).status();
    assert!(!message.contains(['\u{1b}', '\u{202e}', '\r', '\n']), "{message:?}");
}

#[test]
fn warned_and_audited_images_run() {
    let answered = validate(&create(&["warned-unsigned", "audited-unsigned", "audited-down", "exempt"]));
    assert!(answered.is_allowed());
    assert_eq!(answered.annotation("decision"), "allowed");
    assert_eq!(
        answered.annotation("images"),
        "warned-unsigned refused unsigned warned; audited-unsigned refused unsigned audited; \
         audited-down undetermined unreachable audited; exempt exempt"
    );
}

#[test]
fn audit_annotations_are_always_there() {
    for (images, decision) in
        [(["app:1", "b"], "allowed"), (["down", "a"], "undetermined"), (["down", "revoked"], "refused")]
    {
        for answered in [validate(&create(&images)), mutate(&create(&images))] {
            assert_eq!(answered.annotation("decision"), decision);
            assert!(images.iter().all(|image| answered.annotation("images").contains(image)));
        }
    }
    assert_eq!(
        validate(&create(&["app:1", "app:1"])).annotation("images"),
        format!("app:1 verified {DIGEST}"),
        "equal ones once"
    );
    let annotations = validate(&review("DELETE", ("", "Pod", "pods"), &json!(null))).response();
    assert_eq!(annotations["auditAnnotations"]["images"], "none: objects are not judged when they are deleted");
}

#[test]
fn audit_annotations_are_bounded() {
    let images: Vec<_> = (0..500).map(|number| format!("registry.example.com/app-{number}")).collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    let text = validate(&create(&images)).annotation("images");
    assert!(text.len() <= 4096 && text.ends_with(" more"), "{text}");
    let named = text.matches("verified").count();
    assert!(text.ends_with(&format!("; and {} more", 500 - named)), "{text}");
}

#[test]
fn more_images_than_the_limit_are_refused_without_a_look() {
    let mut webhook = Webhook::default();
    webhook.limits.images = 3;
    assert!(webhook.validate(&create(&["a", "b", "c", "a", "b"])).is_allowed());
    for answered in [webhook.validate(&create(&["a", "b", "c", "d"])), webhook.mutate(&create(&["a", "b", "c", "d"]))] {
        let (code, reason, message) = answered.status();
        assert_eq!((code, reason.as_str()), (413, "RequestEntityTooLarge"));
        assert!(message.contains("4 different images") && message.contains("server.limits.images"), "{message}");
        assert!(answered.questions.is_empty() && answered.record().verdict == Verdict::Refused);
    }
    assert!(webhook.validate(&update(&["a", "b", "c"], &["a", "b", "c", "d"])).is_allowed(), "one is new");
}

#[test]
fn the_record_says_who_wants_what() {
    let mut request = create(&["app", "unsigned"]);
    let answered = validate(&request);
    let record = answered.record();
    assert_eq!(record.adapter, "kubernetes");
    assert_eq!(record.uid.as_deref(), Some("705ab4f5-6393-11e8-b7cc-42010a800002"));
    assert_eq!(record.user.as_deref(), Some("kubernetes-admin"));
    assert_eq!(record.namespace.as_deref(), Some("shop"));
    assert_eq!(record.kind.as_deref(), Some("Pod"));
    assert_eq!(record.name.as_deref(), Some("web"));
    assert_eq!(record.operation.as_deref(), Some("CREATE"));
    assert_eq!((record.dry_run, record.verdict, record.images.len()), (false, Verdict::Refused, 2));

    request["request"]["name"] = "".into();
    request["request"]["object"]["metadata"] = json!({"generateName": "web-"});
    assert_eq!(validate(&request).record().name.as_deref(), Some("web-"));
    let deployment = super::samples::object("apps", "Deployment", &["spec", "template"], super::samples::spec(&["a"]));
    let answered = validate(&review("CREATE", ("apps", "Deployment", "deployments"), &deployment));
    assert_eq!(answered.record().kind.as_deref(), Some("Deployment.apps"));
}
