use aws_names::JobArn;
use time::Duration;

use super::*;
use crate::store::{Job, JobStatus, ObjectLocation, SourceObject};

#[tokio::test]
async fn describes_the_job_of_a_payload() {
    let signer = signer();
    let put = signer.put("Prod").await;
    let id = signer.sign("Prod").await["jobId"].take();
    let job = signer.ok("DescribeSigningJob", json!({"jobId": id})).await;
    let created = job["createdAt"].as_i64().unwrap();
    assert!((0..60).contains(&(created - START.unix_timestamp())));
    assert_eq!(
        job,
        json!({
            "jobId": id,
            "signingMaterial": {},
            "platformId": NOTATION_PLATFORM,
            "platformDisplayName": "Notation for container registries",
            "profileName": "Prod",
            "profileVersion": put["profileVersion"],
            "signingParameters": {},
            "createdAt": created,
            "completedAt": created,
            "signatureExpiresAt": job["signatureExpiresAt"],
            "requestedBy": "arn:aws:iam::111122223333:root",
            "status": "Succeeded",
            "statusReason": "Signing Succeeded",
            "jobOwner": "111122223333",
            "jobInvoker": "111122223333",
        })
    );
    signer.ok("RevokeSignature", json!({"jobId": id, "reason": "leak"})).await;
    let record = signer.ok("DescribeSigningJob", json!({"jobId": id})).await["revocationRecord"].take();
    assert_eq!((&record["reason"], &record["revokedBy"]), (&json!("leak"), &json!("arn:aws:iam::111122223333:root")));
    for id in ["00000000-0000-0000-0000-000000000000", "a/b", ""] {
        let missing = json!({"jobId": id});
        signer.assert_error("DescribeSigningJob", missing, "ResourceNotFoundException", "job").await;
    }
}

#[tokio::test]
async fn a_listed_job_has_all_members_of_the_api() {
    let signer = signer();
    signer.put("Prod").await;
    let id = signer.sign("Prod").await["jobId"].as_str().unwrap().to_owned();
    let first = signer.service.store.job(signer.caller.location(), &id).unwrap().unwrap();
    let (created, expires) = (first.created_at.unix_timestamp(), first.expires_at.unwrap().unix_timestamp());
    let other = Job {
        arn: JobArn::new(signer.caller.location().clone(), "other").unwrap(),
        platform_id: "AWSLambda-SHA384-ECDSA".to_owned(),
        invoker: OTHER_ACCOUNT.parse().unwrap(),
        status: JobStatus::Failed,
        expires_at: None,
        source: Some(SourceObject {
            bucket_name: "b".to_owned(),
            key: "a \"b\"\n".to_owned(),
            version: "v".to_owned(),
        }),
        signed_object: Some(ObjectLocation { bucket_name: "b".to_owned(), key: "k".to_owned() }),
        signing_material: Some("arn:of:a:certificate".to_owned()),
        ..first.clone()
    };
    signer.service.store.add_job(other).await.unwrap();
    signer.ok("RevokeSignature", json!({"jobId": id, "reason": "leak"})).await;
    let version = first.profile.version();
    let expected = [
        r#"{"jobs":[{"jobId":"other","source":{"s3":{"bucketName":"b","key":"a \"b\"\n","version":"v"}},"#,
        r#""signedObject":{"s3":{"bucketName":"b","key":"k"}},"#,
        r#""signingMaterial":{"certificateArn":"arn:of:a:certificate"},"#,
        &format!(r#""createdAt":{created},"status":"Failed","isRevoked":false,"#),
        &format!(r#""profileName":"Prod","profileVersion":"{version}","platformId":"AWSLambda-SHA384-ECDSA","#),
        r#""platformDisplayName":"AWS Lambda","jobOwner":"111122223333","jobInvoker":"444455556666"},"#,
        &format!(r#"{{"jobId":"{id}","signingMaterial":{{}},"createdAt":{created},"status":"Succeeded","#),
        &format!(r#""isRevoked":true,"profileName":"Prod","profileVersion":"{version}","#),
        r#""platformId":"Notation-OCI-SHA384-ECDSA","platformDisplayName":"Notation for container registries","#,
        &format!(r#""signatureExpiresAt":{expires},"jobOwner":"111122223333","jobInvoker":"111122223333"}}]}}"#),
    ];
    assert_eq!(signer.text("ListSigningJobs", json!({})).await, expected.concat());
}

#[tokio::test]
async fn lists_jobs_by_pages_and_filters() {
    let signer = signer();
    signer.put("Prod").await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.insert(0, signer.sign("Prod").await["jobId"].as_str().unwrap().to_owned());
    }
    signer.ok("RevokeSignature", json!({"jobId": ids[2], "reason": "leak"})).await;
    let others: Vec<String> = ids.iter().filter(|id| **id != ids[2]).cloned().collect();
    let none: Vec<String> = Vec::new();
    let tomorrow = "2024-02-04T04:05:06Z";
    for (filter, expected) in [
        (json!({}), &ids),
        (json!({"status": "Succeeded"}), &ids),
        (json!({"status": "Failed"}), &none),
        (json!({"platformId": NOTATION_PLATFORM}), &ids),
        (json!({"platformId": "AWSLambda-SHA384-ECDSA"}), &none),
        (json!({"platformId": "none'; DROP TABLE signing_jobs"}), &none),
        (json!({"requestedBy": "arn:aws:iam::111122223333:root"}), &ids),
        (json!({"requestedBy": "arn:aws:iam::111122223333:user/alice"}), &none),
        (json!({"isRevoked": true}), &ids[2..3].to_vec()),
        (json!({"isRevoked": false}), &others),
        (json!({"signatureExpiresAfter": tomorrow}), &ids),
        (json!({"signatureExpiresBefore": tomorrow}), &none),
        (json!({"jobInvoker": "111122223333"}), &ids),
        (json!({"jobInvoker": OTHER_ACCOUNT}), &none),
    ] {
        for size in [1, 3, 25] {
            let mut found = Vec::new();
            let mut token = Value::Null;
            loop {
                let page = with(filter.clone(), json!({"maxResults": size, "nextToken": token}));
                let page = signer.ok("ListSigningJobs", page).await;
                let jobs = page["jobs"].as_array().unwrap();
                found.extend(jobs.iter().map(|job| job["jobId"].as_str().unwrap().to_owned()));
                token = page["nextToken"].clone();
                if token.is_null() {
                    break;
                }
            }
            assert_eq!(&found, expected, "{filter} {size}");
        }
    }
    let first = signer.ok("ListSigningJobs", json!({"maxResults": 2})).await["nextToken"].take();
    let other = json!({"nextToken": first, "isRevoked": true});
    signer.assert_error("ListSigningJobs", other, "ValidationException", "nextToken").await;
    for filter in [json!({"status": "Done"}), json!({"jobInvoker": "1"}), json!({"maxResults": 26})] {
        signer.assert_error("ListSigningJobs", filter, "ValidationException", "failed to satisfy constraint").await;
    }
}

#[tokio::test]
async fn jobs_are_listed_for_two_years() {
    let mut signer = signer();
    signer.put("Prod").await;
    let id = signer.sign("Prod").await["jobId"].take();
    for (days, listed) in [(729, true), (731, false)] {
        signer.service.clock = Clock::starting_at(START + Duration::days(days)).unwrap();
        for filter in [json!({}), json!({"signatureExpiresAfter": "2024-02-04T04:05:06Z"})] {
            let jobs = signer.ok("ListSigningJobs", filter).await["jobs"].take();
            assert_eq!(jobs.as_array().unwrap().len(), usize::from(listed), "{days}");
        }
        // Its signature may still be valid, so it can be described and revoked.
        signer.ok("DescribeSigningJob", json!({"jobId": id})).await;
    }
    signer.ok("RevokeSignature", json!({"jobId": id, "reason": "leak"})).await;
}

#[tokio::test]
async fn jobs_belong_to_an_account_and_region() {
    let mut signer = signer();
    signer.put("Prod").await;
    let id = signer.sign("Prod").await["jobId"].take();
    for (region, account) in [("us-east-1", "111122223333"), ("us-west-2", OTHER_ACCOUNT)] {
        signer.caller = Caller::new(region.parse().unwrap(), account.parse().unwrap());
        assert_eq!(signer.ok("ListSigningJobs", json!({})).await, json!({"jobs": []}));
        let job = json!({"jobId": id, "reason": "leak"});
        signer.assert_error("DescribeSigningJob", job.clone(), "ResourceNotFoundException", "").await;
        signer.assert_error("RevokeSignature", job, "ResourceNotFoundException", "").await;
    }
}
