//! What is read with the credentials of one is not told to another.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use admission::cluster::Cluster;
use admission::config::Config;
use admission::decision::{Code, Decided, Decider, Outcome, PullIdentity, Question};
use admission::frontends::Decide as _;
use admission::log::Log;
use admission::metrics::Metrics;
use admission::service::Builder;
use aws_signer::SignerConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use notary::envelope::SigningScheme;
use serde_json::json;
use testbed::fault::{FaultServer, Reply};

use crate::registry::Asked;
use crate::scene::{LONG, Scene, Tenant, assert_said, assert_verified};

#[tokio::test]
async fn a_tenant_without_access_learns_nothing_of_what_another_has_read() {
    for are_known in [true, false] {
        let scene = Scene::new("cache: {tag: 1h, signatures: 1h}");
        scene.tenants.are_known.store(are_known, Ordering::Relaxed);
        scene.registry.protect("app", "alice", "hunter2");
        let image = scene.signed();
        let alice = Tenant { id: "alice", password: Some(("alice", "hunter2")), ..Tenant::default() };
        let mallory = Tenant { id: "mallory", password: Some(("mallory", "guess")), ..Tenant::default() };
        scene.tenants.put(Some("alice"), alice);
        scene.tenants.put(Some("mallory"), mallory);
        for _ in 0..2 {
            let decided = scene.one_in(Some("alice"), &scene.app()).await;
            assert_verified(&decided);
            assert_eq!(decided.digest.as_ref(), Some(&image.digest));
            for namespace in [Some("mallory"), None] {
                let decided = scene.one_in(namespace, &scene.app()).await;
                assert_said(&decided, Outcome::Undetermined, Code::Credentials);
                let text = format!("{decided:?} {decided}");
                let secrets = ["alice", "hunter2", "guess", "leaf", &image.digest.as_str()[7..20]];
                assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
                // A digest that leaked some other way opens nothing either.
                let decided = scene.one_in(namespace, &scene.by_digest(&image)).await;
                assert_said(&decided, Outcome::Undetermined, Code::Credentials);
                assert!(decided.signer.is_none());
            }
            scene.clock.advance(std::time::Duration::from_secs(2));
        }
    }
}

#[tokio::test]
async fn hints_about_secrets_are_for_their_namespace() {
    for are_known in [true, false] {
        let scene = Scene::new("");
        scene.tenants.are_known.store(are_known, Ordering::Relaxed);
        scene.registry.protect("app", "alice", "hunter2");
        let image = scene.signed();
        // Both read with the credentials of the process.
        for (namespace, hint) in [("a", "the Secret a/first is missing"), ("b", "the Secret b/second is missing")] {
            scene.tenants.put(Some(namespace), Tenant { id: "process", hint: Some(hint), ..Tenant::default() });
        }
        scene.tenants.put(Some("c"), Tenant { id: "process", ..Tenant::default() });
        for name in [scene.app(), scene.by_digest(&image)] {
            scene.registry.close(Asked::Image);
            let (a, b, c, ()) = tokio::join!(
                scene.one_in(Some("a"), &name),
                scene.one_in(Some("b"), &name),
                scene.one_in(Some("c"), &name),
                async { scene.registry.open() }
            );
            // And what is remembered for a moment.
            let later = [
                scene.one_in(Some("a"), &name).await,
                scene.one_in(Some("b"), &name).await,
                scene.one_in(Some("c"), &name).await,
            ];
            for [a, b, c] in [[a, b, c], later] {
                let hints = |decided: &Decided| {
                    assert_said(decided, Outcome::Undetermined, Code::Credentials);
                    (decided.to_string().matches("a/first").count(), decided.to_string().matches("b/second").count())
                };
                assert_eq!([hints(&a), hints(&b), hints(&c)], [(1, 0), (0, 1), (0, 0)], "{a} {b} {c}");
            }
        }
    }
}

#[tokio::test]
async fn what_another_credential_would_read_is_never_stored_under_this_one() {
    // The credentials of a namespace change between two looks: each has its own entries.
    let scene = Scene::new("cache: {tag: 10s, signatures: 10s}");
    scene.registry.protect("app", "alice", "hunter2");
    scene.signed();
    let version = |id| Tenant { id, password: Some(("alice", "hunter2")), ..Tenant::default() };
    scene.tenants.put(Some("a"), version("a/secret/1"));
    assert_verified(&scene.one_in(Some("a"), &scene.app()).await);
    // A changed resourceVersion reads everything anew, and what it may not read is not remembered for it.
    let wrong = Tenant { id: "a/secret/2", password: Some(("alice", "old")), ..Tenant::default() };
    scene.tenants.put(Some("a"), wrong);
    assert_said(&scene.one_in(Some("a"), &scene.app()).await, Outcome::Undetermined, Code::Credentials);
    scene.tenants.put(Some("a"), version("a/secret/3"));
    let before = scene.registry.count(Asked::Image);
    assert_verified(&scene.one_in(Some("a"), &scene.app()).await);
    assert!(scene.registry.count(Asked::Image) > before, "it was not asked again");
}

/// The answer of the whole service with Secrets of Kubernetes.
async fn decided(decider: &Decider, namespace: &str, image: &str) -> Decided {
    let pull = PullIdentity { secrets: vec!["pull".to_owned()], service_account: Some("default".to_owned()) };
    let (namespace, images) = (Some(namespace.to_owned()), vec![image.to_owned()]);
    decider.decide(Question { namespace, images, pull, deadline: Deadline::new(LONG) }).await.images.remove(0)
}

#[tokio::test]
async fn secrets_of_the_same_name_in_two_namespaces_are_two() {
    let scene = Scene::new("");
    scene.registry.protect("app", "alice", "hunter2");
    let image = scene.registry.push("app", "v1", "content");
    scene.registry.attach(&image, &scene.key.sign(&image, SigningScheme::X509));
    let host = scene.registry.host();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let api = FaultServer::start(move |request| {
        seen.lock().unwrap().push(request.path.clone());
        let password = match &*request.path {
            "/api/v1/namespaces/a/secrets/pull" => "hunter2",
            "/api/v1/namespaces/b/secrets/pull" => "wrong",
            _ => return Reply::Answer(404, Vec::new(), b"{\"kind\":\"Status\",\"code\":404}".to_vec()),
        };
        let config = json!({ "auths": { host.clone(): { "username": "alice", "password": password } } });
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": { "name": "pull", "resourceVersion": "7" },
            "data": { ".dockerconfigjson": STANDARD.encode(config.to_string()) },
        });
        Reply::content("application/json", secret.to_string())
    });
    let mut client = kube::Config::new(format!("http://{}", api.address).parse().unwrap());
    client.default_retry = false;
    let cluster = Cluster::with_client(kube::Client::try_from(client).unwrap(), None);
    let decider = async |adapter: &str| {
        let log = Log::to(admission::config::LogLevel::Error, std::io::sink()).unwrap();
        let text = format!(
            "version: 1\nserver: {{adapters: [{adapter}]}}\npolicies: {{strict: {{trustPolicy: strict.json, roots: \
             [root.der]}}}}\nrules: [{{policy: strict, action: enforce}}]\n"
        );
        let config = Config::parse(text.as_bytes(), scene.folder.path()).unwrap();
        let builder = Builder::new(Metrics::new("0", &[]), log, SignerConfig::default());
        builder.with_cluster(cluster.clone()).decider(&config).await.unwrap()
    };
    // Scans ask with Secrets of Pods whatever the adapters are.
    let (webhook, scan) = (decider("kubernetes").await, decider("verify").await);
    for decider in [&webhook, &webhook, &scan, &scan] {
        assert_verified(&decided(decider, "a", &scene.app()).await);
        let refused = decided(decider, "b", &scene.app()).await;
        assert_said(&refused, Outcome::Undetermined, Code::Credentials);
        let none = decided(decider, "c", &scene.app()).await;
        assert_said(&none, Outcome::Undetermined, Code::Credentials);
        // The namespace's own Secret is named, and no other.
        assert!(none.to_string().contains("c/pull"), "{none}");
        let text = format!("{refused} {none} {refused:?} {none:?}");
        let secrets = ["hunter2", "a/pull", "wrong", &image.digest.as_str()[7..20]];
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    let count = |path: &str| asked.lock().unwrap().iter().filter(|known| known.contains(path)).count();
    assert_eq!((count("/a/secrets/pull"), count("/b/secrets/pull")), (1, 1));
}
