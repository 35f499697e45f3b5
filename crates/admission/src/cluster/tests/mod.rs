#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod labels;
mod scan;
pub(crate) mod server;
mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::Credential;
use serde_json::json;

use self::server::{ApiServer, Reply};
use super::*;
use crate::decision::Code;
use crate::metrics::Metrics;

/// An answer with a Secret whose credentials are for `r.example`.
fn secret(user: &str, version: &str) -> Reply {
    let config = json!({ "auths": { "r.example": { "username": user, "password": "hunter2" } } });
    typed("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config.to_string(), version)
}

fn typed(kind: &str, entry: &str, content: &str, version: &str) -> Reply {
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": { "name": "x", "resourceVersion": version, "managedFields": [{}] },
        "data": { entry: STANDARD.encode(content), "other": "AAAA" },
    });
    Reply::Body(200, body.to_string())
}

fn account(names: &[&str]) -> Reply {
    let secrets: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
    Reply::Body(200, json!({ "metadata": { "resourceVersion": "1" }, "imagePullSecrets": secrets }).to_string())
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::Body(status, json!({ "kind": "Status", "message": message, "code": status }).to_string())
}

fn identity(secrets: &[&str]) -> PullIdentity {
    PullIdentity {
        secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
        service_account: Some("default".to_owned()),
    }
}

fn soon() -> Deadline {
    Deadline::new(Duration::from_secs(8))
}

async fn both(cluster: &Cluster, secrets: &[&str]) -> Result<PullCredentials, ClusterError> {
    cluster.pull_secrets("team-a", &identity(secrets), PullSecrets::PodAndServiceAccount, soon()).await
}

fn user(secret: &PullSecret) -> String {
    match secret.credential(&"r.example/app".parse().unwrap()).unwrap().unwrap() {
        Credential::Password { username, .. } => username,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_pods_secrets_come_before_those_of_its_service_account() {
    let server = ApiServer::start(|path| match path {
        "/api/v1/namespaces/team-a/serviceaccounts/default" => account(&["b", "a", "", "c"]),
        "/api/v1/namespaces/team-a/secrets/a" => secret("user a", "11"),
        "/api/v1/namespaces/team-a/secrets/b" => secret("user b", "12"),
        "/api/v1/namespaces/team-a/secrets/c" => secret("user c", "13"),
        _ => failure(404, "not found"),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let found = both(&cluster, &["a", "", "a"]).await.unwrap();
    assert_eq!(found.secrets.iter().map(user).collect::<Vec<_>>(), ["user a", "user b", "user c"]);
    assert_eq!(*found.secrets[1].resource_version, *"12");
    assert!(found.unusable.is_empty());
    // Nothing is asked that is not wanted.
    let pod = cluster.pull_secrets("team-a", &identity(&["a"]), PullSecrets::Pod, soon()).await.unwrap();
    assert_eq!(pod.secrets.len(), 1);
    let none = cluster.pull_secrets("team-a", &identity(&["a"]), PullSecrets::None, soon()).await.unwrap();
    assert!(none.secrets.is_empty());
    let unknown = PullIdentity { secrets: vec!["a".into()], service_account: None };
    let none = cluster.pull_secrets("team-a", &unknown, PullSecrets::PodAndServiceAccount, soon()).await.unwrap();
    assert!(none.secrets.is_empty() && server.requests().len() == 4, "{:?}", server.requests());
}

#[tokio::test]
async fn objects_are_remembered_shortly() {
    let server = ApiServer::start(|path| match path {
        "/api/v1/namespaces/n/secrets/there" => secret("u", "1"),
        _ => failure(404, "not found"),
    })
    .await;
    let metrics = Metrics::new("0", &[]);
    let cluster = Cluster::with_client(server.client.clone(), Some(metrics.clone()));
    for _ in 0..3 {
        cluster.secret("n", "there", soon()).await.unwrap();
        let why = cluster.secret("n", "gone", soon()).await.unwrap_err();
        assert!(matches!(&why, ClusterError::Unusable(Unusable { why: WhyUnusable::NotFound, .. })), "{why}");
    }
    assert_eq!(server.requests().len(), 2);
    let text = metrics.encode();
    for line in [
        r#"cache_requests_total{cache="pull_secret",result="hit"} 4"#,
        r#"cache_requests_total{cache="pull_secret",result="miss"} 2"#,
        r#"cache_entries{cache="pull_secret"} 2"#,
        r#"upstream_requests_total{upstream="kubernetes",operation="get_secret",code="404"} 1"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // How long is in the entries' times.
    let left = |name: &str| {
        cluster.0.objects.get(&key(&Object::secret("n", name)), Instant::now()).unwrap().left(Instant::now())
    };
    assert!(left("there") <= KEPT && left("there") > KEPT_MISSING && left("gone") <= KEPT_MISSING);
}

#[tokio::test]
async fn concurrent_equal_questions_are_asked_once() {
    let server = ApiServer::start(|_| secret("u", "1")).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let cluster = cluster.clone();
            tokio::spawn(async move { cluster.secret("n", "s", soon()).await.map(|secret| user(&secret)) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "u");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_missing_or_forbidden_secret_is_named_and_no_error() {
    let server = ApiServer::start(|path| match path.rsplit('/').next().unwrap() {
        "good" => secret("u", "1"),
        "hidden" => failure(403, "secrets \"hidden\" is forbidden: User \"x\" cannot get\u{1b}[31m resource"),
        "opaque" => typed("Opaque", "a", "hunter2", "1"),
        "empty" => typed("kubernetes.io/dockerconfigjson", "other", "hunter2", "1"),
        "broken" => typed("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{hunter2", "1"),
        "old" => typed("kubernetes.io/dockercfg", ".dockercfg", r#"{"r.example":{"auth":"b2xkOnA="}}"#, "2"),
        "default" => failure(403, "serviceaccounts \"default\" is forbidden"),
        _ => failure(404, "not found"),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let names = ["gone", "hidden", "opaque", "empty", "broken", "old", "good"];
    let found = both(&cluster, &names).await.unwrap();
    assert_eq!(found.secrets.iter().map(user).collect::<Vec<_>>(), ["old", "u"]);
    let said: Vec<String> = found.unusable.iter().map(ToString::to_string).collect();
    for part in [
        "the ServiceAccount team-a/default cannot be read: serviceaccounts \"default\" is forbidden; grant this \
         service's account `get` on `serviceaccounts` in the namespace team-a",
        "the Secret team-a/gone does not exist",
        "grant this service's account `get` on `secrets` in the namespace team-a",
        "the Secret team-a/opaque has the type Opaque",
        "the Secret team-a/empty has no entry .dockerconfigjson",
        "the Secret team-a/broken is malformed",
    ] {
        assert!(said.iter().any(|said| said.contains(part)), "{part}\n{said:#?}");
    }
    assert_eq!(said.len(), 6, "{said:#?}");
    assert!(!said.concat().contains(['\u{1b}']) && !said.concat().contains("hunter2"), "{said:#?}");
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[tokio::test]
async fn a_server_that_fails_is_an_error_and_is_asked_again() {
    for (status, code) in
        [(500, Code::Unreachable), (503, Code::Unreachable), (429, Code::Throttled), (401, Code::Credentials)]
    {
        let server = ApiServer::start(move |_| failure(status, "out of order")).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        for _ in 0..2 {
            let why = both(&cluster, &[]).await.unwrap_err();
            assert_eq!(why.code(), code, "{why}");
            assert!(why.to_string().starts_with("the ServiceAccount team-a/default cannot be read"), "{why}");
        }
        assert_eq!(server.requests().len(), 2, "errors are not remembered");
    }
    let server = ApiServer::start(|_| Reply::Close).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let why = both(&cluster, &[]).await.unwrap_err();
    assert_eq!((why.code(), server.requests().len()), (Code::Unreachable, 2), "tried once more: {why}");
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_more_than_the_deadline() {
    let server = ApiServer::start(|_| Reply::Hang).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let start = Instant::now();
    let deadline = Deadline::new(Duration::from_millis(200));
    let why = cluster.secret("n", "s", deadline).await.unwrap_err();
    assert!(matches!(why, ClusterError::Deadline { .. }) && start.elapsed() < Duration::from_secs(3), "{why}");
    assert_eq!(why.code(), Code::Deadline);
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_errors() {
    for body in ["", "[]", "{}", r#"{"metadata":{"resourceVersion":7,"x":"hunter2"}}"#, r#"{"data":"hunter2"}"#] {
        let server = ApiServer::start(move |_| Reply::Body(200, body.to_owned())).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        let why = cluster.secret("n", "s", soon()).await.unwrap_err();
        assert!(matches!(why, ClusterError::Malformed { .. }), "{why}");
        assert!(!why.to_string().contains("hunter2"), "{why}");
    }
}

#[tokio::test]
async fn answers_and_contents_are_bounded() {
    let server = ApiServer::start(|path| match path.rsplit('/').next().unwrap() {
        "long" => Reply::Body(200, "x".repeat(MAX_ANSWER + 1)),
        _ => {
            let content = format!(r#"{{"auths":{{}},"x":"{}"}}"#, "x".repeat(600 * 1024));
            typed("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &content, "1")
        }
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    for name in ["long", "large"] {
        let why = cluster.secret("n", name, soon()).await.unwrap_err();
        assert!(
            matches!(&why, ClusterError::Unusable(Unusable { why: WhyUnusable::TooLarge(_), .. })),
            "{name}: {why}"
        );
    }
}

#[tokio::test]
async fn a_pod_cannot_have_many_secrets_asked_for() {
    let server =
        ApiServer::start(|path| if path.contains("serviceaccounts") { account(&["z"]) } else { secret("u", "1") })
            .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let names: Vec<String> = (0..5000).map(|number| format!("s{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = both(&cluster, &names).await.unwrap();
    assert_eq!((found.secrets.len(), server.requests().len()), (MAX_SECRETS, MAX_SECRETS + 1));
    assert!(
        found.unusable[0].to_string().contains("team-a/s16 is not used: only the first 16"),
        "{:?}",
        found.unusable
    );
}

#[tokio::test]
async fn names_cannot_lead_to_other_objects() {
    let server = ApiServer::start(|_| secret("u", "1")).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let long = "a".repeat(254);
    for name in [
        "../../kube-system/secrets/x",
        "a/b",
        "a?b",
        "a#b",
        "a%2fb",
        "A",
        "-a",
        "a-",
        ".",
        "..",
        "a..b",
        "a b",
        "a\r\nb",
        &long,
        "",
    ] {
        let why = cluster.secret("n", name, soon()).await.unwrap_err();
        assert!(
            matches!(&why, ClusterError::Unusable(Unusable { why: WhyUnusable::InvalidName, .. })),
            "{name}: {why}"
        );
        assert!(!why.to_string().contains('\r'), "{why}");
    }
    for namespace in ["", "a/b", "a.b", "..", "kube-system/secrets/x?", &"a".repeat(64)] {
        assert!(cluster.secret(namespace, "s", soon()).await.is_err(), "{namespace}");
        let found = cluster.pull_secrets(namespace, &identity(&["s"]), PullSecrets::PodAndServiceAccount, soon()).await;
        assert!(found.unwrap().secrets.is_empty(), "{namespace}");
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    assert!(cluster.secret("n", "a.b-c.1", soon()).await.is_ok());
}

#[tokio::test]
async fn equal_names_in_two_namespaces_are_two_secrets() {
    let server = ApiServer::start(|path| secret(if path.contains("/a/") { "user a" } else { "user b" }, "1")).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    for namespace in ["a", "b", "a"] {
        let found = cluster.secret(namespace, "s", soon()).await.unwrap();
        assert_eq!((user(&found), &*found.namespace), (format!("user {namespace}"), namespace));
    }
}
