//! Who gets whose credentials, with registries that demand them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::reference::Target;
use registry::{Credential, Secret};
use serde_json::json;
use testbed::child::{is_child, run_alone};
use testbed::fault::{FaultServer, Reply, Request};
use testbed::service::{ReceivedRequest, Service, answer, send, tunnel};

use super::*;
use crate::config::RegistryCredentials;

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A Secret of a test: passwords by registry.
#[derive(Clone)]
struct TestSecret(SecretVersion, BTreeMap<String, (String, String)>);

impl SecretCredentials for TestSecret {
    fn version(&self) -> SecretVersion {
        self.0.clone()
    }

    fn credential(&self, repository: &RepositoryName) -> Option<Credential> {
        let (username, password) = self.1.get(repository.registry())?.clone();
        Some(Credential::Password { username, password: Secret::new(password) })
    }
}

fn secret(id: &str, registry: &str, username: &str) -> TestSecret {
    let [namespace, name, resource_version] = id.split('/').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    let passwords = [(registry.to_owned(), (username.to_owned(), "hunter2".to_owned()))].into();
    TestSecret(SecretVersion { namespace, name, resource_version }, passwords)
}

fn settings(host: &str) -> RegistrySettings {
    let host = host.parse().unwrap();
    RegistrySettings { host, mirror: None, plain_http: false, ca: None, credentials: None }
}

fn options() -> Options {
    Options { process: Credentials::none(), ..Options::new(Duration::from_secs(20), MemoryBudget::default()) }
}

fn registries(settings: &[RegistrySettings]) -> Registries {
    Registries::new(settings, &options()).unwrap()
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

/// Whose credentials are used for a repository, with these Secrets of a Pod.
fn chosen(registries: &Registries, repository: &str, pod: &[TestSecret]) -> Access {
    registries.choose(&registries.endpoint(&name(repository)).unwrap(), None, pod)
}

async fn resolve(registries: &Registries, access: &Access) -> Result<String, String> {
    let store = registries.store(access).unwrap();
    let found = store.resolve(&Target::Tag("v1".parse().unwrap())).await;
    found.map(|found| found.digest.to_string()).map_err(|why| why.to_string())
}

fn basic(username: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:hunter2")))
}

fn demand(challenge: &str) -> Reply {
    Reply::Answer(401, vec![("WWW-Authenticate", challenge.to_owned())], Vec::new())
}

/// A registry where each user sees only the repositories that start with the user's name.
fn private(request: &Request) -> Reply {
    let Some(given) = request.header("Authorization") else { return demand(r#"Basic realm="private""#) };
    let owner = request.path.trim_start_matches("/v2/").split('/').next().unwrap_or_default();
    match given == basic(owner) {
        true => Reply::content(MANIFEST_TYPE, MANIFEST),
        false => Reply::status(404),
    }
}

/// The credentials that a server got, each once.
fn authorizations(server: &FaultServer) -> Vec<String> {
    let mut found: Vec<_> = server.seen().iter().filter_map(|r| r.header("Authorization").map(str::to_owned)).collect();
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn two_tenants_see_only_what_their_own_secrets_open() {
    let server = FaultServer::start(private);
    let host = server.address.to_string();
    let registries = registries(&[]);
    let a = secret("team-a/pull/1", &host, "team-a");
    let b = secret("team-b/pull/1", &host, "team-b");
    let of = |repository: &str, pod: &TestSecret| {
        chosen(&registries, &format!("{host}/{repository}"), std::slice::from_ref(pod))
    };
    assert!(resolve(&registries, &of("team-a/app", &a)).await.is_ok());
    // The other tenant asks the same repository directly afterwards, with the same client.
    assert!(resolve(&registries, &of("team-a/app", &b)).await.unwrap_err().contains("404"));
    assert!(resolve(&registries, &of("team-b/app", &b)).await.is_ok());
    assert!(resolve(&registries, &of("team-b/app", &a)).await.is_err());
    // A Pod without a Secret gets nothing of either.
    let without = chosen(&registries, &format!("{host}/team-a/app"), &[]);
    let why = resolve(&registries, &without).await.unwrap_err();
    assert!(why.contains("requires a user name and password"), "{why}");
    assert_ne!(of("team-a/app", &a).id(), of("team-a/app", &b).id());
    assert_ne!(of("team-a/app", &a).id(), without.id());
}

#[tokio::test]
async fn tokens_of_one_secret_never_serve_another() {
    // The token service gives each user a token of its own, and counts.
    let server = FaultServer::start(|request| {
        let host = request.header("Host").unwrap_or_default();
        match request.header("Authorization") {
            Some(given) if request.path.starts_with("/token") => {
                let user = String::from_utf8(STANDARD.decode(given.trim_start_matches("Basic ")).unwrap()).unwrap();
                let user = user.split(':').next().unwrap_or_default();
                Reply::content("application/json", json!({ "token": format!("of-{user}") }).to_string())
            }
            Some("Bearer of-team-a") => Reply::content(MANIFEST_TYPE, MANIFEST),
            Some("Bearer of-team-b") => Reply::status(404),
            _ => demand(&format!(r#"Bearer realm="http://{host}/token",service="s""#)),
        }
    });
    let host = server.address.to_string();
    let registries = registries(&[]);
    let image = format!("{host}/app");
    let a = chosen(&registries, &image, &[secret("team-a/pull/1", &host, "team-a")]);
    let b = chosen(&registries, &image, &[secret("team-b/pull/1", &host, "team-b")]);
    for _ in 0..3 {
        assert!(resolve(&registries, &a).await.is_ok());
        assert!(resolve(&registries, &b).await.is_err());
    }
    let tokens = |server: &FaultServer| server.seen().iter().filter(|r| r.path.starts_with("/token")).count();
    assert_eq!(tokens(&server), 2, "each token is asked for once");

    // A new state of the Secret is a new identity, with a token of its own; the old client is dropped.
    let newer = chosen(&registries, &image, &[secret("team-a/pull/2", &host, "team-b")]);
    assert!(resolve(&registries, &newer).await.is_err());
    assert_ne!(newer.id(), a.id());
    assert_eq!(tokens(&server), 3);
    let mut kept: Vec<_> =
        registries.secrets.versions().into_iter().map(|v| (v.namespace, v.resource_version)).collect();
    kept.sort();
    assert_eq!(kept, [("team-a", "2"), ("team-b", "1")].map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn the_first_source_that_has_credentials_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"auths":{"a.example":{"auth":"dTpw"}}}"#).unwrap();
    let of_secret = RegistryCredentials::Secret { namespace: "n".to_owned(), name: "s".to_owned() };
    let registries = registries(&[
        RegistrySettings { credentials: Some(RegistryCredentials::File(file.clone())), ..settings("*.example") },
        RegistrySettings { credentials: Some(of_secret), ..settings("s.test") },
        RegistrySettings { credentials: Some(RegistryCredentials::Aws { role: None }), ..settings("*") },
    ]);
    let pod = |registry: &str| [secret("team/first/1", "other.test", "u"), secret("team/second/7", registry, "u")];
    let whose = |repository: &str, pod: &[TestSecret]| chosen(&registries, repository, pod).to_string();
    let process = "the credentials of the admission service";
    assert_eq!(whose("a.example/x", &pod("a.example")), "registries[0].credentials");
    // The file has nothing for this registry.
    assert_eq!(whose("b.example/x", &pod("b.example")), "the Secret team/second");
    assert_eq!(whose("b.example/x", &pod("a.example")), process);
    // AWS has credentials for Amazon ECR only.
    let ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
    assert_eq!(chosen(&registries, "c.test/x", &pod("c.test")).to_string(), "the Secret team/second");
    let wide = self::registries(&[RegistrySettings {
        credentials: Some(RegistryCredentials::Aws { role: None }),
        ..settings("*.dkr.ecr.*.amazonaws.com")
    }]);
    assert_eq!(chosen(&wide, &format!("{ecr}/x"), &pod(ecr)).to_string(), "registries[0].credentials");
    // The Secret that the configuration names comes before those of the Pod.
    let endpoint = registries.endpoint(&name("s.test/x")).unwrap();
    assert_eq!(endpoint.configured_secret(), Some(("n", "s")));
    let configured = secret("n/s/3", "s.test", "u");
    assert_eq!(registries.choose(&endpoint, Some(&configured), &pod("s.test")).to_string(), "the Secret n/s");
    assert_eq!(registries.choose(&endpoint, None, &pod("s.test")).to_string(), "the Secret team/second");
    // A file that became unusable is named when it is used, and does not hand the registry to others.
    std::fs::write(&file, "{").unwrap();
    assert_eq!(whose("b.example/x", &pod("b.example")), "registries[0].credentials");
}

#[tokio::test]
async fn a_secret_for_a_registry_is_not_sent_to_its_mirror() {
    let server = FaultServer::start(private);
    let host = server.address.to_string();
    let mirrored = [RegistrySettings { mirror: Some(format!("{host}/hub")), ..settings("docker.io") }];
    let registries = registries(&mirrored);
    let endpoint = registries.endpoint(&name("docker.io/library/nginx")).unwrap();
    assert_eq!(endpoint.repository().to_string(), format!("{host}/hub/library/nginx"));
    assert!(registries.endpoint(&name("ghcr.io/a/b")).unwrap().repository().to_string().starts_with("ghcr.io/"));

    let for_hub = secret("team/hub/1", "docker.io", "hub");
    let access = registries.choose(&endpoint, None, [&for_hub]);
    assert!(resolve(&registries, &access).await.is_err());
    assert_eq!(authorizations(&server), [""; 0]);

    let for_mirror = secret("team/mirror/1", &host, "hub");
    let access = registries.choose(&endpoint, None, [&for_hub, &for_mirror]);
    assert!(resolve(&registries, &access).await.is_ok());
    assert_eq!(authorizations(&server), [basic("hub")]);
    assert!(server.seen().iter().all(|request| request.path == "/v2/hub/library/nginx/manifests/v1"));
}

#[tokio::test]
async fn a_registry_is_asked_with_its_own_certificates_and_credentials() {
    let (server, certificate) = FaultServer::start_tls(private);
    let host = format!("localhost:{}", server.address.port());
    let folder = tempfile::tempdir().unwrap();
    let (ca, file) = (folder.path().join("ca.pem"), folder.path().join("config.json"));
    std::fs::write(&ca, certificate).unwrap();
    std::fs::write(&file, json!({ "auths": { &host: { "username": "team", "password": "hunter2" } } }).to_string())
        .unwrap();
    let entry = RegistrySettings { credentials: Some(RegistryCredentials::File(file)), ..settings("localhost:*") };
    let image = format!("{host}/team/app");
    let without = registries(std::slice::from_ref(&entry));
    assert!(resolve(&without, &chosen(&without, &image, &[])).await.unwrap_err().contains("certificate"));
    assert_eq!(authorizations(&server), [""; 0]);
    let with = registries(&[RegistrySettings { ca: Some(ca.clone()), ..entry.clone() }]);
    let access = chosen(&with, &image, &[]);
    assert!(resolve(&with, &access).await.is_ok());
    // What was asked in another way is not the same.
    assert_ne!(access.id(), chosen(&without, &image, &[]).id());
    let other = chosen(&with, &format!("{host}/team/other"), &[]);
    assert_eq!(access.id(), other.id());

    std::fs::write(&ca, "no certificate").unwrap();
    let why = Registries::new(&[RegistrySettings { ca: Some(ca), ..entry }], &options()).unwrap_err().to_string();
    assert!(why.starts_with("registries[0].ca: ") && why.contains("ca.pem"), "{why}");
}

#[tokio::test]
async fn plain_http_is_used_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let (tls, certificate) = FaultServer::start_tls(private);
    std::fs::write(&ca, certificate).unwrap();
    let server = FaultServer::start(private);
    let host = server.address.to_string();
    let pod = [secret("team/pull/1", &host, "team")];
    let image = format!("{host}/team/app");
    let plain = registries(&[RegistrySettings { plain_http: true, ..settings("127.0.0.1:*") }]);
    assert!(resolve(&plain, &chosen(&plain, &image, &pod)).await.is_ok());
    // With certificates, the registry is asked with TLS only.
    let strict = registries(&[RegistrySettings { ca: Some(ca), ..settings("127.0.0.1:*") }]);
    let seen = server.seen().len();
    assert!(resolve(&strict, &chosen(&strict, &image, &pod)).await.is_err());
    assert_eq!(server.seen().iter().skip(seen).filter(|r| r.header("Authorization").is_some()).count(), 0);
    drop(tls);
}

#[test]
fn invalid_entries_are_not_put_in_force() {
    let folder = tempfile::tempdir().unwrap();
    for mirror in ["https://mirror.example.com", "mirror.example.com/", "mirror.example.com/Hub", "", "a b.example"] {
        let settings = RegistrySettings { mirror: Some(mirror.to_owned()), ..settings("docker.io") };
        let why = Registries::new(&[settings], &options()).unwrap_err();
        assert!(matches!(why, RegistriesError::Mirror { number: 0, .. }), "{mirror}: {why}");
    }
    let file = folder.path().join("config.json");
    let settings = RegistrySettings { credentials: Some(RegistryCredentials::File(file.clone())), ..settings("*") };
    let why = Registries::new(std::slice::from_ref(&settings), &options()).unwrap_err().to_string();
    assert!(why.starts_with("registries[0].credentials.file: ") && why.contains("config.json"), "{why}");
    std::fs::write(&file, r#"{"auths": 1}"#).unwrap();
    assert!(matches!(Registries::new(&[settings], &options()), Err(RegistriesError::Credentials { .. })));
}

#[test]
fn a_name_that_is_too_long_for_its_mirror_is_an_error() {
    let mirror = format!("mirror.example.com/{}", "m".repeat(100));
    let registries = registries(&[RegistrySettings { mirror: Some(mirror), ..settings("*") }]);
    let why = registries.endpoint(&name(&format!("a.example/{}", "x".repeat(200)))).unwrap_err();
    assert!(matches!(why, RegistriesError::MirroredName { .. }), "{why}");
}

#[test]
fn debug_and_messages_show_no_secrets() {
    let registries = registries(&[settings("a.example")]);
    let access = chosen(&registries, "a.example/x", &[secret("team/pull/1", "a.example", "hunter2-user")]);
    registries.store(&access).unwrap();
    let shown = format!("{access:?} {access} {registries:?} {:?} {:?}", access.id(), registries.secrets);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("Access(a.example/x with the Secret team/pull)"), "{shown}");
}

#[test]
fn keeps_a_bounded_number_of_clients_for_secrets() {
    let registries = registries(&[]);
    let of = |number: usize, version: &str, user: &str| {
        let secret = secret(&format!("ns-{number}/pull/{version}"), "a.example", user);
        registries.store(&chosen(&registries, "a.example/x", &[secret])).unwrap();
    };
    for number in 0..2500 {
        of(number, "1", "u");
        // One that is in use stays.
        of(0, "1", "u");
    }
    let kept = registries.secrets.versions();
    assert!(kept.len() <= 1000 && kept.iter().any(|version| version.namespace == "ns-0"));
    for version in 0..10 {
        of(0, &version.to_string(), "u");
    }
    let versions = registries.secrets.versions();
    assert_eq!(versions.iter().filter(|version| version.namespace == "ns-0").count(), 1);
}

#[test]
fn a_credential_that_is_too_long_to_be_one_is_not_used() {
    let registries = registries(&[]);
    let pod = [secret("team/long/1", "a.example", &"u".repeat(100_000)), secret("team/pull/1", "a.example", "u")];
    assert_eq!(chosen(&registries, "a.example/x", &pod).to_string(), "the Secret team/pull");
    assert!(chosen(&registries, "a.example/x", &pod[..1]).secret().is_none());
}

const ROLE: &str = "arn:aws:iam::444455556666:role/ecr-read";
const ECR_IMAGE: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app";
const OTHER_IMAGE: &str = "210987654321.dkr.ecr.us-west-2.amazonaws.com/team/app";

/// Run in the child process: resolves two images of Amazon ECR by the role, and one without it.
async fn resolve_from_ecr() {
    let role = ROLE.parse().ok();
    let by_role = RegistrySettings {
        credentials: Some(RegistryCredentials::Aws { role }),
        ..settings("*.dkr.ecr.us-west-2.amazonaws.com")
    };
    let options = Options::new(Duration::from_secs(20), MemoryBudget::default());
    let with = Registries::new(&[by_role], &options).unwrap();
    let without = Registries::new(&[], &options).unwrap();
    for (registries, image) in [(&with, ECR_IMAGE), (&with, OTHER_IMAGE), (&with, ECR_IMAGE), (&without, ECR_IMAGE)] {
        let access = chosen(registries, image, &[]);
        println!("{access}: {}", resolve(registries, &access).await.unwrap_or_else(|why| why));
    }
}

/// STS, which gives credentials for the role, and ECR, whose token is that of the access key that asked.
fn aws() -> Service {
    Service::start(|request, stream| {
        let [key, _, service] = request.credential();
        let found = if service == "sts" {
            let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
                        <Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                        <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                        </AssumeRoleResult></AssumeRoleResponse>";
            answer(200, &[("Content-Type", "text/xml")], body.as_bytes())
        } else {
            let expires = time::OffsetDateTime::now_utc().unix_timestamp() + 43_200;
            let token = STANDARD.encode(format!("{key}:hunter2"));
            let body = json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": expires }] });
            answer(200, &[("Content-Type", "application/x-amz-json-1.1")], body.to_string().as_bytes())
        };
        send(stream, &found);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed_for_amazon_ecr() {
    if is_child() {
        return resolve_from_ecr().await;
    }
    tokio::task::block_in_place(|| {
        let hosts = [ECR_IMAGE, OTHER_IMAGE].map(|image| image.split('/').next().unwrap());
        let (server, certificate) =
            FaultServer::start_tls_for(&hosts, |request| match request.header("Authorization") {
                None => demand(r#"Basic realm="ecr""#),
                Some(_) => Reply::content(MANIFEST_TYPE, MANIFEST),
            });
        let address = server.address;
        let proxy = Service::start(move |_, stream| tunnel(stream, address));
        let home = tempfile::tempdir().unwrap();
        let authority = home.path().join("authority.pem");
        std::fs::write(&authority, certificate).unwrap();
        let (aws, home) = (aws(), home.path().to_str().unwrap());
        let (proxy, endpoint) = (proxy.url(), aws.url());
        let printed = run_alone(
            module_path!(),
            "a_role_is_assumed_for_amazon_ecr",
            &[
                ("HOME", home),
                ("https_proxy", proxy.as_str()),
                ("no_proxy", "127.0.0.1"),
                ("SSL_CERT_FILE", authority.to_str().unwrap()),
                ("AWS_ENDPOINT_URL", endpoint.as_str()),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_ACCESS_KEY_ID", "AKIAOWN"),
                ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ],
        );
        assert_eq!(printed.matches("registries[0].credentials: sha256:").count(), 3, "{printed}");
        assert_eq!(printed.matches("the credentials of the admission service: sha256:").count(), 1, "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
        // The role once, its token once for both registries, and the token of the process.
        let asked = aws.requests();
        let asked: Vec<_> = asked.iter().map(ReceivedRequest::credential).collect();
        assert_eq!(
            asked,
            [["AKIAOWN", "us-west-2", "sts"], ["ASIAASSUMED", "us-west-2", "ecr"], ["AKIAOWN", "us-west-2", "ecr"]]
        );
        assert_eq!(authorizations(&server), [basic("AKIAOWN"), basic("ASIAASSUMED")]);
    });
}
