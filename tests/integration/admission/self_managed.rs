//! `setup kubernetes` and `server.tls.selfManaged` with a real API server. No kubelet runs: the tests start the service
//! with the configuration of the ConfigMap and the token of its service account, as the Pod would.

mod cluster;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use time::OffsetDateTime;

use super::Admission;
use super::commands::eventually;
use super::examples::parse;

pub(super) use self::cluster::Cluster;
use self::cluster::{IMAGE, KINDS, NAMESPACE, SECRET, pod};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/notation-system/deployments/admission";
const HOST: &str = "admission.notation-system.svc";

/// The entries of a Secret whose authority lives for so many days from now, and lived for so many before.
fn entries(before: i64, after: i64) -> BTreeMap<&'static str, String> {
    let now = OffsetDateTime::now_utc();
    let [authority_key, key] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "notation-aws-signer admission authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = now - time::Duration::days(before);
    params.not_after = now + time::Duration::days(after);
    let authority = params.self_signed(&authority_key).unwrap();
    let mut leaf = CertificateParams::new(
        [HOST, "admission.notation-system", "admission.notation-system.svc.cluster.local"].map(str::to_owned),
    )
    .unwrap();
    leaf.not_before = now - time::Duration::days(before.min(1));
    leaf.not_after = now + time::Duration::days(after.min(60));
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &Issuer::new(params, &authority_key)).unwrap();
    BTreeMap::from([
        ("tls.crt", leaf.pem()),
        ("tls.key", key.serialize_pem()),
        ("ca.crt", authority.pem()),
        ("authority.crt", authority.pem()),
        ("authority.key", authority_key.serialize_pem()),
    ])
}

/// As `eventually`, for what waits until the Lease of a replica that was killed is over.
fn later(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within 60 s");
        sleep(Duration::from_millis(100));
    }
}

fn count(bundle: &str) -> usize {
    bundle.matches("BEGIN CERTIFICATE").count()
}

/// Asks again and again until `end`, and fails if a call of the webhooks fails.
fn calls(cluster: &Cluster, image: &str, end: &AtomicBool) -> usize {
    let mut made = 0;
    while !end.load(Ordering::Relaxed) {
        let (status, message) = cluster.create(image);
        assert_eq!(status, 201, "{message}");
        made += 1;
    }
    made
}

/// Sets a flag when it is dropped, also if the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg, and port 443: scripts/test"]
fn a_cluster_runs_only_what_is_signed_seconds_after_setup_and_whatever_happens_to_the_certificate() {
    let cluster = Cluster::start();
    let signed = cluster.site.push_signed("signed");
    let unsigned = cluster.site.push("unsigned");
    let kubernetes = &cluster.kubernetes;
    let exists = |path: &str| kubernetes.get(path).status == 200;

    // From nothing to admitting.
    let begin = Instant::now();
    let mut service = scope(|scope| {
        let node = scope.spawn(|| {
            eventually("the Deployment exists", || exists(DEPLOYMENT));
            let service = cluster.run_pod();
            eventually("the certificate is there", || service.page("/readyz").0 == 200);
            // Before the service is ready, nothing is refused.
            assert_eq!(cluster.create(&unsigned).0, 201);
            cluster.take_note_of_ready_pod();
            service
        });
        let arguments = cluster.setup(&["--replicas", "1", "--kubeconfig", cluster.kubeconfig()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let report = cluster.site.cli.json("setup", &arguments, 0);
        let (status, message) = cluster.create(&unsigned);
        assert!(status == 403 && message.contains("the image has no signature"), "{message}");
        assert_eq!(cluster.create(&signed), (201, String::new()));
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        println!("from nothing to admitting: {took:?}");
        let items = report["items"].as_array().unwrap();
        let of = |part: &str| items.iter().filter(|item| item["part"] == part).count();
        assert_eq!((of("service"), of("webhook"), of("api-server")), (1, 2, 1), "{report}");
        node.join().unwrap()
    });
    let first = cluster.secret();
    assert_eq!(cluster.bundle(), first["ca.crt"]);
    assert_eq!(count(&first["ca.crt"]), 1);
    let (_, metrics) = service.page("/metrics");
    let expiry =
        metrics.lines().find_map(|line| line.strip_prefix("notation_admission_certificate_expiry_timestamp_seconds "));
    let days = (expiry.unwrap().parse::<f64>().unwrap() - OffsetDateTime::now_utc().unix_timestamp() as f64) / 86400.0;
    assert!((89.0..91.0).contains(&days), "{days}");

    // Again: nothing changes. The image of the Deployment stays.
    let again = [
        "setup",
        "kubernetes",
        "--config",
        "user/admission.yaml",
        "--replicas",
        "1",
        "--kubeconfig",
        cluster.kubeconfig(),
    ];
    let again = cluster.site.cli.json("setup", &again, 0);
    for item in again["items"].as_array().unwrap() {
        assert_eq!(item["outcome"], "ok", "{item}");
    }

    // Scaled to 0: Pods wait, except for those of the service; the Secret serves again.
    drop(service);
    assert!(cluster.create(&signed).1.contains("failed calling webhook"));
    assert_eq!(
        kubernetes.create("/api/v1/namespaces/notation-system/pods?dryRun=All", &pod(NAMESPACE, IMAGE)).status,
        201
    );
    service = cluster.run_pod();
    eventually("it answers again", || cluster.create(&signed).0 == 201);
    assert_eq!(cluster.secret(), first);

    // All certificates expired.
    drop(service);
    cluster.write_secret(&entries(400, -1));
    service = cluster.run_pod();
    later("the new authority is published", || {
        let bundle = cluster.bundle();
        count(&bundle) == 1 && bundle != first["ca.crt"]
    });
    eventually("it answers with a new certificate", || cluster.create(&signed).0 == 201);
    assert!(service.log().contains("a new certificate authority was created"), "{}", service.log());

    // Two thirds of the authority's life are over: a new one takes its place under load.
    drop(service);
    let worn = entries(300, 60);
    cluster.write_secret(&worn);
    let mut webhooks = KINDS.map(|kind| format!("/apis/admissionregistration.k8s.io/v1/{kind}/notation-admission"));
    for path in &mut webhooks {
        let mut object = kubernetes.get(path).has_status(200).body;
        object["webhooks"][0]["clientConfig"]["caBundle"] = STANDARD.encode(&worn["ca.crt"]).into();
        kubernetes.replace(path, &object).has_status(200);
    }
    service = cluster.run_pod();
    eventually("it answers", || cluster.create(&signed).0 == 201);
    let end = AtomicBool::new(false);
    scope(|scope| {
        let callers = [(); 2].map(|()| scope.spawn(|| calls(&cluster, &signed, &end)));
        let _end = End(&end);
        let limit = Instant::now() + Duration::from_secs(120);
        // One bundle for both questions: between two, the bundle may change.
        let is_promoted = |bundle: &str| count(bundle) == 2 && bundle.ends_with(&worn["ca.crt"]);
        loop {
            let bundle = cluster.bundle();
            if is_promoted(&bundle) {
                break;
            }
            assert!(Instant::now() < limit, "{bundle}\n{}", service.log());
            sleep(Duration::from_millis(200));
        }
        // Connections of the API server end by their age, and new ones use the new certificate.
        sleep(Duration::from_secs(3));
        end.store(true, Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 50);
        }
    });
    assert_eq!(cluster.secret()["authority-previous.crt"], worn["authority.crt"]);
    // A busy API server does not answer at once.
    eventually("the webhooks trust what the Secret has", || cluster.bundle() == cluster.secret()["ca.crt"]);

    // Deleted: it is made anew, and said.
    kubernetes.delete(SECRET).has_status(200);
    eventually("the Secret is made anew", || exists(SECRET));
    eventually("the log says so", || service.log().contains("was deleted and is made anew"));
    assert_eq!(cluster.create(&signed).0, 201);
    // Neither the log nor the API server's has a key.
    for log in [service.log(), kubernetes.log()] {
        assert!(!log.contains("PRIVATE KEY") && !log.contains("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS"), "{log}");
    }
}

/// What `--print` prints is all that is needed, and the permissions in it are enough.
#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn replicas_that_start_at_once_make_one_authority_with_the_printed_permissions() {
    let cluster = Cluster::start();
    let kubernetes = &cluster.kubernetes;
    let arguments = cluster.setup(&["--print"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = cluster.site.cli.run(&arguments).succeeded().stdout;
    assert_eq!(kubernetes.get("/api/v1/namespaces/notation-system").status, 404, "it touches nothing");
    let file = cluster.site.cli.home().join("printed.yaml");
    std::fs::write(&file, &printed).unwrap();
    let mut documents = parse(&printed);
    // The webhooks come in a later wave.
    let webhooks: Vec<Value> = documents.extract_if(.., |object| object["webhooks"].is_array()).collect();
    let rights: Vec<Value> =
        documents.extract_if(.., |object| object["kind"].as_str().unwrap().contains("Role")).collect();
    for object in &documents {
        kubernetes.apply(object).succeeded();
    }
    let kubeconfig = cluster.kubeconfig_of("admission");
    let server = format!(
        "server: {{listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\", tls: {{selfManaged: {{secret: admission-tls, \
         service: {HOST}, webhooks: [notation-admission]}}}}}}\nkubernetes: {{pullSecrets: none}}\n"
    );
    let config = cluster.site.config("", &server);
    let start = |_| Admission::start(&cluster.site, &config, &[("KUBECONFIG", &kubeconfig)]);
    let mut replicas = Vec::from([(); 3].map(start));
    // Without permissions: said with verb, resource and namespace, and not ready.
    let says = "in the namespace notation-system";
    for replica in &replicas {
        eventually("each says what is missing", || {
            let (status, body) = replica.page("/readyz");
            status == 503
                && body.contains("there is no certificate yet")
                && body.contains("grant this account `get` on")
                && body.contains(says)
        });
        eventually("the log says it, too", || replica.log().contains("grant this account `get` on"));
    }
    // Then all begin at the same time.
    for object in &rights {
        kubernetes.apply(object).succeeded();
    }
    for replica in &replicas {
        eventually("each has the certificate", || replica.page("/readyz").0 == 200);
    }
    let made = |replica: &Admission| replica.log().matches("a new certificate authority was created").count();
    assert_eq!(replicas.iter().map(made).sum::<usize>(), 1);
    let secret = cluster.secret();
    // Webhooks that come later are completed; nothing else of them changes.
    for object in &webhooks {
        kubernetes.apply(object).succeeded();
    }
    eventually("the webhooks have the bundle", || cluster.bundle() == secret["ca.crt"]);
    for (object, kind) in webhooks.iter().rev().zip(KINDS) {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}/notation-admission");
        let mut stored = kubernetes.get(&path).has_status(200).body["webhooks"][0].clone();
        stored["clientConfig"].as_object_mut().unwrap().remove("caBundle");
        let wanted = &object["webhooks"][0];
        for (member, value) in wanted.as_object().unwrap() {
            match member.as_str() {
                // The API server adds the scope and the port.
                "rules" | "clientConfig" => {}
                _ => assert_eq!(&stored[member], value, "{member}"),
            }
        }
        assert_eq!(stored["clientConfig"]["service"]["path"], wanted["clientConfig"]["service"]["path"]);
    }
    // The leader is gone without a word: another takes over, and what is served stays.
    let leader = cluster.lease()["holderIdentity"].clone();
    let place =
        replicas.iter().position(|replica| replica.log().contains("this replica keeps the certificate")).unwrap();
    drop(replicas.remove(place));
    later("another replica leads", || cluster.lease()["holderIdentity"] != leader);
    assert_eq!(cluster.secret(), secret);
}
