//! Requests within an account and across accounts.

use super::*;

const NO_IDENTITY_POLICY: &str = "because no identity-based policy allows the signer:SignPayload action";
const NO_RESOURCE_POLICY: &str = "because no resource-based policy allows the signer:SignPayload action";

/// Adds a permission to a profile of the root's account; returns the revision.
async fn permit(root: &Client, profile: &str, action: &str, principal: &str, revision: Option<&str>) -> String {
    let id = format!("{}{}", action.replace(':', "-"), principal.len());
    let body = json!({"action": action, "principal": principal, "statementId": id, "revisionId": revision});
    let answer = root.call("POST", &format!("/signing-profiles/{profile}/permissions"), Some(body)).await;
    answer.done()["revisionId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_allow() {
    let world = World::start().await;
    let root = world.root();
    put_profile(&root, "Prod", json!({})).await;
    put_profile(&root, "Test", json!({})).await;
    let unprivileged = world.add(NewPrincipal::user("unprivileged".parse().unwrap()));
    sign(&unprivileged, "Prod", None).await.is_denied(NO_IDENTITY_POLICY);
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["signer:SignPayload","signer:GetSigningProfile"],
         "Resource":"arn:aws:signer:us-west-2:111122223333:/signing-profiles/Test"},
        {"Effect":"Allow","Action":["signer:ListSigning*","signer:DescribeSigningJob"],"Resource":"*"},
        {"Effect":"Deny","Action":"signer:ListSigningPlatforms","Resource":"*"}]}"#;
    let alice = world.user("alice", policy);
    let job = sign(&alice, "Test", None).await.done()["jobId"].as_str().unwrap().to_owned();
    let described = alice.call("GET", &format!("/signing-jobs/{job}"), None).await;
    assert_eq!(described.done()["requestedBy"], "arn:aws:iam::111122223333:user/alice");
    alice.call("GET", "/signing-profiles/Test", None).await.done();
    alice.call("GET", "/signing-profiles", None).await.done();
    let denied = sign(&alice, "Prod", None).await;
    let (status, code, message) = denied.error();
    assert_eq!((status, code), (403, "AccessDeniedException"));
    assert_eq!(
        message,
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: signer:SignPayload on resource: \
         arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod because no identity-based policy allows the \
         signer:SignPayload action"
    );
    let platforms = alice.call("GET", "/signing-platforms", None).await;
    platforms.is_denied("on resource: * with an explicit deny in an identity-based policy");
    // What does not exist is not known to those who may not see it.
    let absent = alice.call("GET", "/signing-profiles/Absent", None).await;
    absent.is_denied("because no identity-based policy allows the signer:GetSigningProfile action");
    assert_eq!(root.call("GET", "/signing-profiles/Absent", None).await.status, 404);
    // Parameters that name nothing are an error of their own.
    let malformed = alice.call("GET", "/signing-profiles/a", None).await;
    assert_ne!(malformed.error().1, "AccessDeniedException");
    let put =
        alice.call("PUT", "/signing-profiles/New", Some(json!({"platformId": "Notation-OCI-SHA384-ECDSA"}))).await;
    put.is_denied("on resource: * because no identity-based policy allows the signer:PutSigningProfile action");
    world.signer.shutdown().await;
}

#[tokio::test]
async fn another_account_needs_a_permission_of_the_profile_and_its_own_policy() {
    let world = World::start().await;
    let root = world.root();
    put_profile(&root, "Shared", json!({})).await;
    let carol = world.stranger("carol", ALL);
    let dave = world.add(NewPrincipal::user("dave".parse().unwrap()).in_account(OTHER_ACCOUNT.parse().unwrap()));
    let owner = Some("111122223333");
    sign(&carol, "Shared", owner).await.is_denied(NO_RESOURCE_POLICY);
    sign(&carol, "Absent", owner).await.is_denied(NO_RESOURCE_POLICY);
    let revision = permit(&root, "Shared", "signer:SignPayload", OTHER_ACCOUNT, None).await;
    let signed = sign(&carol, "Shared", owner).await;
    assert_eq!(signed.done()["jobOwner"], "111122223333");
    sign(&dave, "Shared", owner).await.is_denied(NO_IDENTITY_POLICY);
    // Each operation needs its own permission.
    let profile = "/signing-profiles/Shared?profileOwner=111122223333";
    carol.call("GET", profile, None).await.is_denied("allows the signer:GetSigningProfile action");
    let revision = permit(&root, "Shared", "signer:GetSigningProfile", OTHER_ACCOUNT, Some(&revision)).await;
    carol.call("GET", profile, None).await.done();
    let job = signed.done()["jobId"].as_str().unwrap();
    let revoke = format!("/signing-jobs/{job}/revoke");
    let body = || Some(json!({"jobOwner": "111122223333", "reason": "leaked"}));
    carol
        .call("PUT", &revoke, body())
        .await
        .is_denied("no resource-based policy allows the signer:RevokeSignature action");
    permit(&root, "Shared", "signer:RevokeSignature", OTHER_ACCOUNT, Some(&revision)).await;
    carol.call("PUT", &revoke, body()).await.done();
    // Without an owner, the profile is one of the caller's account.
    assert_eq!(sign(&carol, "Shared", None).await.status, 404);
    // The account that asked for the job describes it by its own policies.
    let described = carol.call("GET", &format!("/signing-jobs/{job}"), None).await;
    assert_eq!(
        (&described.done()["jobOwner"], &described.body["jobInvoker"]),
        (&json!("111122223333"), &json!(OTHER_ACCOUNT))
    );
    let tags = "/tags/arn%3Aaws%3Asigner%3Aus-west-2%3A111122223333%3A%2Fsigning-profiles%2FShared";
    carol
        .call("GET", tags, None)
        .await
        .is_denied("no resource-based policy allows the signer:ListTagsForResource action");
    world.signer.shutdown().await;
}

#[tokio::test]
async fn a_permission_may_name_a_role_and_a_version() {
    let world = World::start().await;
    let root = world.root();
    let version = put_profile(&root, "Shared", json!({})).await;
    let role = |name: &str| {
        let new = NewPrincipal::role(name.parse().unwrap()).with_policy("all", ALL.as_bytes());
        world.add(new.in_account(OTHER_ACCOUNT.parse().unwrap()))
    };
    let (signing, other) = (role("Signing"), role("Other"));
    let principal = format!("arn:aws:iam::{OTHER_ACCOUNT}:role/Signing");
    let body = json!({"action": "signer:SignPayload", "principal": principal, "statementId": "role", "profileVersion": version});
    root.call("POST", "/signing-profiles/Shared/permissions", Some(body)).await.done();
    let owner = Some("111122223333");
    let job = sign(&signing, "Shared", owner).await.done()["jobId"].as_str().unwrap().to_owned();
    sign(&other, "Shared", owner).await.is_denied(NO_RESOURCE_POLICY);
    let described = root.call("GET", &format!("/signing-jobs/{job}"), None).await;
    assert_eq!(described.done()["requestedBy"], format!("arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/Signing/Signing"));
    world.signer.shutdown().await;
}

#[tokio::test]
async fn accounts_do_not_see_each_others_profiles() {
    let world = World::start().await;
    let (root, carol) = (world.root(), world.stranger("carol", ALL));
    put_profile(&root, "Same", json!({})).await;
    put_profile(&carol, "Same", json!({})).await;
    put_profile(&carol, "Own", json!({})).await;
    let listed = root.call("GET", "/signing-profiles", None).await;
    assert_eq!(listed.done()["profiles"].as_array().unwrap().len(), 1);
    let own = carol.call("GET", "/signing-profiles/Own", None).await;
    assert_eq!(own.done()["arn"], format!("arn:aws:signer:us-west-2:{OTHER_ACCOUNT}:/signing-profiles/Own"));
    // The root of one account has no rights in another.
    sign(&root, "Own", Some(OTHER_ACCOUNT)).await.is_denied(NO_RESOURCE_POLICY);
    world.signer.shutdown().await;
}

#[tokio::test]
async fn signatures_of_other_accounts_can_be_verified() {
    let world = World::start().await;
    let version = put_profile(&world.root(), "Prod", json!({})).await;
    let job = sign(&world.root(), "Prod", None).await.done()["jobId"].as_str().unwrap().to_owned();
    let status = format!(
        "/revocations?signatureTimestamp=2026-01-01T00%3A00%3A00Z&platformId=Notation-OCI-SHA384-ECDSA\
         &profileVersionArn=arn%3Aaws%3Asigner%3Aus-west-2%3A111122223333%3A%2Fsigning-profiles%2FProd%2F{version}\
         &jobArn=arn%3Aaws%3Asigner%3Aus-west-2%3A111122223333%3A%2Fsigning-jobs%2F{job}&certificateHashes={}",
        "ab".repeat(96)
    );
    let carol = world.stranger("carol", ALL);
    carol.call("GET", &status, None).await.done();
    let only_jobs = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:GetRevocationStatus",
        "Resource":"arn:aws:signer:*:*:/signing-jobs/*"}}"#;
    let dave = world.stranger("dave", only_jobs);
    let denied = dave.call("GET", &status, None).await;
    assert!(denied.error().2.contains("on resource: arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod "));
    world.signer.shutdown().await;
}

#[tokio::test]
async fn arns_are_those_of_the_regions_partition() {
    let world = World::start().await;
    let china = world.user(
        "alice",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"signer:*","Resource":"*"},
        {"Effect":"Deny","Action":"signer:GetSigningPlatform","Resource":"*",
         "Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws-cn:iam::111122223333:user/alice"}}}]}"#,
    );
    let platform = "/signing-platforms/Notation-OCI-SHA384-ECDSA";
    china.call("GET", platform, None).await.done();
    let denied = china.in_region("cn-north-1").call("GET", platform, None).await;
    assert!(denied.error().2.starts_with("User: arn:aws-cn:iam::111122223333:user/alice is not"), "{denied:?}");
    world.signer.shutdown().await;
}
