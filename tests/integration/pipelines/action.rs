//! Runs the steps of `action.yml` as GitHub's runner does: it fills in expressions, and passes files for outputs and
//! paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use registry::Credentials;
use yaml_rust2::{Yaml, YamlLoader};

use super::Runner;
use crate::support::docker_registry::DockerRegistry;
use crate::support::images::{block_on, push_image, push_index, repository};
use crate::support::process::{Finished, command, run};
use crate::support::programs::source_tree;
use crate::support::registry::Registry;

/// The action in a job on a runner.
struct Action {
    document: Yaml,
    runner: Runner,
}

/// A run of the action.
struct Ran {
    /// The steps that ran, of which the last may have failed.
    steps: Vec<Finished>,
    outputs: BTreeMap<String, String>,
}

impl Ran {
    #[track_caller]
    fn succeeded(mut self) -> Ran {
        let last = self.steps.pop().unwrap().succeeded();
        self.steps.push(last);
        self
    }

    /// Fails the test unless the last step ended with this code and said this.
    #[track_caller]
    fn fails_with(mut self, code: i32, text: &str) {
        assert!(!self.outputs.contains_key("verified") && !self.outputs.contains_key("signed"));
        self.steps.pop().unwrap().exits_with(code).says(text);
    }
}

impl Action {
    fn new() -> Action {
        let text = fs::read_to_string(source_tree().join("action.yml")).unwrap();
        let document = YamlLoader::load_from_str(&text).unwrap().remove(0);
        let runner = Runner::new();
        let folder = runner.home.path();
        let sums = format!("{}  {}\n", runner.variables["ARCHIVE_SHA256"], runner.variables["ARCHIVE"]);
        fs::write(folder.join("SHA256SUMS"), sums).unwrap();
        Action { document, runner }
    }

    fn folder(&self) -> PathBuf {
        self.runner.home.path().to_owned()
    }

    /// The inputs that all tests have in common, and these.
    fn with(&self, inputs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let common = [
            ("releases", self.runner.variables["RELEASES"].as_str()),
            ("profile", &self.runner.variables["SIGNING_PROFILE"]),
            ("root", &self.runner.variables["SIGNER_ROOT"]),
        ];
        common.iter().chain(inputs).map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn run(&self, inputs: &BTreeMap<String, String>) -> Ran {
        self.run_after(BTreeMap::new(), inputs)
    }

    /// As [`Action::run`], without the step that installs: an earlier run did that.
    fn run_installed(&self, installed: &Ran, inputs: &BTreeMap<String, String>) -> Ran {
        self.run_after([("steps.install.outputs.path".to_owned(), installed.outputs["path"].clone())].into(), inputs)
    }

    /// Runs the steps that have no outputs among these values of expressions.
    fn run_after(&self, mut contexts: BTreeMap<String, String>, inputs: &BTreeMap<String, String>) -> Ran {
        let declared = &self.document["inputs"];
        let is_done = |id: &str, contexts: &BTreeMap<String, String>| {
            contexts.keys().any(|name| name.starts_with(&format!("steps.{id}.")))
        };
        for (name, input) in declared.as_hash().unwrap() {
            let name = name.as_str().unwrap();
            let value = inputs.get(name).map(String::as_str).or(input["default"].as_str());
            contexts.insert(format!("inputs.{name}"), value.unwrap_or_default().to_owned());
        }
        assert!(inputs.keys().all(|name| contexts.contains_key(&format!("inputs.{name}"))), "{inputs:?}");
        contexts.entry("github.action_repository".to_owned()).or_insert("owner/action".to_owned());

        let folder = tempfile::tempdir_in(self.folder()).unwrap().keep();
        let [output, path, script] = ["output", "path", "script.sh"].map(|name| folder.join(name));
        fs::write(&path, "").unwrap();
        let mut steps = Vec::new();
        for step in self.document["runs"]["steps"].as_vec().unwrap() {
            let id = step["id"].as_str().unwrap();
            if is_done(id, &contexts) || step["if"].as_str().is_some_and(|condition| !holds(condition, &contexts)) {
                continue;
            }
            fs::write(&output, "").unwrap();
            fs::write(&script, step["run"].as_str().unwrap()).unwrap();
            assert_eq!(step["shell"].as_str(), Some("bash"));
            let mut bash = command("bash", self.runner.home.path());
            bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script).current_dir(&folder);
            for name in ["AWS_ENDPOINT_URL_SIGNER", "AWS_SHARED_CREDENTIALS_FILE"] {
                bash.env(name, &self.runner.variables[name]);
            }
            bash.env("GITHUB_OUTPUT", &output).env("GITHUB_PATH", &path).env("RUNNER_TEMP", &folder);
            bash.env("GITHUB_ACTION_PATH", source_tree()).env("GITHUB_SERVER_URL", "https://127.0.0.1:9");
            for (name, value) in step["env"].as_hash().unwrap() {
                bash.env(name.as_str().unwrap(), filled_in(value.as_str().unwrap(), &contexts));
            }
            steps.push(run(&mut bash, Duration::from_secs(120)));
            if !steps.last().unwrap().is_success() {
                break;
            }
            for (name, value) in outputs(&fs::read_to_string(&output).unwrap()) {
                contexts.insert(format!("steps.{id}.outputs.{name}"), value);
            }
        }
        let declared = self.document["outputs"].as_hash().unwrap().iter();
        let outputs = declared.filter_map(|(name, output)| {
            let value = filled_in(output["value"].as_str().unwrap(), &contexts);
            (!value.is_empty()).then(|| (name.as_str().unwrap().to_owned(), value))
        });
        let outputs = outputs.collect();
        // What a shell would have done with a command in an input.
        assert!(!folder.join("pwned").exists() && !self.folder().join("pwned").exists());
        Ran { steps, outputs }
    }
}

/// Evaluates `NAME != ''`, the only condition of the action.
fn holds(condition: &str, contexts: &BTreeMap<String, String>) -> bool {
    let name = condition.strip_suffix(" != ''").unwrap_or_else(|| panic!("unknown condition {condition:?}"));
    !contexts[name].is_empty()
}

/// Replaces a value that is an expression. Outputs of steps that did not run are empty.
fn filled_in(value: &str, contexts: &BTreeMap<String, String>) -> String {
    let Some(name) = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
        return value.to_owned();
    };
    let found = contexts.get(name).cloned();
    found.unwrap_or_else(|| if name.starts_with("steps.") { String::new() } else { panic!("unknown {name}") })
}

/// The outputs in a file in GitHub's format: `NAME=VALUE`, or lines between a delimiter.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((name, delimiter)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            found.push((name.to_owned(), value.join("\n")));
        } else {
            let (name, value) = line.split_once('=').unwrap();
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn the_action_installs_signs_once_and_verifies() {
    let registry = DockerRegistry::start();
    let action = Action::new();
    let names = ["api", "web"].map(|name| format!("{}/team/{name}", registry.address));
    let stores = names.each_ref().map(|name| repository(name, Credentials::none()));
    let images = stores.each_ref().map(|store| block_on(push_image(store, "built by an action", Some("v1"))));
    let artifacts = format!("  {}:v1\r\n\n{}:v1", names[0], names[1]);
    let inputs =
        action.with(&[("sign", &artifacts), ("verify", &artifacts), ("user-metadata", "commit=4f1c9a\nrun=a b $HOME")]);
    for _round in 0..2 {
        let ran = action.run(&inputs).succeeded();
        let expected = format!("{}@{}\n{}@{}", names[0], images[0].digest, names[1], images[1].digest);
        assert_eq!(ran.outputs["signed"], expected);
        assert_eq!(ran.outputs["verified"], expected);
        assert_eq!(ran.outputs["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(ran.steps.len(), 3);
    }
    for (store, image) in stores.iter().zip(&images) {
        assert_eq!(block_on(store.signatures(image, 10)).unwrap().len(), 1);
    }
    let other = action.with(&[("verify", &artifacts), ("user-metadata", "commit=another")]);
    action.run(&other).fails_with(1, "commit");
    let nothing_else = action.run(&action.with(&[])).succeeded();
    assert_eq!(nothing_else.steps.len(), 1, "it only installs");
}

#[test]
#[ignore = "needs olareg and docker-registry: scripts/test"]
fn the_action_verifies_only_what_trusted_profiles_signed() {
    let registry = Registry::start(&crate::support::peers());
    let action = Action::new();
    let [signed, unsigned] = ["signed", "unsigned"].map(|text| registry.push_image("team/app", text));
    action.run(&action.with(&[("sign", &signed)])).succeeded();
    let both = format!("{signed}\n{unsigned}");
    action.run(&action.with(&[("verify", &both)])).fails_with(1, "(unsigned); 1 verified");
    let another = action.runner.variables["SIGNING_PROFILE"].replace("pipeline", "another");
    action.run(&action.with(&[("verify", &signed), ("trusted-profiles", &another)])).fails_with(1, "untrusted");
    let several = format!("{another}\n{}", action.runner.variables["SIGNING_PROFILE"]);
    let ran = action.run(&action.with(&[("verify", &signed), ("trusted-profiles", &several), ("profile", "")]));
    assert_eq!(ran.succeeded().outputs["verified"], signed);
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn the_action_signs_an_index_and_its_images() {
    let registry = DockerRegistry::start();
    let action = Action::new();
    let name = format!("{}/team/app", registry.address);
    let store = repository(&name, Credentials::none());
    let (index, images) = block_on(push_index(&store, "built by an action", "v1"));
    let artifact = format!("{name}:v1");
    let ran = action.run(&action.with(&[("sign", &artifact), ("verify", &artifact), ("recursive", "true")]));
    assert_eq!(ran.succeeded().outputs["verified"].lines().count(), 3);
    for signed in [&index, &images[0], &images[1]] {
        assert_eq!(block_on(store.signatures(signed, 10)).unwrap().len(), 1);
    }
}

#[test]
fn the_action_installs_only_an_archive_with_the_right_checksum() {
    let action = Action::new();
    let right = action.runner.variables["ARCHIVE_SHA256"].clone();
    assert_eq!(
        action.run(&action.with(&[("sha256", &right)])).succeeded().outputs["version"],
        env!("CARGO_PKG_VERSION")
    );
    let wrong = right.chars().rev().collect::<String>();
    action.run(&action.with(&[("sha256", &wrong)])).fails_with(2, "do not use it");
    let sums = action.folder().join("SHA256SUMS");
    fs::write(&sums, format!("{wrong}  {}\n", action.runner.variables["ARCHIVE"])).unwrap();
    action.run(&action.with(&[])).fails_with(2, "do not use it");
    for content in
        [String::new(), format!("{right}  another.tar.gz\n"), format!("none  {}\n", action.runner.variables["ARCHIVE"])]
    {
        fs::write(&sums, content).unwrap();
        action.run(&action.with(&[])).fails_with(2, "has no checksum");
    }
    fs::remove_file(&sums).unwrap();
    action.run(&action.with(&[])).fails_with(2, "could not be downloaded");
    // By default the archive comes from the action's own repository.
    let default = action.run(&action.with(&[("releases", "")]));
    let expected = concat!("https://127.0.0.1:9/owner/action/releases/download/v", env!("CARGO_PKG_VERSION"), "/");
    default.fails_with(2, expected);
    let unknown = [("github.action_repository".to_owned(), String::new())].into();
    action.run_after(unknown, &action.with(&[("releases", "")])).fails_with(2, "set the input 'releases'");
}

#[test]
fn the_action_refuses_inputs_that_are_commands_options_or_malformed() {
    let action = Action::new();
    for (name, value) in [
        ("version", "2.0.0; touch pwned"),
        ("version", "$(touch pwned)"),
        ("version", "../../2.0.0"),
        ("version", "2.0.0\n3.0.0"),
        ("version", ""),
        ("sha256", "`touch pwned`"),
        ("sha256", "0123"),
        ("releases", "http://releases.example.com"),
        ("releases", "https://releases.example.com/\" --output pwned \""),
        ("releases", "--output=pwned"),
        ("releases", "ftp://releases.example.com"),
    ] {
        action.run(&action.with(&[(name, value)])).fails_with(2, &format!("the input '{name}'"));
    }
    let installed = action.run(&action.with(&[])).succeeded();
    let reference = "127.0.0.1:9/team/app:v1";
    for (name, value) in [
        ("sign", "--dry-run"),
        ("sign", "127.0.0.1:9/app:v1\n  --profile=x"),
        ("sign", "127.0.0.1:9/app\x1b[2J"),
        ("sign", " \n "),
        ("profile", ""),
        ("profile", "--help"),
        ("profile", "one\ntwo"),
        ("recursive", "yes"),
        ("recursive", "$(touch pwned)"),
        ("user-metadata", "novalue"),
        ("user-metadata", "--plain-http"),
        ("user-metadata", "=value"),
        ("root", "--plain-http"),
    ] {
        let inputs = action.with(&[("sign", reference), (name, value)]);
        action.run_installed(&installed, &inputs).fails_with(2, &format!("the input '{name}'"));
    }
    for (name, value) in [("verify", "--policy=x"), ("policy", "-"), ("policy", "a\nb"), ("trusted-profiles", "--help")]
    {
        let inputs = action.with(&[("verify", reference), (name, value)]);
        action.run_installed(&installed, &inputs).fails_with(2, &format!("the input '{name}'"));
    }
    let both = action.with(&[("verify", reference), ("policy", "p.json"), ("trusted-profiles", "arn:aws:signer")]);
    action.run_installed(&installed, &both).fails_with(2, "exclude each other");
    action
        .run_installed(&installed, &action.with(&[("verify", reference), ("profile", "")]))
        .fails_with(2, "needs one of the inputs");
    // These reach the tool as one argument each, which says what is wrong.
    for value in ["$(touch pwned)", "`touch pwned`", "a;touch pwned", "a && touch pwned", "\"; touch pwned; \"", "*"] {
        let inputs = action.with(&[("sign", value)]);
        action.run_installed(&installed, &inputs).fails_with(2, "ended with exit code 2");
    }
    let error = action.run(&action.with(&[("version", "x%0A::add-mask::y")]));
    let shown = &error.steps[0].stdout;
    assert!(shown.lines().count() == 1 && shown.contains("x%250A::add-mask::y"), "{shown}");
}

#[test]
fn no_step_of_the_action_puts_an_expression_into_its_script() {
    let action = Action::new();
    let mut used = String::new();
    for step in action.document["runs"]["steps"].as_vec().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step:?}");
        for value in step["env"].as_hash().unwrap().values() {
            let value = value.as_str().unwrap();
            assert!(
                value.starts_with("${{ ") && value.ends_with(" }}") && value.matches("${{").count() == 1,
                "{value}"
            );
            used.push_str(value);
        }
    }
    for (name, input) in action.document["inputs"].as_hash().unwrap() {
        let name = name.as_str().unwrap();
        assert!(used.contains(&format!("inputs.{name} ")), "{name} is not used");
        assert!(!input["description"].as_str().unwrap().is_empty());
    }
    assert_eq!(action.document["inputs"]["version"]["default"].as_str(), Some(env!("CARGO_PKG_VERSION")));
}
