//! Signatures in the query of presigned URLs.

use super::*;

#[test]
fn accepts_presigned_urls_until_they_expire() {
    let request = Signed::presigned(600, None);
    for seconds in [-300, 0, 600] {
        assert_eq!(request.verify_at(NOW + Duration::seconds(seconds)), Ok("us-west-2".to_owned()), "{seconds}");
    }
    assert_eq!(
        request.verify_at(NOW + Duration::seconds(601)),
        Err(AuthError::Date(
            "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031406Z - 10 min.)"
                .into()
        ))
    );
    assert!(matches!(request.verify_at(NOW - Duration::seconds(301)), Err(AuthError::Date(_))));
    assert!(Signed::presigned(604_800, None).verify_at(NOW + Duration::days(7)).is_ok());
}

#[test]
fn rejects_altered_presigned_urls() {
    let changes: [fn(&mut Signed); 6] = [
        |request| request.method = Method::DELETE,
        |request| request.body.clear(),
        |request| request.query.push_str("&c=3"),
        |request| request.query = request.query.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        |request| request.query = request.query.replace("X%2FAmz", "x"),
        |request| request.query = request.query.replace("X-Amz-Signature=", "X-Amz-Signature=00"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut request = Signed::presigned(60, None);
        change(&mut request);
        let changed = request.query != Signed::presigned(60, None).query || number < 2;
        assert_eq!(request.verify().is_err(), changed, "change {number}");
        assert!(!changed || request.verify() == Err(AuthError::Mismatch), "change {number}");
    }
}

#[test]
fn names_what_a_presigned_url_lacks() {
    let without = |names: &[&str]| {
        let mut request = Signed::presigned(60, None);
        let kept = |pair: &&str| !names.iter().any(|name| pair.starts_with(&format!("{name}=")));
        request.query = request.query.split('&').filter(kept).collect::<Vec<_>>().join("&");
        request.verify()
    };
    assert_eq!(
        without(&["X-Amz-Signature", "X-Amz-Date"]),
        Err(AuthError::IncompleteSignature(
            "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include \
             'X-Amz-Date'. Re-examine the query-string parameters."
                .into()
        ))
    );
    let all = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
    assert_eq!(without(&all), Err(AuthError::MissingAuthenticationToken));
}

#[test]
fn rejects_presigned_urls_with_a_wrong_validity_or_a_parameter_twice() {
    for (from, to) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=99999999999999999999"),
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=61"),
        ("AWS4%2DHMAC%2DSHA256", "AWS4-HMAC-SHA512"),
    ] {
        let mut request = Signed::presigned(60, None);
        assert!(request.query.contains(from), "{}", request.query);
        request.query = request.query.replace(from, to);
        let result = request.verify();
        assert!(matches!(result, Err(AuthError::IncompleteSignature(_))), "{to}: {result:?}");
    }
}

#[test]
fn rejects_a_request_with_both_kinds_of_signatures() {
    let result = after(|request| request.query.push_str("&X-Amz-Algorithm=AWS4-HMAC-SHA256"));
    assert!(matches!(&result, Err(AuthError::Scope(message)) if message.starts_with("Found both")), "{result:?}");
}
