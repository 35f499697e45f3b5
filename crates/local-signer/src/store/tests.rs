#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use aws_names::{AccountId, JobArn, Location, ProfileArn, ProfileVersionArn};
use rusqlite::types::Value;
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
        signing_material: None,
        overrides: None,
    }
}

fn job(id: &str) -> Job {
    let location = Location::parse("aws", "us-west-2", "111122223333").unwrap();
    Job {
        arn: JobArn::new(location, id).unwrap(),
        profile: profile().arn,
        platform_id: "Notation-OCI-SHA384-ECDSA".to_owned(),
        invoker: AccountId::EXAMPLE,
        requested_by: PRINCIPAL.to_owned(),
        status: JobStatus::Succeeded,
        status_reason: None,
        created_at: NOW,
        completed_at: Some(NOW),
        expires_at: Some(NOW + time::Duration::days(2)),
        source: None,
        destination: None,
        signed_object: None,
        signing_material: None,
        overrides: None,
        signing_parameters: BTreeMap::new(),
        revocation: None,
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
    let now = OffsetDateTime::UNIX_EPOCH;
    let query = RevocationQuery { profile: &profile, job: &job, certificates: &[], signed_at, now };
    store.revoked_entities(&query).unwrap()
}

/// The revocation of a job: `None` if the job does not exist.
fn found(store: &Store, arn: &JobArn) -> Option<Option<Revocation>> {
    store.job(arn.location(), arn.id()).unwrap().map(|job| job.revocation)
}

#[tokio::test]
async fn profile_names_are_unique_per_region() {
    let (_directory, store) = open();
    let profile = profile();
    assert_eq!(store.add_profile(profile.clone()).await.unwrap(), ProfileAdded::Added);
    assert_eq!(store.profile(profile.arn.profile(), NOW).unwrap(), Some(profile.clone()));
    let again = Profile { arn: profile_version("us-west-2", "0000000000"), ..profile.clone() };
    assert_eq!(store.add_profile(again.clone()).await.unwrap(), ProfileAdded::NameTaken);
    assert_eq!(store.profile(profile.arn.profile(), NOW).unwrap(), Some(profile.clone()));
    let elsewhere = Profile { arn: profile_version("us-east-1", "0000000000"), ..profile };
    assert_eq!(store.profile(elsewhere.arn.profile(), NOW).unwrap(), None);
    assert_eq!(store.add_profile(elsewhere.clone()).await.unwrap(), ProfileAdded::Added);
}

#[tokio::test]
async fn profile_names_are_case_sensitive() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    let other: ProfileArn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/prod".parse().unwrap();
    assert_eq!(store.profile(&other, NOW).unwrap(), None);
}

#[tokio::test]
async fn reopening_keeps_the_data() {
    let (directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    store.add_job(job("job-1")).await.unwrap();
    store.revoke_job(job("job-1").arn, revocation("leak")).await.unwrap();
    drop(store);
    let store = Store::open(&directory.path().join("signer.db")).unwrap();
    assert_eq!(store.profile(profile().arn.profile(), NOW).unwrap(), Some(profile()));
    assert_eq!(found(&store, &job("job-1").arn), Some(Some(revocation("leak"))));
}

#[tokio::test]
async fn a_revoked_profile_accepts_no_jobs() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    assert_eq!(store.add_job(job("job-1")).await.unwrap(), JobAdded::Added);
    assert_eq!(store.revoke_profile(profile().arn, from(1000)).await.unwrap(), ProfileRevoked::Revoked);
    let revoked = store.profile(profile().arn.profile(), NOW).unwrap().unwrap();
    assert_eq!(revoked.status, ProfileStatus::Revoked);
    assert_eq!(revoked.revocation, Some(from(1000)));
    assert_eq!(store.add_job(job("job-2")).await.unwrap(), JobAdded::ProfileNotActive);
    assert_eq!(found(&store, &job("job-2").arn), None);
}

#[tokio::test]
async fn revokes_signatures_from_the_effective_time_on() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    store.revoke_profile(profile().arn, from(1000)).await.unwrap();
    assert_eq!(status(&store, 999), [] as [&str; 0]);
    assert_eq!(status(&store, 1000), [profile().arn.to_string()]);
    assert_eq!(status(&store, 1001), [profile().arn.to_string()]);
}

#[tokio::test]
async fn the_effective_time_only_moves_back() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    let revoke = async |time| store.revoke_profile(profile().arn, from(time)).await.unwrap();
    assert_eq!(revoke(1000).await, ProfileRevoked::Revoked);
    assert_eq!(revoke(1001).await, ProfileRevoked::FromEarlier(1000));
    assert_eq!(status(&store, 1000).len(), 1);
    assert_eq!(revoke(1000).await, ProfileRevoked::Revoked);
    assert_eq!(revoke(500).await, ProfileRevoked::Revoked);
    assert_eq!(status(&store, 500).len(), 1);
}

#[tokio::test]
async fn rejects_unknown_profile_versions() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    let other = profile_version("us-west-2", "0000000000");
    assert_eq!(store.revoke_profile(other, from(1000)).await.unwrap(), ProfileRevoked::NotFound);
}

#[tokio::test]
async fn keeps_the_first_revocation_of_a_job() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    store.add_job(job("job-1")).await.unwrap();
    assert_eq!(found(&store, &job("job-1").arn), Some(None));
    assert!(store.revoke_job(job("job-1").arn, revocation("first")).await.unwrap());
    assert!(store.revoke_job(job("job-1").arn, revocation("second")).await.unwrap());
    assert_eq!(found(&store, &job("job-1").arn), Some(Some(revocation("first"))));
    assert!(!store.revoke_job(job("job-2").arn, revocation("leak")).await.unwrap());
    assert_eq!(status(&store, 0), [job("job-1").arn.to_string()]);
}

#[tokio::test]
async fn certificates_are_revoked_per_partition() {
    let (_directory, store) = open();
    let identifiers = ["AB".repeat(96), "cd".repeat(96)];
    store.revoke_certificate("aws".to_owned(), identifiers[0].to_lowercase(), NOW).await.unwrap();
    let ask = |partition: &str| {
        let profile = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-profiles/Prod/Ab12Cd34Ef");
        let job = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-jobs/job-1");
        let profile = profile.parse().unwrap();
        let job = job.parse().unwrap();
        let query =
            RevocationQuery { profile: &profile, job: &job, certificates: &identifiers, signed_at: 0, now: NOW };
        store.revoked_entities(&query).unwrap()
    };
    assert_eq!(ask("aws"), identifiers[..1]);
    assert_eq!(ask("aws-cn"), [] as [&str; 0]);
}

#[tokio::test]
async fn database_files_are_private() {
    let (directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{entry:?}");
    }
}

#[tokio::test]
async fn commits_are_durable() {
    let (_directory, store) = open();
    let pragmas = store.write(|database| {
        let pragma = |name: &str| database.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, Value>(0));
        Ok((pragma("journal_mode")?, pragma("synchronous")?))
    });
    assert_eq!(pragmas.await.unwrap(), (Value::Text("wal".into()), Value::Integer(2)));
}

#[tokio::test]
async fn a_failed_change_leaves_no_trace_and_the_others_are_kept() {
    let (_directory, store) = open();
    let insert = |name: &'static str| {
        move |database: &Connection| {
            database.execute("INSERT INTO settings (name, value) VALUES (?, x'00')", [name])?;
            Ok(())
        }
    };
    let (first, failed, panicked, last) = tokio::join!(
        store.write(insert("first")),
        store.write(move |database| {
            insert("failed")(database)?;
            Err::<(), _>(StoreError::Damaged("row".to_owned()))
        }),
        store.write(move |database| {
            insert("panicked")(database)?;
            panic!("in a change");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        }),
        store.write(insert("last")),
    );
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(failed, Err(StoreError::Damaged(_))) && matches!(panicked, Err(StoreError::Panicked)));
    let names = store.write(|database| {
        let mut statement = database.prepare("SELECT name FROM settings ORDER BY name")?;
        let names: rusqlite::Result<Vec<String>> = statement.query_map([], |row| row.get(0))?.collect();
        Ok(names?)
    });
    assert_eq!(names.await.unwrap(), ["first", "last"]);
}

#[tokio::test]
async fn migrates_the_first_schema() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("signer.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(MIGRATIONS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute_batch(
        "INSERT INTO profiles VALUES ('aws', 'us-west-2', '111122223333', 'Prod', 'Ab12Cd34Ef',
             'Notation-OCI-SHA384-ECDSA', 2, 'DAYS', '{}', '{}', 1, 'Active', NULL, NULL, NULL, NULL);
         INSERT INTO jobs VALUES ('aws', 'us-west-2', '111122223333', 'job-1', 'Prod', 'Ab12Cd34Ef',
             'Notation-OCI-SHA384-ECDSA', 'arn:aws:iam::111122223333:root', 100, 200, 150, 'me', 'leak');
         INSERT INTO jobs VALUES ('aws', 'us-west-2', '111122223333', 'job-2', 'Prod', 'Ab12Cd34Ef',
             'Notation-OCI-SHA384-ECDSA', 'arn:aws:iam::111122223333:root', 90, 190, NULL, NULL, NULL);",
    )
    .unwrap();
    drop(old);
    let store = Store::open(&path).unwrap();
    let location = profile().arn.location().clone();
    let mut listed = Vec::new();
    let each = |job: &ListedJob<'_>| listed.push((job.id.to_owned(), job.is_revoked));
    assert_eq!(store.jobs(&location, &JobFilter::default(), None, 25, each).unwrap(), None);
    assert_eq!(listed, [("job-1".to_owned(), true), ("job-2".to_owned(), false)]);
    let first = store.job(&location, "job-1").unwrap().unwrap();
    assert_eq!((first.status, first.requested_by.as_str()), (JobStatus::Succeeded, PRINCIPAL));
    assert_eq!(first.revocation.map(|revocation| revocation.reason).as_deref(), Some("leak"));
    assert_eq!(store.add_job(job("job-3")).await.unwrap(), JobAdded::Added);
}

#[tokio::test]
async fn rejects_later_schema_versions() {
    let (directory, store) = open();
    store.write(|database| Ok(database.pragma_update(None, "user_version", 99)?)).await.unwrap();
    drop(store);
    assert!(matches!(Store::open(&directory.path().join("signer.db")), Err(StoreError::Newer { found: 99, .. })));
}

#[tokio::test]
async fn a_location_has_no_number_until_its_first_job_and_keeps_it() {
    let (_directory, store) = open();
    let location = profile().arn.location().clone();
    let number = || store.scopes.number(&store.reader(), &location).unwrap();
    assert_eq!(number(), None);
    store.add_profile(profile()).await.unwrap();
    store.add_job(job("job-1")).await.unwrap();
    let first = number();
    assert!(first.is_some());
    assert_eq!(scope(&store.reader(), &location).unwrap(), first);
    store.add_job(job("job-2")).await.unwrap();
    assert_eq!(number(), first);
}

#[test]
fn a_reader_can_be_used_again_after_a_read_that_panicked() {
    let (_directory, store) = open();
    for _ in 0..READERS {
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let reader = store.reader();
            let _reading = Reading::begin(&reader).unwrap();
            panic!("in a read");
        }));
        assert!(read.is_err());
    }
    for _ in 0..2 * READERS {
        assert_eq!(status(&store, 0), [] as [&str; 0]);
    }
}

#[tokio::test]
async fn rows_without_json_where_it_is_expected_are_damaged() {
    let (_directory, store) = open();
    store.add_profile(profile()).await.unwrap();
    store.add_job(job("job-1")).await.unwrap();
    let location = profile().arn.location().clone();
    for (json, is_ok) in [(r#"{"a":"b"}"#, true), ("{", false), ("[]", false), ("", false), ("{} {}", false)] {
        let change = store.write(move |database| {
            database.execute("UPDATE profiles SET tags = ?", [json])?;
            database.execute("UPDATE signing_jobs SET source = ?", [json])?;
            Ok(())
        });
        change.await.unwrap();
        let profiles = store.profiles(&location, &ProfileFilter::default(), None, 25, NOW, |_| ());
        let jobs = store.jobs(&location, &JobFilter::default(), None, 25, |_| ());
        match is_ok {
            true => assert_eq!((profiles.unwrap(), jobs.unwrap()), (None, None)),
            false => {
                assert!(matches!(profiles, Err(StoreError::Damaged(_))), "{json}: {profiles:?}");
                assert!(matches!(jobs, Err(StoreError::Damaged(_))), "{json}: {jobs:?}");
            }
        }
    }
}

/// What SQLite does for a query: the details of `EXPLAIN QUERY PLAN`.
fn plan(store: &Store, query: &str) -> Vec<String> {
    let reader = store.reader();
    let mut statement = reader.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let details = statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<Vec<String>, _>>();
    details.unwrap()
}

#[tokio::test]
async fn every_list_of_jobs_reads_an_index_in_its_order() {
    let (_directory, store) = open();
    let other = Some("AWSLambda-SHA384-ECDSA".to_owned());
    let by = jobs::Numbers { requester: Some(7), invoker: None };
    let any = jobs::Numbers { requester: None, invoker: None };
    let invoked = jobs::Numbers { requester: None, invoker: Some(2) };
    let all = JobFilter::default;
    for (filter, numbers, index) in [
        (all(), &any, "PRIMARY KEY (owner=? AND number<?)"),
        (JobFilter { status: Some(JobStatus::Succeeded), ..all() }, &any, "PRIMARY KEY (owner=? AND number<?)"),
        (JobFilter { status: Some(JobStatus::Failed), ..all() }, &any, "jobs_by_other_status"),
        (JobFilter { platform_id: other, ..all() }, &any, "jobs_by_other_platform"),
        (JobFilter { is_revoked: Some(true), ..all() }, &any, "revoked_jobs"),
        (JobFilter { expires_before: Some(1), ..all() }, &any, "jobs_by_expiry"),
        (all(), &by, "jobs_by_requester (owner=? AND requested_by=? AND number<?)"),
        (all(), &invoked, "jobs_by_other_invoker"),
    ] {
        let plan = plan(&store, &jobs::query(&filter, 1, numbers));
        assert!(plan.len() == 1 && plan[0].contains(index), "{filter:?}: {plan:?}");
    }
    for (query, index) in [
        (revocations::JOB, "signing_jobs USING INDEX job_ids (id=?)"),
        (profiles::QUERY, "(partition=? AND region=? AND account=? AND name>?)"),
    ] {
        let plan = plan(&store, query);
        assert!(plan.len() == 1 && plan[0].contains(index), "{plan:?}");
    }
    for (query, first) in [
        (format!("{} WHERE jobs.owner = ? AND jobs.number = ?", jobs::COLUMNS), "jobs USING PRIMARY KEY"),
        (format!("{} WHERE jobs.id = ? AND ? IN (owner, invoker)", jobs::COLUMNS), "jobs USING INDEX job_ids"),
    ] {
        let plan = plan(&store, &query);
        assert!(plan.len() == 4 && plan[0].contains(first), "{plan:?}");
        assert!(plan[1..].iter().all(|step| step.contains("INTEGER PRIMARY KEY")), "{plan:?}");
    }
}

#[tokio::test]
async fn unfinished_jobs_of_all_owners_come_in_the_order_of_their_creation() {
    let (_directory, store) = open();
    let mut expected = Vec::new();
    for (n, region) in ["us-west-2", "us-east-1", "us-west-2", "eu-west-1"].into_iter().enumerate() {
        let profile = Profile { arn: profile_version(region, "Ab12Cd34Ef"), ..profile() };
        store.add_profile(profile.clone()).await.unwrap();
        let id = format!("job-{n}");
        let arn = JobArn::new(profile.arn.location().clone(), &id).unwrap();
        let status = JobStatus::InProgress;
        let job =
            Job { arn, profile: profile.arn.clone(), status, status_reason: None, completed_at: None, ..job(&id) };
        let started = store.start_job(profile.arn.location().clone(), job, id.clone()).await.unwrap();
        assert!(matches!(started, JobStarted::Started(_)));
        expected.push(id);
    }
    let mut found = Vec::new();
    let mut last = 0;
    loop {
        let batch = store.unfinished_jobs(last, 1).unwrap();
        let Some(job) = batch.into_iter().next() else { break };
        last = job.number;
        found.push(job.job.arn.id().to_owned());
    }
    assert_eq!(found, expected);
}
