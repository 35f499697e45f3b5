//! Access keys, secrets and session tokens.

use super::*;

#[test]
fn rejects_signatures_by_another_secret() {
    let request = Signed::new("another-secret", NOW, "signer", "/revocations", "");
    assert_eq!(request.verify(), Err(AuthError::Mismatch));
}

#[test]
fn rejects_unknown_keys_and_temporary_credentials() {
    let unknown = after(|request| request.rewrite("authorization", ID, "AKIALOCALBBBBBBBBBBB"));
    assert_eq!(unknown, Err(AuthError::UnrecognizedClient));
    let temporary = Signed::with_token("a/session+token==").verify();
    assert_eq!(temporary, Err(AuthError::UnrecognizedClient));
}

#[test]
fn accepts_sessions_until_they_expire() {
    const TOKEN: &str = "a/session+token==";
    let session = |expires| known(Credentials::new(ID, SECRET).unwrap().with_session_token(TOKEN).unwrap(), expires);
    for request in [Signed::with_token(TOKEN), Signed::presigned(60, Some(TOKEN))] {
        assert!(request.verify_with(&session(None), NOW).is_ok());
        assert!(request.verify_with(&session(Some(NOW + Duration::seconds(1))), NOW).is_ok());
        assert_eq!(request.verify_with(&session(Some(NOW)), NOW), Err(AuthError::ExpiredToken));
        // The credentials of users have no token.
        assert_eq!(request.verify(), Err(AuthError::UnrecognizedClient));
    }
    for request in
        [Signed::valid(), Signed::with_token("another/token=="), Signed::presigned(60, Some("another/token"))]
    {
        assert_eq!(request.verify_with(&session(None), NOW), Err(AuthError::UnrecognizedClient));
    }
}

#[test]
fn errors_hide_the_secret() {
    let error = Signed::new("another-secret", NOW, "signer", "/", "").verify().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret-of-some"));
}
