//! What the forms change, and the errors of the operations.

use aws_names::NOTATION_PLATFORM;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::PAYLOAD_MEDIA_TYPE;
use serde_json::json;

use super::{REGION, Site, at};
use crate::caller::Caller;

const LAMBDA: &str = "AWSLambda-SHA384-ECDSA";

#[tokio::test]
async fn creates_profiles_with_validity_and_tags() {
    let site = Site::signed_in().await;
    let fields = [("name", "Prod_1"), ("platform", LAMBDA), ("validity", "90"), ("unit", "DAYS")];
    let tags = [("tag-key", "team"), ("tag-value", "a b"), ("tag-key", ""), ("tag-value", "")];
    let answer = site.submit("profiles/new", &[&fields[..], &tags[..]].concat()).await;
    answer.assert_leads_to(&at("profiles/Prod_1?done=created"));
    site.page("profiles/Prod_1?done=created")
        .await
        .assert_text(&["You have successfully created the signing profile."]);
    let profile = site.api("GetSigningProfile", json!({"profileName": "Prod_1"})).await;
    assert_eq!(profile["signatureValidityPeriod"], json!({"value": 90, "type": "DAYS"}));
    assert_eq!((&profile["platformId"], &profile["tags"]), (&json!(LAMBDA), &json!({"team": "a b"})));
}

#[tokio::test]
async fn shows_the_errors_of_the_operation_and_keeps_the_fields() {
    let site = Site::signed_in().await;
    site.put("Taken").await;
    let base = [("platform", LAMBDA), ("unit", "MONTHS")];
    for (fields, text) in [
        (&[("name", "a-b"), ("validity", "135")][..], "^[a-zA-Z0-9_]{2,}"),
        (&[("name", "Taken"), ("validity", "135")], "already exists"),
        (&[("name", "Prod_1"), ("validity", "136")], "from 1 to 135"),
        (&[("name", "Prod_1"), ("validity", "many")], "signatureValidityPeriod"),
        (
            &[("name", "Prod_1"), ("validity", "1"), ("tag-key", "a b"), ("tag-value", "v")],
            "Map keys must satisfy constraint",
        ),
        (
            &[("name", "Prod_1"), ("validity", "1"), ("tag-key", ""), ("tag-value", "v")],
            "Map keys must satisfy constraint",
        ),
        (&[("name", "Prod_1"), ("validity", "1"), ("unit", "MONTHS"), ("platform", "Other")], "Member must be one of"),
    ] {
        let fields: Vec<_> =
            if fields.len() > 3 && fields[3].0 == "platform" { fields.to_vec() } else { [fields, &base[..]].concat() };
        let answer = site.submit("profiles/new", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}: {}", answer.text());
        answer.assert_text(&[text]);
        assert!(answer.body.contains(&format!(r#"value="{}""#, fields[0].1)), "{}", answer.body);
    }
    let tags: Vec<String> = (0..51).map(|number| format!("k{number}")).collect();
    let mut fields = vec![("name", "Prod_1"), ("platform", LAMBDA), ("validity", "1"), ("unit", "DAYS")];
    for tag in &tags {
        fields.extend([("tag-key", tag.as_str()), ("tag-value", "")]);
    }
    site.submit("profiles/new", &fields).await.assert_text(&["at most 50 tags"]);
}

#[tokio::test]
async fn more_rows_for_tags_keep_what_was_entered() {
    let site = Site::signed_in().await;
    let answer = site
        .submit("profiles/new", &[("name", "Prod_1"), ("tag-key", "team"), ("tag-value", "images"), ("more-tags", "1")])
        .await;
    assert_eq!(answer.body.matches(r#"name="tag-key""#).count(), 4);
    assert!(answer.body.contains(r#"value="Prod_1""#) && answer.body.contains(r#"value="images""#));
}

#[tokio::test]
async fn cancels_and_revokes_profiles() {
    let site = Site::signed_in().await;
    site.put("Prod_1").await;
    site.put("Prod_2").await;
    site.submit("profiles/Prod_1/cancel", &[]).await.assert_leads_to(&at("profiles/Prod_1?done=canceled"));
    let canceled = site.page("profiles/Prod_1").await;
    canceled.assert_text(&["Status Canceled"]);
    assert!(!canceled.text().contains("Cancel profile") && !canceled.text().contains("Manage tags"));

    let version = site.page("profiles/Prod_2/revoke").await.hidden("version").to_owned();
    let fields = |from, reason| [("version", version.as_str()), ("from", from), ("reason", reason)];
    let future = site.submit("profiles/Prod_2/revoke", &fields("2099-01-01T00:00", "key lost")).await;
    assert_eq!(future.status, StatusCode::BAD_REQUEST);
    future.assert_text(&["effectiveTime", "must not be in the future"]);
    assert!(future.body.contains(r#"value="2099-01-01T00:00""#) && future.body.contains(r#"value="key lost""#));
    for (from, reason, text) in [("2024-02-03T04:05", "", "'reason'"), ("yesterday", "x", "effective")] {
        let answer = site.submit("profiles/Prod_2/revoke", &fields(from, reason)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{from} {reason}");
        answer.assert_text(&[text]);
    }
    let revoked = site.submit("profiles/Prod_2/revoke", &fields("2024-02-03T04:05", "key lost")).await;
    revoked.assert_leads_to(&at("profiles/Prod_2?done=revoked"));
    site.page("profiles/Prod_2").await.assert_text(&[
        "Status Revoked",
        "Effective from 2024-02-03 04:05:00 UTC",
        "Revoked by arn:aws:iam::111122223333:root",
        "Reason key lost",
    ]);
    let later = site.submit("profiles/Prod_2/revoke", &fields("2024-02-04T00:00:00", "later")).await;
    later.assert_text(&["a later effective time is not allowed"]);
}

#[tokio::test]
async fn adds_and_removes_tags() {
    let site = Site::signed_in().await;
    site.put("Prod_1").await;
    let path = "profiles/Prod_1/tags";
    site.submit(path, &[("key", "team"), ("value", "images")]).await.assert_leads_to(&at(path));
    site.submit(path, &[("key", "a:b/c"), ("value", "<&>")]).await.assert_leads_to(&at(path));
    site.page("profiles/Prod_1").await.assert_text(&["team images", "Tags (2)"]);
    let bad = site.submit(path, &[("key", "a b"), ("value", "kept")]).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    bad.assert_text(&["BadRequestException"]);
    assert!(bad.body.contains(r#"value="a b""#) && bad.body.contains(r#"value="kept""#));
    site.submit(path, &[("remove", "a:b/c")]).await.assert_leads_to(&at(path));
    let tags = site
        .api(
            "ListTagsForResource",
            json!({"resourceArn": "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod_1"}),
        )
        .await;
    assert_eq!(tags, json!({"tags": {"team": "images"}}));
}

#[tokio::test]
async fn revokes_signatures() {
    let site = Site::signed_in().await;
    site.put("Prod_1").await;
    let job = site.sign("Prod_1").await;
    let path = format!("jobs/{job}/revoke");
    let empty = site.submit(&path, &[("reason", " ")]).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    empty.assert_text(&["ValidationException", "'reason'"]);
    site.submit(&path, &[("reason", "leaked")]).await.assert_leads_to(&at(&format!("jobs/{job}?done=revoked")));
    let page = site.page(&format!("jobs/{job}")).await;
    page.assert_text(&["Revocation status Revoked", "Reason leaked", "Revoked by arn:aws:iam::111122223333:root"]);
    assert!(!page.text().contains("Revoke signature"));
}

#[tokio::test]
async fn other_accounts_must_permit_a_change() {
    let site = Site::signed_in().await;
    let other = Caller::new(REGION.parse().unwrap(), "444455556666".parse().unwrap());
    let profile = json!({"profileName": "Theirs", "platformId": NOTATION_PLATFORM});
    site.api_as(&other, "PutSigningProfile", profile).await;
    let payload = json!({"profileName": "Theirs", "profileOwner": "444455556666", "payload": STANDARD.encode("x"),
        "payloadFormat": PAYLOAD_MEDIA_TYPE});
    let job = site.api("SignPayload", payload).await["jobId"].as_str().unwrap().to_owned();
    let path = format!("jobs/{job}/revoke");
    let refused = site.submit(&path, &[("reason", "leaked")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.assert_text(&["AccessDeniedException", "signer:RevokeSignature"]);
    let permission = json!({"profileName": "Theirs", "action": "signer:RevokeSignature", "principal": "111122223333",
        "statementId": "one"});
    site.api_as(&other, "AddProfilePermission", permission).await;
    site.submit(&path, &[("reason", "leaked")]).await.assert_leads_to(&at(&format!("jobs/{job}?done=revoked")));
}
