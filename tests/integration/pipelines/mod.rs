//! Runs every shell line of `examples/pipelines`, of the GitHub action and of the GitLab components with the local
//! signer and local registries.

mod action;
mod component;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use registry::{Credential, Credentials, Layout, Secret, Store};
use tempfile::TempDir;

use self::yaml::{Job, jobs, text as text_of};
use crate::support::docker_registry::{DockerRegistry, USER};
use crate::support::images::{block_on, push_image, push_index, repository};
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, command, run};

/// A CI runner with the release archive in a folder.
struct Runner {
    _signer: LocalSigner,
    home: TempDir,
    /// The variables set by the CI product or its user.
    variables: BTreeMap<String, String>,
}

impl Runner {
    fn new() -> Runner {
        let signer = LocalSigner::start();
        let profile = signer.put_profile("pipeline");
        let home = tempfile::tempdir().unwrap();
        let archive = archive(home.path());
        let sum = hex::encode(digest(&SHA256, &std::fs::read(&archive).unwrap()));
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let variables = [
            ("RELEASES", format!("file://{}", home.path().display())),
            ("ARCHIVE", archive.file_name().unwrap().to_str().unwrap().to_owned()),
            ("ARCHIVE_SHA256", sum),
            ("SIGNING_PROFILE", profile.arn.clone()),
            ("SIGNER_ROOT", text(signer.root_certificate())),
            ("AWS_ENDPOINT_URL_SIGNER", signer.endpoint.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", text(signer.credentials_file())),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Runner { _signer: signer, home, variables }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Runs a job in its own folder. As in the CI products, the first failing line ends it. Variables that the test
    /// does not set have the pipeline's values.
    #[track_caller]
    fn run(&self, job: &Job, folder: &Path) -> Finished {
        std::fs::create_dir_all(folder).unwrap();
        let mut bash = command("bash", self.home.path());
        bash.args(["-e", "-u", "-o", "pipefail", "-c", &job.script]).current_dir(folder);
        bash.env("RUNNER_TEMP", folder).env("GITHUB_PATH", folder.join("github_path"));
        bash.envs(&job.variables).envs(&self.variables);
        run(&mut bash, Duration::from_secs(120))
    }

    /// Runs all jobs of a pipeline, each in its own folder, and returns their output.
    #[track_caller]
    fn run_all(&self, file: &str, run: usize) -> Vec<Finished> {
        let folder = |number| self.home.path().join(format!("run-{run}-job-{number}"));
        jobs(file).iter().enumerate().map(|(number, job)| self.run(job, &folder(number)).succeeded()).collect()
    }

    /// Asserts that the test sets every variable that users of the pipeline change.
    fn knows_all_variables_of(&self, file: &str) {
        for job in jobs(file) {
            for name in job.variables.keys() {
                assert!(self.variables.contains_key(name), "{file}, {}: {name} is not set by the test", job.name);
            }
        }
    }
}

/// A release archive as made by scripts/package, with the program of this build, which is large: it is packed quickly.
fn archive(folder: &Path) -> PathBuf {
    let name = format!("notation-aws-signer_{}_linux_amd64.tar.gz", env!("CARGO_PKG_VERSION"));
    let program = Path::new(env!("CARGO_BIN_EXE_notation-aws-signer"));
    let mut tar = command("tar", folder);
    tar.args(["-I", "gzip -1", "-cf", &name, "-C"]).arg(program.parent().unwrap()).arg(program.file_name().unwrap());
    run(&mut tar, Duration::from_secs(120)).succeeded();
    folder.join(name)
}

#[test]
fn pipelines_name_the_archive_of_this_version() {
    for file in ["github-actions.yml", "gitlab-ci.yml", "buildspec.yml", "buildkite.yml"] {
        for job in jobs(file) {
            let expected = format!("notation-aws-signer_{}_linux_amd64.tar.gz", env!("CARGO_PKG_VERSION"));
            assert_eq!(job.variables["ARCHIVE"], expected, "{file}, {}", job.name);
        }
    }
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn github_actions_signs_once_and_deploys_only_its_commit() {
    let registry = DockerRegistry::start();
    let mut runner = Runner::new();
    let name = format!("{}/team/app", registry.address);
    let store = repository(&name, Credentials::none());
    let image = block_on(push_image(&store, "built by an action", Some("v1")));
    runner.set("IMAGE", name);
    runner.set("DIGEST", image.digest.to_string());
    runner.set("GITHUB_SHA", "4f1c9a");
    runner.knows_all_variables_of("github-actions.yml");
    for round in 0..2 {
        runner.run_all("github-actions.yml", round);
    }
    assert_eq!(block_on(store.signatures(&image, 10)).unwrap().len(), 1);

    runner.set("GITHUB_SHA", "another");
    let deploy = &jobs("github-actions.yml")[1];
    runner.run(deploy, &runner.home.path().join("other")).exits_with(1).says("commit");
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn gitlab_signs_two_images_in_a_private_registry() {
    let registry = DockerRegistry::start_with_password();
    let mut runner = Runner::new();
    let username = USER.0.to_owned();
    let password = Secret::new(USER.1);
    let credentials =
        || Credentials::given(Credential::Password { username: username.clone(), password: password.clone() });
    for image in ["api", "web"] {
        let store = repository(&format!("{}/group/{image}", registry.address), credentials());
        block_on(push_image(&store, image, Some("5e0c")));
    }
    runner.set("CI_REGISTRY_IMAGE", format!("{}/group", registry.address));
    runner.set("CI_REGISTRY_USER", USER.0);
    runner.set("CI_REGISTRY_PASSWORD", USER.1);
    runner.set("CI_COMMIT_SHORT_SHA", "5e0c");
    runner.set("AWS_TOKEN", "token-of-the-job");
    runner.set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pipeline");
    runner.knows_all_variables_of("gitlab-ci.yml");
    let shown = runner.run_all("gitlab-ci.yml", 0);
    for secret in [USER.1, "token-of-the-job"] {
        assert!(shown.iter().all(|job| !job.stdout.contains(secret) && !job.stderr.contains(secret)), "{shown:?}");
    }
    let files = std::fs::read_dir(runner.home.path()).unwrap().map(|file| file.unwrap().path());
    let is_token = |file: &PathBuf| std::fs::read(file).is_ok_and(|content| content == b"token-of-the-job");
    assert_eq!(files.filter(is_token).count(), 2, "each job writes its AWS token to a file");
    let verified = std::fs::read(runner.home.path().join("run-0-job-1/verified.json")).unwrap();
    let verified: serde_json::Value = serde_json::from_slice(&verified).unwrap();
    assert_eq!(verified["artifacts"].as_array().unwrap().len(), 2, "{verified:#}");
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn code_build_signs_an_index_and_its_images() {
    let registry = DockerRegistry::start();
    let mut runner = Runner::new();
    let name = format!("{}/team/app", registry.address);
    let store = repository(&name, Credentials::none());
    let (index, images) = block_on(push_index(&store, "built by AWS", "17"));
    runner.set("IMAGE", name);
    runner.set("CODEBUILD_BUILD_NUMBER", "17");
    runner.set("CODEBUILD_RESOLVED_SOURCE_VERSION", "4f1c9a");
    runner.knows_all_variables_of("buildspec.yml");
    for round in 0..2 {
        runner.run_all("buildspec.yml", round);
    }
    for signed in [&index, &images[0], &images[1]] {
        assert_eq!(block_on(store.signatures(signed, 10)).unwrap().len(), 1, "{}", signed.digest);
    }
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn buildkite_publishes_an_image_with_its_signature() {
    let registry = DockerRegistry::start();
    let mut runner = Runner::new();
    let name = format!("{}/team/app", registry.address);
    runner.set("IMAGE", &name);
    runner.set("BUILDKITE_TAG", "v1");
    runner.set("BUILDKITE_BUILD_NUMBER", "17");
    runner.knows_all_variables_of("buildkite.yml");
    let folder = runner.home.path().join("run-0-job-0");
    std::fs::create_dir_all(&folder).unwrap();
    let layout = Store::Layout(Layout::create(folder.join("image")).unwrap());
    let image = block_on(push_image(&layout, "built as a folder", Some("v1")));
    for _twice in 0..2 {
        runner.run_all("buildkite.yml", 0);
    }
    let store = repository(&name, Credentials::none());
    assert_eq!(block_on(store.signatures(&image, 10)).unwrap().len(), 1);
}
