//! Lifecycle hooks of Amazon ECS, with a server in its place.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::commands::eventually;
use super::webhooks::{plain, post};
use super::{Admission, Site};
use crate::support::service::{self, Service, send};

/// A service in place of Amazon ECS: it answers each request with the same body.
struct FakeEcs {
    service: Service,
    answer: Arc<Mutex<(u16, Value)>>,
}

impl FakeEcs {
    fn start() -> FakeEcs {
        let answer = Arc::new(Mutex::new((200, Value::Null)));
        let given = Arc::clone(&answer);
        let service = Service::start(move |_, stream| {
            let (status, body) = given.lock().unwrap().clone();
            let headers = [("Content-Type", "application/x-amz-json-1.1")];
            send(stream, &service::answer(status, &headers, body.to_string().as_bytes()));
        });
        FakeEcs { service, answer }
    }

    fn answers(&self, status: u16, body: Value) {
        *self.answer.lock().unwrap() = (status, body);
    }

    /// Answers with a revision of these images.
    fn has(&self, images: &[(&str, Option<&str>)]) {
        let images: Vec<Value> = images
            .iter()
            .map(|(image, digest)| json!({ "containerName": "app", "image": image, "imageDigest": digest }))
            .collect();
        let revision = json!({
            "serviceRevisionArn": REVISION,
            "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/shop/web",
            "clusterArn": "arn:aws:ecs:us-west-2:111122223333:cluster/shop",
            "containerImages": images,
        });
        self.answers(200, json!({ "serviceRevisions": [revision], "failures": [] }));
    }
}

const REVISION: &str = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/2222222222222222222";

#[test]
#[ignore = "needs olareg: scripts/test"]
fn deployments_of_ecs_go_on_with_signed_images_only() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let ecs = FakeEcs::start();
    let service =
        Admission::start(&site, &site.config("", &plain("ecs")), &[("AWS_ENDPOINT_URL_ECS", &ecs.service.url())]);
    let event = |stage: &str| {
        json!({
            "executionId": "a635edb5-a66b-4f44-bf3f-fcee4b3641a5",
            "lifecycleStage": stage,
            "resourceArn": "arn:aws:ecs:us-west-2:111122223333:service-deployment/shop/web/TFX5sH9q9XDboDTOv0rIt",
            "executionDetails": {
                "testTrafficWeights": {}, "productionTrafficWeights": {},
                "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/shop/web",
                "targetServiceRevisionArn": REVISION,
            },
        })
    };
    let ask = |stage: &str| -> Value {
        let (status, body) = post(&service, "/ecs/lifecycle-hook", None, &event(stage));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let succeeded = json!({ "hookStatus": "SUCCEEDED" });
    let failed = json!({ "hookStatus": "FAILED" });
    ecs.has(&[(&signed, None)]);
    assert_eq!(ask("PRE_SCALE_UP"), succeeded);
    let request = ecs.service.requests().remove(0);
    let operation = request.header("x-amz-target").unwrap();
    assert!(operation.ends_with(".DescribeServiceRevisions"), "{operation}");
    assert!(String::from_utf8_lossy(&request.body).contains(REVISION), "{request:?}");
    assert_eq!(request.credential()[1..], ["us-west-2", "ecs"]);
    ecs.has(&[(&signed, None), (&unsigned, None)]);
    assert_eq!(ask("PRE_SCALE_UP"), failed);
    eventually("the decision is logged", || service.log().contains("\"namespace\":\"ecs:shop\""));
    // The digest that ECS resolved is what runs, whatever the tag says.
    let digest = site.registry.push_image("team/app", "another");
    let digest = digest.split_once('@').unwrap().1.to_owned();
    ecs.has(&[(&signed, Some(&digest))]);
    assert_eq!(ask("POST_SCALE_UP"), failed);
    ecs.answers(200, json!({ "serviceRevisions": [], "failures": [{ "arn": REVISION, "reason": "MISSING" }] }));
    assert_eq!(ask("PRE_SCALE_UP"), failed);
    ecs.has(&[]);
    assert_eq!(ask("PRE_SCALE_UP"), failed);
    // What cannot be judged now is asked again: the registry or ECS does not answer.
    ecs.has(&[("localhost:1/team/app:1", None)]);
    let answer = ask("PRE_SCALE_UP");
    assert_eq!((&answer["hookStatus"], &answer["callBackDelay"]), (&json!("IN_PROGRESS"), &json!(30)), "{answer}");
    ecs.answers(400, json!({ "__type": "AccessDeniedException", "message": "User is not authorized" }));
    assert_eq!(ask("PRE_SCALE_UP")["hookStatus"], "IN_PROGRESS");
    eventually("the reason is logged", || service.log().contains("User is not authorized"));
    let metrics = service.page("/metrics").1;
    let counted = "upstream_requests_total{upstream=\"ecs\",operation=\"describe_service_revisions\",code=\"200\"}";
    assert!(metrics.contains(counted), "{metrics}");
}
