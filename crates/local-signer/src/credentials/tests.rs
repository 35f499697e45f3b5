#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::MetadataExt as _;

use super::*;

const OTHERS: &str = "# of another program\n[work]\naws_access_key_id = AKIAWORKAAAAAAAAAAAA\n\
                      aws_secret_access_key = a=b/c+d==\n\n# about home\n[home]\nregion = us-west-2\n";

fn folder_with(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn generates_a_private_file_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("credentials");
    let first = Credentials::load_or_create(&path).unwrap();
    assert_eq!(Credentials::load_or_create(&path).unwrap(), first);
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!((first.access_key_id().len(), first.secret_access_key().len()), (20, 40));
    assert!(first.access_key_id().starts_with("AKIALOCAL"));
}

#[test]
fn adds_the_default_profile_to_a_file_without_one() {
    let (_folder, path) = folder_with(OTHERS);
    let credentials = Credentials::load_or_create(&path).unwrap();
    assert_eq!(Credentials::load_or_create(&path).unwrap(), credentials);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with(OTHERS));
}

#[test]
fn a_session_has_a_token() {
    let credentials = Credentials::random(Term::Session).unwrap();
    let token = credentials.session_token().unwrap().to_owned();
    assert!(credentials.access_key_id().starts_with("ASIALOCAL") && credentials.has_session_token(Some(&token)));
    assert!(!credentials.has_session_token(None) && !credentials.has_session_token(Some("another")));
    let user = Credentials::random(Term::Long).unwrap();
    assert!(user.has_session_token(None) && !user.has_session_token(Some(&token)));
}

#[test]
fn keeps_other_profiles_and_comments() {
    let (_folder, path) = folder_with(OTHERS);
    let mut file = CredentialsFile::read(&path).unwrap();
    let credentials = Credentials::random(Term::Session).unwrap();
    file.set_profile("alice@example.com", &credentials);
    file.write().unwrap();
    let mut file = CredentialsFile::read(&path).unwrap();
    assert_eq!(file.profile("alice@example.com").unwrap(), Some(credentials));
    assert_eq!(file.profile("work").unwrap().unwrap().secret_access_key(), "a=b/c+d==");
    assert_eq!(file.profile("nosuch").unwrap(), None);
    file.remove_profile("alice@example.com");
    file.write().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), OTHERS);
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn removes_a_profile_between_others() {
    let (_folder, path) = folder_with(OTHERS);
    let mut file = CredentialsFile::read(&path).unwrap();
    file.remove_profile("work");
    file.write().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "# of another program\n\n# about home\n[home]\nregion = us-west-2\n");
}

#[test]
fn debug_hides_the_secrets() {
    let credentials = Credentials::random(Term::Session).unwrap();
    let (_folder, path) = folder_with("");
    let mut file = CredentialsFile::read(&path).unwrap();
    file.set_profile("alice", &credentials);
    for text in [format!("{credentials:?}"), format!("{file:?}")] {
        assert!(!text.contains(credentials.secret_access_key()), "{text}");
        assert!(!text.contains(credentials.session_token().unwrap()), "{text}");
    }
}

#[test]
fn rejects_a_profile_without_a_secret() {
    let (_folder, path) =
        folder_with("[default]\naws_access_key_id = AKIALOCALAAAAAAAAAAA\n[a]\naws_secret_access_key = x\n");
    assert!(matches!(
        Credentials::load_or_create(&path),
        Err(CredentialsError::File { key: "aws_secret_access_key", .. })
    ));
}

#[test]
fn rejects_malformed_credentials() {
    assert!(matches!(Credentials::new("short", "a-long-enough-secret"), Err(CredentialsError::AccessKeyId)));
    assert!(matches!(
        Credentials::new("AKIALOCAL/AAAAAAAAAA", "a-long-enough-secret"),
        Err(CredentialsError::AccessKeyId)
    ));
    for secret in ["", "short", "with a space in it"] {
        assert!(matches!(Credentials::new("AKIALOCALAAAAAAAAAAA", secret), Err(CredentialsError::SecretAccessKey)));
    }
    let credentials = Credentials::new("ASIALOCALAAAAAAAAAAA", "a-long-enough-secret").unwrap();
    for token in ["", "short", "with a space in it"] {
        let result = credentials.clone().with_session_token(token);
        assert!(matches!(result, Err(CredentialsError::SessionToken)), "{token}");
    }
}
