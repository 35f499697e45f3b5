//! What others do to the Secret, the Lease and the webhooks: delete, break, change or forbid them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::*;
use super::api::Api;
use super::replica::{DAY, LEASE, Replica, SECRET, WEBHOOK, published, webhook};
use super::{count, is_trusted};

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
    let written = old.keeper.secret.write(Some(found.object), state, Deadline::new(TIME)).await.unwrap();
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
