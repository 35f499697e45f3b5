#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use aws_names::AccountId;
use time::macros::datetime;

use super::*;
use crate::credentials::{Credentials, CredentialsFile};
use crate::iam::IdentityKind;

const POLICY: &[u8] = br#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:*","Resource":"*"}}"#;

fn name(text: &str) -> PrincipalName {
    text.parse().unwrap()
}

fn store() -> (tempfile::TempDir, PrincipalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = PrincipalStore::open(&folder.path().join("signer")).unwrap();
    (folder, store)
}

fn service(dir: &Path, account: AccountId) -> Principals {
    Principals::open(dir, account, Credentials::load_or_create(&dir.join("credentials")).unwrap()).unwrap()
}

#[test]
fn adds_users_and_roles_with_their_profiles() {
    let (folder, store) = store();
    let dir = folder.path().join("signer");
    let alice = store.add(NewPrincipal::user(name("alice@example.com")).with_policy("all", POLICY)).unwrap();
    let expires = datetime!(2030-01-01 00:00:00 UTC);
    let other: AccountId = "444455556666".parse().unwrap();
    let role = NewPrincipal::role(name("Signing")).in_account(other.clone()).expiring(expires);
    let signing = store.add(role).unwrap();
    assert!(alice.session_token().is_none() && signing.session_token().is_some());
    let file = CredentialsFile::read(&store.credentials_file()).unwrap();
    assert_eq!(file.profile("alice@example.com").unwrap(), Some(alice.clone()));
    assert_eq!(file.profile("Signing").unwrap(), Some(signing));
    for file in ["principals.json", "credentials", "principals.lock"] {
        assert_eq!(dir.join(file).metadata().unwrap().mode() & 0o777, 0o600, "{file}");
    }
    let listed = store.list().unwrap();
    let arns: Vec<&str> = listed.iter().map(|principal| principal.arn.as_str()).collect();
    assert_eq!(arns, ["arn:aws:iam::111122223333:user/alice@example.com", "arn:aws:iam::444455556666:role/Signing"]);
    assert_eq!(listed[0].policies, ["all"]);
    assert_eq!((listed[1].expires, listed[1].identity.kind()), (Some(expires), IdentityKind::Role));
    assert_eq!(listed[0].access_key_id, alice.access_key_id());
    // The first start of a service keeps these profiles and adds its own.
    let root = Credentials::load_or_create(&store.credentials_file()).unwrap();
    assert_ne!(root, alice);
}

#[test]
fn removes_a_principal_and_its_profile_only() {
    let (_folder, store) = store();
    let alice = store.add(NewPrincipal::user(name("alice"))).unwrap();
    store.add(NewPrincipal::user(name("bob"))).unwrap();
    store.remove(&name("bob")).unwrap();
    assert!(matches!(store.remove(&name("bob")), Err(PrincipalsError::NotFound(_))));
    let file = CredentialsFile::read(&store.credentials_file()).unwrap();
    assert_eq!((file.profile("alice").unwrap(), file.has_profile("bob")), (Some(alice), false));
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn rejects_names_that_are_taken_reserved_or_malformed() {
    let (_folder, store) = store();
    store.add(NewPrincipal::user(name("alice"))).unwrap();
    assert!(matches!(store.add(NewPrincipal::role(name("Alice"))), Err(PrincipalsError::Taken(_))));
    std::fs::write(store.credentials_file(), "[work]\nregion = us-west-2\n").unwrap();
    assert!(matches!(store.add(NewPrincipal::user(name("work"))), Err(PrincipalsError::Profile { .. })));
    let text = std::fs::read_to_string(store.credentials_file()).unwrap();
    assert_eq!((text.as_str(), store.list().unwrap().len()), ("[work]\nregion = us-west-2\n", 1));
    for malformed in ["", "a b", "a/b", "a]", "é", "a\nb", &"a".repeat(65)] {
        assert!(matches!(malformed.parse::<PrincipalName>(), Err(PrincipalsError::Name(_))), "{malformed:?}");
    }
    assert!(matches!("Default".parse::<PrincipalName>(), Err(PrincipalsError::Reserved)));
    assert!("a+b=c,d.e@f-g_h".parse::<PrincipalName>().is_ok());
}

#[test]
fn refuses_policies_that_are_not_understood() {
    let (_folder, store) = store();
    let wrong = NewPrincipal::user(name("alice")).with_policy("sign.json", br#"{"Statement":{"Effect":"Allow"}}"#);
    let why = store.add(wrong).unwrap_err();
    assert_eq!(why.to_string(), "the policy sign.json: Statement: a statement needs Action or NotAction");
    let many = (0..=MAX_POLICIES).fold(NewPrincipal::user(name("alice")), |new, _| new.with_policy("all", POLICY));
    assert!(matches!(store.add(many), Err(PrincipalsError::TooManyPolicies)));
    assert!(store.list().unwrap().is_empty() && !store.credentials_file().exists());
}

#[test]
fn a_running_service_follows_the_changes_of_others() {
    let (folder, store) = store();
    let principals = service(&folder.path().join("signer"), AccountId::EXAMPLE);
    let root = principals.root().credentials().access_key_id().to_owned();
    assert!(principals.current().find(&root).is_some());
    let alice = store.add(NewPrincipal::user(name("alice")).with_policy("all", POLICY)).unwrap();
    let known = principals.current();
    let found = known.find(alice.access_key_id()).unwrap();
    assert_eq!((found.credentials(), found.identity().name()), (&alice, "alice"));
    assert!(std::sync::Arc::ptr_eq(&known, &principals.current()), "an unchanged file is not read again");
    store.remove(&name("alice")).unwrap();
    assert!(principals.current().find(alice.access_key_id()).is_none());
    assert!(principals.current().find(&root).is_some());
}

#[test]
fn a_running_service_keeps_its_principals_when_the_file_is_damaged() {
    let (folder, store) = store();
    let dir = folder.path().join("signer");
    let principals = service(&dir, AccountId::EXAMPLE);
    let alice = principals.add(NewPrincipal::user(name("alice"))).unwrap();
    let intact = std::fs::read(dir.join("principals.json")).unwrap();
    std::fs::write(dir.join("principals.json"), "{").unwrap();
    assert!(principals.current().find(alice.access_key_id()).is_some());
    assert!(matches!(store.list(), Err(PrincipalsError::Damaged { .. })));
    let why = Principals::open(&dir, AccountId::EXAMPLE, alice.clone()).unwrap_err();
    assert!(!why.to_string().contains(alice.secret_access_key()));
    std::fs::write(dir.join("principals.json"), intact).unwrap();
    principals.remove(&name("alice")).unwrap();
    assert!(principals.current().find(alice.access_key_id()).is_none());
}

#[test]
fn principals_without_an_account_belong_to_the_service() {
    let (folder, store) = store();
    store.add(NewPrincipal::user(name("alice"))).unwrap();
    let account: AccountId = "999988887777".parse().unwrap();
    let principals = service(&folder.path().join("signer"), account.clone());
    let known = principals.current();
    assert!(known.iter().all(|principal| *principal.identity().account() == account));
    assert_eq!(store.list().unwrap()[0].arn, "arn:aws:iam::999988887777:user/alice");
}

#[test]
fn adding_at_the_same_time_loses_nothing() {
    let (_folder, store) = store();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let store = &store;
            scope.spawn(move || store.add(NewPrincipal::user(name(&format!("user-{number}")))).unwrap());
        }
    });
    let file = CredentialsFile::read(&store.credentials_file()).unwrap();
    assert_eq!(store.list().unwrap().len(), 16);
    assert!((0..16).all(|number| file.has_profile(&format!("user-{number}"))));
}

#[test]
fn debug_hides_the_secrets() {
    let (folder, store) = store();
    let credentials = store.add(NewPrincipal::role(name("Signing"))).unwrap();
    let text = format!("{:?}", service(&folder.path().join("signer"), AccountId::EXAMPLE));
    assert!(text.contains("Signing") && !text.contains(credentials.secret_access_key()), "{text}");
    assert!(!text.contains(credentials.session_token().unwrap()), "{text}");
}
