use super::*;

#[tokio::test]
async fn describes_a_created_profile() {
    let signer = signer();
    let body = json!({
        "profileName": "Prod",
        "platformId": NOTATION_PLATFORM,
        "signatureValidityPeriod": {"value": 90, "type": "DAYS"},
        "signingParameters": {"k": "v"},
        "tags": {"team": "images"},
        "aMemberOfLaterVersions": 1,
    });
    let put = signer.ok("PutSigningProfile", body).await;
    let version = put["profileVersion"].as_str().unwrap();
    assert!(version.len() == 10 && version.bytes().all(|b| b.is_ascii_alphanumeric()), "{version}");
    assert_eq!(
        signer.ok("GetSigningProfile", json!({"profileName": "Prod", "profileOwner": "111122223333"})).await,
        json!({
            "profileName": "Prod",
            "profileVersion": version,
            "profileVersionArn": arn(&format!("signing-profiles/Prod/{version}")),
            "arn": arn("signing-profiles/Prod"),
            "signingMaterial": {},
            "platformId": NOTATION_PLATFORM,
            "platformDisplayName": "Notation for container registries",
            "signatureValidityPeriod": {"value": 90, "type": "DAYS"},
            "signingParameters": {"k": "v"},
            "status": "Active",
            "tags": {"team": "images"},
        })
    );
}

#[tokio::test]
async fn the_default_validity_is_135_months() {
    let signer = signer();
    signer.put("Prod").await;
    let profile = signer.ok("GetSigningProfile", json!({"profileName": "Prod"})).await;
    assert_eq!(profile["signatureValidityPeriod"], json!({"value": 135, "type": "MONTHS"}));
    assert_eq!((&profile["tags"], &profile["signingMaterial"]), (&json!({}), &json!({})));
}

#[tokio::test]
async fn rejects_invalid_profiles_by_parameter() {
    let signer = signer();
    let platform = json!({"platformId": NOTATION_PLATFORM});
    for name in ["", "a", "a-b", "a b", "ä1", &"a".repeat(65)] {
        let body = with(platform.clone(), json!({"profileName": name}));
        signer.assert_error("PutSigningProfile", body, "ValidationException", "profileName").await;
    }
    let tags = |count: usize| -> Value {
        let key = |n: usize| "k".repeat(n + 1);
        (0..count).map(|n| (key(n), json!("v"))).collect::<serde_json::Map<_, _>>().into()
    };
    for (change, message) in [
        (json!({"platformId": null}), "'platformId' failed to satisfy constraint: Member must not be null"),
        (json!({"platformId": "other"}), "platformId"),
        (json!({"signatureValidityPeriod": {"value": 1}}), "signatureValidityPeriod.type"),
        (json!({"signatureValidityPeriod": {"type": "DAYS"}}), "signatureValidityPeriod.value"),
        (json!({"signatureValidityPeriod": {"value": 136, "type": "MONTHS"}}), "from 1 to 135"),
        (json!({"signatureValidityPeriod": {"value": -1, "type": "YEARS"}}), "from 1 to 11"),
        (json!({"signatureValidityPeriod": {"value": 1, "type": "WEEKS"}}), "enum value set: [DAYS, MONTHS, YEARS]"),
        (json!({"signingMaterial": {"certificateArn": "arn"}}), "signingMaterial"),
        (json!({"signingMaterial": {}}), "signingMaterial.certificateArn"),
        (json!({"overrides": {"signingImageFormat": "JSONDetached"}}), "overrides"),
        (json!({"overrides": {"signingConfiguration": {"hashAlgorithm": "MD5"}}}), "[SHA1, SHA256]"),
        (json!({"tags": {"aws:x": "y"}}), "tags"),
        (json!({"tags": {"a b": "y"}}), "^(?!aws:)[a-zA-Z+-=._:/]+$"),
        (json!({"tags": {"ü": "y"}}), "tags"),
        (json!({"tags": {"line\nfeed": "y"}}), "tags"),
        (json!({"tags": {"k": "v".repeat(257)}}), "length less than or equal to 256"),
        (json!({"tags": {}}), "length greater than or equal to 1"),
        (json!({"tags": tags(51)}), "at most 50 tags"),
    ] {
        let body = with(with(platform.clone(), json!({"profileName": "Prod"})), change);
        signer.assert_error("PutSigningProfile", body, "ValidationException", message).await;
    }
    let body = json!({"profileName": "Prod", "platformId": NOTATION_PLATFORM, "tags": tags(50)});
    signer.ok("PutSigningProfile", body).await;
}

#[tokio::test]
async fn reports_all_violated_constraints() {
    let (_, message) = signer().error("PutSigningProfile", json!({"profileName": "a"})).await;
    assert_eq!(
        message,
        "3 validation errors detected: \
         Value 'a' at 'profileName' failed to satisfy constraint: Member must have length greater than or equal to 2; \
         Value 'a' at 'profileName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         ^[a-zA-Z0-9_]{2,}; \
         Value at 'platformId' failed to satisfy constraint: Member must not be null"
    );
}

#[tokio::test]
async fn device_platforms_need_a_certificate() {
    let signer = signer();
    let body = json!({"profileName": "Device", "platformId": "AmazonFreeRTOS-Default"});
    let missing = "signing material cannot be null.";
    signer.assert_error("PutSigningProfile", body.clone(), "ValidationException", missing).await;
    for arn in [
        "arn:aws:acm:us-east-1:111122223333:certificate/a-1",
        "arn:aws:acm:us-west-2:1111:certificate/a-1",
        "arn:aws:acm:us-west-2:111122223333:certificate/",
        "arn:aws:iam:us-west-2:111122223333:certificate/a-1",
    ] {
        let body = with(body.clone(), json!({"signingMaterial": {"certificateArn": arn}}));
        signer.assert_error("PutSigningProfile", body, "ValidationException", "certificateArn").await;
    }
    let unknown = "arn:aws:acm:us-west-2:111122223333:certificate/12345678-1234-1234-1234-123456789012";
    let unknown = with(body.clone(), json!({"signingMaterial": {"certificateArn": unknown}}));
    signer.assert_error("PutSigningProfile", unknown, "ValidationException", "could not be found").await;
    let ecdsa = signer.import(&rcgen::PKCS_ECDSA_P256_SHA256);
    let certificate = signer.import(&rcgen::PKCS_RSA_SHA256);
    let overrides =
        json!({"signingConfiguration": {"encryptionAlgorithm": "RSA"}, "signingImageFormat": "JSONDetached"});
    // AWS accepts a key of another type; a job of the profile fails.
    for (name, certificate, overrides) in [("Other_1", &ecdsa, overrides.clone()), ("Other_2", &certificate, json!({}))]
    {
        let other = json!({"signingMaterial": {"certificateArn": certificate}, "overrides": overrides,
            "profileName": name});
        signer.ok("PutSigningProfile", with(body.clone(), other)).await;
    }
    let material = json!({"signingMaterial": {"certificateArn": certificate}, "overrides": overrides});
    signer.ok("PutSigningProfile", with(body.clone(), material)).await;
    let profile = signer.ok("GetSigningProfile", json!({"profileName": "Device"})).await;
    assert_eq!(profile["signingMaterial"], json!({"certificateArn": certificate}));
    assert_eq!(profile["overrides"], overrides);

    let unsupported = json!({"profileName": "Other", "signingMaterial": {"certificateArn": certificate},
        "overrides": {"signingConfiguration": {"hashAlgorithm": "SHA1"}}});
    signer.assert_error("PutSigningProfile", with(body, unsupported), "ValidationException", "hashAlgorithm").await;
}

#[tokio::test]
async fn a_name_stays_taken_after_cancel_and_revoke() {
    let signer = signer();
    let body = json!({"profileName": "Prod", "platformId": NOTATION_PLATFORM});
    signer.put("Prod").await;
    signer.assert_error("PutSigningProfile", body.clone(), "ValidationException", "already exists").await;
    assert_eq!(signer.ok("CancelSigningProfile", json!({"profileName": "Prod"})).await, Value::Null);
    signer.assert_error("PutSigningProfile", body, "ValidationException", "already exists").await;
    let profile = signer.ok("GetSigningProfile", json!({"profileName": "Prod"})).await;
    assert_eq!(profile["status"], "Canceled");
    signer.ok("CancelSigningProfile", json!({"profileName": "Prod"})).await;
    let missing = json!({"profileName": "Other"});
    signer.assert_error("CancelSigningProfile", missing, "ResourceNotFoundException", "Other").await;
}

#[tokio::test]
async fn a_canceled_profile_is_deleted_after_two_years() {
    let mut signer = signer();
    let version = signer.put("Prod").await["profileVersion"].take();
    signer.ok("CancelSigningProfile", json!({"profileName": "Prod"})).await;
    let list = json!({"includeCanceled": true});
    signer.service.clock = Clock::starting_at(START + time::Duration::days(729)).unwrap();
    assert_eq!(signer.ok("ListSigningProfiles", list.clone()).await["profiles"].as_array().unwrap().len(), 1);
    signer.service.clock = Clock::starting_at(START + time::Duration::days(731)).unwrap();
    assert_eq!(signer.ok("ListSigningProfiles", list).await["profiles"], json!([]));
    let of_any = json!({"profileName": "Prod", "profileVersion": version, "statementId": "one", "revisionId": "x",
        "action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "reason": "leak", "effectiveTime": 0});
    for operation in [
        "GetSigningProfile",
        "CancelSigningProfile",
        "RevokeSigningProfile",
        "ListProfilePermissions",
        "AddProfilePermission",
        "RemoveProfilePermission",
    ] {
        signer.assert_error(operation, of_any.clone(), "ResourceNotFoundException", "Prod").await;
    }
    let tagging = json!({"resourceArn": arn("signing-profiles/Prod"), "tags": {"a": "b"}, "tagKeys": ["a"]});
    for operation in ["TagResource", "UntagResource", "ListTagsForResource"] {
        signer.assert_error(operation, tagging.clone(), "NotFoundException", "Prod").await;
    }
    signer.put("Prod").await;
}

#[tokio::test]
async fn a_listed_profile_has_all_members_of_the_api() {
    let signer = signer();
    signer.put("P1").await;
    let parameters = json!({"b": "c \"d\"", "a": "\u{fc}"});
    let put = json!({"profileName": "P2", "platformId": NOTATION_PLATFORM, "signingParameters": parameters,
        "signatureValidityPeriod": {"type": "DAYS", "value": 7}, "tags": {"team": "x\\y"}});
    signer.ok("PutSigningProfile", put).await;
    let version = |profile: &Value| profile["profileVersion"].as_str().unwrap().to_owned();
    let first = version(&signer.ok("GetSigningProfile", json!({"profileName": "P1"})).await);
    let second = version(&signer.ok("GetSigningProfile", json!({"profileName": "P2"})).await);
    let arns = arn("signing-profiles/");
    let platform =
        r#""platformId":"Notation-OCI-SHA384-ECDSA","platformDisplayName":"Notation for container registries","#;
    let expected = [
        &format!(r#"{{"profiles":[{{"profileName":"P1","profileVersion":"{first}","#),
        &format!(r#""profileVersionArn":"{arns}P1/{first}","signingMaterial":{{}},"#),
        r#""signatureValidityPeriod":{"value":135,"type":"MONTHS"},"#,
        platform,
        &format!(r#""signingParameters":{{}},"status":"Active","arn":"{arns}P1","tags":{{}}}},"#),
        &format!(r#"{{"profileName":"P2","profileVersion":"{second}","#),
        &format!(r#""profileVersionArn":"{arns}P2/{second}","signingMaterial":{{}},"#),
        r#""signatureValidityPeriod":{"value":7,"type":"DAYS"},"#,
        platform,
        "\"signingParameters\":{\"a\":\"\u{fc}\",\"b\":\"c \\\"d\\\"\"},\"status\":\"Active\",",
        &format!(r#""arn":"{arns}P2","tags":{{"team":"x\\y"}}}}]}}"#),
    ];
    assert_eq!(signer.text("ListSigningProfiles", json!({})).await, expected.concat());
}

#[tokio::test]
async fn lists_profiles_by_pages_and_filters() {
    let signer = signer();
    for n in 0..7 {
        signer.put(&format!("P{n}")).await;
    }
    signer.ok("CancelSigningProfile", json!({"profileName": "P1"})).await;
    let version = signer.ok("GetSigningProfile", json!({"profileName": "P2"})).await["profileVersion"].take();
    let revoke = json!({"profileName": "P2", "profileVersion": version, "reason": "leak", "effectiveTime": 1});
    signer.ok("RevokeSigningProfile", revoke).await;
    let lambda = json!({"profileName": "L0", "platformId": "AWSLambda-SHA384-ECDSA"});
    signer.ok("PutSigningProfile", lambda).await;

    for (filter, expected) in [
        (json!({}), "L0 P0 P3 P4 P5 P6"),
        (json!({"includeCanceled": true}), "L0 P0 P1 P2 P3 P4 P5 P6"),
        (json!({"statuses": ["Canceled"]}), "P1"),
        (json!({"statuses": ["Revoked", "Canceled"]}), "P1 P2"),
        (json!({"statuses": ["Active"], "includeCanceled": true, "platformId": "AWSLambda-SHA384-ECDSA"}), "L0"),
        (json!({"platformId": "none"}), ""),
    ] {
        for size in [1, 3, 25] {
            let mut names = Vec::new();
            let mut token = Value::Null;
            loop {
                let page = with(filter.clone(), json!({"maxResults": size, "nextToken": token}));
                let page = signer.ok("ListSigningProfiles", page).await;
                let profiles = page["profiles"].as_array().unwrap();
                assert!(profiles.len() <= size);
                names.extend(profiles.iter().map(|profile| profile["profileName"].as_str().unwrap().to_owned()));
                token = page["nextToken"].clone();
                if token.is_null() {
                    break;
                }
            }
            assert_eq!(names.join(" "), expected, "{filter} {size}");
        }
    }
    let other = json!({"nextToken": "AAAA"});
    signer.assert_error("ListSigningProfiles", other, "ValidationException", "nextToken").await;
    for size in [0, 26] {
        let page = json!({"maxResults": size});
        signer.assert_error("ListSigningProfiles", page, "ValidationException", "maxResults").await;
    }
}

#[tokio::test]
async fn describes_and_lists_platforms() {
    let signer = signer();
    let all = signer.ok("ListSigningPlatforms", json!({})).await;
    let ids: Vec<_> = all["platforms"].as_array().unwrap().iter().map(|platform| &platform["platformId"]).collect();
    assert_eq!(ids.len(), 5);
    let lambda = signer.ok("GetSigningPlatform", json!({"platformId": "AWSLambda-SHA384-ECDSA"})).await;
    assert_eq!(lambda, all["platforms"][1]);
    assert_eq!((&lambda["maxSizeInMB"], &lambda["revocationSupported"]), (&json!(250), &json!(true)));
    let found = signer.ok("ListSigningPlatforms", json!({"partner": "AmazonFreeRTOS", "maxResults": 1})).await;
    assert_eq!(found["platforms"][0]["platformId"], "AmazonFreeRTOS-Default");
    let next = json!({"partner": "AmazonFreeRTOS", "nextToken": found["nextToken"]});
    let rest = signer.ok("ListSigningPlatforms", next).await;
    assert_eq!(rest["platforms"].as_array().unwrap().len(), 1);
    assert_eq!(rest["nextToken"], Value::Null);
    let other = json!({"partner": "AWSLambda", "nextToken": found["nextToken"]});
    signer.assert_error("ListSigningPlatforms", other, "ValidationException", "nextToken").await;
    let missing = json!({"platformId": "none"});
    signer.assert_error("GetSigningPlatform", missing, "ResourceNotFoundException", "platform").await;
}
