//! Sources of credentials: what they give, and what an error says about them.

use std::time::Instant;

use super::*;
use crate::support::process::{free_port, run};

const SSO_PROFILE: &str = "[sso-session corp]\nsso_start_url = https://corp.example.com/start\nsso_region = eu-west-1\n\
                           [profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Builder\n";
/// The file is named by the SHA-1 of `corp`.
const OF_SESSION: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
/// The same of the URL.
const OF_URL: &str = ".aws/sso/cache/320c065519a2fc37b0f28a1bd477dc924a630080.json";

fn sso_token(expires: &str) -> String {
    json!({ "startUrl": "https://corp.example.com/start", "region": "eu-west-1", "accessToken": "hunter2", "expiresAt": expires })
        .to_string()
}

fn role_credentials() -> Service {
    let body = json!({ "roleCredentials": { "accessKeyId": SSO, "secretAccessKey": "s", "sessionToken": "t",
        "expiration": 4_070_908_800_000_u64 } });
    Service::answering(200, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

#[test]
fn line_feeds_around_keys_are_left_out() {
    let world = World::new().env("AWS_ACCESS_KEY_ID", "AKIAENV\n").env("AWS_SECRET_ACCESS_KEY", "s\r\n");
    let checked = world.env("AWS_SESSION_TOKEN", "t\n").run();
    checked.was_made_by("AKIAENV");
    assert_eq!(checked.signer.requests()[0].header("x-amz-security-token"), Some("t"));
}

#[test]
fn a_control_character_inside_a_key_is_named() {
    for (id, secret, token, name) in [
        ("AKIA\nENV", "s", "t", "AWS_ACCESS_KEY_ID"),
        ("AKIAENV", "hunter2\nx", "t", "AWS_SECRET_ACCESS_KEY"),
        ("AKIAENV", "s", "hunter2\rx", "AWS_SESSION_TOKEN"),
    ] {
        let world = World::new().env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
        world.env("AWS_SESSION_TOKEN", token).run().was_not_made(&[name, "line feed"]);
    }
    let keys = json!({ "Version": 1, "AccessKeyId": "AKIA\nX", "SecretAccessKey": "hunter2" });
    let world = World::new().file("keys", keys.to_string());
    let config = format!("[default]\ncredential_process = cat {}\n", world.path("keys").display());
    world.file(".aws/config", config).run().was_not_made(&["aws_access_key_id", "credential_process"]);
}

#[test]
fn a_variable_that_is_not_text_is_ignored() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let world = World::new().env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "s");
    world.env("UNRELATED", OsStr::from_bytes(b"\xff")).run().was_made_by("AKIAENV");
}

#[test]
fn half_a_pair_of_keys_is_not_replaced_by_the_machine() {
    let instance = metadata(Vec::new());
    let world = World::new().on_instance(&instance).env("AWS_ACCESS_KEY_ID", "AKIAENV");
    world.run().was_not_made(&["AWS_SECRET_ACCESS_KEY is not set"]);
    assert_eq!(instance.connections(), 0);
}

#[test]
fn instance_metadata_may_take_its_time() {
    let slow = metadata(vec![Duration::from_millis(1500)]);
    World::new().on_instance(&slow).run().was_made_by(MACHINE);
}

#[test]
fn instance_metadata_that_never_answers_is_named_with_the_hop_limit() {
    let silent = silent();
    let checked = World::new().on_instance(&silent).setting("aws-signer-timeout", "1").run();
    checked.was_not_made(&["instance metadata", &silent.address().to_string(), "within 1 s", "hop limit"]);
}

#[test]
fn timeout_and_attempts_of_instance_metadata_count() {
    let slow = || metadata(vec![Duration::from_secs(3), Duration::from_secs(3)]);
    let short = || World::new().env("AWS_METADATA_SERVICE_TIMEOUT", "0.3");
    let instance = slow();
    let began = Instant::now();
    short().on_instance(&instance).run().was_not_made(&["instance metadata"]);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    short().env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3").on_instance(&slow()).run().was_made_by(MACHINE);
    for (name, value) in [("AWS_METADATA_SERVICE_TIMEOUT", "soon"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0")] {
        World::new().on_instance(&instance).env(name, value).run().was_not_made(&[name, value]);
    }
}

#[test]
fn a_role_of_a_container_is_used_and_its_token_checked() {
    let keys =
        json!({ "AccessKeyId": CONTAINER, "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z" });
    let container = Service::answering(200, &[], keys.to_string().as_bytes());
    let url = format!("{}/v1/credentials", container.url());
    let world = || World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url);
    world().env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2").run().was_made_by(CONTAINER);
    let token = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    world().env(token, "hunter2\n").run().was_made_by(CONTAINER);
    world().env(token, "hun\nter2").run().was_not_made(&[token, "line feed"]);
    let with_file = |content: &str| {
        let world = world().file("token", content);
        let file = world.path("token");
        (world.env(&format!("{token}_FILE"), &file), file.to_str().unwrap().to_owned())
    };
    with_file("from-file\r\n").0.run().was_made_by(CONTAINER);
    let sent: Vec<_> =
        container.requests().iter().map(|sent| sent.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, ["hunter2", "hunter2", "from-file"].map(|token| Some(token.to_owned())));
    let (world_with, file) = with_file("hunter2\nx\n");
    let said = world_with.run().was_not_made(&[&file, "contains a line feed"]);
    assert!(!said.contains("cannot be read"), "{said}");
    let (world_with, file) = with_file("\n");
    world_with.run().was_not_made(&[&file, "is empty"]);
    world().env(&format!("{token}_FILE"), "/nowhere/token").run().was_not_made(&["/nowhere/token"]);
}

#[test]
fn a_container_that_gives_no_role_is_named_with_its_host() {
    let refusing = Service::answering(403, &[], b"");
    let host = refusing.address().to_string();
    let world = World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1", refusing.url()));
    world.run().was_not_made(&["the credentials endpoint of the container", &host, "HTTP status 403"]);
    let down = format!("127.0.0.1:{}", free_port());
    let world = World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{down}/v1"));
    let words = ["the credentials endpoint of the container", &down, "could not be reached: Connection refused"];
    let said = world.run().was_not_made(&words);
    assert!(said.contains("names is running") && !said.contains("network"), "{said}");
}

#[test]
fn a_web_identity_is_exchanged_at_sts() {
    let service = sts(None);
    let world = World::new().web_identity("a.b.c\n").env("AWS_ENDPOINT_URL_STS", service.url());
    world.run().was_made_by(WEB_IDENTITY);
    assert_eq!(parameter(&service.requests()[0], "WebIdentityToken").as_deref(), Some("a.b.c"));
}

#[test]
fn a_web_identity_that_cannot_be_exchanged_says_why() {
    let world = World::new().env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    world.run().was_not_made(&["/nowhere/token", "AssumeRoleWithWebIdentity", "mounted"]);
    let world = World::new().env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    world.run().was_not_made(&["AWS_ROLE_ARN"]);
    let world = World::new().env("AWS_ROLE_ARN", ROLE);
    world.run().was_not_made(&["AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE"]);
    for (code, words) in
        [("InvalidIdentityToken", "Check"), ("ExpiredToken", "Renew"), ("AccessDenied", "trust policy")]
    {
        let service = sts(Some(code));
        let world = World::new().web_identity("a.b.c").env("AWS_ENDPOINT_URL_STS", service.url());
        let host = service.address().to_string();
        world.run().was_not_made(&["STS (AssumeRoleWithWebIdentity", ROLE, &host, code, "the message of STS", words]);
    }
    let silent = silent();
    let world = World::new().web_identity("a.b.c").env("AWS_ENDPOINT_URL_STS", silent.url());
    let host = silent.address().to_string();
    world.setting("aws-signer-timeout", "1").run().was_not_made(&["STS", ROLE, &host, "within 1 s"]);
}

#[test]
fn an_sso_login_is_exchanged_for_the_role() {
    let service = role_credentials();
    let world = || {
        let world = World::new().file(".aws/config", SSO_PROFILE).env("AWS_PROFILE", "dev");
        world.env("AWS_ENDPOINT_URL_SSO", service.url())
    };
    world().file(OF_SESSION, sso_token("2099-01-01T00:00:00Z")).run().was_made_by(SSO);
    world().file(OF_SESSION, sso_token("2099-01-01T00:00:00UTC")).run().was_made_by(SSO);
    assert!(service.requests().iter().all(|request| request.header("x-amz-sso_bearer_token") == Some("hunter2")));
}

#[test]
fn an_sso_login_that_has_ended_says_how_to_log_in() {
    let help = "aws sso login --profile dev";
    let world = || World::new().file(".aws/config", SSO_PROFILE).env("AWS_PROFILE", "dev");
    world().run().was_not_made(&["\"dev\"", "no login", help]);
    world().file(OF_SESSION, sso_token("2020-01-01T00:00:00Z")).run().was_not_made(&["expired", help]);
    world().file(OF_SESSION, "{").run().was_not_made(&[OF_SESSION, help]);
    let refusal = br#"{"message":"Session token not found or invalid"}"#;
    let refusing = Service::answering(401, &[("x-amzn-ErrorType", "UnauthorizedException")], refusal);
    let world = world().file(OF_SESSION, sso_token("2099-01-01T00:00:00Z"));
    let checked = world.env("AWS_ENDPOINT_URL_SSO", refusing.url()).run();
    checked.was_not_made(&["Session token not found", help]);
}

#[test]
fn an_sso_login_is_renewed_or_has_ended() {
    let mut token: Value = serde_json::from_str(&sso_token("2020-01-01T00:00:00Z")).unwrap();
    for (key, value) in [("refreshToken", "r"), ("clientId", "c"), ("clientSecret", "s")] {
        token[key] = value.into();
    }
    token["registrationExpiresAt"] = "2099-01-01T00:00:00Z".into();
    let service = role_credentials();
    let world = |oidc: &Service| {
        let world = World::new().file(".aws/config", SSO_PROFILE).file(OF_SESSION, token.to_string());
        let world = world.env("AWS_PROFILE", "dev").env("AWS_ENDPOINT_URL_SSO", service.url());
        world.env("AWS_ENDPOINT_URL_SSO_OIDC", oidc.url())
    };
    let json = [("Content-Type", "application/json")];
    let refusing = Service::answering(400, &json, br#"{"error":"invalid_grant"}"#);
    world(&refusing).run().was_not_made(&["could not be renewed", "aws sso login --profile dev"]);
    assert_eq!((refusing.connections(), service.connections()), (1, 0));
    let renewing = Service::answering(200, &json, br#"{"accessToken":"new","expiresIn":3600}"#);
    world(&renewing).run().was_made_by(SSO);
    assert_eq!(service.requests()[0].header("x-amz-sso_bearer_token"), Some("new"));
}

#[test]
fn a_login_without_a_session_is_remembered_by_its_url() {
    let profile = "[profile dev]\nsso_start_url = https://corp.example.com/start\nsso_region = eu-west-1\n\
                   sso_account_id = 111122223333\nsso_role_name = Builder\n";
    let service = role_credentials();
    let world = World::new().file(".aws/config", profile).file(OF_URL, sso_token("2099-01-01T00:00:00Z"));
    world.env("AWS_PROFILE", "dev").env("AWS_ENDPOINT_URL_SSO", service.url()).run().was_made_by(SSO);
}

#[test]
fn a_credential_process_that_fails_says_what_it_wrote() {
    for (command, words) in [
        ("sh -c 'echo wrong password >&2; exit 3'", ["\"dev\" failed with exit status: 3", "wrong password"]),
        ("echo nonsense", ["\"dev\"", "did not print credentials"]),
        ("echo '{\"Version\":2,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"hunter2\"}'", ["\"dev\"", "version 2"]),
    ] {
        let world = World::new().file(".aws/config", format!("[profile dev]\ncredential_process = {command}\n"));
        world.env("AWS_PROFILE", "dev").run().was_not_made(&words);
    }
    let world = World::new().file(".aws/config", "[profile dev]\ncredential_process = sleep 30\n");
    let checked = world.env("AWS_PROFILE", "dev").setting("aws-signer-timeout", "1").run();
    checked.was_not_made(&["credential_process", "\"dev\"", "within 1 s"]);
}

#[test]
fn a_credential_process_may_leave_a_program_behind() {
    let keys = json!({ "Version": 1, "AccessKeyId": FILE, "SecretAccessKey": "s" });
    let world = World::new().file("keys", keys.to_string());
    let keys = world.path("keys");
    // The home folder ends with the command.
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = format!("sleep 60 & echo $! > {}; cat {}", pid.display(), keys.display());
    let config = format!("[default]\ncredential_process = {command}\n");
    let began = Instant::now();
    let checked = world.file(".aws/config", config).setting("aws-signer-timeout", "30").run();
    let took = began.elapsed();
    let pid = std::fs::read_to_string(pid).unwrap();
    run(std::process::Command::new("kill").arg(pid.trim()), Duration::from_secs(10)).succeeded();
    checked.was_made_by(FILE);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn a_refusal_names_the_keys_of_the_source_in_use() {
    let refusal = br#"{"__type":"ExpiredTokenException","message":"expired"}"#;
    let run = |world: World| {
        let signer = Service::answering(403, &[("x-amzn-ErrorType", "ExpiredTokenException")], refusal);
        let world = world.env("AWS_ENDPOINT_URL_SIGNER", signer.url());
        world.run().was_not_made(&["ExpiredTokenException"])
    };
    let world = World::new().env("AWS_ACCESS_KEY_ID", "ASIAENV").env("AWS_SECRET_ACCESS_KEY", "s");
    let said = run(world.env("AWS_SESSION_TOKEN", "t"));
    assert!(said.contains("AWS_SESSION_TOKEN"), "{said}");
    let config = format!("[profile ci]\n{KEYS}");
    let said = run(World::new().file(".aws/config", &config).env("AWS_PROFILE", "ci"));
    assert!(said.contains("the AWS profile \"ci\"") && !said.contains("AWS_ACCESS_KEY_ID"), "{said}");
}
