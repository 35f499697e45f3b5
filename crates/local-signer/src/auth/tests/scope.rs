//! Scope, date and signed headers.

use super::*;

#[test]
fn tolerates_five_minutes_of_clock_skew() {
    let request = Signed::valid();
    for seconds in [-300, 0, 300] {
        assert!(request.verify_at(NOW + Duration::seconds(seconds)).is_ok(), "{seconds}");
    }
    assert_eq!(
        request.verify_at(NOW + Duration::seconds(301)),
        Err(AuthError::Date(
            "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T030906Z - 5 min.)"
                .into()
        ))
    );
    assert_eq!(
        request.verify_at(NOW - Duration::seconds(301)),
        Err(AuthError::Date(
            "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T025904Z + 5 min.)"
                .into()
        ))
    );
}

#[test]
fn rejects_a_date_changed_after_signing() {
    let mut request = Signed::new(SECRET, NOW - Duration::hours(1), "signer", "/revocations", "");
    request.set("x-amz-date", "20260102T030405Z");
    assert_eq!(request.verify(), Err(AuthError::Mismatch));
}

#[test]
fn rejects_missing_duplicate_and_malformed_dates() {
    let changes: [fn(&mut Signed); 3] = [
        |request| {
            request.headers.remove("x-amz-date");
        },
        |request| {
            request.headers.append("x-amz-date", HeaderValue::from_static("20260102T030405Z"));
        },
        |request| request.set("x-amz-date", "20260102 03:04:05"),
    ];
    for change in changes {
        let result = after(change);
        assert!(matches!(result, Err(AuthError::IncompleteSignature(_))), "{result:?}");
    }
}

#[test]
fn rejects_signatures_out_of_scope() {
    let other = Signed::new(SECRET, NOW, "s3", "/revocations", "");
    for result in [
        other.verify(),
        after(|request| request.rewrite("authorization", "/20260102/", "/20260103/")),
        after(|request| request.rewrite("authorization", "aws4_request", "aws5_request")),
        after(|request| request.rewrite("authorization", "host;", "")),
        after(|request| request.rewrite("authorization", ";x-amz-date", "")),
    ] {
        assert!(matches!(result, Err(AuthError::Scope(_))), "{result:?}");
    }
}

#[test]
fn rejects_a_region_changed_after_signing() {
    let result = after(|request| request.rewrite("authorization", "us-west-2", "us-east-1"));
    assert_eq!(result, Err(AuthError::Mismatch));
}

#[test]
fn rejects_headers_of_aws_that_are_not_signed() {
    let hash = body_hash(&Signed::valid().body);
    assert_eq!(
        after(|request| request.set("x-amz-content-sha256", &hash)),
        Err(AuthError::Scope("'X-Amz-Content-Sha256' must be a 'SignedHeader' in the AWS Authorization.".into()))
    );
}

#[test]
fn names_everything_that_is_wrong_with_the_scope() {
    let result = after(|request| {
        request.rewrite("authorization", "/20260102/us-west-2/signer/aws4_request", "/20260103/Oregon/s3/aws5_request");
    });
    assert_eq!(
        result,
        Err(AuthError::Scope(
            "Credential should be scoped to a valid region, not 'Oregon'. Credential should be scoped to correct \
             service: 'signer'. Credential should be scoped with a valid terminator: 'aws4_request', not \
             'aws5_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '20260103' != '20260102', from '20260102T030405Z'."
                .into()
        ))
    );
}
