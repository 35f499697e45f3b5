#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use aws_names::{JobArn, Location, ProfileArn, ProfileVersionArn};
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::validity::{ValidityPeriod, ValidityType};

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const PRINCIPAL: &str = "arn:aws:iam::111122223333:root";

fn open() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("signer.db")).unwrap();
    (directory, store)
}

fn profile_version(region: &str, version: &str) -> ProfileVersionArn {
    let arn = format!("arn:aws:signer:{region}:111122223333:/signing-profiles/Prod/{version}");
    arn.parse().unwrap()
}

fn profile() -> Profile {
    Profile {
        arn: profile_version("us-west-2", "Ab12Cd34Ef"),
        platform_id: "Notation-OCI-SHA384-ECDSA".to_owned(),
        validity: ValidityPeriod { value: 2, unit: ValidityType::Days },
        signing_parameters: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        tags: BTreeMap::from([("team".to_owned(), "a b".to_owned())]),
        created_at: NOW,
        status: ProfileStatus::Active,
        status_reason: None,
        revocation: None,
    }
}

fn job(id: &str) -> Job {
    let location = Location::parse("aws", "us-west-2", "111122223333").unwrap();
    Job {
        arn: JobArn::new(location, id).unwrap(),
        profile: profile().arn,
        platform_id: "Notation-OCI-SHA384-ECDSA".to_owned(),
        invoker: PRINCIPAL.to_owned(),
        signed_at: NOW,
        expires_at: NOW + time::Duration::days(2),
    }
}

fn from(effective_from: i64) -> ProfileRevocation {
    ProfileRevocation { effective_from, revoked_at: NOW, revoked_by: PRINCIPAL.to_owned(), reason: "leak".to_owned() }
}

fn revocation(reason: &str) -> Revocation {
    Revocation { revoked_at: NOW, revoked_by: PRINCIPAL.to_owned(), reason: reason.to_owned() }
}

fn status(store: &Store, signed_at: i64) -> Vec<String> {
    let profile = profile().arn;
    let job = job("job-1").arn;
    store.revoked_entities(&RevocationQuery { profile: &profile, job: &job, certificates: &[], signed_at }).unwrap()
}

#[test]
fn profile_names_are_unique_per_region() {
    let (_directory, store) = open();
    let profile = profile();
    assert_eq!(store.add_profile(&profile).unwrap(), ProfileAdded::Added);
    assert_eq!(store.profile(profile.arn.profile()).unwrap(), Some(profile.clone()));
    let again = Profile { arn: profile_version("us-west-2", "0000000000"), ..profile.clone() };
    assert_eq!(store.add_profile(&again).unwrap(), ProfileAdded::NameTaken);
    assert_eq!(store.profile(profile.arn.profile()).unwrap(), Some(profile.clone()));
    let elsewhere = Profile { arn: profile_version("us-east-1", "0000000000"), ..profile };
    assert_eq!(store.profile(elsewhere.arn.profile()).unwrap(), None);
    assert_eq!(store.add_profile(&elsewhere).unwrap(), ProfileAdded::Added);
}

#[test]
fn profile_names_are_case_sensitive() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    let other: ProfileArn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/prod".parse().unwrap();
    assert_eq!(store.profile(&other).unwrap(), None);
}

#[test]
fn reopening_keeps_the_data() {
    let (directory, store) = open();
    store.add_profile(&profile()).unwrap();
    store.add_job(&job("job-1")).unwrap();
    store.revoke_job(&job("job-1").arn, &revocation("leak")).unwrap();
    drop(store);
    let store = Store::open(&directory.path().join("signer.db")).unwrap();
    assert_eq!(store.profile(profile().arn.profile()).unwrap(), Some(profile()));
    assert_eq!(store.job_revocation(&job("job-1").arn).unwrap(), Some(Some(revocation("leak"))));
}

#[test]
fn a_revoked_profile_accepts_no_jobs() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    assert_eq!(store.add_job(&job("job-1")).unwrap(), JobAdded::Added);
    assert_eq!(store.revoke_profile(&profile().arn, &from(1000)).unwrap(), ProfileRevoked::Revoked);
    let revoked = store.profile(profile().arn.profile()).unwrap().unwrap();
    assert_eq!(revoked.status, ProfileStatus::Revoked);
    assert_eq!(revoked.revocation, Some(from(1000)));
    assert_eq!(store.add_job(&job("job-2")).unwrap(), JobAdded::ProfileNotActive);
    assert_eq!(store.job_revocation(&job("job-2").arn).unwrap(), None);
}

#[test]
fn revokes_signatures_from_the_effective_time_on() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    store.revoke_profile(&profile().arn, &from(1000)).unwrap();
    assert_eq!(status(&store, 999), [] as [&str; 0]);
    assert_eq!(status(&store, 1000), [profile().arn.to_string()]);
    assert_eq!(status(&store, 1001), [profile().arn.to_string()]);
}

#[test]
fn the_effective_time_only_moves_back() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    let revoke = |time| store.revoke_profile(&profile().arn, &from(time)).unwrap();
    assert_eq!(revoke(1000), ProfileRevoked::Revoked);
    assert_eq!(revoke(1001), ProfileRevoked::FromEarlier(1000));
    assert_eq!(status(&store, 1000).len(), 1);
    assert_eq!(revoke(1000), ProfileRevoked::Revoked);
    assert_eq!(revoke(500), ProfileRevoked::Revoked);
    assert_eq!(status(&store, 500).len(), 1);
}

#[test]
fn rejects_unknown_profile_versions() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    let other = profile_version("us-west-2", "0000000000");
    assert_eq!(store.revoke_profile(&other, &from(1000)).unwrap(), ProfileRevoked::NotFound);
}

#[test]
fn keeps_the_first_revocation_of_a_job() {
    let (_directory, store) = open();
    store.add_profile(&profile()).unwrap();
    store.add_job(&job("job-1")).unwrap();
    assert_eq!(store.job_revocation(&job("job-1").arn).unwrap(), Some(None));
    assert!(store.revoke_job(&job("job-1").arn, &revocation("first")).unwrap());
    assert!(store.revoke_job(&job("job-1").arn, &revocation("second")).unwrap());
    assert_eq!(store.job_revocation(&job("job-1").arn).unwrap(), Some(Some(revocation("first"))));
    assert!(!store.revoke_job(&job("job-2").arn, &revocation("leak")).unwrap());
    assert_eq!(status(&store, 0), [job("job-1").arn.to_string()]);
}

#[test]
fn certificates_are_revoked_per_partition() {
    let (_directory, store) = open();
    let identifiers = ["AB".repeat(96), "cd".repeat(96)];
    store.revoke_certificate("aws", &identifiers[0].to_lowercase(), NOW).unwrap();
    let ask = |partition: &str| {
        let profile = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-profiles/Prod/Ab12Cd34Ef");
        let job = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-jobs/job-1");
        let profile = profile.parse().unwrap();
        let job = job.parse().unwrap();
        let query = RevocationQuery { profile: &profile, job: &job, certificates: &identifiers, signed_at: 0 };
        store.revoked_entities(&query).unwrap()
    };
    assert_eq!(ask("aws"), identifiers[..1]);
    assert_eq!(ask("aws-cn"), [] as [&str; 0]);
}

#[test]
fn database_files_are_private() {
    let (directory, store) = open();
    store.add_profile(&profile()).unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[test]
fn commits_are_durable() {
    let (_directory, store) = open();
    let writer = store.writer.lock().unwrap();
    let pragma =
        |name: &str| writer.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
    assert_eq!(pragma("journal_mode").unwrap(), rusqlite::types::Value::Text("wal".into()));
    assert_eq!(pragma("synchronous").unwrap(), rusqlite::types::Value::Integer(2));
}

#[test]
fn rejects_later_schema_versions() {
    let (directory, store) = open();
    store.writer.lock().unwrap().pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    assert!(matches!(Store::open(&directory.path().join("signer.db")), Err(StoreError::Newer { found: 99, .. })));
}
