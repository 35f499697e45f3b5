//! Runs the jobs of the GitLab components in `templates/` as GitLab and its runner do: inputs are checked and filled
//! in, variables in the values of variables are expanded, and the lines run in one shell.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use registry::{Credential, Credentials, Secret};
use yaml_rust2::{Yaml, YamlLoader};

use super::yaml::{lines, variables};
use super::{Runner, text_of};
use crate::support::docker_registry::{DockerRegistry, USER};
use crate::support::images::{block_on, push_image, repository};
use crate::support::process::{Finished, command, run};
use crate::support::programs::source_tree;

const TOKEN: &str = "token-of-the-job";
const SHA256: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline";

/// A component's job.
struct Job {
    name: String,
    variables: BTreeMap<String, String>,
    script: String,
}

fn documents(component: &str) -> (Yaml, Yaml) {
    let text = fs::read_to_string(source_tree().join("templates").join(component)).unwrap();
    let mut documents = YamlLoader::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 2, "{component}: the inputs, and the job");
    let job = documents.remove(1);
    (documents.remove(0), job)
}

/// Includes a component with these inputs. Fails as GitLab does if an input is missing, unknown or malformed.
fn include(component: &str, given: &[(&str, &str)]) -> Result<Job, String> {
    let (spec, document) = documents(component);
    let declared = spec["spec"]["inputs"].as_hash().unwrap();
    let mut inputs = BTreeMap::new();
    for (name, input) in declared {
        let name = name.as_str().unwrap();
        let value = given.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        let default = &input["default"];
        let value = value.or_else(|| (!default.is_badvalue()).then(|| text_of(default)));
        let value = value.ok_or_else(|| format!("{name} is required"))?;
        if input["type"].as_str() == Some("boolean") && !["true", "false"].contains(&value.as_str()) {
            return Err(format!("{name} is not a boolean"));
        }
        if input["regex"].as_str().is_some_and(|pattern| !matches(pattern, &value)) {
            return Err(format!("{name} does not match"));
        }
        inputs.insert(name, value);
    }
    if let Some((name, _)) = given.iter().find(|(name, _)| !inputs.contains_key(name)) {
        return Err(format!("{name} is unknown"));
    }
    let (name, job) = document.as_hash().unwrap().iter().next().unwrap();
    let filled = |text: &str| {
        inputs.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$[[ inputs.{name} ]]"), value))
    };
    let variables = variables(&job["variables"]).into_iter().map(|(name, value)| (name, filled(&value))).collect();
    let script = [lines(&job["before_script"]), lines(&job["script"])].concat().join("\n");
    Ok(Job { name: filled(name.as_str().unwrap()), variables, script })
}

/// Whether the whole value matches, by another implementation of such expressions.
fn matches(pattern: &str, value: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut bash = command("bash", folder.path());
    bash.args(["-c", r#"[[ $2 =~ $1 ]]"#, "bash", &pattern.replace(r"\s", "[:space:]")]).arg(value);
    run(&mut bash, Duration::from_secs(10)).is_success()
}

/// Runs a job in a shell, with these variables of GitLab and of the user.
#[track_caller]
fn run_job(job: &Job, shell: &str, runner: &Runner, given: &BTreeMap<String, String>) -> Finished {
    let folder = tempfile::tempdir_in(runner.home.path()).unwrap();
    let mut command = command(shell, runner.home.path());
    command.args(["-e", "-c", &job.script]).current_dir(folder.path()).env("TMPDIR", folder.path());
    command.env("SIGNER_AWS_TOKEN", TOKEN);
    for (name, value) in &job.variables {
        // A longer name comes after the shorter one with which it starts.
        let given = given.iter().rev();
        let expanded = given.fold(value.clone(), |text, (name, value)| text.replace(&format!("${name}"), value));
        command.env(name, expanded);
    }
    command.envs(given);
    let finished = run(&mut command, Duration::from_secs(120));
    assert!(!folder.path().join("pwned").exists());
    assert!(!finished.stdout.contains(TOKEN) && !finished.stderr.contains(TOKEN), "{finished}");
    finished
}

/// The variables of a job on this runner. The archive is on its disk.
fn variables_of(runner: &Runner, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let variable = |name: &str| runner.variables[name].clone();
    let own = [
        ("SIGNER_RELEASES", variable("RELEASES")),
        ("SIGNER_SHA256", variable("ARCHIVE_SHA256")),
        ("SIGNER_ROOT", variable("SIGNER_ROOT")),
        ("AWS_ENDPOINT_URL_SIGNER", variable("AWS_ENDPOINT_URL_SIGNER")),
        ("AWS_SHARED_CREDENTIALS_FILE", variable("AWS_SHARED_CREDENTIALS_FILE")),
    ];
    let more = more.iter().map(|&(name, value)| (name, value.to_owned()));
    own.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect()
}

const RELEASE: [(&str, &str); 2] = [("releases", "https://releases.example.com/v2"), ("sha256", SHA256)];

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn the_gitlab_components_sign_and_verify_in_the_projects_registry() {
    let registry = DockerRegistry::start_with_password();
    let runner = Runner::new();
    let given = Credential::Password { username: USER.0.to_owned(), password: Secret::new(USER.1) };
    let store = repository(&format!("{}/group/app", registry.address), Credentials::given(given));
    let image = block_on(push_image(&store, "built by GitLab", Some("5e0c")));
    let address = registry.address.to_string();
    let project = format!("{address}/group/app");
    let gitlab = variables_of(
        &runner,
        &[
            ("CI_REGISTRY", &address),
            ("CI_REGISTRY_IMAGE", &project),
            ("CI_REGISTRY_USER", USER.0),
            ("CI_REGISTRY_PASSWORD", USER.1),
            ("CI_COMMIT_SHORT_SHA", "5e0c"),
        ],
    );
    let common = [("artifacts", "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA"), ("user-metadata", "commit=5e0c run=*")];
    let profile = runner.variables["SIGNING_PROFILE"].clone();
    let sign = include("sign.yml", &[&common[..], &RELEASE, &[("profile", &profile)]].concat()).unwrap();
    let trusted = format!("{PROFILE}er\n{profile}");
    let verify = include("verify.yml", &[&common[..], &RELEASE, &[("trusted-profiles", &trusted)]].concat()).unwrap();
    assert_eq!((sign.name.as_str(), verify.name.as_str()), ("notation-aws-signer-sign", "notation-aws-signer-verify"));
    run_job(&verify, "bash", &runner, &gitlab).exits_with(1);
    for shell in ["bash", "dash"] {
        for job in [&sign, &verify] {
            let shown = run_job(job, shell, &runner, &gitlab).succeeded();
            assert!(!shown.stdout.contains(USER.1) && !shown.stderr.contains(USER.1), "{shown}");
        }
    }
    assert_eq!(block_on(store.signatures(&image, 10)).unwrap().len(), 1);

    let mut without_login = gitlab.clone();
    without_login.remove("CI_REGISTRY_PASSWORD");
    run_job(&verify, "bash", &runner, &without_login).exits_with(2).says("UNAUTHORIZED");
}

#[test]
fn the_gitlab_components_install_only_an_archive_with_the_right_checksum() {
    let runner = Runner::new();
    let inputs = [&RELEASE[..], &[("artifacts", "127.0.0.1:9/app:v1"), ("profile", PROFILE)]].concat();
    let sign = include("sign.yml", &inputs).unwrap();
    let mut variables = variables_of(&runner, &[]);
    run_job(&sign, "bash", &runner, &variables).exits_with(3);
    variables.insert("SIGNER_SHA256".to_owned(), SHA256.to_owned());
    let stopped = run_job(&sign, "bash", &runner, &variables).exits_with(1);
    assert!(!stopped.stderr.contains("127.0.0.1:9"), "{stopped}");
}

#[test]
fn the_gitlab_components_take_a_role_with_the_token_of_the_job() {
    let runner = Runner::new();
    let role = "arn:aws:iam::111122223333:role/pipeline";
    let inputs = [("artifacts", "127.0.0.1:9/app:v1"), ("profile", PROFILE), ("aws-role-arn", role)];
    let mut sign = include("sign.yml", &[&RELEASE[..], &inputs].concat()).unwrap();
    sign.script = sign.script.replace(
        "notation-aws-signer sign",
        r#"echo "$AWS_ROLE_ARN"; stat -c %a "$AWS_WEB_IDENTITY_TOKEN_FILE"; wc -c <"$AWS_WEB_IDENTITY_TOKEN_FILE"; :"#,
    );
    let shown = run_job(&sign, "bash", &runner, &variables_of(&runner, &[])).succeeded();
    assert_eq!(shown.stdout, format!("{role}\n600\n{}\n", TOKEN.len()));
}

#[test]
fn the_gitlab_components_check_their_inputs() {
    let right = [&RELEASE[..], &[("artifacts", "registry.example.com/app:v1"), ("profile", PROFILE)]].concat();
    include("sign.yml", &right).unwrap();
    for (name, value) in [
        ("profile", "$(touch pwned)"),
        ("profile", "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo; touch pwned"),
        ("sha256", "0"),
        ("releases", "http://releases.example.com"),
        ("releases", "https://releases.example.com/ --output pwned"),
        ("version", "2.0"),
        ("version", "../2.0.0"),
        ("recursive", "yes"),
        ("unknown", "x"),
    ] {
        let inputs: Vec<_> = right.iter().copied().filter(|(other, _)| *other != name).chain([(name, value)]).collect();
        assert!(include("sign.yml", &inputs).is_err(), "{name}: {value}");
    }
    for name in ["artifacts", "profile", "sha256", "releases"] {
        let inputs: Vec<_> = right.iter().copied().filter(|(other, _)| *other != name).collect();
        assert_eq!(include("sign.yml", &inputs).err(), Some(format!("{name} is required")));
    }
    let runner = Runner::new();
    let variables = variables_of(&runner, &[]);
    for (artifacts, metadata, says) in [
        ("--dry-run", "", "is an option instead of an artifact"),
        ("127.0.0.1:9/app:v1 --plain-http", "", "is an option instead of an artifact"),
        ("$(touch${IFS}pwned)", "", "touch"),
        ("`touch pwned`;touch pwned", "", "touch"),
        ("127.0.0.1:9/app:v1", "--plain-http", "a value is required"),
        ("127.0.0.1:9/app:v1", "a=$(touch pwned)", "pwned)"),
    ] {
        let inputs =
            [&right[..2], &[("artifacts", artifacts), ("user-metadata", metadata), ("profile", PROFILE)]].concat();
        let sign = include("sign.yml", &inputs).unwrap();
        run_job(&sign, "dash", &runner, &variables).exits_with(2).says(says);
    }
}

#[test]
fn the_scripts_of_the_gitlab_components_contain_no_inputs_and_are_checked_by_shellcheck() {
    let mut before = Vec::new();
    for component in ["sign.yml", "verify.yml"] {
        let (spec, document) = documents(component);
        let (_, job) = document.as_hash().unwrap().iter().next().unwrap();
        let script = [lines(&job["before_script"]), lines(&job["script"])].concat().join("\n");
        assert!(!script.contains("$[["), "{component}");
        before.push(lines(&job["before_script"]));
        assert_eq!(spec["spec"]["inputs"]["version"]["default"].as_str(), Some(env!("CARGO_PKG_VERSION")));
        let whole = format!("{document:?}");
        for name in spec["spec"]["inputs"].as_hash().unwrap().keys() {
            let name = name.as_str().unwrap();
            assert!(whole.contains(&format!("$[[ inputs.{name} ]]")), "{component}: {name} is not used");
        }
        shellcheck(&script);
    }
    assert_eq!(before[0], before[1], "both components install in the same way");
}

/// Checks a script where shellcheck is installed; scripts/test requires it in CI.
fn shellcheck(script: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("shellcheck").is_file()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sh");
    fs::write(&file, script).unwrap();
    // The variables come from GitLab.
    let checks = ["--shell=dash", "--severity=info", "--exclude=SC2154"];
    run(command("shellcheck", folder.path()).args(checks).arg(Path::new(&file)), Duration::from_secs(60)).succeeded();
}
