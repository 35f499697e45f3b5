//! Replicas share one certificate, renew it and take over from each other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::*;
use super::api::Api;
use super::replica::{DAY, LEASE, Replica, SECRET, WEBHOOK, published, webhook};
use super::{count, is_trusted};

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

#[tokio::test]
async fn no_key_shows_in_what_is_written_for_programmers() {
    let api = Api::start().await;
    let mut replica = Replica::new(&api, "a");
    replica.look().await;
    let found = replica.keeper.secret.read(Deadline::new(TIME)).await.unwrap().unwrap();
    let state = replica.keeper.state.as_ref().unwrap();
    let written = replica.keeper.secret.write(Some(found.object.clone()), state, Deadline::new(TIME)).await.unwrap();
    assert!(matches!(written, Written::Done(_)));
    let shown = format!("{found:?} {written:?} {:?}", replica.keeper);
    let data = api.store().objects[SECRET]["data"].clone();
    for key in ["tls.key", "authority.key"] {
        assert!(!shown.contains(data[key].as_str().unwrap()) && !shown.contains("PRIVATE"), "{key}: {shown}");
    }
}
