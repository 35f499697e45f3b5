#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::*;

/// Credentials from a Docker `config.json`.
fn docker(folder: &Path, config: &str) -> Credentials {
    fs::write(folder.join("config.json"), config).unwrap();
    let folder = folder.to_owned();
    Credentials::from_variables(move |name| (name == "DOCKER_CONFIG").then(|| folder.clone().into()))
}

async fn ask(credentials: &Credentials, repository: &str) -> Result<Option<Credential>, CredentialError> {
    credentials.for_repository(&repository.parse().unwrap()).await
}

fn password(username: &str, password: &str) -> Credential {
    Credential::Password { username: username.into(), password: Secret::new(password) }
}

/// Credentials from a Docker `config.json`, with this shell script as the helper `test`.
fn helper(folder: &Path, config: &str, script: &str) -> Credentials {
    let program = folder.join("docker-credential-test");
    // Written by a child process: a process that another test starts meanwhile would inherit the open file, and running
    // the script would fail ("text file busy").
    let write = Command::new("sh")
        .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0"; chmod 755 "$0""#])
        .arg(&program)
        .arg(script)
        .status();
    assert!(write.unwrap().success());
    let helpers = Helpers { folder: Some(folder.to_owned()), time: Duration::from_secs(5) };
    Credentials { helpers, ..docker(folder, config) }
}

const HELPED: &str = r#"{"credHelpers":{"a.example":"test"}}"#;

#[tokio::test]
async fn finds_credentials_by_host_in_every_form_of_docker() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = docker(
        folder.path(),
        r#"{"auths":{"https://ghcr.io/v2/":{"auth":"dTpw"},"localhost:5000":{"username":"u2","password":"p2"},
            "https://index.docker.io/v1/":{"auth":"aHViOnA6cQ=="},"id.example":{"auth":"dTo=","identitytoken":"t"},
            "reg.example":{"registrytoken":"r"},"empty.example":{}}}"#,
    );
    for (repository, expected) in [
        ("ghcr.io/a/b", Some(password("u", "p"))),
        ("localhost:5000/a", Some(password("u2", "p2"))),
        ("docker.io/library/alpine", Some(password("hub", "p:q"))),
        ("id.example/a", Some(Credential::IdentityToken(Secret::new("t")))),
        ("reg.example/a", Some(Credential::RegistryToken(Secret::new("r")))),
        ("empty.example/a", None),
        ("localhost:5001/a", None),
        ("ghcr.io.example/a", None),
    ] {
        assert_eq!(ask(&credentials, repository).await.unwrap(), expected, "{repository}");
    }
}

#[tokio::test]
async fn reads_wrapped_base64() {
    let folder = tempfile::tempdir().unwrap();
    for auth in ["dTpw\\n", "dT\\r\\npw", " dTpw ", "d\\tTpw"] {
        let config = format!(r#"{{"auths":{{"a.example":{{"auth":"{auth}"}}}}}}"#);
        assert_eq!(
            ask(&docker(folder.path(), &config), "a.example/x").await.unwrap(),
            Some(password("u", "p")),
            "{auth}"
        );
    }
}

#[tokio::test]
async fn an_empty_file_has_no_credentials() {
    let folder = tempfile::tempdir().unwrap();
    for content in ["", "\n", " \r\n\t", "{}"] {
        assert_eq!(ask(&docker(folder.path(), content), "a.example/x").await.unwrap(), None, "{content:?}");
        assert_eq!(insecure_registries(&folder.path().join("config.json")).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_error_names_a_byte_order_mark() {
    let folder = tempfile::tempdir().unwrap();
    let why = ask(&docker(folder.path(), "\u{feff}{}"), "a.example/x").await.unwrap_err().to_string();
    assert!(why.contains("byte order mark") && why.contains("config.json"), "{why}");
}

#[test]
fn reads_the_insecure_registries_of_notation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let read = |content: &str| {
        fs::write(&file, content).unwrap();
        insecure_registries(&file)
    };
    assert_eq!(insecure_registries(&file).unwrap(), Vec::<String>::new());
    assert_eq!(
        read(r#"{"insecureRegistries":["a.example:5000","b.example"]}"#).unwrap(),
        ["a.example:5000", "b.example"]
    );
    for content in [r#"{"insecureRegistries":"a.example"}"#, r#"{"insecureRegistries":[1]}"#, "{", "[]"] {
        let why = read(content).unwrap_err();
        assert!(matches!(why, CredentialError::Malformed { .. }) && why.to_string().contains("config.json"), "{why}");
    }
}

#[tokio::test]
async fn prefers_the_longest_matching_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = docker(
        folder.path(),
        r#"{"auths":{"q.example":{"auth":"YTox"},"q.example/team":{"auth":"Yjox"},"q.example/team/app":{"auth":"Yzox"}}}"#,
    );
    for (repository, user) in [("q.example/teams", "a"), ("q.example/team/x", "b"), ("q.example/team/app", "c")] {
        assert_eq!(ask(&credentials, repository).await.unwrap(), Some(password(user, "1")), "{repository}");
    }
}

#[tokio::test]
async fn prefers_the_environment_then_registry_auth_file_then_docker() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("auth.json");
    fs::write(&named, r#"{"auths":{"a.example":{"auth":"bmFtZWQ6MQ=="}}}"#).unwrap();
    fs::write(
        folder.path().join("config.json"),
        r#"{"auths":{"a.example":{"auth":"dTpw"},"b.example":{"auth":"dTpw"}}}"#,
    )
    .unwrap();
    let variables = |set: &'static [&'static str]| {
        let folder = folder.path().to_owned();
        let named = named.clone();
        Credentials::from_variables(move |name| {
            set.contains(&name).then(|| match name {
                "REGISTRY_AUTH_FILE" => named.clone().into(),
                "DOCKER_CONFIG" => folder.clone().into(),
                _ => "env".into(),
            })
        })
    };
    let files = variables(&["REGISTRY_AUTH_FILE", "DOCKER_CONFIG"]);
    assert_eq!(ask(&files, "a.example/x").await.unwrap(), Some(password("named", "1")));
    assert_eq!(ask(&files, "b.example/x").await.unwrap(), Some(password("u", "p")));
    let all = variables(&["NOTATION_USERNAME", "NOTATION_PASSWORD", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG"]);
    assert_eq!(ask(&all, "a.example/x").await.unwrap(), Some(password("env", "env")));
    let half = variables(&["NOTATION_USERNAME"]);
    assert!(half.is_half_given() && !half.is_given() && !all.is_half_given());
    let token = variables(&["NOTATION_PASSWORD"]);
    assert!(!token.is_half_given());
    assert_eq!(ask(&token, "a.example/x").await.unwrap(), Some(Credential::IdentityToken(Secret::new("env"))));
}

#[tokio::test]
async fn prefers_notations_configuration_to_dockers() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"read -r host; echo "{\"Username\":\"u\",\"Secret\":\"$host!\"}""#;
    let mut credentials =
        helper(folder.path(), r#"{"auths":{"a.example":{"auth":"dTpw"},"b.example":{"auth":"dTpw"}}}"#, script);
    let home = folder.path().to_owned();
    let notation = folder.path().join(".config/notation");
    fs::create_dir_all(&notation).unwrap();
    let config = r#"{"insecureRegistries":["c.example"],"credHelpers":{"a.example":"test"},"signatureFormat":"jws"}"#;
    fs::write(notation.join("config.json"), config).unwrap();
    credentials.files = Credentials::from_variables(|name| match name {
        "HOME" | "DOCKER_CONFIG" => Some(home.clone().into()),
        _ => None,
    })
    .files;
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "a.example!")));
    assert_eq!(ask(&credentials, "b.example/x").await.unwrap(), Some(password("u", "p")));
    fs::write(notation.join("config.json"), r#"{"credsStore":"test"}"#).unwrap();
    assert_eq!(ask(&credentials, "b.example/x").await.unwrap(), Some(password("u", "b.example!")));
}

#[tokio::test]
async fn only_a_missing_registry_auth_file_is_an_error() {
    let nowhere = |which: &'static str| {
        Credentials::from_variables(move |name| (name == which).then(|| "/nonexistent/auth.json".into()))
    };
    assert_eq!(ask(&nowhere("HOME"), "a.example/x").await.unwrap(), None);
    assert!(matches!(ask(&nowhere("REGISTRY_AUTH_FILE"), "a.example/x").await, Err(CredentialError::Io { .. })));
}

#[tokio::test]
async fn errors_about_malformed_files_show_no_values() {
    let folder = tempfile::tempdir().unwrap();
    for config in [r#"{"auths":"#, r#"{"auths":[]}"#, r#"{"auths":{"a.example":{"auth":"c2VjcmV0"}}}"#, "[]"] {
        let error = ask(&docker(folder.path(), config), "a.example/x").await.unwrap_err();
        assert!(matches!(error, CredentialError::Malformed { .. }), "{config}: {error}");
        assert!(!format!("{error} {error:?}").contains("c2VjcmV0"), "{error}");
    }
}

#[test]
fn debug_hides_secrets() {
    for credential in [
        password("u", "hunter2"),
        Credential::IdentityToken(Secret::new("hunter2")),
        Credential::RegistryToken(Secret::new("hunter2")),
    ] {
        let shown = format!("{:?} {:?}", credential, Credentials::given(credential.clone()));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn errors_about_a_missing_helper_name_it_and_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = docker(folder.path(), r#"{"credHelpers":{"a.example":"no-such-helper-here"}}"#);
    let error = ask(&credentials, "a.example/x").await.unwrap_err().to_string();
    assert!(error.contains("docker-credential-no-such-helper-here") && error.contains("config.json"), "{error}");
    assert_eq!(ask(&credentials, "b.example/x").await.unwrap(), None);
    let credentials = docker(folder.path(), r#"{"credsStore":"../evil"}"#);
    assert!(ask(&credentials, "a.example/x").await.unwrap_err().to_string().contains("not a valid program name"));
}

#[tokio::test]
async fn passes_the_registry_to_the_helper_on_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"[ "$1" = get ] || exit 1; read -r host; echo "{\"ServerURL\":\"$host\",\"Username\":\"u\",\"Secret\":\"$host!\"}""#;
    let credentials = helper(folder.path(), HELPED, script);
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "a.example!")));
    let credentials = helper(folder.path(), r#"{"credsStore":"test"}"#, script);
    assert_eq!(
        ask(&credentials, "docker.io/library/x").await.unwrap(),
        Some(password("u", "https://index.docker.io/v1/!"))
    );
    let credentials = helper(folder.path(), HELPED, r#"echo '{"Username":"<token>","Secret":"t"}'"#);
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(Credential::IdentityToken(Secret::new("t"))));
}

#[tokio::test]
async fn falls_back_to_auths_if_the_store_has_no_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"{"credsStore":"test","auths":{"a.example":{"auth":"dTpw"},"b.example":{}}}"#;
    let credentials = helper(folder.path(), config, "echo credentials not found in native keychain; exit 1");
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "p")));
    assert_eq!(ask(&credentials, "b.example/x").await.unwrap(), None);
}

#[tokio::test]
async fn an_empty_helper_means_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"{"credHelpers":{"a.example":""},"credsStore":"test","auths":{"a.example":{"auth":"dTpw"}}}"#;
    let credentials = helper(folder.path(), config, "exit 1");
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "p")));
}

#[tokio::test]
async fn a_helper_may_leave_a_child_that_keeps_its_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let answer = r#"echo '{"Username":"u","Secret":"p"}'"#;
    for script in [
        format!("sleep 60 & {answer}"),
        format!("(sleep 60; echo late) & {answer}"),
        format!("sleep 60 >&- & exec 2>&-; {answer}"),
        format!("head -c 1000000 /dev/zero >&2; {answer}"),
    ] {
        let credentials = helper(folder.path(), HELPED, &script);
        assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "p")), "{script}");
    }
}

#[tokio::test]
async fn rejects_helpers_that_fail_flood_or_hang() {
    let folder = tempfile::tempdir().unwrap();
    for (script, why) in [
        ("echo no such session; exit 1", "failed: no such session"),
        ("echo not signed in >&2; exit 1", "failed (standard error: not signed in)"),
        ("echo broken; printf 'run\\n\\033[31mlogin\\n' >&2; exit 2", "failed: broken (standard error: run [31mlogin)"),
        ("echo no agent >&2; sleep 60 & exit 1", "no agent"),
        ("exit 3", "failed without a message (exit status: 3)"),
        ("echo no json >&2; echo hunter2", "JSON of the credential helper protocol (standard error: no json)"),
        ("echo waiting for a browser >&2; exec sleep 60", "within 0.5 s (standard error: waiting for a browser)"),
        ("cat /dev/zero", "more than"),
        ("echo hunter2", "JSON"),
        (r#"echo '{"Secret":["hunter2"]}'"#, "JSON"),
        ("exec sleep 60", "no answer within 0.5 s"),
    ] {
        let mut credentials = helper(folder.path(), HELPED, script);
        credentials.helpers.time = Duration::from_millis(if script.contains("exec sleep") { 500 } else { 20_000 });
        let start = Instant::now();
        let error = ask(&credentials, "a.example/x").await.unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains("hunter2"), "{script}: {error}");
        assert!(start.elapsed() < Duration::from_secs(20), "{script}");
    }
}

#[tokio::test]
async fn a_single_file_has_the_credentials_for_its_registries_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pull.json");
    fs::write(&path, r#"{"auths":{"a.example":{"auth":"dTpw"}, "empty.example":{}}, "credHelpers":{"h.example":"x"}}"#)
        .unwrap();
    let credentials = Credentials::from_file(&path);
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), Some(password("u", "p")));
    assert_eq!(ask(&credentials, "b.example/x").await.unwrap(), None);
    let ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com/x";
    for (repository, expected) in
        [("a.example/x", true), ("b.example/x", false), ("empty.example/x", false), ("h.example/x", true), (ecr, false)]
    {
        assert_eq!(credentials.has_source_for(&repository.parse().unwrap()).unwrap(), expected, "{repository}");
    }
    fs::remove_file(&path).unwrap();
    let why = ask(&credentials, "a.example/x").await.unwrap_err();
    assert!(matches!(why, CredentialError::Io { .. }) && why.to_string().contains("pull.json"), "{why}");
    assert!(credentials.has_source_for(&"a.example/x".parse().unwrap()).is_err());
}

#[tokio::test]
async fn credentials_of_ecr_are_for_ecr_only() {
    let role = "arn:aws:iam::444455556666:role/ecr-read".parse().ok();
    let credentials = Credentials::ecr(role);
    assert_eq!(ask(&credentials, "a.example/x").await.unwrap(), None);
    for (repository, expected) in [
        ("123456789012.dkr.ecr.us-west-2.amazonaws.com/x", true),
        ("123456789012.dkr.ecr.us-west-2.amazonaws.com.evil.example/x", false),
        ("a.example/x", false),
    ] {
        assert_eq!(credentials.has_source_for(&repository.parse().unwrap()).unwrap(), expected, "{repository}");
    }
}
