//! What the pages show.

use axum::http::StatusCode;
use serde_json::json;

use super::{Site, at};

#[tokio::test]
async fn a_profile_shows_all_that_the_guide_lists() {
    let site = Site::new();
    let put = json!({"profileName": "Prod_1", "platformId": "AWSLambda-SHA384-ECDSA", "tags": {"team": "images"},
        "signatureValidityPeriod": {"value": 1, "type": "YEARS"}});
    let put = site.api("PutSigningProfile", put).await;
    let page = site.page("profiles/Prod_1").await;
    page.assert_text(&[
        "Profile name Prod_1",
        &format!("Profile version {}", put["profileVersion"].as_str().unwrap()),
        "Platform AWS Lambda",
        "Status Active",
        "Profile ARN arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod_1",
        &format!("Versioned profile ARN {}", put["profileVersionArn"].as_str().unwrap()),
        "Signature validity period 1 year",
        "team images",
        "Cancel profile",
        "Revoke profile",
        "No other account may use this profile.",
    ]);
}

#[tokio::test]
async fn profiles_have_filters_and_pages() {
    let site = Site::new();
    for number in 0..30 {
        site.put(&format!("Prod_{number:02}")).await;
    }
    site.api("CancelSigningProfile", json!({"profileName": "Prod_00"})).await;
    let first = site.page("profiles").await;
    first.assert_text(&["Prod_01", "Prod_25", "Page 1, 25 rows", "Next page"]);
    assert!(!first.text().contains("Prod_00") && !first.text().contains("Prod_26"));
    let (_, next) = first.body.split_once(r#"rel="next" href=""#).unwrap();
    let next = next.split_once('"').unwrap().0.replace("&amp;", "&");
    let second = site.get(&next).await;
    second.assert_text(&["Prod_26", "Prod_29", "Page 2, 4 rows", "First page"]);
    assert!(!second.text().contains("Next page") && !second.text().contains("Prod_25"));

    site.page("profiles?status=Canceled").await.assert_text(&["Prod_00", "Page 1, 1 row"]);
    site.page("profiles?status=all").await.assert_text(&["Prod_00", "Prod_01"]);
    site.page("profiles?platform=AWSLambda-SHA384-ECDSA").await.assert_text(&["No signing profiles."]);
    site.get(&at("profiles?name=Prod_07")).await.assert_leads_to(&at("profiles/Prod_07"));
    let tampered = site.get(&at("profiles?after=AAAA")).await;
    assert_eq!(tampered.status, StatusCode::BAD_REQUEST);
    tampered.assert_text(&["ValidationException", "nextToken"]);
}

#[tokio::test]
async fn a_job_shows_all_that_the_guide_lists() {
    let site = Site::new();
    site.put("Prod_1").await;
    let job = site.sign("Prod_1").await;
    let page = site.page(&format!("jobs/{job}")).await;
    page.assert_text(&[
        &format!("Job ID {job}"),
        "Signing profile used Prod_1",
        "Version of signing profile used",
        "Requested by arn:aws:iam::111122223333:root",
        "Signing platform Notation",
        "Signing status Succeeded",
        "Status reason Signing Succeeded",
        "Revocation status Not revoked",
        "Started at 20",
        "Completed at 20",
        "Signature expires at 20",
        "Job owner Account 111122223333",
        "Job invoker Account 111122223333",
    ]);
}

#[tokio::test]
async fn jobs_have_filters() {
    let site = Site::new();
    site.put("Prod_1").await;
    let (one, two) = (site.sign("Prod_1").await, site.sign("Prod_1").await);
    site.api("RevokeSignature", json!({"jobId": one, "reason": "lost"})).await;
    let has = async |path: &str| {
        let text = site.page(path).await.text();
        (text.contains(&one), text.contains(&two))
    };
    assert_eq!(has("jobs").await, (true, true));
    assert_eq!(has("jobs?revoked=true").await, (true, false));
    assert_eq!(has("jobs?revoked=false").await, (false, true));
    assert_eq!(has("jobs?status=Failed").await, (false, false));
    assert_eq!(has("jobs?status=Succeeded&platform=Notation-OCI-SHA384-ECDSA").await, (true, true));
    assert_eq!(has("jobs?platform=AWSLambda-SHA384-ECDSA").await, (false, false));
    assert_eq!(has("jobs?requested-by=arn:aws:iam::111122223333:root&invoker=111122223333").await, (true, true));
    assert_eq!(has("jobs?requested-by=arn:aws:iam::111122223333:user/x").await, (false, false));
    assert_eq!(has("jobs?expires-after=2025-01-01").await, (true, true));
    assert_eq!(has("jobs?expires-before=2025-01-01").await, (false, false));
    site.get(&at(&format!("jobs?id={one}"))).await.assert_leads_to(&at(&format!("jobs/{one}")));
    let invalid = site.get(&at("jobs?status=Done")).await;
    assert_eq!(invalid.status, StatusCode::BAD_REQUEST);
    invalid.assert_text(&["1 validation error detected", "Member must satisfy enum value set"]);
}

#[tokio::test]
async fn what_does_not_exist_has_the_error_of_aws() {
    let site = Site::new();
    for (path, texts) in [
        ("profiles/Absent", ["ResourceNotFoundException", "/signing-profiles/Absent could not be found."]),
        ("jobs/00000000-0000-4000-8000-000000000000", ["ResourceNotFoundException", "could not be found."]),
        ("nothing", ["Page not found", "There is no such page."]),
    ] {
        let answer = site.get(&at(path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answer.assert_text(&texts);
    }
    assert_eq!(site.get("/console/NOWHERE/profiles").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn regions_with_something_can_be_chosen() {
    let site = Site::new();
    let profile = json!({"profileName": "Prod_1", "platformId": "Notation-OCI-SHA384-ECDSA"});
    for region in ["eu-central-1", "ap-south-1"] {
        site.api_in(region, "PutSigningProfile", profile.clone()).await;
    }
    site.get("/console").await.assert_leads_to("/console/ap-south-1/profiles");
    let page = site.page("profiles").await;
    page.assert_text(&["ap-south-1 eu-central-1 us-west-2", "No signing profiles."]);
    site.get("/console?region=eu-central-1&section=jobs").await.assert_leads_to("/console/eu-central-1/jobs");
    site.get("/console?region=eu-central-1&section=//x").await.assert_leads_to("/console/eu-central-1/profiles");
    assert_eq!(site.get("/console?region=..%2F").await.status, StatusCode::BAD_REQUEST);
    let found = site.get("/console/eu-central-1/profiles").await;
    found.assert_text(&["Prod_1"]);
    assert!(!found.text().contains("us-west-2"));
}

#[tokio::test]
async fn permissions_are_sentences() {
    let site = Site::new();
    site.put("Prod_1").await;
    let permission = |id: &str, revision| {
        json!({"profileName": "Prod_1", "action": "signer:SignPayload", "principal": "444455556666",
            "statementId": id, "revisionId": revision})
    };
    let mut revision = json!("");
    for number in 0..8 {
        revision =
            site.api("AddProfilePermission", permission(&format!("s{number}"), revision)).await["revisionId"].clone();
    }
    let page = site.page("profiles/Prod_1").await;
    page.assert_text(&[
        "Permissions (8)",
        "All of account 444455556666 may sign payloads with all versions of this profile",
        "Statement s0",
        "Statement s7",
    ]);
}

#[tokio::test]
async fn platforms_and_certificates_are_shown() {
    let site = Site::new();
    site.page("platforms").await.assert_text(&[
        "AWSLambda-SHA384-ECDSA",
        "AmazonFreeRTOS-TI-CC3220SF",
        "ECDSA (default) , RSA",
        "Largest object 250 MB",
    ]);
    let before = site.page("certificates").await;
    before.assert_text(&["Root", "Intermediate", "No signing certificate was issued yet."]);
    site.put("Prod_1").await;
    site.sign("Prod_1").await;
    let after = site.page("certificates").await;
    after.assert_text(&["Signing certificate", "ECDSA P-384", "notation-aws-signer local root CA", "issued"]);
    let leaf = site.endpoint.service.ca.last_leaf().unwrap();
    for thumbprint in leaf.thumbprints() {
        after.assert_text(&[thumbprint]);
    }
    let root = site.page("certificates/root.pem").await;
    assert!(root.body.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn recent_calls_have_their_outcome() {
    let site = Site::signed_in().await;
    site.page("calls").await.assert_text(&["No calls since the service started."]);
    let unsigned = site.get("/signing-profiles").await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
    site.submit(
        "profiles/new",
        &[("name", "Prod_1"), ("platform", "AWSLambda-SHA384-ECDSA"), ("validity", "1"), ("unit", "DAYS")],
    )
    .await;
    let page = site.page("calls").await;
    page.assert_text(&[
        "403 MissingAuthenticationTokenException",
        "Not authenticated",
        "PutSigningProfile 200",
        "root 111122223333 (console)",
    ]);
    let failed = site.page("calls?outcome=error").await;
    failed.assert_text(&["MissingAuthenticationTokenException"]);
    assert!(!failed.text().contains("200"));
    site.page("calls?operation=TagResource").await.assert_text(&["No call matches."]);
}
