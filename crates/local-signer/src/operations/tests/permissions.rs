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
    let empty = signer.ok("ListProfilePermissions", list.clone()).await;
    assert_eq!(empty, json!({"policySizeBytes": 0, "permissions": []}));
    // Terraform's provider sends an empty revision for the first permission.
    let first = signer.ok("AddProfilePermission", add("one", json!({"revisionId": ""}))).await;
    for revision in [Value::Null, json!(""), json!("other")] {
        let stale = add("two", json!({"revisionId": revision}));
        signer.assert_error("AddProfilePermission", stale, "ConflictException", "revision").await;
    }
    let again = add("one", json!({"revisionId": first["revisionId"]}));
    signer.assert_error("AddProfilePermission", again, "ConflictException", "already exists").await;
    let second = add(
        "two",
        json!({"revisionId": first["revisionId"], "action": "signer:GetSigningProfile",
        "principal": "arn:aws:iam::444455556666:role/ci"}),
    );
    let second = signer.ok("AddProfilePermission", second).await;
    let listed = signer.ok("ListProfilePermissions", list.clone()).await;
    assert_eq!(listed["revisionId"], second["revisionId"]);
    assert!(listed["policySizeBytes"].as_u64().unwrap() > 300);
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
    let listed = signer.ok("ListProfilePermissions", list).await;
    assert_eq!((&listed["revisionId"], listed["permissions"].as_array().unwrap().len()), (&third["revisionId"], 1));
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
        (json!({"statementId": "a b"}), "ValidationException", "statementId"),
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
    signer.assert_error("AddProfilePermission", canceled, "ValidationException", "not active").await;
}

#[tokio::test]
async fn a_policy_has_a_limit_and_pages() {
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
    let mut listed = 0;
    let mut token = Value::Null;
    let mut tokens = Vec::new();
    loop {
        let page = json!({"profileName": "Prod", "nextToken": token});
        let page = signer.ok("ListProfilePermissions", page).await;
        assert!(page["policySizeBytes"].as_u64().unwrap() <= 20_480);
        listed += page["permissions"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
        tokens.push(token.clone());
    }
    assert_eq!(listed, added);
    let remove = json!({"profileName": "Prod", "statementId": "statement-0", "revisionId": revision});
    signer.ok("RemoveProfilePermission", remove).await;
    let stale = json!({"profileName": "Prod", "nextToken": tokens[0]});
    signer.assert_error("ListProfilePermissions", stale, "ValidationException", "changed").await;
}
