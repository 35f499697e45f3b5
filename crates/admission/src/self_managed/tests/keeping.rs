//! Replicas with an API server.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::*;
use super::api::Api;
use super::{count, is_trusted};
use crate::config::LogLevel;

const SECRET: &str = "/api/v1/namespaces/notation-system/secrets/admission-tls";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/notation-system/leases/admission-tls";
const WEBHOOK: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/notation-admission";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A replica with its certificate.
struct Replica {
    keeper: SelfManaged,
    tls: Tls,
    clock: Clock,
    said: Said,
}

/// The log.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Replica {
    fn new(api: &Api, identity: &str) -> Self {
        let settings = Settings {
            secret: "admission-tls".to_owned(),
            service: "admission.notation-system.svc".to_owned(),
            webhooks: vec!["notation-admission".to_owned()],
        };
        let clock = Clock::default();
        let said = Said::default();
        let log = Log::to(LogLevel::Debug, said.clone()).unwrap();
        let keeper = SelfManaged::new(api.cluster(), &settings, [], identity.to_owned(), clock.clone(), log);
        Self { keeper: SelfManaged { noticed: Duration::ZERO, ..keeper }, tls: Tls::shared(), clock, said }
    }

    async fn look(&mut self) {
        self.keeper.look(&self.tls).await;
    }

    fn bundle(&self) -> String {
        self.tls.ca_bundle_pem().unwrap()
    }

    /// Ends the log, and returns it.
    fn log(&self) -> String {
        self.keeper.log.close(Duration::from_secs(5));
        String::from_utf8(self.said.0.lock().unwrap().clone()).unwrap()
    }

    fn missing(&self) -> Option<String> {
        self.tls.missing(self.clock.utc())
    }
}

fn webhook(bundle: Option<&str>) -> Value {
    let mut client = json!({ "service": { "namespace": "notation-system", "name": "admission", "path": "/validate" } });
    if let Some(bundle) = bundle {
        client["caBundle"] = bundle.into();
    }
    let webhook =
        json!({ "name": "verify.notation", "clientConfig": client, "failurePolicy": "Fail", "timeoutSeconds": 10 });
    json!({ "metadata": { "name": "notation-admission" }, "webhooks": [webhook] })
}

/// The bundle that the API server uses.
fn published(api: &Api) -> String {
    let bundle =
        api.store().objects[WEBHOOK]["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned();
    String::from_utf8(STANDARD.decode(bundle).unwrap()).unwrap()
}

#[tokio::test]
async fn replicas_that_start_together_have_one_authority() {
    let api = Api::start().await;
    api.store().put(WEBHOOK, webhook(None));
    let mut replicas = ["a", "b", "c", "d"].map(|name| Replica::new(&api, name));
    for _ in 0..2 {
        let [a, b, c, d] = &mut replicas;
        tokio::join!(a.look(), b.look(), c.look(), d.look());
    }
    let bundle = published(&api);
    assert_eq!(count(&bundle), 1);
    for replica in &replicas {
        assert_eq!((replica.missing(), replica.bundle()), (None, bundle.clone()));
    }
    assert_eq!(replicas.iter().filter(|replica| replica.keeper.is_leader).count(), 1);
    assert_eq!(api.store().created.iter().filter(|path| *path == SECRET).count(), 1);
    // Nothing else of the webhook has changed.
    let stored = api.store().objects[WEBHOOK].clone();
    let expected = webhook(Some(&STANDARD.encode(&bundle)));
    assert_eq!(stored["webhooks"], expected["webhooks"]);
}

#[tokio::test]
async fn a_restart_serves_the_same_certificate_and_a_release_lets_another_lead_at_once() {
    let api = Api::start().await;
    let mut first = Replica::new(&api, "a");
    first.look().await;
    let (bundle, expires) = (first.bundle(), first.tls.expires());
    first.keeper.lease.release(Deadline::new(LAST)).await.unwrap();
    assert_eq!(api.store().objects[LEASE]["spec"]["holderIdentity"], "");
    let mut second = Replica::new(&api, "b");
    second.look().await;
    assert!(second.keeper.is_leader);
    assert_eq!((second.bundle(), second.tls.expires()), (bundle, expires));
    assert_eq!(api.store().objects[LEASE]["spec"]["leaseTransitions"], 1);
    // The first has noticed.
    first.look().await;
    assert!(!first.keeper.is_leader && first.missing().is_none());
}

#[tokio::test]
async fn a_holder_that_is_gone_loses_the_lease_after_its_time_and_the_secret_serves_meanwhile() {
    let api = Api::start().await;
    let mut gone = Replica::new(&api, "gone");
    gone.look().await;
    let mut lease = api.store().objects[LEASE].clone();
    lease["spec"]["leaseDurationSeconds"] = 1.into();
    api.store().put(LEASE, lease);
    let mut replica = Replica::new(&api, "new");
    replica.look().await;
    assert!(!replica.keeper.is_leader && replica.bundle() == gone.bundle());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    replica.look().await;
    assert!(replica.keeper.is_leader);
}

#[tokio::test]
async fn an_expired_secret_is_made_anew_and_published() {
    let api = Api::start().await;
    api.store().put(WEBHOOK, webhook(None));
    let mut old = Replica::new(&api, "a");
    old.look().await;
    let before = published(&api);
    old.keeper.lease.release(Deadline::new(LAST)).await.unwrap();
    for wait in [95 * DAY, 400 * DAY] {
        let mut new = Replica::new(&api, "b");
        new.clock.advance(wait);
        assert!(new.missing().is_some());
        new.look().await;
        assert_eq!(new.missing(), None);
        let state = new.keeper.state.as_ref().unwrap();
        assert!(is_trusted(&published(&api), state, "admission.notation-system.svc", new.clock.utc()));
        // The authority lives longer than the certificate.
        assert_eq!(published(&api) == before, wait < 300 * DAY);
        new.keeper.lease.release(Deadline::new(LAST)).await.unwrap();
    }
}

/// An expired certificate is not served, and readiness says so.
#[tokio::test]
async fn a_replica_that_does_not_lead_serves_nothing_expired() {
    let api = Api::start().await;
    let mut leader = Replica::new(&api, "a");
    leader.look().await;
    let mut late = Replica::new(&api, "b");
    late.clock.advance(95 * DAY);
    late.look().await;
    let why = late.missing().unwrap();
    assert!(why.contains("the replica that holds the Lease notation-system/admission-tls has not created it"), "{why}");
    let mut served = Replica::new(&api, "c");
    served.look().await;
    served.clock.advance(95 * DAY);
    assert!(served.missing().unwrap().contains("expired"));
}

#[tokio::test]
async fn a_rotation_never_serves_what_webhooks_do_not_trust() {
    let api = Api::start().await;
    api.store().put(WEBHOOK, webhook(None));
    let (mut leader, mut other) = (Replica::new(&api, "a"), Replica::new(&api, "b"));
    leader.keeper.noticed = Duration::from_millis(200);
    let old = loop {
        leader.look().await;
        other.look().await;
        if leader.missing().is_none() && other.missing().is_none() {
            break published(&api);
        }
    };
    for replica in [&leader, &other] {
        replica.clock.advance(250 * DAY);
    }
    let mut most = 0;
    for _ in 0..40 {
        let known = published(&api);
        leader.look().await;
        other.look().await;
        for replica in [&leader, &other] {
            let state = replica.keeper.state.as_ref().unwrap();
            assert!(is_trusted(&known, state, "admission.notation-system.svc", replica.clock.utc()));
        }
        most = most.max(count(&published(&api)));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let both = published(&api);
    assert!(most == 2 && count(&both) == 2 && both.ends_with(&old) && !both.starts_with(&old), "{both}");
    assert_eq!(leader.bundle(), both);
    // A day later, the old one is gone everywhere.
    leader.clock.advance(DAY);
    leader.look().await;
    assert!(count(&published(&api)) == 1 && both.starts_with(&published(&api)));
    other.look().await;
    assert_eq!(other.bundle(), published(&api));
}

/// `helm rollback`, or a tool that applies manifests, may write the bundle of another day.
#[tokio::test]
async fn an_authority_that_webhooks_no_longer_trust_does_not_sign() {
    for leads_on in [true, false] {
        let api = Api::start().await;
        api.store().put(WEBHOOK, webhook(None));
        let mut leader = Replica::new(&api, "a");
        leader.look().await;
        let old = published(&api);
        leader.clock.advance(250 * DAY);
        leader.look().await;
        assert_eq!(count(&published(&api)), 2);
        if !leads_on {
            leader.keeper.lease.release(Deadline::new(LAST)).await.unwrap();
            let mut lease = api.store().objects[LEASE].clone();
            lease["spec"]["holderIdentity"] = "b".into();
            api.store().put(LEASE, lease.clone());
            leader.look().await;
            assert!(!leader.keeper.is_leader);
            lease["spec"]["holderIdentity"] = "".into();
            api.store().put(LEASE, lease);
        }
        api.store().put(WEBHOOK, webhook(Some(&STANDARD.encode(&old))));
        leader.keeper.noticed = Duration::from_secs(1);
        tokio::time::sleep(Duration::from_millis(1050)).await;
        leader.look().await;
        let state = leader.keeper.state.as_ref().unwrap();
        assert!(
            leader.keeper.is_leader && is_trusted(&old, state, "admission.notation-system.svc", leader.clock.utc())
        );
        assert_eq!(count(&published(&api)), 2);
        // It signs when they had time to notice again.
        leader.keeper.noticed = Duration::ZERO;
        leader.look().await;
        assert!(leader.keeper.state.as_ref().unwrap().next.is_none());
    }
}

#[tokio::test]
async fn a_secret_that_is_deleted_or_broken_is_made_anew_without_a_gap() {
    for is_deleted in [true, false] {
        let api = Api::start().await;
        api.store().put(WEBHOOK, webhook(None));
        let mut replica = Replica::new(&api, "a");
        replica.look().await;
        let old = published(&api);
        match is_deleted {
            true => drop(api.store().objects.remove(SECRET)),
            false => {
                let mut secret = api.store().objects[SECRET].clone();
                secret["data"] = json!({ "tls.crt": "aHVudGVyMg==", "authority.crt": 7 });
                api.store().put(SECRET, secret);
            }
        }
        replica.look().await;
        // The old one signs until the webhooks trust the new one.
        let both = published(&api);
        assert!(count(&both) == 2 && both.starts_with(&old), "{both}");
        replica.look().await;
        let after = published(&api);
        assert!(count(&after) == 2 && after.ends_with(&old) && after != both, "{after}");
        assert_eq!((replica.bundle(), replica.missing()), (after, None));
        let log = replica.log();
        let says = if is_deleted {
            "the Secret was deleted and is made anew"
        } else {
            "the Secret cannot be used and is made anew"
        };
        assert!(log.contains(says) && log.contains("\"secret\":\"notation-system/admission-tls\""), "{log}");
        assert!(!log.contains("hunter2") && !log.contains("PRIVATE"), "{log}");
        // After a restart, nothing is known of what was there.
        let mut secret = api.store().objects[SECRET].clone();
        secret["data"] = Value::Null;
        api.store().put(SECRET, secret);
        replica.keeper.lease.release(Deadline::new(LAST)).await.unwrap();
        let mut restarted = Replica::new(&api, "b");
        restarted.look().await;
        assert_eq!((restarted.missing(), count(&published(&api))), (None, 1));
        assert_eq!(restarted.bundle(), published(&api));
    }
}

#[tokio::test]
async fn missing_permissions_are_named_and_readiness_waits() {
    for (forbidden, says) in [
        ("GET /apis/coordination", "`get` on `leases` in the namespace notation-system"),
        ("POST /apis/coordination", "`create` on `leases` in the namespace notation-system"),
        ("GET /api/v1/namespaces/notation-system/secrets", "`get` on `secrets` in the namespace notation-system"),
        ("POST /api/v1/namespaces/notation-system/secrets", "`create` on `secrets` in the namespace notation-system"),
    ] {
        let api = Api::start().await;
        api.store().forbidden.push(forbidden);
        let mut replica = Replica::new(&api, "a");
        for _ in 0..2 {
            replica.look().await;
            let why = replica.missing().unwrap();
            assert!(why.contains(says) && why.contains(forbidden), "{why}");
        }
        // What was not written is not served, and does not become a rotation.
        assert!(replica.tls.current().is_none());
        api.store().forbidden.clear();
        replica.look().await;
        assert_eq!((replica.missing(), count(&replica.bundle())), (None, 1), "{forbidden}");
    }
    // Webhooks that may not be changed do not keep the service from serving.
    for (forbidden, says) in [
        (
            "GET /apis/admissionregistration",
            "grant this account `get` on `validatingwebhookconfigurations` by a ClusterRole",
        ),
        (
            "PATCH /apis/admissionregistration",
            "grant this account `patch` on `validatingwebhookconfigurations` by a ClusterRole",
        ),
    ] {
        let api = Api::start().await;
        api.store().forbidden.push(forbidden);
        api.store().put(WEBHOOK, webhook(None));
        let mut replica = Replica::new(&api, "a");
        replica.look().await;
        assert_eq!(replica.missing(), None);
        assert!(replica.keeper.said.as_ref().unwrap().contains(says), "{:?}", replica.keeper.said);
        // A new authority is not used as long as they do not trust it.
        replica.clock.advance(250 * DAY);
        let before = replica.keeper.state.as_ref().unwrap().authority.pem.clone();
        for _ in 0..3 {
            replica.look().await;
        }
        let state = replica.keeper.state.as_ref().unwrap();
        assert!(state.next.is_some() && state.authority.pem == before);
    }
}

#[tokio::test]
async fn a_webhook_that_comes_later_or_loses_its_bundle_gets_it() {
    let api = Api::start().await;
    let mut replica = Replica::new(&api, "a");
    replica.look().await;
    assert!(replica.missing().is_none() && !replica.keeper.is_settled && replica.keeper.said.is_none());
    for bundle in [None, Some("b2xk")] {
        api.store().put(WEBHOOK, webhook(bundle));
        replica.look().await;
        assert_eq!(published(&api), replica.bundle());
        assert!(replica.keeper.is_settled);
    }
    // Nothing is written without need.
    let writes = |api: &Api| api.requests().iter().filter(|request| request.contains(' ')).count();
    let before = writes(&api);
    replica.look().await;
    assert_eq!(writes(&api), before);
}

#[tokio::test]
async fn entries_that_others_changed_are_written_again() {
    let api = Api::start().await;
    let mut replica = Replica::new(&api, "a");
    replica.look().await;
    let kept = api.store().objects[SECRET]["data"].clone();
    for (name, content) in [("ca.crt", "bm9uZQ=="), ("more", "bm9uZQ==")] {
        let mut secret = api.store().objects[SECRET].clone();
        secret["data"][name] = content.into();
        api.store().put(SECRET, secret);
        replica.look().await;
        assert_eq!(api.store().objects[SECRET]["data"], kept, "{name}");
    }
}

/// A replica that was suspended believes to lead, and writes what another has replaced.
#[tokio::test]
async fn an_old_leader_does_not_undo_what_the_new_one_wrote() {
    let api = Api::start().await;
    let (mut old, mut new) = (Replica::new(&api, "a"), Replica::new(&api, "b"));
    old.look().await;
    let found = old.keeper.secret.read(Deadline::new(TIME)).await.unwrap().unwrap();
    let mut lease = api.store().objects[LEASE].clone();
    lease["spec"]["holderIdentity"] = "".into();
    api.store().put(LEASE, lease);
    new.clock.advance(61 * DAY);
    new.look().await;
    let kept = api.store().objects[SECRET].clone();
    let state = old.keeper.state.as_ref().unwrap();
    let written = old.keeper.secret.write(Some(&found), state, Deadline::new(TIME)).await.unwrap();
    assert_eq!((written, &api.store().objects[SECRET]), (Written::Conflict, &kept));
    let written = old.keeper.secret.write(None, state, Deadline::new(TIME)).await.unwrap();
    assert_eq!((written, &api.store().objects[SECRET]), (Written::Conflict, &kept));
}

/// A Secret of someone else could not be got back. One without content is for this service.
#[tokio::test]
async fn a_secret_that_belongs_to_something_else_is_not_overwritten() {
    let secret = |data: Value| json!({ "metadata": { "name": "admission-tls" }, "data": data });
    for data in [json!({ "tls.crt": "aHVudGVyMg==", "tls.key": "aHVudGVyMg==" }), json!({ "password": "aHVudGVyMg==" })]
    {
        let api = Api::start().await;
        let stored = api.store().put(SECRET, secret(data));
        let mut replica = Replica::new(&api, "a");
        for _ in 0..2 {
            replica.look().await;
            let why = replica.missing().unwrap();
            let says = "the Secret notation-system/admission-tls has something else than this service writes";
            assert!(replica.tls.current().is_none() && why.contains(says) && !why.contains("hunter2"), "{why}");
        }
        assert_eq!(api.store().objects[SECRET], stored);
        // A replica that serves goes on, and the Secret stays as it is.
        api.store().objects.remove(SECRET);
        replica.look().await;
        assert_eq!(replica.missing(), None);
        let bundle = replica.bundle();
        let stored = api.store().put(SECRET, stored);
        replica.look().await;
        assert_eq!((replica.missing(), replica.bundle(), &api.store().objects[SECRET]), (None, bundle, &stored));
    }
    for data in [Value::Null, json!({}), json!({ "tls.crt": "", "tls.key": "" })] {
        let api = Api::start().await;
        api.store().put(SECRET, secret(data));
        let mut replica = Replica::new(&api, "a");
        replica.look().await;
        assert_eq!(replica.missing(), None);
    }
}

#[tokio::test]
async fn no_key_shows_in_what_is_written_for_programmers() {
    let api = Api::start().await;
    let mut replica = Replica::new(&api, "a");
    replica.look().await;
    let found = replica.keeper.secret.read(Deadline::new(TIME)).await.unwrap().unwrap();
    let state = replica.keeper.state.as_ref().unwrap();
    let written = replica.keeper.secret.write(Some(&found), state, Deadline::new(TIME)).await.unwrap();
    assert!(matches!(written, Written::Done(_)));
    let shown = format!("{found:?} {written:?} {:?}", replica.keeper);
    let data = api.store().objects[SECRET]["data"].clone();
    for key in ["tls.key", "authority.key"] {
        assert!(!shown.contains(data[key].as_str().unwrap()) && !shown.contains("PRIVATE"), "{key}: {shown}");
    }
}
