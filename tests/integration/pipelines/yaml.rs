//! The shell lines of `examples/pipelines`, as each CI product runs them.

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

/// A job, whose lines run in order on one machine.
#[derive(Debug)]
pub struct Job {
    pub name: String,
    /// The variables that the pipeline sets.
    pub variables: BTreeMap<String, String>,
    pub script: String,
}

/// The jobs of a pipeline that have lines to run, in the order of the file.
pub fn jobs(file: &str) -> Vec<Job> {
    let path = format!("{}/examples/pipelines/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let documents = YamlLoader::load_from_str(&text).unwrap_or_else(|why| panic!("{path}: {why}"));
    let [document] = &documents[..] else { panic!("{path} has several documents") };
    match file {
        "github-actions.yml" => github_actions(document),
        "gitlab-ci.yml" => gitlab(document),
        "buildspec.yml" => code_build(document),
        "buildkite.yml" => buildkite(document),
        _ => panic!("{file}: unknown CI product"),
    }
}

fn github_actions(document: &Yaml) -> Vec<Job> {
    let job = |(name, job): (&Yaml, &Yaml)| {
        let mut variables = variables(&document["env"]);
        let steps = job["steps"].as_vec().unwrap().iter().filter(|step| !step["run"].is_badvalue());
        let mut script = Vec::new();
        for step in steps {
            // A step's own variables come from outputs of earlier steps; the test sets them.
            assert!(self::variables(&step["env"]).values().all(|value| value.starts_with("${{")));
            variables.extend(self::variables(&step["env"]));
            // GITHUB_PATH takes effect in the next step.
            script.push(format!("{}\nPATH=\"$(paste -sd: \"$GITHUB_PATH\"):$PATH\"", step["run"].as_str().unwrap()));
        }
        Job { name: text(name), variables, script: script.join("\n") }
    };
    document["jobs"].as_hash().unwrap().iter().map(job).collect()
}

fn gitlab(document: &Yaml) -> Vec<Job> {
    let jobs = document
        .as_hash()
        .unwrap()
        .iter()
        .filter(|(name, job)| !job["script"].is_badvalue() && !text(name).starts_with('.'));
    let job = |(name, job): (&Yaml, &Yaml)| {
        let base = &document[job["extends"].as_str().unwrap()];
        let lines = [lines(&base["before_script"]), lines(&job["script"])].concat();
        Job { name: text(name), variables: variables(&document["variables"]), script: lines.join("\n") }
    };
    jobs.map(job).collect()
}

fn code_build(document: &Yaml) -> Vec<Job> {
    let phases = document["phases"].as_hash().unwrap();
    let script: Vec<String> = phases.iter().flat_map(|(_, phase)| lines(&phase["commands"])).collect();
    let variables = variables(&document["env"]["variables"]);
    vec![Job { name: "build".to_owned(), variables, script: script.join("\n") }]
}

fn buildkite(document: &Yaml) -> Vec<Job> {
    let steps = document["steps"].as_vec().unwrap().iter().filter(|step| !step["commands"].is_badvalue());
    let job = |step: &Yaml| Job {
        name: text(&step["label"]),
        variables: variables(&document["env"]),
        script: lines(&step["commands"]).join("\n"),
    };
    steps.map(job).collect()
}

/// A scalar as text.
pub fn text(value: &Yaml) -> String {
    match value {
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        other => other.as_str().unwrap_or_else(|| panic!("not text: {other:?}")).to_owned(),
    }
}

/// The texts of a list.
pub fn lines(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap_or_else(|| panic!("not a list: {list:?}")).iter().map(text).collect()
}

/// The texts of a map.
pub fn variables(map: &Yaml) -> BTreeMap<String, String> {
    let Some(map) = map.as_hash() else { return BTreeMap::new() };
    map.iter().map(|(name, value)| (text(name), text(value))).collect()
}
