//! What a signature covers.

use super::*;

#[test]
fn accepts_requests_signed_by_the_sdk() {
    assert_eq!(Signed::valid().verify(), Ok("us-west-2".to_owned()));
}

#[test]
fn rejects_altered_requests() {
    let changes: [fn(&mut Signed); 9] = [
        |request| request.method = Method::POST,
        |request| request.path.push('x'),
        |request| request.path = "/signing-profiles/Name%2520of_it".to_owned(),
        |request| request.query.push_str("&c=3"),
        |request| request.query = "b=2&a=x%2Fz&a=".to_owned(),
        |request| request.body.push(b' '),
        |request| request.set("host", "other.example"),
        |request| request.set("x-custom", "a b c"),
        |request| {
            request.headers.remove("x-custom");
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(after(change), Err(AuthError::Mismatch), "change {number}");
    }
}

#[test]
fn accepts_changed_unsigned_headers() {
    assert!(after(|request| request.set("via", "1.1 proxy")).is_ok());
}

#[test]
fn rejects_altered_signatures() {
    assert_eq!(
        after(|request| request.rewrite("authorization", "Signature=", "Signature=00")),
        Err(AuthError::Mismatch)
    );
}

#[test]
fn rejects_unsigned_requests() {
    let unsigned = after(|request| {
        request.headers.remove("authorization");
    });
    assert_eq!(unsigned, Err(AuthError::MissingAuthenticationToken));
}

#[test]
fn checks_the_body_hash_header() {
    let with_hash = |hash: &str| {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
        let mut request = Signed::sign(SECRET, None, NOW, "signer", settings, "/revocations", "");
        if !hash.is_empty() {
            request.set("x-amz-content-sha256", hash);
        }
        request.verify()
    };
    assert!(with_hash("").is_ok());
    for hash in ["UNSIGNED-PAYLOAD", &body_hash(b"another")] {
        assert_eq!(with_hash(hash), Err(AuthError::Mismatch), "{hash}");
    }
}
