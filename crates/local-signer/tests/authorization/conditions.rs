//! Conditions on tags, versions, addresses and times.

use super::*;

fn allow(action: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{action},"Resource":"*","Condition":{condition}}}}}"#
    )
}

#[tokio::test]
async fn the_tags_of_a_profile_decide() {
    let world = World::start().await;
    let root = world.root();
    put_profile(&root, "Blue", json!({"team": "blue"})).await;
    put_profile(&root, "Red", json!({"team": "red"})).await;
    let condition = r#"{"StringEquals":{"aws:ResourceTag/team":"blue"}}"#;
    let alice = world.user("alice", &allow(r#"["signer:SignPayload","signer:CancelSigningProfile"]"#, condition));
    sign(&alice, "Blue", None).await.done();
    sign(&alice, "Red", None).await.is_denied("allows the signer:SignPayload action");
    alice
        .call("DELETE", "/signing-profiles/Red", None)
        .await
        .is_denied("allows the signer:CancelSigningProfile action");
    let tags = "/tags/arn%3Aaws%3Asigner%3Aus-west-2%3A111122223333%3A%2Fsigning-profiles%2FRed";
    root.call("POST", tags, Some(json!({"tags": {"team": "blue"}}))).await.done();
    sign(&alice, "Red", None).await.done();
    world.signer.shutdown().await;
}

#[tokio::test]
async fn the_tags_of_a_request_decide() {
    let world = World::start().await;
    put_profile(&world.root(), "Prod", json!({"team": "blue"})).await;
    let condition = r#"{"StringEquals":{"aws:RequestTag/team":["blue","red"]},
        "ForAllValues:StringEquals":{"aws:TagKeys":["team","stage"]}}"#;
    let alice = world.user("alice", &allow(r#"["signer:PutSigningProfile","signer:TagResource"]"#, condition));
    put_profile(&alice, "New", json!({"team": "red", "stage": "test"})).await;
    for tags in [json!({"team": "green"}), json!({"team": "red", "owner": "x"}), Value::Null] {
        let body = json!({"platformId": "Notation-OCI-SHA384-ECDSA", "tags": tags});
        let answer = alice.call("PUT", "/signing-profiles/Refused", Some(body)).await;
        answer.is_denied("allows the signer:PutSigningProfile action");
    }
    let tags = "/tags/arn%3Aaws%3Asigner%3Aus-west-2%3A111122223333%3A%2Fsigning-profiles%2FProd";
    alice.call("POST", tags, Some(json!({"tags": {"team": "red"}}))).await.done();
    alice.call("POST", tags, Some(json!({"tags": {"stage": "test"}}))).await.is_denied("signer:TagResource action");
    let untag = allow(r#""signer:UntagResource""#, r#"{"ForAllValues:StringEquals":{"aws:TagKeys":"stage"}}"#);
    let bob = world.user("bob", &untag);
    bob.call("DELETE", &format!("{tags}?tagKeys=stage"), None).await.done();
    let denied = bob.call("DELETE", &format!("{tags}?tagKeys=stage&tagKeys=team"), None).await;
    denied.is_denied("signer:UntagResource action");
    world.signer.shutdown().await;
}

#[tokio::test]
async fn the_version_of_a_profile_decides() {
    let world = World::start().await;
    let root = world.root();
    let version = put_profile(&root, "Prod", json!({})).await;
    let actions = r#"["signer:SignPayload","signer:GetSigningProfile","signer:RevokeSignature","signer:RevokeSigningProfile",
        "signer:AddProfilePermission","signer:RemoveProfilePermission"]"#;
    let condition = |version: &str| format!(r#"{{"StringEquals":{{"signer:ProfileVersion":"{version}"}}}}"#);
    let alice = world.user("alice", &allow(actions, &condition(&version)));
    let bob = world.user("bob", &allow(actions, &condition("abcde12345")));
    let job = sign(&alice, "Prod", None).await.done()["jobId"].as_str().unwrap().to_owned();
    let permission = |version: Option<&str>| {
        Some(
            json!({"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "statementId": "s", "profileVersion": version}),
        )
    };
    let permissions = "/signing-profiles/Prod/permissions";
    alice.call("POST", permissions, permission(None)).await.is_denied("signer:AddProfilePermission action");
    let added = alice.call("POST", permissions, permission(Some(&version))).await;
    let remove = format!("{permissions}/s?revisionId={}", added.done()["revisionId"].as_str().unwrap());
    bob.call("DELETE", &remove, None).await.is_denied("signer:RemoveProfilePermission action");
    alice.call("DELETE", &remove, None).await.done();
    let revoke = (format!("/signing-jobs/{job}/revoke"), json!({"reason": "leaked"}));
    let end = ("/signing-profiles/Prod/revoke", json!({"profileVersion": version, "reason": "x", "effectiveTime": 1}));
    sign(&bob, "Prod", None).await.is_denied("signer:SignPayload action");
    bob.call("GET", "/signing-profiles/Prod", None).await.is_denied("signer:GetSigningProfile action");
    bob.call("PUT", &revoke.0, Some(revoke.1.clone())).await.is_denied("signer:RevokeSignature action");
    bob.call("PUT", end.0, Some(end.1.clone())).await.is_denied("signer:RevokeSigningProfile action");
    alice.call("PUT", &revoke.0, Some(revoke.1)).await.done();
    alice.call("PUT", end.0, Some(end.1)).await.done();
    world.signer.shutdown().await;
}

#[tokio::test]
async fn the_address_the_time_and_the_region_decide() {
    let world = World::start().await;
    for (number, (condition, allowed)) in [
        (r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#, true),
        (r#"{"NotIpAddress":{"aws:SourceIp":"127.0.0.1"}}"#, false),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#, false),
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, false),
        (r#"{"StringEquals":{"aws:RequestedRegion":"us-west-2"}}"#, true),
        (r#"{"StringEquals":{"aws:username":"user-6"}}"#, true),
    ]
    .into_iter()
    .enumerate()
    {
        let user = world.user(&format!("user-{number}"), &allow(r#""signer:ListSigningJobs""#, condition));
        let answer = user.call("GET", "/signing-jobs", None).await;
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{condition}: {answer:?}");
    }
    world.signer.shutdown().await;
}
