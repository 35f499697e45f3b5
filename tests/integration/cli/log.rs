//! The log written with `-v`, `-vv` and `NOTATION_AWS_SIGNER_LOG`, and the secrets that must not be in it.

use std::path::Path;

use registry::{Credential, Credentials, Secret};

use crate::support::cli::Cli;
use crate::support::docker_registry::{DockerRegistry, USER};
use crate::support::fault::{FaultServer, Reply};
use crate::support::images::{block_on, push_image, repository};
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, command, run};

/// Runs the command as the registry's user, with the password on standard input.
fn run_as_user(cli: &Cli, password: &str, log: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let file = cli.home().join("password");
    std::fs::write(&file, password).unwrap();
    let mut command = cli.command(arguments);
    command.args(["--username", USER.0, "--password-stdin"]).stdin(std::fs::File::open(file).unwrap());
    run(command.envs(log.iter().copied()), std::time::Duration::from_secs(60))
}

fn secret_access_key(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("aws_secret_access_key")).unwrap();
    line.trim_start_matches([' ', '=']).to_owned()
}

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn logs_steps_and_requests_without_secrets() {
    let registry = DockerRegistry::start_with_password();
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let profile = signer.put_profile("logged");
    let credentials = Credential::Password { username: USER.0.to_owned(), password: Secret::new(USER.1) };
    let name = format!("{}/team/app", registry.address);
    let pushed = block_on(push_image(&repository(&name, Credentials::given(credentials)), "logged", Some("v1")));
    let image = format!("{name}:v1");
    let root = signer.root_certificate();
    let sign = ["sign", &image, "--profile", &profile.arn];
    let verify = ["verify", &image, "--trusted-profile", &profile.arn, "--root", root.to_str().unwrap()];

    let done = run_as_user(&cli, USER.1, &[], &[&sign[..], &["-v"]].concat()).succeeded();
    for said in ["resolved", pushed.digest.as_str(), "signing", &profile.arn, "us-west-2", "signed", "attached"] {
        assert!(done.stderr.contains(said), "{said}: {done}");
    }
    assert!(!done.stderr.contains("DEBUG"), "{done}");
    let signed = run_as_user(&cli, USER.1, &[], &[&sign[..], &["-vv"]].concat()).succeeded();
    let verified = run_as_user(&cli, USER.1, &[], &[&verify[..], &["-vv"]].concat()).succeeded();
    for said in ["/v2/team/app/manifests/v1", "status=200", "ms=", "found=2", "revocation", "GetRevocationStatus"] {
        assert!(verified.stderr.contains(said), "{said}: {verified}");
    }
    assert!(signed.stderr.contains("SignPayload") && signed.stderr.contains("PUT http"), "{signed}");

    let file = cli.home().join("trace.log");
    let log = [("NOTATION_AWS_SIGNER_LOG", "trace"), ("NOTATION_AWS_SIGNER_LOG_FILE", file.to_str().unwrap())];
    run_as_user(&cli, USER.1, &log, &sign).succeeded();
    run_as_user(&cli, USER.1, &log, &verify).succeeded();
    let logged = std::fs::read_to_string(&file).unwrap();
    for line in logged.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    }
    assert!(logged.contains("SignPayload") && logged.contains("GetRevocationStatus"), "{logged}");

    // Basic authentication sends user name and password in base64.
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{}:{}", USER.0, USER.1));
    for secret in [USER.1, &encoded, &secret_access_key(&signer.credentials_file())] {
        for text in [&done.stderr, &signed.stderr, &verified.stderr, &logged] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn names_the_file_that_cannot_be_a_log() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| home.path().join(name);
    std::os::unix::fs::symlink("nowhere", file("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(file("socket")).unwrap();
    for (name, words) in [("link", "a symbolic link to nothing"), ("socket", "not a regular file")] {
        let mut version = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
        version.env("NOTATION_AWS_SIGNER_LOG", "debug").env("NOTATION_AWS_SIGNER_LOG_FILE", file(name));
        let done = run(version.arg("version"), std::time::Duration::from_secs(60)).succeeded();
        done.says(&format!("the log file {} cannot be written: it is {words};", file(name).display()));
    }
}

#[test]
fn does_not_log_registry_tokens() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let server = FaultServer::start(|request| match request.path.starts_with("/token") {
        true => Reply::content("application/json", r#"{"token":"hunter2-token"}"#),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", realm)], Vec::new())
        }
    });
    let image = format!("{}/team/app:v1", server.address);
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo";
    let verify = ["verify", &image, "--trusted-profile", profile, "-vv"];
    let anonymous = cli.run(&["list", &image]).exits_with(2);
    assert!(anonymous.stderr.contains("pass --username NAME --password-stdin"), "{anonymous}");
    let refused = run_as_user(&cli, "hunter2-password", &[], &verify).exits_with(2).says("/token?service=s");
    assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"), "{refused}");
}

#[test]
fn errors_name_the_options_of_the_tool() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let file = cli.home().join("file");
    std::fs::write(&file, "content").unwrap();
    let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo";
    let sign = ["blob", "sign", file.to_str().unwrap(), "--profile", arn, "--media-type", "text/plain"];
    cli.run(&[&sign[..], &["--aws-region", "us-east-1"]].concat()).exits_with(2).says("remove --aws-region, or");
    let named = cli.run(&[&sign[..], &["--aws-profile", "nobody"]].concat()).exits_with(2);
    assert!(named.stderr.contains("name another with --aws-profile"), "{named}");
    let mut without = cli.command(&sign);
    without.env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    let without = run(&mut without, std::time::Duration::from_secs(60)).exits_with(2);
    assert!(without.stderr.contains("or name a profile of the AWS configuration with --aws-profile"), "{without}");
    let verify = cli.run(&["verify", "oci:layout"]).exits_with(2);
    for said in ["`notation-aws-signer setup`", "`notation-aws-signer policy init`", "--trusted-profile"] {
        assert!(verify.stderr.contains(said), "{said}: {verify}");
    }
}

#[test]
fn warns_about_an_unknown_log_level_and_continues() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let mut list = cli.command(&["trust", "list"]);
    let listed = run(list.env("NOTATION_AWS_SIGNER_LOG", "bogus"), std::time::Duration::from_secs(60)).succeeded();
    assert!(listed.stderr.contains("NOTATION_AWS_SIGNER_LOG has the unknown level \"bogus\""), "{listed}");
}
