//! `notation-aws-signer local-signer serve` is killed at random moments under load. Every answered write must be there
//! afterwards, and nothing half-done.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_signer::Client;
use aws_sdk_signer::primitives::Blob;
use aws_sdk_signer::types::SigningStatus;

use crate::support::server::Server;

const FORMAT: &str = "application/vnd.cncf.notary.payload.v1+json";
const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
const ROUNDS: usize = 200;
const CLIENTS: usize = 6;
const OTHER_ACCOUNT: &str = "444455556666";

/// A write that the service answered.
enum Answered {
    Profile { name: String, version: String },
    Signed { job: String },
    Revoked { job: String },
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
async fn check(client: &Client, answered: Vec<Answered>) {
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

fn start(dir: &Path) -> (Server, Client) {
    let server = Server::start(dir, &[]);
    let client = server.client(dir);
    (server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answered_write_is_lost_in_200_kills() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::default());
    let mut checked = 0;
    for round in 0..ROUNDS {
        let (server, client) = start(dir.path());
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
        let (_server, client) = start(dir.path());
        check(&client, answered).await;
    }
    assert!(checked > ROUNDS, "only {checked} writes were answered");
}
