//! `notation-aws-signer local-signer serve` is killed at random moments under load. Every answered write must be there
//! afterwards, and nothing half-done.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_signer::Client;
use aws_sdk_signer::primitives::Blob;
use aws_sdk_signer::types::{Destination, S3Destination, S3Source, SigningStatus, Source};

use crate::support::server::Server;

const FORMAT: &str = "application/vnd.cncf.notary.payload.v1+json";
const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
const ROUNDS: usize = 200;
const CLIENTS: usize = 6;
const OTHER_ACCOUNT: &str = "444455556666";
/// The profile of the signing jobs.
const LAMBDA: &str = "Lambda";
/// A zip file with one entry, `main.py`.
const CODE: &str = "504b03041400000000008218225c24d286f12a0000002a000000070000006d61696e2e70796465662068616e646c6572286576656e742c20636f6e74657874293a0a2020202072657475726e20310a504b010214031400000000008218225c24d286f12a0000002a0000000700000000000000000000008001000000006d61696e2e7079504b05060000000001000100350000004f0000000000";

/// A write that the service answered.
enum Answered {
    Profile { name: String, version: String },
    Signed { job: String },
    Revoked { job: String },
    Started { job: String },
    Tagged { arn: String, key: String },
    Permitted { name: String, statement: String, revision: String },
}

/// The answered writes of all clients, and names that are used once.
#[derive(Default)]
struct Journal {
    answered: Mutex<Vec<Answered>>,
    names: AtomicUsize,
}

impl Journal {
    fn name(&self) -> String {
        format!("Profile_{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    fn note(&self, answered: Answered) {
        self.answered.lock().unwrap().push(answered);
    }
}

/// Writes until the service is gone.
async fn write(client: Client, journal: Arc<Journal>) {
    while write_once(&client, &journal).await.is_some() {}
}

/// One write of each kind; `None` if the service did not answer.
async fn write_once(client: &Client, journal: &Journal) -> Option<()> {
    let name = journal.name();
    let put = client.put_signing_profile().profile_name(&name).platform_id(PLATFORM).send().await.ok()?;
    let version = put.profile_version()?.to_owned();
    journal.note(Answered::Profile { name: name.clone(), version });

    let arn = put.arn()?.to_owned();
    client.tag_resource().resource_arn(&arn).tags("team", "images").send().await.ok()?;
    journal.note(Answered::Tagged { arn, key: "team".to_owned() });

    let mut revision = None;
    for statement in ["one", "two"] {
        let add = client.add_profile_permission().profile_name(&name).statement_id(statement);
        let add = add.action("signer:SignPayload").principal(OTHER_ACCOUNT).set_revision_id(revision.take());
        let added = add.send().await.ok()?.revision_id()?.to_owned();
        let (name, statement) = (name.clone(), statement.to_owned());
        journal.note(Answered::Permitted { name, statement, revision: added.clone() });
        revision = Some(added);
    }

    let source = S3Source::builder().bucket_name("unsigned").key("code.zip").version("null").build().ok()?;
    let destination = S3Destination::builder().bucket_name("signed").prefix("s-").build();
    let start = client.start_signing_job().profile_name(LAMBDA).source(Source::builder().s3(source).build());
    let started = start.destination(Destination::builder().s3(destination).build()).send().await.ok()?;
    journal.note(Answered::Started { job: started.job_id()?.to_owned() });

    for _ in 0..4 {
        let sign = client.sign_payload().profile_name(&name).payload(Blob::new("{}")).payload_format(FORMAT);
        let job = sign.send().await.ok()?.job_id()?.to_owned();
        journal.note(Answered::Signed { job: job.clone() });
        client.revoke_signature().job_id(&job).reason("leak").send().await.ok()?;
        journal.note(Answered::Revoked { job });
    }
    Some(())
}

/// Checks that what was answered is there, and that the permissions of a profile fit their revision.
async fn check(client: &Client, answered: Vec<Answered>, signed: &Path) {
    let mut revisions: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for answered in answered {
        match answered {
            Answered::Profile { name, version } => {
                let profile = client.get_signing_profile().profile_name(&name).send().await.unwrap();
                assert_eq!(profile.profile_version(), Some(version.as_str()));
            }
            Answered::Signed { job } => {
                let found = client.describe_signing_job().job_id(&job).send().await.unwrap();
                assert_eq!(found.status(), Some(&SigningStatus::Succeeded));
                assert!(found.signature_expires_at().is_some());
            }
            Answered::Revoked { job } => {
                let found = client.describe_signing_job().job_id(&job).send().await.unwrap();
                assert_eq!(found.revocation_record().and_then(|record| record.reason()), Some("leak"));
            }
            Answered::Started { job } => {
                let object = finished(client, &job).await;
                assert_eq!(object, format!("s-{job}.zip"));
                assert!(signed.join(object).is_file(), "{job}");
            }
            Answered::Tagged { arn, key } => {
                let tags = client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
                assert!(tags.tags().is_some_and(|tags| tags.contains_key(&key)));
            }
            Answered::Permitted { name, statement, revision } => {
                revisions.entry(name).or_default().push((statement, revision));
            }
        }
    }
    for (name, added) in revisions {
        let listed = client.list_profile_permissions().profile_name(&name).send().await.unwrap();
        let statements: Vec<&str> = listed.permissions().iter().filter_map(|found| found.statement_id()).collect();
        let expected: Vec<&str> = added.iter().map(|(statement, _)| statement.as_str()).collect();
        assert!(statements.starts_with(&expected), "{name}: {statements:?}");
        // The last answered revision is the current one, unless a further change was made and not answered.
        let last = added.last().map(|(_, revision)| revision.as_str());
        assert_eq!(listed.revision_id() == last, statements.len() == expected.len(), "{name}");
    }
}

/// Waits until a job has ended, and returns the key of its signed object.
async fn finished(client: &Client, job: &str) -> String {
    for _ in 0..600 {
        let found = client.describe_signing_job().job_id(job).send().await.unwrap();
        match found.status() {
            Some(SigningStatus::InProgress) => tokio::time::sleep(Duration::from_millis(50)).await,
            Some(SigningStatus::Succeeded) => {
                let object = found.signed_object().and_then(|object| object.s3());
                return object.and_then(|object| object.key()).unwrap().to_owned();
            }
            _ => panic!("{job}: {found:?}"),
        }
    }
    panic!("{job} did not end")
}

/// Makes the folder of a service with buckets, a zip file to sign, and a profile for it.
async fn prepare(dir: &Path) {
    for bucket in ["unsigned", "signed"] {
        std::fs::create_dir(dir.join(bucket)).unwrap();
    }
    std::fs::write(dir.join("unsigned/code.zip"), hex::decode(CODE).unwrap()).unwrap();
    let state = dir.join("signer");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    let config = format!(
        "version: 1\nbuckets:\n  unsigned: {}\n  signed: {}\n",
        dir.join("unsigned").display(),
        dir.join("signed").display()
    );
    std::fs::write(state.join("config.yaml"), config).unwrap();
    let (_server, client) = start(&state);
    let put = client.put_signing_profile().profile_name(LAMBDA).platform_id("AWSLambda-SHA384-ECDSA");
    put.send().await.unwrap();
}

fn start(dir: &Path) -> (Server, Client) {
    let server = Server::start(dir, &[]);
    let client = server.client(dir);
    (server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answered_write_is_lost_in_200_kills() {
    let dir = tempfile::tempdir().unwrap();
    let (state, signed) = (dir.path().join("signer"), dir.path().join("signed"));
    prepare(dir.path()).await;
    let journal = Arc::new(Journal::default());
    let mut checked = 0;
    for round in 0..ROUNDS {
        let (server, client) = start(&state);
        let writers: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(write(client.clone(), Arc::clone(&journal)))).collect();
        // From the first request to some dozens: moments of all kinds, the same in each run.
        let moment = (round * 7919 % 120) as u64;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        let answered = std::mem::take(&mut *journal.answered.lock().unwrap());
        checked += answered.len();
        let (_server, client) = start(&state);
        check(&client, answered, &signed).await;
    }
    // Jobs whose start was not answered may run, too; but no signed object is there without its job, or in part.
    let (_server, client) = start(&state);
    for _ in 0..600 {
        let running = client.list_signing_jobs().status(SigningStatus::InProgress).send().await.unwrap();
        if running.jobs().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for entry in signed.read_dir().unwrap() {
        let key = entry.unwrap().file_name().into_string().unwrap();
        let job = key.strip_prefix("s-").and_then(|key| key.strip_suffix(".zip"));
        let job = job.unwrap_or_else(|| panic!("{key} is not the object of a job"));
        assert_eq!(finished(&client, job).await, key);
    }
    assert!(checked > ROUNDS, "only {checked} writes were answered");
}
