//! `notation-aws-signer local-signer principal`, with a service that runs.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_signer::error::ProvideErrorMetadata as _;
use local_signer::credentials::CredentialsFile;
use serde_json::{Value, json};

use crate::support::process::{Finished, command, run};
use crate::support::programs;
use crate::support::schemas::Schema;
use crate::support::server::Server;

const POLICY: &str = r#"{"Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "signer:List*", "Resource": "*"}}"#;

/// The tool with a home folder of its own, and the folder of a service.
struct Tool {
    home: tempfile::TempDir,
}

impl Tool {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("signer")
    }

    /// Writes a file of the home folder.
    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).unwrap();
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Finished {
        let mut tool = command(programs::tool(), self.home.path());
        tool.args(["local-signer", "principal"]).args(arguments).args(["--dir", "signer"]);
        run(tool.current_dir(self.home.path()), Duration::from_secs(120))
    }

    #[track_caller]
    fn json(&self, schema: &str, arguments: &[&str]) -> Value {
        let finished = self.run(&[arguments, &["--output", "json"]].concat()).succeeded();
        let results = serde_json::from_str(&finished.stdout).unwrap();
        Schema::from_command(schema).accepts(&results);
        results
    }
}

/// A client with the profile `name` of a credentials file.
fn client(server: &Server, file: &Path, name: &str) -> aws_sdk_signer::Client {
    let credentials = CredentialsFile::read(file).unwrap().profile(name).unwrap().unwrap();
    server.client_as(credentials.access_key_id(), credentials.secret_access_key(), |config| config)
}

#[tokio::test]
async fn adds_lists_and_removes_principals_of_a_running_service() {
    let tool = Tool::new();
    tool.write("lists.json", POLICY);
    let server = Server::start(&tool.dir(), &[]);

    let added = tool.json("local-signer-principal-add", &["add", "alice", "--policy", "lists.json"]);
    assert_eq!(added["principal"]["arn"], "arn:aws:iam::111122223333:user/alice");
    let file = PathBuf::from(added["credentialsFile"].as_str().unwrap());
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    tool.run(&["add", "alice"]).exits_with(2).says("the name alice is taken");
    let role = tool.run(&["add", "Signing", "--role", "--account", "444455556666"]).succeeded();
    role.says("arn:aws:iam::444455556666:role/Signing").says("it has no policy");

    let listed = tool.json("local-signer-principal-list", &["list"]);
    assert_eq!(listed["principals"].as_array().unwrap().len(), 2);
    assert_eq!(listed["principals"][0]["policies"], json!(["lists"]));
    let text = tool.run(&["list"]).succeeded().says("alice").says("arn:aws:iam::444455556666:role/Signing");
    let secrets = std::fs::read_to_string(&file).unwrap();
    let secrets = secrets.lines().filter_map(|line| line.strip_prefix("aws_secret_access_key = "));
    for secret in secrets {
        assert!(
            !text.stdout.contains(secret)
                && !listed.to_string().contains(secret)
                && !added.to_string().contains(secret)
        );
    }

    let alice = client(&server, &file, "alice");
    alice.list_signing_profiles().send().await.unwrap();
    let refused = alice.get_signing_platform().platform_id("Notation-OCI-SHA384-ECDSA").send().await.unwrap_err();
    assert!(refused.as_service_error().is_some_and(|error| error.is_access_denied_exception()), "{refused:?}");
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: signer:GetSigningPlatform on \
                   resource: * because no identity-based policy allows the signer:GetSigningPlatform action";
    assert_eq!(refused.message(), Some(message));

    assert_eq!(tool.json("local-signer-principal-remove", &["remove", "alice"])["name"], "alice");
    let refused = alice.list_signing_profiles().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("UnrecognizedClientException"));
    tool.run(&["remove", "alice"]).exits_with(2).says("there is no user or role alice");
}

#[test]
fn refuses_policies_and_names_before_it_writes_anything() {
    let tool = Tool::new();
    tool.write("typo.json", &POLICY.replace("signer:List*", "signer:SignPaylaod"));
    let typo = tool.run(&["add", "alice", "--policy", "typo.json"]).exits_with(2);
    typo.says("typo.json: Statement.Action: ").says("did you mean \"signer:SignPayload\"?");
    tool.run(&["add", "a b"]).exits_with(2).says("is not a name of a user or role");
    tool.run(&["add", "default"]).exits_with(2).says("the account's root");
    tool.run(&["add", "alice", "--expires", "2030-01-01T00:00:00Z"]).exits_with(2).says("--role");
    tool.run(&["add", "alice", "--policy", "nosuch.json"]).exits_with(2).says("nosuch.json");
    tool.run(&["list"]).exits_with(2).says("signer");
    assert!(!tool.dir().exists());
}
