use super::*;

fn add(statement: &str, change: Value) -> Value {
    let add = json!({"profileName": "Prod", "action": "signer:SignPayload", "principal": OTHER_ACCOUNT,
        "statementId": statement});
    with(add, change)
}

#[tokio::test]
async fn permissions_have_a_revision_that_changes_must_name() {
    let signer = signer();
    signer.put("Prod").await;
    let list = json!({"profileName": "Prod"});
    let none = "No policies associated with profile Prod";
    signer.assert_error("ListProfilePermissions", list.clone(), "ResourceNotFoundException", none).await;
    let early = add("one", json!({"revisionId": "early"}));
    signer.assert_error("AddProfilePermission", early, "ValidationException", "does not exist but revisionId").await;
    // Terraform's provider sends an empty revision for the first permission.
    let first = signer.ok("AddProfilePermission", add("one", json!({"revisionId": ""}))).await;
    for (revision, code, message) in [
        (Value::Null, "ValidationException", "But no revisionId was provided"),
        (json!(""), "ValidationException", "But no revisionId was provided"),
        (json!("other"), "ConflictException", "Specified revisionId (other) does not match"),
    ] {
        let stale = add("two", json!({"revisionId": revision}));
        signer.assert_error("AddProfilePermission", stale, code, message).await;
    }
    assert_eq!(signer.ok("AddProfilePermission", add("one", json!({}))).await, first, "a repetition changes nothing");
    let taken = add("one", json!({"revisionId": first["revisionId"], "action": "signer:RevokeSignature"}));
    signer.assert_error("AddProfilePermission", taken, "ValidationException", "already in the policy").await;
    let second = add(
        "two",
        json!({"revisionId": first["revisionId"], "action": "signer:GetSigningProfile",
        "principal": "arn:aws:iam::444455556666:role/ci"}),
    );
    let second = signer.ok("AddProfilePermission", second).await;
    let listed = signer.ok("ListProfilePermissions", list.clone()).await;
    assert_eq!(listed["revisionId"], second["revisionId"]);
    let size = |account: &str, action: &str| {
        json!({"Sid": "one", "Effect": "Allow", "Principal": {"AWS": account}, "Action": action,
            "Resource": arn("signing-profiles/Prod")})
        .to_string()
        .len()
    };
    let expected = size("arn:aws:iam::444455556666:root", "signer:SignPayload")
        + size("arn:aws:iam::444455556666:role/ci", "signer:GetSigningProfile")
        + "[,]".len();
    assert_eq!(listed["policySizeBytes"], expected);
    assert_eq!(
        listed["permissions"],
        json!([
            {"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "statementId": "one"},
            {"action": "signer:GetSigningProfile", "principal": "arn:aws:iam::444455556666:role/ci",
                "statementId": "two"},
        ])
    );

    let remove = |statement: &str, revision: &Value| json!({"profileName": "Prod", "statementId": statement, "revisionId": revision});
    let stale = remove("one", &first["revisionId"]);
    signer.assert_error("RemoveProfilePermission", stale, "ConflictException", "revision").await;
    let missing = remove("three", &second["revisionId"]);
    signer.assert_error("RemoveProfilePermission", missing, "ResourceNotFoundException", "three").await;
    let third = signer.ok("RemoveProfilePermission", remove("one", &second["revisionId"])).await;
    let listed = signer.ok("ListProfilePermissions", list.clone()).await;
    assert_eq!((&listed["revisionId"], listed["permissions"].as_array().unwrap().len()), (&third["revisionId"], 1));
    signer.ok("RemoveProfilePermission", remove("two", &third["revisionId"])).await;
    signer.assert_error("ListProfilePermissions", list, "ResourceNotFoundException", none).await;
    let missing = remove("two", &third["revisionId"]);
    signer.assert_error("RemoveProfilePermission", missing, "ResourceNotFoundException", none).await;
    signer.ok("AddProfilePermission", add("one", json!({}))).await;
}

#[tokio::test]
async fn a_platform_supports_only_its_actions() {
    let signer = signer();
    signer.put("Prod").await;
    signer
        .assert_error(
            "AddProfilePermission",
            add("one", json!({"action": "signer:StartSigningJob"})),
            "ValidationException",
            "Action signer:StartSigningJob not supported for platform Notation-OCI-SHA384-ECDSA. Action must be one of \
             [signer:SignPayload, signer:GetSigningProfile, signer:RevokeSignature]",
        )
        .await;
    let lambda = json!({"profileName": "Lambda", "platformId": "AWSLambda-SHA384-ECDSA"});
    signer.ok("PutSigningProfile", lambda).await;
    let lambda = json!({"profileName": "Lambda"});
    let refused = add("one", lambda.clone());
    signer.assert_error("AddProfilePermission", refused, "ValidationException", "signer:StartSigningJob,").await;
    signer.ok("AddProfilePermission", add("one", with(lambda, json!({"action": "signer:StartSigningJob"})))).await;
}

#[tokio::test]
async fn rejects_invalid_permissions() {
    let signer = signer();
    let version = signer.put("Prod").await["profileVersion"].take();
    let principal = "Principal is not a valid AWS account id or IAM Role Arn";
    for (change, code, message) in [
        (json!({"principal": "*"}), "ValidationException", principal),
        (json!({"principal": null}), "ValidationException", "principal"),
        (json!({"statementId": "a b"}), "ValidationException", "only alphanumeric characters"),
        (json!({"statementId": "a".repeat(65)}), "ValidationException", "less than 64 characters"),
        (json!({"statementId": ""}), "ValidationException", "statementId"),
        (json!({"profileVersion": "short"}), "ValidationException", "profileVersion"),
        (json!({"profileVersion": "0000000000"}), "ResourceNotFoundException", "0000000000"),
        (json!({"profileName": "Other"}), "ResourceNotFoundException", "Other"),
    ] {
        signer.assert_error("AddProfilePermission", add("one", change), code, message).await;
    }
    signer.ok("AddProfilePermission", add("one", json!({"profileVersion": version}))).await;
    signer.ok("CancelSigningProfile", json!({"profileName": "Prod"})).await;
    let revision = signer.ok("ListProfilePermissions", json!({"profileName": "Prod"})).await["revisionId"].take();
    let canceled = add("two", json!({"revisionId": revision}));
    signer
        .assert_error(
            "AddProfilePermission",
            canceled,
            "ValidationException",
            "Cannot add permission to a profile in Canceled state",
        )
        .await;
}

#[tokio::test]
async fn a_policy_has_at_most_2000_bytes() {
    let signer = signer();
    signer.put("Prod").await;
    let mut revision = Value::Null;
    let mut added = 0;
    let refused = loop {
        let permission = add(&format!("statement-{added}"), json!({"revisionId": revision}));
        match signer.call("AddProfilePermission", permission).await {
            Ok(answer) => revision = answer["revisionId"].clone(),
            Err(error) => break error,
        }
        added += 1;
    };
    assert_eq!(refused.code().name(), "ServiceLimitExceededException");
    let listed = signer.ok("ListProfilePermissions", json!({"profileName": "Prod"})).await;
    assert_eq!(listed["permissions"].as_array().unwrap().len(), added);
    let token = json!({"profileName": "Prod", "nextToken": "AAAA"});
    signer.assert_error("ListProfilePermissions", token, "ValidationException", "nextToken").await;
    // The limit counts principals as they were given, the size as the ARNs of accounts.
    assert!((2000..2600).contains(&listed["policySizeBytes"].as_u64().unwrap()), "{listed}");
}
