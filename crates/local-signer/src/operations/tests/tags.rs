use super::*;

#[tokio::test]
async fn tags_are_added_changed_and_removed() {
    let signer = signer();
    let resource = signer.put("Prod").await["arn"].take();
    let tag = |tags: Value| json!({"resourceArn": resource, "tags": tags});
    assert_eq!(signer.ok("TagResource", tag(json!({"a": "1", "b": ""}))).await, json!({}));
    signer.ok("TagResource", tag(json!({"a": "2"}))).await;
    let list = json!({"resourceArn": resource});
    assert_eq!(signer.ok("ListTagsForResource", list.clone()).await, json!({"tags": {"a": "2", "b": ""}}));
    let untag = json!({"resourceArn": resource, "tagKeys": ["b", "c"]});
    assert_eq!(signer.ok("UntagResource", untag).await, json!({}));
    assert_eq!(signer.ok("ListTagsForResource", list).await, json!({"tags": {"a": "2"}}));
}

#[tokio::test]
async fn tagging_errors_are_those_of_the_tagging_operations() {
    let signer = signer();
    let resource = signer.put("Prod").await["arn"].take();
    let many: serde_json::Map<_, _> = (1..=51).map(|n| ("k".repeat(n), json!("v"))).collect();
    for (arn, tags, code) in [
        (json!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/x"), json!({"a": "b"}), "BadRequestException"),
        (json!("not-an-arn"), json!({"a": "b"}), "BadRequestException"),
        (json!(arn("signing-profiles/Other")), json!({"a": "b"}), "NotFoundException"),
        (json!(arn("signing-profiles/Prod").replace("us-west-2", "us-east-1")), json!({"a": "b"}), "NotFoundException"),
        (resource.clone(), json!({}), "BadRequestException"),
        (resource.clone(), Value::Null, "BadRequestException"),
        (resource.clone(), json!({"a b": "c"}), "BadRequestException"),
        (resource.clone(), many.into(), "BadRequestException"),
    ] {
        let tag = json!({"resourceArn": arn, "tags": tags});
        signer.assert_error("TagResource", tag, code, "").await;
    }
    let none = json!({"resourceArn": resource, "tagKeys": []});
    signer.assert_error("UntagResource", none, "BadRequestException", "tagKeys").await;
    signer.ok("CancelSigningProfile", json!({"profileName": "Prod"})).await;
    let canceled = json!({"resourceArn": resource, "tags": {"a": "b"}, "tagKeys": ["a"]});
    for operation in ["TagResource", "UntagResource", "ListTagsForResource"] {
        signer.assert_error(operation, canceled.clone(), "BadRequestException", "canceled").await;
    }
}
