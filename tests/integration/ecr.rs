//! Amazon ECR without a credential helper: a fake ECR API issues tokens for registries that require a password. The
//! registries are reached under ECR's names through a proxy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::reference::Reference;
use registry::{ClientOptions, Credentials, PlainHttp, RegistryClient};
use serde_json::json;

use crate::support::child::{is_child, run_alone};
use crate::support::fault::{FaultServer, Reply, Request};
use crate::support::service::{ReceivedRequest, Service, answer, send, tunnel};

const TEST: &str = "gets_ecr_tokens_without_a_helper";
const PRIVATE: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app:v1";
const OTHER_ACCOUNT: &str = "210987654321.dkr.ecr.us-west-2.amazonaws.com/team/app:v1";
const PUBLIC: &str = "public.ecr.aws/team/app:v1";
const ELSEWHERE: &str = "registry.invalid/team/app:v1";
const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "hunter2-secret")];
const USER: &str = "AWS:hunter2-token";
const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;

/// Run in the child process: resolves each image eight times at once.
async fn resolve_all() {
    let mut options = ClientOptions::default();
    options.plain_http = PlainHttp::Always;
    let client = RegistryClient::new(options, Credentials::from_environment());
    for image in std::env::var("IMAGES").unwrap().split(',') {
        let image: Reference = image.parse().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let repository = client.repository(image.repository()).unwrap();
            let target = image.target().clone();
            tasks.spawn(async move { repository.resolve(&target).await.map(|found| found.digest.to_string()) });
        }
        for result in tasks.join_all().await {
            println!(
                "{image}: {}",
                result.unwrap_or_else(|why| format!("{why} {why:?} {:?}", why.advice())).replace('\n', " ")
            );
        }
    }
}

/// An ECR API whose tokens expire in this many seconds.
fn ecr(expires_in: i64) -> Service {
    Service::start(move |request, stream| {
        let expires = time::OffsetDateTime::now_utc().unix_timestamp() + expires_in;
        let data = json!({"authorizationToken": STANDARD.encode(USER), "expiresAt": expires});
        let is_public = request.credential()[2] == "ecr-public";
        let body = json!({"authorizationData": if is_public { data } else { json!([data]) }}).to_string();
        send(stream, &answer(200, &[("Content-Type", "application/x-amz-json-1.1")], body.as_bytes()));
    })
}

/// What the registries answer: they require a password, except ECR Public, which also issues anonymous tokens.
fn registry(host: &str, path: &str, authorization: Option<&str>) -> Reply {
    let basic = format!("Basic {}", STANDARD.encode(USER));
    let challenge = |value: &str| Reply::Answer(401, vec![("WWW-Authenticate", value.to_owned())], Vec::new());
    match authorization {
        _ if path.contains("/token/") => Reply::content("application/json", r#"{"token":"anybody"}"#),
        Some(given) if given == basic || given == "Bearer anybody" => {
            Reply::content("application/vnd.oci.image.manifest.v1+json", MANIFEST)
        }
        _ if host == "public.ecr.aws" => {
            challenge(r#"Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws""#)
        }
        _ => challenge(r#"Basic realm="ecr",service="ecr.amazonaws.com""#),
    }
}

/// The registries of ECR with TLS, and their certificate.
fn registries() -> (FaultServer, String) {
    let hosts = [PRIVATE, OTHER_ACCOUNT, PUBLIC].map(|image| image.split('/').next().unwrap());
    FaultServer::start_tls_for(&hosts, |request| {
        registry(request.header("Host").unwrap_or_default(), &request.path, request.header("Authorization"))
    })
}

/// A proxy to the registries of ECR. Other registries are reached without TLS; they demand a password.
fn proxy(registries: &FaultServer) -> Service {
    let address = registries.address;
    Service::start(move |request, stream| match request.method.as_str() {
        "CONNECT" => tunnel(stream, address),
        _ => send(stream, &answer(401, &[("WWW-Authenticate", r#"Basic realm="other""#)], b"")),
    })
}

/// What the registries received.
struct Seen {
    /// Requests to ECR.
    ecr: Vec<Request>,
    /// Requests to the proxy.
    proxy: Vec<ReceivedRequest>,
}

/// Runs the child; returns its output and the requests.
fn run(ecr: &Service, images: &[&str], more: &[(&str, &str)]) -> (String, Seen) {
    let home = tempfile::tempdir().unwrap();
    let (registries, certificate) = registries();
    let proxy = proxy(&registries);
    let url = proxy.url();
    let endpoint = ecr.url();
    let images = images.join(",");
    let authority = home.path().join("authority.pem");
    std::fs::write(&authority, certificate).unwrap();
    let mut environment = vec![
        ("HOME", home.path().to_str().unwrap()),
        ("http_proxy", url.as_str()),
        ("https_proxy", url.as_str()),
        ("no_proxy", "127.0.0.1"),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
        ("AWS_ENDPOINT_URL_ECR", endpoint.as_str()),
        ("AWS_ENDPOINT_URL_ECR_PUBLIC", endpoint.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("IMAGES", images.as_str()),
    ];
    environment.extend(more);
    let printed = run_alone(module_path!(), TEST, &environment);
    assert!(!printed.contains("hunter2"), "{printed}");
    (printed, Seen { ecr: registries.seen(), proxy: proxy.requests() })
}

#[tokio::test(flavor = "multi_thread")]
async fn gets_ecr_tokens_without_a_helper() {
    if is_child() {
        return resolve_all().await;
    }
    tokio::task::block_in_place(|| {
        let ecr = ecr(43_200);
        let (printed, seen) = run(&ecr, &[PRIVATE, OTHER_ACCOUNT, PUBLIC], &KEY);
        assert_eq!(printed.matches(": sha256:").count(), 24, "{printed}");
        // One token per region and service, for all registries and tasks.
        let asked = ecr.requests();
        let scopes: Vec<_> = asked.iter().map(ReceivedRequest::credential).collect();
        assert_eq!(scopes, [["AKIDTEST", "us-west-2", "ecr"], ["AKIDTEST", "us-east-1", "ecr-public"]]);
        assert!(asked[0].header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256 "));
        assert!(asked[0].header("x-amz-target").unwrap().ends_with(".GetAuthorizationToken"));
        // Although plain HTTP is allowed for all registries, ECR is reached with TLS only.
        assert!(seen.proxy.iter().all(|request| request.method == "CONNECT"), "{:?}", seen.proxy);
        assert!(seen.ecr.iter().any(|request| request.header("Authorization").is_some()));
    });
}

#[test]
fn does_not_cache_a_token_that_expires_soon() {
    let ecr = ecr(60);
    let (printed, _) = run(&ecr, &[PRIVATE, OTHER_ACCOUNT], &KEY);
    assert_eq!(printed.matches(": sha256:").count(), 16, "{printed}");
    assert_eq!(ecr.requests().len(), 2);
}

#[test]
fn sends_tokens_only_to_ecr() {
    let ecr = ecr(43_200);
    let (printed, seen) = run(&ecr, &[PRIVATE, ELSEWHERE], &KEY);
    assert!(printed.contains(&format!("{ELSEWHERE}: GET http://registry.invalid/")), "{printed}");
    assert!(printed.contains("requires a user name and password"), "{printed}");
    let elsewhere: Vec<_> = seen.proxy.iter().filter(|request| request.target.contains("registry.invalid")).collect();
    assert!(!elsewhere.is_empty() && elsewhere.iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn without_aws_credentials_only_ecr_public_works() {
    let ecr = ecr(43_200);
    let (printed, seen) = run(&ecr, &[PRIVATE, PUBLIC], &[]);
    let said = "GetAuthorizationToken of ECR in us-west-2 was not made: there are no AWS credentials";
    assert!(printed.contains(said), "{printed}");
    assert!(printed.contains("ProvideAwsCredentials { action: \"ecr:GetAuthorizationToken\""), "{printed}");
    assert_eq!(printed.matches(": sha256:").count(), 8, "{printed}");
    assert!(ecr.requests().is_empty());
    assert!(seen.ecr.iter().any(|request| request.header("Authorization") == Some("Bearer anybody")));
}

#[test]
fn reports_the_error_of_iam() {
    let body = r#"{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/u is not authorized to perform: ecr:GetAuthorizationToken"}"#;
    let refusing = Service::answering(400, &[("Content-Type", "application/x-amz-json-1.1")], body.as_bytes());
    let (printed, _) = run(&refusing, &[PRIVATE], &KEY);
    assert!(printed.contains("AccessDeniedException: User: arn:aws:iam::1:user/u is not authorized"), "{printed}");
    let senseless = Service::answering(200, &[], br#"{"authorizationData":[{"authorizationToken":"hunter2"}]}"#);
    let (printed, _) = run(&senseless, &[PRIVATE], &KEY);
    assert!(printed.contains("not the base64 of USER:PASSWORD"), "{printed}");
}

#[test]
fn prefers_a_docker_config_entry_to_a_token() {
    let ecr = ecr(43_200);
    let folder = tempfile::tempdir().unwrap();
    let auths = json!({"auths": {"123456789012.dkr.ecr.us-west-2.amazonaws.com": {"auth": STANDARD.encode(USER)}}});
    std::fs::write(folder.path().join("config.json"), auths.to_string()).unwrap();
    let (printed, _) = run(&ecr, &[PRIVATE], &[KEY[0], KEY[1], ("DOCKER_CONFIG", folder.path().to_str().unwrap())]);
    assert_eq!(printed.matches(": sha256:").count(), 8, "{printed}");
    assert!(ecr.requests().is_empty());
}
