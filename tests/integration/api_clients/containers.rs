//! `examples/local-signer`: the commands, variables and keys of the compose file, the image and the service container.

use std::path::Path;

use yaml_rust2::{Yaml, YamlLoader};

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

/// The command of the image, from the last line of the Dockerfile.
fn image_command() -> Vec<String> {
    let file = example("Dockerfile");
    let command = file.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    serde_json::from_str(command).unwrap()
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
}

#[tokio::test]
async fn the_job_knows_the_keys_of_its_service_container() {
    let job = &yaml("github-actions.yml")["jobs"]["test"];
    let (service, environment) = (&job["services"]["local-signer"], &job["env"]);
    assert_eq!(list(&service["ports"]), ["8274:8274"]);
    assert_eq!(text(&environment["AWS_ENDPOINT_URL_SIGNER"]), "http://127.0.0.1:8274");
    let dir = tempfile::tempdir().unwrap();
    let server = serve(&image_command(), &text(&service["env"][SECRET]), dir.path());
    works(&server, &text(&environment["AWS_ACCESS_KEY_ID"]), &text(&environment["AWS_SECRET_ACCESS_KEY"])).await;
}
