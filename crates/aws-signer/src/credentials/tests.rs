//! Roles that the configuration names, with an STS that records what it is asked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::environment::Environment;
use crate::shared_config::SharedConfig;

const OWN: &str = "arn:aws:iam::111122223333:role/pod";
const OTHER: &str = "arn:aws:iam::444455556666:role/ecr-read";
const GOV: &str = "arn:aws-us-gov:iam::444455556666:role/signer";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];

/// A request to STS: the action, the role, and the access key and the region of its signature.
type Asked = (String, String, String, String);

/// An STS that gives credentials, or refuses.
struct Sts {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Sts {
    fn start(refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &seen, refuses);
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Vec<Asked>>, refuses: bool) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let parameter = |name: &str| {
        let found = body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
    };
    let scope = head.split("Credential=").nth(1).unwrap_or_default().split(',').next().unwrap_or_default();
    let part = |number| scope.split('/').nth(number).unwrap_or_default().to_owned();
    let action = parameter("Action");
    seen.lock().unwrap().push((action.clone(), parameter("RoleArn"), part(0), part(2)));
    let (status, body) = if refuses {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>\
                    <RequestId>r</RequestId></ErrorResponse>";
        (403, body.to_owned())
    } else {
        let key = if action == "AssumeRole" { "ASIAASSUMED" } else { "ASIAWEBIDENTITY" };
        let body = format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
        );
        (200, body)
    };
    let head = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-type: text/xml\r\n");
    let _ = stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
}

/// A file with the token of a web identity.
fn token() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "hunter2-token\n").unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn sources(sts: &Sts, variables: &[(&str, &str)], region: &str, role: Option<&str>) -> CredentialsSources {
    let variables = variables.iter().copied().chain([("AWS_ENDPOINT_URL_STS", sts.url.as_str())]);
    let environment: Environment = variables.chain([("AWS_EC2_METADATA_DISABLED", "true")]).collect();
    let settings = AwsSettings::new(environment, SharedConfig::default(), None);
    let role = role.map(|role| role.parse().unwrap());
    let http = BoundedHttpClient::default();
    CredentialsSources::new(settings, region.parse().unwrap(), &http, Journal::default(), None, role)
}

/// The access key that is used in a region with a role, or the error.
async fn found(sts: &Sts, variables: &[(&str, &str)], region: &str, role: Option<&str>) -> Result<String, String> {
    let found = sources(sts, variables, region, role).credentials().await;
    found.map(|found| found.access_key_id().to_owned()).map_err(|why| why.to_string())
}

fn asked(action: &str, role: &str, key: &str, region: &str) -> Asked {
    [action, role, key, region].map(str::to_owned).into()
}

#[tokio::test]
async fn assumes_a_role_with_the_credentials_of_the_process() {
    for (region, role) in [("us-west-2", OTHER), ("us-gov-west-1", GOV)] {
        let sts = Sts::start(false);
        assert_eq!(found(&sts, &KEYS, region, Some(role)).await.unwrap(), "ASIAASSUMED");
        assert_eq!(sts.asked(), [asked("AssumeRole", role, "AKIAENV", region)]);
    }
}

#[tokio::test]
async fn exchanges_a_web_identity_in_the_partition_of_the_role() {
    let (_folder, token) = token();
    let identity =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", OWN), ("AWS_REGION", "us-east-1")];
    let sts = Sts::start(false);
    assert_eq!(found(&sts, &identity, "us-gov-west-1", Some(GOV)).await.unwrap(), "ASIAWEBIDENTITY");
    // The token is the proof: the request has no signature, and no credentials of the other partition.
    assert_eq!(sts.asked(), [asked("AssumeRoleWithWebIdentity", GOV, "", "")]);

    // Without a role of its own, the web identity is for the role that is wanted.
    let sts = Sts::start(false);
    assert_eq!(found(&sts, &identity[..1], "us-west-2", Some(OTHER)).await.unwrap(), "ASIAWEBIDENTITY");
    assert_eq!(sts.asked(), [asked("AssumeRoleWithWebIdentity", OTHER, "", "")]);
}

#[tokio::test]
async fn assumes_a_role_of_the_same_partition_with_the_role_of_the_web_identity() {
    let (_folder, token) = token();
    let identity =
        [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", OWN), ("AWS_REGION", "us-east-1")];
    let sts = Sts::start(false);
    assert_eq!(found(&sts, &identity, "us-west-2", Some(OTHER)).await.unwrap(), "ASIAASSUMED");
    let steps =
        [asked("AssumeRoleWithWebIdentity", OWN, "", ""), asked("AssumeRole", OTHER, "ASIAWEBIDENTITY", "us-east-1")];
    assert_eq!(sts.asked(), steps);

    // A role is not assumed with itself.
    let sts = Sts::start(false);
    assert_eq!(found(&sts, &identity, "us-west-2", Some(OWN)).await.unwrap(), "ASIAWEBIDENTITY");
    assert_eq!(sts.asked(), [asked("AssumeRoleWithWebIdentity", OWN, "", "")]);
}

#[tokio::test]
async fn without_a_role_the_credentials_are_used_as_found() {
    let (_folder, token) = token();
    let sts = Sts::start(false);
    assert_eq!(found(&sts, &KEYS, "us-west-2", None).await.unwrap(), "AKIAENV");
    assert_eq!(sts.asked(), []);
    let identity = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", OWN)];
    assert_eq!(found(&sts, &identity, "us-west-2", None).await.unwrap(), "ASIAWEBIDENTITY");
    let why = found(&sts, &identity[..1], "us-west-2", None).await.unwrap_err();
    assert!(why.starts_with("AWS_ROLE_ARN is not set"), "{why}");
}

#[tokio::test]
async fn a_role_of_another_partition_is_not_sent_anywhere() {
    let sts = Sts::start(false);
    let why = found(&sts, &KEYS, "us-gov-west-1", Some(OTHER)).await.unwrap_err();
    assert_eq!(
        why,
        format!(
            "the role {OTHER} belongs to the partition aws, and cannot be used in us-gov-west-1, which is in aws-us-gov"
        )
    );
    assert_eq!(sts.asked(), []);
}

#[tokio::test]
async fn errors_name_the_role() {
    let (_folder, token) = token();
    let identity = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", OWN)];
    for (variables, region, role, words) in [
        (&KEYS[..], "us-west-2", OTHER, format!("STS (AssumeRole of {OTHER}) at 127.0.0.1")),
        (&identity[..], "us-gov-west-1", GOV, format!("STS (AssumeRoleWithWebIdentity of {GOV}) at 127.0.0.1")),
    ] {
        let sts = Sts::start(true);
        let why = found(&sts, variables, region, Some(role)).await.unwrap_err();
        assert!(why.starts_with(&words) && why.contains("refused: AccessDenied"), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}

#[tokio::test]
async fn a_failure_that_was_found_early_is_reported_once() {
    let sts = Sts::start(true);
    let sources = sources(&sts, &KEYS, "us-west-2", Some(OTHER));
    sources.prepare().await;
    for asked in [1, 2] {
        assert!(matches!(sources.credentials().await, Err(CredentialsFailure::Refused(_))));
        assert_eq!(sts.asked().len(), asked);
    }
}
