//! `notation-aws-signer local-signer`: configuration files, signals, snapshots.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use aws_sdk_signer::error::ProvideErrorMetadata as _;
use local_signer::config::Config;
use serde_json::{Map, Number, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::programs;
use crate::support::schemas::Schema;
use crate::support::server::Server;

const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";

fn tool(arguments: &[&str], dir: &Path) -> Output {
    Command::new(programs::tool()).args(arguments).current_dir(dir).output().unwrap()
}

fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn code(server: &Server, dir: &Path) -> String {
    let error = server.client(dir).get_signing_profile().profile_name("Missing").send().await.unwrap_err();
    error.into_service_error().code().unwrap().to_owned()
}

#[tokio::test]
async fn sighup_loads_the_configuration_again_and_keeps_it_if_the_file_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Server::command(dir.path(), &[]);
    command.stderr(Stdio::piped());
    let mut server = Server::spawn(command);
    let mut log = BufReader::new(server.process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut reload = |config: &str, expected: &str| {
        std::fs::write(dir.path().join("config.yaml"), config).unwrap();
        let pid = server.process.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        log.find(|line| line.contains(expected)).unwrap()
    };
    assert_eq!(code(&server, dir.path()).await, "ResourceNotFoundException");
    let faults = "version: 1\nfaults: [{operation: '*', error: AccessDeniedException}]";
    reload(faults, "the configuration was loaded again");
    assert_eq!(code(&server, dir.path()).await, "AccessDeniedException");
    let line = reload("version: 1\nfaults: {}", "the configuration before stays in force");
    assert!(line.contains("config.yaml, line 2, column 9: faults: expected a list, found members"), "{line}");
    assert_eq!(code(&server, dir.path()).await, "AccessDeniedException");
    reload("version: 1", "the configuration was loaded again");
    assert_eq!(code(&server, dir.path()).await, "ResourceNotFoundException");
}

#[test]
fn a_bad_configuration_is_refused_at_the_start_and_by_a_check() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("other.yaml");
    std::fs::write(&config, "version: 1\nquota: {enabled: true}\n").unwrap();
    let expected = "other.yaml, line 2, column 1: unknown member \"quota\"";
    let serve = ["local-signer", "serve", "--dir", "signer", "--listen", "127.0.0.1:0", "--config", "other.yaml"];
    for arguments in [&serve[..], &[&serve[..], &["--check-config"]].concat()] {
        let problem = failure(&tool(arguments, dir.path()));
        assert!(problem.contains(expected), "{problem}");
    }
    let check = ["local-signer", "serve", "--dir", "unserved", "--config", "other.yaml", "--check-config"];
    std::fs::write(&config, "version: 1\nquotas: {enabled: true}\n").unwrap();
    let valid = tool(&check, dir.path());
    assert!(valid.status.success() && valid.stdout == b"other.yaml is valid\n", "{valid:?}");
    assert!(!dir.path().join("unserved").exists(), "a check touches no state");
    std::fs::write(&config, "version: 1\ntls: {certificate: c.pem, key: k.pem}\n").unwrap();
    assert!(failure(&tool(&check, dir.path())).contains("c.pem does not exist"));
}

#[tokio::test]
async fn a_snapshot_of_a_running_service_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("signer");
    let server = Server::start(&dir, &[]);
    server.client(&dir).put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await.unwrap();
    let snapshot = ["local-signer", "snapshot", "--dir", "signer", "--to", "signer.tar", "--output", "json"];
    let saved = tool(&snapshot, folder.path());
    assert!(saved.status.success(), "{saved:?}");
    Schema::from_command("local-signer-snapshot").accepts(&serde_json::from_slice(&saved.stdout).unwrap());

    let restore = ["local-signer", "restore", "--dir", "signer", "--from", "signer.tar"];
    assert!(failure(&tool(&restore, folder.path())).contains("already served by another process"));
    server.client(&dir).put_signing_profile().profile_name("Later").platform_id(PLATFORM).send().await.unwrap();
    server.kill();
    assert!(failure(&tool(&restore, folder.path())).contains("pass --force"));
    let restored = tool(&[&restore[..], &["--force", "--output", "json"]].concat(), folder.path());
    assert!(restored.status.success(), "{restored:?}");
    Schema::from_command("local-signer-restore").accepts(&serde_json::from_slice(&restored.stdout).unwrap());

    let server = Server::start(&dir, &[]);
    let client = server.client(&dir);
    client.get_signing_profile().profile_name("Prod").send().await.unwrap();
    let later = client.get_signing_profile().profile_name("Later").send().await.unwrap_err().into_service_error();
    assert!(later.is_resource_not_found_exception());
    let nothing = ["local-signer", "snapshot", "--dir", "nothing", "--to", "x.tar"];
    assert!(failure(&tool(&nothing, folder.path())).contains("nothing has no state of a local signer to save"));
}

/// The configurations in the page, which starts each with its version.
fn examples() -> Vec<String> {
    let page = programs::source_tree().join("docs/local-signer-operation.md");
    let page = std::fs::read_to_string(page).unwrap();
    page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(text) => Value::Number(Number::from_f64(text.parse().unwrap()).unwrap()),
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Boolean(value) => Value::from(*value),
        Yaml::Array(items) => items.iter().map(json).collect(),
        Yaml::Hash(members) => {
            let members = members.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_schema_accepts_and_refuses_what_the_program_does() {
    let schema = Schema::of_configuration();
    let examples = examples();
    assert!(examples.len() >= 2 && examples[0].contains("monitoring"), "{examples:?}");
    let valid = examples.iter().map(String::as_str).chain([
        "version: 1\nevents: {webhook: 'https://h/x'}",
        "version: 1\nfaults: [{operation: SignPayload, cut: answer, delay: 1m}, {operation: '*', error: ConflictException}]",
    ]);
    let invalid = [
        "{}",
        "version: 2",
        "version: '1'",
        "version: 1\nx: 1",
        "version: 1\nquotas: {default: 1}",
        "version: 1\nquotas: {enabled: 1}",
        "version: 1\nquotas: {enabled: true, SignPayload: 0}",
        "version: 1\nquotas: {enabled: true, Sign: 1}",
        "version: 1\nbuckets: {A: /a}",
        "version: 1\nbuckets: {a..b: /a}",
        "version: 1\nbuckets: {abc: ''}",
        "version: 1\nevents: {}",
        "version: 1\nevents: {webhook: 'ftp://h'}",
        "version: 1\naudit: {}",
        "version: 1\nfaults: [{operation: SignPayload}]",
        "version: 1\nfaults: [{operation: Sign, cut: true}]",
        "version: 1\nfaults: [{operation: SignPayload, cut: false}]",
        "version: 1\nfaults: [{operation: SignPayload, cut: true, error: ThrottlingException}]",
        "version: 1\nfaults: [{operation: SignPayload, error: ConflictException}]",
        "version: 1\nfaults: [{operation: SignPayload, cut: true, rate: 2}]",
        "version: 1\nfaults: [{operation: SignPayload, delay: 5}]",
        "version: 1\ntls: {key: k.pem}",
        "version: 1\nconsole: {}",
        "version: 1\nmonitoring: {remote: 'true'}",
    ];
    for (text, is_valid) in valid.map(|text| (text, true)).chain(invalid.map(|text| (text, false))) {
        let document = json(&YamlLoader::load_from_str(text).unwrap()[0]);
        let complaints = schema.complaints(&document);
        assert_eq!(complaints.is_empty(), is_valid, "the schema: {text}\n{complaints:#?}");
        let parsed = Config::parse(text.as_bytes(), Path::new("/"));
        assert_eq!(parsed.is_ok(), is_valid, "the program: {text}\n{parsed:?}");
    }
}
