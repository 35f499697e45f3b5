//! The policies of the AWS Signer Developer Guide, with requests that they allow and deny.

use super::*;

fn check(policy: &str, allowed: &[Asked], denied: &[Asked]) {
    for asked in allowed {
        assert!(asked.is_allowed(policy), "{} {:?}: {policy}", asked.operation, asked.resources);
    }
    for asked in denied {
        assert!(!asked.is_allowed(policy), "{} {:?}: {policy}", asked.operation, asked.resources);
    }
}

fn of_version(operation: &'static str, version: Option<&'static str>) -> Asked {
    Asked { version, ..Asked::new(operation, &[PROFILE]) }
}

#[test]
fn signing_with_all_profiles_of_an_account() {
    check(
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["signer:GetSigningProfile",
            "signer:ListSigningProfiles", "signer:StartSigningJob", "signer:DescribeSigningJob", "signer:ListSigningJobs"],
            "Resource": "*"}]}"#,
        &[
            Asked::new("GetSigningProfile", &[PROFILE]),
            Asked::new("StartSigningJob", &[OTHER_PROFILE]),
            Asked::new("DescribeSigningJob", &[JOB]),
            Asked::new("ListSigningJobs", &[]),
        ],
        &[
            Asked::new("SignPayload", &[PROFILE]),
            Asked::new("PutSigningProfile", &[]),
            Asked::new("RevokeSignature", &[JOB]),
            Asked::new("GetRevocationStatus", &[JOB, PROFILE]),
        ],
    );
    check(
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["signer:GetSigningProfile",
            "signer:ListSigningProfiles", "signer:SignPayload", "signer:GetRevocationStatus", "signer:DescribeSigningJob",
            "signer:ListSigningJobs"], "Resource": "*"}]}"#,
        &[Asked::new("SignPayload", &[PROFILE]), Asked::new("GetRevocationStatus", &[JOB, PROFILE])],
        &[Asked::new("StartSigningJob", &[PROFILE]), Asked::new("CancelSigningProfile", &[PROFILE])],
    );
}

#[test]
fn signing_with_one_profile() {
    for operation in ["StartSigningJob", "SignPayload"] {
        check(
            &format!(
                r#"{{"Version": "2012-10-17", "Statement": [
                    {{"Effect": "Allow", "Action": ["signer:GetSigningProfile", "signer:{operation}"],
                      "Resource": "{PROFILE}"}},
                    {{"Effect": "Allow", "Action": ["signer:ListSigningJobs", "signer:ListSigningProfiles",
                      "signer:DescribeSigningJob"], "Resource": "*"}}]}}"#
            ),
            &[
                Asked::new(operation, &[PROFILE]),
                Asked::new("GetSigningProfile", &[PROFILE]),
                Asked::new("ListSigningProfiles", &[]),
                Asked::new("DescribeSigningJob", &[JOB]),
            ],
            &[
                Asked::new(operation, &[OTHER_PROFILE]),
                Asked::new("GetSigningProfile", &[OTHER_PROFILE]),
                Asked::new("ListSigningPlatforms", &[]),
                Asked::new("RevokeSigningProfile", &[PROFILE]),
            ],
        );
    }
}

#[test]
fn signing_with_one_version_of_a_profile() {
    for operation in ["StartSigningJob", "SignPayload"] {
        check(
            &format!(
                r#"{{"Version": "2012-10-17", "Statement": [
                    {{"Effect": "Allow", "Action": ["signer:GetSigningProfile", "signer:{operation}"],
                      "Resource": "{PROFILE}",
                      "Condition": {{"StringEquals": {{"signer:ProfileVersion": "abcde12345"}}}}}},
                    {{"Effect": "Allow", "Action": ["signer:ListSigningJobs", "signer:ListSigningProfiles",
                      "signer:DescribeSigningJob"], "Resource": "*"}}]}}"#
            ),
            &[of_version(operation, Some("abcde12345")), of_version("GetSigningProfile", Some("abcde12345"))],
            &[of_version(operation, Some("fghij67890")), of_version(operation, None)],
        );
    }
}

#[test]
fn permissions_for_one_version_of_a_profile() {
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Action": ["signer:AddProfilePermission", "signer:RemoveProfilePermission"], "Resource": "*",
        "Condition": {"StringEquals": {"signer:ProfileVersion": "abcde12345"}}}}"#;
    for operation in ["AddProfilePermission", "RemoveProfilePermission"] {
        check(
            policy,
            &[of_version(operation, Some("abcde12345"))],
            &[of_version(operation, Some("fghij67890")), of_version(operation, None)],
        );
    }
}

#[test]
fn full_access() {
    for policy in [
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "signer:*", "Resource": "*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["signer:*"], "Resource": ["*"]}]}"#,
    ] {
        for access in ACCESS {
            let resources: &[&str] = match access.resource {
                ResourceType::None => &[],
                ResourceType::SigningProfile => &[PROFILE],
                ResourceType::SigningJob => &[JOB],
                ResourceType::SigningJobAndProfile => &[JOB, PROFILE],
            };
            assert!(Asked::new(access.operation, resources).is_allowed(policy), "{}", access.operation);
        }
    }
}

#[test]
fn signing_jobs_that_read_and_write_buckets() {
    check(
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["signer:StartSigningJob",
            "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket"], "Resource": ["*"]}]}"#,
        &[Asked::new("StartSigningJob", &[PROFILE])],
        &[Asked::new("DescribeSigningJob", &[JOB])],
    );
}

#[test]
fn policies_of_iot_with_other_services() {
    check(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"], "Resource": "arn:aws:iam::123456789012:role/ota",
             "Condition": {"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}}},
            {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "acm:ListCertificates", "acm:ImportCertificate",
             "iot:*", "freertos:*", "signer:ListSigningJobs", "signer:StartSigningJob", "signer:DescribeSigningJob"],
             "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*"}]}"#,
        &[Asked::new("StartSigningJob", &[PROFILE]), Asked::new("ListSigningJobs", &[])],
        &[Asked::new("RevokeSignature", &[JOB]), Asked::new("ListTagsForResource", &[PROFILE])],
    );
}

#[test]
fn every_operation_is_in_the_table_once_and_in_order() {
    assert_eq!(ACCESS.len(), 19);
    assert!(ACCESS.windows(2).all(|pair| pair[0].operation < pair[1].operation));
}
