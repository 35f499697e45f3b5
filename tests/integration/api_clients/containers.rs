//! `examples/local-signer`: the commands, variables and keys of the compose file, the image and the service container.

use std::path::Path;
use std::time::Duration;

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::process::{command, run};
use crate::support::programs;
use crate::support::server::Server;

const SECRET: &str = "NOTATION_AWS_SIGNER_LOCAL_SECRET";

fn example(name: &str) -> String {
    std::fs::read_to_string(programs::source_tree().join("examples/local-signer").join(name)).unwrap()
}

fn yaml(name: &str) -> Yaml {
    YamlLoader::load_from_str(&example(name)).unwrap().remove(0)
}

fn text(value: &Yaml) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value:?}")).to_owned()
}

fn list(value: &Yaml) -> Vec<String> {
    value.as_vec().unwrap_or_else(|| panic!("no list: {value:?}")).iter().map(text).collect()
}

/// Serves with the options of an image's command, but in `dir` and on a free port.
fn serve(command: &[String], secret: &str, dir: &Path) -> Server {
    let [program, serve, dir_option, folder, listen_option, address, options @ ..] = command else {
        panic!("{command:?}");
    };
    assert_eq!([program, serve, dir_option, listen_option], ["local-signer", "serve", "--dir", "--listen"]);
    // The only folder of the image that its user may write to.
    assert!(folder.starts_with("/home/nonroot/"), "{folder}");
    assert_eq!(address, "0.0.0.0:8274");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut command = Server::command(dir, &options);
    command.env(SECRET, secret);
    Server::spawn(command)
}

async fn works(server: &Server, id: &str, secret: &str) {
    let platforms = server.client_as(id, secret, |config| config).list_signing_platforms().send().await.unwrap();
    assert!(!platforms.platforms().is_empty());
}

/// A list of the Dockerfile, after this text, with which a line preferably starts.
fn image_list(before: &str) -> Vec<String> {
    let file = example("Dockerfile");
    let found = file.lines().find(|line| line.starts_with(before)).or(file.lines().find(|line| line.contains(before)));
    serde_json::from_str(found.unwrap().split_once(before).unwrap().1).unwrap()
}

fn image_command() -> Vec<String> {
    image_list("CMD ")
}

/// Runs a health check with the variables of the container, but for the port of `server`.
fn is_healthy(server: &Server, check: &[String], id: &str, secret: &str) {
    let [program, arguments @ ..] = check else { panic!("{check:?}") };
    assert_eq!(program, "/usr/bin/notation-aws-signer");
    let home = tempfile::tempdir().unwrap();
    let mut check = command(programs::tool(), home.path());
    check.args(arguments).env("AWS_ENDPOINT_URL_SIGNER", &server.endpoint).env("AWS_REGION", "us-west-2");
    check.env("AWS_ACCESS_KEY_ID", id);
    run(check.env("AWS_SECRET_ACCESS_KEY", secret), Duration::from_secs(30)).succeeded();
    // It fails where nothing answers.
    check.env("AWS_ENDPOINT_URL_SIGNER", "http://127.0.0.1:1");
    run(&mut check, Duration::from_secs(60)).failed();
}

#[tokio::test]
async fn the_services_of_the_compose_file_know_the_same_keys() {
    let services = &yaml("compose.yaml")["services"];
    let (signer, app) = (&services["local-signer"], &services["app"]["environment"]);
    let (command, secret) = (list(&signer["command"]), text(&signer["environment"][SECRET]));
    assert_eq!(command, image_command());
    assert_eq!(text(&app["AWS_ENDPOINT_URL_SIGNER"]), "http://local-signer:8274");
    assert_eq!(list(&signer["ports"]), ["127.0.0.1:8274:8274"]);
    let dir = tempfile::tempdir().unwrap();
    let server = serve(&command, &secret, dir.path());
    works(&server, &text(&app["AWS_ACCESS_KEY_ID"]), &text(&app["AWS_SECRET_ACCESS_KEY"])).await;
    let (check, environment) = (list(&signer["healthcheck"]["test"]), &signer["environment"]);
    assert_eq!(check[0], "CMD");
    assert_eq!(text(&environment["AWS_ENDPOINT_URL_SIGNER"]), "http://127.0.0.1:8274");
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| text(&environment[name]));
    is_healthy(&server, &check[1..], &keys[0], &keys[1]);
}

#[tokio::test]
async fn the_job_knows_the_keys_of_its_service_container() {
    let job = &yaml("github-actions.yml")["jobs"]["test"];
    let (service, environment) = (&job["services"]["local-signer"], &job["env"]);
    assert_eq!(list(&service["ports"]), ["8274:8274"]);
    assert_eq!(text(&environment["AWS_ENDPOINT_URL_SIGNER"]), "http://127.0.0.1:8274");
    let dir = tempfile::tempdir().unwrap();
    let server = serve(&image_command(), &text(&service["env"][SECRET]), dir.path());
    let id = text(&environment["AWS_ACCESS_KEY_ID"]);
    works(&server, &id, &text(&environment["AWS_SECRET_ACCESS_KEY"])).await;
    assert!(example("Dockerfile").contains(&format!("AWS_ACCESS_KEY_ID={id}\n")));
    is_healthy(&server, &image_list("--retries=15 CMD "), &id, &text(&service["env"]["AWS_SECRET_ACCESS_KEY"]));
}
